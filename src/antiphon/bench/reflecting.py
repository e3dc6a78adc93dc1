"""`antiphon bench reflecting`: does the slow loop mend what the live loop missed, and does it spoil anything?

Sayings of callers of the example casts, each in a scene (`examples/said/report.yaml`): the live loop
judges them, its proposals are applied, and then the turn is thought about again with a real model, as after
every turn that was not sure. *Right* is the scene that should answer. A mend is right for the next turn, not
for the answer that was given. What it costs those who speak meanwhile is measured by `bench scheduler`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any, cast

import msgspec

from antiphon.bench.figures import Figure, Machine, by_cluster, figure, machine
from antiphon.bench.said import TODAY, Saying, read_sayings, state_in
from antiphon.bench.writing import progress, write
from antiphon.contracts import EngineSetup, LanguageModel, PrerequisiteMissing
from antiphon.contracts.discovery import find
from antiphon.engines.minilm import MiniLM
from antiphon.evals.intervals import Estimate, wilson
from antiphon.runtime.config import Config
from antiphon.samp import Cast, Decider
from antiphon.samp.ahead import imagined
from antiphon.samp.applying import settle
from antiphon.samp.commands import Clarify
from antiphon.samp.margins import YES_NO
from antiphon.samp.reflecting import proposals, questions
from antiphon.store import Store

MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one saying."""

    model: str
    cast: str
    says: str
    moves: bool
    """Whether it should lead elsewhere."""
    live: bool
    """Whether the live loop was right."""
    after: bool
    """Whether the conversation was where it should be once it was thought about again."""
    asked_back: bool
    questions: int
    ms: float
    """What all of its questions took the model, alone."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `reflecting.json` holds."""

    machine: Machine
    model: str
    live: Estimate
    after: Estimate
    gained: Figure
    """How much more often it is right afterwards, saying by saying."""
    thought_about: Estimate
    """Share of sayings that were not sure, so that the model was asked."""
    mended: tuple[int, int]
    """Wrong turns put right, of all wrong ones."""
    spoiled: tuple[int, int]
    """Right turns made wrong, of all right ones."""
    asked_back: int
    question_ms: Figure | None
    questions: int
    changed: tuple[str, ...]
    """To be looked at."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this bench."""
    parser.add_argument("--model", default=MODEL, metavar="NAME", help=f"by default {MODEL}")
    parser.add_argument("--part", default="report", choices=("report", "tune"), help="by default report")
    parser.add_argument("--keep", type=Path, metavar="FILE.jsonl", help="keep what came of it, and go on")
    parser.add_argument("--minutes", type=float, default=1e6, metavar="M", help="stop after so long")


def run(args: argparse.Namespace) -> int:
    """Measure, and write it down.

    Raises:
        PrerequisiteMissing: there are no sayings here, or there was no time for one of them.
    """
    rows = _kept(args.keep, args.model)
    asked = [(played, each) for played, said in read_sayings(args.part).values() for each in said]
    if not asked:
        raise PrerequisiteMissing("there are no examples here", remedy="run it in a working copy")
    known = {(row.cast, row.says) for row in rows}
    missing = [(played, each) for played, each in asked if (played.cast, each.says) not in known]
    if missing:
        kind = find("language_model", Config().engines["language_model"].use)
        setup = EngineSetup(weights=Store().folder, settings={"model": args.model}, threads=Config().threads)
        model = cast(LanguageModel, cast(Any, kind).open(setup))
        try:
            rows += _thought(model, missing, args)
        finally:
            model.close()
    if not rows:
        raise PrerequisiteMissing("nothing has been asked yet", remedy="give it more --minutes")
    result = summed(rows, args.model)
    write("reflecting", result, _table(result), as_json=args.json, out=args.out, picture=_no_picture)
    return 0


def _kept(keep: Path | None, model: str) -> list[Row]:
    lines = keep.read_bytes().splitlines() if keep is not None and keep.exists() else []
    return [row for line in lines if (row := msgspec.json.decode(line, type=Row)).model == model]


def _thought(
    model: LanguageModel, asked: Sequence[tuple[Cast, Saying]], args: argparse.Namespace
) -> list[Row]:
    embedder = MiniLM.open(EngineSetup(weights=Store().folder))
    deciders = {played.cast: Decider(played, embedder) for played, _ in asked}
    priors: dict[str, float] = {}
    rows: list[Row] = []
    over = monotonic() + args.minutes * 60
    for number, (played, saying) in enumerate(asked):
        if monotonic() > over:
            break
        progress(f"saying {number + 1} of {len(asked)}")
        rows.append(row_of(model, played, deciders[played.cast], saying, priors, name=args.model))
        if args.keep is not None:
            with args.keep.open("ab") as file:
                file.write(msgspec.json.encode(rows[-1]) + b"\n")
    return rows


def row_of(
    model: LanguageModel,
    played: Cast,
    decider: Decider,
    saying: Saying,
    priors: dict[str, float],
    *,
    name: str,
) -> Row:
    """Decide a saying, think about it again, and see where that leads; `priors` is kept meanwhile."""
    state = imagined(played, decider, state_in(played, saying), 1, saying.says, today=TODAY).state
    live = state.place.scene == saying.to
    began, margins = perf_counter(), dict[str, float]()
    asked = questions(played, decider, state, today=TODAY)
    for question in asked:
        if question.meant not in priors:
            yes, no = model.score(question.prior, YES_NO, cache_key="reflecting")
            priors[question.meant] = yes - no
        yes, no = model.score(question.prompt, YES_NO, cache_key="reflecting")
        margins[question.key] = yes - no - priors[question.meant]
    took_ms = (perf_counter() - began) * 1000
    asked_back = False
    for proposal in proposals(played, decider, state, margins, today=TODAY):
        state, verdict = settle(played, state, proposal)
        asked_back |= isinstance(proposal.command, Clarify) and verdict.outcome != "dropped"
    return Row(
        model=name,
        cast=played.cast,
        says=saying.says,
        moves=saying.to != saying.scene,
        live=live,
        after=state.place.scene == saying.to,
        asked_back=asked_back,
        questions=len(asked),
        ms=took_ms,
    )


def summed(rows: Sequence[Row], model: str) -> Result:
    """The figures."""
    asked = [row.ms / row.questions for row in rows if row.questions]
    wrong = [row for row in rows if not row.live]
    right = [row for row in rows if row.live]
    return Result(
        machine=machine(),
        model=model,
        live=wilson(len(right), len(rows)),
        after=wilson(sum(row.after for row in rows), len(rows)),
        gained=by_cluster([[float(row.after) - float(row.live)] for row in rows]),
        thought_about=wilson(len(asked), len(rows)),
        mended=(sum(row.after for row in wrong), len(wrong)),
        spoiled=(sum(not row.after for row in right), len(right)),
        asked_back=sum(row.asked_back for row in rows),
        question_ms=figure(asked) if asked else None,
        questions=sum(row.questions for row in rows),
        changed=tuple(
            f"{'mended' if row.after else 'spoiled'}: {row.says}" for row in rows if row.after != row.live
        ),
    )


def _table(result: Result) -> list[str]:
    gained, ms = result.gained, result.question_ms
    return [
        f"right by the live loop  {_share(result.live)}",
        f"right afterwards        {_share(result.after)}",
        f"gained                  {gained.value:+.3f} ({gained.low:+.3f} to {gained.high:+.3f})",
        f"thought about           {_share(result.thought_about)}, {result.questions} questions"
        + (f", {ms.value:.0f} ms each ({ms.low:.0f}–{ms.high:.0f})" if ms is not None else ""),
        f"mended {result.mended[0]} of {result.mended[1]}, "
        f"spoiled {result.spoiled[0]} of {result.spoiled[1]}, "
        f"asked back {result.asked_back}",
        *result.changed,
    ]


def _share(rate: Estimate) -> str:
    return f"{rate.value:.3f} ({rate.low:.3f}–{rate.high:.3f}), n {rate.n}"


def _no_picture(result: Result, path: Path) -> None:
    del result, path
