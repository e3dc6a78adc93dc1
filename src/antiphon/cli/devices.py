"""This machine's microphone and loudspeaker, where there are any."""

from collections.abc import Callable
from importlib import import_module
from threading import Lock
from typing import Any, Protocol

from antiphon.cli.recording import from_pcm16, to_pcm16
from antiphon.contracts import CLOCK_HZ, Audio, PrerequisiteMissing

_BLOCK_SAMPLES = CLOCK_HZ // 50


class Speaker(Protocol):
    """Something that sounds."""

    def play(self, audio: Audio) -> None:
        """Play 24 kHz `audio` behind all that waits."""
        ...

    def flush(self) -> None:
        """Fall silent at once."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


def sound_library() -> Any:
    """The library that reaches the devices.

    Raises:
        PrerequisiteMissing: it, or the system library below it, is not installed.
    """
    try:
        return import_module("sounddevice")
    except ImportError as error:
        raise PrerequisiteMissing(
            "sound needs the Python package sounddevice", remedy="pip install 'antiphon[talk]'"
        ) from error
    except OSError as error:
        raise PrerequisiteMissing(
            "the system library PortAudio is missing", remedy="sudo apt-get install libportaudio2"
        ) from error


def open_speaker() -> Speaker:
    """The default loudspeaker. PrerequisiteMissing: there is none."""
    library = sound_library()
    buffer = _Buffer()

    def wanted(out: Any, frames: int, time: Any, status: Any) -> None:
        del time, status
        out[:] = buffer.take(frames)

    stream = _opened(
        library,
        library.RawOutputStream,
        "loudspeaker",
        samplerate=CLOCK_HZ,
        channels=1,
        dtype="int16",
        blocksize=_BLOCK_SAMPLES,
        callback=wanted,
    )
    return _DeviceSpeaker(stream, buffer)


def open_microphone(heard: Callable[[Audio], None]) -> Callable[[], None]:
    """Hear the default microphone in 20 ms frames, on a thread of its own, until the result is called.

    Raises:
        PrerequisiteMissing: there is none.
    """
    library = sound_library()

    def came(data: Any, frames: int, time: Any, status: Any) -> None:
        del frames, time, status
        heard(from_pcm16(bytes(data)))

    stream = _opened(
        library,
        library.RawInputStream,
        "microphone",
        samplerate=CLOCK_HZ,
        channels=1,
        dtype="int16",
        blocksize=_BLOCK_SAMPLES,
        callback=came,
    )

    def close() -> None:
        stream.stop()
        stream.close()

    return close


def _opened(library: Any, kind: Callable[..., Any], name: str, **how: Any) -> Any:
    try:
        stream = kind(**how)
        stream.start()
    except library.PortAudioError as error:
        raise PrerequisiteMissing(
            f"no {name} can be used here ({error})", remedy="antiphon talk --keyboard"
        ) from error
    return stream


class _Buffer:
    """Sound between the event loop, which fills it, and the device's thread, which empties it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting = bytearray()

    def put(self, audio: Audio) -> None:
        """Append."""
        with self._lock:
            self._waiting += to_pcm16(audio)

    def take(self, frames: int) -> bytes:
        """The next `frames` samples, silence where there are none."""
        with self._lock:
            taken = bytes(self._waiting[: 2 * frames])
            del self._waiting[: 2 * frames]
        return taken.ljust(2 * frames, b"\0")

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._waiting.clear()


class _DeviceSpeaker:
    def __init__(self, stream: Any, buffer: _Buffer) -> None:
        self._stream, self._buffer = stream, buffer

    def play(self, audio: Audio) -> None:
        self._buffer.put(audio)

    def flush(self) -> None:
        self._buffer.clear()

    def close(self) -> None:
        self._stream.stop()
        self._stream.close()


class NoSpeaker:
    """Stands in where nothing sounds."""

    def play(self, audio: Audio) -> None:
        """Nothing is heard."""

    def flush(self) -> None:
        """It is silent already."""

    def close(self) -> None:
        """There is nothing to let go of."""
