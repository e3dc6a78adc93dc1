"""The replies out of band that are under way in one session, and how many there may be."""

from collections.abc import Sequence

from antiphon.contracts import BadRequest
from antiphon.runtime.conversation import Item
from antiphon.runtime.minutes import Minutes
from antiphon.runtime.parts import Parts
from antiphon.runtime.prompt import Prompts
from antiphon.runtime.settings import ReplyRequest, SessionSettings, sampling_of
from antiphon.runtime.side_reply import SideReply

SIDE_REPLIES_MAX = 16
"""Replies out of band that may be under way at once in one session."""


class SideReplies:
    """Begins, cancels and ends them."""

    def __init__(self, parts: Parts, minutes: Minutes, prompts: Prompts) -> None:
        self._parts, self._minutes, self._prompts = parts, minutes, prompts
        self._under_way: dict[str, SideReply] = {}

    def begin(
        self, request: ReplyRequest, settings: SessionSettings, items: Sequence[Item], *, tokens_max: int
    ) -> None:
        """Reply to `request`, which sees `items` unless it brings its own.

        BadRequest `too_many_responses`: so many are under way already.
        """
        if len(self._under_way) >= SIDE_REPLIES_MAX:
            raise BadRequest(
                f"{SIDE_REPLIES_MAX} responses out of band are in progress; wait for one to finish.",
                code="too_many_responses",
            )
        speak = settings.speak if request.speak is None else request.speak
        view = self._minutes.view(request, speak=speak, record=None)
        reply = SideReply(self._parts, view, ended=self._ended)
        self._under_way[reply.id] = reply
        reply.begin(
            self._prompts.answer(settings, request, items, None),
            sampling_of(settings, request, tokens_max),
            speak=speak,
            voice=request.voice or settings.voice,
            speed=settings.speed,
        )

    def cancel(self, reply_id: str) -> bool:
        """Stop the one of this name, if it is one of these; its end is told at once."""
        reply = self._under_way.get(reply_id)
        if reply is not None:
            reply.cancel()
        return reply is not None

    def close(self) -> None:
        """Stop all of them silently."""
        for reply in self._under_way.values():
            reply.close()
        self._under_way.clear()

    def _ended(self, reply_id: str) -> None:
        self._under_way.pop(reply_id, None)
