"""Conversations in writing, by the name that Home Assistant gives each.

Home Assistant opens a connection for every sentence and tells by a `conversation_id` which conversation it
belongs to, so a conversation outlives its connections: until nobody has gone on with it for a while, or
another needs its place.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from secrets import token_hex

from msgspec.structs import replace

from antiphon.contracts import BadRequest, Busy, EngineBroken
from antiphon.runtime import Config, Hub, ReplyRequest, Session
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import (
    ReplyEnded,
    ReplyStarted,
    ReplyText,
    SessionEvent,
    ToolCalled,
    TurnMeasured,
)
from antiphon.server.feed import Record, Records

ANSWER_S = 60.0
"""An answer that takes longer is given up."""


class Talk:
    """One conversation: a session whose replies are text. Busy: there is no room for another session."""

    def __init__(self, hub: Hub, config: Config) -> None:
        self._record: Record | None = None
        self._told: asyncio.Queue[ReplyText | ReplyEnded] = asyncio.Queue()
        self._reply_id = ""
        self._tools, self._idle = 0, asyncio.Event()
        """How many tools of the cast run; set while none does."""
        self._idle.set()
        self._turn_over = asyncio.Event()
        self.session: Session = hub.open_session(
            self._tell, replace(config.session, speak=False, turn_detection=None)
        )
        self.busy = False
        """Whether a sentence is being answered."""
        self.expiry: asyncio.TimerHandle | None = None

    def begin(self, records: Records) -> None:
        """Somebody has come: from now on it shows."""
        self._record = records.open(self.session)

    async def answer(self, text: str) -> AsyncGenerator[str]:
        """The answer to `text`, as it is made. EngineBroken: there is none, or not all of it.

        Where a tool of the cast runs meanwhile, what came of it belongs to the answer.
        """
        until = asyncio.get_running_loop().time() + ANSWER_S
        self.session.create_item(Item(id=f"item_{token_hex(8)}", kind="message", role="user", text=text))
        async with aclosing(self._reply(until)) as pieces:
            async for piece in pieces:
                yield piece
        if self._idle.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._idle.wait()
        playing = self.session.playing
        if playing is not None and playing.owes:
            yield " "
            async with aclosing(self._reply(until)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _reply(self, until: float) -> AsyncGenerator[str]:
        await self._ask(until)
        over = False
        try:
            while not over:
                told = await self._next(until)
                if isinstance(told, ReplyText):
                    yield told.text
                    continue
                over = True
                if told.status in ("failed", "cancelled"):
                    raise EngineBroken("the agent", told.message or told.reason)
        finally:
            if not over:
                self._break_off()

    async def _ask(self, until: float) -> None:
        while True:
            try:
                self.session.respond(ReplyRequest())
                return
            except BadRequest as refused:
                if refused.code != "conversation_already_has_active_response":
                    raise
            # What somebody hung up on is broken off, and not over before its engine has noticed.
            self._turn_over.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._turn_over.wait()
            except TimeoutError:
                raise Busy("an earlier answer does not end") from None

    async def _next(self, until: float) -> ReplyText | ReplyEnded:
        try:
            async with asyncio.timeout_at(until):
                return await self._told.get()
        except TimeoutError:
            raise EngineBroken("the agent", f"no answer within {ANSWER_S:g} s") from None

    def _break_off(self) -> None:
        with suppress(BadRequest):
            self.session.cancel_reply()
        self._reply_id = ""  # what is still told of it is nobody's
        while not self._told.empty():
            self._told.get_nowait()

    def _tell(self, event: SessionEvent) -> None:
        if self._record is not None:
            self._record.tell(event)
        if isinstance(event, ReplyStarted):
            self._reply_id = event.reply_id
        elif isinstance(event, TurnMeasured):
            self._turn_over.set()
        elif isinstance(event, ToolCalled):
            self._tools = max(0, self._tools + (1 if event.status == "running" else -1))
            (self._idle.clear if self._tools else self._idle.set)()
        elif isinstance(event, ReplyText | ReplyEnded) and event.reply_id == self._reply_id:
            self._told.put_nowait(event)

    def close(self, records: Records) -> None:
        """Let go of the record."""
        if self.expiry is not None:
            self.expiry.cancel()
        if self._record is not None:
            records.close(self._record)
            self._record = None


class Talks:
    """All of them. The one that waited longest gives way to a new one."""

    def __init__(self, hub: Hub, config: Config, records: Records) -> None:
        self._hub, self._config, self._records = hub, config, records
        self._talks: OrderedDict[str, Talk] = OrderedDict()
        self._opening = asyncio.Lock()
        self._spare: Talk | None = None
        """Nobody's yet, so that its instructions are read by the time somebody comes."""
        self._closing: set[asyncio.Task[None]] = set()

    async def answer(self, name: str, text: str) -> AsyncGenerator[str]:
        """Say `text` in the conversation `name`, and what is answered.

        Raises:
            Busy: it is being answered already, or there is no room for another conversation.
            EngineBroken: there is no answer.
            BadRequest: the conversation takes no more.
        """
        async with self._opening:
            talk = self._talks.get(name) or await self._open(name)
        if talk.busy:
            raise Busy("this conversation waits for an answer already")
        talk.busy = True
        self._talks.move_to_end(name)
        if talk.expiry is not None:
            talk.expiry.cancel()
        try:
            async with aclosing(talk.answer(text)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            talk.busy = False
            if self._talks.get(name) is talk:
                idle_s = self._config.wyoming.idle_seconds
                talk.expiry = asyncio.get_running_loop().call_later(idle_s, self._expire, name)
            self.prepare()

    def prepare(self) -> None:
        """Have a conversation ready, unless those who are here need the room."""
        if self._spare is None and 2 * len(self._hub.sessions) < self._config.limits.sessions:
            with suppress(Busy):
                self._spare = Talk(self._hub, self._config)

    async def close(self) -> None:
        """End every conversation."""
        while self._talks:
            await self._close(self._talks.popitem()[1])
        if self._spare is not None:
            await self._close(self._spare)
        await asyncio.gather(*self._closing)

    async def _open(self, name: str) -> Talk:
        if len(self._talks) >= self._config.wyoming.conversations:
            waiting = next((known for known, talk in self._talks.items() if not talk.busy), None)
            if waiting is None:
                raise Busy(f"{self._config.wyoming.conversations} conversations wait for an answer")
            await self._close(self._talks.pop(waiting))
        talk, self._spare = self._spare or Talk(self._hub, self._config), None
        talk.begin(self._records)
        self._talks[name] = talk
        return talk

    async def _close(self, talk: Talk) -> None:
        await self._hub.close_session(talk.session)
        talk.close(self._records)

    def _expire(self, name: str) -> None:
        closing = asyncio.create_task(self._close(self._talks.pop(name)))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
