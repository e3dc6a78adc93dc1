"""From written words to hibari's phonemes, keeping track of which phonemes each written word became."""

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from antiphon.contracts import EngineBroken
from antiphon.engines.native import load
from antiphon.engines.wording import assign

_SILENT = frozenset(' ;:,.!?—…"()“”')
_LONG_NUMBER = re.compile(r"\d{13,}")  # nobody says it but digit by digit, and the rules stop at nonillions
LONGEST_PHONEMES = 400  # the network was trained on no more


class Reading(NamedTuple):
    """A phrase as the network reads it."""

    phonemes: str
    """Only characters that the network knows: one id each."""
    words: tuple[tuple[int, int], ...]
    """For each written word the range of `phonemes` that sounds; an empty range for what is not spoken."""

    @property
    def speakable(self) -> bool:
        """Whether anything sounds at all."""
        return any(start < end for start, end in self.words)


class Reader:
    """hibari's own rules over whole phrases, because how "the" or "read" sounds depends on its neighbours."""

    def __init__(self) -> None:
        """Load lexicon, tagger, and the network for unknown words; raises EngineBroken."""
        g2p = load("hibari.g2p", "hibari-tts")
        tables = load("hibari.g2p.normalize", "hibari-tts")
        assets = Path(g2p.ASSETS)
        try:
            self._ids: dict[str, int] = msgspec.json.decode((assets / "vocab.json").read_bytes())
            self._g2p: Any = g2p.G2P()
            self._g2p.oov("antiphon")
        except Exception as error:
            raise EngineBroken("hibari", f"its reading rules do not load: {error}") from error
        self._normalize: Any = tables.normalize
        self.abbreviations = frozenset(word.rstrip(".") for word in (*tables.ABBREV, *tables.TITLES))

    def ids(self, phonemes: str) -> list[int]:
        """The network's input: an id per phoneme, between two pads."""
        return [0, *(self._ids[phoneme] for phoneme in phonemes), 0]

    def read(self, words: Sequence[str]) -> Reading:
        """How `words`, at least one, sound in a row."""
        spoken = self._spoken(words)
        owners = assign(words, [text for text, _ in spoken])
        ranges = [(0, 0)] * len(words)
        at = 0
        sounds = zip(owners, (sound for _, sound in spoken), strict=True)
        phonemes: list[str] = []
        for owner, group in groupby(sounds, key=lambda pair: pair[0]):
            sound = " ".join(part for _, part in group)
            ranges[owner] = _sounding(sound, at)
            phonemes.append(sound)
            at += len(sound) + 1
        return Reading(" ".join(phonemes), _placed(ranges))

    def _spoken(self, words: Sequence[str]) -> list[tuple[str, str]]:
        """The spoken words, each with its phonemes.

        Rare characters break the rules ("¹A" looks like a number). Halving finds the word at fault, and that
        one goes unspoken, so that the others are heard.
        """
        text = _LONG_NUMBER.sub(lambda digits: " ".join(digits.group()), " ".join(words))
        try:
            tokens = self._g2p.phonemize_tokens(self._g2p.tokenize(self._normalize(text)))
        except Exception:
            middle = len(words) // 2
            return self._spoken(words[:middle]) + self._spoken(words[middle:]) if middle else []
        return [(text, sound) for unit in _units(tokens) for text, sound in self._parts(*unit) if sound]

    def _parts(self, text: str, sound: str) -> list[tuple[str, str]]:
        """One spoken unit; two or more where it is several words that the rules kept together."""
        known = "".join(phoneme for phoneme in sound if phoneme in self._ids).strip()
        texts, sounds = text.split(), known.split()
        if len(texts) > 1 and len(texts) == len(sounds):
            return list(zip(texts, sounds, strict=True))
        return [(text, known)]


def _units(tokens: Sequence[Any]) -> list[tuple[str, str]]:
    """Text and phonemes of the tokens between white space."""
    units: list[tuple[str, str]] = []
    text = sound = ""
    for token in tokens:
        text, sound = text + token.text, sound + (token.phonemes or "")
        if token.whitespace:
            units.append((text, sound))
            text = sound = ""
    return [*units, (text, sound)] if text else units


def _sounding(sound: str, at: int) -> tuple[int, int]:
    """The range from the first to the last phoneme of `sound`, which begins at `at`, that is not a pause."""
    heard = [index for index, phoneme in enumerate(sound) if phoneme not in _SILENT]
    return (at + heard[0], at + heard[-1] + 1) if heard else (at, at)


def _placed(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """`ranges` with the empty ones moved to where the word before them ends."""
    placed: list[tuple[int, int]] = []
    for start, end in ranges:
        before = placed[-1][1] if placed else 0
        placed.append((start, end) if start < end else (before, before))
    return tuple(placed)
