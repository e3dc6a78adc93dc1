"""Can a guard ever be true? Answered by trying every case that can make a difference.

Guards compare slots with constants only. So of each slot it is enough to try the constants, what lies
just beside them, and not being known at all: two values between the same constants behave alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import product

from antiphon.samp.cast import Cast
from antiphon.samp.guards import DONE, Compare, Guard, Value, atoms, holds

CASES_MAX = 20_000
"""Guards over more slots than these cases cover are not judged."""

_OTHER_WORDS = "(anything else)"


def case_where(cast: Cast, asked: frozenset[str], *, yes: Sequence[Guard], no: Sequence[Guard]) -> str | None:
    """A case in which every guard of `yes` holds and none of `no`, in words.

    Args:
        asked: the slots that must be known before the checklist is complete.

    Returns:
        The case; None when there is none; "" when there are too many cases to say.
    """
    found = [atom for guard in (*yes, *no) for atom in atoms(guard)]
    slots = sorted({atom.slot for atom in found} - {DONE})
    values = [_values(cast, slot, found) for slot in slots]
    cases = 2
    for each in values:
        cases *= len(each)
    if cases > CASES_MAX:
        return ""
    for case in product(*values):
        known = {slot: value for slot, value in zip(slots, case, strict=True) if value is not None}
        for done in (False, True):
            if done and any(slot in asked and slot not in known for slot in slots):
                continue
            if all(holds(guard, known, done=done) for guard in yes) and not any(
                holds(guard, known, done=done) for guard in no
            ):
                return _told(known, done)
    return None


def _values(cast: Cast, slot: str, found: Sequence[object]) -> tuple[Value | None, ...]:
    constants = [
        value for atom in found if isinstance(atom, Compare) and atom.slot == slot for value in atom.values
    ]
    kind = cast.slots[slot]
    tried: set[Value] = set()
    match kind.type:
        case "number":
            low = kind.least if kind.least is not None else float("-inf")
            high = kind.most if kind.most is not None else float("inf")
            numbers = [value for value in constants if isinstance(value, float)]
            around = {near for value in numbers for near in (value - 1, value, value + 1)} or {0.0}
            # A fraction counts only where the file itself speaks of fractions.
            around |= {v + 0.5 for v in numbers} if any(v % 1 for v in numbers) else set()
            tried |= {near for near in around if low <= near <= high}
            tried |= {end for end in (low, high) if abs(end) != float("inf")}
        case "choice":
            tried |= set(kind.options)
        case "time":
            for value in constants:
                tried |= set(_times_near(str(value)))
            tried |= {"00:00", "23:59"}
        case "date":
            for value in constants:
                tried |= set(_days_near(str(value)))
            tried.add("2000-01-01")
        case "name" | "free":
            tried |= {value for value in constants if isinstance(value, str)} | {_OTHER_WORDS}
    return (None, *sorted(tried, key=str))


def _times_near(text: str) -> Iterator[str]:
    hours, _, minutes = text.partition(":")
    if hours.isdigit() and minutes.isdigit():
        at = int(hours) * 60 + int(minutes)
        for near in (at - 1, at, at + 1):
            if 0 <= near < 24 * 60:
                yield f"{near // 60:02}:{near % 60:02}"


def _days_near(text: str) -> Iterator[str]:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return
    for days in (-1, 0, 1):
        yield (day + timedelta(days=days)).isoformat()


def _told(known: Mapping[str, Value], done: bool) -> str:
    parts = [
        f"{slot} = {value:g}" if isinstance(value, float) else f"{slot} = {value}"
        for slot, value in known.items()
    ]
    return ", ".join(parts + ["checklist complete"] * done) or "nothing is known"
