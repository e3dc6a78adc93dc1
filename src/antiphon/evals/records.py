"""A run on disk: `run.json`, and one JSON file for each conversation, which is all there is to judge.

    RUN/run.json                    what was run: suite, agent, versions, seeds, machine
    RUN/conversations/ID.json       one conversation: who said what when, what happened, what was measured
    RUN/audio/ID.ogg                its sound where there was any: the caller left, the agent right, 24 kHz

A conversation's file and its sound are written whole or not at all, so that what a crash leaves behind is a
run with fewer conversations, and running it again does the rest. A conversation that broke off is held again
then, and the new record takes the place of the old one. Times are milliseconds from the beginning of the
conversation, on the caller's clock. Readers ignore fields they do not know.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from antiphon.contracts import AntiphonError, TurnReport

RUN_FILE = "run.json"
CONVERSATIONS = "conversations"
AUDIO = "audio"
FORMAT = 1

_ID = re.compile(r"[a-z0-9_]{1,64}(-[a-z0-9_]{1,64}){0,3}")
_BYTES_MAX = 32 * 2**20

Mode = Literal["text", "speech"]
Act = Literal["turn", "interruption", "backchannel", "noise", "opening"]
Ending = Literal["agent", "caller", "gave_up", "too_long", "failed"]

T = TypeVar("T")


class RunUnreadable(AntiphonError):
    """A folder or a file of a run that is not there, or not what it should be."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where it ran."""

    processor: str = ""
    cores: int = 0
    memory_mib: int = 0
    system: str = ""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What was run: the whole of `run.json`."""

    suite: str
    """Its title."""
    suite_file: str = ""
    """Where its file was, as it was named."""
    suite_sha256: str = ""
    mode: Mode
    agent: dict[str, Any] = {}
    """What answered: `cast`, `cast_sha256`, `language_model`, `plant` (planted regressions), `url`."""
    versions: dict[str, str] = {}
    """Of Antiphon, Python and the libraries that matter."""
    scenarios: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    started_at: str = ""
    """ISO 8601, UTC."""
    machine: Machine = Machine()
    format: int = FORMAT


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said, or made heard."""

    who: Literal["caller", "agent"]
    text: str
    """The caller: what they meant to say. The agent: all the words of the answer."""
    start_ms: float
    """Of the first audible sample; in text mode, of the text."""
    end_ms: float
    cut_at_ms: float | None = None
    """When an answer was cut off by the caller; None for one that came to its end."""
    act: Act = "turn"
    heard: str | None = None
    """The caller: the agent's transcript of it. The agent: the words that were heard before a cut."""
    transcribed: str | None = None
    """What a recogniser of the evaluation's own made of its sound."""
    persona: str = ""
    """Of the agent, where a cast plays."""
    scene: str = ""
    intent: str = ""
    """What the caller was after: a fact's name, "opens", "confirms", "corrects", "repeats", "leaves", ..."""
    status: str = ""
    """Of a reply, as the server gave it."""
    first_ms: float | None = None
    """An answer's mouth-to-ear time on the caller's watch; in text mode, to the first token."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something the server told, or the caller did, under the names of the server's feed."""

    at_ms: float
    name: str
    data: dict[str, Any] = {}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that should be so at the end, and whether it is."""

    name: str
    """Such as "slot guests", "scene farewell", "tool book_table", "said nothing of surprise"."""
    held: bool
    expected: Any = None
    found: Any = None


class ConversationOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, by facts that need no judge."""

    success: bool | None = None
    """Every check held; None when the scenario has none, or nothing can be checked."""
    checks: tuple[Check, ...] = ()
    ended: Ending = "caller"
    """Who ended it; "gave_up": the caller waited in vain; "failed": the connection or an engine broke."""
    problem: str = ""


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the simulated caller did its part. A conversation that is not kept is no evidence."""

    kept: bool = True
    reasons: tuple[str, ...] = ()
    """Why it is set aside, a sentence each, beginning with the kind of fault and a colon."""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation: the whole of `conversations/ID.json`."""

    id: str
    """`SCENARIO-SEED`."""
    scenario: str
    seed: int
    mode: Mode
    caller: dict[str, Any] = {}
    """The scenario's side: `caller`, `aim`, `temper`, `voice`, `pace`, `sounds`, `facts` (name to text)."""
    transcript: tuple[Line, ...] = ()
    """In the order of `start_ms`."""
    events: tuple[Event, ...] = ()
    reports: tuple[TurnReport, ...] = ()
    """The response-time equation of each turn, as the server gave it."""
    measures: dict[str, float | None] = {}
    """By name, as `antiphon.evals.measures` defines them; None where there was nothing to measure."""
    outcome: ConversationOutcome = ConversationOutcome()
    gate: Gate = Gate()
    broken_before: tuple[str, ...] = ()
    """What broke earlier tries at it, oldest first: each time it was held again."""
    audio: str | None = None
    """The recording, relative to the run's folder."""
    duration_ms: float = 0.0
    format: int = FORMAT


def read_run(folder: Path) -> Run:
    """What was run.

    Raises:
        RunUnreadable: the folder holds no run.
    """
    return _read(folder / RUN_FILE, Run)


def read_conversation(path: Path) -> Conversation:
    """One conversation.

    Raises:
        RunUnreadable: it is not there, or it is damaged.
    """
    return _read(path, Conversation)


def conversations(folder: Path, *, kept_only: bool = False) -> Iterator[Conversation]:
    """Those of a run, in the order of their ids. RunUnreadable: one is damaged."""
    for path in sorted((folder / CONVERSATIONS).glob("*.json")):
        found = read_conversation(path)
        if found.gate.kept or not kept_only:
            yield found


def done(folder: Path) -> frozenset[str]:
    """The ids of the conversations that a run has."""
    return frozenset(path.stem for path in (folder / CONVERSATIONS).glob("*.json"))


def broke_off(conversation: Conversation) -> bool:
    """Whether an engine or the line ended it, and neither the caller nor the agent."""
    return conversation.outcome.ended == "failed"


def write_run(folder: Path, run: Run) -> None:
    """Begin, or renew, the run in `folder`."""
    (folder / CONVERSATIONS).mkdir(parents=True, exist_ok=True)
    write_whole(folder / RUN_FILE, run)


def write_conversation(folder: Path, conversation: Conversation) -> Path:
    """Add, or replace, one conversation. ValueError: its id is no file name."""
    if not _ID.fullmatch(conversation.id):
        raise ValueError(f"{conversation.id!r} cannot be the name of a file")
    path = folder / CONVERSATIONS / f"{conversation.id}.json"
    write_whole(path, conversation)
    return path


def write_whole(path: Path, document: msgspec.Struct | Mapping[str, Any]) -> None:
    """Write JSON so that a reader sees all of it or none, whatever happens meanwhile."""
    write_all_of(path, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")


def write_all_of(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or none; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def _read(path: Path, kind: type[T]) -> T:
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise RunUnreadable(f"{path} is larger than {_BYTES_MAX // 2**20} MiB: nothing here wrote it")
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise RunUnreadable(
            f"{path.parent} holds no {path.name}: make a run with `antiphon eval run`"
        ) from error
    except msgspec.MsgspecError as error:
        raise RunUnreadable(f"{path} is damaged: {error}; remove it and run again") from error
