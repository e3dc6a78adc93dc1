"""From a conversation that was held to the record of it: measured, checked, and gated."""

from datetime import date
from typing import Any

import msgspec

from antiphon.contracts import TurnReport
from antiphon.evals.checks import outcome
from antiphon.evals.gate import gate
from antiphon.evals.measures import measured
from antiphon.evals.records import Conversation, Mode
from antiphon.evals.scenario import Scenario
from antiphon.evals.text_call import Held


def conversation_id(scenario: str, seed: int) -> str:
    """The name of a conversation, and of its files."""
    return f"{scenario}-{seed}"


def record(
    held: Held,
    *,
    name: str,
    scenario: Scenario,
    seed: int,
    mode: Mode,
    today: date,
    reports: tuple[TurnReport, ...] = (),
    audio: str | None = None,
) -> Conversation:
    """All that is to be known of it, as it lies on disk."""
    made = Conversation(
        id=conversation_id(name, seed),
        scenario=name,
        seed=seed,
        mode=mode,
        caller=_caller(scenario),
        transcript=tuple(sorted(held.lines, key=lambda line: line.start_ms)),
        events=held.events,
        reports=reports,
        outcome=outcome(
            scenario,
            wanted=held.caller.wanted,
            lines=held.lines,
            events=held.events,
            today=today,
            ended=held.ended,
            problem=held.problem,
            by_ear=mode == "speech",
        ),
        audio=audio,
        duration_ms=held.duration_ms,
    )
    return regauged(made, scenario)


def regauged(conversation: Conversation, scenario: Scenario) -> Conversation:
    """The same conversation, measured and gated as we do it now."""
    return msgspec.structs.replace(
        conversation, measures=measured(conversation), gate=gate(conversation, scenario)
    )


def _caller(scenario: Scenario) -> dict[str, Any]:
    shown = msgspec.to_builtins(scenario)
    facts = {name: fact.says[0] for name, fact in scenario.facts.items()}
    keys = ("caller", "aim", "temper", "voice", "pace", "sounds", "manner")
    return {key: shown[key] for key in keys} | {"facts": facts}
