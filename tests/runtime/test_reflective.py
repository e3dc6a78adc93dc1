"""Reflective work: broken off wherever somebody else wants the model, it comes to the same as unbroken."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import (
    NEVER,
    EngineCard,
    EngineSetup,
    Finish,
    Message,
    Piece,
    Prompt,
    Sampling,
    TextDelta,
    Tool,
    ToolCall,
)
from antiphon.engines.llama import Llama
from antiphon.engines.scripted import ScriptedLanguageModel, ScriptedSynthesizer
from antiphon.runtime import reflective
from antiphon.runtime.events import ReplyEnded, ReplyStarted, TurnMeasured
from antiphon.runtime.lanes import Lane
from antiphon.runtime.scheduler import REFLECTIVE, SMALL_PIECE_TOKENS, Demand
from antiphon.runtime.settings import ReplyRequest

from .stage import QUICK, Stage, no_weights
from .virtual import in_virtual_time

STORY = "Once upon a time, by the sea,\n\nthere was an inn. It had nine rooms and no guests."
ASKED = Prompt((Message("system", "You tell stories."), Message("user", "Tell me one.")))
BELL = Tool("ring_bell", "Ring the bell")


def scripted(*answers: Any, **settings: Any) -> ScriptedLanguageModel:
    return ScriptedLanguageModel.open(
        EngineSetup(weights=no_weights, settings={"answers": list(answers), **settings})
    )


def said(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


class Room:
    """Somebody wants the model after so many tokens each time, until the work has stopped for them."""

    def __init__(self, *wanted_after: int, conversations: int = 0) -> None:
        self.demand = Demand()
        self.told: list[Piece] = []
        self.pauses = 0
        self._wanted_after = list(wanted_after)
        self._since = 0
        for _ in range(conversations):
            self.demand.attend()

    def tell(self, piece: Piece) -> None:
        ended = isinstance(piece, Finish)
        assert ended or not self.demand.is_set(), "it went on although somebody else wants the model"
        self.told.append(piece)
        self._since += 1
        if self._wanted_after and self._since >= self._wanted_after[0] and not ended:
            del self._wanted_after[0]
            self.demand.rise()

    def lets(self, work: Iterator[None]) -> list[Piece]:
        """Let `work` come to its end; what it told."""
        for _ in work:
            self.pauses += 1
            self._since = 0
            assert self.demand.is_set(), "it stopped for nobody"
            self.demand.fall()
        return self.told

    def answers(
        self, model: ScriptedLanguageModel, prompt: Prompt = ASKED, sampling: Sampling = Sampling()
    ) -> list[Piece]:
        return self.lets(
            reflective.answer(
                model, lambda: prompt, sampling, demand=self.demand, cancel=NEVER, tell=self.tell
            )
        )


@given(st.lists(st.integers(1, 6), max_size=20), st.integers(1, 30))
def test_an_answer_that_was_broken_off_is_the_answer(wanted_after: list[int], max_tokens: int) -> None:
    model, sampling = scripted(STORY), Sampling(max_tokens=max_tokens)
    whole = list(model.generate(ASKED, sampling))
    room = Room(*wanted_after)
    told = room.answers(model, ASKED, sampling)
    assert said(told) == said(whole)
    first, last = whole[-1], told[-1]
    assert isinstance(first, Finish)
    assert isinstance(last, Finish)
    assert (last.reason, last.usage.completion_tokens) == (first.reason, first.usage.completion_tokens)
    assert last.usage.prompt_tokens == first.usage.prompt_tokens
    assert sum(isinstance(piece, Finish) for piece in told) == 1


def test_one_token_a_silence_is_enough_to_come_to_an_end() -> None:
    room = Room(*[1] * 100)
    assert said(room.answers(scripted(STORY))) == STORY
    assert room.pauses == len(STORY.split()) - 1


def test_what_the_assistant_was_already_saying_is_gone_on_with() -> None:
    begun = Prompt((*ASKED.messages, Message("assistant", "Once upon a time,")))
    room = Room(2, 3)
    assert said(room.answers(scripted(STORY), begun)) == STORY.removeprefix("Once upon a time,")


def test_json_that_keeps_to_a_schema_is_begun_anew_and_told_whole() -> None:
    schema = {"type": "object", "properties": {"mood": {"enum": ["sad", "glad"]}}, "required": ["mood"]}
    model, room, broken = scripted(token_ms=0), Room(), [2, 1]
    whole = model.generate

    def interrupted(*args: Any, **kwargs: Any) -> Iterator[Piece]:
        for piece in whole(*args, **kwargs):
            if broken and isinstance(piece, TextDelta):
                broken.pop()
                room.demand.rise()
                yield piece
                yield Finish("cancelled")
                return
            yield piece

    model.generate = interrupted
    told = room.answers(model, ASKED, Sampling(json_schema=schema))
    assert room.pauses == 2
    assert json.loads(said(told)) == {"mood": "sad"}


def test_a_tool_call_is_told_once() -> None:
    model, room = scripted({"tool": "ring_bell"}), Room(1, 1)
    told = room.answers(model, Prompt(ASKED.messages, (BELL,)))
    assert [piece.name for piece in told if isinstance(piece, ToolCall)] == ["ring_bell"]
    assert isinstance(told[-1], Finish)
    assert told[-1].reason == "tool_calls"


def test_a_model_that_cannot_go_on_finishes_what_it_began() -> None:
    class Simple(ScriptedLanguageModel):
        card = EngineCard(name="simple", part="language_model", summary="Simple.", licence="MIT")

    model = Simple.open(EngineSetup(weights=no_weights, settings={"answers": [STORY]}))
    told: list[Piece] = []
    demand = Demand()
    demand.rise()
    work = reflective.answer(model, lambda: ASKED, Sampling(), demand=demand, cancel=NEVER, tell=told.append)
    assert list(work) == []
    assert said(told) == STORY


def test_work_on_somebody_elses_machine_gives_way_to_nobody() -> None:
    class Service(ScriptedLanguageModel):
        card = EngineCard(name="service", part="language_model", summary="Far.", licence="service")

    demand = Demand()
    assert reflective.way_for(scripted(), demand) is demand
    assert reflective.way_for(Service.open(EngineSetup(weights=no_weights)), demand) is NEVER


@pytest.mark.parametrize(("conversations", "piece"), [(0, None), (1, SMALL_PIECE_TOKENS)])
def test_prompts_are_read_in_small_pieces_while_anybody_is_in_conversation(
    conversations: int, piece: int | None
) -> None:
    model, asked = scripted(STORY), list[int | None]()
    whole = model.prefill

    def watched(*args: Any, at_most_tokens: int | None = None, **kwargs: Any) -> Any:
        asked.append(at_most_tokens)
        return whole(*args, at_most_tokens=at_most_tokens, **kwargs)

    model.prefill = watched
    room = Room(conversations=conversations)
    last = room.answers(model)[-1]
    tokens = model.count_tokens(ASKED)
    assert asked == [piece] * (1 if piece is None else -(-tokens // piece))
    assert isinstance(last, Finish)
    assert (last.usage.prompt_tokens, last.usage.cached_tokens) == (tokens, 0)


def test_reading_stops_between_two_pieces_and_loses_nothing() -> None:
    model, flag, evaluated, pauses = scripted(), Event(), list[int](), 0
    whole = model.prefill

    def watched(*args: Any, **kwargs: Any) -> Any:
        got = whole(*args, **kwargs)
        evaluated.append(got.evaluated_tokens)
        if len(evaluated) == 1:
            flag.set()  # while the first piece was read
        return got

    model.prefill = watched
    for _ in reflective.read(model, ASKED, cache_key="", gives_way=flag, piece_tokens=lambda: 3):
        pauses += 1
        flag.clear()
    assert pauses == 1
    assert evaluated == [3, 3, 3]
    assert sum(evaluated) == model.count_tokens(ASKED)


def test_options_are_scored_although_somebody_came_between() -> None:
    model, room, scores = scripted(), Room(), list[tuple[float, ...]]()
    whole = model.score
    came = iter([True, True, False])

    def interrupted(*args: Any, **kwargs: Any) -> tuple[float, ...]:
        if next(came):
            room.demand.rise()
        return whole(*args, **kwargs)

    model.score = interrupted
    prompt = Prompt((Message("user", "Say yes or no."),))
    room.lets(
        reflective.choose(
            model, prompt, ("yes", "never"), demand=room.demand, cancel=NEVER, tell=scores.append
        )
    )
    assert room.pauses == 2
    assert scores == [whole(prompt, ("yes", "never"))]


def test_speech_pauses_between_two_chunks() -> None:
    voice = ScriptedSynthesizer.open(EngineSetup(weights=no_weights))
    chunks, busy = list[object](), Event()
    busy.set()
    work = reflective.speak(
        voice, "one two", voice="", speed=1.0, gives_way=busy, cancel=NEVER, tell=chunks.append
    )
    pauses = len(list(work))
    assert pauses == len(chunks) == len(list(voice.synthesize("one two")))


# In a session.


@in_virtual_time
async def test_a_reply_out_of_band_waits_for_the_caller_and_for_the_answer_being_thought_of() -> None:
    stage = Stage(QUICK)
    stage.types("hello", "typed_1")
    await stage.says("what time is")
    assert stage.parts.demand.is_set()
    stage.session.respond(ReplyRequest(in_conversation=False, speak=False))
    await stage.says("it now")
    assert not stage.all(ReplyEnded)
    await stage.is_silent_until(ReplyStarted, 2)
    await stage.is_silent_until(ReplyEnded)
    assert not stage.all(ReplyEnded)[0].in_conversation  # made while the answer was still sounding
    await stage.is_silent_until(TurnMeasured)
    assert not stage.parts.demand.is_set()
    await stage.session.close()
    assert stage.parts.demand.conversations == 0


@pytest.mark.real
@pytest.mark.paced
async def test_an_answer_beside_endless_thought_finds_the_model_free(weights: Callable[[str], Path]) -> None:
    settings = {"model": "qwen2.5-coder-0.5b-instruct-q4_k_m", "context_tokens": 1024}
    model = await asyncio.to_thread(Llama.open, EngineSetup(weights=weights, settings=settings))
    loop, demand, over, trace = asyncio.get_running_loop(), Demand(), Event(), list[str]()
    lane, thought, answered = Lane(model, demand=demand), asyncio.Event(), asyncio.Event()
    demand.attend()

    def thinks(piece: Piece) -> None:
        trace.append("thought")
        loop.call_soon_threadsafe(thought.set)

    def answers() -> None:
        for piece in model.generate(ASKED, Sampling(max_tokens=16, temperature=0.0), cache_key="live"):
            trace.append("answer" if isinstance(piece, TextDelta) else "end")
        loop.call_soon_threadsafe(answered.set)

    endless = Sampling(max_tokens=900, temperature=0.0)
    prompt = Prompt((Message("user", "Count from one to two hundred in words."),))
    work = reflective.answer(model, lambda: prompt, endless, demand=demand, cancel=over, tell=thinks)
    lane.submit(reflective.in_stretches(work), over, priority=REFLECTIVE)
    for _ in range(3):
        thought.clear()
        await asyncio.wait_for(thought.wait(), 60)
        trace.append("asked")
        answered.clear()
        lane.submit(answers)
        await asyncio.wait_for(answered.wait(), 60)
    thought.clear()
    await asyncio.wait_for(thought.wait(), 60)
    over.set()
    demand.rise()
    await asyncio.to_thread(lane.close)
    await asyncio.to_thread(model.close)
    for turn in " ".join(trace).split("asked")[1:]:
        before, _, after = turn.partition("answer")
        assert before.count("thought") <= 1, "the token that was under way, and no other"
        assert "thought" not in after.partition("end")[0]
        assert "thought" in after.partition("end")[2]
