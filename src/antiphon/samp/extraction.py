"""What a caller's words tell of the slots, found without a model.

Each kind of slot has its own way of being said. Where several slots could be meant, the words beside a value
decide (`cues`), then what was just asked, then the order of the checklist. What is not certain is not taken:
the slow loop may still propose it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import msgspec

from antiphon.samp.cast import Cast, Slot
from antiphon.samp.fits import misfit
from antiphon.samp.guards import Value
from antiphon.samp.said_dates import dates
from antiphon.samp.said_numbers import Found, numbers
from antiphon.samp.said_times import times

CUE_WORDS_APART = 3
"""How many words may lie between a cue and the value it belongs to."""
CUED = 2.5
"""The certainty from which a value has a cue, and needs no question that asked for it."""
_ANSWER_WORDS_MAX = 9
"""A name in a longer sentence than this, without a cue, is hardly the answer to a question for it."""
_CUE, _ASKED, _OPEN = 4.0, 2.0, 1.0

_WORD = r"(?:[A-Z]\.|[A-Z0-9&][\w'’&-]*(?:\.[\w'’&-]+)*)"
_NAME = rf"{_WORD}(?:\s+(?:(?:of|and|the|de|van|von|la|&)\s+)?{_WORD}){{0,4}}"
_NO_NAME = """
a an and are but can could do good hello hi how i i'd i'll i'm i've is it it's let lets my no not oh ok okay
all please so sure thank thanks that that's the this try we well what when where who yes you your
absolutely alright amazing any awesome book cool excellent exactly find fine give goodbye great help look
maybe nice none nope nothing perfect play reserve search show something understood wait wonderful yeah yep
"""
_NO_NAMES = frozenset(_NO_NAME.split())
_CORRECTS = re.compile(
    r"\b(no|not|wait|actually|sorry|rather|instead|i mean|i meant|make (it|that)|change|wrong|correct)\b",
    re.IGNORECASE,
)
_MENDS = re.compile(
    r"\b(wait|actually|rather|instead|i mean|i meant|make (it|that)|change (it|that))\b", re.IGNORECASE
)
"""The same, of what was agreed elsewhere: "that's correct" and "no, thanks" correct nothing there."""
_COUNTED = re.compile(
    r"\b((we|there|it|that|they)('ll|'re|'s| will| would|'d) ?(now |then |just |only )?(be )?|"
    r"we are|there are|it is|that makes( it| us)?|make (it|that)|comes? to) ?"
    r"(about |only |just |all |now )?$",
    re.IGNORECASE,
)
"""What stands before a number that says how many there are."""


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
) -> tuple[Telling, ...]:
    """What `text` tells, at most one value for each slot and one slot for each value.

    Args:
        cast: the slots.
        text: the caller's words, partial or whole.
        asked: the slots that are open where the conversation is, the one just asked for first.
        known: what is known; a new value for it is told only where the words correct it.
        today: what "tomorrow" counts from.
        mends: whether what was agreed elsewhere can still be corrected.
    """
    corrects = _CORRECTS.search(text) is not None
    # What was agreed in another scene can be corrected in this one, unless this one asks for the like. A
    # question corrects nothing there: "No, are you open on Monday?"
    kinds = {"choice", "free", *(_kind(cast, name) for name in asked)}
    mends = mends and _MENDS.search(text) is not None and "?" not in text
    mended = [name for name in known if mends and _kind(cast, name) not in kinds]
    numbers_open = [name for name in (*asked, *mended) if _kind(cast, name) == "number"]
    candidates = [
        telling
        for name, slot in cast.slots.items()
        for telling in _candidates(
            name, slot, text, asked=asked, mended=mended, known=known, counts=len(numbers_open), today=today
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
    told: list[Telling] = []
    for each in sorted(candidates, key=lambda one: (-one.certainty, one.start)):
        fresh = each.slot not in known or (
            known[each.slot] != each.value and (corrects or each.certainty >= _CUE)
        )
        overlaps = any(
            each.start < other.end and other.start < each.end and not _shares(cast, each, other)
            for other in told
        )
        if fresh and not overlaps and all(each.slot != other.slot for other in told):
            told.append(each)
    return tuple(sorted(told, key=lambda one: one.start))


def _kind(cast: Cast, slot: str) -> str:
    return cast.slots[slot].type if slot in cast.slots else "free"


def _shares(cast: Cast, one: Telling, other: Telling) -> bool:
    """Free words may hold values of other slots, and "tonight" a day and a time; nothing else is shared."""
    kinds = {cast.slots[one.slot].type, cast.slots[other.slot].type}
    return kinds == {"date", "time"} or ("free" in kinds and len(kinds) > 1)


def _candidates(
    name: str,
    slot: Slot,
    text: str,
    *,
    asked: Sequence[str],
    mended: Sequence[str],
    known: Mapping[str, Value],
    counts: int,
    today: date,
) -> Iterator[Telling]:
    first, is_open = bool(asked) and asked[0] == name, name in asked or name in mended
    # How many there are needs no cue where only one thing is counted.
    alone = is_open and counts == 1
    base = _ASKED if first else _OPEN if name in asked else 0.0
    cues = _cue_spans(slot, text)
    match slot.type:
        case "choice":
            if is_open:
                yield from (
                    Telling(name, f.value, f.start, f.end, base + _OPEN) for f in _options(slot, text)
                )
            return
        case "free":
            if (first or (is_open and cues)) and (words := _free(text)):
                yield Telling(name, words, 0, len(text), base)
            return
        case "name":
            found = list(_names(text, cues, first=first))
            yield from (
                Telling(name, f.value, f.start, f.end, base + c) for f, c in found if base + c >= _ASKED
            )
            return
        case "number":
            taken = [*dates(text, today), *times(text, asked=False)]
            values = [f for f in numbers(text) if not any(f.start < t.end and t.start < f.end for t in taken)]
        case "time":
            values = times(text, asked=first, near=str(known.get(name, "")))
        case "date":
            values = dates(text, today)
    for found in values:
        near = _near(text, found, cues)
        if slot.type == "number" and not near and _counted(text, found) and alone:
            near = _CUE
        # A number means nothing without a cue or a question; a day or a time mostly means what is open.
        if near or first or (is_open and slot.type != "number"):
            yield Telling(name, found.value, found.start, found.end, base + near)


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


def _options(slot: Slot, text: str) -> Iterator[Found]:
    """The options that are named, the longest wording first; "not red" names none."""
    found: list[Found] = []
    for option, phrases in slot.options.items():
        for phrase in {option.replace("_", " "), *phrases}:
            for match in re.finditer(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE):
                before = text[: match.start()].lower().split()[-2:]
                if not {"not", "no", "isn't", "don't"}.intersection(word.strip(",.") for word in before):
                    found.append(Found(match.start(), match.end(), option))
    found.sort(key=lambda each: each.start - each.end)
    for place, each in enumerate(found):
        if not any(each.start < longer.end and longer.start < each.end for longer in found[:place]):
            yield each


def _names(text: str, cues: Sequence[tuple[int, int]], *, first: bool) -> Iterator[tuple[Found, float]]:
    for _, end in cues:
        match = re.compile(rf"\s+(?:the\s+)?({_NAME})").match(text, end)
        if match and (name := _bare_name(match[1])):
            yield Found(match.start(1), match.start(1) + len(name), name), _CUE
    if first and not cues and len(text.split()) <= _ANSWER_WORDS_MAX:
        for match in re.finditer(_NAME, text):
            if name := _bare_name(match[0]):
                yield Found(match.start(), match.end(), name), _OPEN


def _bare_name(text: str) -> str:
    words = text.rstrip(".,!?").split()
    while words and words[0].lower().strip(".,") in _NO_NAMES:
        words = words[1:]
    # A number alone is a count or a time, never somebody's name.
    return " ".join(words) if any(char.isalpha() for word in words for char in word) else ""


def _free(text: str) -> str:
    """The words as an answer; a question is none, nor is a single word such as "okay"."""
    words = text.strip().rstrip(".!")
    return "" if "?" in text or len(words.split()) < 2 else words
