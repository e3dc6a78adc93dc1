"""What callers of the example casts say: are they answered in the same turn by whom and where they wanted?"""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from antiphon.bench.figures import Figure, by_cluster, figure
from antiphon.bench.said import (
    TODAY,
    Saying,
    answered_in,
    led_to,
    read_askings,
    read_sayings,
    read_wanted,
    right_move,
    state_in,
    without_phrase,
)
from antiphon.bench.states_fit import Row
from antiphon.contracts import Embedder
from antiphon.samp import Cast
from antiphon.samp.deciding import Decider


class Sayings(msgspec.Struct, frozen=True, kw_only=True):
    """What callers of the example casts said in words of their own, the report half."""

    asked: Figure
    """Share of those who asked for a persona, by name or by what they are, and were answered by them in the
    same turn; ways to ask are resampled."""
    asked_as_heard: Figure
    """The same without capitals and punctuation."""
    spoken_of: Figure
    """Share of those who only spoke of a persona and were left with whom they spoke to."""
    foreseen: tuple[Figure, ...]
    """As `moved`, by what was likeliest when 60, 80 and 100 % of the words were there: what is read ahead."""
    wanted: Figure
    """Share of those who wanted somebody without saying whom, and were answered by them in the same turn."""
    wanted_left: Figure
    """Share of those who spoke of others but wanted nobody, and were left where they were."""
    moved: Figure
    """Share of those who wanted somebody or something and were answered there in the same turn."""
    stayed: Figure
    """Share of those who said something else and were left where they were."""


def said_rows(part: str, embedder: Embedder) -> list[Row]:
    """What the judges say of the example casts' callers; twice as heavy, because there are few of them."""
    return _rows(read_sayings(part), embedder)


def wanted_rows(part: str, embedder: Embedder) -> list[Row]:
    """The same of who wants somebody without saying whom, and of who only speaks of others."""
    return _rows(read_wanted(part), embedder)


def _rows(sayings: Mapping[str, tuple[Cast, tuple[Saying, ...]]], embedder: Embedder) -> list[Row]:
    rows: list[Row] = []
    for cast, said in sayings.values():
        for each in said:
            # Its own phrase may stand in the cast: what is judged is how near the others come.
            decider = Decider(without_phrase(cast, each.says), embedder)
            judged = decider.judged(state_in(cast, each), each.says, today=TODAY)
            rows.append(Row(*judged, right_move(cast, each), weight=2.0))
    return rows


def answered(embedder: Embedder) -> Sayings | None:
    moved, stayed = _answered(read_sayings("report"), embedder)
    wanted, left = _answered(read_wanted("report"), embedder)
    if not moved or not stayed or not wanted or not left:
        return None
    return Sayings(
        wanted=figure(wanted, _mean),
        wanted_left=figure(left, _mean),
        asked=_asked("report", embedder),
        asked_as_heard=_asked("report", embedder, as_heard),
        spoken_of=_asked("other_report", embedder),
        foreseen=tuple(_foreseen(embedder, share) for share in (0.6, 0.8, 1.0)),
        moved=figure(moved, _mean),
        stayed=figure(stayed, _mean),
    )


def _answered(
    sayings: Mapping[str, tuple[Cast, tuple[Saying, ...]]], embedder: Embedder
) -> tuple[list[float], list[float]]:
    """Of those who should be led elsewhere and of those who should not, whether each was answered rightly."""
    moved: list[float] = []
    stayed: list[float] = []
    for cast, said in sayings.values():
        decider = Decider(cast, embedder)
        for each in said:
            right = float(answered_in(decider, cast, each) == each.to)
            (stayed if each.to == each.scene else moved).append(right)
    return moved, stayed


def _asked(part: str, embedder: Embedder, heard: Callable[[str], str] = str) -> Figure:
    """How often asking for somebody leads where it should, in clusters of ways to ask."""
    by_way: dict[str, list[float]] = {}
    for cast, askings in read_askings(part).values():
        decider = Decider(cast, embedder)
        for each in askings:
            saying = replace(each.saying, says=heard(each.saying.says))
            by_way.setdefault(each.way, []).append(float(answered_in(decider, cast, saying) == saying.to))
    return by_cluster(list(by_way.values()))


def _foreseen(embedder: Embedder, share: float) -> Figure:
    """How often the likeliest move was the right one when so much of a sentence was there."""
    right: list[float] = []
    for cast, said in read_sayings("report").values():
        decider = Decider(cast, embedder)
        for each in said:
            if each.to == each.scene:
                continue
            words = each.says.split()
            part = " ".join(words[: max(1, round(len(words) * share))])
            state = state_in(cast, each)
            moves = (one.option.move for one in decider.likely(state, part, today=TODAY))
            best = next(move for move in moves if move is not None)
            right.append(float(led_to(state, best) == each.to))
    return figure(right, _mean)


def as_heard(says: str) -> str:
    """Words as a transcriber may write them: small letters, no punctuation."""
    return re.sub(r"[^\w\s']", "", says).lower()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
