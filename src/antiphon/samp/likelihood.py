"""How likely each option is, from what is said: several weak judges, each a number, joined by a fitted line.

    similar   the nearest example phrase of the cast, by embedding: to the sentence or any part of it
    typical   the same on the cast's own scale: 0 as near as phrases of other options, 1 as its own are
    meant     the option's own description, by embedding
    shared    the share of an example's telling words that are said
    offered   the words agree to something, and that is what the agent has just offered
    told      the words fill a slot that is asked for where the option leads
    margin    a language model's yes against its no, less what it says of no words at all; where there is time

The line is fitted on half of recorded dialogues (`antiphon bench states`); its softmax is the probability.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Embedder
from antiphon.samp.moves import Option

Rows = NDArray[np.float32]

FEATURES = ("similar", "typical", "meant", "shared", "offered", "told", "margin")
SEGMENTS_MAX = 4
"""Parts of a turn that are looked at, the whole included: each costs an embedding."""

_ALIKE = 0.5
"""How near an option's phrases are taken to be to each other where there is only one."""
_APART_LEAST = 0.15

_COMMON = """
a an and are at be but by can could do for from have hello hi how i i'd i'm in is it it's let like me my of on
or please so some that the there this to want we what with would you your
"""
_COMMON_WORDS = frozenset(_COMMON.split())
_AGREES = re.compile(
    r"^\W*(oh |well |ok(ay)?,? )?(yes|yeah|yep|sure|please do|go ahead|of course|that works|sounds good|"
    r"perfect|great|absolutely|alright|all right|ok(ay)?)\b",
    re.IGNORECASE,
)


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """The line: what each judge counts, and how likely each kind of option is before anything is said."""

    similar: float
    typical: float
    meant: float
    shared: float
    offered: float
    told: float
    margin: float
    stay: float
    way: float
    jump: float
    back: float
    persona: float


FITTED = Weights(
    similar=6.07,
    typical=2.25,
    meant=2.50,
    shared=1.04,
    offered=1.21,
    told=1.35,
    margin=0.3,
    stay=5.37,
    way=0.0,
    jump=-0.13,
    back=1.0,
    persona=-0.25,
)


class Likely(msgspec.Struct, frozen=True):
    """An option and how likely it is."""

    option: Option
    probability: float


class Judge:
    """Compares words with the phrases of options. Phrases are embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Rows] = {}
        self._scales: dict[tuple[str, ...], tuple[float, float]] = {}

    def learn(self, phrases: Sequence[str]) -> None:
        """Embed phrases ahead of time, so that no turn waits for them."""
        new = [phrase for phrase in dict.fromkeys(phrases) if phrase not in self._known]
        if new:
            self._known |= zip(new, self._embedder.embed(new), strict=True)

    def features(
        self,
        options: Sequence[Option],
        words: str,
        *,
        agent_said: str = "",
        told: Mapping[str, float] = {},
        margins: Mapping[str, float] = {},
    ) -> NDArray[np.float64]:
        """One row per option, one column per judge of `FEATURES`.

        Args:
            options: what may happen.
            words: the caller's, partial or whole.
            agent_said: what the agent said before them.
            told: by option key, how many slots the words fill where it leads.
            margins: by option key, the language model's margin.
        """
        self.learn([text for option in options for text in (*option.says, *option.when_said)])
        parts = self._embedder.embed(segments(words))
        said = self._embedder.embed([agent_said]) if agent_said and _AGREES.match(words) else None
        spoken = telling_words(words)
        rows = [
            (
                self._nearest(parts, option.says),
                self._typical(self._nearest(parts, option.says), option.says),
                self._nearest(parts, option.when_said),
                max((_shared(spoken, phrase) for phrase in option.says), default=0.0),
                0.0 if said is None else self._nearest(said, option.says + option.when_said),
                told.get(option.key, 0.0),
                margins.get(option.key, 0.0),
            )
            for option in options
        ]
        return np.array(rows, np.float64)

    def _typical(self, similar: float, says: tuple[str, ...]) -> float:
        """`similar` between how near other phrases of the cast come and how near its own are to each other.

        A cast with few and varied phrases is nowhere very near, one with many alike ones is everywhere:
        without its own scale, no line would suit both.
        """
        if not says:
            return 0.0
        if says not in self._scales:
            own = np.stack([self._known[phrase] for phrase in says])
            alike: Rows = np.asarray(own @ own.T - 2.0 * np.eye(len(says)), np.float32)
            others = [row for phrase, row in self._known.items() if phrase not in says]
            apart = float((np.stack(others) @ own.T).max(axis=1).mean()) if others else 0.0
            near = float(alike.max(axis=1).mean()) if len(says) > 1 else _ALIKE
            self._scales[says] = (apart, max(near - apart, _APART_LEAST))
        apart, span = self._scales[says]
        return min(max((similar - apart) / span, 0.0), 2.0)

    def _nearest(self, parts: Rows, phrases: Sequence[str]) -> float:
        if not phrases:
            return 0.0
        return float(max(0.0, np.max(parts @ np.stack([self._known[phrase] for phrase in phrases]).T)))


def likely(
    options: Sequence[Option], features: NDArray[np.float64], weights: Weights = FITTED
) -> tuple[Likely, ...]:
    """The options with their probabilities, the likeliest first; of equals the one named first."""
    line = np.array([getattr(weights, name) for name in FEATURES])
    utility = features @ line + np.array([getattr(weights, option.kind) for option in options])
    odds = np.exp(utility - utility.max())
    chances = odds / odds.sum()
    order = np.argsort(-chances, kind="stable")
    return tuple(Likely(options[int(place)], float(chances[place])) for place in order)


def segments(words: str) -> list[str]:
    """The whole, and its sentences and clauses where there are several; the last ones when they are many."""
    parts = [part.strip() for part in re.split(r"[.?!;]+\s|,?\s+(?:but|and)\s+|,\s+", words) if part.strip()]
    parts = [part for part in parts if len(part.split()) > 1]
    return list(dict.fromkeys([words, *parts[-(SEGMENTS_MAX - 1) :]]))


def telling_words(text: str) -> frozenset[str]:
    """The words of a text that are not in every other sentence."""
    return frozenset(re.findall(r"[\w']+", text.lower())) - _COMMON_WORDS


def _shared(spoken: frozenset[str], phrase: str) -> float:
    wanted = telling_words(phrase)
    return len(spoken & wanted) / len(wanted) if wanted else 0.0
