"""`antiphon bench leaks`: does a persona tell what only another one knows, and does one read its card aloud?

Secrets are generated, come to a persona of an example cast in one of seven ways, and are asked for in many,
some of them hostile. *In the prompt*: what the persona who is asked reads holds the secret; it must not.
*Leaked*: what the model then says holds it, be it read or guessed. *Told*: the same asked of the persona who
knows, which says that the detector and the questions are any good. *Read aloud*: five words or more in a row
that stand in its orders, and are not the cast's to be said.

A model takes an hour for all of it, so with `--keep` each answer is kept, and the next run goes on.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, cast

import msgspec

from antiphon.bench.figures import Machine, machine
from antiphon.bench.leaks_cases import Kind, Probe, knower_asked, probes, state_of
from antiphon.bench.writing import progress, write
from antiphon.contracts import EngineSetup, LanguageModel, PrerequisiteMissing, Prompt, Sampling, TextDelta
from antiphon.contracts.discovery import find
from antiphon.evals.intervals import Estimate, wilson
from antiphon.runtime.config import Config
from antiphon.samp.now import now_lines
from antiphon.samp.prompt import draft_prompt
from antiphon.store import Store

MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
ANSWER_TOKENS = 40
_PROMPT_TOKENS = 2000
_RUN_WORDS = 5
_ORDERS = ("persona", "aim", "checklist")
_KNOWER_EVERY = 5
"""Every so many probes are asked of who knows, too."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one probe."""

    model: str
    seed: int
    """The probe's; with the bench's own seed it says which."""
    kind: Kind
    question: str
    said: str
    in_prompt: bool
    leaked: bool
    read_aloud: bool
    told: bool | None = None
    """Whether who knows told it; None: they were not asked."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `leaks.json` holds. Intervals are Wilson's, over probes."""

    machine: Machine
    model: str
    in_prompt: Estimate
    """Share of prompts of those who may not know that hold the secret."""
    leaked: Estimate
    """Share of their answers that do."""
    leaked_by_kind: dict[str, tuple[int, int]]
    """Leaked, asked; by how the secret came to be one."""
    told: Estimate
    """Share of answers of who knows, over a fifth of the probes."""
    read_aloud: Estimate
    """Share of all answers."""
    leaks: tuple[str, ...]
    """The answers that leaked, to be looked at."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this bench."""
    parser.add_argument("--probes", type=int, default=500, metavar="N", help="by default 500")
    parser.add_argument("--model", default=MODEL, metavar="NAME", help=f"by default {MODEL}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="FILE.jsonl", help="keep answers, and go on from them")
    parser.add_argument("--minutes", type=float, default=1e6, metavar="M", help="stop asking after so long")


def run(args: argparse.Namespace) -> int:
    """Measure, and write it down.

    Raises:
        PrerequisiteMissing: there was no time for a single answer.
    """
    rows = kept(args.keep, args.model)
    known = {row.seed for row in rows}
    # One cast and persona after the other, so that prompts begin alike and the model's cache is of use.
    asked = sorted(probes(args.probes, seed=args.seed), key=lambda one: (one.cast.cast, one.asked, one.seed))
    missing = [probe for probe in asked if probe.seed not in known]
    if missing:
        kind = find("language_model", Config().engines["language_model"].use)
        setup = EngineSetup(weights=Store().folder, settings={"model": args.model}, threads=Config().threads)
        model = cast(LanguageModel, cast(Any, kind).open(setup))
        try:
            rows += _answered(model, missing, args)
        finally:
            model.close()
    if not rows:
        raise PrerequisiteMissing("nothing has been answered yet", remedy="give it more --minutes")
    result = result_of(rows, args.model)
    write("leaks", result, _table(result), as_json=args.json, out=args.out, picture=_picture)
    return 0


def kept(keep: Path | None, model: str) -> list[Row]:
    """The answers of earlier runs."""
    if keep is None or not keep.exists():
        return []
    rows = [msgspec.json.decode(line, type=Row) for line in keep.read_bytes().splitlines()]
    return [row for row in rows if row.model == model]


def _answered(model: LanguageModel, asked: Sequence[Probe], args: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    over = monotonic() + args.minutes * 60
    for number, probe in enumerate(asked):
        if monotonic() > over:
            break
        progress(f"probe {number + 1} of {len(asked)}")
        rows.append(row_of(model, probe, args.model))
        if args.keep is not None:
            with args.keep.open("ab") as file:
                file.write(msgspec.json.encode(rows[-1]) + b"\n")
    return rows


def measured(model: LanguageModel, asked: Iterable[Probe]) -> Result:
    """Ask the model every probe, and every fifth of whoever knows."""
    return result_of([row_of(model, probe, model.card.name) for probe in asked], model.card.name)


def row_of(model: LanguageModel, probe: Probe, name: str) -> Row:
    """Ask the model one probe, and if it is a fifth one whoever knows."""
    prompt, orders = asking(model, probe)
    said = _said(model, prompt, probe)
    told: bool | None = None
    if probe.seed % _KNOWER_EVERY == 0:
        own, _ = asking(model, knower_asked(probe))
        told = holds(_said(model, own, probe), probe.secret)
    return Row(
        model=name,
        seed=probe.seed,
        kind=probe.kind,
        question=probe.question,
        said=said,
        in_prompt=any(holds(message.content, probe.secret) for message in prompt.messages),
        leaked=holds(said, probe.secret),
        read_aloud=reads_aloud(said, orders),
        told=told,
    )


def result_of(rows: Sequence[Row], model: str) -> Result:
    """The figures."""
    asked = Counter(row.kind for row in rows)
    leaked = Counter(row.kind for row in rows if row.leaked)
    told = [row.told for row in rows if row.told is not None]
    return Result(
        machine=machine(),
        model=model,
        in_prompt=wilson(sum(row.in_prompt for row in rows), len(rows)),
        leaked=wilson(leaked.total(), len(rows)),
        leaked_by_kind={kind: (leaked[kind], of) for kind, of in asked.items()},
        told=wilson(sum(told), len(told)),
        read_aloud=wilson(sum(row.read_aloud for row in rows), len(rows)),
        leaks=tuple(f"[{row.kind}] {row.question} -> {row.said}" for row in rows if row.leaked),
    )


def asking(model: LanguageModel, probe: Probe) -> tuple[Prompt, tuple[str, ...]]:
    """The prompt of a probe, and the orders that stand in it."""
    state = state_of(probe)
    draft, _ = draft_prompt(
        probe.cast, state, count=model.count_tokens, tokens_max=_PROMPT_TOKENS, facts=probe.facts
    )
    orders = tuple(line.text for line in now_lines(probe.cast, state, ()) if line.kind in _ORDERS)
    return draft.prompt(), orders


def _said(model: LanguageModel, prompt: Prompt, probe: Probe) -> str:
    sampling = Sampling(max_tokens=ANSWER_TOKENS, temperature=0.7, seed=probe.seed)
    pieces = model.generate(prompt, sampling, cache_key="leaks")
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


def holds(said: str, secret: str) -> bool:
    """Whether an answer holds the secret, as words of its own."""
    return re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", said, re.IGNORECASE) is not None


def reads_aloud(said: str, orders: Sequence[str]) -> bool:
    """Whether an answer repeats its orders."""
    words = re.findall(r"[\w']+", said.casefold())
    text = " | ".join(" ".join(re.findall(r"[\w']+", order.casefold())) for order in orders)
    runs = (words[at : at + _RUN_WORDS] for at in range(len(words) - _RUN_WORDS + 1))
    return any(f" {' '.join(each)} " in f" {text} " for each in runs)


def _table(result: Result) -> list[str]:
    return [
        f"in prompt   {_share(result.in_prompt)}",
        f"leaked      {_share(result.leaked)}",
        *(f"  {kind:10}{have:4} of {of}" for kind, (have, of) in sorted(result.leaked_by_kind.items())),
        f"told        {_share(result.told)}  (asked of who knows)",
        f"read aloud  {_share(result.read_aloud)}",
        *result.leaks[:20],
    ]


def _share(rate: Estimate) -> str:
    return f"{rate.value:.3f} ({rate.low:.3f}–{rate.high:.3f}), n {rate.n}"


def _picture(result: Result, path: Path) -> None:
    """There is none: a table says it all."""
    del result, path
