"""Running a suite, and the report it gives."""

import traceback
from collections.abc import Callable
from functools import partial
from time import perf_counter
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from antiphon.contracts.conformance import (
    embedder,
    end_of_turn,
    evaluator,
    journal,
    language_model,
    memory,
    synthesizer,
    transcriber,
    voice_activity,
)
from antiphon.contracts.conformance.check import Broken, Samples, Skipped, Suite
from antiphon.contracts.conformance.engine import check_card_is_complete, check_closes_twice
from antiphon.contracts.engine import Engine, Part

SUITES: MappingProxyType[Part, Suite[Any]] = MappingProxyType(
    {
        "voice_activity": voice_activity.SUITE,
        "end_of_turn": end_of_turn.SUITE,
        "transcriber": transcriber.SUITE,
        "language_model": language_model.SUITE,
        "synthesizer": synthesizer.SUITE,
        "embedder": embedder.SUITE,
        "memory": memory.SUITE,
        "journal": journal.SUITE,
        "evaluator": evaluator.SUITE,
    }
)

MARKS = {"passed": "✓", "failed": "✗", "skipped": "–"}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found."""

    check: str
    """Its name, such as "silence_is_empty"."""
    verdict: Literal["passed", "failed", "skipped"]
    sentence: str = ""
    """What is broken and what the contract demands, or why it was skipped; empty when it passed."""
    took_ms: float = 0.0

    def __str__(self) -> str:
        name = self.check.replace("_", " ")
        return f"{MARKS[self.verdict]} {name}" + (f": {self.sentence}" if self.sentence else "")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a suite found, check by check."""

    part: Part
    engine: str
    """The name on its card, or of its class when the card is unreadable."""
    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """True when nothing failed. What was skipped is neither good nor bad; look at `skipped`."""
        return not self.failed

    @property
    def passed(self) -> tuple[Outcome, ...]:
        """What the engine does as its contract demands."""
        return self._with("passed")

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """What it does not."""
        return self._with("failed")

    @property
    def skipped(self) -> tuple[Outcome, ...]:
        """What was not looked at, and why."""
        return self._with("skipped")

    def __str__(self) -> str:
        counts = f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"
        return "\n".join([f"{self.part} {self.engine}: {counts}", *map(str, self.outcomes)])

    def _with(self, verdict: str) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.verdict == verdict)


def run(
    part: Part,
    engine: Engine,
    *,
    samples: Samples | None = None,
    reopen: Callable[[], Engine] | None = None,
    keep_open: bool = False,
    told: Callable[[Outcome], None] | None = None,
) -> Report:
    """Check `engine` against the contract of `part`.

    Args:
        part: which contract.
        engine: opened, and used by nobody else meanwhile.
        samples: recorded speech and subjects; checks that need what is not there are skipped.
        reopen: opens the same engine over the same data again, for what must survive (a journal).
        keep_open: leaves out the last check, which closes the engine.
        told: called after each check, for whoever wants to watch.
    """
    outcomes: list[Outcome] = []
    for name, check in _checks(part, engine, samples or Samples(), reopen, keep_open=keep_open):
        outcome = _outcome(name, check)
        outcomes.append(outcome)
        if told is not None:
            told(outcome)
    return Report(part=part, engine=_name(engine), outcomes=tuple(outcomes))


def _checks(
    part: Part, engine: Engine, samples: Samples, reopen: Callable[[], Engine] | None, *, keep_open: bool
) -> list[tuple[str, Callable[[], None]]]:
    suite = SUITES[part]
    plan: list[tuple[str, Callable[[], None]]] = [
        ("has_every_method", lambda: _has_every_method(suite, engine)),
        ("card_is_complete", lambda: check_card_is_complete(engine)),
        ("card_names_the_part", lambda: _card_names(part, engine)),
    ]
    plan += [(_title(check), partial(check, engine)) for check in suite.checks]
    plan += [(_title(check), partial(check, engine, samples)) for check in suite.with_samples]
    for check in suite.with_reopen:
        plan.append((_title(check), partial(check, engine, reopen or _nothing_to_reopen)))
    if not keep_open:
        plan.append(("closes_twice", lambda: check_closes_twice(engine)))
    return plan


def _outcome(name: str, check: Callable[[], None]) -> Outcome:
    began = perf_counter()
    verdict: Literal["passed", "failed", "skipped"] = "passed"
    sentence = ""
    try:
        check()
    except Skipped as reason:
        verdict, sentence = "skipped", str(reason)
    except Broken as broken:
        verdict, sentence = "failed", str(broken)
    except Exception as error:
        verdict, sentence = "failed", _unexpected(error)
    return Outcome(check=name, verdict=verdict, sentence=sentence, took_ms=(perf_counter() - began) * 1000)


def _unexpected(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"raised {type(error).__name__}: {error} ({frame.name}, line {frame.lineno} of {frame.filename}); "
        f"an engine may raise only what its contract names, and not here"
    )


def _has_every_method(suite: Suite[Any], engine: Engine) -> None:
    if isinstance(engine, suite.protocol):
        return
    wanted = {name for base in suite.protocol.__mro__ for name in vars(base) if not name.startswith("_")}
    wanted |= set(getattr(suite.protocol, "__annotations__", {}))
    missing = sorted(name for name in wanted if not hasattr(engine, name))
    raise Broken(f"it has no {', '.join(missing)}; the contract is {suite.protocol.__qualname__}")


def _card_names(part: Part, engine: Engine) -> None:
    if engine.card.part != part:
        raise Broken(f"card.part is {engine.card.part!r}; an engine checked as a {part} must say so")


def _nothing_to_reopen() -> Engine:
    raise Skipped("needs a way to open the same data again, and none was given")


def _title(check: Callable[..., None]) -> str:
    return check.__name__.removeprefix("check_")


def _name(engine: Engine) -> str:
    return str(getattr(getattr(engine, "card", None), "name", type(engine).__qualname__))
