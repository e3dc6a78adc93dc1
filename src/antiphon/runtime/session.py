"""One live conversation: the shell around the dialogue core."""

from collections.abc import Callable

from antiphon.contracts import Audio, TurnReport
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import SessionEvent
from antiphon.runtime.settings import ReplyRequest, SessionSettings


class Session:
    """A caller's conversation. Every method runs on the event loop's thread and never blocks.

    Facts reach the carrier through `emit`, called on the loop's thread, in order; `emit` must not block.
    Errors of the client's making are raised as `BadRequest` from the method that noticed them.
    """

    id: str

    @property
    def settings(self) -> SessionSettings:
        """As they are now."""
        ...

    @property
    def items(self) -> tuple[Item, ...]:
        """The conversation's record, oldest first."""
        ...

    @property
    def reports(self) -> tuple[TurnReport, ...]:
        """The equations of the turns so far, oldest first; the newest few hundred are kept."""
        ...

    def configure(self, settings: SessionSettings) -> None:
        """Use `settings` from now on. BadRequest: unknown voice, or a new one after audio was sent."""
        ...

    def push_audio(self, audio: Audio) -> None:
        """Hear 24 kHz audio. BadRequest: more than the limit is uncommitted."""
        ...

    def commit_audio(self) -> None:
        """End the caller's turn here; emits AudioCommitted and so on. BadRequest: less than 100 ms to commit."""
        ...

    def clear_audio(self) -> None:
        """Drop uncommitted audio; emits AudioCleared."""
        ...

    def create_item(self, item: Item, *, after: str | None = None) -> None:
        """Add to the record; emits ItemAdded (of a settled item). BadRequest: see Conversation.add; too many."""
        ...

    def delete_item(self, item_id: str) -> None:
        """Remove from the record. BadRequest: unknown."""
        ...

    def get_item(self, item_id: str) -> Item:
        """BadRequest: unknown."""
        ...

    def truncate_item(self, item_id: str, audio_end_ms: int) -> None:
        """Keep only what was heard. BadRequest: see Conversation.truncate."""
        ...

    def respond(self, request: ReplyRequest) -> None:
        """Reply now. BadRequest: a reply in the conversation is already active."""
        ...

    def cancel_reply(self, reply_id: str | None = None) -> None:
        """Stop the active reply, or the one named. BadRequest `response_cancel_not_active`: there is none."""
        ...

    def acknowledge_playout(self, item_id: str, played_ms: int) -> None:
        """The listener has now played this much of an item: makes heard times and heard words true."""
        ...

    async def close(self) -> None:
        """End everything under way and let go of it. Nothing is emitted afterwards."""
        ...


class Hub:
    """Engines loaded once and the sessions that share them."""

    ready: bool

    def open_session(self, emit: Callable[[SessionEvent], None], settings: SessionSettings) -> Session:
        """A new conversation. Busy: as many sessions as allowed are open. BadRequest: bad settings."""
        ...

    def session(self, session_id: str) -> Session | None:
        """An open session."""
        ...

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All open sessions."""
        ...

    def voices(self) -> tuple[str, ...]:
        """Names the synthesizer speaks with."""
        ...
