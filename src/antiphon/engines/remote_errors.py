"""What can go wrong with a server, sorted by who can mend it. No sentence ever holds a key."""

import json
import re
from typing import Any, cast

import httpx

from antiphon.contracts import AntiphonError, ContractBroken, EngineBroken, PrerequisiteMissing

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_TOO_LONG = re.compile(r"context|too long|too many tokens|maximum.{0,30}tokens", re.IGNORECASE)
_SAID_CHARACTERS_MAX = 300


class Refusal(Exception):
    """A status of 400 or above."""

    def __init__(self, status: int, body: bytes, retry_after: str = "") -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.said = _said(body)
        self.retry_after_s = float(retry_after) if retry_after.isdecimal() else 0.0


def is_worth_retrying(error: Exception) -> bool:
    """Whether nothing happened, or the server was only busy."""
    if isinstance(error, Refusal):
        return error.status in _BUSY
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.RemoteProtocolError)


def translated(engine: str, url: str, key_name: str, error: Exception) -> AntiphonError:
    """`error` as one sentence for whoever can mend it."""
    host = httpx.URL(url).netloc.decode() if not isinstance(error, httpx.InvalidURL) else url
    if isinstance(error, Refusal):
        return _refused(engine, host, key_name, error)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return EngineBroken(engine, f"nothing answers at {host} ({error}); is the server running?")
    if isinstance(error, httpx.TimeoutException):
        return EngineBroken(engine, f"{host} stopped sending before its answer was complete")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return EngineBroken(engine, f"{url!r} is no address of a server: {error}")
    return EngineBroken(engine, f"{host} broke the connection: {error}")


def _refused(engine: str, host: str, key_name: str, error: Refusal) -> AntiphonError:
    told = f"{host} answered {error.status}" + (f": {error.said}" if error.said else "")
    if error.status in (401, 403):
        remedy = f"export {key_name}=YOUR_KEY" if key_name else 'api_key_env = "NAME_OF_A_VARIABLE"'
        return PrerequisiteMissing(f"{engine} is not let in: {told}", remedy=remedy)
    if error.status in (400, 413, 422) and _TOO_LONG.search(error.said):
        return ContractBroken(f"the prompt is longer than the model reads: {told}")
    if error.status == 404:
        return EngineBroken(engine, f"{told}; check `base_url` and `model`")
    if error.status == 429:
        return EngineBroken(engine, f"{told}; too many requests, or the account is used up")
    return EngineBroken(engine, told)


def _said(body: bytes) -> str:
    """The server's own words, out of whichever shape it wraps them in."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value: Any = json.loads(text)
    except json.JSONDecodeError:
        return text[:_SAID_CHARACTERS_MAX]
    for key in ("error", "message", "detail"):
        if isinstance(value, dict):
            value = cast(dict[str, Any], value).get(key, cast(Any, value))
    return str(cast(object, value))[:_SAID_CHARACTERS_MAX]
