"""One suite per contract, for anybody's engine: `antiphon check transcriber my_pkg:MyTranscriber`.

In a test of your own:

    from antiphon.contracts.conformance import run

    def test_my_transcriber() -> None:
        report = run("transcriber", MyTranscriber.open(setup))
        assert report.ok, report

A check that lacks what it needs (recorded speech, a capability the card does not declare) is skipped and says
why; it never counts as passed.
"""

from antiphon.contracts.conformance.check import Broken, Clip, Samples, Skipped, Suite
from antiphon.contracts.conformance.runner import SUITES, Outcome, Report, run

__all__ = ["SUITES", "Broken", "Clip", "Outcome", "Report", "Samples", "Skipped", "Suite", "run"]
