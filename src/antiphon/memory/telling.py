"""What the words of a turn speak for: its telling how something is from now on, or its only sounding so.

"since", "over to" and "gave up" say it, "used to", "if" and "my friend's" say otherwise, and nobody needs to
guess how much. Words, and pairs of neighbours, that are met in many kinds of facts are fitted together with
the weights of `rivals`; a name is as good as any other, and so is a number.
"""

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

import msgspec

_WORD = re.compile(r"\d[\d.,:]*|[^\W\d_]+(?:['’][^\W\d_]+)?|[?!;:,]")
_I = re.compile(r"I(?:['’]|$)")
_NAME: Final = "X"
_NUMBER: Final = "0"
_READ_CHARS = 2000


def telling(text: str) -> float:
    """How much the words of `text` speak for it, in log-odds."""
    weights = _weights()
    return sum(weights.get(phrase, 0.0) for phrase in phrases(text))


def phrases(text: str) -> dict[str, None]:
    """The distinct words of `text` and pairs of neighbours, in order; its two ends are neighbours, too."""
    said = ["^"]
    begins = True
    for word in _WORD.findall(text[:_READ_CHARS]):
        said_as = _said_as(word, begins=begins)
        begins = word in "?!;:" or (begins and word == ",")
        if said_as not in (_NAME, _NUMBER) or said[-1] != said_as:
            said.append(said_as)
    said.append("$")
    pairs = [f"{one} {other}" for one, other in pairwise(said)]
    return dict.fromkeys([*said[1:-1], *pairs])


def _said_as(word: str, *, begins: bool) -> str:
    if word[0].isdigit():
        return _NUMBER
    if word[0].isupper() and not begins and not _I.match(word):
        return _NAME
    return word.lower().replace("’", "'")


@cache
def _weights() -> dict[str, float]:
    text = (files("antiphon.memory") / "telling.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, float])
