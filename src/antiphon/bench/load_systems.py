"""What the load bench puts under load: one process on the first core, whose engines cost next to nothing."""

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import soxr

from antiphon.bench import servers
from antiphon.bench.load_client import Cycle, cycle, plain, sung
from antiphon.contracts import CLOCK_HZ, LISTENING_HZ

CYCLE_S = 8.0
"""The caller for 2.5 s, silence for 0.5 s, the agent for 3 s, and a moment before the next turn."""
SAID = "Please tell me what you like about the sea, and whether it is ever too cold for swimming there"
ANSWERED = (
    "The sea is wide and never looks the same twice, and yes, it is cold, but after a minute or so "
    "nobody minds that any more"
)
BESIDES_S = 300
"""How much longer than its turns a session may last: it waits for others to connect, and for the end."""

System: TypeAlias = Literal["antiphon", "pipecat"]

_CONFIG = """\
[limits]
sessions = {sessions}
session_seconds = {seconds}
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


class Running(msgspec.Struct, frozen=True):
    """A process to be called."""

    ports: tuple[int, ...]
    """One for each caller; the last is for the probe."""
    pid: int


def running(system: System, sessions: int, turns: int) -> AbstractContextManager[Running]:
    """`system` with room for so many conversations of so many turns.

    Raises:
        PrerequisiteMissing: a peer is not installed.
        EngineBroken: it ended before it was ready.
    """
    return _STARTED[system](sessions, turns)


def spoken(system: System, frame_ms: int) -> Cycle:
    """What every caller says, as this system wants to hear it."""
    voice = sung(SAID)
    if system == "antiphon":
        return cycle(voice, CYCLE_S, frame_ms)
    voice = soxr.resample(voice, CLOCK_HZ, LISTENING_HZ)
    return cycle(voice, CYCLE_S, frame_ms, rate_hz=LISTENING_HZ, message=plain)


@contextmanager
def _antiphon(sessions: int, turns: int) -> Generator[Running]:
    seconds = round(turns * CYCLE_S) + BESIDES_S
    config = _CONFIG.format(sessions=sessions + 1, seconds=seconds, said=SAID, answered=ANSWERED)
    with servers.antiphon(config) as server:
        _pin(server.pid)
        yield Running((server.port,) * (sessions + 1), server.pid)


@contextmanager
def _pipecat(sessions: int, turns: int) -> Generator[Running]:
    del turns
    with servers.scripted_pipecats(sessions + 1, SAID, ANSWERED) as (ports, pid):
        _pin(pid)
        yield Running(ports, pid)


_STARTED: dict[System, Callable[[int, int], AbstractContextManager[Running]]] = {
    "antiphon": _antiphon,
    "pipecat": _pipecat,
}


def _pin(pid: int) -> None:
    """All threads of a process on the first core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {min(os.sched_getaffinity(0))})


def cpu_s(pid: int) -> float:
    """Processor seconds of all threads of a process so far (proc(5), stat fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
