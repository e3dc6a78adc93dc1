"""Asking a language model, and looking at what comes back."""

from collections.abc import Sequence

from antiphon.contracts.conformance.check import Broken, demand
from antiphon.contracts.engine import NEVER, Cancel
from antiphon.contracts.language_model import (
    Finish,
    LanguageModel,
    Message,
    Piece,
    Prompt,
    Sampling,
    TextDelta,
)


def asking(question: str) -> Prompt:
    """A prompt of one question."""
    return Prompt((Message("user", question),))


HELLO = asking("Say hello to everyone here, please.")
COUNT = asking("Count from one to two hundred in words, one number after the other, and leave none out.")


def pieces(
    engine: LanguageModel,
    prompt: Prompt,
    sampling: Sampling = Sampling(),
    *,
    cache_key: str = "",
    cancel: Cancel = NEVER,
) -> list[Piece]:
    """Every piece of an answer, checked to end with its only `Finish`."""
    got = list(engine.generate(prompt, sampling, cache_key=cache_key, cancel=cancel))
    finishes = [piece for piece in got if isinstance(piece, Finish)]
    demand(
        len(finishes) == 1 and got[-1] is finishes[0],
        f"an answer of {len(got)} pieces has {len(finishes)} Finish pieces and ends with {got[-1:]!r}; "
        f"there must be exactly one, and it must be last",
    )
    usage = finishes[0].usage
    demand(
        0 <= usage.cached_tokens <= usage.prompt_tokens and usage.completion_tokens >= 0,
        f"the usage is {usage!r}; cached tokens are some of the prompt's, and none is negative",
    )
    return got


def answered(
    engine: LanguageModel, prompt: Prompt, sampling: Sampling, *, cache_key: str = ""
) -> tuple[list[Piece], Finish]:
    """The pieces before the `Finish`, and the `Finish` of an answer that nobody cancelled."""
    *before, last = pieces(engine, prompt, sampling, cache_key=cache_key)
    if not isinstance(last, Finish):
        raise Broken(f"an answer ended with {last!r}; the last piece must be a Finish")
    demand(last.reason != "cancelled", "an answer that nobody cancelled ended with Finish('cancelled')")
    return before, last


def text_of(got: Sequence[Piece]) -> str:
    """The words of an answer."""
    return "".join(piece.text for piece in got if isinstance(piece, TextDelta))
