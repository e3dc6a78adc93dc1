"""What callers deny, and what they take back for something else: "not on Friday", "six, sorry, seven". Pure.

A denial reaches to the end of its clause. In doubt a value counts as denied: what is not known is asked for
again, and what is wrong may be acted on.
"""

import re

from antiphon.samp.cast import Slot, SlotType
from antiphon.samp.said_numbers import Found

CLAUSE_ENDS = re.compile(
    r"[,.;:!?…](?!\d)|\s[–—-]+\s|\b(?:but|because)\b|\band (?=(?:i|we|it|you|please|let|make)\b)",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:not|never|cannot|neither|nor|without|dont|wont|cant|\w+n't|rather than|instead of|except|"
    r"apart from|other than|besides)\b",
    re.IGNORECASE,
)
_NO = re.compile(r"\bno(?: more)?\s+$", re.IGNORECASE)
_ALL_BUT = re.compile(
    r"\b(?:any|every|all|anything|everything|anytime|whenever)\s+(?:\w+\s+)?but\s+(?:(?:on|at|for|the|a)\s+)*$",
    re.IGNORECASE,
)
_SPARES = re.compile(
    r"\b(?:(?:\w+n't|not) (?:really )?(?:mind|care|matter|know|forget|worry|wait)|why (?:not|don't)|not only|"
    r"not sure|not (?:that|too|so|very) \w+|(?:\w+n't|not) (?:a |any )?problem|nothing except|"
    r"(?:have|has|had)(?:n't| not))\b|^\W*\w+n't (?:you|we|i|there|it|that)\b",
    re.IGNORECASE,
)
"""What denies nothing of what follows: "I don't mind sitting outside", "why not Friday", "don't you have"."""
_RIGHT_BEFORE = re.compile(
    rf"{_DENIES.pattern}\s+(?:(?:on|at|for|in|by|under|with|the|an?|any|our|my|be|do|make|come|have|want|take|"
    r"need|like|say|said|mean|meant|think|it|it's|is|this|we|we're|i|i'm|are|am|called|name|named|sit|sitting|"
    r"actually|really|quite|going|to)\s+)*$",
    re.IGNORECASE,
)
"""A denial with nothing but small words between it and what it denies."""
_UP_TO = re.compile(
    r"\b(?:until|till|before|after|above|over|(?:later|earlier|sooner|more|less|fewer|higher) than)\s*$",
    re.IGNORECASE,
)
"""What is not to be passed is meant all the same: "not before Friday", "not more than six"."""
_NARROWED = re.compile(r"\s+(?:until|till|before|after|at)\b(?!\s+all\b)", re.IGNORECASE)
"""Behind a value of which only a part is denied: "not on Friday until eight"."""
_LASTING = re.compile(
    r"\b(?:for|since|these|the (?:last|past))(?: about| over| at least)?\s*$", re.IGNORECASE
)
_SPAN = re.compile(r"\s*(?:days?|weeks?|hours?|nights?|months?|years?)\b", re.IGNORECASE)
"""What has lasted so long is not denied: "I couldn't sleep for three nights"."""
_DENIED_AFTER = re.compile(
    r"\s*(?:(?:is|was|are|does|do|did|will|would|could)(?:n't| not)\b(?! (?:be )?(?:a |any )?problem)|"
    r"won't\b|(?:is|are) (?:no good|out|wrong)\b|"
    r"(?:i|we) (?:can't|cannot|won't|couldn't)(?: come| make it| do(?: it)?)?\s*(?:[,.;!?]|$))",
    re.IGNORECASE,
)
_AGREES_AFTER = re.compile(
    r"\s*(?:(?:is|are|was|were|does|do|did|will|would|could|wo)(?:n't| not)?|'s not|'ll) (?:be )?(?:"
    r"(?:a |any )?(?:problem|trouble|issue|bother)\b|"
    r"(?:too |so |that |very )?(?:late|early|soon|bad|far|many|few|much)\b|(?:(?<=n't )|(?<=not ))wrong\b|"
    r"(?:matter|hurt|bother|clash|conflict|have|end|start|begin|spelt|spelled|written)\b)",
    re.IGNORECASE,
)
"""Behind a value, with a denial: nothing against it ("Friday won't be a problem", "I don't think seven is too
late"), or how it is spelt."""

_EXCLUDES = re.compile(
    r"\b(?:(?:must|can|may|should)(?:n't|'t|not| not)|leave out|avoid|diet\w*|allerg\w+|intoleran\w+)\b",
    re.IGNORECASE,
)
_TROUBLE = re.compile(r"\b(?:allerg\w+|intoleran\w+|problems?|trouble|issues?|mind)\b", re.IGNORECASE)
_NO_TROUBLE = re.compile(rf"{_DENIES.pattern}|\b(?:no|nobody|none)\b", re.IGNORECASE)
_BARELY_DENIED = re.compile(r"(?:\bnot|n't)\s+$", re.IGNORECASE)
_EXCEPTED = re.compile(r"\b(?:except|apart from|other than|besides)\s+(?:\w+\s+)?$", re.IGNORECASE)
_FINE = re.compile(
    r"\s*(?:is|are) (?:fine|ok(?:ay)?|all ?right|good|no problem|not a problem)\b", re.IGNORECASE
)

TAKES_BACK = re.compile(
    r"\b(?:sorry|wait|i mean|i meant|i said|rather|actually|instead|make (?:it|that)|scratch that|pardon|"
    r"correction|better|nope|(?:should|must|ought to|has to) be|"
    r"no(?=\s*[,.;!?…–—-]|\s+(?:sorry|wait|actually|rather|i|we|make|it|on|at|the|for|let)\b|\s*$))(?!\w)",
    re.IGNORECASE,
)
"""Behind what another value is the right one."""
_INSTEAD = re.compile(r"\W*(?:instead|rather)\b(?! (?:of|than)\b)", re.IGNORECASE)


def denied(text: str, found: Found, kind: SlotType) -> bool:
    """Whether `text` says of what was found in it that it is not meant."""
    text = _plain(text)
    clause, after = clause_before(text, found.start), text[found.end :]
    if kind == "number" and _LASTING.search(clause) and _SPAN.match(after):
        return False
    if _UP_TO.search(clause) or _UP_TO.search(text[found.start : found.end].split()[0]):
        return False
    # "No Friday" is a "no" and a day, "no red" is none of the red.
    if (kind == "choice" and _NO.search(clause)) or _ALL_BUT.search(text[: found.start]):
        return True
    return bool(_DENIES.search(_SPARES.sub("", clause)) or _denied_after(after))


def _denied_after(after: str) -> bool:
    return bool(_DENIED_AFTER.match(after)) and not _AGREES_AFTER.match(after)


def plainly_denied(text: str, found: Found, kind: SlotType) -> bool:
    """Whether `text` says so right beside it, which takes back what was agreed: "not on Friday"."""
    text = _plain(text)
    after = text[found.end :]
    if not denied(text, found, kind) or _AGREES_AFTER.match(after) or _NARROWED.match(after):
        return False
    clause = clause_before(text, found.start)
    said = _RIGHT_BEFORE.search(_SPARES.sub("", clause)) or (
        kind == "choice" and _NO.search(clause) and not _FINE.match(after)
    )
    return bool(said or _ALL_BUT.search(text[: found.start]) or _denied_after(after))


def excludes(slot: Slot) -> bool:
    """Whether the slot asks for what must not be: then "no nuts" names the nuts."""
    return _EXCLUDES.search(_plain(f"{slot.about} {slot.ask or ''}")) is not None


def harmless(text: str, found: Found) -> bool:
    """Where it is asked what must not be: whether this may be: "not allergic to nuts", "nuts are fine"."""
    text = _plain(text)
    clause, after = clause_before(text, found.start), text[found.end :]
    if _FINE.match(after) or _DENIED_AFTER.match(after) or _BARELY_DENIED.search(clause):
        return True
    trouble = _TROUBLE.search(clause) or _TROUBLE.match(after.lstrip())
    return bool(trouble and _NO_TROUBLE.search(clause) and not _EXCEPTED.search(clause))


def taken_back(text: str, one: Found, other: Found) -> bool:
    """Whether the words between two values, or those behind the second, put it in the place of the first."""
    if other.start < one.end:
        return False
    return bool(TAKES_BACK.search(text[one.end : other.start]) or _INSTEAD.match(text[other.end :]))


def clause_before(text: str, start: int) -> str:
    """What stands before `start` in the same clause."""
    ends = [match.end() for match in CLAUSE_ENDS.finditer(text, 0, start)]
    return text[ends[-1] if ends else 0 : start]


def _plain(text: str) -> str:
    return text.replace("’", "'")
