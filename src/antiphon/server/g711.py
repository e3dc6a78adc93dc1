"""G.711: telephone audio, one byte a sample, by table.

Both laws are logarithmic: a sign, a segment of three bits and a step of four bits inside the segment, with
some bits of the byte inverted on the line. A table of 256 decodes; encoding looks up all 65,536 linear values
in a table made from the decoder's own steps, so both directions agree by construction.
"""

import numpy as np
from numpy.typing import NDArray

_ULAW_BIAS = 132
"""Added before the segment is found; it makes the first segment as regular as the others."""

Linear = NDArray[np.int16]


def _ulaw_values() -> Linear:
    code = ~np.arange(256, dtype=np.uint8)
    segment, step = (code >> 4 & 7).astype(np.int32), (code & 15).astype(np.int32)
    size = (((step << 3) + _ULAW_BIAS) << segment) - _ULAW_BIAS
    return np.where(code & 0x80, -size, size).astype(np.int16)


def _alaw_values() -> Linear:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    segment, step = (code >> 4 & 7).astype(np.int32), (code & 15).astype(np.int32)
    first = (step << 4) + 8
    size = np.where(segment == 0, first, (first + 256) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


def _nearest_codes(values: Linear) -> NDArray[np.uint8]:
    """For every linear value, as uint16, the code whose value lies nearest."""
    order = np.argsort(values, kind="stable")
    steps = values[order].astype(np.int32)
    borders = (steps[:-1] + steps[1:] + 1) // 2
    linear = np.arange(65_536, dtype=np.uint16).view(np.int16)
    return order[np.searchsorted(borders, linear, side="right")].astype(np.uint8)


_ULAW, _ALAW = _ulaw_values(), _alaw_values()
_TO_ULAW, _TO_ALAW = _nearest_codes(_ULAW), _nearest_codes(_ALAW)


def ulaw_decode(coded: bytes) -> Linear:
    """μ-law bytes as 16-bit samples."""
    return _ULAW[np.frombuffer(coded, np.uint8)]


def alaw_decode(coded: bytes) -> Linear:
    """A-law bytes as 16-bit samples."""
    return _ALAW[np.frombuffer(coded, np.uint8)]


def ulaw_encode(samples: Linear) -> bytes:
    """16-bit samples as μ-law bytes."""
    return _TO_ULAW[samples.view(np.uint16)].tobytes()


def alaw_encode(samples: Linear) -> bytes:
    """16-bit samples as A-law bytes."""
    return _TO_ALAW[samples.view(np.uint16)].tobytes()
