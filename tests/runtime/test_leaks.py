"""Two hundred sessions, left in every state there is: of none of them anything stays."""

import asyncio
import gc
import tracemalloc
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from antiphon.runtime import Session, minutes
from antiphon.runtime.events import ReplyAudio, ReplyEnded
from antiphon.runtime.settings import ReplyRequest

from .stage import BY_HAND, QUICK, TYPED, Stage, silence, sung
from .test_remembering_cast import Visit, config
from .test_tools import Orders
from .virtual import VirtualLoop, in_virtual_time, passes, until

QUESTION = sung("what time is it")
OURS = tuple(
    f"antiphon.{name}"
    for name in (
        *("runtime.session", "runtime.performing", "runtime.minutes", "runtime.reflecting"),
        *("runtime.cast_playing", "runtime.cast_planning", "runtime.cast_tools", "runtime.remembering"),
        *("samp.session",),
    )
)
"""Where the classes are of which each conversation has its own."""


class Lobby:
    """Sessions over one stage's engines, each opened, used and dropped."""

    def __init__(self) -> None:
        self.stage = Stage(answers=("It is noon here. It is midnight on the other side.",))
        self.stage.parts.journal.append = lambda entries: None

    def open(self) -> tuple[Session, list[object]]:
        events: list[object] = []
        return Session("sess_2", self.stage.parts, self.stage.config, QUICK, events.append), events

    async def fresh(self, session: Session, events: list[object]) -> None:
        """Nothing has happened."""

    async def hearing(self, session: Session, events: list[object]) -> None:
        session.push_audio(QUESTION)
        await passes(0.01)

    async def thinking(self, session: Session, events: list[object]) -> None:
        self.stage.lanes["language_model"].delay_ms = 5_000
        session.push_audio(QUESTION)
        session.push_audio(silence(500))
        await passes(1)
        self.stage.lanes["language_model"].delay_ms = 0

    async def speaking(self, session: Session, events: list[object]) -> None:
        session.push_audio(QUESTION)
        session.push_audio(silence(500))
        await until(lambda: any(isinstance(event, ReplyAudio) for event in events))

    async def spoken_over(self, session: Session, events: list[object]) -> None:
        await self.speaking(session, events)
        session.push_audio(sung("yeah"))
        await passes(0.1)

    async def done(self, session: Session, events: list[object]) -> None:
        await self.speaking(session, events)
        await until(lambda: any(isinstance(event, ReplyEnded) for event in events))

    async def answering_aside(self, session: Session, events: list[object]) -> None:
        session.configure(TYPED)
        session.respond(ReplyRequest(in_conversation=False))

    async def committed(self, session: Session, events: list[object]) -> None:
        session.configure(BY_HAND)
        session.push_audio(QUESTION)
        session.commit_audio()
        session.respond(ReplyRequest())

    @property
    def states(self) -> list[Callable[[Session, list[object]], Awaitable[None]]]:
        return [
            self.fresh,
            self.hearing,
            self.thinking,
            self.speaking,
            self.spoken_over,
            self.done,
            self.answering_aside,
            self.committed,
        ]

    async def visit(self, times: int, *, collect: bool = True) -> list[weakref.ref[Session]]:
        """Open, use and drop so many sessions; without `collect` no cyclic garbage is."""
        dropped: list[weakref.ref[Session]] = []
        for number in range(times):
            session, events = self.open()
            await self.states[number % len(self.states)](session, events)
            await session.close()
            dropped.append(weakref.ref(session))
        del session, events
        await passes(60)
        if collect:
            gc.collect()
        return dropped


@in_virtual_time
async def test_no_session_task_or_timer_stays() -> None:
    lobby = Lobby()
    dropped = await lobby.visit(200)
    assert [ref() for ref in dropped if ref() is not None] == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    assert loop.timers == 0


@in_virtual_time
async def test_a_closed_session_does_not_wait_for_the_garbage_collector() -> None:
    lobby = Lobby()
    gc.collect()
    gc.disable()
    try:
        dropped = await lobby.visit(len(lobby.states), collect=False)
        assert [ref() for ref in dropped if ref() is not None] == []
    finally:
        gc.enable()


def parts_of(session: Session) -> list[weakref.ref[object]]:
    """The session, and what it is put together from."""
    owners = (session, session.playing, session._performing)
    parts = {id(part): part for owner in owners for part in (owner, *vars(owner).values())}
    return [weakref.ref(part) for part in parts.values() if type(part).__module__ in OURS]


@pytest.mark.parametrize("kind", ["tools", "memory", "documents"])
@in_virtual_time
async def test_a_closed_conversation_with_a_cast_does_not_wait_for_it_either(
    tmp_path: Path, kind: str
) -> None:
    memory = config(tmp_path, documents=str(tmp_path / "d.sqlite") if kind == "documents" else "")
    gc.collect()
    gc.disable()
    try:
        stage = (
            Orders("-", "Which colour?", "Bye.", slow_ms=500)
            if kind == "tools"
            else Visit(memory, user="mira" if kind == "memory" else "")
        )
        await stage.is_silent_until(ReplyEnded)
        for words in ("five pieces please", "red one please"):
            await stage.says(words)
            await stage.is_silent(900)
        await stage.session.close()
        dropped = parts_of(stage.session)
        assert len(dropped) == len(OURS)
        del stage.session
        await passes(60)
        assert [ref() for ref in dropped if ref() is not None] == []
        if stage.parts.memories is not None:
            stage.parts.memories.close()
    finally:
        gc.enable()


@in_virtual_time
async def test_memory_does_not_grow() -> None:
    lobby = Lobby()
    await lobby.visit(24)
    tracemalloc.start()
    try:
        await lobby.visit(24)
        before, _ = tracemalloc.get_traced_memory()
        await lobby.visit(48)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 48 * 1_000  # the sound of one question alone is fifty times that


LONG_TURNS = 16
"""More than the reports and the placed words that are kept."""
TURN_BYTES = 3_000
"""What may stay of a turn: its two items, and their words as text. With its sound it would be 100,000."""


@in_virtual_time
async def test_of_a_long_conversation_the_record_stays_and_little_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(minutes, "REPORTS_KEPT", 8)
    lobby = Lobby()
    session, events = lobby.open()

    async def converse(turns: int) -> None:
        for _ in range(turns):
            events.clear()
            session.push_audio(QUESTION)
            session.push_audio(silence(500))
            await until(lambda: any(isinstance(event, ReplyEnded) for event in events))
        events.clear()
        gc.collect()

    tracemalloc.start()
    try:
        await converse(LONG_TURNS)
        before, _ = tracemalloc.get_traced_memory()
        await converse(LONG_TURNS)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    await session.close()
    assert after - before < LONG_TURNS * TURN_BYTES
