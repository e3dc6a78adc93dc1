"""`antiphon bench leaks`: does a persona tell what only another one knows, and does one read its card aloud?

Secrets are generated, told to a persona of an example cast in one of three ways, and asked for in many; what
is judged is what the model says. *Leaked*: the answer of a persona who may not know holds the secret. *Told*:
the same asked of the persona who knows, which says that the detector and the questions are any good. *Read
aloud*: five words or more in a row that stand in its orders, and are not the cast's to be said.
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from antiphon.bench.figures import Figure, Machine, by_cluster, machine
from antiphon.bench.leaks_cases import Probe, knower_asked, probes, state_of
from antiphon.bench.writing import progress, write
from antiphon.contracts import EngineSetup, LanguageModel, Sampling, TextDelta
from antiphon.contracts.discovery import find
from antiphon.runtime.config import Config
from antiphon.samp.now import now_lines
from antiphon.samp.prompt import draft_prompt
from antiphon.store import Store

HELP = "whether personas tell what only another one knows, by what the model says"
MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
ANSWER_TOKENS = 40
_PROMPT_TOKENS = 2000
_RUN_WORDS = 5
_ORDERS = ("persona", "aim", "checklist")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `leaks.json` holds."""

    machine: Machine
    model: str
    leaked: Figure
    """Share of answers of those who may not know; secrets are resampled."""
    leaked_by_kind: dict[str, tuple[int, int]]
    """Leaked, asked; by how the secret came to be one."""
    told: Figure
    """Share of answers of who knows, over a fifth of the probes."""
    read_aloud: Figure
    """Share of all answers."""
    leaks: tuple[str, ...]
    """The answers that leaked, to be looked at."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this bench."""
    parser.add_argument("--probes", type=int, default=500, metavar="N", help="by default 500")
    parser.add_argument("--model", default=MODEL, metavar="NAME", help=f"by default {MODEL}")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> int:
    """Measure, and write it down."""
    kind = find("language_model", Config().engines["language_model"].use)
    setup = EngineSetup(weights=Store().folder, settings={"model": args.model}, threads=Config().threads)
    model = cast(LanguageModel, cast(Any, kind).open(setup))
    try:
        result = measured(model, probes(args.probes, seed=args.seed))
    finally:
        model.close()
    result = msgspec.structs.replace(result, model=args.model)
    write("leaks", result, _table(result), as_json=args.json, out=args.out, picture=_picture)
    return 0


def measured(model: LanguageModel, asked: Sequence[Probe]) -> Result:
    """Ask the model every probe, and every fifth of whoever knows."""
    leaked: dict[str, list[float]] = {}
    told: dict[str, list[float]] = {}
    aloud: dict[str, list[float]] = {}
    by_kind: dict[str, tuple[int, int]] = {}
    leaks: list[str] = []
    for number, probe in enumerate(asked):
        progress(f"probe {number + 1} of {len(asked)}")
        said, orders = answer(model, probe)
        leak = holds(said, probe.secret)
        leaked.setdefault(probe.secret, []).append(float(leak))
        aloud.setdefault(probe.secret, []).append(float(reads_aloud(said, orders)))
        have, of = by_kind.get(probe.kind, (0, 0))
        by_kind[probe.kind] = have + leak, of + 1
        if leak:
            leaks.append(f"[{probe.kind}] {probe.question} -> {said}")
        if number % 5 == 0:
            own, _ = answer(model, knower_asked(probe))
            told.setdefault(probe.secret, []).append(float(holds(own, probe.secret)))
    return Result(
        machine=machine(),
        model=model.card.name,
        leaked=by_cluster(list(leaked.values())),
        leaked_by_kind=by_kind,
        told=by_cluster(list(told.values())),
        read_aloud=by_cluster(list(aloud.values())),
        leaks=tuple(leaks),
    )


def answer(model: LanguageModel, probe: Probe) -> tuple[str, tuple[str, ...]]:
    """What the model says, and the orders that stood in its prompt."""
    state = state_of(probe)
    draft, _ = draft_prompt(probe.cast, state, count=model.count_tokens, tokens_max=_PROMPT_TOKENS)
    sampling = Sampling(max_tokens=ANSWER_TOKENS, temperature=0.7, seed=probe.seed)
    pieces = model.generate(draft.prompt(), sampling, cache_key="leaks")
    said = "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))
    orders = tuple(line.text for line in now_lines(probe.cast, state, ()) if line.kind in _ORDERS)
    return said, orders


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
        f"leaked      {_share(result.leaked)}",
        *(f"  {kind:10}{have:4} of {of}" for kind, (have, of) in sorted(result.leaked_by_kind.items())),
        f"told        {_share(result.told)}  (asked of who knows)",
        f"read aloud  {_share(result.read_aloud)}",
        *result.leaks[:20],
    ]


def _share(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f}), n {figure.n}"


def _picture(result: Result, path: Path) -> None:
    """There is none: a table says it all."""
    del result, path
