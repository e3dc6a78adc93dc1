"""Somebody is asked for without a name, as in "somebody who knows wine". By rule, in English. Pure."""

import re

_SOMEBODY = (
    r"(somebody|someone|anybody|anyone|whoever|(a|an|the|some|any|your|that|my|this) (\w+ ){0,3}"
    r"(person|people|lady|woman|man|guy|gentleman|boy|girl|expert|specialist|professional|staff|one|colleague))"
)
_WANTS = (
    r"(i'?d|i would|i want|i need|i must|we'?d|we need|let me|can|could|may|is there|are there|please|get me|"
    r"give me|put|connect|back|now|should|maybe|prefer|rather|have)"
)
_ASKED_FOR = re.compile(rf"\b{_WANTS}\b[^.?!]*\b{_SOMEBODY}\b", re.IGNORECASE)
_WHO = re.compile(
    r"\bwho (can|could|do|should|is|knows|does|would|shall|may|might)\b(?! you\b)[^.?!]*"
    r"\b(i|me|tell|help|explain|responsible|charge|knows|that)\b",
    re.IGNORECASE,
)
_NOT_ASKED = re.compile(
    r"\b((some|any|no)(one|body)( else)?|person|colleague|man|lady|friend|who) (\w+ )?"
    r"(told|said|recommended|called|tried|gave|wrote|made|took|will|may|might|is waiting|comes?)\b|"
    r"\b(talk|speak|talking|speaking|check|ask|asked|talked|spoke)( to| with)? "
    r"(my|our|his|her|some\w+ here)\b|"
    r"\b(one of us|(my|our) (\w+ )?\w+) (is|was|are|knows?|says?|said|told|made|will|also|has|comes?)\b|"
    r"\b(you are|you're|are you|am i)\b|\bwho am i\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"\b(again|back|before|earlier|first|return|go on|continue|finish)\b", re.IGNORECASE)


def asks_for_somebody(words: str) -> float:
    """1 when the words ask for somebody, 0 otherwise."""
    words = words.replace("’", "'")
    if _NOT_ASKED.search(words):
        return 0.0
    return float(bool(_ASKED_FOR.search(words) or _WHO.search(words)))


def speaks_of_before(words: str) -> float:
    """1 when the words speak of going back to something, 0 otherwise."""
    return float(bool(_BEFORE.search(words)))


def speaks_of_others(words: str) -> float:
    """1 when the words speak of others who are not asked for, 0 otherwise."""
    return float(bool(_NOT_ASKED.search(words.replace("’", "'"))))
