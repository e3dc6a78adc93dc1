"""`?resume=SESSION_ID`: a conversation whose process or line was lost goes on where it was."""

from aiohttp import web

from antiphon.contracts import AntiphonError, Busy
from antiphon.runtime import Hub
from antiphon.runtime.earlier import NOTHING_EARLIER, Earlier
from antiphon.server.sessions_api import problem


async def earlier_of(hub: Hub, request: web.Request) -> Earlier | web.Response:
    """What was before the session a request asks for, or why it cannot be had."""
    session_id = request.query.get("resume")
    if not session_id:
        return NOTHING_EARLIER
    try:
        found = await hub.earlier(session_id)
    except Busy as busy:
        return problem(409, "session_open", f"{busy}.")
    except AntiphonError as error:
        return problem(500, "journal_failed", f"{error}.")
    if found is None:
        return problem(404, "session_not_found", "The journal has no such session.")
    return found
