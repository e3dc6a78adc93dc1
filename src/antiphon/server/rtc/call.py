"""One call: the session, its client's data channel and sound, and whoever looks over its shoulder.

Events go to the data channel and to every WebSocket beside it, sound goes as packets. A call ends with its
client's connection, by a hang-up, at a limit or with the server, and always in the same way.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from secrets import token_hex

import msgspec
from aiohttp import WSCloseCode, web
from aiortc import RTCDataChannel
from msgspec.structs import replace

from antiphon.contracts import Audio, BadRequest
from antiphon.runtime import Config, Hub
from antiphon.runtime.earlier import Earlier
from antiphon.runtime.events import ReplyAudio, ReplyEnded, SessionEvent
from antiphon.server.feed import Record, Records
from antiphon.server.line import GRACE_S, Line, expired, too_large
from antiphon.server.outbox import MOST_BYTES, Goodbye
from antiphon.server.pace import Pace
from antiphon.server.realtime import Realtime
from antiphon.server.rtc.incoming import Incoming, Media
from antiphon.server.rtc.outgoing import Outgoing
from antiphon.server.rtc.peer import Peer, offered_addresses
from antiphon.server.wire import server_events as wire
from antiphon.server.wire.session_object import Wire
from antiphon.server.wire.session_patch import SessionPatch

log = logging.getLogger(__name__)

CHANNEL = "oai-events"
CONNECT_S = 15.0
"""A client that has not connected by then is given up."""
LOOK_S = 0.1
"""How often it is looked whether the caller's packets still come."""
SIDEBANDS_MAX = 4
"""WebSockets beside one call."""


class Call:
    """A client over WebRTC. Making one opens its session.

    Attributes:
        id: the call's, as `Location` has it.
        session_id: of the session it carries.

    Raises:
        Busy: there is no room for another session.
        BadRequest: `user` is no name, or `patch` asks for what cannot be had.
        ContractBroken: it goes on with another cast than the one that is played.
    """

    def __init__(
        self,
        hub: Hub,
        config: Config,
        records: Records,
        *,
        model: str,
        user: str | None,
        extended: bool,
        before: Earlier,
        patch: SessionPatch | None,
        ended: Callable[["Call"], None],
    ) -> None:
        self.id = f"rtc_{token_hex(12)}"
        self._hub, self._records, self._limits, self._ended = hub, records, config.limits, ended
        self._extended, self._loop = extended, asyncio.get_running_loop()
        self._record: Record | None = None
        self._channel: RTCDataChannel | None = None
        self._unsent: list[bytes] = []
        """Events from before the data channel was open."""
        self._sidebands: set[Line] = set()
        self._pace = Pace(config.limits.requests_per_second, self._loop.time())
        self._incoming, self._outgoing = Incoming(), Outgoing(self)
        self._full = False
        """Whether no more of the caller's sound was taken the last time."""
        self._sounding: str | None = None
        """The reply whose sound the client was told of."""
        self._over: set[str] = set()
        """Replies that have ended and have still to leave."""
        self._closing: asyncio.Task[None] | None = None
        self._timers: dict[Callable[[], None], asyncio.TimerHandle] = {}
        self._realtime = Realtime(
            hub,
            self,
            config.session if user is None else replace(config.session, user=user),
            model=model,
            expires_at=int(datetime.now(UTC).timestamp()) + config.limits.session_seconds,
            extended=extended,
            sound_beside=True,
            before=before,
            patch=patch,
        )
        self._session = self._realtime.session
        self.session_id = self._session.id
        self._record = records.open(self._session)
        addresses = offered_addresses(config.server.media_addresses, config.server.host)
        self._peer = Peer(self._outgoing, self._packet, addresses)

    async def answer(self, offer: str) -> str:
        """Take the call; returns the SDP answer. BadRequest: the offer cannot be met."""
        connection = self._peer.connection
        connection.on("datachannel", self._channel_offered)
        connection.on("connectionstatechange", self._state_changed)
        answer = await self._peer.answer(offer)
        self._later(CONNECT_S, self._give_up)
        self._later(self._limits.session_seconds, self._expire)
        self._later(LOOK_S, self._look)
        log.info("call answered", extra={"session": self._session.id})
        return answer

    # What `Realtime` asks of whoever carries it.

    def send(self, event: Wire) -> None:
        """Send an event to the client, and to everybody beside."""
        message = msgspec.json.encode(event)
        for line in tuple(self._sidebands):
            line.send(message)
        if self._channel is not None and self._channel.readyState == "open":
            if self._channel.bufferedAmount > MOST_BYTES:
                log.warning("a client stopped reading", extra={"session": self._session.id})
                self.finish()
            else:
                self._channel.send(message.decode())
        elif self._channel is None and len(self._unsent) < self._limits.outbound_messages:
            self._unsent.append(message)

    def watch(self, event: SessionEvent) -> None:
        """Let the sound of a reply leave, and show every fact to whoever watches."""
        if self._record is not None:
            self._record.tell(event)
        if isinstance(event, ReplyAudio):
            self._outgoing.push(event.audio, reply_id=event.reply_id, item_id=event.item_id)
        elif isinstance(event, ReplyEnded):
            # After the events that tell of it, which follow at once.
            self._loop.call_soon(self._reply_over, event.reply_id, event.status == "cancelled")

    def hang_up(self) -> None:
        """The session cannot go on."""
        self.finish()

    # What the data channel and the lines beside ask of whoever hears them.

    def receive(self, message: bytes) -> None:
        """Do what a message says."""
        if self._closing is None:
            self._realtime.receive(message)

    def refuse(self, refused: BadRequest) -> None:
        """Say what is wrong."""
        if self._closing is None:
            self._realtime.refuse(refused)

    # What the outgoing sound tells.

    def sound_begins(
        self, reply_id: str, item_id: str, from_ms: int, audible_ms: float | None, timestamp: int
    ) -> None:
        """Say that a reply begins to sound, and to who wants to know, in which packet."""
        if self._sounding != reply_id:
            self._sounding = reply_id
            self._realtime.announce(wire.output_started(reply_id))
        place = self._peer.rtp_timestamp(timestamp)
        if self._extended and place is not None:
            self._realtime.announce(wire.playing(reply_id, item_id, from_ms, audible_ms, place))

    def sound_ends(self, reply_id: str) -> None:
        """Say so, unless the reply goes on."""
        if reply_id in self._over:
            self._over.discard(reply_id)
            self._fall_silent(wire.output_stopped(reply_id))

    # How it ends.

    def finish(self) -> None:
        """End the call, once what was said is delivered or `GRACE_S` is over."""
        if self._closing is None:
            self._closing = self._loop.create_task(self._close())

    async def close(self) -> None:
        """End the call, and wait until it has."""
        self.finish()
        assert self._closing is not None
        await self._closing

    @property
    def crowded(self) -> bool:
        """Whether no more WebSockets may come beside it."""
        return self._closing is not None or len(self._sidebands) >= SIDEBANDS_MAX

    async def beside(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket that sees this call's events and may send its own, until either ends."""
        line = Line(self._limits, self, self._session.id)
        line.send(msgspec.json.encode(self._realtime.stamp(self._realtime.created())))
        self._sidebands.add(line)
        try:
            return await line.run(request)
        finally:
            self._sidebands.discard(line)

    async def _close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for line in tuple(self._sidebands):
            line.finish(Goodbye(WSCloseCode.OK, "the call is over"))
        await self._hub.close_session(self._session)
        if self._record is not None:
            self._records.close(self._record)
        await self._deliver()
        await self._peer.close()
        log.info("call ended", extra={"session": self._session.id})
        self._ended(self)
        # All of them hold us, and among us is the session with its audio.
        self._timers.clear()
        del self._realtime, self._session, self._peer, self._outgoing, self._incoming

    async def _deliver(self) -> None:
        """Wait until everything that was said is on its way."""
        if self._channel is None or not self._channel.bufferedAmount:
            return
        delivered = asyncio.Event()
        self._channel.on("bufferedamountlow", delivered.set)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await delivered.wait()

    # What happens.

    def _packet(self, media: Media) -> None:
        if self._closing is not None:
            return
        for sound in self._incoming.take(media, self._loop.time()):
            self._hear(sound)

    def _look(self) -> None:
        silence = self._incoming.silence(self._loop.time())
        if silence is not None:
            self._hear(silence)
        self._later(LOOK_S, self._look)

    def _hear(self, sound: Audio) -> None:
        if self._closing is not None:
            return
        try:
            self._session.push_audio(sound)
        except BadRequest as refused:
            # Packets come on whether they are wanted or not: it is enough to say it once.
            if not self._full:
                self._realtime.refuse(refused)
            self._full = True
        else:
            self._full = False

    def _reply_over(self, reply_id: str, cancelled: bool) -> None:
        if self._closing is not None:
            return
        sounding = self._sounding == reply_id
        if cancelled:
            self._outgoing.drop(reply_id)
            if sounding:
                self._fall_silent(wire.output_cleared(reply_id))
        elif self._outgoing.holds(reply_id):
            self._over.add(reply_id)
        elif sounding:
            self._fall_silent(wire.output_stopped(reply_id))

    def _fall_silent(self, told: Wire) -> None:
        self._sounding = None
        self._realtime.announce(told)

    def _channel_offered(self, channel: RTCDataChannel) -> None:
        if channel.label != CHANNEL or self._channel is not None:
            return
        self._channel = channel
        channel.on("message", self._message)
        unsent, self._unsent = self._unsent, []
        for message in unsent:
            channel.send(message.decode())

    def _message(self, message: str | bytes) -> None:
        data = message.encode(errors="surrogatepass") if isinstance(message, str) else message
        if (refused := too_large(len(data), self._limits)) is not None:
            self.refuse(refused)
        elif self._pace.take(self._loop.time()) > 0:
            self.refuse(BadRequest("Events come too often.", code="rate_limit_exceeded"))
        else:
            self.receive(data)

    def _state_changed(self) -> None:
        if self._peer.connection.connectionState in ("failed", "closed"):
            self.finish()

    def _give_up(self) -> None:
        if self._peer.connection.connectionState != "connected":
            log.info("a client never connected", extra={"session": self._session.id})
            self.finish()

    def _expire(self) -> None:
        self._realtime.refuse(expired(self._limits))
        self.finish()

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers[call] = self._loop.call_later(seconds, call)
