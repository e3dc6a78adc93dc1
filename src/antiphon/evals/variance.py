"""Where the scatter comes from: scenarios, conversations of one scenario, judgments of one conversation.

A nested random-effects analysis of variance for groups of any sizes (Searle, Casella and McCulloch 1992,
table of expected mean squares). It says where the next call is best spent: more judgments of one
conversation never replace more conversations, and more conversations never replace scenarios.
"""

from collections.abc import Sequence
from math import sqrt

import msgspec
import numpy as np

from antiphon.contracts import ContractBroken


class Observation(msgspec.Struct, frozen=True):
    """One judgment."""

    scenario: str
    conversation: str
    value: float


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Variances of one judgment; an estimate below 0 is told as 0."""

    scenario: float
    conversation: float
    judge: float
    scenarios: int
    conversations: int
    draws: int

    @property
    def of_mean(self) -> float:
        """The variance of the mean over all, for groups of about equal size."""
        return (
            self.scenario / max(self.scenarios, 1)
            + self.conversation / max(self.conversations, 1)
            + self.judge / max(self.draws, 1)
        )

    def best_draws(self, *, conversation_cost: float, draw_cost: float) -> int:
        """How many judgments of each conversation make the mean surest for a given cost."""
        between = self.conversation + self.scenario * self.conversations / max(self.scenarios, 1)
        if self.judge <= 0 or draw_cost <= 0:
            return 1
        if between <= 0:
            return 100
        return max(1, min(100, round(sqrt(self.judge / between * conversation_cost / draw_cost))))


def split(observations: Sequence[Observation]) -> Split:
    """Estimate the three variances. What nothing is known of (one scenario, one draw each) is 0.

    Raises:
        ContractBroken: no observations.
    """
    if not observations:
        raise ContractBroken("no variance of nothing: there is not one judgment")
    groups: dict[str, dict[str, list[float]]] = {}
    for each in observations:
        groups.setdefault(each.scenario, {}).setdefault(each.conversation, []).append(each.value)
    sizes = [np.array([len(values) for values in group.values()], np.float64) for group in groups.values()]
    n_s = np.array([float(size.sum()) for size in sizes])
    total, n_c = float(n_s.sum()), sum(len(size) for size in sizes)
    middle = float(np.mean([each.value for each in observations]))
    within = between = among = 0.0
    for group in groups.values():
        means = {name: float(np.mean(values)) for name, values in group.items()}
        here = float(np.mean([value for values in group.values() for value in values]))
        within += sum((value - means[name]) ** 2 for name, values in group.items() for value in values)
        between += sum(len(values) * (means[name] - here) ** 2 for name, values in group.items())
        among += sum(map(len, group.values())) * (here - middle) ** 2
    inner = float(sum((size**2).sum() / size.sum() for size in sizes))
    judge = within / (total - n_c) if total > n_c else 0.0
    conversation = 0.0
    if n_c > len(groups):
        freedom = n_c - len(groups)
        conversation = max(0.0, (between / freedom - judge) * freedom / (total - inner))
    scenario = 0.0
    if len(groups) > 1:
        freedom = len(groups) - 1
        inside = (inner - float(sum((size**2).sum() for size in sizes)) / total) / freedom
        share = (total - float((n_s**2).sum()) / total) / freedom
        scenario = max(0.0, (among / freedom - judge - inside * conversation) / share)
    return Split(
        scenario=scenario,
        conversation=conversation,
        judge=judge,
        scenarios=len(groups),
        conversations=n_c,
        draws=len(observations),
    )
