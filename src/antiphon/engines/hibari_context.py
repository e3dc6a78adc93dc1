"""A piece of a sentence, spoken as a part of it.

hibari's network speaks whatever it is given as a whole utterance: it draws out the last word, lets the voice
fall, and begins anew at the top. So a piece that goes on is read with something behind it, and a piece that
continues another with what came before it, and of the sound only the piece is kept.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Audio
from antiphon.engines.hibari_reader import Reader, Reading
from antiphon.engines.phrasing import Phrase

_CONTINUATION = ("today.",)
"""What stands for words that are not known yet. It begins with a stop, and so with silence to cut in, and it
bears the fall at the end; `docs/decisions/0027` compares it with others."""
_WORDS_BEFORE = 4
"""Behind four the voice goes on within 0.7 semitones of where it would be, without any 3.4 too high; two more
words win 0.2 and cost 2.5 ms."""

_CLOSERS = r"[\"”’'»)\]]*$"
_SENTENCE_END = re.compile(r"[.!?…]" + _CLOSERS)
_MARK = re.compile(r"[.!?…,;:—–]" + _CLOSERS)

_HOP = 60  # samples: 2.5 ms at 24 kHz
_SEARCH_HOPS = 12  # away from the word, whose border is known to about as much: none shall lose an "f"
_WEIGHED_HOPS = 3
_FADE = 96  # samples: 4 ms


class Line(NamedTuple):
    """A phrase as it is to be read, with what stands around it."""

    phrase: Phrase
    reading: Reading
    """All that the network is given, and in it the places of the phrase's own words."""
    continues: bool = False
    """Words that are not part of the phrase come before it in the reading."""
    cut_before: bool = False
    """They belong to it closely: there is no rest between."""
    cut_behind: bool = False
    """Words that are not part of the phrase come behind it, without a rest."""


def context(before: str) -> tuple[str, ...]:
    """The words at the end of `before` that shape how the next are said; none behind a whole sentence."""
    return () if _SENTENCE_END.search(before.rstrip()) else tuple(before.split()[-_WORDS_BEFORE:])


def in_context(reader: Reader, phrase: Phrase, before: Sequence[str], *, goes_on: bool) -> Line:
    """`phrase` read behind `before`; where it `goes_on` and has no mark at its end, before something."""
    cut_behind = goes_on and _MARK.search(phrase.words[-1]) is None
    behind = _CONTINUATION if cut_behind else ()
    phonemes, places = reader.read((*before, *phrase.words, *behind))
    own = Reading(phonemes, places[len(before) : len(before) + len(phrase.words)])
    continues = any(start < end for start, end in places[: len(before)])
    cut_before = continues and _MARK.search(before[-1]) is None
    return Line(phrase, own, continues, cut_before, cut_behind)


def first_sample(audio: Audio, begin: int) -> int:
    """Where to cut before a word that begins at about `begin`."""
    return _quietest(audio, begin // _HOP - _SEARCH_HOPS, begin // _HOP)


def last_sample(audio: Audio, end: int) -> int:
    """Where to cut behind a word that ends at about `end`."""
    return _quietest(audio, end // _HOP, end // _HOP + _SEARCH_HOPS)


def _quietest(audio: Audio, first: int, last: int) -> int:
    """The sample between two hops where the least is cut through."""
    first = max(0, first)
    hops = audio[first * _HOP : max(0, last) * _HOP]
    hops = hops[: len(hops) // _HOP * _HOP].reshape(-1, _HOP)
    if len(hops) < _WEIGHED_HOPS:
        return min(first * _HOP, len(audio))
    power: NDArray[np.float32] = np.mean(np.square(hops), axis=1)
    smooth = np.convolve(power, np.ones(_WEIGHED_HOPS, np.float32), "valid")
    return (first + int(smooth.argmin())) * _HOP + _WEIGHED_HOPS * _HOP // 2


def faded(audio: Audio, line: Line) -> Audio:
    """`audio` without a click where it was cut out of its surroundings."""
    size = min(_FADE, len(audio) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, size, endpoint=False, dtype=np.float32)) ** 2
    if line.cut_before:
        audio[:size] *= ramp
    if line.cut_behind:
        audio[len(audio) - size :] *= ramp[::-1]
    return audio
