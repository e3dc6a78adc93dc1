"""Lines of a run's logs: what a judge drew, and what a person said."""

from antiphon.contracts import Draw
from antiphon.evals.draws import Label


def drawn(subject: str, value: float | None, *, seed: int = 1, evaluator: str = "j@1") -> Draw:
    details = {"criterion": "successful"}
    missing = None if value is not None else "neither answer is likely"
    return Draw(
        evaluator=evaluator, subject=subject, seed=seed, value=value, missing=missing, details=details
    )


def label(subject: str, value: float) -> Label:
    return Label(subject=subject, criterion="successful", rater="ada", value=value)
