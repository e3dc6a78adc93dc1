"""Which measures of a conversation decide whether a version is worse, and what difference matters.

A margin is the difference that nobody would mind. It is a choice, made here and not after the results are in;
`antiphon eval compare --margin NAME=VALUE` makes another.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from antiphon.contracts import Draw, UnknownName
from antiphon.evals.draws import about, criterion_of, level_of
from antiphon.evals.records import Conversation


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a conversation that can get worse."""

    name: str
    better: Literal["high", "low"]
    margin: float
    """In its own units."""
    reach: float
    """A difference that a single pair may well have, whether or not one has been seen: what is rare is not
    impossible."""
    unit: str
    words: str
    judged: bool = False
    """A judge's opinion: that it sees a loss is a fact, that it sees none proves nothing."""

    def oriented(self, value: float) -> float:
        """`value` with more meaning better."""
        return value if self.better == "high" else -value


MEASURES: tuple[Measure, ...] = (
    Measure(
        name="success", better="high", margin=0.1, reach=1.0, unit="share", words="conversations that succeed"
    ),
    Measure(
        name="checks_held", better="high", margin=0.1, reach=1.0, unit="share", words="checks held at the end"
    ),
    Measure(
        name="missed", better="low", margin=0.1, reach=1.0, unit="share", words="turns that got no answer"
    ),
    Measure(name="latency_ms", better="low", margin=300.0, reach=600.0, unit="ms", words="mouth-to-ear time"),
    Measure(
        name="words_per_answer",
        better="low",
        margin=5.0,
        reach=10.0,
        unit="words",
        words="words in an answer",
    ),
)


def measure_named(name: str, measures: tuple[Measure, ...] = MEASURES) -> Measure:
    """The measure called `name`.

    Raises:
        UnknownName: it is none of those that decide.
    """
    for measure in measures:
        if measure.name == name:
            return measure
    known = ", ".join(measure.name for measure in measures)
    raise UnknownName(f"no measure that decides is called {name!r}; known: {known}")


def judged(criterion: str) -> Measure:
    """The opinion of a judge of `criterion`, as `with_opinions` adds it to conversations."""
    return Measure(
        name=f"judged {criterion}",
        better="high",
        margin=0.1,
        reach=1.0,
        unit="share",
        words=f"what a judge says of {criterion}",
        judged=True,
    )


def as_often(
    before: Sequence[Draw], after: Sequence[Draw], criterion: str
) -> tuple[Sequence[Draw], Sequence[Draw]]:
    """What was drawn of `criterion`, of each conversation as often in both: the first draws of each subject.

    The mean of nine draws and a single draw differ in more than the versions do: most single draws of a judge
    that is mostly content are better than the mean, and an alarm that bets on signs would ring.
    """
    both = [
        _by_name(draw for draw in draws if criterion_of(draw) == criterion and level_of(draw) == 1)
        for draws in (before, after)
    ]
    least: dict[str, int] = {}
    for subjects in both:
        for subject, drawn in subjects.items():
            name = _conversation_of(subject)
            least[name] = min(least.get(name, len(drawn)), len(drawn))
    old, new = (
        [draw for subject, drawn in subjects.items() for draw in drawn[: least[_conversation_of(subject)]]]
        for subjects in both
    )
    return old, new


def with_opinions(
    conversations: Sequence[Conversation], criterion: str, draws: Sequence[Draw]
) -> list[Conversation]:
    """The conversations with the mean of what was drawn of each, where anything was."""
    said: dict[str, list[float]] = {}
    for draw in draws:
        if criterion_of(draw) == criterion and level_of(draw) == 1 and draw.value is not None:
            said.setdefault(_conversation_of(about(draw)), []).append(draw.value)
    name = judged(criterion).name
    return [
        msgspec.structs.replace(
            each, measures={**each.measures, name: sum(said[each.id]) / len(said[each.id])}
        )
        if each.id in said
        else each
        for each in conversations
    ]


def measured(conversation: Conversation) -> Mapping[str, float]:
    """The measures a conversation has."""
    found = {name: float(value) for name, value in conversation.measures.items() if value is not None}
    outcome = conversation.outcome
    if outcome.success is not None:
        found["success"] = float(outcome.success)
    if outcome.checks:
        found["checks_held"] = sum(check.held for check in outcome.checks) / len(outcome.checks)
    return found


def _by_name(draws: Iterable[Draw]) -> Mapping[str, Sequence[Draw]]:
    """The draws of each subject, in the order in which they were made."""
    found: dict[str, list[Draw]] = {}
    for draw in draws:
        found.setdefault(about(draw), []).append(draw)
    return found


def _conversation_of(subject: str) -> str:
    """Of which conversation a reply is, by its id."""
    return subject.partition("#")[0]
