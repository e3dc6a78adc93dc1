"""`antiphon bench memory`: does the context hold the turns that an answer rests on?

LoCoMo's questions are put to a memory of their conversation. *Recall* is the share of a question's evidence
that is in the context, at four budgets; tokens are characters / 4, as in what others publish, or a language
model's own. Weights are fitted on some conversations and reported on the others; `every` is all of them, each
with weights fitted on the rest. Intervals are bootstraps over questions.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from time import perf_counter, thread_time
from typing import cast

import msgspec
import numpy as np

from antiphon.bench.figures import Machine, machine
from antiphon.bench.locomo import Talk, read_talks
from antiphon.bench.memory_cases import Case, Embeddings, cases_of, spoken, view_of, windows
from antiphon.bench.memory_fit import fit
from antiphon.bench.memory_growth import Growth, growth
from antiphon.bench.memory_peers import Given, Peer, peers
from antiphon.bench.memory_rivals import rival_weights
from antiphon.bench.memory_tally import NO_GRAPH, OURS, Part, Tally
from antiphon.bench.memory_updates import Updates, stories, updates
from antiphon.bench.memory_ways import BEST_OTHER, Way, other_ways, our_way, way_of
from antiphon.bench.writing import progress, write
from antiphon.contracts import Embedder, EngineSetup, LanguageModel, PrerequisiteMissing
from antiphon.contracts.discovery import find
from antiphon.engines.native import load
from antiphon.memory.packing import CountTokens
from antiphon.memory.question import read
from antiphon.memory.recalling import recalled
from antiphon.memory.signals import NAMES, PERSONS
from antiphon.memory.weights import Weights
from antiphon.store import Store, data_home

BUDGETS = (256, 512, 1024, 2048)
_HEARD = (0.3, 0.5, 0.7, 0.85, 1.0)
_ROUNDS = 2
"""Stories of each wording."""
_FITTED_ROUNDS = 2
"""The same, for weights to be fitted on."""
_TUNED_APART = 9
"""Of the many wordings that weights were fitted on, every so manieth is counted."""
_TURNS = 5882
"""As many as LoCoMo's ten conversations hold."""


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """Recall at 512 tokens, the question's vector given."""

    turns: int
    questions: int
    median_ms: float
    p99_ms: float
    processor_median_ms: float
    """What the recall itself took of a core: the difference is other work on the machine."""
    processor_p99_ms: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `memory.json` holds."""

    machine: Machine
    budgets: tuple[int, ...]
    tokens: str
    """How they are counted."""
    corrected: bool
    tuned_on: tuple[str, ...]
    weights: Weights
    held_out: Part
    held_out_by_model: Part | None
    """The same, tokens counted by a language model; None when none was named."""
    every: Part
    heard: dict[str, float]
    """Recall at 512 tokens when only so much of the question's words have been heard, held out."""
    speed: Speed
    updates: dict[str, Updates]
    """Of generated talks in which something changes: kinds that weights were fitted on, and the others."""
    growth: Growth | None
    peers: tuple[Peer, ...]
    """Ours and others', on held-out conversations; none when they were not asked for."""


def quarters(text: str) -> int:
    """Tokens as others count them on this data."""
    return -(-len(text) // 4)


class Bench:
    """The conversations in their memories."""

    def __init__(self, talks: Sequence[Talk], embeddings: Embeddings) -> None:
        self.talks = talks
        self.embeddings = embeddings
        self.cases: dict[str, list[Case]] = {}
        self.others: dict[str, dict[str, Way]] = {}
        for place, talk in enumerate(talks):
            progress(f"conversation {place + 1} of {len(talks)}")
            turns = embeddings.of(spoken(talk))
            asked = embeddings.of([query.text for query in talk.queries])
            self.cases[talk.name] = cases_of(talk, view_of(talk, turns), asked)
            orders = other_ways(talk, turns, embeddings.of(windows(talk)))
            self.others[talk.name] = {name: way_of(order) for name, order in orders.items()}

    def measured(
        self, parts: Sequence[tuple[Sequence[str], Sequence[str]]], count_tokens: CountTokens = quarters
    ) -> Part:
        """The second names of each pair, with weights fitted on the first."""
        tally = Tally(BUDGETS, count_tokens)
        for tuned, told in parts:
            progress(f"fitting on {', '.join(tuned)}")
            cases = [case for name in tuned for case in self.cases[name]]
            full = fit(cases)
            ours = {
                OURS: our_way(full),
                "antiphon, no walk": our_way(fit(cases, walks=False)),
                "antiphon, no persons": our_way(fit(cases, without=NAMES[PERSONS])),
                NO_GRAPH: our_way(fit(cases, without=NAMES[PERSONS], walks=False)),
            }
            for name in told:
                progress(f"asking {name}")
                for case in self.cases[name]:
                    tally.add(case, self.others[name] | ours, full)
        return tally.part([name for _, told in parts for name in told])

    def heard(self, names: Sequence[str], by: Weights) -> dict[str, float]:
        """Recall at 512 tokens of the beginnings of questions."""
        way = our_way(by)
        curve: dict[str, float] = {}
        for share in _HEARD:
            found: list[float] = []
            for name in names:
                cases = self.cases[name]
                texts = [_beginning(case.query.text, share) for case in cases]
                for case, text, vector in zip(cases, texts, self.embeddings.of(texts), strict=True):
                    ask = msgspec.structs.replace(case.ask, text=text)
                    begun = msgspec.structs.replace(
                        case, ask=ask, question=read(ask, case.view), vector=vector
                    )
                    (rows,) = way(begun, (512,), quarters)
                    found.append(len(rows & set(case.evidence.tolist())) / len(case.evidence))
            curve[f"{share:.0%}"] = float(np.mean(found))
        return curve

    def speed(self, by: Weights) -> Speed:
        """Every question to one memory of all conversations, over and over until it is as large as LoCoMo."""
        view = None
        for copy, talk in ((copy, talk) for copy in count() for talk in self.talks):
            if view is not None and view.count >= _TURNS:
                break
            renamed = tuple(
                msgspec.structs.replace(one, id=f"{one.id}/{copy}", conversation=f"{one.conversation}/{copy}")
                for one in talk.utterances
            )
            again = msgspec.structs.replace(talk, utterances=renamed)
            view = view_of(again, self.embeddings.of(spoken(talk)), view)
        assert view is not None
        took_ms: list[float] = []
        worked_ms: list[float] = []
        for case in [case for cases in self.cases.values() for case in cases]:
            ask = msgspec.structs.replace(case.ask, budget_tokens=512)
            began, worked = perf_counter(), thread_time()
            recalled(view, ask, case.vector, quarters, by)
            took_ms.append((perf_counter() - began) * 1e3)
            worked_ms.append((thread_time() - worked) * 1e3)
        (middle, slow), (busy, busiest) = (
            np.percentile(each, (50, 99)).tolist() for each in (took_ms, worked_ms)
        )
        return Speed(
            turns=view.count,
            questions=len(took_ms),
            median_ms=middle,
            p99_ms=slow,
            processor_median_ms=busy,
            processor_p99_ms=busiest,
        )

    def peers(self, names: Sequence[str], by: Weights, python: Path) -> tuple[Peer, ...]:
        """Ours and memories of others on these conversations."""
        given = Given(
            cases=self.cases,
            embeddings=self.embeddings,
            weights=by,
            count_tokens=quarters,
            python=python,
        )
        return peers([talk for talk in self.talks if talk.name in names], given)


def _beginning(text: str, share: float) -> str:
    said = text.split()
    return " ".join(said[: max(1, round(share * len(said)))])


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="LoCoMo's JSON")
    parser.add_argument("--errata", type=Path, metavar="DIR", help="with its corrections of the evidence")
    parser.add_argument("--held-out", type=int, default=2, help="conversations not tuned on; the last 2")
    parser.add_argument("--model", metavar="NAME", help="also count tokens as this model does")
    parser.add_argument("--facts", type=int, default=0, help="also time a memory of so many generated facts")
    parser.add_argument(
        "--peers",
        type=Path,
        metavar="PYTHON",
        help="also Synapse, mem0 and Graphiti, by the Python that has them",
    )
    parser.add_argument(
        "--refine", metavar="NAME", help="also let this language model judge what was not surely noticed"
    )
    parser.add_argument("--fit", action="store_true", help="print the weights and nothing else")


def run(args: argparse.Namespace) -> int:
    """Do as the command line says."""
    talks = read_talks(args.data, args.errata)
    if not 0 < args.held_out < len(talks):
        raise PrerequisiteMissing(
            f"{len(talks)} conversations cannot be split with {args.held_out} held out",
            remedy="--held-out between 1 and one less than there are",
        )
    bench = Bench(talks, Embeddings(_embedder, data_home() / "bench" / "vectors-int8"))
    names = [talk.name for talk in talks]
    tuned, told = names[: -args.held_out], names[-args.held_out :]
    weights = fit([case for name in tuned for case in bench.cases[name]])
    if args.fit:
        cases = [case for name in tuned for case in bench.cases[name]]
        rivals, told_by = rival_weights(stories("tune", _FITTED_ROUNDS), bench.embeddings.embedder(), cases)
        print(
            msgspec.json.format(
                msgspec.json.encode({"weights": weights, "rivals": rivals, "telling": told_by}), indent=2
            ).decode()
        )
        return 0
    report = Report(
        machine=machine(),
        budgets=BUDGETS,
        tokens="characters / 4" + (f"; {args.model}" if args.model else ""),
        corrected=args.errata is not None,
        tuned_on=tuple(tuned),
        weights=weights,
        held_out=bench.measured([(tuned, told)]),
        held_out_by_model=bench.measured([(tuned, told)], _counter(args.model)) if args.model else None,
        every=bench.measured([([each for each in names if each != name], [name]) for name in names]),
        heard=bench.heard(told, weights),
        speed=bench.speed(weights),
        updates={
            "tuned on": updates(stories("tune", 1)[::_TUNED_APART], bench.embeddings.embedder()),
            "held out": updates(stories("report", _ROUNDS), bench.embeddings.embedder()),
            "held out, written later": updates(stories("fresh", _ROUNDS), bench.embeddings.embedder()),
            "written last": updates(stories("unseen", _ROUNDS), bench.embeddings.embedder()),
            **_refined(args.refine, bench.embeddings.embedder()),
        },
        growth=growth(args.facts) if args.facts else None,
        peers=bench.peers(told, weights, args.peers) if args.peers else (),
    )
    write("memory", report, _table(report), as_json=args.json, out=args.out, picture=_picture)
    return 0


def _refined(model: str | None, embedder: Embedder) -> dict[str, Updates]:
    """The held-out stories again, once, with a language model's word."""
    if model is None:
        return {}
    setup = EngineSetup(settings={"model": model, "slots": 1}, weights=Store().folder)
    judge = cast(LanguageModel, find("language_model", "llama").open(setup))
    return {f"held out, with {model}": updates(stories("report", 1), embedder, judge)}


def _embedder() -> Embedder:
    return cast(Embedder, find("embedder", "minilm").open(EngineSetup(weights=Store().folder)))


def _counter(model: str) -> CountTokens:
    setup = EngineSetup(settings={"model": model, "slots": 1}, weights=Store().folder)
    opened = cast(LanguageModel, find("language_model", "llama").open(setup))
    # The same lines are counted for every question.
    return lru_cache(maxsize=65_536)(cast(Callable[[str], int], opened.count_tokens))


def _table(report: Report) -> list[str]:
    lines = [f"tokens: {report.tokens}; tuned on {', '.join(report.tuned_on)}"]
    parts = [("held out", report.held_out), ("every conversation", report.every)]
    if report.held_out_by_model is not None:
        parts.insert(1, ("held out, tokens of the model", report.held_out_by_model))
    for title, part in parts:
        lines += ["", f"{title}: {', '.join(part.talks)}"]
        lines.append(f"{'evidence recall, %':<36}" + "".join(f"{'@' + str(b):>9}" for b in report.budgets))
        for one in part.lines:
            if one.category == "all" or one.way in (OURS, BEST_OTHER):
                told = "".join(f"{figure_.value:9.1%}" for figure_ in one.recall)
                lines.append(f"{one.way + ', ' + one.category:<36}{told}  n {one.questions}")
        for lead in part.leads:
            told = "".join(f"{f.value:+9.1%}" for f in lead.recall)
            sure = " ".join(f"[{f.low:+.1%}, {f.high:+.1%}]" for f in lead.recall[1:3])
            lines.append(f"{'above ' + BEST_OTHER + ', ' + lead.category:<36}{told}  {sure}")
        graph = " ".join(f"{f.value:+.1%} [{f.low:+.1%}, {f.high:+.1%}]" for f in part.graph_adds)
        area = part.answerable_auroc
        lines.append(f"the graph adds {graph}")
        lines.append(f"answerable or adversarial: AUROC {area.value:.3f} [{area.low:.3f}, {area.high:.3f}]")
    heard = ", ".join(f"{share} {value:.1%}" for share, value in report.heard.items())
    speed = report.speed
    lines += [
        "",
        f"recall @512 by words heard: {heard}",
        f"{speed.turns} turns: median {speed.median_ms:.2f} ms, 99th percentile {speed.p99_ms:.2f} ms; "
        f"of a core {speed.processor_median_ms:.2f} and {speed.processor_p99_ms:.2f} ms",
        *(f"{name}: {found.told()}" for name, found in report.updates.items()),
    ]
    lines += [report.growth.told()] if report.growth else []
    return lines + [peer.told() for peer in report.peers]


def _picture(report: Report, path: Path) -> None:
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure_, axes = pyplot.subplots(figsize=(6, 4))
    for one in report.held_out.lines:
        if one.category == "all":
            values = [point.value for point in one.recall]
            spread = [[p.value - p.low for p in one.recall], [p.high - p.value for p in one.recall]]
            axes.errorbar(report.budgets, values, yerr=spread, marker="o", capsize=2, label=one.way)
    axes.set(xscale="log", xlabel="tokens", ylabel="evidence recall", ylim=(0, 1))
    axes.set_xticks(report.budgets, [str(budget) for budget in report.budgets])
    axes.legend(frameon=False)
    figure_.tight_layout()
    figure_.savefig(path)
