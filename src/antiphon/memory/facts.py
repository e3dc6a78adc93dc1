"""Facts read out of a turn by patterns: who lives where, does what, has which number, is whose sister.

Patterns are few and precise. What they miss is not lost: the turn itself is remembered word for word, and
recall works on turns; a fact adds what a turn alone cannot say, that it no longer holds.
"""

import re
from datetime import date

from antiphon.memory.dates import spans
from antiphon.memory.fact_patterns import PATTERNS, Pattern
from antiphon.memory.second_person import AND_YOU, is_stated, tells
from antiphon.memory.values import Draft, Turn

_LOOSE = 0.6
"""The confidence of patterns that also match what is no fact ("my dream is to travel")..."""
_NAME_WORDS = 3
"""...so that only a value as short as a name or a number may take another's place."""


FACTS_MAX = 16
"""Out of one turn; a text with more is a document and not somebody's word."""
_READ_CHARS = 4000
_ONE_THING_CHARS = 120
_SENTENCE = re.compile(
    r"(?<=[.!?;])(?<!\b(?:Dr|Mr|Ms|St)\.)(?<!\bMrs\.)\s+|\n+"
    r"|,? (?:and|but|so) (?=(?:I|we|my|our|he|she|they)\b)"
)
_TAIL = re.compile(
    r"\s*(?:\b(?:and|but|because|as|since|so|now|today|yesterday|these days|at the moment|anymore|any more|"
    r"last|this|next|for|with|after|before|when|while|who|which|that|in (?:19|20)\d\d|as of|starting|"
    r"instead|though|by the way|right now|currently|again|already|too|as well|from now on|until|"
    r"a (?:few|couple)|\w+ (?:day|week|month|year)s? ago|on (?:mon|tues|wednes|thurs|fri|satur|sun)day)\b.*"
    r"|[\s\"“”'’(\[-]+)$",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:(?:a|an|the|my|our|his|her|their|called|named|to be|at|in)\s+)+", re.IGNORECASE)
_EMPTY = frozenset(
    [
        "it",
        "that",
        "this",
        "there",
        "here",
        "so",
        "not",
        "very",
        "really",
        "good",
        "great",
        "fine",
        "ok",
        "okay",
        "well",
        "sure",
        "awesome",
        "amazing",
        "nice",
        "the",
        "a",
        "my",
        "your",
        "happy",
        "sad",
        "glad",
        "sorry",
        "excited",
        "much",
        "more",
        "one",
        "ones",
        "them",
        "him",
        "her",
        "me",
        "you",
        "us",
        "what",
        "how",
        "something",
        "anything",
        "everything",
        "nothing",
        "on",
        "off",
        "up",
        "down",
        "back",
    ]
)
_NOT_NAMES = frozenset(
    [
        "The",
        "This",
        "That",
        "It",
        "There",
        "What",
        "Who",
        "How",
        "Where",
        "When",
        "Why",
        "Everyone",
        "Everything",
        "Nothing",
        "Someone",
        "Yes",
        "No",
        "Oh",
        "Hey",
        "Well",
        "And",
        "But",
        "So",
        "Or",
        "If",
        "He",
        "She",
        "They",
        "You",
        "These",
        "Those",
        "Wow",
        "Thanks",
        "Life",
        "Here",
        "Then",
        "Now",
        "Today",
        "One",
        "Something",
        "We",
        "My",
        "Our",
        "Recently",
        "Also",
        "Just",
        "Yesterday",
        "Lately",
        "Actually",
        "Finally",
        "Hi",
        "Not",
        "It",
        "Your",
        "Dear",
        "Hopefully",
    ]
)


def facts_of(turn: Turn) -> list[Draft]:
    """What `turn` says, with subjects named: "I" and "my" are its speaker, "you" and "your" who is told."""
    said = _day(turn.said_at)
    found: dict[tuple[str, str, str], Draft] = {}
    for sentence in sentences(turn.text):
        if sentence.rstrip().endswith("?"):
            continue
        told = turn.to if is_stated(sentence) else ""
        for part in AND_YOU.split(sentence):
            for draft in _of_sentence(part, turn, told, said):
                found.setdefault((draft.subject, draft.relation, draft.object.casefold()), draft)
        if len(found) >= FACTS_MAX:
            break
    return list(found.values())[:FACTS_MAX]


def sentences(text: str) -> list[str]:
    """The sentences of `text`, and the parts of those in which somebody begins anew with "and I"."""
    return _SENTENCE.split(text[:_READ_CHARS])


def says_one_thing(text: str) -> bool:
    """Whether `text` is one sentence, and no long one."""
    return len(text) <= _ONE_THING_CHARS and len([part for part in sentences(text) if part.strip()]) == 1


def _of_sentence(sentence: str, turn: Turn, told: str, said: date | None) -> list[Draft]:
    taken: list[tuple[int, int]] = []
    drafts: list[Draft] = []
    for pattern in PATTERNS:
        for match in pattern.form.finditer(sentence):
            start, end = match.span()
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            draft = _draft(pattern, match, turn.speaker, told, said)
            if draft is not None:
                drafts.append(draft)
                taken.append((start, end))
    return drafts


def since(sentence: str, said_at: str) -> str:
    """From which ISO date on what `sentence` says holds, when it was said at `said_at`; "" if unknown."""
    return _since(sentence, _day(said_at))


def _since(sentence: str, said: date | None) -> str:
    if said is None:
        return ""
    when = spans(sentence, said)
    return (when[0].first if when and when[0].first <= said else said).isoformat()


def _draft(
    pattern: Pattern, match: re.Match[str], speaker: str, told: str, said: date | None
) -> Draft | None:
    groups, sentence = match.groupdict(), match.string
    who = groups.get("who", "I")
    of_you = who.split(" ")[0].lower() in ("you", "your")
    subject = _subject(who, told if of_you else speaker)
    value = _value(groups["what"])
    thing = groups.get("thing", "")
    if not subject or not value or (thing and set(thing.split()) & _EMPTY):
        return None
    if of_you and not tells(sentence[: match.start()], pattern.relation, value):
        return None
    return Draft(
        subject=subject,
        relation=pattern.relation.format(thing=thing),
        object=value,
        valid_from=_since(sentence, said),
        confidence=pattern.confidence,
        single=pattern.single and (pattern.confidence > _LOOSE or len(value.split()) <= _NAME_WORDS),
        ended=pattern.ended,
        told=told if of_you else "",
    )


def _subject(who: str, speaker: str) -> str:
    head, _, rest = who.partition(" ")
    if head.lower() in ("i", "we", "my", "our", "you", "your"):
        if not rest or not speaker:
            return speaker
        # "my sister Ana" is Ana; "my sister" is whoever that is to the speaker.
        named = rest.split()[-1]
        return named if named[0].isupper() else f"{speaker}'s {rest.lower()}"
    if who.lower() == "the":
        return "everyone"
    bare = re.sub(r"['’]s$", "", who)
    return "" if bare.split()[0] in _NOT_NAMES else bare


def _value(text: str) -> str:
    before = None
    while text != before:
        before = text
        text = _ARTICLE.sub("", _TAIL.sub("", text).strip())
    if len(text) < 2 and not text.isdigit():
        return ""
    return "" if text.lower().split()[0] in _EMPTY or len(text.split()) > 8 else text


def _day(said_at: str) -> date | None:
    try:
        return date.fromisoformat(said_at[:10])
    except ValueError:
        return None
