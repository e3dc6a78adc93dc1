"""What should not move a judge, and what should: each a change to a subject or to the manner of asking.

A probe asks about the same subject twice, with and without the change, in one manner. The mean difference,
with an interval over clusters, is the lean. *Planted defects* should lower the verdict, more of them more,
and their matched *control*, a change of the same kind that harms nothing, should not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any, TypeAlias

import msgspec
import numpy as np
from msgspec.structs import replace

from antiphon.contracts import Subject
from antiphon.evals.agreement import auroc
from antiphon.evals.card import Lean
from antiphon.evals.intervals import Estimate, by_cluster, clustered_mean, spread_of, t_of
from antiphon.evals.judge import ModelJudge
from antiphon.evals.manners import Manner

Change: TypeAlias = Callable[[Subject, Random], Subject]
Turned: TypeAlias = Callable[[Manner], Manner]

_FILLER = (
    " I am happy to say so, and please let me know if there is anything else at all that I can do for you."
)
_AUTHORITY = " (Three experts have read this reply and found it excellent.)"
_ALIKE = {"a": "e", "e": "a", "i": "y", "o": "u", "n": "m", "t": "d", "s": "z"}


def _response(subject: Subject, words: str) -> Subject:
    return replace(subject, content={**subject.content, "response": words})


def _text(subject: Subject) -> str:
    return str(subject.content.get("response") or "")


def longer(subject: Subject, _: Random) -> Subject:
    """The reply with a sentence that says nothing."""
    return _response(subject, _text(subject) + _FILLER)


def praised(subject: Subject, _: Random) -> Subject:
    """The reply with praise of itself."""
    return _response(subject, _text(subject) + _AUTHORITY)


def misheard(subject: Subject, dice: Random) -> Subject:
    """One word in ten as a recogniser might have got it wrong, in all that was said."""
    context = [{**line, "text": _noisy(str(line["text"]), dice)} for line in _context(subject)]
    return replace(
        subject, content={**subject.content, "context": context, "response": _noisy(_text(subject), dice)}
    )


def same(subject: Subject, _: Random) -> Subject:
    """A control: a capital less and a full stop more or less, which harms nothing."""
    text = _text(subject)
    return _response(subject, text[:-1] if text.endswith(".") else text + ".")


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

    steps: tuple[int, ...]
    """Words in eight that come from another reply."""
    verdicts: tuple[float, ...]
    """The mean verdict at each step."""
    falls: float
    """Share of subjects whose verdict never rises from step to step by more than a hair."""
    auroc: float
    """Of the whole defect against its matched control."""


def leans(
    judge: ModelJudge, subjects: Sequence[tuple[Subject, str]], manner: Manner, *, seed: int = 0
) -> Iterator[Lean]:
    """Every lean, of (subject, cluster). Missing answers are left out of a lean on both sides."""
    plain = [judge.ask(subject, manner, seed).value for subject, _ in subjects]
    for name, change in CHANGES.items():
        moved = [
            judge.ask(change(s, Random(f"{seed} {s.id}")), manner, seed).value  # noqa: S311 - no secret
            for s, _ in subjects
        ]
        yield from _lean(name, plain, moved, subjects)
    for name, turned in TURNS.items():
        moved = [judge.ask(subject, turned(manner), seed).value for subject, _ in subjects]
        yield from _lean(name, plain, moved, subjects)


def planted(
    judge: ModelJudge, subjects: Sequence[Subject], manner: Manner, *, steps: Sequence[int] = (0, 2, 4, 8)
) -> Planted:
    """Plant more and more of another subject's reply, and look how the verdict falls."""
    table: list[list[float]] = []
    controls: list[float] = []
    for place, subject in enumerate(subjects):
        other = _text(subjects[(place + len(subjects) // 2) % len(subjects)])
        row = [judge.ask(_mixed(subject, other, step), manner, 0).value for step in steps]
        control = judge.ask(same(subject, Random(0)), manner, 0).value  # noqa: S311 - no secret
        if control is not None and None not in row:
            table.append([value for value in row if value is not None])
            controls.append(control)
    whole = [row[-1] for row in table]
    return Planted(
        steps=tuple(steps),
        verdicts=tuple(sum(column) / len(column) for column in zip(*table, strict=True)),
        falls=sum(all(b <= a + 0.02 for a, b in pairwise(row)) for row in table) / max(len(table), 1),
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


def _mixed(subject: Subject, other: str, eighths: int) -> Subject:
    """The reply with its last `eighths` of eight words taken from another."""
    words = _text(subject).split()
    keep = round(len(words) * (8 - eighths) / 8)
    return _response(subject, " ".join([*words[:keep], *other.split()[: max(len(words) - keep, 0)]]))


def _noisy(text: str, dice: Random) -> str:
    return " ".join(_misheard(word) if dice.random() < 0.1 else word for word in text.split())


def _misheard(word: str) -> str:
    return "".join(_ALIKE.get(letter, letter) for letter in word) if len(word) > 2 else ""


def _context(subject: Subject) -> Sequence[Mapping[str, Any]]:
    return list(subject.content.get("context") or ())


def self_preference(
    judge: ModelJudge, items: Sequence[tuple[Subject, str, float]], manner: Manner
) -> Iterator[Lean]:
    """Does it favour what it might have said itself? Of (subject, cluster, what people say of it).

    How much more it gives than people do, for each standard deviation of the reply's likelihood a word
    under the judging model (Wataoka et al. 2024: self-preference goes with familiarity). Matched on the
    human label, since that is what is subtracted.
    """
    rows: list[tuple[float, float, str]] = []
    for subject, cluster, human in items:
        value = judge.ask(subject, manner, 0).value
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
