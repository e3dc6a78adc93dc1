"""Names as people say them: "my name is Élodie Dupré", "Um, Brook.", "Brook speaking". And what is none."""

import re
from collections.abc import Iterator, Sequence

from antiphon.samp.said_numbers import Found

_ANSWER_WORDS_MAX = 9
"""A name in a longer sentence than this, without a cue, is hardly the answer to a question for it."""

_CAPITALS = "".join(chr(code) for code in range(0x2000) if chr(code).isupper())
_LETTER = "[\\w\u0300-\u036f'’&-]"
"""What a name goes on with, accents that are written apart included."""
_WORD = rf"(?:[{_CAPITALS}]\.|[{_CAPITALS}0-9&]{_LETTER}*(?:\.{_LETTER}+)*)"
_PARTICLE = r"(?:of|and|the|de|der|den|del|della|di|da|du|la|le|van|von|zu|al|el|bin|&)"
_NAME = rf"(?<!\w){_WORD}(?:\s+(?:{_PARTICLE}\s+){{0,2}}{_WORD}){{0,4}}"
_BETWEEN = (
    r"[\s,…]+(?:(?i:u[hm]+|erm?|h+m+|well|the(?:\s+(?:sur|last\s+|family\s+)?name(?:\s+of)?)?)\b[\s,.…]*)*"
)
"""What may stand between a cue and a name: "under the name Smith"."""
_CUED = re.compile(rf"{_BETWEEN}((?:(?:de|der|van|von|la|el|al|di|da)\s+)*{_NAME})")
_UNCUED = re.compile(_NAME)
_SMALL = re.compile(
    rf"{_BETWEEN}([^\W\d_]{_LETTER}*(?: [^\W\d_]{_LETTER}*){{0,3}}?)"
    r"(?=\W*$|\s*[,.!;]|\s+(?:and|but|so|i|i['’]\w+|we|here|speaking|please|thanks|thank)\b)"
)
"""A name in small letters, as people type: it takes up all that is said there."""
_SAYS_NAME = re.compile(r"\b(?:sur)?name\b", re.IGNORECASE)
_TYPED_SMALL = re.compile(rf"\W*\w?(?:\bI\b|[^{_CAPITALS}])*")
"""A text without capitals, but for the first letter and "I", which telephones see to."""
_INITIALS = re.compile(r"(?<![^\W_])[^\W\d_]")
_SMALL_WORDS = frozenset(_PARTICLE[3:-1].split("|"))
_SPELLED = re.compile(r"\w(?:[-.]\w)*\.?")

_NO_NAME = """
a an and are but can could do good hello hi how i i'd i'll i'm i've is it it's let lets my no not oh ok okay
all please so sure thank thanks that that's the this try we well what when where who yes you your
absolutely alright amazing any awesome book cool excellent exactly find fine give goodbye great help look
maybe nice none nope nothing perfect play reserve search show something understood wait wonderful yeah yep
"""
_NO_NAMES = frozenset(_NO_NAME.split())
_FILLER = """
about actually afternoon again ah ahem also anything anyway around as aw aye beautiful because before bless
both brilliant by bye certainly change cheers come correct course dear definitely don't eh er erm evening
everybody everyone everything excuse fair fantastic few first for forget from gladly go gosh ha hang hardly
have he her here hey hm hmm hmmm hold honestly huh if in inside indeed instead just know later like listen
lovely me mean mhm minute mm mmm moment morning much never nobody now of on one only or our ouch outside
pardon possibly precisely probably quite rather ready really right say second see seriously shall she since
soon sorry speaking splendid still stop super tell terrific that'll that'd then there there's these they
think those thinking time to today tomorrow tonight too totally truly uh uhm uhh um umm under us very was
we'd we'll we're we've were what's which while why with wow wrong yay yup
"""
_FILLERS = _NO_NAMES | frozenset(_FILLER.split())
_OF_NAMES = """
changed common complicated confidential difficult different easy foreign funny gone hard important irrelevant
kind long misspelled missing mispronounced odd personal private pronounced rare secret short simple spelled
spelt strange unimportant unknown unusual weird written
"""
_SAID_OF_NAMES = _FILLERS | frozenset(_OF_NAMES.split())
"""What people say of a name in its place: "my name is not important"."""
_TAIL = (
    "again and as for from here is like of please should sounds speaking thank thanks will with works would"
)
_GOES_ON = frozenset(_TAIL.split())
"""Small words that may follow a name of one word at the start of a sentence: "Brook speaking"."""


def names(
    text: str, cues: Sequence[tuple[int, int]], *, asked: bool, taken: Sequence[tuple[int, int]]
) -> Iterator[tuple[Found, bool]]:
    """Names in `text`, the likeliest first, each with whether a cue stands before it.

    Args:
        text: the caller's words.
        cues: where the words stand that a name follows.
        asked: whether a name was asked for: then one alone is an answer.
        taken: where something stands that is no name without a cue, such as a day or an option.
    """
    for start, end in cues:
        match = _CUED.match(text, end)
        if match and (name := _bare(match[1], _NO_NAMES)):
            yield Found(match.start(1), match.start(1) + len(name), name), True
        elif found := _in_small_letters(text, start, end):
            yield found, True
    if asked and not cues and "?" not in text and len(text.split()) <= _ANSWER_WORDS_MAX:
        found = list(_alone(text, taken))
        # "Golly, Brook.": behind the first word of all, which may be anything, another one is the name.
        found.sort(key=lambda each: (-len(str(each.value).split()), each.start == _begins(text)))
        yield from ((each, False) for each in found)


def _in_small_letters(text: str, start: int, end: int) -> Found | None:
    """The name behind the cue from `start` to `end`, where all is written small and the word "name" is said.

    "I am tired" says nothing of a name, and in a text with capitals a name has one.
    """
    match = _SMALL.match(text, end)
    if (
        match is None
        or not _SAYS_NAME.search(text[start : match.start(1)])
        or not _TYPED_SMALL.fullmatch(text)
    ):
        return None
    said = match[1].split()
    if any(word.replace("’", "'") in _SAID_OF_NAMES - _SMALL_WORDS for word in said):
        return None
    if re.search(r"\bthe\s+$", text[end : match.start(1)]) or said[0] in ("the", "and", "of"):
        return None
    if said[-1] in _SMALL_WORDS:
        return None
    name = " ".join(
        word if word in _SMALL_WORDS else _INITIALS.sub(lambda first: first[0].upper(), word) for word in said
    )
    return Found(*match.span(1), name)


def only_fillers(text: str) -> bool:
    """Whether the words say nothing: "Hang on.", "Um, sorry." """
    return all(word in _FILLERS for word in re.findall(r"[\w']+", text.lower().replace("’", "'")))


def _alone(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[Found]:
    for match in _UNCUED.finditer(text):
        name = _bare(match[0], _FILLERS)
        start = match.start() + match[0].find(name)
        spans = [(start + word.start(), start + word.end()) for word in re.finditer(r"\S+", name)]
        none = all(any(low <= begin and end <= high for low, high in taken) for begin, end in spans)
        if not none and not _SPELLED.fullmatch(name) and not _begins_a_sentence(text, start, name):
            yield Found(start, start + len(name), name)


def _begins_a_sentence(text: str, start: int, name: str) -> bool:
    """Whether it has its capital only from standing first, as "Hang" in "Hang on"."""
    if " " in name or not re.search(r"(?:^|[.!…])\W*$", text[:start]):
        return False
    following = re.match(r"\s+([\w'’]+)", text[start + len(name) :])
    return following is not None and following[1].islower() and following[1] not in _GOES_ON


def _begins(text: str) -> int:
    return len(text) - len(text.lstrip(" .,…\"'"))


def _bare(text: str, fillers: frozenset[str]) -> str:
    words = text.rstrip(".,!?").split()
    while words and words[0].lower().replace("’", "'").strip(".,") in fillers:
        words = words[1:]
    # A number alone is a count or a time, never somebody's name.
    return " ".join(words) if any(char.isalpha() for word in words for char in word) else ""
