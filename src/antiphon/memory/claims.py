"""What a turn claims, sentence by sentence: of whom, with which values, and whether it tells of a change.

No grammar is known here, only forms: enough to ask whether a later claim may take an earlier one's place.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from antiphon.memory.facts import facts_of, sentences
from antiphon.memory.terms import meaningful
from antiphon.memory.values import Turn

_KIN = (
    r"(?:mother|mom|mum|father|dad|parent|grandmother|grandma|grandfather|grandpa|sister|brother|sibling|twin|"
    r"daughter|son|child|kid|aunt|uncle|cousin|niece|nephew|wife|husband|girlfriend|boyfriend|friend|"
    r"roommate|flatmate|neighbou?r|colleague|boss|teacher|intern|buddy|mate)"
)
_OF_KIN = re.compile(
    rf"^(?:[\w ]{{1,16}}, )?(?:my|our|a|the|his|her) (?:[a-z]+ )?({_KIN})s?\b", re.IGNORECASE
)
_KIN_IS_NAMED = re.compile(
    rf"^(?:my|our) (?:new )?{_KIN}(?:'s name)?(?: now)? is(?: now)?(?: called| named)? (?-i:[A-Z])",
    re.IGNORECASE,
)
_POSSESSOR = re.compile(r"^(?:(?:my|our|the|a) )?([\w-]+)['’]s [a-z]", re.IGNORECASE)
_NO_POSSESSOR = re.compile(r"it|that|there|here|what|who|he|she|let|how|where|when", re.IGNORECASE)
SELF = re.compile(r"\b(?:i|my|me|mine|myself|we|our|us)\b|\bi['’]", re.IGNORECASE)
OTHER = re.compile(r"\b(?:you|yours?)\b", re.IGNORECASE)
_OTHERS_DEED = re.compile(
    r"^(?!(?:The|That|This) )(?:[A-Z][\w-]+|he|she|they|somebody|someone)\b", re.IGNORECASE
)
_NAME = re.compile(r"\b(?:(?:Dr|Mr|Mrs|Ms|Prof|St)\. )?[A-Z][\w-]*[a-z][\w-]*(?: [A-Z][\w-]+)*")
NUMBER = re.compile(r"\b[\w-]*\d[\w-]*(?: \d+)*\b")
CHANGE = re.compile(
    r"\b(?:now|new|newly|these days|from now on|from today|nowadays|lately|no longer|no more|any ?more|"
    r"instead|since (?:the|last|yesterday|\w+day)|finally|at last|become|became|prefer|"
    r"found an?)\b",
    re.IGNORECASE,
)
REPLACE = re.compile(
    r"\b(?:switched|swapped|traded|replaced|changed|moved|left|quit|gave (?:up|away)|given up|dropped|"
    r"stopped|sold|gone|over with|broke up|split up|took over|taken (?:over|the place)|goodbye|settled|"
    r"hired|signed|reset|dead|delete|instead of|rather than|no more|no longer|from now on|the move)\b|"
    r"['’][ms] over(?! the)",
    re.IGNORECASE,
)
HEDGE = re.compile(
    r"\b(?:would|could|might|may|should|maybe|perhaps|if|some ?day|wish|hop(?:e|ing)|want(?:s|ed)?|"
    r"plan(?:s|ning)?|think(?:ing)?|consider(?:ing)?|dream(?:ing)?|used to|once|ago|yesterday|holiday|"
    r"vacation|weekend|visit(?:ed|ing)?|trip|tour|nearly|almost|tried|trying|tomorrow|tonight|until|read|heard|saw|"
    r"watch(?:ed|ing)?|next year|as a child|"
    r"won['’]t|never|gonna|going to)\b|['’]d\b",
    re.IGNORECASE,
)
CUES: Final = {
    "now": r"\bnow\b",
    "new": r"\bnew\b",
    "these days": r"these days|nowadays|lately|of late",
    "since": r"from now on|from today|as of|"
    r"since (?:the|last|yesterday|\w+day|january|june|spring|autumn)",
    "no longer": r"no longer|no more|any ?more|any longer",
    "instead": r"instead|rather than|in place of|after all",
    "gives way": r"\b(?:switch|swap|chang|replac|mov|left|leav|quit|gave up|given up|dropp|stopp|sold|trad|"
    r"over with|turned|gone|went from|went off|desert|abandon|cancell|closed|retired|died|uninstall|"
    r"unsubscrib|handed|put aside|lost interest|done with|came off|packed)\w*",
    "takes its place": r"\b(?:join|sign|start|begun|began|begin|took up|taken up|taken over|took over|bought|"
    r"got|found|picked|discover|fallen for|settle|hired|enroll|becom|became|adopt|opened)\w*",
    "at last": r"finally|at last|change of plans|the new",
    "best": r"prefer|better|favourite|favorite|number one|best",
    "mine": r"\bi['’]?m\b|\bi am\b|\bmy\b|\bi['’]ve\b|\bwe['’]ve\b|\bour\b",
    "perhaps": r"\b(?:would|could|might|may|should|maybe|perhaps|some ?day|one day|wish|hop(?:e|ing)|"
    r"dream\w*)\b|['’]d\b",
    "once": r"\b(?:used to|once|ago|as a child|years|at school|always been|never|nearly|almost|tried|"
    r"declined)\b",
    "for a while": r"\b(?:yesterday|last night|on sunday|today|this morning|tonight|tomorrow|weekend|week|"
    r"visit|trip|holiday|tour)\b",
    "hearsay": r"\b(?:they say|i hear|i read|heard|read that|asked|talked|said|recommended|documentary|"
    r"article|news|radio|tv|television|watched|saw)\b",
}
"""Words that speak for a change, and words that speak against one; what each is worth is fitted."""
_CUES = tuple(re.compile(words, re.IGNORECASE) for words in CUES.values())
_SPEAKING_FOR = 9
"""The first so many of them are of changes."""
_NO_CLAIM = re.compile(
    r"(?:\[|let['’]?s|let us|thanks|thank you|congrat\w*|wow|glad|good luck|keep|check)\b", re.IGNORECASE
)
_SURE = 0.8
_IN_FIRST_PERSON = {
    "lives in": "I live in",
    "works at": "I work at",
    "works as": "I work as",
    "comes from": "I come from",
    "partner": "my partner is",
    "is called": "I am called",
}
_CLAIM_CHARS = range(8, 240)
CLAIMS_MAX = 6
"""Of one turn; a text with more is a document."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence that says how something is."""

    text: str
    subject: str
    """Of whom: "" is whoever speaks, otherwise a word such as "sister"."""
    of_self: bool
    """It says "I" or "my"."""
    of_other: bool
    """It says "you" or "your" and neither of these: whoever was spoken to is meant."""
    names: tuple[str, ...]
    first: str
    """The word it begins with, where that may be one more name."""
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    """All that mean something, folded, in order."""
    plainly: str
    """The same in plain words, where a pattern knows what it says; empty otherwise."""
    changes: bool
    """It says that something is new, or of what there is only one."""
    replaces: bool
    """It says that something gave way."""
    hedged: bool
    """It says how things may be, or were for a while."""
    whole: bool
    """It is all that its turn says."""
    cues: tuple[float, ...]
    """Of `CUES`, 1 for each that it holds and 0 for the others."""

    @property
    def may_change(self) -> bool:
        """Whether anything in it speaks for a change: a name, a number, or a word of one."""
        return bool(
            self.changes or self.replaces or self.names or self.numbers or any(self.cues[:_SPEAKING_FOR])
        )


def claims_of(text: str, called: Collection[str] = ()) -> list[Claim]:
    """The claims of a turn with this text; questions make none, and the names `called` are no values."""
    parts = [part.strip() for part in sentences(text)]
    found = list(_claims([part for part in parts if part], called))
    return found[:CLAIMS_MAX]


def _claims(parts: list[str], called: Collection[str]) -> Iterator[Claim]:
    for part in parts:
        if part.endswith("?") or len(part) not in _CLAIM_CHARS or _NO_CLAIM.match(part):
            continue
        of_self = SELF.search(part) is not None
        subject = subject_of(part)
        if not of_self and not subject and _OTHERS_DEED.match(part) and not _tells_of_change(part):
            continue
        plainly = _plainly(part)
        yield Claim(
            text=part,
            subject=subject,
            of_self=of_self,
            of_other=not of_self and OTHER.search(part) is not None,
            names=tuple(name for name in _names(part) if name.casefold() not in called),
            first=first if (first := _first_name(part)).casefold() not in called else "",
            numbers=tuple(dict.fromkeys(NUMBER.findall(part))),
            words=tuple(dict.fromkeys(meaningful(part))),
            plainly=plainly,
            changes=CHANGE.search(part) is not None or plainly != "",
            replaces=REPLACE.search(part) is not None,
            hedged=HEDGE.search(part) is not None,
            whole=len(parts) == 1,
            cues=tuple(float(cue.search(part) is not None) for cue in _CUES),
        )


def _plainly(part: str) -> str:
    """What patterns read out of it, if one has only one of that, so that it takes another's place."""
    for draft in facts_of(Turn(id="", speaker="I", text=part)):
        if draft.single and draft.confidence >= _SURE:
            relation = _IN_FIRST_PERSON.get(draft.relation, f"my {draft.relation} is")
            return f"{relation} {draft.object}"
    return ""


def subject_of(part: str) -> str:
    """The word for whose affairs a sentence is about; "" when it is whoever speaks."""
    if _KIN_IS_NAMED.match(part):
        return ""
    if kin := _OF_KIN.match(part):
        return kin[1].lower()
    if (owner := _POSSESSOR.match(part)) and not _NO_POSSESSOR.fullmatch(owner[1]):
        return owner[1].lower()
    return ""


def speaks_of_change(text: str) -> bool:
    """Whether any word of `text` is one of change."""
    return _tells_of_change(text) or any(cue.search(text) for cue in _CUES[:_SPEAKING_FOR])


def _tells_of_change(part: str) -> bool:
    return CHANGE.search(part) is not None or REPLACE.search(part) is not None


def _names(part: str) -> tuple[str, ...]:
    """Words with a capital that no sentence's beginning explains."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(part):
        head, _, rest = match[0].partition(" ")
        if match.start() == 0 and not head.endswith("."):
            if rest:
                found[rest] = None
        elif meaningful(head) and not CHANGE.fullmatch(match[0]):
            found[match[0]] = None
    return tuple(found)


def _first_name(part: str) -> str:
    """The word with a capital at the beginning, which may be a name; "" if it is none."""
    match = _NAME.match(part)
    if match is None:
        return ""
    head = match[0].split(" ")[0]
    return head if meaningful(head) and not head.endswith((".", "ing")) else ""
