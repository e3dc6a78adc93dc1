"""Audio on the wire: what the bytes of each format mean, and back.

Inside there is only 24 kHz float32. A stream keeps the state of one direction: half-finished resampling
belongs to it, so a new stream begins where the client begins anew.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np

from antiphon.contracts import Audio, BadRequest
from antiphon.server.g711 import Linear, alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
from antiphon.server.thirds import Down, Up

FormatName: TypeAlias = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]

_STEP, _STEPS = np.float32(1 / 32_768), np.float32(32_768)
_LOWEST, _HIGHEST = np.float32(-32_768), np.float32(32_767)

_DECODE: dict[FormatName, Callable[[bytes], Linear]] = {"audio/pcmu": ulaw_decode, "audio/pcma": alaw_decode}
_ENCODE: dict[FormatName, Callable[[Linear], bytes]] = {"audio/pcmu": ulaw_encode, "audio/pcma": alaw_encode}


class Uplink:
    """What a client sends, as 24 kHz audio."""

    def __init__(self, name: FormatName) -> None:
        self.name: FormatName = name
        self._up = Up()

    def decode(self, sent: bytes) -> Audio:
        """Samples at 24 kHz. BadRequest: half a sample."""
        if self.name == "audio/pcm":
            if len(sent) % 2:
                raise BadRequest(
                    f"{len(sent)} bytes are no whole number of 16-bit samples.",
                    code="invalid_value",
                    param="audio",
                )
            return _to_float(np.frombuffer(sent, "<i2"))
        return self._up.push(_to_float(_DECODE[self.name](sent)))


class Downlink:
    """24 kHz audio, as what a client is sent."""

    def __init__(self, name: FormatName) -> None:
        self.name: FormatName = name
        self._down = Down()

    def encode(self, audio: Audio) -> bytes:
        """Bytes in the client's format."""
        if self.name == "audio/pcm":
            return _to_linear(audio).astype("<i2", copy=False).tobytes()
        return _ENCODE[self.name](_to_linear(self._down.push(audio)))


def _to_float(samples: Linear) -> Audio:
    return np.multiply(samples, _STEP, dtype=np.float32)


def _to_linear(audio: Audio) -> Linear:
    scaled = audio * _STEPS
    np.rint(scaled, out=scaled)
    return scaled.clip(_LOWEST, _HIGHEST, out=scaled).astype(np.int16)
