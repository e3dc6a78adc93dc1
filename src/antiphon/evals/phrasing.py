"""The same in other words: a small model may phrase what a caller says, if nothing is lost or added.

It is asked once. What it says is taken only when every number and name of the scenario's own line is in it
and no other, most of its words are kept, and it is not much longer. Otherwise the scenario's line is said.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

from antiphon.contracts import LanguageModel, Message, Prompt, Sampling, TextDelta
from antiphon.evals.numbers import is_number
from antiphon.evals.wording import normalize

Phrase: TypeAlias = Callable[[str, int, str], str]
"""From a line, a seed, and who speaks, to the line in other words."""

_KEPT = 0.6
_LONGER = 1.6
_TASK = (
    "You rephrase what somebody says on the telephone. Keep every name, number, day and time. Add nothing. "
    "Answer with the one sentence only."
)
_SAMPLES = (
    ("There will be four of us.", "We will be four of us, please."),
    ("I'd like to book a table for Friday.", "Well, I'd like to book a table for Friday, please."),
)


def phrased_by(model: LanguageModel) -> Phrase:
    """Phrasing by `model`."""

    def phrase(text: str, seed: int, who: str) -> str:
        messages = [Message("system", f"{_TASK} It should sound like this person: {who}")]
        for said, other in _SAMPLES:
            messages += [Message("user", said), Message("assistant", other)]
        sampling = Sampling(max_tokens=60, temperature=0.9, seed=seed % 2**31)
        pieces = model.generate(
            Prompt((*messages, Message("user", text))), sampling, cache_key="evaluation phrasing"
        )
        said = "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)).strip().strip('"')
        return said if keeps(text, said) else text

    return phrase


def keeps(text: str, said: str) -> bool:
    """Whether `said` says what `text` says: the same numbers and names, most of its words, little else."""
    own, other = normalize(text), normalize(said)
    if not own or not other or len(other) > max(_LONGER * len(own), len(own) + 3):
        return False
    if sorted(filter(is_number, own)) != sorted(filter(is_number, other)):
        return False
    if any(word not in own for word in capitals(said)) or any(word not in other for word in capitals(text)):
        return False
    return sum(word in other for word in own) >= _KEPT * len(own)


def capitals(text: str) -> list[str]:
    """Words with a capital that do not begin a sentence."""
    found = re.findall(r"(?<![.!?]\s)(?<!^)\b([A-Z][a-z]{2,})", text)
    return [word for name in found for word in normalize(name)]
