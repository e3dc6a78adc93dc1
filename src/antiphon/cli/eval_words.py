"""A verdict in words."""

from antiphon.evals.intervals import Estimate
from antiphon.evals.judging import Concluded
from antiphon.evals.tower import Depth
from antiphon.evals.verdict import Verdict


def share(found: Estimate) -> str:
    """A rate with its interval, in percent."""
    low, high = max(0.0, found.low), min(1.0, found.high)
    return f"{100 * found.value:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def lines(found: Concluded) -> list[str]:
    """One criterion."""
    told = found.verdict
    shown = [_top_line(told), f"  the judge by itself says {share(told.raw)}, as if it never erred"]
    if told.estimate is not None and told.at_any_time is not None:
        shown.append(
            f"  a label beside it is worth {told.worth:.1f} without; {told.labels} labels,"
            f" {told.subjects} subjects, {told.draws} draws, {told.missing} of them missing;"
            f" looked at any time: {share(told.at_any_time)}"
        )
    split = told.variance
    total = split.scenario + split.conversation + split.judge
    if total > 0 and split.draws > split.conversations > split.scenarios:  # otherwise it cannot be split
        parts = ", ".join(
            f"{100 * part / total:.0f} % {name}"
            for name, part in (
                ("scenarios", split.scenario),
                ("conversations", split.conversation),
                ("the judge's dice", split.judge),
            )
        )
        shown.append(f"  scatter: {parts}")
    if found.tower is not None:
        shown += [_depth_line(depth) for depth in found.tower.depths]
    return [*shown, f"  would settle it: {told.settle}"] if told.settle else shown


def _top_line(told: Verdict) -> str:
    if told.estimate is None:
        return f"{told.criterion}: CANNOT TELL, nobody has labelled any of it"
    rate = share(told.estimate)
    if told.at_least is None:
        doubt = "" if told.answer == "yes" else ", and not sure of that"
        return f"{told.criterion}: people would say {rate}{doubt}"
    asked = f"{told.criterion}: at least {100 * told.at_least:.0f} %?"
    return f"{asked} {told.answer.upper()}; people would say {rate}"


def _depth_line(depth: Depth) -> str:
    known = f"J {depth.youden:.2f}" if depth.youden is not None else "J unknown"
    stop = "may stop here" if not depth.failing else depth.failing[0].partition(":")[0]
    return f"  depth {depth.depth}: {share(depth.estimate)}, {depth.seen} seen, {known}: {stop}"
