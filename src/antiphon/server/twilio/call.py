"""One telephone call: a WebSocket to the carrier, and the session that it carries.

The session opens with `start`, which says whose call it is, and ends with `stop`, with the line, at a limit
or with the server. Then the carrier goes on with whatever its instructions say comes after the stream.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from aiohttp import WSCloseCode, web
from msgspec.structs import replace

from antiphon.contracts import Audio, BadRequest, Busy
from antiphon.runtime import Config, Hub, ReplyRequest, Session, SessionSettings
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import (
    ReplyAudio,
    ReplyEnded,
    ReplyText,
    SessionEvent,
    SessionFailed,
)
from antiphon.server.feed import Record, Records
from antiphon.server.line import Line
from antiphon.server.outbox import Goodbye
from antiphon.server.twilio import messages
from antiphon.server.twilio.hearing import Hearing
from antiphon.server.twilio.keypad import Keypad
from antiphon.server.twilio.messages import Chunk, Connected, Dtmf, Mark, Media, Message, Start, Stop, Stream
from antiphon.server.twilio.saying import Frame, Saying

log = logging.getLogger(__name__)

START_S = 5.0
"""Who has not said by then whose call it is, is hung up on."""
LOOK_S = 0.1
"""How often it is looked whether pieces still come, and keys."""
FLUSH_S = 0.06
"""Sound that does not fill a frame leaves after so long without more."""
MESSAGE_BYTES = 16_384
"""A second of sound fits in; a carrier sends fiftieths."""
ODD_MAX = 100
"""Messages that make no sense, before the call is ended."""
GREETING = "The telephone was just picked up. Greet the caller in one short sentence and ask what they want."

Admit = Callable[[Stream], SessionSettings]
"""How the session of a stream begins. BadRequest: it may not come in, or asks for what cannot be had."""


class PhoneCall:
    """A caller on the line.

    Args:
        hub: where the session is opened.
        config: limits.
        records: where the session is shown.
        admit: looks at who calls.
    """

    def __init__(self, hub: Hub, config: Config, records: Records, admit: Admit) -> None:
        self._hub, self._records, self._admit = hub, records, admit
        self._seconds = config.limits.session_seconds
        limits = replace(config.limits, message_bytes=min(MESSAGE_BYTES, config.limits.message_bytes))
        self._line = Line(limits, self, "")
        self._loop = asyncio.get_running_loop()
        self._hearing, self._saying, self._keypad = Hearing(), Saying(), Keypad()
        self._session: Session | None = None
        self._record: Record | None = None
        self._stream_sid = ""
        self._sounding = ""
        """The reply whose sound was sent last."""
        self._odd = self._entries = 0
        self._full = self._over = False
        self._timers: dict[Callable[[], None], asyncio.TimerHandle] = {}

    @property
    def waiting(self) -> bool:
        """Whether it has not said whose call it is."""
        return self._session is None

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Converse until somebody hangs up."""
        self._later(START_S, self._give_up)
        try:
            return await self._line.run(request)
        finally:
            await self._close()

    def finish(self, goodbye: Goodbye) -> None:
        """End the call, once what was said is delivered."""
        self._over = True
        self._line.finish(goodbye)

    # What the line asks of whoever hears it.

    def receive(self, message: bytes) -> None:
        """Do what a message says."""
        if self._over:
            return
        try:
            if (said := messages.read(message)) is not None:
                self._do(said)
        except BadRequest as refused:
            self.refuse(refused)
        except Exception:
            log.exception("a message failed", extra={"session": self._line.name})
            self.finish(Goodbye(WSCloseCode.INTERNAL_ERROR, "the server failed"))

    def refuse(self, refused: BadRequest) -> None:
        """Something makes no sense. The carrier has no ear for that: it is for the log, and not too often."""
        self._odd += 1
        if self._session is None:
            self.finish(Goodbye(WSCloseCode.POLICY_VIOLATION, refused.code))
        elif self._odd >= ODD_MAX:
            self.finish(Goodbye(WSCloseCode.POLICY_VIOLATION, "too much makes no sense"))
        if self._odd == 1:
            log.warning("a carrier was refused: %s", refused.code, extra={"session": self._line.name})

    def _do(self, said: Message) -> None:
        match said:
            case Connected():
                pass
            case Start():
                self._begin(said.start)
            case Stop():
                self.finish(Goodbye(WSCloseCode.OK, "the call is over"))
            case Media() | Mark() | Dtmf():
                if self._session is None:
                    raise BadRequest("A stream begins with 'start'.", code="not_started")
                self._go_on(self._session, said)

    def _go_on(self, session: Session, said: Media | Mark | Dtmf) -> None:
        match said:
            case Media():
                self._take(session, said.media)
            case Mark():
                if (played := self._saying.returned(said.mark.name)) is not None:
                    session.acknowledge_playout(played.item_id, played.played_ms)
            case Dtmf():
                self._typed(session, self._keypad.press(said.dtmf.digit, self._loop.time()))

    # How it begins and ends.

    def _begin(self, stream: Stream) -> None:
        if self._session is not None:
            raise BadRequest("A stream starts once.", code="already_started")
        self._stream_sid = stream.stream_sid
        try:
            session = self._hub.open_session(self._tell, self._admit(stream))
        except Busy:
            log.warning("a call came while all lines are busy")
            self.finish(Goodbye(WSCloseCode.TRY_AGAIN_LATER, "busy"))
            return
        self._session, self._line.name = session, session.id
        self._record = self._records.open(session)
        self._timers.pop(self._give_up).cancel()
        self._later(self._seconds, self._expire)
        self._later(LOOK_S, self._look)
        log.info("telephone call began", extra={"session": session.id})
        if stream.custom_parameters.get("greet") == "1" and self._hub.staged is None:
            # The people of a cast know themselves how to begin.
            told = f"{session.settings.instructions}\n{GREETING}"
            session.respond(ReplyRequest(instructions=told))

    async def _close(self) -> None:
        self._over = True
        for timer in self._timers.values():
            timer.cancel()
        if self._session is not None:
            await self._hub.close_session(self._session)
            log.info("telephone call ended", extra={"session": self._session.id, "lost": self._hearing.lost})
        if self._record is not None:
            self._records.close(self._record)
        # All of them hold us, and among us is the session with its audio.
        self._timers.clear()
        self._session = None
        del self._line, self._admit

    def _give_up(self) -> None:
        self.finish(Goodbye(WSCloseCode.POLICY_VIOLATION, "nothing started"))

    def _expire(self) -> None:
        self.finish(Goodbye(WSCloseCode.OK, "session expired"))

    # What the caller does.

    def _take(self, session: Session, chunk: Chunk) -> None:
        if chunk.track != "inbound":
            return
        taken = self._hearing.take(int(chunk.chunk), int(chunk.timestamp), chunk.sound(), self._loop.time())
        for sound in taken:
            self._hear(session, sound)

    def _look(self) -> None:
        self._later(LOOK_S, self._look)
        if self._session is not None and not self._over:
            now = self._loop.time()
            if (silence := self._hearing.silence(now)) is not None:
                self._hear(self._session, silence)
            self._typed(self._session, self._keypad.look(now))

    def _hear(self, session: Session, sound: Audio) -> None:
        if not len(sound):
            return
        try:
            session.push_audio(sound)
        except BadRequest as refused:
            # Pieces come on whether they are wanted or not: it is enough to say it once.
            if not self._full:
                self.refuse(refused)
            self._full = True
        else:
            self._full = False

    def _typed(self, session: Session, keys: str | None) -> None:
        """Answer what was keyed in, as if it had been said."""
        if keys is None:
            return
        self._entries += 1
        item = Item(
            id=f"item_{session.id.removeprefix('sess_')}_k{self._entries}",
            kind="message",
            role="user",
            text=f"I pressed {' '.join(keys)} on my telephone.",
        )
        try:
            with suppress(BadRequest):
                session.cancel_reply()
            session.create_item(item)
            session.respond(ReplyRequest())
        except BadRequest as refused:
            self.refuse(refused)

    # What the agent does.

    def _tell(self, event: SessionEvent) -> None:
        """Take a fact of the session's. It must never feel what goes wrong out here."""
        try:
            if self._record is not None:
                self._record.tell(event)
            if not self._over:
                self._say(event)
        except Exception:
            log.exception("an event could not be told", extra={"session": self._line.name})
            self.finish(Goodbye(WSCloseCode.INTERNAL_ERROR, "the server failed"))

    def _say(self, event: SessionEvent) -> None:
        match event:
            case ReplyText():
                self._saying.expect(event.item_id, event.end_ms)
            case ReplyAudio():
                self._sounding = event.reply_id
                self._send(self._saying.push(event.item_id, event.audio))
                self._later(FLUSH_S, self._flush)
            case ReplyEnded(status="cancelled"):
                self._fall_silent(event.reply_id)
            case SessionFailed(fatal=True):
                self.finish(Goodbye(WSCloseCode.INTERNAL_ERROR, "the session failed"))
            case _:
                pass

    def _flush(self) -> None:
        self._send(self._saying.flush())

    def _send(self, frames: list[Frame]) -> None:
        for frame in frames:
            self._line.send(messages.media(self._stream_sid, frame.sound))
            if frame.mark is not None:
                self._line.send(messages.mark(self._stream_sid, frame.mark))

    def _fall_silent(self, reply_id: str) -> None:
        if reply_id == self._sounding:
            self._sounding = ""
            self._saying.clear()
            self._line.send(messages.clear(self._stream_sid))

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        if (earlier := self._timers.get(call)) is not None:
            earlier.cancel()
        self._timers[call] = self._loop.call_later(seconds, call)
