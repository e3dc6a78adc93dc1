"""The words of a text, in the one form in which two spellings of the same speech are equal.

In this order, for English:

1. Letters: Unicode's compatible form, lower case; accents stay. Typographic apostrophes become straight.
2. What stands in brackets, such as "[laughs]", is no speech and goes.
3. Signs that are read out become words: "&", "%", "@", "+", sums of money, times, ordinals, digits.
4. Contractions are written out: "isn't" is "is not", "we'll" is "we will", "it's" is "it is" (so with other
   pronouns and question words; elsewhere "'s" is taken for a genitive, and "Mira's" is "miras"), "'d" is
   "would", "gonna" is "going to". Other apostrophes go: "o'clock" is "oclock". Words that are written in one
   or in two, "good-bye" and "e-mail", are one.
5. Abbreviations lose their points ("p.m." is "pm"); all other punctuation parts words, the hyphen too.
6. Hesitations ("um", "uh", "er", "hmm") go; titles, "OK" and British spellings take one form.
7. Spelled numbers take one form, the same as digits have got in step 3.

Of other languages it treats case, brackets and punctuation alike.
"""

import re
import unicodedata

from antiphon.evals.numbers import COINS, is_number, read_out, respell

_SIGNS = {"&": " and ", "%": " percent ", "@": " at ", "+": " plus ", "’": "'", "‘": "'", "ʼ": "'"}
_WRITTEN_OUT = (
    (r"\bwon't\b", "will not"),
    (r"\bshan't\b", "shall not"),
    (r"\bcan(?:'t|not)\b", "can not"),
    (r"\bain't\b", "is not"),
    (r"n't\b", " not"),
    (r"\blet's\b", "let us"),
    (r"\b(it|he|she|that|this|there|here|what|who|where|when|how|why|everything|everybody)'s\b", r"\1 is"),
    (r"'re\b", " are"),
    (r"'ve\b", " have"),
    (r"'ll\b", " will"),
    (r"'m\b", " am"),
    (r"'d\b", " would"),
    (r"\bgonna\b", "going to"),
    (r"\bwanna\b", "want to"),
    (r"\bgotta\b", "got to"),
    (r"\bgimme\b", "give me"),
    (r"\blemme\b", "let me"),
    (r"\bper cent\b", "percent"),
    (r"\ball right\b", "alright"),
    (r"\bgood[- ]bye?\b", "goodbye"),
    (r"\bto-(day|night|morrow)\b", r"to\1"),
    (r"\be-mail", "email"),
)
_HESITATIONS = frozenset(
    ("ah", "eh", "em", "er", "erm", "hm", "hmm", "hmmm", "mhm", "mm", "mmm", "uh", "uhm", "um", "umm")
)
_ONE_FORM = {
    "ok": "okay",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "etc": "etcetera",
    "grey": "gray",
    "centre": "center",
    "theatre": "theater",
    "metre": "meter",
    "litre": "liter",
    "programme": "program",
    "cheque": "check",
    "tyre": "tire",
    "licence": "license",
    "defence": "defense",
    "practise": "practice",
}
_OUR = re.compile(r"^((?:un|dis)?(?:col|fav|flav|hon|hum|lab|neighb|behavi|harb|rum|od|vap|arm|sav))our")
_ISE = re.compile(
    r"^((?:real|organ|recogn|apolog|critic|special|modern|memor|emphas|minim|maxim|optim|summar|civil)i)"
    r"s(e|es|ed|er|ers|ing|ation|ations)$"
)
_DOUBLED = re.compile(r"^(travel|cancel|label|model|level|fuel|signal|marvel|jewel)l(ed|ing|er|ers)$")


def normalize(text: str) -> list[str]:
    """The words of `text` that count, in their one form; see the head of this module."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>", " ", text)
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    text = read_out(text)
    for pattern, word in _WRITTEN_OUT:
        text = re.sub(pattern, word, text)
    text = re.sub(r"\b(?:\w\.)+\w\b\.?", lambda found: found[0].replace(".", ""), text)
    text = "".join(letter if letter.isalnum() or _joins(letter) else " " for letter in text.replace("'", ""))
    words = [_one_form(word) for word in text.split() if word not in _HESITATIONS]
    return respell(_readings(words))


def _joins(letter: str) -> bool:
    """Whether it belongs to the letter before it, as vowel signs and accents do in many scripts."""
    return unicodedata.category(letter).startswith("M")


def _one_form(word: str) -> str:
    word = _ONE_FORM.get(word, word)
    word = _OUR.sub(r"\1or", word)
    word = _ISE.sub(r"\1z\2", word)
    return _DOUBLED.sub(r"\1\2", word)


def _readings(words: list[str]) -> list[str]:
    """What is said in numbers and not written: "three dollars and fifty cents", "nineteen oh five"."""
    said: list[str] = []
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word == "and" and before in COINS and is_number(after):
            continue
        said.append("zero" if word == "oh" and is_number(before) and is_number(after) else word)
    return said
