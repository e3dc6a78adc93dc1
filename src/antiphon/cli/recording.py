"""Recordings: from any file to the sound of a call, and back into WAV."""

import os
import wave
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from antiphon.contracts import CLOCK_HZ, AntiphonError, Audio, PrerequisiteMissing

_WAV_TYPES = {1: "u1", 2: "<i2", 4: "<i4"}
_SHORTEST_S = 0.02


class UnreadableRecording(AntiphonError):
    """A file that holds no sound anybody here can read."""


class NowhereToWrite(AntiphonError):
    """A folder for recordings that cannot be made, or takes none."""


def read_recording(path: Path) -> Audio:
    """The sound in `path`, mixed to one channel, at 24 kHz.

    Raises:
        UnreadableRecording: no such file, or no sound in it.
        PrerequisiteMissing: not plain WAV, and the library for everything else is not installed.
    """
    if not path.is_file():
        raise UnreadableRecording(f"there is no file {path}")
    try:
        samples, rate_hz = _read_wav(path)
    except (wave.Error, EOFError, KeyError):
        samples, rate_hz = _read_other(path)
    if len(samples) < _SHORTEST_S * rate_hz:
        raise UnreadableRecording(f"{path} holds no sound")
    mono = samples.mean(axis=1, dtype=np.float32)
    return np.asarray(soxr.resample(mono, rate_hz, CLOCK_HZ), dtype=np.float32)


def make_folder(folder: Path) -> None:
    """Make `folder`, so that what is wrong with it is known before there is anything to write.

    Raises:
        NowhereToWrite: it is something else, or nobody may write there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NowhereToWrite(f"{folder} is a file; name a folder for the recordings") from error
    except OSError as error:
        raise NowhereToWrite(f"the folder {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NowhereToWrite(f"nothing may be written into {folder}; name another folder")


def write_wav(path: Path, *channels: Audio) -> None:
    """Write 24 kHz `channels` of equal length as 16-bit WAV."""
    frames = np.stack(channels, axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(CLOCK_HZ)
        file.writeframes(to_pcm16(frames.reshape(-1)))


def to_pcm16(audio: Audio) -> bytes:
    """Samples as the wire carries them."""
    return np.clip(np.rint(audio * 32768.0), -32768, 32767).astype("<i2").tobytes()


def from_pcm16(data: bytes) -> Audio:
    """Samples from the wire; half a sample at the end is dropped."""
    whole = data[: len(data) // 2 * 2]
    return np.frombuffer(whole, "<i2").astype(np.float32) / np.float32(32768.0)


def room_tone(audio: Audio, samples: int) -> Audio:
    """Noise as loud as the quietest 50 ms of `audio`, to stand around it: no room is digitally silent."""
    frame = CLOCK_HZ // 20
    whole = len(audio) // frame
    levels = np.sqrt(np.square(audio[: whole * frame].reshape(whole, frame)).mean(axis=1)) if whole else [0.0]
    # A clip without a pause holds no room to copy: then well below its voice. Never quieter than −80 dB.
    level = max(1e-4, min(np.min(levels), 0.05 * np.max(levels)))
    return (level * np.random.default_rng(0).standard_normal(samples)).astype(np.float32)


def _read_wav(path: Path) -> tuple[NDArray[np.float32], int]:
    with wave.open(str(path), "rb") as file:
        channels, width, rate_hz = file.getnchannels(), file.getsampwidth(), file.getframerate()
        data = file.readframes(file.getnframes())
    if width == 3:
        # The high bytes of 32-bit samples whose low byte is empty.
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8)[: len(data) // 3 * 3].reshape(-1, 3)
        data, width = wide.tobytes(), 4
    samples = np.frombuffer(data, _WAV_TYPES[width]).astype(np.float32)
    samples = (samples - 128.0) / 128.0 if width == 1 else samples / np.float32(2 ** (8 * width - 1))
    return samples[: len(samples) // channels * channels].reshape(-1, channels), rate_hz


def _read_other(path: Path) -> tuple[NDArray[np.float32], int]:
    try:
        library: Any = import_module("soundfile")
    except (ImportError, OSError) as error:  # OSError: its native half is not there
        raise PrerequisiteMissing(
            f"{path.name} is no plain WAV, and the library that reads the rest is missing",
            remedy="pip install soundfile",
        ) from error
    try:
        samples, rate_hz = library.read(str(path), dtype="float32", always_2d=True)
    except library.SoundFileError as error:
        raise UnreadableRecording(f"{path} is no recording: {error}") from error
    return samples, int(rate_hz)
