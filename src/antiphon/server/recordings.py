"""Conversations of the past, out of the journal, in the words of the live feed: one page shows both."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from antiphon.contracts import AntiphonError, JournalEntry, ms
from antiphon.runtime import Hub
from antiphon.runtime.shown import TOLD
from antiphon.server.sessions_api import answer, problem

NEWEST = 50
"""Conversations listed unless `?limit=` says otherwise."""
MOST_LISTED = 500
MOST_ENTRIES = 50_000
"""Of one conversation: hours of talk."""


class RecordingsApi:
    """The routes below /v1/recordings."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_get("/v1/recordings", self._all)
        router.add_get("/v1/recordings/{id}", self._one)

    async def _all(self, request: web.Request) -> web.Response:
        asked = request.query.get("limit", str(NEWEST))
        if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked) <= MOST_LISTED:
            return problem(400, "invalid_value", f"limit must be a number from 1 to {MOST_LISTED}.")
        try:
            newest = (await self._hub.recorded_sessions())[: -int(asked) - 1 : -1]
            listed = [summary(name, await self._hub.recorded(name, MOST_ENTRIES)) for name in newest]
        except AntiphonError as error:
            return problem(503, "journal_unreadable", str(error))
        return answer({"object": "list", "data": listed})

    async def _one(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        try:
            entries = await self._hub.recorded(name, MOST_ENTRIES)
        except AntiphonError as error:
            return problem(503, "journal_unreadable", str(error))
        if not entries:
            return problem(404, "recording_not_found", "There is no such conversation in the journal.")
        return answer({"object": "antiphon.recording", "id": name, "events": events_of(entries)})


def summary(session_id: str, entries: Iterable[JournalEntry]) -> dict[str, Any]:
    """A conversation at a glance, as JSON."""
    events = events_of(entries)
    said = [event["data"]["text"] for event in events if event["name"] == "transcript"]
    openings = [event["data"] for event in events if event["name"] == "session_opened"]
    return {
        "id": session_id,
        "object": "antiphon.recording",
        "opened_at": openings[0].get("opened_at") if openings else None,
        "turns": sum(event["name"] == "turn_measured" for event in events),
        "duration_ms": events[-1]["at_ms"] if events else 0.0,
        "first_words": next((text for text in said if text), ""),
    }


def events_of(entries: Iterable[JournalEntry]) -> list[dict[str, Any]]:
    """Journal entries as the feed names them: `at_ms`, `name`, `data`."""
    return [
        {"at_ms": round(ms(entry.at), 1), "name": name, "data": data}
        for entry in entries
        for name, data in _shown(entry)
    ]


def _shown(entry: JournalEntry) -> Iterable[tuple[str, Any]]:
    if entry.kind == TOLD:
        yield entry.body["name"], entry.body["data"]
    elif entry.kind in ("session_opened", "session_closed"):
        yield entry.kind, {**entry.body, "id": entry.session}
