"""What Twilio Media Streams sends and takes: JSON in text messages, numbers as strings, sound in base64.

(https://www.twilio.com/docs/voice/media-streams/websocket-messages.) Fields we do not know are passed over,
since a carrier may add some; those we use are checked.
"""

import base64
import binascii
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from antiphon.contracts import BadRequest

Number: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9]{1,12}$")]
StreamId: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Label: TypeAlias = Annotated[str, Meta(max_length=64)]
SOUND_BYTES_MAX = 8_000
"""One second in one message; a carrier sends 20 ms."""
PARAMETERS_MAX = 16
PARAMETER_LETTERS_MAX = 500
"""A carrier's own limit, name and value together."""


class Connected(msgspec.Struct, frozen=True, tag_field="event", tag="connected"):
    """The first message."""

    protocol: Label = "Call"
    version: Label = ""


class MediaFormat(msgspec.Struct, frozen=True, rename="camel"):
    """How the sound is written."""

    encoding: Label
    sample_rate: int
    channels: int


class Stream(msgspec.Struct, frozen=True, rename="camel"):
    """What a stream begins with."""

    stream_sid: StreamId
    media_format: MediaFormat
    custom_parameters: dict[str, str] = {}


class Start(msgspec.Struct, frozen=True, tag_field="event", tag="start"):
    """The second message, and the last before sound."""

    start: Stream


class Chunk(msgspec.Struct, frozen=True):
    """A piece of the caller's sound."""

    payload: Annotated[str, Meta(max_length=4 * (SOUND_BYTES_MAX // 3 + 1))]
    timestamp: Number
    """Where it begins, in milliseconds of the stream."""
    chunk: Number
    """Counts pieces, from 1."""
    track: Label = "inbound"

    def sound(self) -> bytes:
        """Its μ-law samples. BadRequest: the payload is no base64, or too long."""
        try:
            sound = base64.b64decode(self.payload, validate=True)
        except (binascii.Error, ValueError):
            raise BadRequest("The payload is no base64.", code="invalid_value", param="payload") from None
        if len(sound) > SOUND_BYTES_MAX:
            raise BadRequest("More than a second at once.", code="invalid_value", param="payload")
        return sound


class Media(msgspec.Struct, frozen=True, tag_field="event", tag="media"):
    """Sound. Its `sequenceNumber`, which counts messages of every kind, says no more than `chunk` does."""

    media: Chunk


class MarkName(msgspec.Struct, frozen=True):
    """What a mark is called."""

    name: Label


class Mark(msgspec.Struct, frozen=True, tag_field="event", tag="mark"):
    """All sound before one of our marks was played, or was cleared."""

    mark: MarkName


class Key(msgspec.Struct, frozen=True):
    """A key of the telephone."""

    digit: Annotated[str, Meta(pattern=r"^[0-9A-D#*]$")]


class Dtmf(msgspec.Struct, frozen=True, tag_field="event", tag="dtmf"):
    """The caller pressed a key."""

    dtmf: Key


class Stop(msgspec.Struct, frozen=True, tag_field="event", tag="stop"):
    """The call is over."""


Message: TypeAlias = Connected | Start | Media | Mark | Dtmf | Stop
_KNOWN = frozenset({"connected", "start", "media", "mark", "dtmf", "stop"})


class _Kind(msgspec.Struct, frozen=True):
    event: Label


_decode_kind = msgspec.json.Decoder(_Kind).decode
_decode = msgspec.json.Decoder(Message).decode


def read(message: bytes) -> Message | None:
    """What a message says; None for kinds we have no use for. BadRequest: it is none."""
    try:
        if _decode_kind(message).event not in _KNOWN:
            return None
        return _decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"Not understood: {error}.", code="invalid_message") from None


def media(stream_sid: str, sound: bytes) -> bytes:
    """Sound to play behind all that waits."""
    payload = base64.b64encode(sound).decode()
    return msgspec.json.encode({"event": "media", "streamSid": stream_sid, "media": {"payload": payload}})


def mark(stream_sid: str, name: str) -> bytes:
    """To be sent back when all sound before it was played."""
    return msgspec.json.encode({"event": "mark", "streamSid": stream_sid, "mark": {"name": name}})


def clear(stream_sid: str) -> bytes:
    """Drop all sound that waits, and send its marks back."""
    return msgspec.json.encode({"event": "clear", "streamSid": stream_sid})
