"""What is said and made over the agent: real people's interruptions and listening words, and noises.

The listening words are cut out of conversations by hand, because few recordings label them: 19 in all.
Noises are split by file, because they have no speaker. Every sound is brought to a level: voices to that of a
caller near the microphone, noises to so many decibels below one.

An interruption begins where its first word does: by hand-made word times where there are any. Elsewhere the
rule of `antiphon.runtime.voiced` says where sound begins, and an alignment of the words, where there is one,
tells a breath or a smack of the lips from the voice behind it. Whatever comes before is played all the same.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from antiphon.bench.recordings import Half, Recording
from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.runtime.voiced import voiced_span

SPEECH_DB = -26.0
SNRS_DB = (20, 10, 0)
INTERRUPTIONS_FROM = ("timit_nltk", "librispeech_test_other", "pocketsphinx")
_INTERRUPTION_S = 2.5
_NOISE_S = 3.0
_ALIGNMENT = "word_times_pocketsphinx.json"
_ALIGNMENT_ERROR_S = 0.1
"""An aligned word may begin so much earlier than it says."""

LISTENING_WORDS: tuple[tuple[str, float, float, str], ...] = (
    ("mfa_disfluent/cold_corpus3.flac", 5.67, 5.92, "okay"),
    ("mfa_disfluent/cold_corpus3.flac", 18.37, 18.60, "yeah"),
    ("fdb_candor_icc/icc_backchannel_1.flac", 1.70, 2.30, "yeah"),
    ("ami_meeting/dev00.flac", 18.06, 18.40, "okay"),
    ("ami_meeting/tst00.flac", 23.49, 24.24, "oh"),
    ("ami_meeting/tst00.flac", 25.66, 26.21, "yeah"),
    ("fdb_candor_icc/pause_0a84a137-b947-441c-b94c-a03f4a5851ea_pause_203.flac", 0.00, 0.50, "yeah"),
    ("fdb_candor_icc/pause_0b019c01-a6b7-4753-afa3-f7bf964932c9_pause_148.flac", 0.00, 0.50, "yeah"),
    ("fdb_candor_icc/pause_0cf99695-c570-4da0-85f9-02f9bc109e5b_pause_115.flac", 0.00, 0.20, "yeah"),
    ("fdb_candor_icc/pause_0cf99695-c570-4da0-85f9-02f9bc109e5b_pause_115.flac", 1.50, 1.70, "yeah"),
    ("fdb_candor_icc/turn_0d0c3cc7-667b-483e-a2f1-7028ecbed62e_turn_8_9.flac", 0.00, 1.07, "yeah"),
    ("ami_meeting/trn05.flac", 1.46, 2.11, "mm"),
    ("ami_meeting/trn05.flac", 5.94, 6.28, "okay"),
    ("ami_meeting/trn07.flac", 20.28, 20.89, "right"),
    ("ami_meeting/trn07.flac", 24.03, 24.51, "hmm"),
    ("ami_meeting/trn00.flac", 3.17, 3.97, "okay"),
    ("ami_meeting/trn00.flac", 5.46, 6.10, "yeah"),
    ("ami_meeting/trn00.flac", 10.45, 10.95, "okay"),
    ("ami_meeting/trn00.flac", 20.94, 21.39, "okay"),
)
"""File, start and end in seconds, and the word."""


class Sound(msgspec.Struct, frozen=True):
    """Something to be heard over the agent."""

    kind: str
    """interruption, backchannel or noise."""
    name: str
    audio: Audio
    """At 24 kHz."""
    onset: int = 0
    """Its first voiced sample; 0 for a noise."""
    snr_db: int | None = None


def interruptions(recordings: Sequence[Recording], half: Half) -> list[Sound]:
    """The beginnings of what real people said, one of every speaker's first, then another, and so on."""
    found: list[Sound] = []
    aligned = _alignment(recordings)
    chosen = [r for r in recordings if r.set in INTERRUPTIONS_FROM and r.half == half and r.seconds > 1.5]
    for recording in _round_robin(chosen):
        audio = recording.audio(CLOCK_HZ)
        span = voiced_span(audio, CLOCK_HZ)
        if span is None:
            continue
        onset = first_word(recording, audio, span[0], aligned.get(recording.name))
        start = max(0, min(onset, span[0]) - CLOCK_HZ // 20)
        audio = audio[start : start + round(_INTERRUPTION_S * CLOCK_HZ)]
        found.append(Sound("interruption", recording.name, levelled(audio, SPEECH_DB), onset - start))
    return found


def _alignment(recordings: Sequence[Recording]) -> Mapping[str, float]:
    """When the first word of each recording begins, in seconds, as far as the folder knows."""
    folders = {recording.path.parents[len(Path(recording.name).parts) - 1] for recording in recordings}
    files = [folder / _ALIGNMENT for folder in folders]
    times = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
    return {name: words[0][0] for known in times for name, words in known.items() if words}


def first_word(recording: Recording, audio: Audio, sounds_from: int, aligned_s: float | None) -> int:
    """Its place in the `audio` of `recording` at 24 kHz, whose sound begins at `sounds_from`.

    As early as the alignment may mean, and where that is still silence, where the voice begins behind it.
    """
    if by_hand := recording.labels.get("words"):
        return round(by_hand[0][0] * CLOCK_HZ)
    if aligned_s is None:
        return sounds_from
    earliest = max(sounds_from, round((aligned_s - _ALIGNMENT_ERROR_S) * CLOCK_HZ))
    span = voiced_span(audio[earliest:], CLOCK_HZ)
    return earliest + (span[0] if span else 0)


def backchannels(recordings: Sequence[Recording], half: Half) -> list[Sound]:
    """Listening words, alone."""
    known = {recording.name: recording for recording in recordings if recording.half == half}
    found: list[Sound] = []
    for name, start_s, end_s, word in LISTENING_WORDS:
        if name in known:
            audio = known[name].audio(CLOCK_HZ)[round(start_s * CLOCK_HZ) : round((end_s + 0.05) * CLOCK_HZ)]
            found.append(Sound("backchannel", f"{name} {start_s} {word}", levelled(audio, SPEECH_DB)))
    return found


def noises(recordings: Sequence[Recording], half: Half) -> list[Sound]:
    """The loudest seconds of every other noise, at several distances below a voice."""
    files = sorted((r for r in recordings if r.set == "noise"), key=lambda r: r.name)
    ours = files[0::2] if half == "report" else files[1::2]
    return [
        Sound("noise", r.name, levelled(_loudest(r.audio(CLOCK_HZ)), SPEECH_DB - snr), snr_db=snr)
        for snr in SNRS_DB
        for r in ours
    ]


def levelled(audio: Audio, level_db: float) -> Audio:
    """`audio` brought to a level: the power of its loudest fifth of 20 ms frames; ends faded in 5 ms."""
    frame = CLOCK_HZ // 50
    frames = audio[: len(audio) // frame * frame].reshape(-1, frame)
    power = np.sort(np.square(frames).mean(axis=1))
    loud = float(power[-max(1, len(power) // 5) :].mean())
    made = audio * (10 ** (level_db / 20) / max(loud, 1e-12) ** 0.5)
    fade = np.linspace(0, 1, CLOCK_HZ // 200, dtype=np.float32)
    made[: len(fade)] *= fade
    made[-len(fade) :] *= fade[::-1]
    return np.clip(made, -0.99, 0.99).astype(np.float32)


def _loudest(audio: Audio) -> Audio:
    length = round(_NOISE_S * CLOCK_HZ)
    if len(audio) <= length:
        return audio
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    return audio[start : start + length]


def _round_robin(recordings: Sequence[Recording]) -> list[Recording]:
    """One of each speaker, then another of each, and so on."""
    seen: dict[str, int] = {}
    ranked: list[tuple[int, int]] = []
    for place, recording in enumerate(recordings):
        rank = seen[recording.speaker] = seen.get(recording.speaker, -1) + 1
        ranked.append((rank, place))
    return [recordings[place] for _, place in sorted(ranked)]
