"""Who may come in.

On a loopback address everybody on this machine is welcome, so the danger is a web page that talks to us
through its visitor's browser: directly (its `Origin` gives it away) or under a name that it has pointed at
this machine (the `Host` gives it away). Anywhere else a key is required.
"""

import hmac
import ipaddress
import os
from collections.abc import Mapping

import msgspec
from yarl import URL

from antiphon.contracts import PrerequisiteMissing
from antiphon.runtime import ServerConfig

KEY_PROTOCOL = "openai-insecure-api-key."
"""Browsers cannot set headers on a WebSocket; they offer the key as a subprotocol that begins so."""


class Refused(msgspec.Struct, frozen=True):
    """Why somebody may not come in."""

    status: int
    code: str
    message: str


class Door:
    """Decides about requests by their headers.

    Args:
        key: what lets in; None: nothing is asked for.
        loopback: only names of this machine are answered to.
        public_host: the name under which carriers of telephone calls come, through a tunnel or a proxy.
    """

    def __init__(self, *, key: str | None, loopback: bool, public_host: str = "") -> None:
        self._key = key.encode() if key else None
        self._loopback, self._public_host = loopback, public_host

    @property
    def locked(self) -> bool:
        """Whether a key is asked for."""
        return self._key is not None

    def knows(self, key: str) -> bool:
        """Whether this is the key; how long that takes tells nothing."""
        return self._key is not None and hmac.compare_digest(key.encode(errors="replace"), self._key)

    def check(self, headers: Mapping[str, str]) -> Refused | None:
        """None: come in."""
        return self.check_site(headers) or self._check_key(headers)

    def check_site(self, headers: Mapping[str, str], *, carrier: bool = False) -> Refused | None:
        """Whether the request comes from a page that has no business here.

        A telephone's `carrier` may come under the public name.
        """
        if not self._loopback:
            return None
        host, origin = _host_of(f"//{headers.get('Host', '')}"), headers.get("Origin")
        if not is_loopback(host) and not (carrier and host and host == self._public_host):
            return Refused(
                403, "forbidden_host", f"This server answers to loopback names only, not to {host!r}."
            )
        if origin is not None and not is_loopback(_host_of(origin)):
            return Refused(403, "forbidden_origin", "Pages from other sites may not connect to this server.")
        return None

    def _check_key(self, headers: Mapping[str, str]) -> Refused | None:
        if self._key is None:
            return None
        shown = shown_key(headers)
        if shown is not None and self.knows(shown):
            return None
        return Refused(401, "invalid_api_key", "Send the server's key as 'Authorization: Bearer KEY'.")


def open_door(config: ServerConfig, environment: Mapping[str, str] = os.environ) -> Door:
    """The door that this configuration asks for.

    Raises:
        PrerequisiteMissing: others can reach this address, and there is no key to keep them out.
    """
    key, loopback = environment.get(config.key_env) or None, is_loopback(config.host)
    if config.public_url and key is None and not environment.get(config.twilio_auth_env):
        raise PrerequisiteMissing(
            f"{config.public_url} lets anybody call, so a key is required",
            remedy=f"export {config.key_env}=$(openssl rand -hex 24), or {config.twilio_auth_env}",
        )
    if key is None and not loopback:
        raise PrerequisiteMissing(
            f"listening on {config.host} lets other machines in, so a key is required",
            remedy=f"export {config.key_env}=$(openssl rand -hex 24)",
        )
    return Door(key=key, loopback=loopback, public_host=_host_of(config.public_url))


def shown_key(headers: Mapping[str, str]) -> str | None:
    """The key a client shows, in either of the two places."""
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key:
        return key.strip()
    for offered in headers.get("Sec-WebSocket-Protocol", "").split(","):
        if offered.strip().startswith(KEY_PROTOCOL):
            return offered.strip().removeprefix(KEY_PROTOCOL)
    return None


def is_loopback(host: str) -> bool:
    """Whether a host name can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(url: str) -> str:
    try:
        return (URL(url).host or "").lower()
    except ValueError:
        return ""
