"""`antiphon bench manner`: do the first words of each answer show whose manner it is?

A listening model sees the manners of a cast's personas, without their names, and the first twelve words of
an answer, from which names are taken; it names a persona by scored options, in every order of them, less
what it names when nothing is said. *Right*: the share of the speaker's turns in which the speaker is
likeliest. Beside it stand what chance gives, the openings as the cast's author wrote them (what the
listener is able to hear at all), and with calls of `bench cast --plain` the answers of a server without
personas to the same lines, held against the same personas: what the topic alone gives away. Intervals
resample conversations.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np

from antiphon.bench.cast import Result as Calls
from antiphon.bench.figures import Figure, Machine, by_cluster, machine
from antiphon.bench.writing import progress, write
from antiphon.contracts import EngineSetup, LanguageModel
from antiphon.contracts.discovery import find
from antiphon.runtime.config import Config
from antiphon.samp import Cast, read_cast
from antiphon.samp.drift import listening, shares
from antiphon.samp.handover import without_taking_over
from antiphon.store import Store

MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"


class Heard(msgspec.Struct, frozen=True):
    """First words, and whom they were taken for."""

    cast: str
    call: int
    kind: str
    """ "model", "opening" (as the cast has it), "plain", or "written" (openings, read in the file)."""
    persona: str
    words: str
    share: float
    """How likely the listener holds the speaker; by chance one over the personas."""
    right: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `manner.json` holds."""

    machine: Machine
    model: str
    right: dict[str, Figure]
    """By kind, the share that is taken for the speaker."""
    share: dict[str, Figure]
    chance: float
    beyond_plain: Figure | None
    """How much more often the model's words are right than those without personas to the same line."""
    heard: tuple[Heard, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this bench."""
    parser.add_argument("calls", nargs="+", type=Path, metavar="CAST_JSON", help="of `antiphon bench cast`")
    parser.add_argument("--examples", type=Path, default=Path("examples"), metavar="DIR")
    parser.add_argument("--model", default=MODEL, metavar="NAME", help=f"the listener; by default {MODEL}")


def run(args: argparse.Namespace) -> int:
    """Measure, and write it down."""
    calls = [msgspec.json.decode(path.read_bytes(), type=Calls) for path in args.calls]
    names = list(dict.fromkeys(one.cast for each in calls for one in each.conversations))
    casts = {
        name: read_cast((args.examples / f"{name}.yaml").read_text(encoding="utf-8"), name) for name in names
    }
    kind = find("language_model", Config().engines["language_model"].use)
    setup = EngineSetup(weights=Store().folder, settings={"model": args.model}, threads=Config().threads)
    model = cast(LanguageModel, cast(Any, kind).open(setup))
    try:
        result = measured(model, casts, calls)
    finally:
        model.close()
    result = msgspec.structs.replace(result, model=args.model)
    write("manner", result, _table(result), as_json=args.json, out=args.out, picture=_picture)
    return 0


def measured(model: LanguageModel, casts: dict[str, Cast], calls: Sequence[Calls]) -> Result:
    """Listen to every answer."""
    ear = _Ear(model)
    heard: list[Heard] = []
    said = [each for number, one in enumerate(calls) for each in _said(casts, one, number)]
    for number, (name, call, kind, persona, words) in enumerate((*said, *_written(casts))):
        progress(f"answer {number + 1}: {words[:50]}")
        found = ear.shares(casts[name], words)
        likeliest = max(found, key=lambda each: found[each])
        heard.append(Heard(name, call, kind, persona, words, found[persona], likeliest == persona))
    kinds = list(dict.fromkeys(each.kind for each in heard))
    model_made = [each for each in heard if each.kind == "model"]
    return Result(
        machine=machine(),
        model="",
        right={kind: by_cluster(_clusters(heard, kind, "right")) for kind in kinds},
        share={kind: by_cluster(_clusters(heard, kind, "share")) for kind in kinds},
        chance=float(np.mean([1 / len(casts[each.cast].personas) for each in model_made])),
        beyond_plain=_beyond(heard),
        heard=tuple(heard),
    )


class _Ear:
    """Asks one model; what it names when nothing is said is asked once for each order of a cast."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._priors: dict[tuple[str, int], tuple[float, ...]] = {}

    def shares(self, cast: Cast, words: str) -> dict[str, float]:
        """How likely each persona is, the mean over all orders."""
        total = dict.fromkeys(cast.personas, 0.0)
        for turned in range(len(cast.personas)):
            asked = listening(cast, words, turned=turned)
            key = cast.cast, turned
            if key not in self._priors:
                self._priors[key] = tuple(self._model.score(asked.prior, asked.options, cache_key="manner"))
            scores = self._model.score(asked.prompt, asked.options, cache_key="manner")
            for persona, share in shares(asked, scores, self._priors[key]).items():
                total[persona] += share / len(cast.personas)
        return total


def _said(casts: dict[str, Cast], calls: Calls, number: int) -> Iterator[tuple[str, int, str, str, str]]:
    """Of each turn that was answered: cast, call, kind, persona, words."""
    for one in calls.conversations:
        found = casts[one.cast]
        plain = one.plain_answers or ("",) * len(one.turns)
        for each, other in zip(one.turns, plain, strict=True):
            turn = each.turn
            words = without_taking_over(found, turn.persona, turn.answer)
            if not words or turn.persona not in found.personas:
                continue
            opening = found.scenes[turn.scene].opening if turn.scene in found.scenes else None
            begins = (opening or "").partition("{")[0][:20]
            written = bool(begins) and words.startswith(begins)
            yield one.cast, number, "opening" if written else "model", turn.persona, words
            if other and not written:
                yield one.cast, number, "plain", turn.persona, other


def _written(casts: dict[str, Cast]) -> Iterator[tuple[str, int, str, str, str]]:
    for name, found in casts.items():
        for scene in found.scenes.values():
            if scene.opening and "{" not in scene.opening:
                yield name, 0, "written", scene.plays, scene.opening


def _clusters(heard: Sequence[Heard], kind: str, field: str) -> list[list[float]]:
    found: dict[tuple[str, int], list[float]] = {}
    for each in heard:
        if each.kind == kind:
            found.setdefault((each.cast, each.call), []).append(float(getattr(each, field)))
    return list(found.values())


def _beyond(heard: Sequence[Heard]) -> Figure | None:
    found: dict[tuple[str, int], list[float]] = {}
    for each, other in pairwise(heard):
        if (each.kind, other.kind) == ("model", "plain"):
            found.setdefault((each.cast, each.call), []).append(float(each.right) - float(other.right))
    return by_cluster(list(found.values())) if found else None


def _table(result: Result) -> list[str]:
    lines = [
        f"{each.cast:12}{each.kind:9}{each.persona:13}{each.share:5.2f}{'' if each.right else ' NOT'}  "
        f"{each.words[:70]}"
        for each in result.heard
    ]
    lines.append("")
    lines += [
        f"{kind:9} right {_figure(result.right[kind])}, share {_figure(result.share[kind])}"
        for kind in result.right
    ]
    lines.append(f"by chance {result.chance:.2f}")
    if result.beyond_plain is not None:
        lines.append(f"right more often than without personas: {_figure(result.beyond_plain)}")
    return lines


def _figure(one: Figure) -> str:
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f}, {one.n})"


def _picture(result: Result, path: Path) -> None:
    """There is none: a table says it all."""
    del result, path
