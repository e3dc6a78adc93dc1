"""Any well-typed events in any order: nothing is raised, and what was begun is ended."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import Ticks, TimedWord, ToolCall, ticks
from antiphon.dialogue import Dialogue, Policy
from antiphon.dialogue import commands as do
from antiphon.dialogue import events as ev

from .improvised import POLICIES
from .rules import Rules, frozen

NUMBERS = st.integers(-1, 6)
REVISIONS = st.integers(-1, 5)
TIMES = st.integers(-1000, 10**7)
TEXTS = st.sampled_from(["", "yes", "no stop that", "Some words, and more. ", "```", "a " * 15])
TIMINGS = st.builds(ev.Timing, TIMES, TIMES, TIMES, st.sampled_from(["", "engine"]))
WORDS = st.lists(st.builds(TimedWord, TEXTS, TIMES, TIMES), max_size=3).map(tuple)
ENDINGS = st.sampled_from(["stop", "length", "tool_calls", "cancelled"])
STAGES = st.sampled_from(["transcription", "end_of_turn", "generation", "synthesis"])

STRAY = st.one_of(
    st.builds(ev.VoiceWindow, TIMES, TIMES, st.floats(0, 1), st.floats(-200, 10)),
    st.builds(ev.HeardAhead, NUMBERS, TIMES, st.none() | TEXTS, TIMINGS),
    st.builds(ev.Transcribed, NUMBERS, REVISIONS, TEXTS, TIMINGS),
    st.builds(ev.CallerMeasured, NUMBERS, TIMES),
    st.builds(ev.EndOfTurnScored, NUMBERS, REVISIONS, st.floats(0, 1), TIMINGS),
    st.builds(ev.WordsWeighed, NUMBERS, REVISIONS, st.floats(-50, 0)),
    st.builds(ev.PromptBuilt, NUMBERS, REVISIONS, TIMINGS),
    st.builds(ev.TextGenerated, NUMBERS, REVISIONS, TEXTS, TIMINGS),
    st.builds(
        ev.GenerationEnded, NUMBERS, REVISIONS, ENDINGS, tool_calls=st.just((ToolCall("1", "lamp", "{}"),))
    ),
    st.builds(
        ev.SpeechReady,
        NUMBERS,
        REVISIONS,
        st.integers(-1, 3),
        st.integers(-1, 3),
        TIMES,
        WORDS,
        st.booleans(),
        TIMINGS,
    ),
    st.builds(ev.WorkFailed, NUMBERS, REVISIONS, STAGES, st.just("broken")),
    st.builds(ev.PlayoutStarted, NUMBERS, TIMES),
    st.builds(ev.PlayoutProgress, NUMBERS, TIMES),
    st.builds(ev.PlayoutStopped, NUMBERS, TIMES),
    st.builds(ev.PlayoutAcknowledged, NUMBERS, TIMES),
    st.builds(ev.CommitRequested, TIMES, TIMES),
    st.just(ev.ClearRequested()),
    st.builds(ev.ReplyRequested, st.booleans()),
    st.just(ev.CancelRequested()),
    st.builds(ev.PolicyChanged, POLICIES),
    st.just(ev.GroundShifted()),
    st.just(ev.TimePassed()),
)


@dataclass(frozen=True)
class Voice:
    """So many windows of speech or of silence."""

    windows: int
    speech: bool


@dataclass(frozen=True)
class Reaction:
    """The answer to one of the commands so far, counted from the newest."""

    back: int
    text: str
    good: bool


STEPS = st.one_of(
    st.builds(Voice, st.integers(1, 45), st.booleans()),
    st.builds(Voice, st.integers(1, 12), st.booleans()),
    st.builds(Reaction, st.integers(0, 4), TEXTS, st.sampled_from([True, True, True, False])),
    st.builds(Reaction, st.integers(0, 30), TEXTS, st.booleans()),
    STRAY,
)


@dataclass
class Anything:
    """A core that is told anything, and the rules that hold all the same."""

    policy: Policy
    rules: Rules = field(default_factory=lambda: Rules(sane=False))
    now: Ticks = 0
    heard: Ticks = 0
    asked: list[do.Command] = field(default_factory=list[do.Command])

    def __post_init__(self) -> None:
        self.dialogue = Dialogue(self.policy)

    def tell(self, event: ev.Event) -> None:
        for command in self.dialogue.handle(event, self.now):
            self.rules.check(command, self.now)
            self.asked.append(command)

    def take(self, step: "Voice | Reaction | ev.Event", later: Ticks) -> None:
        self.now += later
        match step:
            case Voice():
                for _ in range(step.windows):
                    self.now, self.heard = self.now + 768, self.heard + 768
                    level = (0.9, -20.0) if step.speech else (0.1, -60.0)
                    self.tell(ev.VoiceWindow(self.heard - 768, self.heard, *level))
            case Reaction():
                if self.asked:
                    self.react(self.asked[-1 - step.back % len(self.asked)], step)
            case _:
                self.tell(step)

    def react(self, command: do.Command, how: Reaction) -> None:
        timing = ev.Timing(self.now, self.now, self.now, "engine")
        match command:
            case do.Transcribe(turn, revision):
                good, stage = ev.Transcribed(turn, revision, how.text, timing), "transcription"
            case do.ListenAhead(turn, _, end):
                text = how.text if how.good else None
                return self.tell(ev.HeardAhead(turn, end, text, timing))
            case do.ScoreEndOfTurn(turn, revision):
                good, stage = ev.EndOfTurnScored(turn, revision, 0.9, timing), "end_of_turn"
            case do.Generate(turn, revision):
                good, stage = ev.TextGenerated(turn, revision, how.text, timing), "generation"
                if not how.text:
                    good = ev.GenerationEnded(turn, revision, "stop")
            case do.Synthesize(turn, revision, clause):
                words = (TimedWord("word", 0, 4800),)
                good = ev.SpeechReady(turn, revision, clause, 0, 4800, words, True, timing)
                stage = "synthesis"
            case do.Play(turn):
                return self.tell(ev.PlayoutProgress(turn, 4800 * (1 + command.clause)))
            case do.FlushPlayout(turn):
                return self.tell(ev.PlayoutStopped(turn, 2400))
            case _:
                return None
        return self.tell(good if how.good else ev.WorkFailed(turn, revision, stage, "broken"))

    def come_to_rest(self) -> None:
        """Nobody does anything any more, and every engine is dead."""
        self.tell(ev.PolicyChanged(Policy()))
        for _ in range(1000):
            deadline = self.dialogue.deadline
            if deadline is None:
                break
            self.now = max(self.now, deadline)
            self.tell(ev.TimePassed())
            again = self.dialogue.deadline
            assert again is None or again > self.now, "the core asks for the same moment again"
        assert self.dialogue.deadline is None, "the core never comes to rest"
        self.rules.at_the_end(self.now)
        assert not self.dialogue.replying


@given(policy=POLICIES, steps=st.lists(st.tuples(STEPS, st.integers(0, ticks(900))), max_size=40))
def test_any_events_in_any_order(
    policy: Policy, steps: "list[tuple[Voice | Reaction | ev.Event, Ticks]]"
) -> None:
    anything = Anything(policy)
    for step, later in steps:
        anything.take(step, later)
    anything.come_to_rest()


@given(steps=st.lists(st.tuples(STEPS, st.integers(0, ticks(900))), max_size=40))
def test_nothing_is_kept_of_turns_that_are_over(
    steps: "list[tuple[Voice | Reaction | ev.Event, Ticks]]",
) -> None:
    anything = Anything(Policy())
    for step, later in steps:
        anything.take(step, later)
    anything.come_to_rest()
    size = len(repr(frozen(anything.dialogue)))
    for _ in range(3):
        for step, later in steps:
            anything.take(step, later)
        anything.come_to_rest()
    assert len(repr(frozen(anything.dialogue))) < size + 3000


def test_windows_that_jump_ahead_and_back_do_not_keep_the_core_awake() -> None:
    anything = Anything(Policy())
    for _ in range(2):
        anything.take(ev.VoiceWindow(0, 4_751_137, 1.0, -20.0), 0)
        anything.take(Voice(1, speech=False), 0)
        anything.come_to_rest()
