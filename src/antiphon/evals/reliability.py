"""Does it work every time? pass^k: all of k tries succeed, estimated without bias from n tries a scenario.

Chen et al. 2021 (pass@k, any of k) and tau-bench (Yao et al. 2024: pass^k, all of k): of n tries with c
successes, C(c, k) / C(n, k) of the choices of k hold successes only. The plug-in (c / n)^k is biased.
"""

from collections.abc import Mapping, Sequence
from math import comb

import msgspec

from antiphon.contracts import ContractBroken
from antiphon.evals.intervals import clustered_rate


class Reliability(msgspec.Struct, frozen=True, kw_only=True):
    """pass^k over scenarios, with its 95 % interval, over scenarios."""

    k: int
    value: float
    low: float
    high: float
    scenarios: int
    """How many had at least k tries."""


def all_of(successes: int, tries: int, k: int) -> float:
    """The share of the choices of `k` tries of which all succeeded.

    Raises:
        ContractBroken: there are fewer tries than `k`, or more successes than tries.
    """
    if not 0 < k <= tries or not 0 <= successes <= tries:
        raise ContractBroken(f"{k} of {tries} tries with {successes} successes cannot be drawn")
    return comb(successes, k) / comb(tries, k)


def pass_k(results: Mapping[str, Sequence[bool]], k: int) -> Reliability | None:
    """pass^k of the scenarios in `results` that were tried at least `k` times; None: none was."""
    shares = [all_of(sum(them), len(them), k) for them in results.values() if len(them) >= k]
    if not shares:
        return None
    found = clustered_rate(shares, range(len(shares)))
    return Reliability(k=k, value=found.value, low=found.low, high=found.high, scenarios=found.n)
