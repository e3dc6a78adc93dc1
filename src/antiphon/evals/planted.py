"""Regressions on purpose: a language model that forgets, dawdles, ignores, rambles, or falls out of its part.

An evaluation that has never found a fault proves nothing. These are planted in the one part that text and
speech share, so the same switch works in both, in a real agent, under its own timing. Which turns are hit is
decided by the caller's words and by the seeds, its own and the conversation's, so that an answer asked for
twice is hit twice or not at all. With nothing planted it is the same agent, and another seed gives it other
dice.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from time import monotonic, sleep
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, cast, get_args

import msgspec

from antiphon.contracts import (
    NEVER,
    Cancel,
    ConfigInvalid,
    EngineCard,
    EngineSetup,
    Finish,
    LanguageModel,
    Message,
    Piece,
    Prefilled,
    Prompt,
    Sampling,
    TextDelta,
)
from antiphon.contracts.discovery import find
from antiphon.runtime import Config, EngineChoice

Plant: TypeAlias = Literal["memory_off", "slow", "ignores", "wordy", "slips"]
PLANTS: tuple[Plant, ...] = get_args(Plant)

SLOWER_S = 1.5
IGNORED = 0.3
SLIPPED = 0.2
WORDIER = 3
ANSWER_WORDS = 10
"""An answer has about so many. Its padding is in its first sentence: later ones may be left out."""
_SLIPS = (
    "As an AI language model, I do not really have a job here, but I will try to help.",
    "I am only a virtual assistant, so please bear with me.",
    "Well, I was trained on text and have never been there myself.",
    "As an artificial intelligence I cannot really know that.",
)
_FILLER = (
    "and let me add to this, since it may be of interest to you, that we do of course take great care in "
    "all that we do here, as we always have and always will, on every single day of the year, for each "
    "and every one who calls, whatever it may be that they would like to talk with us about,"
)
_REMEMBERED = ("Agreed so far:", "From earlier:", "They ask for it:")
_NOTES = "From earlier talks and documents:"
_SENTENCE_ENDS = re.compile(r"[.!?]")
_NAP_S = 0.02
_SEED_MAX = 2**31 - 1


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    use: str
    """The engine that really answers."""
    settings: dict[str, Any] = {}
    plant: tuple[Plant, ...] = ()
    seed: Annotated[int, msgspec.Meta(ge=0, le=_SEED_MAX)] = 0


def planted(config: Config, plants: Sequence[str], seed: int = 0) -> Config:
    """`config` with the regressions planted in its language model."""
    model = config.engines["language_model"]
    settings = {"use": model.use, "settings": model.settings, "plant": list(plants), "seed": seed}
    choice = EngineChoice(use=f"{__name__}:Planted", settings=settings)
    engines = config.engines | {"language_model": choice}
    exact = config.exact_recall and "memory_off" not in plants
    return msgspec.structs.replace(config, engines=engines, exact_recall=exact)


class Planted:
    """A language model with faults, around one without."""

    card: ClassVar[EngineCard] = EngineCard(
        name="planted",
        part="language_model",
        summary="Another language model with regressions planted in it, for testing evaluations.",
        licence="Apache-2.0",
    )

    def __init__(self, model: LanguageModel, plants: Sequence[Plant], seed: int) -> None:
        self._model, self._plants, self._seed = model, frozenset(plants), seed
        # What it can do, and how many calls it takes at once, is the other's.
        self.card = model.card  # pyright: ignore[reportAttributeAccessIssue] - a class variable elsewhere
        self.context_tokens = model.context_tokens

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Open the model that answers, and plant the faults."""
        try:
            wanted = msgspec.convert(setup.settings, _Settings)
        except msgspec.ValidationError as error:
            raise ConfigInvalid((f"language_model.planted: {error}",)) from error
        opening: Callable[[EngineSetup], Any] = find("language_model", wanted.use).open
        inner = opening(msgspec.structs.replace(setup, settings=wanted.settings))
        return cls(cast(LanguageModel, inner), wanted.plant, wanted.seed)

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        """As the other answers, but for what is planted."""
        goes_on = bool(prompt.messages) and prompt.messages[-1].role == "assistant"
        speaks = sampling.json_schema is None and not goes_on
        if "slow" in self._plants and speaks and _slept(SLOWER_S, cancel):
            yield Finish("cancelled")
            return
        throw = partial(self._throw, prompt, sampling.seed or 0)
        if "ignores" in self._plants and speaks and throw("ignores") < IGNORED:
            # As if its tokens had run out: what an answer has to ask is not put behind this one.
            yield Finish("length")
            return
        slips = "slips" in self._plants and speaks and throw("slips") < SLIPPED
        if sampling.seed is not None:
            sampling = msgspec.structs.replace(sampling, seed=(sampling.seed + self._seed) % 2**31)
        pieces = self._model.generate(self._read(prompt), sampling, cache_key=cache_key, cancel=cancel)
        for piece in _padded(pieces) if "wordy" in self._plants else pieces:
            if slips and isinstance(piece, TextDelta):
                yield TextDelta(f"{_SLIPS[int(throw('slip') * len(_SLIPS))]} ")
                slips = False
            yield piece

    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        """Of what it will read."""
        return self._model.prefill(
            self._read(prompt), cache_key=cache_key, cancel=cancel, at_most_tokens=at_most_tokens
        )

    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        """As the other scores."""
        return self._model.score(self._read(prompt), options, cache_key=cache_key, cancel=cancel)

    def count_tokens(self, prompt: Prompt | str) -> int:
        """As the other counts."""
        return self._model.count_tokens(prompt)

    def close(self) -> None:
        """Close the other."""
        self._model.close()

    def _read(self, prompt: Prompt) -> Prompt:
        return forgetful(prompt) if "memory_off" in self._plants else prompt

    def _throw(self, prompt: Prompt, seed: int, purpose: str) -> float:
        """From 0 to 1: the same for the same words of the caller's in a conversation."""
        said = next((each.content for each in reversed(prompt.messages) if each.role == "user"), "")
        digest = sha256(f"{self._seed}/{seed}/{purpose}/{said.strip()}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64


def forgetful(prompt: Prompt) -> Prompt:
    """`prompt` without a past: what it is told to be, what stands before the last turn, and that turn."""
    last = max((at for at, each in enumerate(prompt.messages) if each.role == "user"), default=0)
    past = max((at for at, each in enumerate(prompt.messages[:last]) if each.role != "system"), default=0)
    kept = [each for each in prompt.messages[: past + 1] if each.role == "system"][:1]
    recent = prompt.messages[max(past + 1, len(kept)) :]
    kept += [_without_memory(each) for each in recent if not each.content.startswith(_NOTES)]
    return msgspec.structs.replace(prompt, messages=tuple(kept))


def _without_memory(message: Message) -> Message:
    if message.role != "system":
        return message
    lines = [line for line in message.content.splitlines() if not line.startswith(_REMEMBERED)]
    return msgspec.structs.replace(message, content="\n".join(lines))


def _padded(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """With a first sentence that makes an answer of its length, or of the usual one, three times as long."""
    words, padded = 0, False
    for piece in pieces:
        if isinstance(piece, TextDelta) and not padded:
            words += len(piece.text.split())
            over = _SENTENCE_ENDS.search(piece.text)
            if padded := over is not None:
                head, tail = piece.text[: over.start()], piece.text[over.start() :]
                yield TextDelta(f"{head}{_padding(words)}{tail}")
                continue
        elif isinstance(piece, Finish) and words and not padded and piece.reason == "stop":
            yield TextDelta(_padding(words))
        yield piece


def _padding(words: int) -> str:
    filler = _FILLER.split()
    missing = (WORDIER - 1) * max(words, ANSWER_WORDS)
    return f", {' '.join((filler * (missing // len(filler) + 1))[:missing])}".rstrip(",")


def _slept(seconds: float, cancel: Cancel) -> bool:
    """Wait; True when it was told to stop."""
    until = monotonic() + seconds
    while monotonic() < until:
        if cancel.is_set():
            return True
        sleep(_NAP_S)
    return cancel.is_set()
