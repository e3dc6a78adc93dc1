"""Whether words about "you" tell the other one something of themselves, or ask, suppose and wish.

People say "you" of anybody ("if you live in Oslo", "would you like a dog"), so only what stands plainly, or
behind "you told me" and its like, is taken for a fact.
"""

import re

AND_YOU = re.compile(r",? (?:and|but|so) (?=(?:you|your)\b)", re.IGNORECASE)
"""Where a sentence goes on about the other one."""
_NOT_STATED = re.compile(
    r"^\W*(?:(?:and|so|but|well|ok|okay),? )*(?:am|is|are|was|were|do|does|did|have|has|had|can|could|"
    r"will|would|shall|should|may|might|who|whose|what|which|where|when|how|why|let|say|imagine|pretend|suppose)\b|"
    r"\b(?:if|unless|whether|maybe|perhaps|supposing|guess|or|wish|hope)\b|\bnot (?:sure|certain)\b|"
    r",? (?:right|correct|yes|no|huh|is that right|"
    r"(?:is|are|do|does|did|have|has)(?:n['’]t)? (?:it|you|they|he|she))\W*$",
    re.IGNORECASE,
)
"""Questions, some of which no mark ends, and suppositions."""
_TOLD = (
    r"(?:you(?:['’]ve| have)?(?: just| also| once)? (?:told me|said|mentioned)|"
    r"I (?:still |also )?(?:know|remember|recall|see|hear|heard|understand))"
)
_BEFORE = re.compile(
    rf"^(?:.*[,:;–—-])?\W*(?:(?:so|and|but|well|oh|ah|yes|right|ok|okay|because|since|also|now|then)\b\W*)*"
    rf"(?P<told>{_TOLD}(?: (?:earlier|before|once|yesterday|last time|that))*\W*)?$",
    re.IGNORECASE,
)
"""What may stand before "you" where something is stated."""
_READ_CHARS = 120
_IN_COMMON_WORDS = ("favourite", "works as")
"""Relations whose values are seldom names."""


def is_stated(sentence: str) -> bool:
    """Whether `sentence` says how something is."""
    return _NOT_STATED.search(sentence) is None


def tells(before: str, relation: str, value: str) -> bool:
    """Whether `value`, said of "you" behind `before`, is a fact about them.

    "Your table is ready" is about now, and "your dog is Rufus" is for good: without "you told me" a value is
    a name or a number.
    """
    found = _BEFORE.match(before[-_READ_CHARS:])
    if found is None:
        return False
    return (
        found["told"] is not None
        or value[0].isupper()
        or value[0].isdigit()
        or relation.startswith(_IN_COMMON_WORDS)
    )
