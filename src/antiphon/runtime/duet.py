"""Two language models as one: a small one says an answer's first words, a large one goes on from there.

A listener waits for the first words only, and a small model has those in half the time. While they are
spoken, the large one reads them as if it had said them itself, and has the rest ready before they are over.
Both read along while the caller speaks; the small one first, because it is wanted first.

Where an answer is not just spoken words (a tool's call, JSON, a text to be gone on with), the large model
gives all of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self, cast

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
    Usage,
)
from antiphon.contracts.discovery import find
from antiphon.dialogue.clauses import ClauseCutter
from antiphon.engines import ik_native
from antiphon.engines.local_model import CAPABILITIES, DEFAULT_MODEL, LANGUAGES
from antiphon.engines.settings import decode

SMALL_MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m"
OPENING_WORDS = 3
"""The opening ends with the first clause that makes it so many words: fewer would be over too soon."""
SURE = 0.6
"""A word of the opening that says something is as likely as this, or it is left to the large model."""
HARDLY_SURE = 0.2
"""And its first word, and one that says little."""
SAYS_LITTLE = frozenset(
    {
        *("i", "you", "it", "that", "this", "there", "we", "they", "he", "she", "the", "a", "an", "my"),
        *("your", "is", "are", "was", "were", "be", "been", "'m", "'s", "'re", "'d", "'ll", "'ve", "can"),
        *("could", "would", "will", "should", "may", "might", "do", "does", "did", "have", "has", "had"),
        *("to", "of", "in", "on", "at", "for", "with", "and", "but", "or", "so", "as", "if", "from"),
        *("by", "about", "sure", "certainly", "of", "course", "great", "good", "well", "oh", "hi"),
        *("hello", "thank", "thanks", "welcome", "glad", "happy", "sorry", "please", "let", "me", "like"),
        *("love", "help", "sounds", "how", "what", "when", "which", "who", ",", ".", "!", "?"),
    }
)
OPENING_TOKENS = 20
"""And it is never longer than this."""


def local_engine() -> str:
    """The quicker of the two engines that run a model in this process, where its library runs."""
    return "ik" if ik_native.installed() else "llama"


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the two models."""

    use: str = msgspec.field(default_factory=local_engine)
    """An engine with all that the card of this one promises."""
    settings: Mapping[str, Any] = {}


class DuetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who opens, who goes on, and where."""

    opener: Choice = Choice(settings={"model": SMALL_MODEL})
    speaker: Choice = Choice(settings={"model": DEFAULT_MODEL})


class Opening:
    """An answer's first words, up to where the large model takes over.

    That is behind the first clause, or before a word of which the small model is not sure: it knows well
    enough how an answer begins and what the caller said, and less well what is true.
    """

    def __init__(self) -> None:
        self._clauses, self._words = ClauseCutter(), 0
        self.text = ""
        self.over = False
        self.spaced = False
        """Whether the space before the large model's first word is said already."""

    def take(self, piece: TextDelta) -> str:
        """Go on with `piece`, unless the opening is over; returns what may be said."""
        text = piece.text
        if piece.confidence is not None and piece.confidence < self._needed(text):
            self.over = True
            return ""
        self._words += sum(len(clause.split()) for clause in self._clauses.feed(text))
        if self._words >= OPENING_WORDS and text[:1].isspace():
            # It shows that the clause is over, so its space is said and its word is not.
            self.over = self.spaced = True
            return " "
        self.text += text
        return text

    def _needed(self, text: str) -> float:
        return HARDLY_SURE if not self.text or text.strip().lower() in SAYS_LITTLE else SURE


class Duet:
    """A small and a large language model."""

    card: ClassVar[EngineCard] = EngineCard(
        name="duet",
        part="language_model",
        summary="Two models in this process: the 0.5B says the first words, the 1.5B goes on.",
        licence="MIT AND Apache-2.0",
        languages=LANGUAGES,
        capabilities=CAPABILITIES,
        weights=(SMALL_MODEL, DEFAULT_MODEL),
        concurrency=4,
    )

    def __init__(self, opener: LanguageModel, speaker: LanguageModel) -> None:
        self._opener, self._speaker = opener, speaker
        self.context_tokens = min(opener.context_tokens, speaker.context_tokens)

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load both."""
        settings = decode(setup.settings, DuetSettings, "language_model.duet")
        opener = _open(settings.opener, "opener", setup)
        try:
            speaker = _open(settings.speaker, "speaker", setup)
        except BaseException:
            opener.close()
            raise
        return cls(opener, speaker)

    def close(self) -> None:
        """Let go of both."""
        self._opener.close()
        self._speaker.close()

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        """Answer `prompt`, the first words by the small model, all else by the large one."""
        if not _can_be_opened(prompt, sampling):
            return self._speaker.generate(prompt, sampling, cache_key=cache_key, cancel=cancel)
        return self._opened(prompt, sampling, cache_key, cancel)

    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        """Both read; what is told is of the one that has read less."""
        both = [
            model.prefill(prompt, cache_key=cache_key, cancel=cancel, at_most_tokens=at_most_tokens)
            for model in (self._opener, self._speaker)
        ]
        return min(both, key=lambda read: read.reused_tokens + read.evaluated_tokens)

    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        """Options as answers are scored by the large model; how an open prompt goes on, by the small one.

        It weighs the caller's words as well as the large one, and reads them to answer them next.
        """
        model = self._opener if prompt.open else self._speaker
        return model.score(prompt, options, cache_key=cache_key, cancel=cancel)

    def count_tokens(self, prompt: Prompt | str) -> int:
        """As the large model counts."""
        return self._speaker.count_tokens(prompt)

    def _opened(self, prompt: Prompt, sampling: Sampling, cache_key: str, cancel: Cancel) -> Iterator[Piece]:
        opening = Opening()
        tokens = min(sampling.max_tokens, OPENING_TOKENS)
        # It opens with what it holds likeliest: where a small model guesses, it guesses wrong.
        short = msgspec.structs.replace(sampling, max_tokens=tokens, temperature=0.0)
        for piece in self._opener.generate(prompt, short, cache_key=cache_key, cancel=cancel):
            match piece:
                case TextDelta():
                    if said := opening.take(piece):
                        yield TextDelta(said, piece.confidence)
                    if opening.over:
                        break
                case Finish(reason, usage):
                    if reason == "cancelled" or usage.completion_tokens >= sampling.max_tokens:
                        yield piece
                        return
                case _:
                    pass
        yield from self._gone_on(prompt, opening, sampling, cache_key, cancel)

    def _gone_on(
        self, prompt: Prompt, opening: Opening, sampling: Sampling, cache_key: str, cancel: Cancel
    ) -> Iterator[Piece]:
        said = self._speaker.count_tokens(opening.text)
        messages = prompt.messages
        if opening.text:
            messages = (*messages, Message("assistant", opening.text))
        rest = msgspec.structs.replace(sampling, max_tokens=max(1, sampling.max_tokens - said))
        begun = msgspec.structs.replace(prompt, messages=messages)
        spaced = opening.spaced
        for piece in self._speaker.generate(begun, rest, cache_key=cache_key, cancel=cancel):
            match piece:
                case TextDelta(text) if spaced:
                    spaced = False
                    yield TextDelta(text.removeprefix(" "))
                case Finish(reason, usage):
                    whole = self._speaker.count_tokens(prompt), said + usage.completion_tokens
                    yield Finish(reason, Usage(whole[0], usage.cached_tokens, whole[1]))
                case _:
                    yield piece


def _can_be_opened(prompt: Prompt, sampling: Sampling) -> bool:
    """Whether all that can come is words of a new answer."""
    callable_ = bool(prompt.tools) and prompt.tool_choice != "none"
    answers = bool(prompt.messages) and prompt.messages[-1].role != "assistant" and not prompt.open
    return answers and not callable_ and sampling.json_schema is None and not sampling.stop


def _open(choice: Choice, role: str, setup: EngineSetup) -> LanguageModel:
    engine = find("language_model", choice.use)
    if lacking := CAPABILITIES - engine.card.capabilities:
        raise ConfigInvalid(
            (
                f"language_model.duet.{role}: {choice.use} lacks {', '.join(sorted(lacking))}; "
                "use ik or llama, or choose one language model alone",
            )
        )
    opened = engine.open(msgspec.structs.replace(setup, settings=dict(choice.settings)))
    return cast(LanguageModel, opened)
