"""`antiphon bench states`: does the next scene follow the caller, and is what they tell understood?

Every turn of the report half is decided by the rules below, each with the same example phrases. *Accuracy*:
the scene after the turn is the right one, the scene before it being known. *Switches found*: the same over
turns that lead elsewhere; *false*: turns that stay and were taken to lead elsewhere. *Lag*: how many turns
later than the caller a rule gets there when it goes on from its own mistakes; what it never finds counts to
the end.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any, TypeAlias

import msgspec
import numpy as np
from msgspec.structs import replace

from antiphon.bench import sgd
from antiphon.bench.figures import Figure, Machine, by_cluster, machine
from antiphon.bench.sgd import Dialogue, Turn, cast_of, read_dialogues, written
from antiphon.bench.states_fit import PLAIN_START, START, Row, fitted, without
from antiphon.bench.states_model import SmallModel
from antiphon.bench.states_said import Sayings, answered, said_rows, wanted_rows
from antiphon.bench.writing import progress, write
from antiphon.contracts import EngineSetup
from antiphon.engines.minilm import MiniLM
from antiphon.samp import Cast
from antiphon.samp.commands import CorrectSlot, GoTo, SetSlot
from antiphon.samp.deciding import Decider
from antiphon.samp.likelihood import FEATURES, FITTED, ONLY_SEEKING, Weights, telling_words
from antiphon.samp.state import Place, Said, State, initial
from antiphon.store import Store

_RESAMPLINGS = 2000

Rule: TypeAlias = Callable[[Dialogue, Turn, str], str]
"""From a turn and the scene it is said in to the scene it leads to."""
AskMargins: TypeAlias = Callable[[Dialogue, Turn, State], dict[str, float]]
"""What a language model says of each option."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One rule."""

    rule: str
    turns: int
    accuracy: Figure
    switches_found: Figure
    false_switches: Figure
    lag_turns: Figure
    cpu_ms: float
    """Of one decision, the mean."""


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What was understood of what callers told, by value."""

    precision: Figure
    recall: Figure
    f1: Figure
    recall_by_slot: dict[str, tuple[int, int]]
    """Understood, told."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `states.json` holds."""

    machine: Machine
    dialogues: dict[str, int]
    weights: Weights
    """As fitted now; the ones in use are in `samp.likelihood`."""
    seeking: Weights
    """The same of the line for words that ask for somebody."""
    scores: tuple[Score, ...]
    beyond_embedding: Figure
    """How much more often the next scene is right than with the nearest phrase, turn by turn."""
    slots: Slots
    sayings: Sayings | None
    """None: there are no examples here."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this bench."""
    parser.add_argument("--data", type=Path, metavar="DIR", help=f"by default {sgd.DEFAULT_FOLDER}")
    parser.add_argument(
        "--last-turns", type=int, default=0, metavar="N", help="also ask the small language model, of N turns"
    )


def run(args: argparse.Namespace) -> int:
    """Measure, and write it down."""
    dialogues, schema = read_dialogues(args.data)
    by_part = {part: [d for d in dialogues if d.part == part] for part in ("phrases", "tune", "report")}
    casts = {
        service: cast_of(schema[service], by_part["phrases"]) for service in {d.service for d in dialogues}
    }
    embedder = MiniLM.open(EngineSetup(weights=Store().folder))
    deciders = {service: Decider(cast, embedder) for service, cast in casts.items()}
    progress("tuning")
    rows = _rows(by_part["tune"], casts, deciders)
    tuned = [*rows, *said_rows("tune", embedder)]
    weights = fitted([without(row, ONLY_SEEKING) for row in tuned], PLAIN_START)
    seeking = fitted([*tuned, *wanted_rows("tune", embedder)], START)
    plain = [without(row, ONLY_SEEKING) for row in rows]
    rules: dict[str, Rule] = {
        "stay": lambda _, turn, before: before,
        "keywords": _keywords(casts, _threshold(rows, FEATURES.index("shared"))),
        "embedding": _embedding(casts, deciders, _threshold(rows, FEATURES.index("similar"))),
        "antiphon": _antiphon(casts, deciders),
        "antiphon, fitted here": _antiphon(casts, deciders, weights=fitted(plain, PLAIN_START)),
    }
    report = by_part["report"]
    scores = [_score(name, rule, report) for name, rule in rules.items()]
    if args.last_turns:
        some = _some(report, args.last_turns)
        with SmallModel(casts) as model:
            few = _some(by_part["tune"], args.last_turns)
            weighed = fitted(_rows(few, casts, deciders, model.margins), weights)
            scores.append(_score("last turns, asked", model.asked, some))
            fused = _antiphon(casts, deciders, model.margins, weighed)
            scores.append(_score("antiphon with margins", fused, some))
            weights = replace(weights, margin=weighed.margin)
        scores += [_score(f"{name}, same turns", rules[name], some) for name in ("embedding", "antiphon")]
    result = Result(
        machine=machine(),
        dialogues={part: len(some) for part, some in by_part.items()},
        weights=weights,
        seeking=seeking,
        scores=tuple(scores),
        beyond_embedding=_beyond(rules["antiphon"], rules["embedding"], report),
        slots=_slots(casts, deciders, report),
        sayings=answered(embedder),
    )
    write("states", result, _table(result), as_json=args.json, out=args.out, picture=_picture)
    return 0


def _state(cast: Cast, turn: Turn, scene: str) -> State:
    said = (Said(0, "agent", turn.agent_said, "agent", scene),) if turn.agent_said else ()
    return replace(initial(cast), place=Place(scene, "agent"), history=said)


def _rows(
    dialogues: Sequence[Dialogue],
    casts: dict[str, Cast],
    deciders: dict[str, Decider],
    margins: AskMargins | None = None,
) -> list[Row]:
    """What the judges say of each turn, and what was right."""
    rows: list[Row] = []
    for dialogue in dialogues:
        for turn in dialogue.turns:
            state = _state(casts[dialogue.service], turn, turn.before)
            asked = margins(dialogue, turn, state) if margins else {}
            judged = deciders[dialogue.service].judged(state, turn.words, today=sgd.TODAY, margins=asked)
            rows.append(Row(*judged, None if turn.scene == turn.before else GoTo(turn.scene)))
    return rows


def _antiphon(
    casts: dict[str, Cast],
    deciders: dict[str, Decider],
    margins: AskMargins | None = None,
    weights: Weights = FITTED,
) -> Rule:
    def rule(dialogue: Dialogue, turn: Turn, before: str) -> str:
        state = _state(casts[dialogue.service], turn, before)
        asked = margins(dialogue, turn, state) if margins else {}
        decider = deciders[dialogue.service].weighing(weights)
        moves = decider.decide(state, turn.words, today=sgd.TODAY, margins=asked).commands
        return next((move.scene for move in moves if isinstance(move, GoTo)), before)

    return rule


def _embedding(casts: dict[str, Cast], deciders: dict[str, Decider], least: float) -> Rule:
    """The way with the nearest phrase, if that is near enough."""
    return _by_feature(casts, deciders, FEATURES.index("similar"), least)


def _by_feature(casts: dict[str, Cast], deciders: dict[str, Decider], column: int, least: float) -> Rule:
    def rule(dialogue: Dialogue, turn: Turn, before: str) -> str:
        state = _state(casts[dialogue.service], turn, before)
        options, features = deciders[dialogue.service].judged(state, turn.words, today=sgd.TODAY)
        best = int(np.argmax(features[1:, column])) + 1 if len(options) > 1 else 0
        move = options[best].move
        return move.scene if isinstance(move, GoTo) and features[best, column] >= least else before

    return rule


def _keywords(casts: dict[str, Cast], least: float) -> Rule:
    """The way with the phrase of which most telling words are said, without any model."""

    def rule(dialogue: Dialogue, turn: Turn, before: str) -> str:
        said = telling_words(turn.words)
        best, scene = least, before
        for way in casts[dialogue.service].scenes[before].ways:
            for phrase in way.says:
                wanted = telling_words(phrase)
                if wanted and len(said & wanted) / len(wanted) > best:
                    best, scene = len(said & wanted) / len(wanted), way.to
        return scene

    return rule


def _threshold(rows: Sequence[Row], column: int) -> float:
    """From where on a single judge is believed: what decides most turns of the tuning part rightly."""

    def right(least: float) -> int:
        count = 0
        for row in rows:
            best = int(np.argmax(row.features[1:, column])) + 1 if len(row.options) > 1 else 0
            moves = best > 0 and row.features[best, column] >= least
            count += (row.options[best].move if moves else None) == row.move
        return count

    return float(max(np.linspace(0.02, 1.0, 50), key=right))


def _score(name: str, rule: Rule, dialogues: Sequence[Dialogue]) -> Score:
    progress(name)
    began = process_time()
    told = [[(t, rule(d, t, t.before)) for t in d.turns] for d in dialogues]
    turns = sum(len(each) for each in told)
    cpu_ms = (process_time() - began) * 1000 / max(turns, 1)
    right = [[float(scene == t.scene) for t, scene in each] for each in told]
    found = [[float(scene == t.scene) for t, scene in each if t.scene != t.before] for each in told]
    false = [[float(scene != t.before) for t, scene in each if t.scene == t.before] for each in told]
    return Score(
        rule=name,
        turns=turns,
        accuracy=by_cluster(right),
        switches_found=by_cluster(found),
        false_switches=by_cluster(false),
        lag_turns=by_cluster([_lags(rule, dialogue) for dialogue in dialogues]),
        cpu_ms=cpu_ms,
    )


def _beyond(rule: Rule, other: Rule, dialogues: Sequence[Dialogue]) -> Figure:
    def right(each: Rule, dialogue: Dialogue, turn: Turn) -> float:
        return float(each(dialogue, turn, turn.before) == turn.scene)

    return by_cluster([[right(rule, d, t) - right(other, d, t) for t in d.turns] for d in dialogues])


def _lags(rule: Rule, dialogue: Dialogue) -> list[float]:
    """For each change of scene, how many turns later the rule is there, going on from its own scenes."""
    scenes: list[str] = []
    before = sgd.START
    for turn in dialogue.turns:
        before = rule(dialogue, turn, before)
        scenes.append(before)
    lags: list[float] = []
    for place, turn in enumerate(dialogue.turns):
        if turn.scene != turn.before:
            there = (n for n in range(place, len(scenes)) if scenes[n] == turn.scene)
            lags.append(float(next(there, len(scenes)) - place))
    return lags


def _slots(casts: dict[str, Cast], deciders: dict[str, Decider], dialogues: Sequence[Dialogue]) -> Slots:
    by_slot: dict[str, tuple[int, int]] = {}
    counts: list[tuple[int, int, int]] = []
    for dialogue in dialogues:
        cast = casts[dialogue.service]
        hit = said = wanted = 0
        for turn in dialogue.turns:
            decision = deciders[dialogue.service].decide(
                _state(cast, turn, turn.before), turn.words, today=sgd.TODAY
            )
            told = {
                command.slot: written(cast.slots[command.slot], command.value)
                for command in decision.commands
                if isinstance(command, SetSlot | CorrectSlot)
            }
            hits = {slot for slot, value in told.items() if value in turn.told.get(slot, ())}
            hit, said, wanted = hit + len(hits), said + len(told), wanted + len(turn.told)
            for slot in turn.told:
                have, of = by_slot.get(slot, (0, 0))
                by_slot[slot] = (have + (slot in hits), of + 1)
        counts.append((hit, said, wanted))
    return Slots(
        precision=_ratio(counts, lambda c: (c[:, 0], c[:, 1])),
        recall=_ratio(counts, lambda c: (c[:, 0], c[:, 2])),
        f1=_ratio(counts, lambda c: (2 * c[:, 0], c[:, 1] + c[:, 2])),
        recall_by_slot=by_slot,
    )


def _ratio(counts: Sequence[tuple[int, int, int]], parts: Callable[[Any], tuple[Any, Any]]) -> Figure:
    table = np.array(counts, np.float64)
    drawn = table[np.random.default_rng(0).integers(0, len(table), (_RESAMPLINGS, len(table)))].sum(1)
    above, below = parts(drawn)
    low, high = np.percentile(above / np.maximum(below, 1), (2.5, 97.5))
    above, below = parts(table.sum(0, keepdims=True))
    return Figure(float(above[0] / max(below[0], 1)), float(low), float(high), len(counts))


def _some(dialogues: Sequence[Dialogue], turns: int) -> list[Dialogue]:
    """Whole dialogues, evenly spread, of about so many turns."""
    per = sum(len(dialogue.turns) for dialogue in dialogues) / max(len(dialogues), 1)
    count = max(1, min(len(dialogues), round(turns / per)))
    return [dialogues[place * len(dialogues) // count] for place in range(count)]


def _table(result: Result) -> list[str]:
    lines = [f"{'':28}{'accuracy':>22}{'switches found':>22}{'false':>20}{'lag, turns':>20}{'CPU ms':>8}"]
    lines += [
        f"{score.rule:28}{_share(score.accuracy):>22}{_share(score.switches_found):>22}"
        f"{_share(score.false_switches):>20}{_plain(score.lag_turns):>20}{score.cpu_ms:8.1f}"
        for score in result.scores
    ]
    lines.append(f"right more often than the nearest phrase: {_share(result.beyond_embedding)}")
    slots = result.slots
    lines.append("")
    lines.append(
        f"slots: F1 {_share(slots.f1)}, precision {_share(slots.precision)}, recall {_share(slots.recall)}"
    )
    if result.sayings is not None:
        said = result.sayings
        lines.append(
            f"somebody asked for: same turn {_share(said.asked)}, as heard {_share(said.asked_as_heard)}, "
            f"only spoken of and left {_share(said.spoken_of)}"
        )
        lines.append(
            f"somebody wanted, not named: same turn {_share(said.wanted)}, "
            f"others spoken of and left {_share(said.wanted_left)}"
        )
        lines.append("foreseen at 60, 80, 100 % of the words: " + ", ".join(map(_share, said.foreseen)))
        lines.append(f"example casts: same turn {_share(said.moved)}, left alone {_share(said.stayed)}")
    lines += [f"  {slot:24}{have:4} of {of}" for slot, (have, of) in sorted(slots.recall_by_slot.items())]
    for name, line in (("fitted", result.weights), ("seeking", result.seeking)):
        told = ", ".join(f"{k}={v:.2f}" for k, v in msgspec.structs.asdict(line).items())
        lines.append(f"{name}: {told}")
    return lines


def _share(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})"


def _plain(figure: Figure) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f}–{figure.high:.2f})"


def _picture(result: Result, path: Path) -> None:
    """There is none: a table says it all."""
    del result, path
