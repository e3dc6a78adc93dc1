"""`antiphon bench load`: what the hot path costs, with engines that cost next to nothing, beside a peer's.

Each system runs on one core, the callers on another. Every turn is the same audio in the same phase, so what
one caller alone waits is the engines and the turn-taking policy; whatever a turn takes beyond the median of
that is *added*. A server that cannot hold the sessions shows it as late or missing answers.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import msgspec

from antiphon.bench import soak
from antiphon.bench.figures import Figure, Machine, figure, machine, median, percentile
from antiphon.bench.load_client import Heard, call
from antiphon.bench.load_systems import CYCLE_S, Running, System, cpu_s, rss_mib, running, spoken
from antiphon.bench.soak import Sampler, Soak
from antiphon.bench.writing import progress, write
from antiphon.contracts import PrerequisiteMissing
from antiphon.engines.native import load

FRAMES_MS = (20, 100)
ALONE_TURNS = 3


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """One number of sessions with one size of frames."""

    system: System
    sessions: int
    frame_ms: int
    turns: int
    unanswered: int
    lost: int
    alone_ms: float
    """The median turn of one caller alone."""
    added_ms: dict[str, Figure]
    """Beyond that, at the median and two percentiles."""
    loop_lag_ms: dict[str, float]
    client_late_ms: float
    """How late the callers themselves were, at the 99th percentile; part of no other figure."""
    cpu_s_per_session_minute: float
    core_share: float
    rss_start_mib: float
    rss_end_mib: float
    soak: Soak | None = None


class Report(msgspec.Struct, frozen=True):
    """All that was measured."""

    machine: Machine
    rows: list[Loaded]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--sessions", type=int, nargs="+", default=[50, 100, 200], metavar="N")
    parser.add_argument("--minutes", type=float, default=0.5, help="how long each row lasts; 0.5")
    parser.add_argument("--frame-ms", type=int, nargs="+", default=list(FRAMES_MS), metavar="MS")
    parser.add_argument("--peer", choices=("pipecat", "none"), default="pipecat")
    parser.add_argument(
        "--peer-sessions", type=int, nargs="+", metavar="N", help="as many as --sessions otherwise"
    )
    parser.add_argument(
        "--soak-minutes",
        type=float,
        metavar="M",
        help="one row only, the first of each choice and no peer, as long as this: does memory grow?",
    )


def run(args: argparse.Namespace) -> int:
    """Do as the command line says."""
    if args.soak_minutes is not None:
        turns = max(2, round(args.soak_minutes * 60 / CYCLE_S))
        frame_ms = args.frame_ms[0]
        alone_ms = _alone_ms("antiphon", frame_ms)
        row = _row("antiphon", args.sessions[0], frame_ms, turns, alone_ms, soaking=True)
        report = Report(machine(), [row])
        lines = [*table(report), *soak.table([row.soak for row in report.rows if row.soak is not None])]
        write("soak", report, lines, as_json=args.json, out=args.out, picture=_soak_picture)
        return 0
    turns = max(2, round(args.minutes * 60 / CYCLE_S))
    report = measure(args.sessions, args.frame_ms, turns)
    if args.peer != "none":
        try:
            rows = _rows("pipecat", args.peer_sessions or args.sessions, args.frame_ms, turns)
            report = Report(report.machine, [*report.rows, *rows])
        except PrerequisiteMissing as missing:
            progress(f"no peer beside it: {missing}")
    write("load", report, table(report), as_json=args.json, out=args.out, picture=_picture)
    return 0


def measure(sessions: Sequence[int], frames_ms: Sequence[int], turns: int) -> Report:
    """Every number of sessions with every size of frames, each with a server of its own."""
    return Report(machine(), _rows("antiphon", sessions, frames_ms, turns))


def _rows(system: System, sessions: Sequence[int], frames_ms: Sequence[int], turns: int) -> list[Loaded]:
    rows: list[Loaded] = []
    for frame_ms in frames_ms:
        alone_ms = _alone_ms(system, frame_ms)
        rows += [_row(system, count, frame_ms, turns, alone_ms) for count in sessions]
    return rows


def _alone_ms(system: System, frame_ms: int) -> float:
    with running(system, 1, ALONE_TURNS) as server:
        return median(_call(server, ALONE_TURNS, system, frame_ms).mouth_to_ear_ms)


def _row(
    system: System, sessions: int, frame_ms: int, turns: int, alone_ms: float, *, soaking: bool = False
) -> Loaded:
    progress(f"{system}: {sessions} sessions, frames of {frame_ms} ms")
    with running(system, sessions, turns) as server, Sampler(server.pid) as sampler:
        cpu, rss, began = cpu_s(server.pid), rss_mib(server.pid), monotonic()
        heard = _call(server, turns, system, frame_ms)
        cpu, rss_end, lasted_s = cpu_s(server.pid) - cpu, rss_mib(server.pid), monotonic() - began
    spoken_min = sessions * turns * CYCLE_S / 60
    added = [took - alone_ms for took in heard.mouth_to_ear_ms] or [float("inf")]
    return Loaded(
        system=system,
        sessions=sessions,
        frame_ms=frame_ms,
        turns=len(heard.mouth_to_ear_ms) + heard.unanswered,
        unanswered=heard.unanswered,
        lost=heard.lost,
        alone_ms=alone_ms,
        added_ms={f"p{q}": figure(added, percentile(q)) for q in (50, 95, 99)},
        loop_lag_ms={f"p{q}": percentile(q)(heard.pong_ms) for q in (50, 99)},
        client_late_ms=percentile(99)(heard.late_ms),
        cpu_s_per_session_minute=cpu / spoken_min,
        core_share=cpu / lasted_s,
        rss_start_mib=rss,
        rss_end_mib=rss_end,
        soak=soak.fitted(sampler.samples) if soaking else None,
    )


def _call(server: Running, turns: int, system: System, frame_ms: int) -> Heard:
    said = spoken(system, frame_ms)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[1:] or cores)
    try:
        return asyncio.run(call(server.ports, turns, said))
    finally:
        os.sched_setaffinity(0, cores)


def table(report: Report) -> list[str]:
    """The figures a reader wants first."""
    lines = [
        "system    sessions  frame   added p50   p95   p99 ms   lag p99   "
        "CPU s/session-min   core   RSS MiB   unanswered"
    ]
    for row in report.rows:
        p50, p95, p99 = (row.added_ms[f"p{q}"].value for q in (50, 95, 99))
        lines.append(
            f"{row.system:8s} {row.sessions:9d} {row.frame_ms:3d} ms {p50:11.1f} {p95:5.1f} {p99:8.1f} "
            f"{row.loop_lag_ms['p99']:9.1f} {row.cpu_s_per_session_minute:19.3f} {row.core_share:6.0%} "
            f"{row.rss_end_mib:9.0f} {row.unanswered:6d}/{row.turns}"
        )
    return lines


def _picture(report: Report, path: Path) -> None:
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure, (added, cost) = pyplot.subplots(1, 2, figsize=(9, 3.2))
    for system, frame_ms in dict.fromkeys((row.system, row.frame_ms) for row in report.rows):
        rows = [row for row in report.rows if (row.system, row.frame_ms) == (system, frame_ms)]
        counts, name = [row.sessions for row in rows], f"{system}, frames of {frame_ms} ms"
        p99 = [max(1.0, row.added_ms["p99"].value) for row in rows]
        added.plot(counts, p99, marker="o", label=name)
        cost.plot(counts, [row.cpu_s_per_session_minute for row in rows], marker="o", label=name)
    added.set(xlabel="sessions on one core", ylabel="added at the 99th percentile, ms", yscale="log")
    cost.set(xlabel="sessions on one core", ylabel="CPU seconds per session-minute", ylim=(0, None))
    cost.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)


def _soak_picture(report: Report, path: Path) -> None:
    soak.picture([row.soak for row in report.rows if row.soak is not None], path)
