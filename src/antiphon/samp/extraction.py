"""What a caller's words tell of the slots, found without a model.

Each kind of slot has its own way of being said. Where several slots could be meant, the words beside a value
decide (`cues`), then what was just asked, then the order of the checklist. What is not certain is not taken:
the slow loop may still propose it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache

import msgspec

from antiphon.samp.cast import Cast, Slot
from antiphon.samp.fits import misfit
from antiphon.samp.guards import Value
from antiphon.samp.said_dates import dates
from antiphon.samp.said_letters import letters_of, respelled, without_letters
from antiphon.samp.said_names import names, only_fillers
from antiphon.samp.said_numbers import Found, numbers, sounding
from antiphon.samp.said_options import meant_options, named_options
from antiphon.samp.said_times import times
from antiphon.samp.taking_back import CLAUSE_ENDS, TAKES_BACK, denied, taken_back

CUE_WORDS_APART = 3
"""How many words may lie between a cue and the value it belongs to."""
CUED = 2.5
"""The certainty from which a value has a cue, and needs no question that asked for it."""
_CUE, _ASKED, _OPEN = 4.0, 2.0, 1.0

_CORRECTS = re.compile(
    r"\b(no|not|wait|actually|sorry|rather|instead|i mean|i meant|make (it|that)|change|wrong|correct)\b",
    re.IGNORECASE,
)
_MENDS = re.compile(
    r"\b(wait|actually|rather|instead|i mean|i meant|make (it|that)|change (it|that))\b", re.IGNORECASE
)
"""The same, of what was agreed elsewhere: "that's correct" and "no, thanks" correct nothing there."""
DISAGREES = re.compile(
    r"\b(no(?!,? thank)|not|\w+n't|but|except|apart from|wait|actually|sorry|rather|instead|i mean|i meant|"
    r"make (it|that)|change|wrong|should be)\b",
    re.IGNORECASE,
)
"""The same, of what was just read out for the caller's yes: "yes, but at eight"."""
_WISHES = re.compile(
    r"\b(can|could) (we|i|it|you) (do|be|have|come|take|make|change|move)\b|\bmake (it|that)\b|\binstead\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b((we|there|it|that|they)('ll|'re|'s| will| would|'d) ?(now |then |just |only )?(be )?|"
    r"we are|there are|it is|that makes( it| us)?|make (it|that)|comes? to) ?"
    r"(about |only |just |all |now )?$",
    re.IGNORECASE,
)
"""What stands before a number that says how many there are."""
CALLED = {"time": r"time|hour", "date": r"day|date", "name": r"name"}
"""What callers call a slot by its type: "except the time"."""
_TITLES = frozenset({"mister", "miss", "mr", "mrs", "ms", "doctor", "dr"})


class Telling(msgspec.Struct, frozen=True):
    """A value that the words tell of a slot."""

    slot: str
    value: Value
    start: int
    end: int
    certainty: float
    """The higher, the more there is for it: a cue, a question that asked for it, a place on the checklist."""


def tellings(
    cast: Cast,
    text: str,
    *,
    asked: Sequence[str],
    known: Mapping[str, Value],
    today: date,
    mends: bool = True,
    waiting: Sequence[str] = (),
    unset: Mapping[str, Value] = {},
) -> tuple[Telling, ...]:
    """What `text` tells, at most one value for each slot and one slot for each value.

    Args:
        cast: the slots.
        text: the caller's words, partial or whole.
        asked: the slots that are open where the conversation is, the one just asked for first.
        known: what is known; a new value for it is told only where the words correct it.
        today: what "tomorrow" counts from.
        mends: whether what was agreed elsewhere can still be corrected.
        waiting: the slots that were just read out for the caller's yes: open to correction.
        unset: what was known until the caller took it back: "eight" for seven in the evening is so as well.
    """
    if "?" in text and not _WISHES.search(text):
        waiting = ()
    if pointed := _pointed_at(cast, text, waiting, known, today):
        asked = [pointed, *asked]
    corrects = _CORRECTS.search(text) is not None
    mended = correctable(cast, text, asked=asked, known=known, mends=mends, waiting=waiting)
    numbers_open = [name for name in (*asked, *mended) if _kind(cast, name) == "number"]
    near = {**unset, **known}
    candidates = [
        telling
        for name, slot in cast.slots.items()
        for telling in _candidates(
            cast, name, text, asked=asked, mended=mended, near=near, counts=len(numbers_open), today=today
        )
        if not misfit(slot, telling.value)
    ]
    # "Ten" in "out of ten" belongs to the cue, whichever slot it is a cue of.
    in_cues = [span for slot in cast.slots.values() for span in _cue_spans(slot, text)]
    candidates = [
        each
        for each in candidates
        if cast.slots[each.slot].type != "number"
        or not any(start <= each.start and each.end <= end for start, end in in_cues)
    ]
    candidates = [each for each in candidates if not _is_taken_back(cast, text, each, candidates)]
    disagrees = DISAGREES.search(text.replace("’", "'")) is not None
    refused = denies(cast, text, [*asked, *mended], known=known, today=today)
    told: list[Telling] = []
    for each in sorted(candidates, key=lambda one: (-one.certainty, one.start)):
        fresh = each.slot not in known or (
            known[each.slot] != each.value
            and (
                each.certainty >= _CUE
                or each.slot in refused
                or (disagrees if each.slot in waiting else corrects)
            )
        )
        overlaps = any(
            each.start < other.end and other.start < each.end and not _shares(cast, each, other)
            for other in told
        )
        if fresh and not overlaps and all(each.slot != other.slot for other in told):
            told.append(each)
    return tuple(sorted(told, key=lambda one: one.start))


def correctable(
    cast: Cast,
    text: str,
    *,
    asked: Sequence[str],
    known: Mapping[str, Value],
    mends: bool,
    waiting: Sequence[str],
) -> list[str]:
    """The known slots that `text` may correct although they are not asked for here; arguments of `tellings`.

    What was agreed in another scene can be corrected in this one, unless this one asks for the like. A
    question corrects nothing there: "No, are you open on Monday?"
    """
    kinds = {"choice", "free", *(_kind(cast, name) for name in asked)}
    mends = mends and _MENDS.search(text) is not None and "?" not in text
    found = [name for name in known if mends and _kind(cast, name) not in kinds]
    return found + [name for name in waiting if name in known and name not in found]


def denies(
    cast: Cast, text: str, slots: Sequence[str], *, known: Mapping[str, Value], today: date
) -> tuple[str, ...]:
    """Which of the `slots` have a known value that the words say is not meant: "not on Friday"."""
    return tuple(
        name
        for name in slots
        if name in known
        for found in mentions(cast.slots[name], text, known[name], today)
        if found.value == known[name] and denied(text, found, cast.slots[name].type)
    )


def mentions(slot: Slot, text: str, known: Value, today: date) -> Sequence[Found]:
    """The values of the kind of `slot` that are said, whatever is said of them; `known` is its own."""
    if slot.type == "choice":
        return named_options(slot, text)
    if slot.type in ("name", "free"):
        same = re.finditer(rf"(?<!\w){re.escape(str(known))}(?!\w)", text, re.IGNORECASE)
        return [Found(*match.span(), str(known)) for match in same]
    return _values(slot, text, asked=True, near=str(known), today=today)


def _values(slot: Slot, text: str, *, asked: bool, near: str, today: date) -> Sequence[Found]:
    """The numbers, times or days that are said, whatever is said of them."""
    if slot.type == "time":
        return _times(text, asked=asked, near=near)
    return _dates(text, today) if slot.type == "date" else _numbers(text, today)


def _pointed_at(
    cast: Cast, text: str, waiting: Sequence[str], known: Mapping[str, Value], today: date
) -> str:
    """The slot of those read out that the words speak of, if it is one: "not seven, eight", "the time"."""
    refused = denies(cast, text, waiting, known=known, today=today)
    called = [
        name
        for name in waiting
        if (words := CALLED.get(_kind(cast, name))) and re.search(rf"\b({words})\b", text, re.IGNORECASE)
    ]
    found = set(refused or called)
    return found.pop() if len(found) == 1 else ""


def _is_taken_back(cast: Cast, text: str, one: Telling, candidates: Sequence[Telling]) -> bool:
    """Whether another value for the same slot is told in its place: "six people, no, sorry, seven"."""
    kind, first = _kind(cast, one.slot), Found(one.start, one.end, one.value)
    if kind == "free":
        return False
    for other in candidates:
        if other.slot != one.slot or not taken_back(text, first, Found(other.start, other.end, other.value)):
            continue
        like = [each for each in candidates if _kind(cast, each.slot) == kind and each.slot != one.slot]
        elsewhere = any(
            each.start < other.end and other.start < each.end and each.certainty > other.certainty
            for each in like
        )
        # In "five people at six, sorry, seven" it is the six that is taken back.
        between = any(
            one.end <= each.start and each.end <= other.start and _kind(cast, each.slot) not in (kind, "free")
            for each in candidates
        )
        if not elsewhere and (kind != "number" or not between or other.certainty >= one.certainty):
            return True
    return False


def _kind(cast: Cast, slot: str) -> str:
    return cast.slots[slot].type if slot in cast.slots else "free"


def _shares(cast: Cast, one: Telling, other: Telling) -> bool:
    """Free words may hold values of other slots, and "tonight" a day and a time; nothing else is shared."""
    kinds = {cast.slots[one.slot].type, cast.slots[other.slot].type}
    return kinds == {"date", "time"} or ("free" in kinds and len(kinds) > 1)


def _candidates(
    cast: Cast,
    name: str,
    text: str,
    *,
    asked: Sequence[str],
    mended: Sequence[str],
    near: Mapping[str, Value],
    counts: int,
    today: date,
) -> Iterator[Telling]:
    slot = cast.slots[name]
    first, is_open = bool(asked) and asked[0] == name, name in asked or name in mended
    # How many there are needs no cue where only one thing is counted.
    alone = is_open and counts == 1
    base = _ASKED if first else _OPEN if name in asked else 0.0
    cues = _cue_spans(slot, text)
    match slot.type:
        case "choice":
            if is_open:
                yield from (
                    Telling(name, f.value, f.start, f.end, base + _OPEN) for f in meant_options(slot, text)
                )
            return
        case "free":
            if (first or (is_open and cues)) and (words := _free(cast, text, first=first)):
                yield Telling(name, words, 0, len(text), base)
            return
        case "name":
            known = str(near.get(name, ""))
            read_out = name in mended
            for found, certainty in _called(
                cast, slot, text, first=first, read_out=read_out, known=known, today=today
            ):
                if base + certainty >= _ASKED:
                    yield Telling(name, found.value, found.start, found.end, base + certainty)
            return
        case "number" | "time" | "date":
            values = _values(slot, text, asked=first, near=str(near.get(name, "")), today=today)
    values = [found for found in values if not denied(text, found, slot.type)]
    if slot.type == "number" and first and not values:
        values = sounding(text, slot.cues)
    for found in values:
        cued = _near(text, found, cues)
        if slot.type == "number" and not cued and _counted(text, found) and alone:
            cued = _CUE
        # A number means nothing without a cue or a question; a day or a time mostly means what is open.
        if cued or first or (is_open and slot.type != "number"):
            yield Telling(name, found.value, found.start, found.end, base + cued)


def _called(
    cast: Cast, slot: Slot, text: str, *, first: bool, read_out: bool, known: str, today: date
) -> Iterator[tuple[Found, float]]:
    """The names that are said or spelled, the likeliest first, each with how much speaks for it."""
    cues = _cue_spans(slot, text)
    letters = letters_of(text, wanted=first or bool(cues), read_out=read_out, known=known)
    bare = without_letters(text, letters)
    taken = _no_names(cast, bare, today) if first and not cues else []
    heard = [
        (found, _CUE if cued else _OPEN - 0.01 * place)
        for place, (found, cued) in enumerate(names(bare, cues, asked=first, taken=taken))
        if not denied(bare, found, slot.type)
    ]
    if not letters:
        yield from heard
        return
    # The letters spell a part of the name said beside them, or of the one that is known.
    name = heard[0][0] if heard else Found(letters[0].start, letters[0].end, known)
    start, end = min(name.start, letters[0].start), max(name.end, letters[-1].end)
    yield Found(start, end, respelled(str(name.value), letters)), _CUE


def _cue_spans(slot: Slot, text: str) -> list[tuple[int, int]]:
    pattern = "|".join(re.escape(cue) for cue in sorted(slot.cues, key=len, reverse=True))
    if not pattern:
        return []
    return [match.span() for match in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE)]


def _near(text: str, found: Found, cues: Sequence[tuple[int, int]]) -> float:
    """How much a cue beside it speaks for a value: less with every word in between."""
    best = 0.0
    for start, end in cues:
        between = text[found.end : start] if start >= found.end else text[end : found.start]
        apart = len(between.split())
        # Behind a value a cue is its unit; a comma or a full stop in between parts them.
        if apart <= CUE_WORDS_APART and not re.search(r"[.;?!]", between):
            best = max(
                best,
                _CUE - 0.5 * apart - (0.5 if "," in between else 0.0) - (0.2 if start < found.start else 0),
            )
    return best


def _counted(text: str, found: Found) -> bool:
    """Whether the number ends a clause that says how many there are: "so we will be five"."""
    before, after = text[: found.start].replace("’", "'"), text[found.end :]
    return (
        _COUNTED.search(before) is not None
        and re.match(r"\s*([.,;!?]|then\b|now\b|of us\b|after all|$)", after) is not None
    )


# A turn is read for every slot, and by several judges: what is said in it is looked for once.
_once = lru_cache(maxsize=64)


@_once
def _dates(text: str, today: date) -> tuple[Found, ...]:
    return tuple(dates(text, today))


@_once
def _numbers(text: str, today: date) -> tuple[Found, ...]:
    taken = [*_dates(text, today), *_times(text, asked=False)]
    found = numbers(text)
    return tuple(f for f in found if not any(f.start < t.end and t.start < f.end for t in taken))


@_once
def _times(text: str, *, asked: bool, near: str = "") -> tuple[Found, ...]:
    """Times of day; a bare hour is one also behind what takes another time back: "at seven, no, eight"."""
    found = times(text, asked=asked, near=near)
    if found and not near and (denied(text, found[0], "time") or TAKES_BACK.search(text, found[0].end)):
        # What comes for another time is of the same half of the day.
        near = str(found[0].value)
        found = times(text, asked=asked, near=near)
    for mark in TAKES_BACK.finditer(text):
        start = mark.end() + len(text[mark.end() :]) - len(text[mark.end() :].lstrip(" ,.…"))
        clause = CLAUSE_ENDS.split(text[start:], maxsplit=1)[0]
        before = any(f.end <= mark.start() and not numbers(text[f.end : mark.start()]) for f in found)
        for each in times(clause, asked=asked or before, near=near):
            alone = f"{clause[: each.start]}{clause[each.end :]}".strip().lower() in ("", "please", "then")
            new = Found(start + each.start, start + each.end, each.value)
            if alone and not any(new.start < other.end and other.start < new.end for other in found):
                found.append(new)
    return tuple(sorted(found))


def _no_names(cast: Cast, text: str, today: date) -> list[tuple[int, int]]:
    """Where something stands that is nobody's name by itself: a day, a number, an option, a persona."""
    found = [*_dates(text, today), *_times(text, asked=False), *numbers(text)]
    found += [each for slot in cast.slots.values() for each in named_options(slot, text)]
    called = {word for persona in cast.personas.values() for word in persona.name.split()}
    pattern = "|".join(re.escape(word) for word in sorted(called | _TITLES))
    personas = re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE)
    return [*((each.start, each.end) for each in found), *(match.span() for match in personas)]


def _free(cast: Cast, text: str, *, first: bool) -> str:
    """The words as an answer; a question is none, nor are words that say nothing.

    A single word is one where it was asked for, unless it is somebody's name who is asked for.
    """
    words = text.strip().rstrip(".!")
    if "?" in text or only_fillers(words):
        return ""
    personas = {word for persona in cast.personas.values() for word in persona.name.split()}
    return words if len(words.split()) > 1 or (first and words not in personas) else ""
