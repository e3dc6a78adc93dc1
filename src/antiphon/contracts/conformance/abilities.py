"""The second half of the suite of `LanguageModel`: prompt caches, options, tools and JSON."""

import json
from itertools import pairwise
from math import exp, isfinite
from threading import Event
from typing import Any
from uuid import uuid4

import msgspec

from antiphon.contracts.conformance.answers import COUNT, answered, asking, text_of
from antiphon.contracts.conformance.check import Broken, Skipped, demand, needs, refuses
from antiphon.contracts.errors import ContractBroken
from antiphon.contracts.language_model import (
    LanguageModel,
    Message,
    Prefilled,
    Prompt,
    Sampling,
    Tool,
    ToolCall,
    Weigh,
    Weighed,
)

LINES = (
    "You are the night porter of a small hotel by the sea. You are kind and brief, and you know everyone.",
    "Good evening. I have a room for two nights, and I was told that",
    " somebody would keep the key for me, because my train",
    " arrives after midnight. Is there anything I should know?",
)
"""A persona, and a caller's turn as it grows."""

CHOICE = "Say the word banana and nothing else."
OPTIONS = ("banana", "quantum", "seventeen")
MARKS = (".", "?", " and then some")

LAMP = Tool(
    name="switch_lamp",
    description="Switches the lamp on or off.",
    parameters={
        "type": "object",
        "properties": {"state": {"type": "string", "enum": ["on", "off"]}},
        "required": ["state"],
    },
)
COLOUR = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "green"]}},
    "required": ["colour"],
    "additionalProperties": False,
}

SLACK_NATS = 0.5
"""How far one option's log-probability may move between calls: a batch of another shape rounds otherwise."""


def check_prefill_adds_up(engine: LanguageModel) -> None:
    """Every token of the prompt was either reused or evaluated. Without the capability all are zero."""
    got = engine.prefill(_growing(2), cache_key=_key())
    if "prefill" not in engine.card.capabilities:
        demand(
            got == Prefilled(0, 0, 0),
            f"prefill() reports {got!r} and the card does not declare 'prefill'; it must then report zeros",
        )
        raise Skipped("the card does not declare the capability 'prefill'")
    _adds_up(got)
    demand(got.prompt_tokens > 0, "prefill() of two messages reports an empty prompt")


def check_prefill_is_reused(engine: LanguageModel) -> None:
    """The same prompt again is already there."""
    needs(engine, "prefill")
    key = _key()
    first = engine.prefill(_growing(3), cache_key=key)
    again = engine.prefill(_growing(3), cache_key=key)
    _adds_up(first)
    _adds_up(again)
    demand(
        again.prompt_tokens == first.prompt_tokens,
        f"the same prompt has {first.prompt_tokens} tokens and then {again.prompt_tokens}",
    )
    demand(
        again.reused_tokens >= 0.8 * again.prompt_tokens,
        f"a second identical prefill reused {again.reused_tokens} of {again.prompt_tokens} tokens; "
        f"what the cache holds must be reused",
    )


def check_prefill_grows(engine: LanguageModel) -> None:
    """While the caller goes on speaking, only what is new is evaluated."""
    needs(engine, "prefill")
    key = _key()
    grown = [engine.prefill(_growing(count), cache_key=key) for count in (2, 3, 4)]
    for earlier, later in pairwise(grown):
        _adds_up(later)
        demand(
            later.prompt_tokens > earlier.prompt_tokens and later.reused_tokens > 0.5 * earlier.prompt_tokens,
            f"a turn that grew from {earlier.prompt_tokens} to {later.prompt_tokens} tokens reused "
            f"{later.reused_tokens}; a prompt that begins with what is in the cache must reuse it",
        )


def check_prefill_helps_the_answer(engine: LanguageModel) -> None:
    """The answer to a prefilled prompt finds it in the cache."""
    needs(engine, "prefill")
    key = _key()
    read = engine.prefill(_growing(4), cache_key=key)
    _, finish = answered(engine, Prompt(_growing(4).messages), Sampling(max_tokens=2), cache_key=key)
    demand(
        finish.usage.cached_tokens > 0.5 * read.prompt_tokens,
        f"after a prefill of {read.prompt_tokens} tokens the answer found {finish.usage.cached_tokens} of "
        f"its prompt in the cache; a generate that begins with what was prefilled must reuse it",
    )


def check_prefill_is_cancelled(engine: LanguageModel) -> None:
    """With cancel raised it reads little and does not raise; the next prefill is whole."""
    needs(engine, "prefill")
    key, cancel = _key(), Event()
    cancel.set()
    given_up = engine.prefill(_growing(4), cache_key=key, cancel=cancel)
    demand(
        given_up.evaluated_tokens <= given_up.prompt_tokens,
        f"a cancelled prefill reports {given_up!r}; it cannot have evaluated more than the prompt",
    )
    _adds_up(engine.prefill(_growing(4), cache_key=key))


def check_prefill_in_pieces(engine: LanguageModel) -> None:
    """A bounded prefill evaluates no more than it may, and the same call again reads on to the end."""
    needs(engine, "prefill")
    key, read, bound = _key(), 0, 5
    whole = engine.prefill(_growing(4), cache_key=_key()).prompt_tokens
    for _ in range(whole):
        got = engine.prefill(_growing(4), cache_key=key, at_most_tokens=bound)
        demand(
            got.evaluated_tokens <= bound,
            f"prefill() with at_most_tokens={bound} evaluated {got.evaluated_tokens}; it is a hard bound",
        )
        demand(
            got.reused_tokens >= read - 1,  # an engine may evaluate the last one again to go on from it
            f"after {read} tokens were read in pieces, the next piece found {got.reused_tokens} of them",
        )
        read = got.reused_tokens + got.evaluated_tokens
        if read == whole:
            return
    raise Broken(f"{whole} pieces of {bound} tokens read {read} of {whole}; each must read further")


def check_continues_its_answer(engine: LanguageModel) -> None:
    """A prompt that ends with the first half of an answer is gone on with, not answered anew."""
    needs(engine, "continue")
    greedy = Sampling(max_tokens=24, temperature=0.0)
    whole = text_of(answered(engine, COUNT, greedy)[0])
    words = whole.split(" ")
    begun = " ".join(words[: len(words) // 2])
    going_on = Prompt((*COUNT.messages, Message("assistant", begun)))
    rest = text_of(answered(engine, going_on, Sampling(max_tokens=8, temperature=0.0))[0])
    joined, expected = (begun + rest).split(), whole.split()
    place = len(begun.split())
    demand(
        bool(begun) and joined[place : place + 1] == expected[place : place + 1],
        f"it answered {whole!r}, and to a prompt that ends with {begun!r} it said {rest!r}; a prompt whose "
        f"last message is the assistant's is gone on with",
    )


def check_scores_can_be_cancelled(engine: LanguageModel) -> None:
    """With cancel raised there are no scores, and the next call has them all."""
    needs(engine, "score")
    cancel = Event()
    cancel.set()
    scores = engine.score(asking(CHOICE), OPTIONS, cancel=cancel)
    demand(scores == (), f"a cancelled score() gave {scores!r}; it must give none at all, an empty tuple")
    demand(len(engine.score(asking(CHOICE), OPTIONS)) == len(OPTIONS), "after a cancel, scores are missing")


def check_scores_are_log_probabilities(engine: LanguageModel) -> None:
    """One per option, none above zero, and exclusive options share at most all of the probability."""
    needs(engine, "score")
    scores = engine.score(asking(CHOICE), OPTIONS)
    demand(
        len(scores) == len(OPTIONS),
        f"{len(OPTIONS)} options got {len(scores)} scores; each option has one, in the order given",
    )
    demand(
        all(isfinite(score) and score <= 1e-6 for score in scores),
        f"the scores are {scores!r}; a log-probability is finite and not above 0",
    )
    share = sum(exp(score) for score in scores)
    demand(
        share <= 1.001,
        f"the options have {share:.3f} of the probability together; options that exclude each other "
        f"cannot have more than 1",
    )


def check_options_are_ordered(engine: LanguageModel) -> None:
    """What was asked for is likelier than what was not, wherever it stands on the list."""
    needs(engine, "score")
    scores = engine.score(asking(CHOICE), OPTIONS)
    demand(
        scores[0] == max(scores),
        f"asked {CHOICE!r}, the options {OPTIONS!r} scored {scores!r}; the one asked for must be likeliest",
    )
    turned = engine.score(asking(CHOICE), OPTIONS[::-1])[::-1]
    demand(
        all(abs(one - other) <= SLACK_NATS for one, other in zip(scores, turned, strict=True)),
        f"in the other order the options scored {turned!r} instead of {scores!r}; "
        f"an option's score must not depend on its neighbours",
    )


def check_open_prompts_are_scored(engine: LanguageModel) -> None:
    """A message that is still being spoken has continuations, and scoring them reads it into the cache."""
    needs(engine, "score")
    key, unfinished = _key(), _growing(4)
    scores = engine.score(unfinished, MARKS, cache_key=key)
    demand(
        len(scores) == len(MARKS) and all(isfinite(score) and score <= 1e-6 for score in scores),
        f"for an open prompt the options {MARKS!r} scored {scores!r}; each has a log-probability as what "
        f"goes on with the last message",
    )
    if "prefill" not in engine.card.capabilities:
        return
    read = engine.prefill(unfinished, cache_key=key)
    _adds_up(read)
    demand(
        read.evaluated_tokens <= 1,
        f"after score() of an open prompt, a prefill of it evaluated {read.evaluated_tokens} of its "
        f"{read.prompt_tokens} tokens; what was read to score it must stay in the cache",
    )
    _, finish = answered(engine, Prompt(unfinished.messages), Sampling(max_tokens=2), cache_key=key)
    demand(
        finish.usage.cached_tokens >= read.prompt_tokens - 1,
        f"after score() of {read.prompt_tokens} open tokens the answer to the same words found "
        f"{finish.usage.cached_tokens} in the cache; only what the template adds may be new",
    )


def check_weighs_on_the_way(engine: LanguageModel) -> None:
    """Asked to weigh, an answer begins with what `score` says of the same, and is the same answer."""
    needs(engine, "weigh")
    unfinished = _growing(4)
    greedy = Sampling(max_tokens=4, temperature=0.0)
    plain = text_of(answered(engine, Prompt(unfinished.messages), greedy, cache_key=_key())[0])
    weighing = msgspec.structs.replace(greedy, weigh=Weigh(unfinished, MARKS[:1]))
    before, _ = answered(engine, Prompt(unfinished.messages), weighing, cache_key=_key())
    told = [piece.scores for piece in before if isinstance(piece, Weighed)]
    expected = engine.score(unfinished, MARKS[:1], cache_key=_key())
    demand(
        len(told) == 1 and isinstance(before[0], Weighed) and abs(told[0][0] - expected[0]) <= SLACK_NATS,
        f"asked to weigh {MARKS[:1]!r} on the way it told {told!r}, and score() says {expected!r}; "
        f"the answer must begin with one `Weighed` that says the same",
    )
    demand(
        text_of(before) == plain,
        f"weighing, it answered {text_of(before)!r} instead of {plain!r}; it must not change the answer",
    )


def check_options_need_the_capability(engine: LanguageModel) -> None:
    """No options, or no capability, is refused."""
    refuses(ContractBroken, lambda: engine.score(asking(CHOICE), ()), "score() of no options")
    if "score" not in engine.card.capabilities:
        refuses(
            ContractBroken, lambda: engine.score(asking(CHOICE), OPTIONS), "score() without the capability"
        )


def check_calls_the_tool_it_must(engine: LanguageModel) -> None:
    """With `tool_choice` naming a tool, that tool is called with a JSON object its schema asks for."""
    needs(engine, "tools")
    prompt = Prompt(
        (Message("user", "It is dark. Switch the lamp on."),), tools=(LAMP,), tool_choice=LAMP.name
    )
    before, finish = answered(engine, prompt, Sampling(max_tokens=64))
    calls = [piece for piece in before if isinstance(piece, ToolCall)]
    demand(
        bool(calls) and all(call.name == LAMP.name for call in calls) and finish.reason == "tool_calls",
        f"told to call {LAMP.name!r} it called {[call.name for call in calls]!r} and ended with "
        f"{finish.reason!r}; the named tool must be called, and the answer end with 'tool_calls'",
    )
    for call in calls:
        arguments = _json(call.arguments, "the arguments of a tool call")
        demand(
            isinstance(arguments, dict) and "state" in arguments,
            f"the arguments are {call.arguments!r}; they must be a JSON object with what the schema requires",
        )
        demand(bool(call.call_id), "a tool call has no call_id; its result could not be told apart")
    said = Message("assistant", text_of(before), tool_calls=tuple(calls))
    results = tuple(Message("tool", '{"done": true}', call_id=call.call_id) for call in calls)
    answered(engine, Prompt((*prompt.messages, said, *results), tools=(LAMP,)), Sampling(max_tokens=16))


def check_calls_no_tool_when_told_so(engine: LanguageModel) -> None:
    """With `tool_choice="none"` tools are known and not called."""
    needs(engine, "tools")
    prompt = Prompt((Message("user", "It is dark. Switch the lamp on."),), tools=(LAMP,), tool_choice="none")
    before, _ = answered(engine, prompt, Sampling(max_tokens=32))
    calls = [piece.name for piece in before if isinstance(piece, ToolCall)]
    demand(not calls, f"with tool_choice 'none' it called {calls!r}; it must call no tool")


def check_json_conforms(engine: LanguageModel) -> None:
    """With `json_schema` the answer is a JSON value that conforms to it."""
    sampling = Sampling(max_tokens=64, json_schema=COLOUR)
    before, _ = answered(engine, asking("Is grass red or green? Answer as JSON."), sampling)
    value = _json(text_of(before), "an answer with json_schema")
    demand(
        value in ({"colour": "red"}, {"colour": "green"}),
        f"the answer is {value!r}; with json_schema it must conform to the schema",
    )


def _growing(count: int) -> Prompt:
    heard = "".join(LINES[1:count]).strip()
    return Prompt((Message("system", LINES[0]), Message("user", heard)), open=True)


def _adds_up(got: Prefilled) -> None:
    demand(
        got.reused_tokens + got.evaluated_tokens == got.prompt_tokens
        and min(got.reused_tokens, got.evaluated_tokens) >= 0,
        f"prefill() reports {got.reused_tokens} reused and {got.evaluated_tokens} evaluated of "
        f"{got.prompt_tokens} tokens; the two must add up to the prompt",
    )


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Broken(f"{what} is {text[:80]!r}, which is not JSON: {error}") from error


def _key() -> str:
    # Unique, so that nothing an earlier check prefilled is found by accident.
    return f"conformance-{uuid4().hex}"
