"""One worker of an evaluation: it opens who answers, and holds one conversation after another with it."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from antiphon.bench import servers
from antiphon.cli.client import Connection, connect
from antiphon.cli.eval_agents import text_agent
from antiphon.cli.eval_recorded import held_call, sound_of
from antiphon.cli.eval_speech import SpokenCall
from antiphon.cli.eval_suite import cast_file
from antiphon.cli.toml_text import toml_text
from antiphon.contracts import TurnReport
from antiphon.evals.crew import Job
from antiphon.evals.making import conversation_id, record
from antiphon.evals.records import AUDIO, Conversation, Mode
from antiphon.evals.scenario import Suite
from antiphon.evals.text_call import converse
from antiphon.evals.voice import Studio, Throat
from antiphon.runtime import Config
from antiphon.store import Store


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """All that a worker must know; it travels to other processes and machines."""

    suite_file: str
    suite: Suite
    mode: Mode
    config: Config
    url: str = ""
    """A server that runs already; empty: each worker starts its own."""
    ending: tuple[str, ...] = ()
    """The scenes of the cast that end a conversation."""


class Made(msgspec.Struct, frozen=True):
    """A conversation and its sound, for whoever writes them down."""

    conversation: Conversation
    sound: bytes | None = None


class TextHand:
    """Holds conversations in writing."""

    def __init__(self, assignment: Assignment) -> None:
        self._suite = assignment.suite
        self._stack = ExitStack()
        found = cast_file(assignment.suite, Path(assignment.suite_file))
        self._agent = self._stack.enter_context(text_agent(assignment.suite, found, assignment.config))

    def do(self, job: Job) -> Made:
        """Hold one."""
        name, seed = job
        scenario = self._suite.scenarios[name]
        held = converse(self._agent, scenario, seed)
        today = date.fromisoformat(self._suite.today)
        return Made(record(held, name=name, scenario=scenario, seed=seed, mode="text", today=today))

    def close(self) -> None:
        """Let go of the models."""
        self._stack.close()


class SpeechHand:
    """Holds conversations by speech, over a WebSocket."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._stack = ExitStack()
        try:
            self._studio = Studio.open(assignment.config, Store().folder)
            self._stack.callback(self._studio.close)
            self._url = assignment.url or self._stack.enter_context(servers.antiphon(_served(assignment))).url
        except BaseException:
            self._stack.close()
            raise

    def do(self, job: Job) -> Made:
        """Hold one."""
        return asyncio.run(self._hold(*job))

    def close(self) -> None:
        """End the server, and let go of the engines."""
        self._stack.close()

    async def _hold(self, name: str, seed: int) -> Made:
        suite = self._assignment.suite
        scenario = suite.scenarios[name]
        async with connect(f"{self._url}?ext=1") as connection:
            throat = Throat(self._studio, scenario, seed)
            ending = self._assignment.ending
            call = SpokenCall(connection, scenario, seed, throat, opens=bool(suite.cast), ending=ending)
            await call.hold(_session_update(suite), connection)
            reports = await _reports(connection, call)
        audio = f"{AUDIO}/{conversation_id(name, seed)}.ogg"
        made = record(
            held_call(call, self._studio),
            name=name,
            scenario=scenario,
            seed=seed,
            mode="speech",
            today=datetime.now(UTC).astimezone().date(),
            reports=reports,
            audio=audio,
        )
        return Made(made, sound_of(call))


def _session_update(suite: Suite) -> dict[str, object]:
    hearing: dict[str, Any] = {"transcription": {"model": "whisper-1"}}
    session: dict[str, Any] = {"type": "realtime", "audio": {"input": hearing}}
    if suite.instructions:
        session["instructions"] = suite.instructions
    return {"type": "session.update", "session": session}


async def _reports(connection: Connection, call: SpokenCall) -> tuple[TurnReport, ...]:
    return await connection.turns(call.line.exchange.session_id) if not call.problem else ()


def _served(assignment: Assignment) -> str:
    """The configuration of a server for this run, without its address and its journal."""
    table = msgspec.to_builtins(assignment.config)
    table["engines"] = {part: choice for part, choice in table["engines"].items() if part != "journal"}
    found = cast_file(assignment.suite, Path(assignment.suite_file))
    table |= {"cast": None if found is None else str(found)}
    table.pop("server")
    return toml_text(table)
