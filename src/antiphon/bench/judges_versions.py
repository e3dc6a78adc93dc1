"""Two versions, one of them worse on purpose, compared after every round until it is decided.

Simulated conversations with the scatter of real ones: success and checks are coin tosses, a turn is missed
now and then, response times scatter by 400 ms and words by a third. A planted fault changes one of them as
the plants of `antiphon eval run --plant` do. A slip of persona is seen by a judge only, of a known
sensitivity.
"""

from collections.abc import Mapping
from statistics import median

import msgspec
import numpy as np

from antiphon.evals.comparing import EXIT, compare
from antiphon.evals.intervals import Estimate, wilson
from antiphon.evals.measured import MEASURES, Measure
from antiphon.evals.records import Conversation, ConversationOutcome

SCENARIOS = 6
ROUNDS = 20
"""At most: 120 pairs."""
TURNS = 6
SENSITIVITY, FALSE_ALARMS = 0.8, 0.1
"""Of the judge that looks for slips of persona, reply by reply."""

Dice = np.random.Generator
IN_CHARACTER = Measure(
    name="in_character", better="high", margin=0.1, reach=1.0, unit="share", words="replies in character"
)


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is planted."""

    success: float = 0.85
    missed: float = 0.02
    slower_ms: float = 0.0
    wordier: float = 1.0
    slips: float = 0.0


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """How a fault fared."""

    fault: str
    runs: int
    worse: Estimate
    """Share called worse, looking after every round."""
    passed: Estimate
    """Share called better or the same."""
    pairs: float | None
    """Until it was called worse, the median."""


FAULTS: Mapping[str, Fault] = {
    "none (A/A)": Fault(),
    "memory off": Fault(success=0.5),
    "1.5 s slower": Fault(slower_ms=1500),
    "30 % of turns ignored": Fault(missed=0.3, success=0.6),
    "three times as wordy": Fault(wordier=3.0),
    "persona slips in 20 % of turns": Fault(slips=0.2),
}


def power(name: str, *, runs: int, seed: int = 0) -> Power:
    """Compare a sound version with one that has the fault `name`."""
    dice, fault = np.random.default_rng(seed), FAULTS[name]
    worse = passed = 0
    needed: list[int] = []
    for _ in range(runs):
        code, pairs = _until_decided(dice, fault)
        worse += code == 1
        passed += code == 0
        needed += [pairs] if code == 1 else []
    return Power(
        fault=name,
        runs=runs,
        worse=wilson(worse, runs),
        passed=wilson(passed, runs),
        pairs=median(needed) if needed else None,
    )


def _until_decided(dice: Dice, fault: Fault) -> tuple[int, int]:
    before: list[Conversation] = []
    after: list[Conversation] = []
    hard = dice.normal(0, 0.1, SCENARIOS)
    for seed in range(ROUNDS):
        for scenario in range(SCENARIOS):
            before.append(_conversation(dice, scenario, seed, Fault(), hard[scenario]))
            after.append(_conversation(dice, scenario, seed, fault, hard[scenario]))
        found = compare(before, after, (*MEASURES, IN_CHARACTER))
        if EXIT[found.decision] != 2:
            return EXIT[found.decision], found.pairs
    return 2, ROUNDS * SCENARIOS


def _conversation(dice: Dice, scenario: int, seed: int, fault: Fault, hard: float) -> Conversation:
    slipped = dice.random(TURNS) < fault.slips
    seen = np.where(slipped, dice.random(TURNS) < SENSITIVITY, dice.random(TURNS) < FALSE_ALARMS)
    success = bool(dice.random() < np.clip(fault.success + hard, 0, 1))
    return Conversation(
        id=f"s{scenario}-{seed}",
        scenario=f"s{scenario}",
        seed=seed,
        mode="text",
        measures={
            "checks_held": 1.0 if success else _share(dice, 0.6),
            "missed": _share(dice, fault.missed),
            "latency_ms": float(dice.normal(900 + fault.slower_ms, 400)),
            "words_per_answer": float(max(1, dice.normal(15, 5) * fault.wordier)),
            "in_character": 1 - float(seen.mean()),
        },
        outcome=ConversationOutcome(success=success),
    )


def _share(dice: Dice, rate: float) -> float:
    return float(dice.binomial(TURNS, rate)) / TURNS
