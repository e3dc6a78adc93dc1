"""`antiphon bench measures RUN...`: do the measures of a spoken run say what is in its recordings?

Every measure of time is got a second time, from the sound alone: where a channel of the recording is louder
than its own quiet, in windows of 10 ms. Nothing of the log is used but which stretch of the sound a line is
in. Sound that fades makes both differ by tens of milliseconds; a clock that runs away, a turn that is counted
for another, or an answer that was never heard makes them differ by much more. Where it is noisy behind the
caller, levels do not tell where a word ends: those are told apart.
"""

import argparse
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.bench.writing import write
from antiphon.contracts import Audio, ContractBroken
from antiphon.evals.measures import MEASURES
from antiphon.evals.records import Conversation, Line, conversations
from antiphon.evals.turns import answers, caller_turns, exchanges, sounding_at

_WINDOW_S = 0.01
_ABOVE_QUIET_DB = 12.0
_LEAST_DB = -50.0
"""Below this nothing counts as sound, however quiet the rest is."""
_GAP_S = 0.25
"""So short a pause parts no two words."""
_AROUND_MS = 400.0
_CROSSTALK = 0.1

Voiced = NDArray[np.bool_]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One measure, by the log and by the sound."""

    measure: str
    occasions: int
    log: float | None
    """The median."""
    sound: float | None
    off: float | None
    """The median of the distance between them."""
    off_p95: float | None
    missing: int
    """Occasions of the log that the sound does not hold."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `measures.json` holds."""

    runs: tuple[str, ...]
    conversations: int
    compared: tuple[Compared, ...]
    counted: dict[str, int]
    """In how many conversations each measure had something to measure."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="of `antiphon eval run`, by speech")


def run(args: argparse.Namespace) -> int:
    held = [(folder, each) for folder in args.runs for each in conversations(folder) if each.audio]
    if not held:
        raise ContractBroken("no conversation of these runs has a recording: run the suite by speech")
    found: dict[str, list[tuple[float, float | None]]] = {}
    for folder, each in held:
        caller, agent = _voiced(folder / str(each.audio))
        room = "" if each.caller.get("sounds", {}).get("background", "none") == "none" else ", noisy"
        for name, log, sound in _both(each, caller, agent):
            found.setdefault(f"{name}{room}", []).append((log, sound))
    result = Result(
        runs=tuple(map(str, args.runs)),
        conversations=len(held),
        compared=tuple(_compared(name, pairs) for name, pairs in found.items()),
        counted={name: sum(each.measures.get(name) is not None for _, each in held) for name in MEASURES},
    )
    write("measures", result, list(_table(result)), as_json=args.json, out=args.out, picture=_no_picture)
    return 0


def _both(each: Conversation, caller: Voiced, agent: Voiced) -> Iterator[tuple[str, float, float | None]]:
    """What the log says, and the sound: latency of each answer, each yielding, talk of the whole."""
    for answer in answers(each.transcript):
        turn = _turn_before(each.transcript, answer)
        if answer.first_ms is not None and turn is not None:
            yield "latency_ms", answer.first_ms, _latency(turn, answer, caller, agent)
    for turn in caller_turns(each.transcript):
        speaking = sounding_at(each.transcript, turn.start_ms) if turn.act == "interruption" else None
        if speaking is not None:
            end = _last(agent, turn.start_ms, speaking.end_ms + _AROUND_MS)
            begin = _first(caller, turn.start_ms - _AROUND_MS, turn.end_ms)
            sound = None if end is None or begin is None else end - begin
            yield "yield_ms", speaking.end_ms - turn.start_ms, sound
    for exchanged in exchanges(each.transcript):
        if exchanged.answer is not None:
            heard = _first(agent, exchanged.answer.start_ms - _AROUND_MS, exchanged.answer.end_ms)
            yield "answered", 1.0, None if heard is None else 1.0
    log = each.measures.get("talk_ratio")
    if log is not None:
        yield "talk_ratio", log, _talk_ratio(each.transcript, caller, agent)


def _turn_before(lines: Sequence[Line], answer: Line) -> Line | None:
    """The turn an answer's time counts from: the last that was over when it began."""
    over = [turn for turn in caller_turns(lines) if turn.end_ms <= answer.start_ms + 250]
    return max(over, key=lambda turn: turn.end_ms, default=None)


def _latency(turn: Line, answer: Line, caller: Voiced, agent: Voiced) -> float | None:
    said = _last(caller, turn.start_ms, turn.end_ms + _AROUND_MS)
    heard = _first(agent, answer.start_ms - _AROUND_MS, answer.end_ms)
    return None if said is None or heard is None else heard - said


def _talk_ratio(lines: Sequence[Line], caller: Voiced, agent: Voiced) -> float | None:
    """Gaps within speech count as speech; murmurs and noises do not, and are cut out by their place."""
    own = caller.copy()
    for line in lines:
        if line.act in ("noise", "backchannel"):
            own[_place(line.start_ms) : _place(line.end_ms) + 1] = False
    talked = [int(_bridged(each).sum()) for each in (own, agent)]
    return talked[1] / sum(talked) if sum(talked) else None


def _channels(path: Path) -> tuple[Audio, Audio]:
    library: Any = import_module("soundfile")
    audio, rate = library.read(path, dtype="float32", always_2d=True)
    step = round(rate * _WINDOW_S)
    audio = audio[: len(audio) // step * step].reshape(-1, step, audio.shape[1])
    level: NDArray[np.float32] = np.sqrt(np.square(audio).mean(axis=1))
    return level[:, 0], level[:, 1]


def _voiced(path: Path) -> tuple[Voiced, Voiced]:
    """Where caller and agent are louder than their own quiet.

    The caller, who speaks less than half of the time, has its quiet in the middle of its levels, the agent in
    the lowest tenth. What of the caller leaks to the agent's side is none of it: it is 20 dB weaker there.
    """
    caller, agent = _channels(path)
    loud = caller > _threshold(float(np.percentile(caller, 50)))
    return loud, (agent > _threshold(float(np.percentile(agent, 10)))) & (agent > _CROSSTALK * caller)


def _threshold(quiet: float) -> float:
    return max(quiet * 10 ** (_ABOVE_QUIET_DB / 20), 10 ** (_LEAST_DB / 20))


def _bridged(voiced: Voiced) -> Voiced:
    """With the short gaps filled."""
    filled, places = voiced.copy(), np.flatnonzero(voiced)
    for before, after in pairwise(places):
        if after - before <= _GAP_S / _WINDOW_S:
            filled[before:after] = True
    return filled


def _first(voiced: Voiced, since_ms: float, until_ms: float) -> float | None:
    places = np.flatnonzero(voiced[_place(since_ms) : _place(until_ms)])
    return None if not len(places) else (_place(since_ms) + int(places[0])) * _WINDOW_S * 1000


def _last(voiced: Voiced, since_ms: float, until_ms: float) -> float | None:
    places = np.flatnonzero(voiced[_place(since_ms) : _place(until_ms)])
    return None if not len(places) else (_place(since_ms) + int(places[-1]) + 1) * _WINDOW_S * 1000


def _place(ms: float) -> int:
    return max(0, round(ms / 1000 / _WINDOW_S))


def _compared(name: str, pairs: Sequence[tuple[float, float | None]]) -> Compared:
    both = np.array([(log, sound) for log, sound in pairs if sound is not None], np.float64).reshape(-1, 2)
    off = np.abs(both[:, 0] - both[:, 1])
    return Compared(
        measure=name,
        occasions=len(pairs),
        log=float(np.median([log for log, _ in pairs])),
        sound=float(np.median(both[:, 1])) if len(both) else None,
        off=float(np.median(off)) if len(off) else None,
        off_p95=float(np.percentile(off, 95)) if len(off) else None,
        missing=len(pairs) - len(both),
    )


def _table(result: Result) -> Iterator[str]:
    yield f"{result.conversations} spoken conversations of {', '.join(result.runs)}"
    heads = f"{'log':>9} {'sound':>9} {'apart, median':>14} {'95 %':>8}"
    yield f"{'measure':<18} {'occasions':>9} {heads}   not in the sound"
    for each in result.compared:
        shown = " ".join(
            f"{'' if value is None else f'{value:.2f}':>{wide}}"
            for value, wide in ((each.log, 9), (each.sound, 9), (each.off, 14), (each.off_p95, 8))
        )
        yield f"{each.measure:<18} {each.occasions:>9} {shown}   {each.missing}"
    yield "measured in so many conversations:"
    yield "  " + ", ".join(f"{name} {count}" for name, count in result.counted.items())


def _no_picture(result: Result, path: Path) -> None:
    """A table says it all."""
