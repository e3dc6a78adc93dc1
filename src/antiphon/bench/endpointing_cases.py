"""Turns of real people whose true end is known, and the pauses in them that are not the end.

*Natural* turns are as they were spoken. *Made* ones are read sentences that fall silent in the middle of a
clause, for as long as somebody does who looks for a word; their pauses are cut in at the quietest moment near
a word's end and filled with the recording's own room.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from antiphon.bench.recordings import Half, Recording
from antiphon.contracts import LISTENING_HZ, Audio
from antiphon.runtime.voiced import voiced_span

LEAD_S, TAIL_S = 0.4, 4.0
_LONGEST_S = 32.0
_ROOM_FRAME = 1024
_CONVERSATION = ("fdb_candor_icc", "ami_meeting", "spokenwoz", "talkbank", "mfa_disfluent")
_UTTERANCES = (
    "librispeech_test_other",
    "librispeech_misc",
    "timit_nltk",
    "ljspeech",
    "pocketsphinx",
    "picovoice_commands",
)
_MADE_PAUSES_S = (0.5, 0.8, 1.2, 1.8)
_LEAST_TURN_S = 0.8
_TURN_GAP_S = 1.6  # a speaker who is silent for less, and not spoken to, has not given the turn


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One turn, with silence before it and long silence after it."""

    name: str
    speaker: str
    half: Half
    made: bool
    """Whether a pause was cut into it."""
    audio: Audio
    """At 16 kHz."""
    end: int
    """The first sample after the last voiced one."""


def cases(recordings: Sequence[Recording]) -> Iterator[Case]:
    """All turns that `recordings` give."""
    for recording in recordings:
        if recording.set in _CONVERSATION + _UTTERANCES:
            audio = recording.audio(LISTENING_HZ)
            for start_s, end_s in _turns(recording):
                turn = audio[round(start_s * LISTENING_HZ) : round(end_s * LISTENING_HZ)]
                yield from _case(recording, f"{recording.name}@{start_s:.2f}", turn, made=False)
            yield from _made(recording, audio)


def room(audio: Audio, samples: int) -> Audio:
    """`samples` of noise that sounds like the room `audio` was recorded in, at its quietest moments.

    Not the moments themselves: a recording cut close to its words has none that is free of a voice, and a
    voice repeated twice a second is heard as one.
    """
    starts = range(0, max(1, len(audio) - _ROOM_FRAME), _ROOM_FRAME // 4)
    frames = np.stack([audio[s : s + _ROOM_FRAME] * np.hanning(_ROOM_FRAME) for s in starts])
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    quietest = np.sort(power.sum(axis=1).argsort()[: max(2, len(frames) // 50)])
    smooth = np.convolve(np.median(power[quietest], axis=0), np.full(15, 1 / 15), mode="same")
    noise = np.fft.rfft(np.random.default_rng(len(audio)).standard_normal(samples))
    shape = np.interp(np.linspace(0, 1, len(noise)), np.linspace(0, 1, len(smooth)), np.sqrt(smooth))
    shaped = np.fft.irfft(noise * shape, samples)
    level = np.sqrt(smooth.sum() / (_ROOM_FRAME * np.sum(np.hanning(_ROOM_FRAME) ** 2) / 2))
    return (shaped * level / (np.sqrt(np.mean(shaped**2)) + 1e-12)).astype(np.float32)


def _case(recording: Recording, name: str, turn: Audio, *, made: bool) -> Iterator[Case]:
    if len(turn) < _LEAST_TURN_S * LISTENING_HZ:
        return
    before, after = (room(turn, round(s * LISTENING_HZ)) for s in (LEAD_S, TAIL_S))
    span = voiced_span(np.concatenate([before, turn, after[: LISTENING_HZ // 2]]), LISTENING_HZ)
    if span is not None:
        # What follows the voice in the recording is kept for as long as a room dies away, then only the room.
        end = span[1]
        sound = np.concatenate([before, turn])[: end + LISTENING_HZ // 10]
        audio = np.concatenate([sound, after])
        yield Case(name=name, speaker=recording.speaker, half=recording.half, made=made, audio=audio, end=end)


def _turns(recording: Recording) -> list[tuple[float, float]]:
    """Where one person speaks and nobody else, in seconds."""
    labels = recording.labels
    if "turn_taking" in labels:
        return [(0.0, float(labels["turn_taking"][0][0]))]
    if "turns_8k_start_end_s" in labels:
        return [(float(start), float(end)) for start, end, *_ in labels["turns_8k_start_end_s"]]
    if "turns" not in labels:
        return [(0.0, min(recording.seconds, _LONGEST_S))]
    spans = sorted((float(start), float(end), str(who)) for start, end, who, *_ in labels["turns"])
    joined: list[tuple[float, float, str]] = []
    for start, end, who in spans:
        if joined and joined[-1][2] == who and start - joined[-1][1] < _TURN_GAP_S:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]), who)
        else:
            joined.append((start, end, who))
    return [
        (start, end)
        for start, end, who in joined
        if not any(s < end and e > start and other != who for s, e, other in spans)
    ]


def _made(recording: Recording, audio: Audio) -> Iterator[Case]:
    """The sentence with a pause in the middle of a clause, where the words' times are known by hand."""
    words = recording.labels.get("words", ()) if recording.set == "timit_nltk" else ()
    if len(words) < 5:
        return
    pause_s = _MADE_PAUSES_S[sum(recording.name.encode()) % len(_MADE_PAUSES_S)]
    near = round(float(words[len(words) // 2][1]) * LISTENING_HZ)
    reach = audio[near - 480 : near + 480]
    level = np.convolve(reach**2, np.ones(160), mode="same")
    cut = near - 480 + int(level.argmin())
    gap = room(audio, round(pause_s * LISTENING_HZ))
    paused = np.concatenate([audio[:cut], gap, audio[cut:]])
    yield from _case(recording, f"{recording.name}+{pause_s}", paused, made=True)
