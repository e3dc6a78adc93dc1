"""Conversations nobody wrote: callers, clients, engines and listeners drawn by Hypothesis."""

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import TypeVar

from hypothesis import strategies as st

from antiphon.contracts import Ticks, ticks
from antiphon.dialogue import Policy
from antiphon.dialogue.events import Stage, TimePassed

from .players import ANSWER, Engines
from .score import Conversation

T = TypeVar("T")

STAGES: tuple[Stage, ...] = ("transcription", "end_of_turn", "generation", "synthesis")
TEXTS = ["what shall I do", "I would like…", "a cup of tea", "and…", "no stop that now", "42"]
HUMS = ["mm-hm", "yeah", "okay I see", ""]
REPLIES = [
    ANSWER,
    "Yes.",
    "",
    "*** !",
    "One, two. Three! Four? " * 4,
    "a " * 45 + "b.",
    "Look: ```x = 1``` so.",
]
FATES: list[list[float]] = [[0.0], [0.0], [0.0], [0.0, 0.0], [], [700.0], [40.0, 5000.0], [2500.0]]

POLICIES = st.builds(
    Policy,
    mode=st.sampled_from(["sounding", "sounding", "silence", "manual"]),
    silence_ticks=st.sampled_from([ticks(200), ticks(500), ticks(1200)]),
    prefix_ticks=st.sampled_from([0, ticks(300), ticks(2000)]),
    patience=st.sampled_from([0.5, 1.0, 2.0]),
    answers=st.sampled_from([True, True, True, False]),
    yields=st.sampled_from([True, True, True, False]),
    speaks=st.sampled_from([True, True, True, False]),
    idle_ticks=st.sampled_from([None, None, ticks(2000)]),
)


def _milliseconds(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low // 10, high // 10).map(lambda tens: tens * 10)


@st.composite
def engines(draw: st.DrawFn, *, reliable: bool) -> Engines:
    """Engines of some speed; unreliable ones are too slow, lose, repeat and reorder answers, or break."""
    players = Engines(
        transcription_ms=draw(_milliseconds(0, 1000 if reliable else 2000)),
        scoring_ms=draw(_milliseconds(0, 500)),
        context_ms=draw(_milliseconds(0, 200)),
        first_token_ms=draw(_milliseconds(0, 1500)),
        token_ms=draw(_milliseconds(0, 150)),
        synthesis_ms=draw(_milliseconds(0, 600)),
        chunk_ms=draw(_milliseconds(0, 300)),
        word_ms=draw(st.sampled_from([250, 90, 613])),
        words_per_chunk=draw(st.integers(1, 5)),
        queue_ms={stage: draw(st.sampled_from([0, 0, 150])) for stage in STAGES},
        score=_in_turn(draw(st.lists(st.floats(0, 1), min_size=1, max_size=4))),
        answer=_in_turn(draw(st.lists(st.sampled_from(REPLIES), min_size=1, max_size=3))),
        finish=draw(st.sampled_from(["stop", "stop", "length"])),
        obeys=draw(st.booleans()),
    )
    if not reliable:
        fates = cycle(draw(st.lists(st.sampled_from(FATES), min_size=1, max_size=25)))
        players.fate = lambda stage: next(fates)
        players.dead = draw(st.sets(st.sampled_from(STAGES), max_size=1))
        players.broken = draw(st.sets(st.sampled_from(STAGES), max_size=1))
    return players


@st.composite
def conversations(draw: st.DrawFn, *, reliable: bool = False) -> Conversation:
    """A conversation with its whole score, ready to be played out."""
    conversation = Conversation(draw(engines(reliable=reliable)), policy=draw(POLICIES))
    loudspeaker = conversation.loudspeaker
    loudspeaker.output = ticks(draw(_milliseconds(0, 100)))
    loudspeaker.stop_delay = ticks(draw(_milliseconds(0, 400)))
    late = cycle(draw(st.lists(st.sampled_from([0, 0, 15, 60, 200]), min_size=1, max_size=9)))
    loudspeaker.report_delay = lambda: _next_ticks(late)
    end_ms = _caller(draw, conversation)
    for _ in range(draw(st.integers(0, 4))):
        _client(draw, conversation, draw(_milliseconds(0, end_ms + 4000)))
        conversation.client_took_part = True
    if not reliable and draw(st.booleans()):
        conversation.line_stalls(at_ms=draw(_milliseconds(0, end_ms)), for_ms=draw(_milliseconds(100, 3000)))
    conversation.at(end_ms + 4000, lambda: _be_patient(conversation))
    return conversation


def _caller(draw: st.DrawFn, conversation: Conversation) -> int:
    """What the caller says, hums and rustles; returns when it is over."""
    at_ms = 0
    for _ in range(draw(st.integers(1, 5))):
        at_ms += 32 * draw(st.integers(1, 12) | st.integers(12, 110))
        text = draw(st.sampled_from(TEXTS) | st.sampled_from(HUMS))
        for_ms = 32 * draw(st.integers(3 if text else 1, 12) | st.integers(12, 80))
        conversation.caller_says(text, at_ms=at_ms, for_ms=for_ms)
        at_ms += for_ms
    return at_ms


def _client(draw: st.DrawFn, conversation: Conversation, at_ms: int) -> None:
    kind = draw(st.sampled_from(["commit", "clear", "ask", "cancel", "policy", "look", "acknowledge"]))
    match kind:
        case "commit":
            conversation.client_commits(at_ms=at_ms)
        case "clear":
            conversation.client_clears(at_ms=at_ms)
        case "ask":
            conversation.client_asks(at_ms=at_ms, speak=draw(st.booleans()))
        case "cancel":
            conversation.client_cancels(at_ms=at_ms)
        case "policy":
            conversation.policy_becomes(draw(POLICIES), at_ms=at_ms)
        case "acknowledge":
            conversation.client_acknowledges(draw(st.integers(1, 4)), at_ms=at_ms)
        case _:
            conversation.at(at_ms, lambda: _look(conversation))


def _look(conversation: Conversation) -> None:
    conversation.handle(TimePassed())


def _be_patient(conversation: Conversation) -> None:
    """From now on an idle agent stays silent, so that the conversation comes to rest."""
    conversation.policy_becomes(Policy(mode=conversation.policy.mode), at_ms=0)


def _next_ticks(late: "cycle[int]") -> Ticks:
    return ticks(next(late))


def _in_turn(values: Sequence[T]) -> Callable[[object], T]:
    again = cycle(values)
    return lambda _: next(again)
