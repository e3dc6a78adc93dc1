"""`antiphon doctor`: what is missing here, what is slow here, and what mends either."""

import argparse
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import msgspec
from rich.console import Console
from rich.progress import Progress

from antiphon.cli import latency
from antiphon.cli.checkup import Finding, checkup, failed
from antiphon.cli.prediction import Prediction, predict
from antiphon.cli.probes import PROBED, Latencies, probe, spoken
from antiphon.cli.program import as_started
from antiphon.cli.waterfall import waterfall
from antiphon.contracts import AntiphonError, Audio, EndOfTurn, Engine, EngineSetup, Part, Synthesizer
from antiphon.contracts.discovery import find
from antiphon.runtime import Config, load_config
from antiphon.runtime.settings import policy_of
from antiphon.store import Store

_MARKS = {"ok": "ok  ", "warning": "warn", "failure": "FAIL"}


def arguments(doctor: argparse.ArgumentParser) -> None:
    """What `doctor` takes."""
    doctor.description = (
        "Check what a conversation needs, measure each engine here, and predict the time between "
        "mouth and ear. Exit code 0: ready; 1: something is missing."
    )
    doctor.add_argument(
        "--config", type=Path, default=argparse.SUPPRESS, metavar="PATH", help="as before the command"
    )
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.add_argument("--quick", action="store_true", help="check only, measure nothing")
    doctor.set_defaults(run=_doctor)


def _doctor(args: argparse.Namespace) -> int:
    config, store = load_config(args.config), Store()
    findings = checkup(config, store)
    if not args.json:
        for finding in findings:
            _print_finding(finding)
    measured: dict[Part, Latencies] = {}
    if not args.quick:
        broken, measured = _measured(config, store.folder, quiet=args.json)
        new = [finding for finding in broken if not _told_already(finding, findings)]
        findings += new
        if not args.json:
            for finding in new:
                _print_finding(finding)
    prediction = predict(config, measured)
    kept = _keep(config, measured)
    if args.json:
        _print_document(findings, measured, prediction, kept)
    else:
        _print_measured(measured, prediction, kept)
    return 1 if any(finding.health == "failure" for finding in findings) else 0


def _told_already(broken: Finding, findings: list[Finding]) -> bool:
    """Whether the checkup has told why this engine did not open: what it misses, or that it is not well."""
    return any(
        (finding.health == "failure" and broken.name == finding.name) or broken.remedy == finding.remedy
        for finding in findings
    )


def _measured(
    config: Config, weights: Callable[[str], Path], *, quiet: bool
) -> tuple[list[Finding], dict[Part, Latencies]]:
    """What each engine takes here, and the ones that did not open or broke.

    One is open at a time, but for the end-of-turn model, which is asked while the language model answers.
    """
    broken: list[Finding] = []
    measured: dict[Part, Latencies] = {}
    voice: Audio | None = None
    beside: EndOfTurn | None = None
    with ExitStack() as stays, Progress(console=Console(stderr=True), transient=True, disable=quiet) as bars:
        task = bars.add_task("measuring", total=len(PROBED))
        for part in PROBED:
            bars.update(task, description=f"measuring {part.replace('_', ' ')}")
            try:
                engine = _opened(part, config, weights)
                with ExitStack() as goes:
                    (stays if part == "end_of_turn" else goes).callback(engine.close)
                    if part == "synthesizer":
                        voice = spoken(cast(Synthesizer, engine))
                    if voice is not None:
                        measured[part] = probe(part, engine, voice, beside)
                if part == "end_of_turn" and policy_of(config.session).mode == "sounding":
                    beside = cast(EndOfTurn, engine)
            except AntiphonError as error:
                broken.append(failed(part.replace("_", " "), error))
            bars.advance(task)
    return broken, measured


def _opened(part: Part, config: Config, weights: Callable[[str], Path]) -> Engine:
    choice = config.engines[part]
    setup = EngineSetup(settings=choice.settings, weights=weights, threads=config.threads)
    return find(part, choice.use).open(setup)


def _keep(config: Config, measured: Mapping[Part, Latencies]) -> Path | None:
    if not measured:
        return None
    return latency.keep({part: (config.engines[part].use, found) for part, found in measured.items()})


def _print_finding(finding: Finding) -> None:
    print(f"{_MARKS[finding.health]}  {finding.name:<28} {finding.detail}", flush=True)
    if finding.remedy:
        print(f"      {'':<28} mend it with: {as_started(finding.remedy)}", flush=True)


def _print_measured(
    measured: Mapping[Part, Latencies], prediction: Prediction | None, kept: Path | None
) -> None:
    if measured:
        print("\nmeasured here, in milliseconds (median)")
    for part, latencies in measured.items():
        figures = ", ".join(f"{name} {_figure(value)}" for name, value in latencies.items())
        print(f"  {part.replace('_', ' '):<16} {figures}")
        if "token" in latencies:
            print(f"  {'':<16} {1000 / max(latencies['token'], 1e-3):.0f} tokens a second")
    if prediction is not None:
        print(f"\nmouth to ear, predicted: {prediction.report.sent_ms or 0:.0f} ms")
        for line in waterfall(prediction.report):
            print(f"  {line}")
        slowest = prediction.slowest
        print(f"the slowest term is {slowest.name.replace('_', ' ')} ({slowest.owner}, {slowest.ms:.0f} ms)")
        print(f"what would shorten it: {prediction.advice}")
    if kept is not None:
        print(as_started(f"\nkept in {kept}; antiphon engines --json shows it"))


def _figure(value: float) -> str:
    return f"{value:.2f}" if value < 1 else f"{value:.0f}"


def _print_document(
    findings: list[Finding],
    measured: Mapping[Part, Latencies],
    prediction: Prediction | None,
    kept: Path | None,
) -> None:
    document: dict[str, Any] = {
        "ok": all(finding.health != "failure" for finding in findings),
        "findings": msgspec.to_builtins(findings),
        "latency_ms": msgspec.to_builtins(measured),
        "prediction": None if prediction is None else msgspec.to_builtins(prediction),
        "kept": None if kept is None else str(kept),
    }
    print(json.dumps(document, indent=2, ensure_ascii=False))
