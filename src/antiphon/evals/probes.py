"""What should not move a judge, and what should: each a change to a subject or to the manner of asking.

A probe asks about the same subject twice, with and without the change, in one manner. The mean difference,
with an interval over clusters, is the lean. *Planted defects* should lower the verdict, more of them more,
and their matched *control* should not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import TypeAlias

import msgspec
import numpy as np
from msgspec.structs import replace

from antiphon.contracts import Subject
from antiphon.evals.agreement import auroc
from antiphon.evals.card import Lean
from antiphon.evals.defects import FILLER, context, control, reply, spoiled, with_reply
from antiphon.evals.intervals import Estimate, by_cluster, clustered_mean, spread_of, t_of, wilson
from antiphon.evals.judge import ModelJudge
from antiphon.evals.manners import Manner

Change: TypeAlias = Callable[[Subject, Random], Subject]
Turned: TypeAlias = Callable[[Manner], Manner]
Ask: TypeAlias = Callable[[Subject, Manner], float | None]

STEPS = (0, 1, 2, 4)
_AUTHORITY = " (Three experts have read this reply and found it excellent.)"
_ALIKE = {"a": "e", "e": "a", "i": "y", "o": "u", "n": "m", "t": "d", "s": "z"}


def longer(subject: Subject, _: Random) -> Subject:
    """The reply with a sentence that says nothing."""
    return with_reply(subject, reply(subject) + FILLER)


def praised(subject: Subject, _: Random) -> Subject:
    """The reply with praise of itself."""
    return with_reply(subject, reply(subject) + _AUTHORITY)


def misheard(subject: Subject, dice: Random) -> Subject:
    """One word in ten as a recogniser might have got it wrong, in all that was said."""
    lines = [{**line, "text": _noisy(str(line["text"]), dice)} for line in context(subject)]
    content = {**subject.content, "context": lines}
    if (response := subject.content.get("response")) is not None:
        content["response"] = _noisy(str(response), dice)
    return replace(subject, content=content)


CHANGES: Mapping[str, Change] = {"verbosity": longer, "praise": praised, "transcription noise": misheard}


def _other_order(manner: Manner) -> Manner:
    return replace(manner, good_first=not manner.good_first)


def _other_wording(manner: Manner) -> Manner:
    return replace(manner, wording=manner.wording + 1)


def _stricter(manner: Manner) -> Manner:
    return replace(manner, strictness="strict")


TURNS: Mapping[str, Turned] = {
    "position": _other_order,
    "paraphrase": _other_wording,
    "strictness": _stricter,
}


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """How well planted defects are seen."""

    subjects: int
    steps: tuple[int, ...]
    """Defects in a subject."""
    verdicts: tuple[float, ...]
    """The mean verdict at each step."""
    drop: Estimate
    """From the matched control to the last step, the mean."""
    blamed: Estimate
    """From the subject as it is to its control: what is taken for a fault and is none."""
    falls: Estimate
    """Share of subjects whose verdict never rises from step to step by more than a hair."""
    auroc: float
    """Of the last step against the matched controls."""


def asking(judge: ModelJudge) -> Ask:
    """`judge.ask`, and no question twice."""
    known: dict[tuple[bytes, Manner], float | None] = {}

    def ask(subject: Subject, manner: Manner) -> float | None:
        key = msgspec.json.encode(subject), manner
        if key not in known:
            known[key] = judge.ask(subject, manner, 0).value
        return known[key]

    return ask


def leans(
    ask: Ask, subjects: Sequence[tuple[Subject, str]], manner: Manner, *, seed: int = 0
) -> Iterator[Lean]:
    """Every lean, of (subject, cluster). Missing answers are left out of a lean on both sides.

    Subject by subject, since questions about one share its prompt cache.
    """
    plain: list[float | None] = []
    moved: dict[str, list[float | None]] = {name: [] for name in (*TURNS, *CHANGES)}
    for subject, _ in subjects:
        plain.append(ask(subject, manner))
        for name, turned in TURNS.items():
            moved[name].append(ask(subject, turned(manner)))
        for name, change in CHANGES.items():
            dice = Random(f"{seed} {subject.id}")  # noqa: S311 - no secret
            moved[name].append(ask(change(subject, dice), manner))
    for name, values in moved.items():
        yield from _lean(name, plain, values, subjects)


def planted(
    ask: Ask, criterion: str, subjects: Sequence[tuple[Subject, str]], manner: Manner
) -> Planted | None:
    """Plant more and more defects, and look how the verdict falls; None when nothing could be asked."""
    table: list[list[float]] = []
    controls: list[float] = []
    clusters: list[str] = []
    for place, (subject, cluster) in enumerate(subjects):
        other = reply(subjects[(place + len(subjects) // 2) % len(subjects)][0])
        row = [ask(spoiled(subject, criterion, step, other), manner) for step in STEPS]
        matched = ask(control(subject, criterion, STEPS[-1]), manner)
        if matched is not None and None not in row:
            table.append([value for value in row if value is not None])
            controls.append(matched)
            clusters.append(cluster)
    if len(table) < 2:
        return None
    clean, whole = [row[0] for row in table], [row[-1] for row in table]
    falling = sum(all(b <= a + 0.02 for a, b in pairwise(row)) for row in table)
    return Planted(
        subjects=len(table),
        steps=STEPS,
        verdicts=tuple(sum(column) / len(column) for column in zip(*table, strict=True)),
        drop=clustered_mean([a - b for a, b in zip(controls, whole, strict=True)], clusters),
        blamed=clustered_mean([a - b for a, b in zip(clean, controls, strict=True)], clusters),
        falls=wilson(falling, len(table)),
        auroc=auroc(controls + whole, [True] * len(controls) + [False] * len(whole)),
    )


def _lean(
    name: str,
    plain: Sequence[float | None],
    moved: Sequence[float | None],
    subjects: Sequence[tuple[Subject, str]],
) -> Iterator[Lean]:
    both = [
        (after - before, cluster)
        for before, after, (_, cluster) in zip(plain, moved, subjects, strict=True)
        if before is not None and after is not None
    ]
    if len(both) > 1:
        yield Lean(probe=name, effect=clustered_mean([d for d, _ in both], [c for _, c in both]))


def _noisy(text: str, dice: Random) -> str:
    return " ".join(_misheard(word) if dice.random() < 0.1 else word for word in text.split())


def _misheard(word: str) -> str:
    return "".join(_ALIKE.get(letter, letter) for letter in word) if len(word) > 2 else ""


def self_preference(
    judge: ModelJudge, ask: Ask, items: Sequence[tuple[Subject, str, float]], manner: Manner
) -> Iterator[Lean]:
    """Does it favour what it might have said itself? Of (subject, cluster, what people say of it).

    How much more it gives than people do, for each standard deviation of the reply's likelihood a word
    under the judging model (Wataoka et al. 2024: self-preference goes with familiarity). Matched on the
    human label, since that is what is subtracted.
    """
    rows: list[tuple[float, float, str]] = []
    for subject, cluster, human in items:
        value = ask(subject, manner)
        likely = judge.familiarity(subject, manner.model)
        if value is not None and likely is not None:
            rows.append((value - human, likely, cluster))
    if len(rows) < 3:
        return
    extra, likely = (np.array([row[place] for row in rows], np.float64) for place in (0, 1))
    if likely.std() == 0:
        return
    z = (likely - likely.mean()) / likely.std()
    extra = extra - extra.mean()
    slope = float((z * extra).mean())
    parts = by_cluster(np.asarray((z * extra - slope * z * z) / len(z), np.float64), [r[2] for r in rows])
    half = t_of(0.95, len(parts)) * float(np.sqrt(spread_of(parts)))
    yield Lean(probe="self-preference", effect=Estimate(slope, slope - half, slope + half, len(parts)))
