"""From conversations to draws, and from draws to a verdict: level by level, resumable, and replayable.

Which subjects a level sees, and with which seeds, depends on the run's ids and one number alone. So a judging
that was broken off goes on where it was, and a judging that is repeated asks the same questions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeAlias

import msgspec

from antiphon.contracts import Draw, Evaluator, Subject
from antiphon.evals.criteria import Criterion
from antiphon.evals.draws import Label, about, as_subject, criterion_of, level_of, name_of, people_say
from antiphon.evals.records import Conversation
from antiphon.evals.tower import Chain, Tower, tower
from antiphon.evals.verdict import Verdict, answer_of, settle_of, verdict

DEPTH_MOST = 5
Keep: TypeAlias = Callable[[Draw], None]


class Concluded(msgspec.Struct, frozen=True, kw_only=True):
    """One criterion, as far as it is known."""

    verdict: Verdict
    evaluator: str = ""
    """Whose draws they are."""
    tower: Tower | None = None
    """None when nobody judged the judge."""


class Conclusions(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `verdict.json`."""

    criteria: tuple[Concluded, ...]
    at_least: float | None = None
    tolerance: float | None = None
    format: int = 1


def subjects_of(conversation: Conversation, criterion: Criterion) -> Iterator[Subject]:
    """What of a conversation is judged: all of it, or each reply."""
    said = [
        {"role": line.who, "text": (line.heard if line.cut_at_ms is not None else None) or line.text}
        for line in conversation.transcript
        if line.act not in ("noise", "backchannel")
    ]
    aim = conversation.caller.get("aim")
    notes = {"notes": f"The caller wanted: {aim}"} if aim else {}
    if criterion.unit == "conversation":
        yield Subject(id=conversation.id, kind="conversation", content={"context": said, **notes})
        return
    for place, line in enumerate(said):
        if line["role"] == "agent" and place:
            content: dict[str, Any] = {"context": said[:place], "response": line["text"], **notes}
            yield Subject(id=f"{conversation.id}#{place}", kind="turn", content=content)


def judge_all(
    judge: Evaluator,
    subjects: Sequence[Subject],
    *,
    draws: Callable[[str], int],
    depth: int,
    seed: int,
    known: Sequence[Draw],
    labelled: Mapping[str, float],
    keep: Keep,
) -> Iterator[Subject]:
    """Draw what is not known yet, up to level `depth`; each new draw goes to `keep`.

    Yields each subject when it is done.

    Level 1 draws each subject as often as `draws` says of its id. Each level above draws once, of the first
    draw below it, for half as many subjects as the level below, and for all that people have labelled.
    """
    have = {(draw.evaluator, draw.subject, draw.seed): draw for draw in known}
    name = str(getattr(judge, "name", judge.card.name))

    def draw(subject: Subject, count: int) -> Draw:
        number = seed_of(seed, subject.id, count)
        key = (name, subject.id, number)
        if key not in have:
            have[key] = judge.draw(subject, number)
            keep(have[key])
        return have[key]

    for subject in subjects:
        for count in range(draws(subject.id)):
            draw(subject, count)
        level_subject: Subject | None = subject
        for level in range(2, depth + 1):
            if level_subject is None or not (subject.id in labelled or _sees(subject.id, level)):
                break
            below = draw(level_subject, 0)
            level_subject = as_subject(below, level_subject) if below.value is not None else None
            if level_subject is not None:
                draw(level_subject, 0)
        yield subject


def conclude(
    criterion: str,
    draws: Sequence[Draw],
    labels: Sequence[Label],
    clusters: Mapping[str, str],
    *,
    at_least: float | None = None,
    tolerance: float | None = None,
    evaluator: str = "",
) -> Concluded | None:
    """What the log says of `criterion`, as a pure function of it; None when nothing was drawn.

    Only the draws of `evaluator` count, or of the one that drew last: another wording or model is another
    instrument.
    With judges of judges nothing can be told before the tower may stop, and then the tower's estimate tells
    it, with the errors of every level in its interval; of one scenario there is no tower.
    """
    own = [draw for draw in draws if criterion_of(draw) == criterion]
    if not own:
        return None
    name = evaluator or own[-1].evaluator
    own = [draw for draw in own if draw.evaluator == name]
    found = verdict(criterion, own, labels, clusters, at_least=at_least)
    if found is None:
        return None
    chains = chains_of(criterion, own, labels, clusters)
    if max((len(chain.said) for chain in chains), default=0) < 2 or len({c.cluster for c in chains}) < 2:
        return Concluded(verdict=found, evaluator=name)
    built = tower(chains, tolerance=tolerance, threshold=at_least)
    return Concluded(verdict=carried(found, built), evaluator=name, tower=built)


def carried(found: Verdict, built: Tower) -> Verdict:
    """The verdict as the tower has it: what level 1 and its labels say alone may not say the opposite."""
    if built.stopped_at is None:
        return msgspec.structs.replace(found, answer="cannot tell", settle=built.settle)
    estimate = built.depths[built.stopped_at - 1].estimate
    answer, settle = answer_of(estimate, found.at_least), ""
    if {answer, found.answer} == {"yes", "no"}:
        answer, settle = "cannot tell", "the levels above say the opposite of the labels: more labels"
    elif answer == "cannot tell":
        settle = settle_of(estimate, found.at_least, found.labels, found.subjects)
    return msgspec.structs.replace(found, answer=answer, estimate=estimate, settle=settle)


def chains_of(
    criterion: str, draws: Sequence[Draw], labels: Sequence[Label], clusters: Mapping[str, str]
) -> list[Chain]:
    """For each subject what level 1 said of it first, what level 2 said of that, and so on.

    Where a later draw of level 1 was judged and the first was not, that one begins the chain.
    """
    above: dict[str, Draw] = {}
    below: dict[str, list[Draw]] = {}
    for draw in draws:
        if criterion_of(draw) != criterion or about(draw) not in clusters:
            continue
        if level_of(draw) == 1:
            below.setdefault(draw.subject, []).append(draw)
        elif (held := above.get(draw.subject)) is None or held.value is None:
            above[draw.subject] = draw
    human = people_say(labels, criterion)
    chains: list[Chain] = []
    for subject, drawn in below.items():
        known = [draw for draw in drawn if draw.value is not None] or drawn
        link: Draw | None = next((draw for draw in known if name_of(draw) in above), known[0])
        said: list[float] = []
        while link is not None and link.value is not None:
            said.append(link.value)
            link = above.get(name_of(link))
        chains.append(
            Chain(
                cluster=clusters[subject],
                said=tuple(said),
                truth=human.get(subject),
                missing=link is not None,
            )
        )
    return chains


def seed_of(base: int, subject: str, count: int) -> int:
    """The seed of a subject's draw number `count`: other subjects are asked in other manners."""
    return int.from_bytes(sha256(f"{base}/{subject}/{count}".encode()).digest()[:4])


def _sees(subject: str, level: int) -> bool:
    """Nested: who is seen by a level is seen by all below it."""
    return sha256(subject.encode()).digest()[0] < 256 >> (level - 1)
