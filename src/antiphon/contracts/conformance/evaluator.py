"""The suite of `Evaluator`."""

from math import isfinite

import msgspec

from antiphon.contracts.conformance.check import Broken, Samples, Skipped, Suite, demand
from antiphon.contracts.conformance.threads import at_once
from antiphon.contracts.evaluator import Draw, Evaluator, Subject

PREFIX = "subject:"
SEEDS = (0, 1, 2**31)

KNOWN = (
    Subject(
        id="conformance-transcript",
        kind="transcript",
        content={"reference": "please turn on the light", "hypothesis": "please turn the lights on"},
    ),
    Subject(
        id="conformance-draw",
        kind="draw",
        content=msgspec.to_builtins(Draw(evaluator="someone", subject="a turn", seed=1, value=0.5)),
    ),
)
"""Subjects the suite can make up itself; other kinds come with the samples."""


def check_card_lists_its_subjects(engine: Evaluator) -> None:
    """Whoever plans an evaluation reads from the card what it takes."""
    demand(
        bool(_kinds(engine)),
        f"the capabilities are {sorted(engine.card.capabilities)!r}; an evaluator must list what it takes, "
        f'as "{PREFIX}KIND"',
    )


def check_what_it_cannot_judge_is_missing(engine: Evaluator) -> None:
    """A failure to judge is a missing value with its reason, never silence and never an exception."""
    subjects = [Subject(id="conformance-alien", kind="no such kind", content={"text": "hello"})]
    subjects += [Subject(id=f"conformance-empty-{kind}", kind=kind, content={}) for kind in _kinds(engine)]
    for subject in subjects:
        try:
            draw = engine.draw(subject, 1)
        except Exception as error:
            raise Broken(
                f"draw() of a subject of kind {subject.kind!r} with content {dict(subject.content)!r} raised "
                f"{error!r}; a failure to judge must be a Draw whose value is None, with the reason"
            ) from error
        _check_draw(draw, subject, 1)
        demand(
            draw.value is None,
            f"a subject of kind {subject.kind!r} with content {dict(subject.content)!r} was judged "
            f"{draw.value}; there is nothing to judge, so the value must be None, with the reason",
        )


def check_draws_are_well_formed(engine: Evaluator, samples: Samples) -> None:
    """A draw names its subject and seed, and has a value or a reason."""
    for subject in _subjects(engine, samples):
        for seed in SEEDS:
            _check_draw(engine.draw(subject, seed), subject, seed)


def check_judges_something(engine: Evaluator, samples: Samples) -> None:
    """Of what its card says it takes, at least one subject gets a value."""
    draws = [engine.draw(subject, 1) for subject in _subjects(engine, samples)]
    demand(
        any(draw.value is not None for draw in draws),
        f"every draw is missing ({draws[0].missing!r}); what the card lists must be judged",
    )


def check_same_seed_same_draw(engine: Evaluator, samples: Samples) -> None:
    """Chance is an argument."""
    for subject in _subjects(engine, samples):
        for seed in SEEDS:
            first, again = engine.draw(subject, seed), engine.draw(subject, seed)
            demand(
                first == again,
                f"seed {seed} gave {first.value} and then {again.value} (or other details); "
                f"the same seed must give the same draw",
            )


def check_works_on_its_threads(engine: Evaluator, samples: Samples) -> None:
    """As many draws at once as the card promises."""
    subject = _subjects(engine, samples)[0]
    expected = engine.draw(subject, 1)
    for got in at_once(engine.card.concurrency, lambda _: engine.draw(subject, 1)):
        demand(got == expected, "another thread got another draw; the same seed must give the same draw")


SUITE: Suite[Evaluator] = Suite(
    protocol=Evaluator,
    checks=(check_card_lists_its_subjects, check_what_it_cannot_judge_is_missing),
    with_samples=(
        check_draws_are_well_formed,
        check_judges_something,
        check_same_seed_same_draw,
        check_works_on_its_threads,
    ),
)


def _kinds(engine: Evaluator) -> tuple[str, ...]:
    listed = (name for name in engine.card.capabilities if name.startswith(PREFIX))
    return tuple(sorted(name.removeprefix(PREFIX) for name in listed))


def _subjects(engine: Evaluator, samples: Samples) -> tuple[Subject, ...]:
    kinds = _kinds(engine)
    fitting = tuple(subject for subject in (*samples.subjects, *KNOWN) if subject.kind in kinds)
    if not fitting:
        raise Skipped(f"needs a subject of kind {' or '.join(kinds)}, and no samples were given")
    return fitting


def _check_draw(draw: Draw, subject: Subject, seed: int) -> None:
    demand(bool(draw.evaluator), "draw.evaluator is empty; a draw must say who judged")
    demand(
        draw.subject == subject.id,
        f"draw.subject is {draw.subject!r} for the subject {subject.id!r}; it must be the subject's id",
    )
    demand(draw.seed == seed, f"draw.seed is {draw.seed} and {seed} was asked for; it must be the same")
    if draw.value is None:
        demand(
            bool(draw.missing), "a draw has neither a value nor a reason; a missing value needs its reason"
        )
    else:
        demand(isfinite(draw.value), f"a draw has the value {draw.value}; a value must be a finite number")
        demand(
            draw.missing is None,
            f"a draw has the value {draw.value} and is missing because {draw.missing!r}; "
            f"it must be one or the other",
        )
    try:
        back = msgspec.json.decode(msgspec.json.encode(draw), type=Draw)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise Broken(f"the draw's details are not JSON: {error}; they must be JSON-compatible") from error
    demand(back == draw, "the draw comes back from JSON changed; its details must be JSON-compatible")
