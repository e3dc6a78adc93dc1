"""What the runner makes of checks: verdicts, reasons, and an engine left in order."""

from collections.abc import Callable

import msgspec
import pytest

from antiphon.contracts import EngineCard, EngineSetup
from antiphon.contracts.conformance import SUITES, Outcome, Report, run
from antiphon.contracts.discovery import PARTS
from antiphon.engines.scripted import (
    ScriptedEmbedder,
    ScriptedEvaluator,
    ScriptedJournal,
    ScriptedTranscriber,
)

Setup = Callable[..., EngineSetup]


def verdicts(report: Report) -> dict[str, str]:
    return {outcome.check: outcome.verdict for outcome in report.outcomes}


def sentence(report: Report, check: str) -> str:
    return next(outcome.sentence for outcome in report.outcomes if outcome.check == check)


def test_every_part_has_a_suite() -> None:
    assert set(SUITES) == set(PARTS)


def test_check_names_are_unique_within_a_suite() -> None:
    for suite in SUITES.values():
        names = [check.__name__ for check in (*suite.checks, *suite.with_samples, *suite.with_reopen)]
        assert len(set(names)) == len(names)
        assert all(name.startswith("check_") for name in names)


def test_without_samples_checks_that_need_speech_are_skipped_with_the_reason(setup: Setup) -> None:
    report = run("transcriber", ScriptedTranscriber.open(setup()))
    assert report.ok
    assert verdicts(report)["writes_down_speech"] == "skipped"
    assert sentence(report, "writes_down_speech") == "needs recorded speech, and no samples were given"


def test_without_a_way_to_reopen_that_check_is_skipped(setup: Setup) -> None:
    report = run("journal", ScriptedJournal.open(setup()))
    assert verdicts(report)["survives_reopening"] == "skipped"


def test_an_evaluator_of_an_unknown_kind_is_skipped_with_the_reason(setup: Setup) -> None:
    class Theatre(ScriptedEvaluator):
        card = msgspec.structs.replace(ScriptedEvaluator.card, capabilities=frozenset({"subject:play"}))

    report = run("evaluator", Theatre.open(setup()))
    assert sentence(report, "judges_something") == "needs a subject of kind play, and no samples were given"


class Crooked:
    """Everything about its card is wrong, and most methods are missing."""

    card = EngineCard(name="two words", part="memory", summary="", licence="", concurrency=0)
    dimensions = 3

    def close(self) -> None:
        if getattr(self, "closed", False):
            raise RuntimeError("closed already")
        self.closed = True


def test_card_and_methods_are_checked() -> None:
    report = run("embedder", Crooked())
    assert not report.ok
    assert sentence(report, "has_every_method") == "it has no embed, open; the contract is Embedder"
    assert "card.name is 'two words'" in sentence(report, "card_is_complete")
    assert "an engine checked as a embedder must say so" in sentence(report, "card_names_the_part")
    assert "closing twice must be allowed" in sentence(report, "closes_twice")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"summary": " "}, "card.summary is empty"),
        ({"licence": ""}, "card.licence is empty"),
        ({"concurrency": 0}, "card.concurrency is 0; it must be at least 1"),
        ({"sample_rate_hz": -1}, "card.sample_rate_hz is -1"),
        ({"languages": ("en us",)}, "each must be a BCP 47 tag"),
        ({"latency_ms": {"row": float("nan")}}, "must be a finite number of milliseconds"),
    ],
)
def test_each_field_of_the_card_is_checked(change: dict[str, object], complaint: str, setup: Setup) -> None:
    class Other(ScriptedEmbedder):
        card = msgspec.structs.replace(ScriptedEmbedder.card, **change)

    assert complaint in sentence(run("embedder", Other.open(setup())), "card_is_complete")


def test_a_card_belongs_to_the_class(setup: Setup) -> None:
    class Unmarked(ScriptedEmbedder):
        card = None

    engine = Unmarked.open(setup())
    engine.card = ScriptedEmbedder.card
    assert "an attribute of the class" in sentence(run("embedder", engine), "card_is_complete")


def test_keep_open_leaves_out_the_check_that_closes(setup: Setup) -> None:
    class Counted(ScriptedEmbedder):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    engine = Counted.open(setup())
    assert "closes_twice" not in verdicts(run("embedder", engine, keep_open=True))
    assert engine.closed == 0
    run("embedder", engine)
    assert engine.closed == 2


def test_each_outcome_is_told_as_it_comes(setup: Setup) -> None:
    told: list[Outcome] = []
    report = run("embedder", ScriptedEmbedder.open(setup()), told=told.append)
    assert tuple(told) == report.outcomes


def test_report_reads_like_a_list_and_survives_json() -> None:
    outcomes = (
        Outcome(check="silence_is_empty", verdict="passed", took_ms=2.0),
        Outcome(check="takes_a_hint", verdict="failed", sentence="it does not"),
        Outcome(check="writes_down_speech", verdict="skipped", sentence="nobody spoke"),
    )
    report = Report(part="transcriber", engine="ears", outcomes=outcomes)
    assert str(report).splitlines() == [
        "transcriber ears: 1 passed, 1 failed, 1 skipped",
        "✓ silence is empty",
        "✗ takes a hint: it does not",
        "– writes down speech: nobody spoke",
    ]
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
