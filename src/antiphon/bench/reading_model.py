"""A language model for volume: it reads the prompt as a model does, and answers by rule, in no time.

What an agent says then depends on what its prompt holds, so that a prompt without a past makes it forget, and
a scene that asks for something makes it ask. Chance decides about its wording, and now and then it says too
much or forgets to ask; the dice are thrown by its seed and by the caller's words.
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from random import Random
from typing import Annotated, ClassVar, Self

import msgspec

from antiphon.contracts import (
    NEVER,
    Cancel,
    ConfigInvalid,
    EngineCard,
    EngineSetup,
    Piece,
    Prefilled,
    Prompt,
    Sampling,
)
from antiphon.engines.scripted.language_model import LanguageModelSettings, ScriptedLanguageModel

FORGETS_TO_ASK = 0.08
SAYS_MORE = 0.2
_YES = ("Very well.", "Of course.", "Good.", "Certainly.", "With pleasure.")
_MORE = (
    "You are very welcome, and do take your time.",
    "It is a fine day for it, if I may say so.",
    "Many people ask for that, you know.",
)
_ASKS_BACK = re.compile(r"\b(did i|did we|was that|is that now|remind me|i asked for)\b", re.IGNORECASE)
_TASK = re.compile(r"^Do now(?:, if it comes up)?: (ask: )?(.+)$", re.MULTILINE)
_THEN = re.compile(r"^When that is answered, (ask: )?(.+)$", re.MULTILINE)
_ASK = re.compile(r"^Ask the caller: (.+)$", re.MULTILINE)
_OPENING = re.compile(r"^You begin with these words: (.+)$", re.MULTILINE)
_AGREED = re.compile(r"^Agreed so far: (.+)$", re.MULTILINE)
_FACT = re.compile(
    r"^Facts you may use when asked: ((?:.+\n)+?)(?=Agreed|The caller|Not to be|Your aim)", re.MULTILINE
)
_SMALL = frozenset(
    (  # noqa: SIM905 - as a text it can be read
        "a an the is are do does i you we and or of to in for at it what when where how can my"
    ).split()
)


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0


class ReadingModel:
    """Finds in the prompt what to say."""

    card: ClassVar[EngineCard] = msgspec.structs.replace(
        ScriptedLanguageModel.card,
        name="reading",
        summary="Answers by rule from what the prompt holds; for evaluations at volume.",
    )

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._reader = ScriptedLanguageModel(LanguageModelSettings())
        self.context_tokens = self._reader.context_tokens

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """There is nothing to load."""
        try:
            return cls(msgspec.convert(setup.settings, _Settings).seed)
        except msgspec.ValidationError as error:
            raise ConfigInvalid((f"language_model.reading: {error}",)) from error

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        """Say what the prompt asks to be said; of an answer that has begun, the rest."""
        throw = sampling.seed or 0
        if sampling.json_schema is None:
            reader = ScriptedLanguageModel(LanguageModelSettings(answers=(self._answer(prompt, throw),)))
        else:
            reader = self._reader
        yield from reader.generate(prompt, sampling, cache_key=cache_key, cancel=cancel)

    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        """Nothing takes time."""
        return self._reader.prefill(prompt, cache_key=cache_key, cancel=cancel, at_most_tokens=at_most_tokens)

    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        """Words of the question are likely."""
        return self._reader.score(prompt, options, cache_key=cache_key, cancel=cancel)

    def count_tokens(self, prompt: Prompt | str) -> int:
        """Words."""
        return self._reader.count_tokens(prompt)

    def close(self) -> None:
        """Nothing to let go of."""

    def _answer(self, prompt: Prompt, throw: int) -> str:
        told = "\n".join(each.content for each in prompt.messages if each.role == "system")
        turns = [each.content for each in prompt.messages if each.role == "user"]
        said = turns[-1] if turns else ""
        key = f"{self._seed}/{throw}/{len(turns)}/{said}"
        dice = Random(int.from_bytes(sha256(key.encode()).digest()[:8]))  # noqa: S311 - a seeded die
        if opening := _OPENING.search(told):
            return opening[1]
        parts = [dice.choice(_YES)]
        if _ASKS_BACK.search(said):
            parts = [_remembered(said, told, turns[:-1])]
        elif fact := _fact(said, told):
            parts = [fact]
        if dice.random() < SAYS_MORE:
            parts.append(dice.choice(_MORE))
        if dice.random() >= FORGETS_TO_ASK and (asked := _asked(told, turns)):
            parts.append(asked)
        return " ".join(parts)


def _remembered(said: str, told: str, before: Sequence[str]) -> str:
    """What the caller has told, as far as the prompt still holds it."""
    agreed = _AGREED.search(told)
    known = [*([agreed[1]] if agreed else []), *(each for each in before if _alike(said, each))]
    return f"You said: {' '.join(known)}" if known else "I am afraid I do not know that any more."


def _fact(said: str, told: str) -> str:
    """The fact that has most words in common with what the caller asks."""
    found = _FACT.search(told)
    facts = found[1].splitlines() if found and "?" in said else []
    best = max(facts, key=lambda fact: _alike(said, fact), default="")
    return best if best and _alike(said, best) else ""


def _alike(one: str, other: str) -> int:
    return len((_words(one) & _words(other)) - _SMALL)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def _asked(told: str, turns: Sequence[str]) -> str:
    """The question that is to be asked; a task is done by saying what has been told."""
    if found := _ASK.search(told):
        return found[1]
    found = _TASK.search(told) or _THEN.search(told)
    if found is None:
        return ""
    if found[1]:
        return found[2]
    if found[2].startswith("ask "):
        return f"May I ask you about {found[2].removeprefix('ask about ').removeprefix('ask ')}?"
    agreed = _AGREED.search(told)
    return f"Then I {found[2]}: {agreed[1] if agreed else turns[-1]} Is that right?"
