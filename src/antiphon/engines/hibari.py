"""Speech by hibari: one small network, eight people, and the exact place of every word."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Annotated, ClassVar, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import (
    NEVER,
    Audio,
    Cancel,
    ContractBroken,
    EngineCard,
    EngineSetup,
    SpeechChunk,
    TimedWord,
    UnknownName,
    Voice,
)
from antiphon.contracts.settings import decode
from antiphon.engines.hibari_context import Line, context, faded, first_sample, in_context, last_sample
from antiphon.engines.hibari_network import FRAME_SAMPLES, Network
from antiphon.engines.hibari_reader import LONGEST_PHONEMES, Reader, Reading
from antiphon.engines.phrasing import Phrase, phrases
from antiphon.engines.voices import TIMBRES, Timbre, reshape

RATE_HZ = 24_000
_SLOWEST, _FASTEST = 0.25, 1.5

_LEAD_SAMPLES = RATE_HZ // 100  # kept before the first sound: the rest would be heard as waiting
_MARGIN_FRAMES = 6
_LAG_S = 0.054  # at the reader's pace, the phonemes are heard this much before their place in the network
_AUDIBLE = 0.005  # of the loudest 5 ms: 46 dB below it
_HOP = RATE_HZ // 200
_PAUSES_S = ((r"[.!?…]", 0.26), (r"[,;:—–]", 0.12), (r"", 0.04))  # by what ends the phrase, after it
_CLOSERS = r"[\"”’'»)\]]*$"
_LINE_PAUSE_S = 0.15
_KNEE = 0.7  # above it peaks are rounded off, never clipped


class HibariSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `synthesizer.hibari`."""

    threads: Annotated[int, msgspec.Meta(ge=1)] = 1
    """One is enough: a second of speech takes about 10 ms."""


class HibariVoices:
    """English in eight voices, all made from the one inside the package, so nothing is downloaded."""

    card: ClassVar[EngineCard] = EngineCard(
        name="hibari",
        part="synthesizer",
        summary="hibari: American English in eight voices, the first clause in 10 to 40 ms on one thread.",
        licence="Apache-2.0",
        languages=("en",),
        sample_rate_hz=RATE_HZ,
        capabilities=frozenset({"word_times"}),
        concurrency=2,
    )
    settings_kind: ClassVar[type[HibariSettings]] = HibariSettings
    voices: tuple[Voice, ...] = tuple(Voice(timbre.name, timbre.description) for timbre in TIMBRES)

    def __init__(self, reader: Reader, network: Network) -> None:
        self._reader = reader
        self._network = network
        self._timbres = {timbre.name: timbre for timbre in TIMBRES}

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load rules and network, and speak once, because the first time is the slowest."""
        settings = decode(setup.settings, HibariSettings, "synthesizer.hibari")
        engine = cls(Reader(), Network(settings.threads))
        for _ in engine.synthesize("Warming up, and then some more of it.", voice=TIMBRES[1].name):
            pass
        return engine

    def synthesize(
        self,
        text: str,
        *,
        voice: str = "",
        speed: float = 1.0,
        before: str = "",
        goes_on: bool = False,
        cancel: Cancel = NEVER,
    ) -> Iterator[SpeechChunk]:
        """Speak `text` phrase by phrase. The same arguments always give the same samples."""
        timbre = self._timbres.get(voice or TIMBRES[0].name)
        if timbre is None:
            close = get_close_matches(voice, self._timbres, n=1)
            raise UnknownName(f"hibari has no voice {voice!r}; it has {', '.join(close or self._timbres)}")
        if not _SLOWEST <= speed <= _FASTEST:
            raise ContractBroken(f"speed is {speed}; it must lie between {_SLOWEST} and {_FASTEST}")
        lines = self._lines(text, context(before), goes_on=goes_on)
        return self._chunks(lines, timbre, speed * timbre.pace, cancel)

    def close(self) -> None:
        """Nothing to let go of but memory."""

    def _chunks(
        self, lines: Iterator[Line], timbre: Timbre, pace: float, cancel: Cancel
    ) -> Iterator[SpeechChunk]:
        unspoken: list[str] = []
        spoken = False
        for line in lines:
            if cancel.is_set():
                return
            if not line.reading.speakable:
                unspoken += line.phrase.words
                continue
            if unspoken:
                yield _silence(unspoken)
                unspoken = []
            chunk = self._speak(line, timbre, pace)
            if cancel.is_set():
                return
            yield chunk
            spoken = True
        if unspoken and spoken and not cancel.is_set():
            yield _silence(unspoken)

    def _lines(self, text: str, before: tuple[str, ...], *, goes_on: bool) -> Iterator[Line]:
        pieces = phrases(text, self._reader.abbreviations)
        phrase = next(pieces, None)
        while phrase is not None:
            following = next(pieces, None)
            yield from self._short_enough(phrase, before, goes_on=goes_on and following is None)
            phrase, before = following, ()

    def _short_enough(self, phrase: Phrase, before: tuple[str, ...], *, goes_on: bool) -> Iterator[Line]:
        """The phrase and how it is read, in halves where that is more than the network takes."""
        line = in_context(self._reader, phrase, before, goes_on=goes_on)
        if len(line.reading.phonemes) <= LONGEST_PHONEMES:
            yield line
        elif len(phrase.words) == 1:
            phonemes = self._reader.read(phrase.words).phonemes[:LONGEST_PHONEMES]
            yield Line(phrase, Reading(phonemes, ((0, len(phonemes)),)))
        else:
            middle = len(phrase.words) // 2
            yield from self._short_enough(Phrase(phrase.words[:middle]), before, goes_on=False)
            rest = msgspec.structs.replace(phrase, words=phrase.words[middle:])
            yield from self._short_enough(rest, (), goes_on=goes_on)

    def _speak(self, line: Line, timbre: Timbre, pace: float) -> SpeechChunk:
        reading = line.reading
        frames, begins = self._network.frames(self._reader.ids(reading.phonemes), pace)
        begins = begins[1:] * FRAME_SAMPLES - round(_LAG_S / pace * RATE_HZ)  # [1:]: a pad comes first
        first = begins[min(start for start, end in reading.words if start < end)]
        last = begins[max(end for start, end in reading.words if start < end)]
        pause = 0 if line.cut_behind else round(_pause_s(line.phrase) / pace * RATE_HZ)
        opening = max(0, int(first) // FRAME_SAMPLES - _MARGIN_FRAMES)
        closing = int(last + pause) // FRAME_SAMPLES + _MARGIN_FRAMES
        audio = self._network.waveform(reshape(frames.cut(opening, closing), timbre))
        origin = opening * FRAME_SAMPLES
        start, end = _extent(audio, line, int(first) - origin, int(last) - origin)
        audio = faded(_levelled(audio[start : end + pause], timbre.gain, end + pause - start), line)
        return SpeechChunk(
            audio, _timed(line.phrase.words, reading, np.clip(begins - origin, start, end) - start)
        )


def _extent(audio: Audio, line: Line, first: int, last: int) -> tuple[int, int]:
    """From where to where `audio` is the line's, whose words lie between `first` and `last`."""
    start, end = _audible(audio)
    start = max(0, start - _LEAD_SAMPLES)
    if line.continues:
        start = first_sample(audio, first) if line.cut_before else max(start, first - _LEAD_SAMPLES)
    if line.cut_behind:
        end = last_sample(audio, last)
    return start, max(end, start + _HOP)


def _timed(words: tuple[str, ...], reading: Reading, places: NDArray[np.intp]) -> tuple[TimedWord, ...]:
    """Each word with its samples; a word that makes no sound holds one sample where it stands.

    Args:
        words: of one phrase.
        reading: of the same words.
        places: the sample at which each of its phonemes begins, never decreasing.
    """
    timed: list[TimedWord] = []
    for word, (start, end) in zip(words, reading.words, strict=True):
        begin = int(places[start])
        timed.append(TimedWord(word, begin, max(int(places[end]), begin + 1)))
    return tuple(timed)


def _pause_s(phrase: Phrase) -> float:
    """How long to rest after `phrase`; whoever plays it goes straight on to the next."""
    word = phrase.words[-1]
    pause = next(seconds for mark, seconds in _PAUSES_S if re.search(mark + _CLOSERS, word))
    return pause + (_LINE_PAUSE_S if phrase.line_break else 0.0)


def _audible(audio: Audio) -> tuple[int, int]:
    """Where sound begins and where it ends, to 5 ms."""
    hops = audio[: len(audio) // _HOP * _HOP].reshape(-1, _HOP)
    power = np.mean(np.square(hops), axis=1)
    loud = np.flatnonzero(power > _AUDIBLE**2 * power.max(initial=0.0))
    return (int(loud[0]) * _HOP, int(loud[-1] + 1) * _HOP) if len(loud) else (0, len(audio))


def _levelled(audio: Audio, gain: float, length: int) -> Audio:
    """`audio` at its voice's gain, peaks rounded off below full scale, silence after it up to `length`."""
    levelled = np.zeros(length, np.float32)
    levelled[: len(audio)] = audio * np.float32(gain)
    high = np.abs(levelled) > _KNEE
    over = (np.abs(levelled[high]) - _KNEE) / (1 - _KNEE)
    levelled[high] = np.sign(levelled[high]) * (_KNEE + (1 - _KNEE) * np.tanh(over))
    return levelled


def _silence(words: Sequence[str]) -> SpeechChunk:
    """A breath that carries words the voice has no sound for, so that none is lost."""
    audio = np.zeros(len(words) + _LEAD_SAMPLES, np.float32)
    return SpeechChunk(audio, tuple(TimedWord(word, at, at + 1) for at, word in enumerate(words)))
