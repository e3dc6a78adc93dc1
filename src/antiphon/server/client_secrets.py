"""Keys for browsers: short-lived, so that a page never holds the server's own.

Whoever has the server's key asks for one and gives it to a page. It opens conversations until it expires, and
a conversation opened with it begins with the session it was made for.
"""

import hmac
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from antiphon.contracts import Busy
from antiphon.server.wire.session_patch import SessionPatch

PREFIX = "ek_"
SECRETS_MAX = 1_024
"""Keys that may be alive at once."""


class ExpiresAfter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How long the key opens conversations."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Meta(ge=10, le=7_200)] = 600


class SecretRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/realtime/client_secrets`."""

    expires_after: ExpiresAfter | None = None
    session: SessionPatch | None = None


class Secret(msgspec.Struct, frozen=True):
    """A key that was given out."""

    value: str
    expires_at: int
    """Unix seconds."""
    session: SessionPatch | None


class ClientSecrets:
    """All keys that are alive. `now` tells Unix seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._alive: dict[str, Secret] = {}

    def issue(self, request: SecretRequest) -> Secret:
        """A new key. Busy: too many are alive."""
        self._forget_expired()
        if len(self._alive) >= SECRETS_MAX:
            raise Busy(f"{SECRETS_MAX} client secrets are alive, which is as many as are allowed")
        seconds = (request.expires_after or ExpiresAfter()).seconds
        secret = Secret(PREFIX + token_urlsafe(24), int(self._now()) + seconds, request.session)
        self._alive[secret.value] = secret
        return secret

    def find(self, shown: str | None) -> Secret | None:
        """The key that was shown, if it is one of these and alive."""
        if shown is None or not shown.startswith(PREFIX):
            return None
        self._forget_expired()
        given = shown.encode(errors="replace")
        # Every key is compared, so that the time it takes tells nothing.
        found = [one for one in self._alive.values() if hmac.compare_digest(one.value.encode(), given)]
        return found[0] if found else None

    def _forget_expired(self) -> None:
        now = self._now()
        self._alive = {value: one for value, one in self._alive.items() if one.expires_at > now}
