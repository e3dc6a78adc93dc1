"""What to say next, a few letters at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from antiphon.contracts.engine import NEVER, Cancel, Engine


class ToolCall(msgspec.Struct, frozen=True, tag=True):
    """The model asks for a tool to be run."""

    call_id: str
    name: str
    arguments: str
    """A JSON object, as text."""


class Message(msgspec.Struct, frozen=True):
    """One entry of a prompt."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    """Only on assistant messages."""
    call_id: str | None = None
    """Only on tool messages: the call this answers."""


class Tool(msgspec.Struct, frozen=True):
    """A function the model may ask for."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = {}
    """JSON Schema of its arguments."""


class Prompt(msgspec.Struct, frozen=True):
    """What a model reads before it answers."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """"auto", "none", "required", or the name of the tool that must be called."""
    open: bool = False
    """True while the last message is still being spoken: it may be prefilled and scored, never answered."""


class Weigh(msgspec.Struct, frozen=True):
    """What is to be weighed while a prompt is read for its answer."""

    prompt: Prompt
    """It is open, and what is read of it is read for the answer as well."""
    options: tuple[str, ...]


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is drawn, and what is told beside it."""

    max_tokens: int = 256
    temperature: float = 0.7
    top_p: float = 0.9
    seed: int | None = None
    stop: tuple[str, ...] = ()
    """The answer ends before the first of these that it would hold."""
    json_schema: Mapping[str, Any] | None = None
    """When given, the answer is a JSON value that conforms to it."""
    weigh: Weigh | None = None
    """What `score` would say, for nothing: an engine with the capability "weigh" begins with `Weighed`, where
    the open prompt is a beginning of the one it answers and each option is one token. Others ignore it."""


class Weighed(msgspec.Struct, frozen=True, tag=True):
    """How likely each option of `Sampling.weigh` is, as natural logarithms, in their order."""

    scores: tuple[float, ...]


class TextDelta(msgspec.Struct, frozen=True, tag=True):
    """The next piece of the answer. Joined in order, the pieces are the answer."""

    text: str


class Usage(msgspec.Struct, frozen=True):
    """Tokens, exactly as the model counted them."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    """How many of the prompt's tokens were already in the cache."""
    completion_tokens: int = 0


class Finish(msgspec.Struct, frozen=True, tag=True):
    """Always the last piece."""

    reason: Literal["stop", "length", "tool_calls", "cancelled"]
    usage: Usage = Usage()


Piece: TypeAlias = Weighed | TextDelta | ToolCall | Finish


class Prefilled(msgspec.Struct, frozen=True):
    """What a prefill found and did. Reused and evaluated tokens are fewer than the prompt's when it stopped
    early: it was cancelled, or had evaluated as many as it may."""

    prompt_tokens: int
    reused_tokens: int
    """Already in the cache."""
    evaluated_tokens: int
    """Newly computed, each at this machine's price."""


@runtime_checkable
class LanguageModel(Engine, Protocol):
    """Answers prompts. `cache_key` names a conversation: calls that share it share a prompt cache."""

    context_tokens: int
    """The longest prompt plus answer it takes."""

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        """Answer `prompt` piece by piece; the last piece is a `Finish`.

        Once `cancel` is raised the iterator ends soon, with `Finish("cancelled")`. Closing the iterator early
        cancels too.

        An engine with the capability "continue" goes on with a prompt whose last message is the assistant's,
        as if it had said that message itself: joined, it and the answer are one answer. So an answer can be
        broken off and gone on with later; not so one with a `json_schema`, which is for the answer alone.

        Raises:
            ContractBroken: the prompt is open, empty, or longer than `context_tokens`.
            EngineBroken: the model or the service failed.
        """
        ...

    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        """Read `prompt` into the cache, so that a later `generate` that begins with it starts sooner.

        With `at_most_tokens`, at least 1, no more than that are evaluated; the same call again reads on.

        An engine without the capability "prefill" does nothing and reports zeros.
        """
        ...

    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        """The log-probability (natural) of each option as the answer's first words, in the order given.

        In an open prompt an option is what goes on with the last message, right where it stops: "." or "?"
        tell how likely the sentence is over. What is read of the prompt for it stays in the cache, so that a
        `generate` of the same words evaluates only what the template adds. Of an option that is hardly
        likely there it is enough to give the likelihood of something as unlikely.

        Once `cancel` is raised it ends soon, and then gives none at all: an empty tuple.

        Raises:
            ContractBroken: no options, an empty prompt, or the card lacks the capability "score".
        """
        ...

    def count_tokens(self, prompt: Prompt | str) -> int:
        """Exactly how many tokens a text has, or a prompt with everything its template adds."""
        ...
