"""An answer with a cast, made on the language model's lane: first who speaks and what for, then the words.

The state that the caller's words lead to is found here, before the model is asked. What the cast has word for
word (an opening, or who takes over) is spoken at once, while the model still reads.
"""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from antiphon.contracts import (
    AntiphonError,
    LanguageModel,
    Message,
    Prompt,
    Sampling,
    ToolCall,
    Usage,
    Weigh,
)
from antiphon.dialogue.events import GenerationEnded, PromptBuilt, TextGenerated
from antiphon.runtime.cast_asking import answered, spoken_before
from antiphon.runtime.working import SENTENCE_MARKS, Job, tell_piece, tell_weighed
from antiphon.samp.deciding import Decision
from antiphon.samp.prompt import Draft, Fact, Section
from antiphon.samp.state import State

OWNER = "cast"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What will answer a revision of a turn."""

    turn: int
    revision: int
    words: str | None
    """The caller's, when they were not committed yet."""
    base: State
    """The state it was thought of for."""
    state: State
    """The state the words lead to, for which the answer is made."""
    decision: Decision | None
    """What they are taken for; None where nobody said anything new."""
    verbatim: str = ""
    """What is said first, word for word."""
    draft: Draft | None = None
    """The prompt of what is said then; None: nothing."""
    facts: tuple[Fact, ...] = ()


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer's prompt came to."""

    plan: Plan
    prompt: Prompt
    sections: tuple[Section, ...]
    tokens: int
    usage: Usage | None
    """None: the answer was broken off."""


def still_open(prompt: Prompt, saying: str) -> Prompt:
    """`prompt` while the caller is `saying` something that may go on, instead of what they had said there."""
    messages = prompt.messages
    kept = messages[:-1] if messages and messages[-1].role == "user" else messages
    return msgspec.structs.replace(prompt, messages=(*kept, Message("user", saying)), open=True)


def answer(
    job: Job,
    model: LanguageModel,
    think: Callable[[], Plan],
    sampling: Sampling,
    *,
    cache_key: str,
    weigh: str,
    read: Callable[[], Prompt | None],
    account: Callable[[Account], None],
) -> None:
    """Answer as `think` says, which also remembers its plan, and tell it as `working.generate` does.

    Args:
        job: on whose behalf.
        model: the language model.
        think: makes the plan, on this thread.
        sampling: how the answer is drawn.
        cache_key: the conversation's.
        weigh: the caller's words where it is asked whether a sentence can end there; empty: it is not.
        read: the prompt that lies in the cache, open; where the model need not answer, the words are weighed
            behind that.
        account: is told what the prompt came to, afterwards.
    """

    able = model.card.capabilities

    def weigh_behind(prompt: Prompt | None) -> None:
        if weigh and prompt is not None and "score" in able:
            with suppress(AntiphonError):  # the turn ends a little later without it
                marks = model.score(
                    still_open(prompt, weigh), SENTENCE_MARKS, cache_key=cache_key, cancel=job.cancel
                )
                tell_weighed(job, marks)

    def generate(plan: Plan, draft: Draft) -> Usage | None:
        asked, told = draft.prompt(), sampling
        if plan.verbatim:
            weigh_behind(read())
        elif weigh and "weigh" in able:
            told = msgspec.structs.replace(told, weigh=Weigh(still_open(asked, weigh), SENTENCE_MARKS))
        else:
            weigh_behind(asked)
        calls: list[ToolCall] = []
        usage: Usage | None = None
        pieces = answered(
            model,
            asked,
            told,
            draft.cast,
            plan.state,
            cache_key=cache_key,
            cancel=job.cancel,
            before=plan.verbatim,
        )
        for piece in pieces:
            usage = tell_piece(job, piece, calls, model.card.name) or usage
        return usage

    def work() -> None:
        plan = think()
        job.tell(PromptBuilt(job.turn, job.revision, job.timing("prompt")))
        job.next_leg()
        if plan.verbatim:
            # The space lets the last clause go before the next word is there.
            text = plan.verbatim if plan.draft is None else f"{plan.verbatim} "
            job.tell(TextGenerated(job.turn, job.revision, text, job.timing(OWNER)))
        if plan.draft is None:
            job.tell(GenerationEnded(job.turn, job.revision, "stop"))
            weigh_behind(read())
        else:
            account(accounted(model, plan, plan.draft, generate(plan, plan.draft)))

    job.guard("generation", work)


def accounted(model: LanguageModel, plan: Plan, draft: Draft, usage: Usage | None) -> Account:
    """Count what the prompt is made of, exactly."""
    prompt = spoken_before(draft.prompt(), plan.verbatim)
    tokens = model.count_tokens(prompt)
    sections = draft.account(model.count_tokens, reused=usage.cached_tokens if usage else 0)
    rest = tokens - sum(section.tokens for section in sections)
    if plan.verbatim:
        sections = (*sections, Section("verbatim", rest, 0.0))
    return Account(plan=plan, prompt=prompt, sections=sections, tokens=tokens, usage=usage)
