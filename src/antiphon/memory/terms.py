"""Words as the memory compares them: folded, without filler, cut to a stem.

The stemmer is a light relative of Porter's (1980): it need not give words, only the same letters for forms
that people use for one another ("painting", "painted", "paints").
"""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_NAME = re.compile(r"(?<=[\w,] )[A-Z][^\W\d_]{2,}")
_VOWEL = re.compile(r"[aeiouy]")
_FILLER = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "if",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "with",
        "by",
        "from",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "do",
        "does",
        "did",
        "have",
        "has",
        "had",
        "i",
        "me",
        "my",
        "mine",
        "we",
        "us",
        "our",
        "you",
        "your",
        "he",
        "him",
        "his",
        "she",
        "her",
        "it",
        "its",
        "they",
        "them",
        "their",
        "this",
        "that",
        "these",
        "those",
        "what",
        "which",
        "who",
        "whom",
        "when",
        "where",
        "why",
        "how",
        "not",
        "no",
        "so",
        "too",
        "very",
        "just",
        "can",
        "could",
        "will",
        "would",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "there",
        "here",
        "then",
        "than",
        "about",
        "into",
        "over",
        "after",
        "before",
        "up",
        "down",
        "out",
        "off",
        "again",
        "more",
        "most",
        "some",
        "any",
        "all",
        "both",
        "each",
        "few",
        "other",
        "own",
        "same",
        "s",
        "t",
        "re",
        "ve",
        "ll",
        "d",
        "m",
        "don",
        "oh",
        "hey",
        "hi",
        "yeah",
    ]
)
_PLURALS = (("sses", "ss"), ("ies", "y"), ("ied", "y"))
_VERB_ENDINGS = ("ingly", "edly", "ing", "ed")
_NOUN_ENDINGS = (
    ("fulness", "ful"),
    ("iveness", "ive"),
    ("ousness", "ous"),
    ("ational", "ate"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ement", ""),
    ("ment", ""),
    ("ness", ""),
    ("ally", "al"),
    ("ly", ""),
    ("er", ""),
    ("or", ""),
    ("ist", ""),
    ("ful", ""),
    ("able", ""),
    ("ion", ""),
)
_LONGEST_WORD = 64
"""Longer ones are not words; what is looked for cannot be among them."""


def words(text: str) -> list[str]:
    """The words of `text`, folded, in order, the possessive 's gone."""
    return [_bare(word) for word in _WORD.findall(text.casefold()) if len(word) <= _LONGEST_WORD]


def terms(text: str) -> list[str]:
    """The stems of the words of `text` that say something, in order."""
    return [stem(word) for word in meaningful(text)]


def meaningful(text: str) -> list[str]:
    """The words of `text` that say something, in order."""
    return [word for word in words(text) if word not in _FILLER]


def name_keys(text: str) -> list[str]:
    """Keys of the names in `text`: words with a capital that no sentence's beginning explains.

    A key cannot be mistaken for a term, so both can share one index.
    """
    return list(dict.fromkeys(f"@{word.casefold()}" for word in _NAME.findall(text)))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """What `word`, folded, shares with its other forms."""
    if len(word) < 4 or not word.isascii():
        return word
    word = _without_plural(word)
    word = _without_verb_ending(word)
    for ending, instead in _NOUN_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + instead
            break
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 2 else word


def _bare(word: str) -> str:
    word = word.replace("’", "'")
    head, quote, tail = word.partition("'")
    # "don't" and "I'm" fall to their filler halves; "Anna's" is Anna.
    return head if quote and tail in ("s", "m", "re", "ve", "ll", "d", "t") else word.replace("'", "")


def _without_plural(word: str) -> str:
    for ending, instead in _PLURALS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _without_verb_ending(word: str) -> str:
    for ending in _VERB_ENDINGS:
        rest = word[: -len(ending)]
        if word.endswith(ending) and len(rest) >= 2 and _VOWEL.search(rest):
            if len(rest) > 2 and rest[-1] == rest[-2] and rest[-1] not in "lsz":
                return rest[:-1]
            return rest + "e" if rest.endswith(("at", "bl", "iz")) else rest
    return word
