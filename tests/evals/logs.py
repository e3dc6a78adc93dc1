"""A run and its logs: conversations, what a judge drew of them, and what a person said."""

from pathlib import Path
from random import Random

from antiphon.contracts import Draw
from antiphon.evals.draws import Label
from antiphon.evals.records import (
    Conversation,
    ConversationOutcome,
    Line,
    Run,
    write_conversation,
    write_run,
)


def drawn(subject: str, value: float | None, *, seed: int = 1, evaluator: str = "j@1") -> Draw:
    details = {"criterion": "successful"}
    missing = None if value is not None else "neither answer is likely"
    return Draw(
        evaluator=evaluator, subject=subject, seed=seed, value=value, missing=missing, details=details
    )


def label(subject: str, value: float) -> Label:
    return Label(subject=subject, criterion="successful", rater="ada", value=value)


def booked(scenario: str, seed: int, *, ms: float = 900.0, success: bool = True) -> Conversation:
    words = [
        ("caller", "A table for two"),
        ("agent", "At which time?"),
        ("caller", "Eight"),
        ("agent", "Done"),
    ]
    lines = tuple(
        Line(who=who, text=text, start_ms=1000.0 * place, end_ms=1000.0 * place + 900)
        for place, (who, text) in enumerate(words)
    )
    return Conversation(
        id=f"{scenario}-{seed}",
        scenario=scenario,
        seed=seed,
        mode="text",
        caller={"aim": "to book a table"},
        transcript=lines,
        measures={"latency_ms": ms},
        outcome=ConversationOutcome(success=success),
    )


def folder_of(path: Path, *, slow_ms: float = 0.0, seeds: int = 6) -> Path:
    dice = Random(slow_ms)
    write_run(path, Run(suite="two tables", mode="text"))
    for scenario in ("early", "late", "loud"):
        for seed in range(seeds):
            ms = 900 + slow_ms + dice.gauss(0, 50)
            write_conversation(path, booked(scenario, seed, ms=ms))
    return path
