"""Engines loaded once, and the sessions that share them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from itertools import islice
from pathlib import Path
from secrets import token_hex

from antiphon.contracts import Audio, Busy, EngineCard, JournalEntry, Part, Transcript, Voice
from antiphon.runtime import by_itself
from antiphon.runtime.beginning import read_beginning
from antiphon.runtime.cast_resuming import late_turn
from antiphon.runtime.casting import Staged, stage
from antiphon.runtime.config import Config
from antiphon.runtime.diary import Diary
from antiphon.runtime.earlier import NOTHING_EARLIER, Earlier, earlier
from antiphon.runtime.events import SessionEvent
from antiphon.runtime.memories import safe_user
from antiphon.runtime.obstacles import check_session
from antiphon.runtime.parts import EMBEDDER, Parts, open_parts
from antiphon.runtime.session import Session
from antiphon.runtime.settings import SessionSettings

STILL_WRITING_MAX = 256
"""Closed sessions that are remembered to have had a tool running."""


class Hub:
    """All conversations of one process.

    Attributes:
        ready: whether the engines are loaded, so that sessions can be opened.
        staged: the cast that is played; None: sessions follow their instructions.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.ready = False
        self.staged: Staged | None = None
        self._parts: Parts | None = None
        self._sessions: dict[str, Session] = {}
        self._still_writing: dict[str, Diary] = {}
        """Of closed sessions whose tools still ran then; who goes on with one takes the pen."""

    async def load(self, *, weights: Callable[[str], Path], progress: Callable[[str], None]) -> None:
        """Open the engines, on a thread; `progress` is told, on that thread, which one is next.

        Raises:
            AntiphonError: see `open_parts` and `stage`.
            ConfigInvalid: no session could begin as the configuration says.
        """
        parts = await asyncio.to_thread(open_parts, self.config, weights=weights, progress=progress)
        voices = [voice.name for voice in parts.synthesizer.voices]
        try:
            check_session(self.config.session, voices)
            if self.config.cast is not None:
                progress("the cast")
                assert parts.embedder is not None
                self.staged = await asyncio.to_thread(stage, self.config.cast, parts.embedder, voices)
            progress("how every conversation begins")
            await asyncio.to_thread(read_beginning, parts, self.staged, self.config)
        except BaseException:
            await asyncio.to_thread(parts.close)
            raise
        self._parts = parts
        self.ready = True

    async def earlier(self, session_id: str) -> Earlier | None:
        """What the journal has of a conversation that is to go on; None: it has nothing of it.

        Busy: the engines are loading, or the conversation is open.
        """
        if self._parts is None:
            raise Busy("the engines are still loading")
        if session_id in self._sessions:
            raise Busy(f"the conversation {session_id} is open")
        journal, lanes, staged = self._parts.journal, self._parts.lanes, self.staged
        # Behind what its last life has still to write.
        self._parts.pen.flush()
        entries = await by_itself.on_lane(lanes["journal"], lambda: list(journal.read(session_id)))
        if not entries:
            return None
        if staged is None:
            return earlier(entries)
        return earlier(entries, await by_itself.on_lane(lanes[EMBEDDER], lambda: late_turn(staged, entries)))

    def open_session(
        self,
        emit: Callable[[SessionEvent], None],
        settings: SessionSettings | None = None,
        *,
        before: Earlier = NOTHING_EARLIER,
    ) -> Session:
        """A new conversation, or one that goes on after what was `before`.

        Raises:
            Busy: the engines are loading, or as many sessions as allowed are open, this one among them; or
                something was written since `before`.
            ContractBroken: it goes on with another cast.
            BadRequest: the user is no name.
        """
        if self._parts is None:
            raise Busy("the engines are still loading")
        if len(self._sessions) >= self.config.limits.sessions:
            raise Busy(f"{self.config.limits.sessions} sessions are open, which is as many as are allowed")
        settings = settings or self.config.session
        if settings.user:
            safe_user(settings.user)
        session_id = before.entries[0].session if before.entries else f"sess_{token_hex(8)}"
        if session_id in self._sessions:
            raise Busy(f"the conversation {session_id} is open")
        writing = self._still_writing.pop(session_id, None)
        if writing is not None and writing.last != before.sequence:
            raise Busy(f"the conversation {session_id} has just been written to; ask again")
        if writing is not None:
            writing.abandon()
        session = Session(
            session_id,
            self._parts,
            self.config,
            settings,
            emit,
            staged=self.staged,
            earlier=before,
        )
        self._sessions[session_id] = session
        return session

    async def close_session(self, session: Session) -> None:
        """End a conversation."""
        self._sessions.pop(session.id, None)
        await session.close()
        if (diary := session.still_writing) is not None:
            self._still_writing[session.id] = diary
            while len(self._still_writing) > STILL_WRITING_MAX:
                del self._still_writing[next(iter(self._still_writing))]

    def session(self, session_id: str) -> Session | None:
        """An open session."""
        return self._sessions.get(session_id)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All open sessions."""
        return tuple(self._sessions.values())

    def voices(self) -> tuple[str, ...]:
        """Names the synthesizer speaks with; empty while the engines are loading."""
        return () if self._parts is None else tuple(voice.name for voice in self._parts.synthesizer.voices)

    def described_voices(self) -> tuple[Voice, ...]:
        """The same, with what is known of each."""
        return () if self._parts is None else tuple(self._parts.synthesizer.voices)

    def cards(self) -> dict[Part, EngineCard]:
        """The cards of the engines that are open."""
        if self._parts is None:
            return {}
        parts = self._parts
        return {part: getattr(parts, part).card for part in parts.lanes}

    async def transcribe(self, audio: Audio, *, hint: str = "") -> Transcript:
        """Write down 16 kHz audio, outside of any conversation. Errors: see `by_itself.transcribe`."""
        return await by_itself.transcribe(self._open(), audio, hint=hint)

    def speak(self, text: str, *, voice: str = "", before: str = "") -> AsyncGenerator[Audio]:
        """Speak a sentence, outside of any conversation. Errors: see `by_itself.speak`."""
        return by_itself.speak(self._open(), text, voice=voice, before=before)

    async def recorded_sessions(self) -> tuple[str, ...]:
        """The ids of all conversations in the journal, oldest first; read off the loop."""
        return () if self._parts is None else await asyncio.to_thread(self._parts.journal.sessions)

    async def recorded(self, session_id: str, most: int) -> list[JournalEntry]:
        """The first `most` entries of one conversation; none when it is not known. Read off the loop."""
        if self._parts is None:
            return []
        journal = self._parts.journal
        return await asyncio.to_thread(lambda: list(islice(journal.read(session_id), most)))

    def _open(self) -> Parts:
        if self._parts is None:
            raise Busy("the engines are still loading")
        return self._parts

    async def close(self) -> None:
        """End every conversation, then let go of the engines, and of what the tools have started."""
        for session in self.sessions:
            await self.close_session(session)
        parts, self._parts, self.ready = self._parts, None, False
        if parts is not None:
            await asyncio.to_thread(parts.close)
        if self.staged is not None and self.staged.tools is not None:
            await asyncio.to_thread(self.staged.tools.close)


async def open_hub(config: Config, *, weights: Callable[[str], Path], progress: Callable[[str], None]) -> Hub:
    """A hub with its engines loaded."""
    hub = Hub(config)
    await hub.load(weights=weights, progress=progress)
    return hub
