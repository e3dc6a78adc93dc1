"""The suite of `LanguageModel`: answers, limits, cancelling. `abilities` has caches, options and tools."""

from collections.abc import Sequence
from threading import Event

from antiphon.contracts.conformance.abilities import (
    check_calls_no_tool_when_told_so,
    check_calls_the_tool_it_must,
    check_continues_its_answer,
    check_json_conforms,
    check_open_prompts_are_scored,
    check_options_are_ordered,
    check_options_need_the_capability,
    check_prefill_adds_up,
    check_prefill_grows,
    check_prefill_helps_the_answer,
    check_prefill_in_pieces,
    check_prefill_is_cancelled,
    check_prefill_is_reused,
    check_scores_are_log_probabilities,
    check_scores_can_be_cancelled,
    check_weighs_on_the_way,
)
from antiphon.contracts.conformance.answers import COUNT, HELLO, answered, asking, pieces, text_of
from antiphon.contracts.conformance.check import Broken, Skipped, Suite, demand, refuses
from antiphon.contracts.conformance.threads import at_once
from antiphon.contracts.errors import ContractBroken
from antiphon.contracts.language_model import Finish, LanguageModel, Message, Piece, Prompt, Sampling

SOON = 16
"""How many pieces may still come after a cancel: what was on its way when the flag went up."""


def check_context_is_positive(engine: LanguageModel) -> None:
    """There is room for a prompt."""
    demand(engine.context_tokens > 0, f"context_tokens is {engine.context_tokens}; it must be positive")


def check_answers(engine: LanguageModel) -> None:
    """Pieces of text, then one `Finish`."""
    before, finish = answered(engine, HELLO, Sampling(max_tokens=24))
    demand(bool(text_of(before).strip()), "a plain question got an empty answer; there must be text")
    demand(
        finish.reason in ("stop", "length"),
        f"an ordinary answer ended with {finish.reason!r}; it must end with 'stop' or 'length'",
    )


def check_answers_a_conversation(engine: LanguageModel) -> None:
    """All roles, and a conversation that has gone on for a while."""
    talk = Prompt(
        (
            Message("system", "You answer in one short sentence."),
            Message("user", "My name is Mira."),
            Message("assistant", "Nice to meet you, Mira."),
            Message("user", "Say my name."),
        )
    )
    before, _ = answered(engine, talk, Sampling(max_tokens=16))
    demand(bool(text_of(before).strip()), "a conversation got an empty answer; there must be text")


def check_keeps_max_tokens(engine: LanguageModel) -> None:
    """Not one token more than allowed."""
    for limit in (1, 5):
        _, finish = answered(engine, COUNT, Sampling(max_tokens=limit))
        demand(
            finish.usage.completion_tokens <= limit,
            f"max_tokens={limit} gave {finish.usage.completion_tokens} tokens; it is a hard bound",
        )


def check_stops_before_a_stop_text(engine: LanguageModel) -> None:
    """The answer ends before the first stop text."""
    for stop in ("e", " ", "o"):
        text = text_of(answered(engine, HELLO, Sampling(max_tokens=24, stop=(stop,)))[0])
        demand(stop not in text, f"the answer {text!r} holds the stop text {stop!r}; it must end before it")


def check_counts_are_the_models(engine: LanguageModel) -> None:
    """Usage and `count_tokens` agree, since both are exactly what the model counts."""
    if engine.card.licence == "service":
        raise Skipped("a service counts on its own side")
    for prompt in (HELLO, COUNT):
        usage = answered(engine, prompt, Sampling(max_tokens=4))[1].usage
        counted = engine.count_tokens(prompt)
        demand(
            usage.prompt_tokens == counted,
            f"count_tokens() says {counted} and the usage {usage.prompt_tokens} for the same prompt; "
            f"both must be exact",
        )
        demand(usage.completion_tokens > 0, "the usage of an answer counts no completion tokens")


def check_counting_is_sane(engine: LanguageModel) -> None:
    """Nothing has no tokens, a template costs some, and two texts together count about what they do apart."""
    demand(engine.count_tokens("") == 0, f"'' has {engine.count_tokens('')} tokens; an empty text has none")
    one, other = "The quick brown fox", " jumps over the lazy dog, twice."
    apart = engine.count_tokens(one) + engine.count_tokens(other)
    together = engine.count_tokens(one + other)
    demand(
        abs(apart - together) <= 2 and together > 0,
        f"two texts count {apart} tokens apart and {together} joined; counts must add up but for the seam",
    )
    words = engine.count_tokens(HELLO.messages[0].content)
    demand(
        engine.count_tokens(HELLO) >= words,
        f"a prompt counts {engine.count_tokens(HELLO)} tokens and its words alone {words}; "
        f"a prompt counts with everything its template adds",
    )


def check_text_is_whole(engine: LanguageModel) -> None:
    """A letter that takes several tokens is never handed out in halves."""
    prompt = asking("Repeat after me, exactly: naïve café 你好 🙂🎻 Ångström")
    text = text_of(answered(engine, prompt, Sampling(max_tokens=40))[0])
    demand(
        "\ufffd" not in text,
        f"the answer is {text!r}; a letter of several tokens must wait until it is whole",
    )


def check_unanswerable_prompts_are_refused(engine: LanguageModel) -> None:
    """An open prompt is still being spoken, an empty one asks nothing."""
    opened = Prompt(HELLO.messages, open=True)
    refuses(ContractBroken, lambda: pieces(engine, opened), "generate() of an open prompt")
    refuses(ContractBroken, lambda: pieces(engine, Prompt(())), "generate() of an empty prompt")


def check_too_long_a_prompt_is_refused(engine: LanguageModel) -> None:
    """A prompt above `context_tokens` is refused, not silently cut."""
    text = "word " * (engine.context_tokens + 64)
    refuses(ContractBroken, lambda: pieces(engine, asking(text)), "a prompt longer than context_tokens")
    answered(engine, HELLO, Sampling(max_tokens=4))


def check_cancelled_before_it_begins(engine: LanguageModel) -> None:
    """A flag already raised ends the answer at once."""
    cancel = Event()
    cancel.set()
    got = pieces(engine, COUNT, Sampling(max_tokens=200), cancel=cancel)
    _check_cancelled(got, "with cancel raised before the call")
    demand(len(got) <= SOON, f"{len(got)} pieces came although cancel was raised before; it must end soon")
    answered(engine, HELLO, Sampling(max_tokens=8))


def check_cancelled_on_the_way(engine: LanguageModel) -> None:
    """A flag raised after the first piece ends the answer soon, and the next call is whole again."""
    cancel = Event()
    answer = engine.generate(COUNT, Sampling(max_tokens=400), cancel=cancel)
    got: list[Piece] = [next(answer)]
    cancel.set()
    got += list(answer)
    last = got[-1]
    if len(got) <= SOON and isinstance(last, Finish) and last.reason in ("stop", "length"):
        raise Skipped(f"the answer was over after {len(got)} pieces, before a cancel could matter")
    _check_cancelled(got, "with cancel raised after the first piece")
    demand(len(got) <= SOON, f"{len(got)} pieces came after cancel was raised; the answer must end soon")
    answered(engine, HELLO, Sampling(max_tokens=8))


def check_closed_early(engine: LanguageModel) -> None:
    """Closing the iterator cancels, and frees the engine for the next call."""
    answer = engine.generate(COUNT, Sampling(max_tokens=400))
    next(answer)
    close = getattr(answer, "close", None)
    if close is None:
        raise Broken("generate() gives an iterator without close(); closing it early must cancel the answer")
    close()
    at_once(1, lambda _: answered(engine, HELLO, Sampling(max_tokens=8)))


def check_works_on_its_threads(engine: LanguageModel) -> None:
    """As many conversations at once as the card promises."""
    at_once(
        engine.card.concurrency,
        lambda index: answered(engine, HELLO, Sampling(max_tokens=8), cache_key=f"conformance-{index}"),
    )


SUITE: Suite[LanguageModel] = Suite(
    protocol=LanguageModel,
    checks=(
        check_context_is_positive,
        check_answers,
        check_answers_a_conversation,
        check_keeps_max_tokens,
        check_stops_before_a_stop_text,
        check_counts_are_the_models,
        check_counting_is_sane,
        check_text_is_whole,
        check_unanswerable_prompts_are_refused,
        check_too_long_a_prompt_is_refused,
        check_cancelled_before_it_begins,
        check_cancelled_on_the_way,
        check_closed_early,
        check_works_on_its_threads,
        check_prefill_adds_up,
        check_prefill_is_reused,
        check_prefill_grows,
        check_prefill_helps_the_answer,
        check_prefill_is_cancelled,
        check_prefill_in_pieces,
        check_continues_its_answer,
        check_scores_can_be_cancelled,
        check_scores_are_log_probabilities,
        check_options_are_ordered,
        check_open_prompts_are_scored,
        check_weighs_on_the_way,
        check_options_need_the_capability,
        check_calls_the_tool_it_must,
        check_calls_no_tool_when_told_so,
        check_json_conforms,
    ),
)


def _check_cancelled(got: Sequence[Piece], when: str) -> None:
    last = got[-1]
    demand(
        isinstance(last, Finish) and last.reason == "cancelled",
        f"{when}, the answer ended with {last!r}; it must end with Finish('cancelled')",
    )
