"""Ways of saying who lives where, does what, has which number, is whose sister."""

# A pattern is read as a whole: broken over lines it is not.
# ruff: noqa: E501

import re
from collections.abc import Sequence

import msgspec

_WHO = (
    r"(?<!\w)(?P<who>I|we|[Mm]y (?:[a-z]+ )?[a-z]+(?: [A-Z]\w+)?|[Oo]ur [a-z]+|"
    r"[Yy]ou|[Yy]our (?:[a-z]+ )?[a-z]+(?: [A-Z]\w+)?|"
    r"[A-Z][\w-]+(?: [A-Z][\w-]+)?)"
)
_PERSON = (
    r"(?P<who>I|[Mm]y (?:[a-z]+ )?(?:mother|mom|mum|father|dad|parent|grandmother|grandma|grandfather|grandpa|"
    r"sister|brother|sibling|twin|daughter|son|child|kid|baby|boy|girl|grandson|granddaughter|aunt|uncle|"
    r"cousin|niece|nephew|wife|husband|partner|spouse|fiance|fiancee|girlfriend|boyfriend|friend|roommate|"
    r"neighbour|neighbor|colleague|boss|teacher|dog|puppy|cat|kitten|horse)(?: [A-Z]\w+)?|"
    r"(?!(?i:you|number|code|size|pin|room|flat|house|gate|line|platform|bus|page|table)\b)"
    r"[A-Z][\w-]+(?: [A-Z][\w-]+)?)"
)
"""Whose age a number may be: a number is more often a house's, a code, a size."""
_HAVE = r"(?:'ve|’ve| have| has|'s|’s)?(?: (?:just|recently|finally|now|actually|also|already|been))*"
_BE = r"(?: am|'m|’m| is|'s|’s| are|'re|’re| was| were)(?: (?:now|currently|actually|still|really))*"
_TEXT = r"(?:\b(?:Dr|Mr|Mrs|Ms|St)\. |[^,.;!?\n])"
_WHAT = rf"(?P<what>{_TEXT}{{1,80}})"


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A way of saying a relation."""

    relation: str
    """May name a group of the match in braces."""
    form: re.Pattern[str]
    single: bool = False
    ended: bool = False
    confidence: float = 0.9


def _p(
    relation: str, form: str, *, single: bool = False, ended: bool = False, confidence: float = 0.9
) -> Pattern:
    return Pattern(
        relation=relation, form=re.compile(form), single=single, ended=ended, confidence=confidence
    )


_NO_LONGER = (
    r"(?: don't| don’t| doesn't| doesn’t| no longer|'m no longer|’m no longer| am no longer| is no longer)"
)
PATTERNS: Sequence[Pattern] = (
    _p(
        "lives in",
        rf"{_WHO}{_HAVE} (?:moved|relocated|move) (?:back )?(?:from [\w ]{{1,40}} )?to {_WHAT}",
        single=True,
    ),
    _p("lives in", rf"{_WHO} used to live in {_WHAT}", ended=True),
    _p("lives in", rf"{_WHO}{_NO_LONGER} liv(?:e|es|ing) in {_WHAT}", ended=True),
    _p(
        "lives in",
        rf"{_WHO}{_HAVE}(?:{_BE})? (?:live|lives|living|based|staying|settled) (?:in|over in) {_WHAT}",
        single=True,
    ),
    _p(
        "comes from",
        rf"{_WHO}(?: come| comes|{_BE}) (?:originally )?from {_WHAT}",
        single=True,
        confidence=0.7,
    ),
    _p("works at", rf"{_WHO} used to work (?:at|for) {_WHAT}", ended=True),
    _p("works at", rf"{_WHO}{_NO_LONGER} work(?:s|ing)? (?:at|for) {_WHAT}", ended=True),
    _p("works at", rf"{_WHO}{_HAVE} (?:quit|left) (?:my|your|his|her|their) job at {_WHAT}", ended=True),
    _p("works at", rf"{_WHO}{_HAVE}(?:{_BE})? (?:work|works|working) (?:at|for) {_WHAT}", single=True),
    _p(
        "works at",
        rf"{_WHO}{_HAVE} (?:joined|started (?:working )?(?:at|for)|got (?:a|the|my) (?:new )?job (?:at|with)) {_WHAT}",
        single=True,
    ),
    _p("works as", rf"{_WHO} used to (?:work as|be) (?:a|an) {_WHAT}", ended=True),
    _p("works as", rf"{_WHO}{_HAVE}(?:{_BE})? (?:work|works|working) as (?:a|an|the) {_WHAT}", single=True),
    _p("is called", rf"{_WHO}{_BE} (?:called|named) {_WHAT}", single=True),
    _p("name", r"(?i:my name is|call me) (?P<what>[A-Z][\w-]+(?: [A-Z][\w-]+)?)", single=True),
    _p(
        "age",
        rf"{_PERSON}{_HAVE}(?:{_BE}| turned) (?P<what>\d{{1,3}})(?: years old)?(?=$|[\s,.!?])(?![\s,.]*\d)(?! (?:miles|days|hours|minutes|weeks|months|years ago))",
        single=True,
    ),
    _p(
        "age",
        rf"(?<!\w)(?P<who>[Yy]ou|[Yy]our (?:[a-z]+ )?[a-z]+){_BE} (?P<what>\d{{1,3}}) years old",
        single=True,
    ),
    _p("partner", rf"{_WHO}{_BE} (?:married to|engaged to|dating|seeing) {_WHAT}", single=True),
    _p(
        "favourite {thing}",
        rf"(?<!\w)(?P<who>[Mm]y|[Yy]our|[A-Z]\w+['’]s) (?:(?:new|current|all-time|absolute) )?(?:favou?rite) (?P<thing>[a-z]+(?: [a-z]+)?)(?: (?:now|currently))? (?:is|are)(?: now| currently| actually)? {_WHAT}",
        single=True,
    ),
    _p(
        "{thing}",
        rf"(?:[Tt]he )?(?<!\w)(?P<who>[Mm]y|[Oo]ur|[Yy]our|[A-Z][a-z]+['’]s) (?:(?:new|current|latest) )(?P<thing>[a-z]+(?:[ -][a-z]+)?) (?:is|are)(?: now)? {_WHAT}",
        single=True,
        confidence=0.8,
    ),
    _p(
        "{thing}",
        rf"(?<!\w)(?P<who>[Mm]y|[Oo]ur|[Yy]our|[A-Z][a-z]+['’]s) (?P<thing>[a-z]+(?:[ -][a-z]+)?) (?:is|are|has been)(?: now| currently| actually)? (?:now )?(?:called |named |changed to |moved to )?{_WHAT}",
        single=True,
        confidence=0.6,
    ),
    _p(
        "{thing}",
        rf"(?:{_WHO}{_HAVE} )(?:changed|switched|updated|moved|upgraded|replaced) (?:my|our|your|his|her|the) (?P<thing>[a-z]+(?:[ -][a-z]+)?) (?:from [\w ]{{1,40}} )?(?:to|with) {_WHAT}",
        single=True,
    ),
    _p(
        "{thing}",
        rf"(?P<who>[Tt]he) (?P<thing>[a-z]+(?:[ -][a-z]+)?) (?:is now|has (?:been )?(?:changed|moved) to|was (?:changed|moved) to) {_WHAT}",
        single=True,
        confidence=0.7,
    ),
    _p(
        "likes",
        rf"{_WHO} (?:really |just |absolutely )?(?:love|loves|like|likes|enjoy|enjoys|adore|adores) {_WHAT}",
        confidence=0.7,
    ),
    _p(
        "dislikes",
        rf"{_WHO} (?:really )?(?:hate|hates|can't stand|can’t stand|dislike|dislikes) {_WHAT}",
        confidence=0.7,
    ),
    _p(
        "has",
        rf"{_WHO}{_HAVE} (?:got|adopted|bought|own|owns|have|has) (?P<what>(?:a|an|two|three|four|some) [^,.;!?\n]{{1,60}})",
        confidence=0.6,
    ),
    _p(
        "did",
        rf"{_WHO}{_HAVE} (?P<what>(?:went|visited|attended|joined|ran|finished|started|signed up|passed|won|took) [^,.;!?\n]{{1,60}})",
        confidence=0.6,
    ),
)
"""Tried in this order on every sentence; an earlier one keeps later ones from the same words."""
