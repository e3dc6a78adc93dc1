"""One worker of an evaluation: it opens who answers, and holds one conversation after another with it."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import Any, cast

import msgspec

from antiphon.bench import servers
from antiphon.cli.client import Connection, connect
from antiphon.cli.eval_agents import text_agent
from antiphon.cli.eval_recorded import held_call, sound_of
from antiphon.cli.eval_speech import SpokenCall
from antiphon.cli.toml_text import toml_text
from antiphon.contracts import EngineSetup, LanguageModel, TurnReport
from antiphon.contracts.discovery import find
from antiphon.evals.checks import TOOLS_OFFERED
from antiphon.evals.crew import Job
from antiphon.evals.making import conversation_id, record
from antiphon.evals.phrasing import Phrase, phrased_by
from antiphon.evals.records import AUDIO, Conversation, Event, Mode
from antiphon.evals.scenario import Suite
from antiphon.evals.text_call import converse
from antiphon.evals.voice import Studio, Throat
from antiphon.runtime import Config, default_language_model
from antiphon.samp import Cast
from antiphon.store import Store

_SMALL_MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m"


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """All that a worker must know; it travels to other processes and machines."""

    suite: Suite
    cast: Cast | None = None
    cast_file: str = ""
    """Where the cast is on this machine, for a server, which looks beside it for what its tools run."""
    mode: Mode
    config: Config
    url: str = ""
    """A server that runs already; empty: each worker starts its own."""
    phrase: bool = False
    """Whether the small model phrases what callers say."""
    ending: tuple[str, ...] = ()
    """The scenes of the cast that end a conversation."""
    tools: bool = False
    """Whether the cast has tools, which a server runs and an agent in writing does not."""


class Made(msgspec.Struct, frozen=True):
    """A conversation and its sound, for whoever writes them down."""

    conversation: Conversation
    sound: bytes | None = None


class TextHand:
    """Holds conversations in writing."""

    def __init__(self, assignment: Assignment) -> None:
        self._suite = assignment.suite
        self._stack = ExitStack()
        try:
            agent = text_agent(assignment.suite, assignment.cast, assignment.config)
            self._agent = self._stack.enter_context(agent)
            self._phrase = _phrasing(assignment, self._stack)
        except BaseException:
            self._stack.close()
            raise

    def do(self, job: Job) -> Made:
        """Hold one."""
        name, seed = job
        scenario = self._suite.scenarios[name]
        held = converse(self._agent, scenario, seed, self._phrase)
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
            self._phrase = _phrasing(assignment, self._stack)
            self._url = assignment.url or self._started(assignment)
        except BaseException:
            self._stack.close()
            raise

    def _started(self, assignment: Assignment) -> str:
        return self._stack.enter_context(servers.antiphon(_served(assignment))).url

    def do(self, job: Job) -> Made:
        """Hold one."""
        return asyncio.run(self._hold(*job))

    def close(self) -> None:
        """End the server, and let go of the engines."""
        self._stack.close()

    async def _hold(self, name: str, seed: int) -> Made:
        suite = self._assignment.suite
        scenario = suite.scenarios[name]
        async with connect(self._url) as connection:
            throat = Throat(self._studio, scenario, seed)
            ending = self._assignment.ending
            call = SpokenCall(connection, scenario, seed, throat, opens=bool(suite.cast), ending=ending)
            await call.hold(_session_update(suite), connection)
            reports = await _reports(connection, call)
        audio = f"{AUDIO}/{conversation_id(name, seed)}.ogg"
        held = held_call(call, self._studio)
        if self._assignment.tools:
            held = msgspec.structs.replace(held, events=(Event(at_ms=0.0, name=TOOLS_OFFERED), *held.events))
        made = record(
            held,
            name=name,
            scenario=scenario,
            seed=seed,
            mode="speech",
            today=datetime.now(UTC).astimezone().date(),
            reports=reports,
            audio=audio,
        )
        return Made(made, sound_of(call))


def _phrasing(assignment: Assignment, stack: ExitStack) -> Phrase | None:
    """The small model, where callers are to be phrased by it."""
    if not assignment.phrase:
        return None
    use = default_language_model()
    setup = EngineSetup(settings={"model": _SMALL_MODEL}, weights=Store().folder, threads=1)
    opening: Callable[[EngineSetup], Any] = find("language_model", use).open
    model = cast(LanguageModel, opening(setup))
    stack.callback(model.close)
    return phrased_by(model)


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
    table |= {"cast": assignment.cast_file or None}
    table.pop("server")
    return toml_text(table)
