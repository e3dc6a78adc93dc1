"""Which answer belongs to which turn, and what was sounding when: what measures ask of a log."""

from collections.abc import Sequence

import msgspec

from antiphon.evals.records import Line

_BEFORE_END_MS = 250.0
"""An answer that begins this shortly before a turn is over is an answer to it: its last words were clear."""


class Exchanged(msgspec.Struct, frozen=True):
    """A turn of the caller's and the first answer to it."""

    turn: Line
    answer: Line | None
    cut_into: bool
    """The agent began to speak while the caller was not done."""


def caller_turns(lines: Sequence[Line]) -> list[Line]:
    """What the caller said that wants an answer."""
    return [line for line in lines if line.who == "caller" and line.act in ("turn", "interruption")]


def answers(lines: Sequence[Line]) -> list[Line]:
    """What the agent said in answer to somebody: no opening, and nothing that stayed without a word."""
    return [line for line in lines if line.who == "agent" and line.act == "turn" and line.text]


def words_heard(line: Line) -> str:
    """Of an answer, the words that were heard: none, when it was cut off before the first."""
    return line.text if line.heard is None else line.heard


def exchanges(lines: Sequence[Line]) -> list[Exchanged]:
    """Each turn of the caller's with the first answer that began after it, and before the turn after it.

    What began too early and went on after the turn is an answer to as much of it as there was.
    """
    turns, given = caller_turns(lines), answers(lines)
    found: list[Exchanged] = []
    for place, turn in enumerate(turns):
        until = turns[place + 1].end_ms - _BEFORE_END_MS if place + 1 < len(turns) else float("inf")
        since = turn.end_ms - _BEFORE_END_MS
        hasty = [line for line in given if turn.start_ms + 1 < line.start_ms < since]
        goes_on = [line for line in hasty if line.end_ms > turn.end_ms]
        after = [line for line in given if since <= line.start_ms < until]
        answer = next(iter((*goes_on, *after)), None)
        found.append(Exchanged(turn, answer, cut_into=bool(hasty)))
    return found


def sounding_at(lines: Sequence[Line], at_ms: float) -> Line | None:
    """What of the agent's was being heard at a moment."""
    speaking = (line for line in lines if line.who == "agent")
    return next((line for line in speaking if line.start_ms <= at_ms < line.end_ms), None)


def overlap_ms(lines: Sequence[Line]) -> float:
    """For how long both were talking; murmurs and noises are no talk."""
    turns, agent = caller_turns(lines), [line for line in lines if line.who == "agent"]
    return sum(
        max(0.0, min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms))
        for one in turns
        for other in agent
    )
