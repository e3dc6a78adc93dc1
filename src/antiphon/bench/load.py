"""`antiphon bench load`: what our own hot path costs, with engines that cost next to nothing.

`antiphon serve` runs on one core with scripted engines, the callers on another. Every turn is the same audio
in the same phase, so what one caller alone waits is the engines and the turn-taking policy; whatever a turn
takes beyond the median of that is *added*. A server that cannot hold the sessions shows it as late or missing
answers.
"""

import argparse
import asyncio
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import msgspec
import numpy as np

from antiphon.bench import servers
from antiphon.bench.figures import Figure, Machine, figure, machine, median, percentile
from antiphon.bench.load_client import Cycle, Heard, call, cycle
from antiphon.bench.writing import progress, write
from antiphon.contracts import Audio, EngineBroken, EngineSetup
from antiphon.engines.native import load
from antiphon.engines.scripted import ScriptedSynthesizer

HELP = "concurrent sessions on one core, with scripted engines"
CYCLE_S = 8.0
"""The caller for 2.5 s, silence for 0.5 s, the agent for 3 s, and a moment before the next turn."""
SAID = "Please tell me what you like about the sea, and whether it is ever too cold for swimming there"
ANSWERED = (
    "The sea is wide and never looks the same twice, and yes, it is cold, but after a minute or so "
    "nobody minds that any more"
)
FRAMES_MS = (20, 100)
ALONE_TURNS = 4

_CONFIG = """\
[limits]
sessions = {sessions}
[session.turn_detection]
type = "server_vad"
silence_duration_ms = 500
[engines.voice_activity]
use = "scripted"
[engines.end_of_turn]
use = "scripted"
[engines.transcriber]
use = "scripted"
settings = {{ words = "{said}" }}
[engines.language_model]
use = "scripted"
settings = {{ answers = ["{answered}"] }}
[engines.synthesizer]
use = "scripted"
"""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """One number of sessions with one size of frames."""

    sessions: int
    frame_ms: int
    turns: int
    unanswered: int
    lost: int
    added_ms: dict[str, Figure]
    """Beyond the median of one caller alone, at the median and two percentiles."""
    loop_lag_ms: dict[str, float]
    client_late_ms: float
    """How late the callers themselves were, at the 99th percentile; part of no other figure."""
    cpu_s_per_session_minute: float
    core_share: float
    rss_start_mib: float
    rss_end_mib: float


class Report(msgspec.Struct, frozen=True):
    """All that was measured."""

    machine: Machine
    alone_ms: dict[int, float]
    """The median turn of one caller alone, by frame size."""
    rows: list[Loaded]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--sessions", type=int, nargs="+", default=[50, 100, 200], metavar="N")
    parser.add_argument("--minutes", type=float, default=0.5, help="how long each row lasts; 0.5")
    parser.add_argument("--frame-ms", type=int, nargs="+", default=list(FRAMES_MS), metavar="MS")


def run(args: argparse.Namespace) -> int:
    """Do as the command line says."""
    turns = max(2, round(args.minutes * 60 / CYCLE_S))
    report = measure(args.sessions, args.frame_ms, turns)
    write("load", report, table(report), as_json=args.json, out=args.out, picture=_picture)
    return 0


def measure(sessions: Sequence[int], frames_ms: Sequence[int], turns: int) -> Report:
    """Every number of sessions with every size of frames, each with a server of its own."""
    where = machine()
    alone: dict[int, float] = {}
    rows: list[Loaded] = []
    for frame_ms in frames_ms:
        said = cycle(_sung(SAID), CYCLE_S, frame_ms)
        with _server(2) as server:
            alone[frame_ms] = median(_call(server.port, 1, ALONE_TURNS, said).mouth_to_ear_ms)
        for count in sessions:
            progress(f"{count} sessions, frames of {frame_ms} ms")
            rows.append(_row(count, frame_ms, turns, said, alone[frame_ms]))
    return Report(where, alone, rows)


def _row(sessions: int, frame_ms: int, turns: int, said: Cycle, alone_ms: float) -> Loaded:
    with _server(sessions + 1) as server:
        port, pid = server.port, server.pid
        cpu, rss, began = cpu_s(pid), rss_mib(pid), monotonic()
        heard = _call(port, sessions, turns, said)
        cpu, rss_end, lasted_s = cpu_s(pid) - cpu, rss_mib(pid), monotonic() - began
    spoken_min = sessions * turns * CYCLE_S / 60
    added = [took - alone_ms for took in heard.mouth_to_ear_ms] or [float("inf")]
    return Loaded(
        sessions=sessions,
        frame_ms=frame_ms,
        turns=len(heard.mouth_to_ear_ms) + heard.unanswered,
        unanswered=heard.unanswered,
        lost=heard.lost,
        added_ms={f"p{q}": figure(added, percentile(q)) for q in (50, 95, 99)},
        loop_lag_ms={f"p{q}": percentile(q)(heard.pong_ms) for q in (50, 99)},
        client_late_ms=percentile(99)(heard.late_ms),
        cpu_s_per_session_minute=cpu / spoken_min,
        core_share=cpu / lasted_s,
        rss_start_mib=rss,
        rss_end_mib=rss_end,
    )


def _call(port: int, sessions: int, turns: int, said: Cycle) -> Heard:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[1:] or cores)
    try:
        return asyncio.run(call(port, sessions, turns, said))
    finally:
        os.sched_setaffinity(0, cores)


def table(report: Report) -> list[str]:
    """The figures a reader wants first."""
    lines = [
        "sessions  frame   added p50   p95   p99 ms   lag p99   "
        "CPU s/session-min   core   RSS MiB   unanswered"
    ]
    for row in report.rows:
        p50, p95, p99 = (row.added_ms[f"p{q}"].value for q in (50, 95, 99))
        lines.append(
            f"{row.sessions:8d} {row.frame_ms:3d} ms {p50:11.1f} {p95:5.1f} {p99:8.1f} "
            f"{row.loop_lag_ms['p99']:9.1f} {row.cpu_s_per_session_minute:19.3f} {row.core_share:6.0%} "
            f"{row.rss_end_mib:9.0f} {row.unanswered:6d}/{row.turns}"
        )
    return lines


def _sung(words: str) -> Audio:
    def no_weights(name: str) -> Path:
        raise EngineBroken("scripted", f"it asked for {name}")

    voice = ScriptedSynthesizer.open(EngineSetup(weights=no_weights))
    return np.concatenate([chunk.audio for chunk in voice.synthesize(words)])


@contextmanager
def _server(sessions: int) -> Generator[servers.Server]:
    """`antiphon serve` on the first core."""
    config = _CONFIG.format(sessions=sessions, said=SAID, answered=ANSWERED)
    with servers.antiphon(config) as server:
        os.sched_setaffinity(server.pid, {min(os.sched_getaffinity(0))})
        yield server


def _picture(report: Report, path: Path) -> None:
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure, axes = pyplot.subplots(figsize=(6, 3.2))
    for frame_ms in report.alone_ms:
        rows = [row for row in report.rows if row.frame_ms == frame_ms]
        counts = [row.sessions for row in rows]
        for share in ("p50", "p99"):
            added = [row.added_ms[share].value for row in rows]
            axes.plot(counts, added, marker="o", label=f"{share}, frames of {frame_ms} ms")
    axes.set(xlabel="sessions on one core", ylabel="added, ms", ylim=(0, None))
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)


def cpu_s(pid: int) -> float:
    """Processor seconds of all threads of a process so far (proc(5), stat fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
