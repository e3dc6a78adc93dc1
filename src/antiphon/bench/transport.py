"""`antiphon bench transport`: what WebRTC adds to an answer, beside a WebSocket in the same run.

Two callers talk to one server of scripted engines and take turns, so that both meet the same machine. What
they wait differs by the transport alone: Opus there and back, a packet every 20 ms, and all that is below.
Then several callers at once, over the one and over the other, tell what a minute of each costs the server.
"""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Literal, TypeAlias

import aiohttp
import msgspec
import numpy as np

from antiphon.bench.figures import Figure, Machine, figure, machine, median, percentile
from antiphon.bench.load_client import starts, sung
from antiphon.bench.load_systems import CYCLE_S, SAID, cpu_s, running
from antiphon.bench.transport_callers import FRAME, FRAME_S, Script, over_webrtc, over_websocket
from antiphon.bench.writing import progress, write
from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.engines.native import load

Transport: TypeAlias = Literal["websocket", "webrtc"]
Caller: TypeAlias = Callable[[aiohttp.ClientSession, str, Script], AbstractAsyncContextManager[None]]
_OVER: dict[Transport, Caller] = {"websocket": over_websocket, "webrtc": over_webrtc}
CONNECTING_S = 1.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One transport."""

    transport: Transport
    turns: int
    unanswered: int
    mouth_to_ear_ms: dict[str, Figure]
    sessions: int
    """How many there were at once when the cost was taken."""
    cpu_s_per_session_minute: float


class Report(msgspec.Struct, frozen=True):
    """All that was measured."""

    machine: Machine
    rows: list[Row]
    term_ms: Figure
    """What WebRTC adds: the median of the differences between turns that follow each other."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--turns", type=int, default=12, help="of each caller; 12")
    parser.add_argument("--sessions", type=int, default=4, help="at once, for the cost; 4")


def run(args: argparse.Namespace) -> int:
    """Do as the command line says."""
    report = asyncio.run(measure(args.turns, args.sessions))
    write("transport", report, table(report), as_json=args.json, out=args.out, picture=_picture)
    return 0


async def measure(turns: int, sessions: int) -> Report:
    """Both transports, alternately; then the cost of several at once."""
    here = machine()
    with running("antiphon", 2 * sessions + 2, turns) as server:
        url = f"http://127.0.0.1:{server.ports[0]}"
        progress(f"{turns} turns of each, alternately")
        pair = await _talk(url, ["websocket", "webrtc"], turns)
        cost: dict[Transport, float] = {}
        for transport in _OVER:
            progress(f"{sessions} at once over {transport}")
            before = cpu_s(server.pid)
            await _talk(url, [transport] * sessions, 2)
            cost[transport] = (cpu_s(server.pid) - before) / (sessions * 2 * CYCLE_S / 60)
    rows = [
        Row(
            transport=transport,
            turns=turns - 1,
            unanswered=turns - 1 - len(heard),
            mouth_to_ear_ms={
                f"p{q}": figure([*heard.values()] or [float("inf")], percentile(q)) for q in (50, 95)
            },
            sessions=sessions,
            cpu_s_per_session_minute=cost[transport],
        )
        for transport, heard in zip(_OVER, pair, strict=True)
    ]
    websocket, webrtc = pair
    differences = [webrtc[turn] - websocket[turn] for turn in websocket.keys() & webrtc.keys()]
    return Report(here, rows, figure(differences or [float("inf")], median))


async def _talk(url: str, transports: list[Transport], turns: int) -> list[dict[int, float]]:
    """The mouth-to-ear times of one caller for each of `transports`, without their first turns."""
    frames, voiced_frame = cycle(sung(SAID))
    now = asyncio.get_running_loop().time() + CONNECTING_S
    scripts = [
        Script(frames, voiced_frame, starts_at=now + at) for at in starts(len(transports), CYCLE_S, FRAME_S)
    ]
    async with aiohttp.ClientSession() as http, AsyncExitStack() as stack:
        for transport, script in zip(transports, scripts, strict=True):
            await stack.enter_async_context(_OVER[transport](http, url, script))
        # Until the last of them, who began one cycle later at most, has said everything.
        await asyncio.sleep(CONNECTING_S + (turns + 1) * CYCLE_S)
    return [
        {turn: took for turn, took in script.mouth_to_ear_ms.items() if 0 < turn < turns}
        for script in scripts
    ]


def cycle(voice: Audio) -> tuple[list[Audio], int]:
    """A turn in frames of 20 ms, and the last that has voice in it."""
    audio = np.zeros(round(CYCLE_S * CLOCK_HZ), np.float32)
    audio[: len(voice)] = voice
    loud = np.flatnonzero(np.abs(audio) > 0.01)
    return list(audio.reshape(-1, FRAME)), int(loud[-1]) // FRAME


def table(report: Report) -> list[str]:
    """The figures a reader wants first."""
    lines = ["transport    mouth-to-ear p50    p95 ms   CPU s/session-minute   unanswered"]
    for row in report.rows:
        p50, p95 = (row.mouth_to_ear_ms[f"p{q}"].value for q in (50, 95))
        lines.append(
            f"{row.transport:12s} {p50:16.1f} {p95:9.1f} {row.cpu_s_per_session_minute:22.3f} "
            f"{row.unanswered:8d}/{row.turns}"
        )
    term = report.term_ms
    return [*lines, f"WebRTC adds {term.value:.1f} ms ({term.low:.1f} to {term.high:.1f})"]


def _picture(report: Report, path: Path) -> None:
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    drawing, axes = pyplot.subplots(figsize=(6, 2))
    for place, row in enumerate(report.rows):
        axes.barh(place, row.mouth_to_ear_ms["p50"].value)
    axes.set(xlabel="mouth to ear, ms", yticks=range(len(report.rows)))
    axes.set_yticklabels([row.transport for row in report.rows])
    drawing.tight_layout()
    drawing.savefig(path)
