"""A suite from its file, beside the cast it is for."""

from collections.abc import Collection
from functools import partial
from pathlib import Path

from antiphon.cli.cast import load_cast, read_text
from antiphon.contracts import ConfigInvalid
from antiphon.contracts.yaml_text import read_yaml
from antiphon.evals.crew import Job
from antiphon.evals.scenario import Suite
from antiphon.evals.suite import Names, check_suite, read_suite
from antiphon.runtime import Config
from antiphon.runtime.parts import voice_names
from antiphon.samp import Cast, Problem


def open_suite(path: Path, config: Config) -> tuple[Suite, Cast | None]:
    """A suite and the cast it plays, if any, checked against each other.

    Raises:
        ConfigInvalid: with every problem of either, each with its line.
    """
    text, voices = read_text(path), voice_names(config)
    suite = read_suite(text, str(path), voices=voices)
    played = cast_file(suite, path)
    if played is None:
        return suite, None
    cast = load_cast(played, config)
    return read_suite(text, str(path), names=_names(cast), voices=voices), cast


def suite_problems(path: Path, config: Config) -> tuple[Problem, ...]:
    """Everything that is wrong with a suite, and with its cast. ConfigInvalid: it cannot be read."""
    text, voices = read_text(path), voice_names(config)
    suite, found = check_suite(text, voices=voices)
    played = None if suite is None else cast_file(suite, path)
    if played is None:
        return found
    try:
        cast = load_cast(played, config)
    except ConfigInvalid as error:
        at_cast = partial(read_yaml(text, begins="suite: TITLE").problem, ("cast",))
        mend = "name another file, counted from the suite's folder, or mend that one"
        return (*found, *(at_cast(problem, mend) for problem in error.problems))
    return check_suite(text, names=_names(cast), voices=voices)[1]


def cast_file(suite: Suite, suite_file: Path) -> Path | None:
    """The file of the cast that a suite plays."""
    return (suite_file.parent / suite.cast).resolve() if suite.cast else None


def jobs_of(suite: Suite, *, seeds: int, first_seed: int, only: Collection[str]) -> list[Job]:
    """Every scenario once, then every scenario again, so that a run cut short is balanced."""
    return [
        (name, seed)
        for seed in range(first_seed, first_seed + seeds)
        for name in suite.scenarios
        if not only or name in only
    ]


def _names(cast: Cast) -> Names:
    return Names(
        slots=tuple(cast.slots),
        scenes=tuple(cast.scenes),
        tools=tuple(cast.tools),
        voices=tuple(persona.voice for persona in cast.personas.values()),
    )
