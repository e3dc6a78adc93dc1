"""The fakes are verified: each passes every check of its contract."""

from collections.abc import Callable
from typing import Any

import pytest

from antiphon.contracts import EngineSetup, Part
from antiphon.contracts.conformance import Samples, run
from antiphon.contracts.discovery import PARTS, find

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "end_of_turn": [{}, {"score": 0.7}],
    "transcriber": [{}],
    "language_model": [{}, {"context_tokens": 64}],
    "synthesizer": [{}, {"chunk_words": 1}, {"chunk_words": 50}],
    "journal": [{"shelf": {}}],
    "evaluator": [{}, {"spread": 0.3, "values": {"conformance-draw": 0.9}}],
}
CASES = [(part, settings) for part in PARTS for settings in SETTINGS.get(part, [{}])]


@pytest.mark.parametrize(("part", "settings"), CASES)
def test_scripted_engine_keeps_its_contract(
    part: Part, settings: dict[str, Any], setup: Callable[..., EngineSetup], samples: Samples
) -> None:
    kind, opened = find(part, "scripted"), setup(**settings)
    report = run(part, kind.open(opened), samples=samples, reopen=lambda: kind.open(opened))
    assert report.ok, report
    assert not report.skipped, report


def test_language_model_with_a_script_keeps_the_contract_but_for_what_the_script_says(
    setup: Callable[..., EngineSetup],
) -> None:
    answers = ["Good evening to all of you.", {"tool": "switch_lamp", "arguments": {"state": "on"}}]
    report = run("language_model", find("language_model", "scripted").open(setup(answers=answers)))
    assert {outcome.check for outcome in report.failed} == {"json_conforms"}, report
