"""What can be measured in a conversation without anybody's judgment: each measure a pure function of its log.

None means that there was nothing to measure: no interruption, no recording, no server's account. A rate is of
one conversation; over many, `pooled` weighs each by its occasions.
"""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import TypeAlias

import msgspec
import numpy as np

from antiphon.contracts import TERMS, TermName
from antiphon.evals.records import Conversation, Line
from antiphon.evals.turns import answers, caller_turns, exchanges, overlap_ms, sounding_at, words_heard
from antiphon.evals.word_error import word_errors

Counts: TypeAlias = tuple[float, float]
"""How often it was so, and out of how many."""

YIELD_WITHIN_MS = 2000.0
"""Later than this after an interruption began, an agent has not yielded."""
ON_TIME_MS = (200.0, 2750.0)
RECOVERED_WITHIN_MS = 5000.0
_REACTION_MS = 1000.0
"""What stops so shortly after a murmur is over was stopped by it."""
_SAID_SOMETHING_MS, _SAID_SOMETHING_WORDS = 1000.0, 3


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """How one figure is got from a conversation."""

    name: str
    about: str
    unit: str
    """"ms", "s", "share", "count" or "words"."""
    better: int
    """1: more is better; -1: less is; 0: neither."""
    of: Callable[[Conversation], float | None]


def measured(conversation: Conversation) -> dict[str, float | None]:
    """Every measure, by name."""
    return {name: measure.of(conversation) for name, measure in MEASURES.items()}


def pooled(counts: Iterable[Counts]) -> float | None:
    """A rate over many conversations: all that was so, over all occasions."""
    found = list(counts)
    occasions = sum(of for _, of in found)
    return sum(so for so, _ in found) / occasions if occasions else None


# Timing.


def first_sounds_ms(conversation: Conversation) -> list[float]:
    """Each answer's mouth-to-ear time; in writing, the time to its first token."""
    return [line.first_ms for line in answers(conversation.transcript) if line.first_ms is not None]


def latency_ms(conversation: Conversation) -> float | None:
    """The median of the answers' mouth-to-ear times, on the caller's watch."""
    return _median(first_sounds_ms(conversation))


def latency_p95_ms(conversation: Conversation) -> float | None:
    """Their 95th percentile."""
    found = first_sounds_ms(conversation)
    return float(np.percentile(found, 95)) if found else None


def on_time(conversation: Conversation) -> Counts:
    """Answers that came neither into the caller's last word nor so late that they doubted."""
    found = first_sounds_ms(conversation) if conversation.mode == "speech" else []
    return sum(ON_TIME_MS[0] <= each <= ON_TIME_MS[1] for each in found), len(found)


def sent_ms(conversation: Conversation) -> float | None:
    """The median of what the server's equation says."""
    return _median(report.sent_ms for report in conversation.reports if report.sent_ms is not None)


def term_ms(conversation: Conversation, name: TermName) -> float | None:
    """The median of one term of the equation."""
    return _median(term.ms for report in conversation.reports for term in report.terms if term.name == name)


# Taking turns.


def takeover(conversation: Conversation) -> Counts:
    """Turns that the agent took the floor after: with more than three words, or a second of sound."""
    found = exchanges(conversation.transcript)
    taken = [each.answer for each in found if each.answer is not None and _says_something(each.answer)]
    return len(taken), len(found)


def missed(conversation: Conversation) -> Counts:
    """Turns that nothing answered before the caller spoke again, or gave up."""
    found = exchanges(conversation.transcript)
    return sum(each.answer is None for each in found), len(found)


def cut_into(conversation: Conversation) -> Counts:
    """Turns that the agent spoke into before they were over."""
    found = exchanges(conversation.transcript)
    return sum(each.cut_into for each in found), len(found)


def yielded(conversation: Conversation) -> Counts:
    """Interruptions on which the agent fell silent in time."""
    found = _yield_times_ms(conversation.transcript)
    return sum(each <= YIELD_WITHIN_MS for each in found), len(found)


def yield_ms(conversation: Conversation) -> float | None:
    """The median time from an interruption's first sound to the agent's last."""
    return _median(_yield_times_ms(conversation.transcript))


def recovered(conversation: Conversation) -> Counts:
    """Interruptions that were answered, and soon."""
    found = [each for each in exchanges(conversation.transcript) if each.turn.act == "interruption"]
    soon = [
        each
        for each in found
        if each.answer is not None and each.answer.start_ms - each.turn.end_ms <= RECOVERED_WITHIN_MS
    ]
    return len(soon), len(found)


def murmurs_let_pass(conversation: Conversation) -> Counts:
    """Backchannels over the agent's speech that it spoke on through."""
    return _let_pass(conversation.transcript, "backchannel")


def noises_let_pass(conversation: Conversation) -> Counts:
    """Noises over the agent's speech that it spoke on through."""
    return _let_pass(conversation.transcript, "noise")


def overlap_share(conversation: Conversation) -> float | None:
    """Both talking, as a share of the time either does."""
    both = overlap_ms(conversation.transcript)
    spoken = sum(line.end_ms - line.start_ms for line in _speech(conversation.transcript)) - both
    return both / spoken if spoken else None


def talk_ratio(conversation: Conversation) -> float | None:
    """The agent's part of all the talk."""
    spoken = _speech(conversation.transcript)
    total = sum(line.end_ms - line.start_ms for line in spoken)
    agent = sum(line.end_ms - line.start_ms for line in spoken if line.who == "agent")
    return agent / total if total else None


# Words.


def words_per_answer(conversation: Conversation) -> float | None:
    """The median length of an answer."""
    return _median(float(len(line.text.split())) for line in answers(conversation.transcript))


def speech_errors(conversation: Conversation) -> Counts:
    """The words of the agent's speech that a recogniser of our own gets wrong."""
    return _word_counts(
        (words_heard(line), line.transcribed)
        for line in conversation.transcript
        if line.who == "agent" and line.transcribed is not None
    )


def hearing_errors(conversation: Conversation) -> Counts:
    """The caller's words that the agent got wrong, or did not hear; nothing where it tells of none."""
    turns = caller_turns(conversation.transcript) if conversation.mode == "speech" else []
    if conversation.outcome.ended == "failed" or all(line.heard is None for line in turns):
        return _word_counts((line.text, line.heard) for line in turns)
    return _word_counts((line.text, line.heard or "") for line in turns)


def repeats(conversation: Conversation) -> Counts:
    """Turns in which the caller had to say something again, or ask whether anybody is there."""
    turns = caller_turns(conversation.transcript)
    return sum(line.intent.split(":")[0] in ("repeats", "wonders") for line in turns), len(turns)


# What came of it.


def checks_held(conversation: Conversation) -> Counts:
    """What should be so at the end, and is."""
    found = conversation.outcome.checks
    return sum(check.held for check in found), len(found)


def checklist(conversation: Conversation) -> Counts:
    """Slots that hold what they should."""
    return _checks(conversation, "slot ")


def tools(conversation: Conversation) -> Counts:
    """Tools that should have been run, and were."""
    return _checks(conversation, "tool ")


def success(conversation: Conversation) -> float | None:
    """1 when everything is as it should be; None where nothing says how."""
    found = conversation.outcome.success
    return None if found is None else float(found)


RATES: dict[str, Callable[[Conversation], Counts]] = {
    "on_time": on_time,
    "takeover": takeover,
    "missed": missed,
    "cut_into": cut_into,
    "yielded": yielded,
    "recovered": recovered,
    "murmurs_let_pass": murmurs_let_pass,
    "noises_let_pass": noises_let_pass,
    "speech_errors": speech_errors,
    "hearing_errors": hearing_errors,
    "repeats": repeats,
    "checks_held": checks_held,
    "checklist": checklist,
    "tools": tools,
}
"""Measures that count occasions, for pooling over conversations."""

_FEWER_IS_BETTER = frozenset({"missed", "cut_into", "speech_errors", "hearing_errors", "repeats"})


def _rate_measure(name: str, counts: Callable[[Conversation], Counts]) -> Measure:
    return Measure(
        name=name,
        about=(counts.__doc__ or "").splitlines()[0],
        unit="share",
        better=-1 if name in _FEWER_IS_BETTER else 1,
        of=lambda conversation: pooled([counts(conversation)]),
    )


def _term_measure(name: TermName) -> Measure:
    return Measure(
        name=f"{name}_ms",
        about=f"The median of the equation's term {name}.",
        unit="ms",
        better=-1,
        of=lambda conversation: term_ms(conversation, name),
    )


def _figure(of: Callable[[Conversation], float | None], unit: str, better: int) -> Measure:
    name = getattr(of, "__name__", "")
    return Measure(name=name, about=(of.__doc__ or "").splitlines()[0], unit=unit, better=better, of=of)


def turns(conversation: Conversation) -> float | None:
    """How many turns the caller took."""
    return float(len(caller_turns(conversation.transcript)))


def seconds(conversation: Conversation) -> float | None:
    """How long it took."""
    return conversation.duration_ms / 1000


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        _figure(success, "share", 1),
        _figure(latency_ms, "ms", -1),
        _figure(latency_p95_ms, "ms", -1),
        _figure(sent_ms, "ms", -1),
        *(_term_measure(name) for name in TERMS),
        _figure(yield_ms, "ms", -1),
        _figure(overlap_share, "share", -1),
        _figure(talk_ratio, "share", 0),
        _figure(words_per_answer, "words", 0),
        _figure(turns, "count", 0),
        _figure(seconds, "s", 0),
        *(_rate_measure(name, counts) for name, counts in RATES.items()),
    )
}
"""All of them, in the order in which they are shown."""


def _speech(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.act not in ("noise", "backchannel")]


def _says_something(line: Line) -> bool:
    long = line.end_ms - line.start_ms >= _SAID_SOMETHING_MS
    return long or len(words_heard(line).split()) > _SAID_SOMETHING_WORDS


def _yield_times_ms(lines: Sequence[Line]) -> list[float]:
    return [
        answer.end_ms - turn.start_ms
        for turn in caller_turns(lines)
        if turn.act == "interruption" and (answer := sounding_at(lines, turn.start_ms)) is not None
    ]


def _let_pass(lines: Sequence[Line], act: str) -> Counts:
    over = [
        (line, answer)
        for line in lines
        if line.act == act and (answer := sounding_at(lines, line.start_ms)) is not None
    ]
    stopped = sum(
        answer.cut_at_ms is not None and line.start_ms <= answer.cut_at_ms <= line.end_ms + _REACTION_MS
        for line, answer in over
    )
    return len(over) - stopped, len(over)


def _word_counts(pairs: Iterable[tuple[str, str | None]]) -> Counts:
    found = [word_errors(said, heard) for said, heard in pairs if heard is not None]
    return sum(each.errors for each in found), sum(each.words for each in found)


def _checks(conversation: Conversation, kind: str) -> Counts:
    found = [check for check in conversation.outcome.checks if check.name.startswith(kind)]
    return sum(check.held for check in found), len(found)


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return float(median(found)) if found else None
