"""What the page has recorded of both sides, as anybody would save it: the witness for its own figures."""

import base64
import io

import numpy as np
import soundfile

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.runtime.voiced import AUDIBLE_AMPLITUDE

from .page import Visitor

_READ = """() => new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.split(",")[1]);
  reader.readAsDataURL(new Blob([window.__call.tape.wav()]));
})"""
PAUSE_S = 0.25
"""No word of the agent's is followed by so long a silence, and every answer is."""


def sides(visitor: Visitor) -> tuple[Audio, Audio]:
    """The caller and the agent, at 24 kHz."""
    wav = base64.b64decode(visitor.page.evaluate(_READ))
    sound, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    assert rate_hz == CLOCK_HZ
    return sound[:, 0], sound[:, 1]


def stretches(audio: Audio, *, threshold: float, pause_s: float) -> list[tuple[int, int]]:
    """Where something sounds: from the first sample above `threshold` to the last before a pause."""
    loud = np.flatnonzero(np.abs(audio) >= threshold)
    if not len(loud):
        return []
    cuts = np.flatnonzero(np.diff(loud) > pause_s * CLOCK_HZ)
    starts, ends = np.concatenate(([0], cuts + 1)), np.concatenate((cuts, [len(loud) - 1]))
    return [(int(loud[start]), int(loud[end])) for start, end in zip(starts, ends, strict=True)]


def silent_after_ms(visitor: Visitor, *, voice: float) -> list[float]:
    """For each time the caller began to speak into the agent's sound: how long that went on.

    `voice` is what of the caller's side is loud enough to be their voice.
    """
    caller, agent = sides(visitor)
    answers = stretches(agent, threshold=AUDIBLE_AMPLITUDE, pause_s=PAUSE_S)
    onsets = [start for start, _ in stretches(caller, threshold=voice, pause_s=0.5)]
    return [
        (end - onset) * 1000 / CLOCK_HZ for onset in onsets for start, end in answers if start < onset < end
    ]
