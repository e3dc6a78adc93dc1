"""Work under way: what is cancelled tells nothing more and keeps nothing."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from antiphon.contracts import Audio, Message, Prompt, Sampling, SpeechChunk, Transcript
from antiphon.dialogue import commands as do
from antiphon.dialogue.events import CallerMeasured, Event, SpeechReady, WorkFailed
from antiphon.runtime import lanes
from antiphon.runtime.clock import Clock
from antiphon.runtime.events import ReplyEnded, TurnMeasured
from antiphon.runtime.jobs import Jobs
from antiphon.runtime.settings import ServerVad, SessionSettings
from antiphon.runtime.uplink import Uplink

from .stage import Stage, sung
from .virtual import in_virtual_time, passes

CLAUSE = do.Synthesize(1, 1, 0, "hello you")


class Bench:
    """Jobs over a stage's engines, and all that they told."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.told: list[Event] = []
        self.uplink = Uplink()
        clock = Clock(asyncio.get_running_loop().time)
        self.jobs = Jobs(self.stage.parts, clock, self.uplink, session="sess_1", tell=self.told.append)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.told]


@in_virtual_time
async def test_the_voice_is_told_what_stands_around_a_clause() -> None:
    bench = Bench()
    synthesizer = bench.stage.parts.synthesizer
    asked: list[dict[str, Any]] = []

    def watched(text: str, **options: Any) -> Iterator[SpeechChunk]:
        asked.append(options)
        return iter(())

    synthesizer.synthesize = watched
    bench.jobs.synthesize(
        do.Synthesize(1, 1, 1, "is Paris.", "The capital of France", True), voice="", speed=1.0
    )
    await passes(0.01)
    assert [(ask["before"], ask["goes_on"]) for ask in asked] == [("The capital of France", True)]


@in_virtual_time
async def test_a_clause_becomes_sound_that_can_be_taken_once() -> None:
    bench = Bench()
    bench.jobs.synthesize(CLAUSE, voice="", speed=1.0)
    await passes(0.01)
    assert bench.kinds() == ["SpeechReady", "SpeechReady"]
    first, last = bench.told
    assert isinstance(first, SpeechReady)
    assert isinstance(last, SpeechReady)
    assert (first.last, last.last, last.samples) == (False, True, 0)
    play = do.Play(1, 0, 0)
    bench.jobs.generate(do.Generate(1, 1, ""), lambda: Prompt(()), Sampling())
    assert len(bench.jobs.take_sound(play).audio) == first.samples
    with pytest.raises(KeyError):
        bench.jobs.take_sound(play)


@in_virtual_time
async def test_what_was_cancelled_in_the_queue_is_not_begun() -> None:
    bench = Bench()
    bench.stage.lanes["synthesizer"].hold = True
    bench.jobs.synthesize(CLAUSE, voice="", speed=1.0)
    bench.jobs.cancel(1, 1)
    bench.stage.lanes["synthesizer"].release()
    await passes(0.01)
    assert bench.told == []


@in_virtual_time
async def test_what_was_cancelled_on_its_way_back_is_not_told() -> None:
    bench = Bench()
    bench.stage.lanes["synthesizer"].hold = True
    bench.jobs.synthesize(CLAUSE, voice="", speed=1.0)
    bench.stage.lanes["synthesizer"].release()  # made, and posted to the loop
    bench.jobs.cancel(1, 1)
    await passes(0.01)
    assert bench.told == []


@in_virtual_time
async def test_a_revision_that_is_asked_again_after_a_cancel_is_heard() -> None:
    bench = Bench()
    bench.jobs.synthesize(CLAUSE, voice="", speed=1.0)
    bench.jobs.cancel(1, 1)
    bench.jobs.synthesize(CLAUSE, voice="", speed=1.0)
    await passes(0.01)
    assert bench.kinds() == ["SpeechReady", "SpeechReady"]


@in_virtual_time
async def test_nothing_is_told_after_the_end() -> None:
    bench = Bench()
    bench.uplink.push(sung("hello"), 0)
    bench.jobs.transcribe(do.Transcribe(1, 1, 0, bench.uplink.end), "")
    bench.jobs.score(do.ScoreEndOfTurn(1, 1, 0, bench.uplink.end))
    bench.jobs.close()
    await passes(0.01)
    assert bench.told == []


@in_virtual_time
async def test_the_end_of_the_voice_is_told_as_the_time_it_arrived() -> None:
    bench = Bench()
    sound = sung("hello")
    bench.uplink.push(sound, 1_000)
    bench.uplink.push(0 * sound, 9_000)
    bench.jobs.measure(do.CommitCallerAudio(1, 0, bench.uplink.end))
    await passes(0.01)
    assert bench.told == [CallerMeasured(1, 1_000)]


@in_virtual_time
async def test_a_lane_that_is_full_is_a_failure_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    monkeypatch.setattr(lanes, "PENDING_MAX", 0)
    bench.jobs.synthesize(CLAUSE, voice="", speed=1.0)
    bench.jobs.prefill(lambda: pytest.fail("there was no room for it"))
    assert bench.told == []
    await passes(0.01)
    (failed,) = bench.told
    assert isinstance(failed, WorkFailed)
    assert (failed.stage, failed.turn, failed.revision) == ("synthesis", 1, 1)


@in_virtual_time
async def test_only_the_newest_reading_ahead_is_done_and_none_once_an_answer_is_wanted() -> None:
    bench, read = Bench(), []

    def prompt(words: str) -> Prompt:
        read.append(words)
        return Prompt((Message("user", words),))

    lane = bench.stage.lanes["language_model"]
    await passes(0.01)  # the session has read its own instructions
    lane.hold = True
    bench.jobs.prefill(lambda: prompt("what"))
    bench.jobs.prefill(lambda: prompt("what time"))
    lane.release()
    assert read == ["what time"]
    lane.hold = True
    bench.jobs.prefill(lambda: prompt("what time is"))
    bench.jobs.generate(do.Generate(1, 1, ""), lambda: prompt("what time is it"), Sampling())
    lane.release()
    assert read == ["what time", "what time is it"]


@in_virtual_time
async def test_sound_made_for_words_that_went_on_is_let_go() -> None:
    stage = Stage(SessionSettings(turn_detection=ServerVad(silence_duration_ms=900)))
    made: list[weakref.ref[Audio]] = []
    synthesizer = stage.parts.synthesizer
    whole = synthesizer.synthesize

    def watched(text: str, **options: Any) -> Iterator[SpeechChunk]:
        for chunk in whole(text, **options):
            made.append(weakref.ref(chunk.audio))
            yield chunk

    synthesizer.synthesize = watched
    await stage.says("tell me about", then_silent_ms=400)
    speculated = len(made)
    assert speculated > 0
    await stage.says("the weather")
    gc.collect()
    assert [ref() is None for ref in made[:speculated]] == [True] * speculated
    await stage.is_silent_until(TurnMeasured)
    await stage.is_silent(200)
    gc.collect()
    assert stage.only(ReplyEnded).status == "completed"
    stage.events.clear()
    gc.collect()
    assert sum(ref() is not None for ref in made) <= 1  # the last frame's chunk may still be at hand


# Classes of work.


def noting(made: list[str], name: str) -> Callable[[], Prompt]:
    def build() -> Prompt:
        made.append(name)
        return Prompt((Message("user", name),))

    return build


@in_virtual_time
async def test_an_answer_goes_before_what_others_read_ahead_and_a_confirmed_one_before_guesses() -> None:
    one, other, made = Bench(), Bench(), list[str]()
    other.jobs = Jobs(
        one.stage.parts, Clock(lambda: 0.0), other.uplink, session="sess_2", tell=other.told.append
    )
    await passes(0.01)
    lane = one.stage.lanes["language_model"]
    lane.hold = True
    other.jobs.prefill(noting(made, "reads"))
    other.jobs.generate(do.Generate(1, 1, ""), noting(made, "guess"), Sampling())
    other.jobs.prefill(noting(made, "reads"))
    one.jobs.generate(do.Generate(1, 1, ""), noting(made, "answer"), Sampling())
    one.jobs.confirm(1)
    one.jobs.generate(do.Generate(1, 2, ""), noting(made, "another"), Sampling())
    lane.release()
    await passes(0.01)
    assert made == ["answer", "another", "guess", "reads"]


@in_virtual_time
@pytest.mark.parametrize("becomes", ["paused", "confirmed"])
async def test_words_heard_ahead_are_live_once_the_caller_pauses(becomes: str) -> None:
    bench, made = Bench(), list[int]()
    bench.uplink.push(np.concatenate([sung("hello"), sung("you")]), 0)
    whole = bench.stage.parts.transcriber.transcribe

    def watched(audio: Audio, **settings: Any) -> Transcript:
        made.append(len(audio))
        return whole(audio, **settings)

    bench.stage.parts.transcriber.transcribe = watched
    lane = bench.stage.lanes["transcriber"]
    lane.hold = True
    bench.jobs.transcribe(do.ListenAhead(1, 0, 6_000), "")
    bench.jobs.transcribe(do.ListenAhead(2, 0, 3_000), "")
    if becomes == "paused":
        bench.jobs.score(do.ScoreEndOfTurn(2, 1, 0, 3_000))
    else:
        bench.jobs.confirm(2)
    bench.jobs.transcribe(do.Transcribe(3, 1, 0, 1_500), "")
    lane.release()
    await passes(0.01)
    assert made == [2_000, 1_000, 4_000]
