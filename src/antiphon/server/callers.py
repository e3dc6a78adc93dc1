"""How a session begins for whoever calls: as configured, with the name they call under."""

from aiohttp import web
from msgspec.structs import replace

from antiphon.runtime import Config, SessionSettings


def first_settings(config: Config, request: web.Request) -> SessionSettings:
    """The configured settings, and `?user=NAME`; whether that is a name is for the session to say."""
    user = request.query.get("user")
    return config.session if user is None else replace(config.session, user=user)
