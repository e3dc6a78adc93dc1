"""Work of models that gives way: reading, answering, choosing and speaking, in stretches.

Each function here is a generator of pauses. It works until something else is wanted, breaks off within a
token and yields; resumed, it goes on from where it was. `in_stretches` makes a call for a lane of it, which
calls it again when nothing is wanted any more, so that no thread waits.

What is kept over a pause lies in the model's prompt cache, and going on costs a few steps of the model. An
answer goes on from the text it has come to: the prompt then ends with the assistant's own words, which the
engine continues (its capability "continue"). Two things are begun anew instead, and need a silence as long
as they are: a tool call, because half of one is never handed out, and JSON that keeps to a schema, because no
grammar can be entered in the middle. A model without that capability finishes what it began.

All reflective work has one cache key, and so one place in the model's cache: a lane runs one such call at a
time, and conversations keep the other places.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from secrets import randbelow
from time import perf_counter
from typing import TypeAlias

from msgspec.structs import replace

from antiphon.contracts import (
    NEVER,
    Cancel,
    Engine,
    Finish,
    LanguageModel,
    Message,
    Piece,
    Prefilled,
    Prompt,
    Sampling,
    SpeechChunk,
    Synthesizer,
    TextDelta,
    ToolCall,
    Usage,
)
from antiphon.runtime.lanes import nobody
from antiphon.runtime.scheduler import SMALL_PIECE_TOKENS, Demand, When

Pauses: TypeAlias = Generator[None]

CACHE_KEY = "reflective"


def in_stretches(pauses: Iterator[None]) -> Callable[[], bool]:
    """A call for a lane: each time it works until the next pause, and says whether there is more to do."""
    ended = object()
    return lambda: next(pauses, ended) is not ended


def way_for(engine: Engine, demand: Demand) -> Cancel:
    """What work of `engine` gives way to: all that is wanted, unless it computes on somebody else's machine.

    There, breaking off would free nothing here, and only throw away what is already being paid for.
    """
    return NEVER if engine.card.licence == "service" else demand


def read(
    model: LanguageModel,
    prompt: Prompt,
    *,
    cache_key: str,
    gives_way: Cancel,
    piece_tokens: Callable[[], int | None],
    told: Callable[[Prefilled, float], None] = nobody,
) -> Generator[None, None, int]:
    """Read `prompt` into the cache of `cache_key`, pausing while `gives_way` is up.

    `piece_tokens` is asked before every piece how long it may be; None: as the engine likes. A piece that has
    begun cannot be broken off. `told` hears of each, with the milliseconds it took. Returns how many tokens
    were in the cache before.
    """
    found: int | None = None
    stuck = False
    while True:
        began = perf_counter()
        got = model.prefill(prompt, cache_key=cache_key, cancel=gives_way, at_most_tokens=piece_tokens())
        told(got, (perf_counter() - began) * 1000)
        found = got.reused_tokens if found is None else found
        if got.reused_tokens + got.evaluated_tokens >= got.prompt_tokens:
            return found
        if gives_way.is_set():
            yield
        elif stuck and not got.evaluated_tokens:
            return found  # whoever needs the prompt reads what this engine left out
        stuck = not got.evaluated_tokens  # once, because the flag may just have been up


def answer(
    model: LanguageModel,
    build: Callable[[], Prompt],
    sampling: Sampling,
    *,
    demand: Demand,
    cancel: Cancel,
    tell: Callable[[Piece], None],
) -> Pauses:
    """Answer the prompt that `build` makes; `tell` gets the same pieces as a reader of `generate` would.

    Drawn greedily it is the answer that an unbroken call would give; otherwise it is as likely as any other
    one, with the seed of each stretch one higher than that of the stretch before.
    """
    prompt, gives_way = build(), _either(demand, cancel)
    if sampling.json_schema is not None:
        yield from _answer_at_once(model, prompt, sampling, demand=demand, gives_way=gives_way, tell=tell)
        return
    if "continue" not in model.card.capabilities:
        for piece in model.generate(prompt, sampling, cache_key=CACHE_KEY, cancel=cancel):
            tell(piece)
        return
    said, calls, before = "", 0, 0
    usage: Usage | None = None
    while True:
        going_on = _with_words(prompt, said)
        cached = yield from _read_reflectively(model, going_on, demand, gives_way)
        finish = Finish("stop")
        rest = replace(sampling, max_tokens=sampling.max_tokens - before)
        for piece in model.generate(going_on, rest, cache_key=CACHE_KEY, cancel=gives_way):
            if isinstance(piece, Finish):
                finish = piece
                continue
            said += piece.text if isinstance(piece, TextDelta) else ""
            calls += isinstance(piece, ToolCall)
            tell(piece)
        usage = usage or Usage(finish.usage.prompt_tokens, min(cached, finish.usage.prompt_tokens))
        if finish.reason != "cancelled":
            total = before + finish.usage.completion_tokens
            tell(Finish(finish.reason, replace(usage, completion_tokens=total)))
            return
        before = model.count_tokens(said)
        if calls or before >= sampling.max_tokens:
            tell(Finish("tool_calls" if calls else "length", replace(usage, completion_tokens=before)))
            return
        if sampling.seed is not None:
            sampling = replace(sampling, seed=sampling.seed + 1)
        yield


def _answer_at_once(
    model: LanguageModel,
    prompt: Prompt,
    sampling: Sampling,
    *,
    demand: Demand,
    gives_way: Cancel,
    tell: Callable[[Piece], None],
) -> Pauses:
    """Answer until it is done without a break; only then is any of it told."""
    if sampling.seed is None:
        # Drawn anew each time, a short answer would be more likely than a long one to come through.
        sampling = replace(sampling, seed=randbelow(2**31))
    while True:
        yield from _read_reflectively(model, prompt, demand, gives_way)
        pieces = list(model.generate(prompt, sampling, cache_key=CACHE_KEY, cancel=gives_way))
        last = pieces[-1]
        if not (isinstance(last, Finish) and last.reason == "cancelled"):
            for piece in pieces:
                tell(piece)
            return
        yield


def choose(
    model: LanguageModel,
    prompt: Prompt,
    options: Sequence[str],
    *,
    demand: Demand,
    cancel: Cancel,
    tell: Callable[[tuple[float, ...]], None],
) -> Pauses:
    """Score `options` as `LanguageModel.score` does. Broken off, only the prompt stays read."""
    gives_way = _either(demand, cancel)
    while True:
        yield from _read_reflectively(model, prompt, demand, gives_way)
        if scores := model.score(prompt, options, cache_key=CACHE_KEY, cancel=gives_way):
            tell(scores)
            return
        yield


def speak(
    synthesizer: Synthesizer,
    text: str,
    *,
    voice: str,
    speed: float,
    gives_way: Cancel,
    cancel: Cancel,
    tell: Callable[[SpeechChunk], None],
) -> Pauses:
    """Say `text`, pausing between two chunks while `gives_way` is up."""
    for chunk in synthesizer.synthesize(text, voice=voice, speed=speed, cancel=cancel):
        tell(chunk)
        if gives_way.is_set():
            yield


def _read_reflectively(
    model: LanguageModel, prompt: Prompt, demand: Demand, gives_way: Cancel
) -> Generator[None, None, int]:
    return read(
        model,
        prompt,
        cache_key=CACHE_KEY,
        gives_way=gives_way,
        piece_tokens=lambda: SMALL_PIECE_TOKENS if demand.conversations else None,
    )


def _either(demand: Demand, cancel: Cancel) -> Cancel:
    return When(lambda: demand.is_set() or cancel.is_set())


def _with_words(prompt: Prompt, said: str) -> Prompt:
    """`prompt`, with `said` as the beginning of its answer."""
    if not said:
        return prompt
    *earlier, last = prompt.messages
    if last.role == "assistant" and not last.tool_calls:
        return replace(prompt, messages=(*earlier, Message("assistant", last.content + said)))
    return replace(prompt, messages=(*prompt.messages, Message("assistant", said)))
