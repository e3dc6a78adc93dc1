"""`antiphon bench memory-answers`: what is an answer worth that rests on memory's few tokens?

Questions of LoCoMo's held-out conversations are answered by the embedded model from three contexts: what
memory recalls within 512 tokens, the last turns within 512, and within 4,096, all counted by the model. Two
measures: *contained*, the answer holds all key words of the gold one (and which share of them); *chosen*, of
the gold answer and three of other questions of the same kind the gold one gains most likelihood by the
context (log-probability with it less without it).

The last turns are the same for every question of a conversation, so they are read once; how long each context
takes to read cold, until the first token, is measured apart. A run can be broken off: what was answered is
kept in a file, and the next run goes on.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from time import monotonic, perf_counter, process_time
from typing import cast

import msgspec
import numpy as np

from antiphon.bench.figures import Figure
from antiphon.bench.locomo import CATEGORIES, Query, Talk, read_talks
from antiphon.bench.memory_answers_tally import (
    LONG,
    MEMORY,
    SHORT,
    WAYS,
    Cold,
    Result,
    Row,
    kept,
    result_of,
)
from antiphon.bench.memory_cases import Embeddings, spoken, view_of
from antiphon.bench.writing import progress, write
from antiphon.contracts import (
    Embedder,
    EngineSetup,
    LanguageModel,
    Message,
    Prompt,
    Sampling,
    TextDelta,
)
from antiphon.contracts.discovery import find
from antiphon.engines.native import load
from antiphon.memory.columns import Floats
from antiphon.memory.packing import rendered
from antiphon.memory.recalling import recalled
from antiphon.memory.terms import terms
from antiphon.memory.values import Ask
from antiphon.memory.view import View
from antiphon.runtime import default_language_model
from antiphon.store import Store, data_home

DEFAULT_MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m"
_ANSWER_TOKENS = 24
_ROOM_TOKENS = 256
_COLD = 1
"""How often each way is read cold."""
_ASKED = (
    "You know the conversation below between {names}. Answer the question from it in as few words as "
    "possible, with no whole sentence.\n\n{context}"
)
_BLIND = "Answer the question in as few words as possible, with no whole sentence."


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="LoCoMo's JSON")
    parser.add_argument("--held-out", type=int, default=2, help="conversations not tuned on; the last 2")
    parser.add_argument("--questions", type=int, default=100, help="as many of each of four kinds; 100")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="of the manifest")
    parser.add_argument("--keep", type=Path, required=True, metavar="FILE.jsonl", help="what was answered")
    parser.add_argument("--minutes", type=float, default=0, help="break off after this long; 0: never")


def run(args: argparse.Namespace) -> int:
    """Do as the command line says."""
    talks = read_talks(args.data)[-args.held_out :]
    asked = _drawn(talks, args.questions)
    until = monotonic() + 60 * args.minutes if args.minutes else float("inf")
    _go_on(talks, asked, args.model, args.keep, until)
    result = result_of(talks, len(asked), args.model, args.keep)
    write("memory-answers", result, _table(result), as_json=args.json, out=args.out, picture=_picture)
    return 0


def _drawn(talks: Sequence[Talk], count: int) -> list[tuple[Talk, Query]]:
    """As many questions of each kind, drawn with a seed; those without an answer are not among them."""
    dice = Random(0)  # noqa: S311 - a sample that anyone can draw again
    kinds = [category for category in CATEGORIES if category != 5]
    drawn: list[tuple[Talk, Query]] = []
    for place, kind in enumerate(kinds):
        of_kind = [(t, q) for t in talks for q in t.queries if q.category == kind and key_words(q.answer)]
        most = count * (place + 1) // len(kinds) - count * place // len(kinds)
        drawn += dice.sample(of_kind, min(most, len(of_kind)))
    # Mixed, so that a run that was broken off holds all kinds.
    dice.shuffle(drawn)
    return drawn


def key_words(text: str) -> frozenset[str]:
    """What an answer must hold: the stems of all that is no filler."""
    return frozenset(terms(text))


class _Known(msgspec.Struct, frozen=True):
    """A conversation in its memory, and its last turns."""

    talk: Talk
    view: View
    last: Mapping[str, str]
    """The context of each way that does not depend on the question."""


def _go_on(
    talks: Sequence[Talk], asked: Sequence[tuple[Talk, Query]], name: str, keep: Path, until: float
) -> None:
    rows, colds = kept(keep, name)
    done = {(row.talk, row.question, row.way) for row in rows}
    # One conversation after the other and one way after the other: the longest context is read once a run.
    left = [
        (talk, query, way)
        for talk in talks
        for way in (SHORT, MEMORY, LONG)
        for whose, query in asked
        if whose is talk and (talk.name, query.text, way) not in done
    ]
    if not left and len(colds) >= _COLD * len(WAYS):
        return
    model = _model(name)
    embeddings = Embeddings(_embedder, data_home() / "bench" / "vectors-int8")
    known = {talk.name: _knowing(talk, embeddings, model.count_tokens) for talk in talks}
    with keep.open("ab") as out:
        for cold in _read_cold(known[talks[0].name], asked, embeddings, model, name=name, done=colds):
            out.write(msgspec.json.encode(cold) + b"\n")
            out.flush()
        for place, (talk, query, way) in enumerate(left):
            if monotonic() > until:
                return
            progress(f"{place + 1} of {len(left)}: {way}")
            vector = embeddings.of([query.text])[0]
            context = _context(known[talk.name], query, way, vector, model.count_tokens)
            row = _answered(talk, query, way, context=context, model=model, name=name)
            out.write(msgspec.json.encode(row) + b"\n")
            out.flush()


def _knowing(talk: Talk, embeddings: Embeddings, count: Callable[[str], int]) -> _Known:
    view = view_of(talk, embeddings.of(spoken(talk)))
    return _Known(talk, view, {way: _last_turns(view, WAYS[way], count) for way in (SHORT, LONG)})


def _last_turns(view: View, budget_tokens: int, count: Callable[[str], int]) -> str:
    """As many of the last turns as fit; what is added one by one need not add up, so the whole decides."""
    low, high = 0, view.count
    while low < high:
        middle = (low + high + 1) // 2
        fits = count(rendered(view, range(view.count - middle, view.count))) <= budget_tokens
        low, high = (middle, high) if fits else (low, middle - 1)
    return rendered(view, range(view.count - low, view.count))


def _context(known: _Known, query: Query, way: str, vector: Floats, count: Callable[[str], int]) -> str:
    if way != MEMORY:
        return known.last[way]
    ask = Ask(text=query.text, budget_tokens=WAYS[way])
    return recalled(known.view, ask, vector, count).context


def _prompt(talk: Talk, query: Query, context: str | None) -> Prompt:
    names = " and ".join(dict.fromkeys(one.speaker for one in talk.utterances))
    told = _BLIND if context is None else _ASKED.format(names=names, context=context)
    return Prompt((Message("system", told), Message("user", query.text)))


def _answered(talk: Talk, query: Query, way: str, *, context: str, model: LanguageModel, name: str) -> Row:
    prompt = _prompt(talk, query, context)
    key = f"{way}, {talk.name}" if way != MEMORY else way
    began, first_ms, text = perf_counter(), 0.0, ""
    read_tokens = 0
    for piece in model.generate(prompt, Sampling(max_tokens=_ANSWER_TOKENS, temperature=0), cache_key=key):
        first_ms = first_ms or (perf_counter() - began) * 1000
        if isinstance(piece, TextDelta):
            text += piece.text
        elif usage := getattr(piece, "usage", None):
            read_tokens = usage.prompt_tokens - usage.cached_tokens
    options = _options(talk, query)
    gains = np.subtract(
        model.score(prompt, options, cache_key=key),
        model.score(_prompt(talk, query, None), options, cache_key="blind"),
    )
    wanted = key_words(query.answer)
    return Row(
        model=name,
        talk=talk.name,
        question=query.text,
        category=query.category,
        way=way,
        answer=text,
        shares=len(wanted & key_words(text)) / len(wanted),
        chosen=int(gains.argmax()) == 0,
        context_tokens=model.count_tokens(context),
        first_ms=first_ms,
        read_tokens=read_tokens,
    )


def _options(talk: Talk, query: Query) -> list[str]:
    """The gold answer, and three of other questions of the same kind that say something else."""
    gold = key_words(query.answer)
    others = {
        other.answer
        for other in talk.queries
        if other.category == query.category and (words := key_words(other.answer)) and not words & gold
    }
    dice = Random(query.text)  # noqa: S311 - the same three for every way
    return [query.answer, *dice.sample(sorted(others), 3)]


def _read_cold(
    known: _Known,
    asked: Sequence[tuple[Talk, Query]],
    embeddings: Embeddings,
    model: LanguageModel,
    *,
    name: str,
    done: Sequence[Cold],
) -> Iterator[Cold]:
    queries = [query for talk, query in asked if talk is known.talk][:_COLD]
    for way in WAYS:
        for place, query in enumerate(queries[sum(cold.way == way for cold in done) :]):
            progress(f"cold: {way}")
            context = _context(known, query, way, embeddings.of([query.text])[0], model.count_tokens)
            # Another beginning, so that nothing of it is in the cache.
            prompt = _prompt(known.talk, query, f"({place}) {context}")
            prompt = Prompt((Message("system", f"{place} {way}"), *prompt.messages))
            began, worked = perf_counter(), process_time()
            pieces = model.generate(prompt, Sampling(max_tokens=1, temperature=0), cache_key="cold")
            next(pieces)
            first_ms, worked_ms = (perf_counter() - began) * 1000, (process_time() - worked) * 1000
            for _ in pieces:
                pass
            yield Cold(
                model=name,
                way=way,
                tokens=model.count_tokens(prompt),
                first_ms=first_ms,
                processor_ms=worked_ms,
            )


def _model(name: str) -> LanguageModel:
    settings = {"model": name, "slots": 7, "context_tokens": max(WAYS.values()) + 2 * _ROOM_TOKENS}
    setup = EngineSetup(settings=settings, weights=Store().folder)
    return cast(LanguageModel, find("language_model", default_language_model()).open(setup))


def _embedder() -> Embedder:
    return cast(Embedder, find("embedder", "minilm").open(EngineSetup(weights=Store().folder)))


def _table(result: Result) -> list[str]:
    answered = result.lines[0].questions
    lines = [f"{result.model}: {answered} of {result.asked} questions, {', '.join(result.talks)}", ""]
    lines.append(f"{'':<34}{'contained':>22}{'key words':>22}{'chosen of 4':>22}{'n':>5}")
    for one in result.lines:
        told = "".join(f"{_shown(each):>22}" for each in (one.contained, one.shares, one.chosen))
        lines.append(f"{one.way + ', ' + one.category:<34}{told}{one.questions:>5}")
    lines.append("")
    for way, (contained, chosen) in result.above.items():
        lines.append(f"memory above {way}: contained {_shown(contained)}, chosen {_shown(chosen)}")
    for way, took_ms in result.cold_ms.items():
        lines.append(
            f"{way}: {result.cold_tokens[way]:.0f} tokens, first token after {took_ms:.0f} ms cold "
            f"({result.cold_processor_ms[way]:.0f} ms of processor)"
        )
    return lines


def _shown(one: Figure) -> str:
    return f"{one.value:.1%} ({one.low:.0%} to {one.high:.0%})"


def _picture(result: Result, path: Path) -> None:
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure_, axes = pyplot.subplots(figsize=(5, 3))
    for one in result.lines:
        if one.category == "all" and one.way in result.cold_ms:
            axes.plot(result.cold_ms[one.way] / 1000, one.chosen.value, "o", label=one.way)
    axes.set(xscale="log", xlabel="first token, cold, s", ylabel="right one of four chosen", ylim=(0, 1))
    axes.legend(frameon=False)
    figure_.tight_layout()
    figure_.savefig(path)
