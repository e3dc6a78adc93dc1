"""Whether a call is what it says it is: Twilio's signature, and what a stream may ask for.

Twilio signs a request with the account's auth token: HMAC-SHA1, in base64, over the URL as it was asked for
and the form's fields, sorted, each name followed by its value. An upgrade has no form, and its URL begins
with `wss:`. (https://www.twilio.com/docs/usage/security)
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from msgspec.structs import replace

from antiphon.contracts import BadRequest
from antiphon.runtime import SessionSettings
from antiphon.server.twilio.messages import PARAMETER_LETTERS_MAX, PARAMETERS_MAX, MediaFormat

SIGNATURE = "X-Twilio-Signature"
PARAMETERS = ("user", "voice", "instructions", "greet")
"""What a call may ask for; `token` beside them lets it in."""
_FORMAT = MediaFormat(encoding="audio/x-mulaw", sample_rate=8000, channels=1)


def signature(secret: str, url: str, fields: Iterable[tuple[str, str]] = ()) -> str:
    """What Twilio writes into its header. A field that occurs twice with the same value counts once."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(secret.encode(), signed.encode(), hashlib.sha1)).decode()


def signed(secret: str, shown: str, url: str, fields: Iterable[tuple[str, str]] = ()) -> bool:
    """Whether the signature that was shown is Twilio's.

    Twilio is of two minds about writing a port that goes without saying, and about a slash at the end of an
    upgrade's URL; each spelling proves the same.
    """
    pairs = tuple(fields)
    given = shown.encode(errors="replace")
    matches = [hmac.compare_digest(signature(secret, one, pairs).encode(), given) for one in _spellings(url)]
    return any(matches)


def settings_for(parameters: dict[str, str], settings: SessionSettings) -> SessionSettings:
    """`settings` as the parameters of a call want them.

    Raises:
        BadRequest: one is not known, or too long.
    """
    check_parameters(parameters)
    wanted = {name: value for name, value in parameters.items() if name != "greet"}
    return replace(settings, **wanted)


def check_parameters(parameters: dict[str, str]) -> None:
    """BadRequest: there are too many, one is not known, or too long for a carrier."""
    if len(parameters) > PARAMETERS_MAX:
        raise BadRequest("Too many parameters.", code="invalid_value", param="customParameters")
    for name, value in parameters.items():
        if name not in PARAMETERS:
            raise BadRequest(
                f"There is no parameter {name[:40]!r}; there are {', '.join(PARAMETERS)}.",
                code="unknown_parameter",
                param="customParameters",
            )
        if len(name) + len(value) > PARAMETER_LETTERS_MAX:
            raise BadRequest(f"The parameter {name!r} is too long.", code="invalid_value", param=name)
    if parameters.get("greet", "1") not in ("0", "1"):
        raise BadRequest("'greet' is 0 or 1.", code="invalid_value", param="greet")


def check_format(given: MediaFormat) -> None:
    """BadRequest: the sound is not written as μ-law at 8 kHz."""
    if given != _FORMAT:
        raise BadRequest(
            f"The sound must be {_FORMAT.encoding} at {_FORMAT.sample_rate} Hz with one channel.",
            code="unsupported_format",
            param="mediaFormat",
        )


def _spellings(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    host, _, port = parts.netloc.rpartition(":")
    hosts = [parts.netloc]
    if host and port in ("80", "443"):
        hosts.append(host)
    elif not (host and port.isdigit()):
        hosts.append(f"{parts.netloc}:{443 if parts.scheme in ('https', 'wss') else 80}")
    urls = [parts._replace(netloc=name) for name in hosts]
    if parts.scheme in ("ws", "wss"):
        path = parts.path.rstrip("/")
        urls = [one._replace(path=path + end) for one in urls for end in ("", "/")]
    return tuple(one.geturl() for one in urls)
