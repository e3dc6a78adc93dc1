"""What a simulated person says next. Pure: the agent's words go in, the caller's come out.

A caller has a purpose and keeps to it by rule, so that nobody has to trust a model to play one:

1. what the agent asks for, if it is a fact the caller knows and has not told;
2. the next point on their mind whose time has come;
3. yes, when something is to be confirmed; or no, and letter by letter, when a name in it is another one;
4. a fact again, when it is asked for again, a name with its letters, or all of it, when the agent did not
   understand;
5. what may be volunteered and was not asked for;
6. goodbye.

Everything is said in the scenario's own words, or in words that say the same (`phrasing`). Chance decides
among its wordings and about the caller's manner; the same seed and the same answers give the same talk.
"""

import random
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from antiphon.evals.asking import asked_at, misread, takes_leave, wants_again, wants_yes
from antiphon.evals.dice import dice
from antiphon.evals.phrasing import Phrase
from antiphon.evals.scenario import Fact, Point, Scenario, Temper

Intent: TypeAlias = Literal[
    "opens", "tells", "brings_up", "agrees", "repeats", "volunteers", "leaves", "wonders", "sums_up"
]

_PHRASED: frozenset[Intent] = frozenset({"opens", "tells", "brings_up", "volunteers"})
_FACTS_AT_ONCE: dict[Temper, int] = {"patient": 2, "hurried": 1, "chatty": 2, "gruff": 1}
_REPEATS_MAX: dict[Temper, int] = {"patient": 6, "hurried": 3, "chatty": 5, "gruff": 2}
_PATIENCE_S: dict[Temper, float] = {"patient": 12.0, "hurried": 7.0, "chatty": 10.0, "gruff": 8.0}
_WONDERS: dict[Temper, tuple[str, ...]] = {
    "patient": ("Hello? Are you still there?", "Sorry, can you hear me?"),
    "hurried": ("Hello?", "Are you there?"),
    "chatty": ("Hello, is anybody there?", "I think the line is bad, can you hear me?"),
    "gruff": ("Hello?", "Well?"),
}
_AGAIN: dict[Temper, str] = {
    "patient": "As I said.",
    "hurried": "Again.",
    "chatty": "Oh, I thought I had said that.",
    "gruff": "I told you already.",
}
_SOUNDS_LIKE: dict[Temper, str] = {
    "patient": "Calm and polite.",
    "hurried": "In a hurry: as few words as can be.",
    "chatty": "Chatty and warm.",
    "gruff": "Short and grumpy.",
}
_YES_IN_A_ROW_MAX = 2
_SAID_AGAIN_MAX = 2
"""So often a fact is said again to an agent that keeps asking for it."""
_WONDERS_MAX = 2


class Say(msgspec.Struct, frozen=True, kw_only=True):
    """A turn of the caller's."""

    text: str
    intent: Intent
    facts: tuple[str, ...] = ()
    """Which facts it tells."""
    cuts_in: bool = False
    """It is to be said into the answer before."""
    silence_s: float = 0.0
    """How long the caller says nothing first."""
    pauses_s: float = 0.0
    """How long they stop to think at its first comma; 0: not at all."""
    point: int | None = None
    """Which point of the scenario it is."""


class During(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller does while one answer of the agent's is being heard."""

    cuts_in_at: float | None = None
    """After which share of the answer they cut in; None: they hear it out."""
    backchannel: str = ""
    """What they murmur, if anything."""
    noise: str = ""
    """What falls into it: "cough" or "door"."""


class Caller:
    """One simulated person in one conversation.

    Attributes:
        told: the facts that were told so far, in order.
        wanted: slots and what they should hold by what has been said so far.
    """

    def __init__(self, scenario: Scenario, seed: int, phrase: Phrase | None = None) -> None:
        """Somebody who is about to call; `phrase` says their lines in other words, where it may."""
        self._scenario, self._seed, self._phrase = scenario, seed, phrase
        self.told: list[str] = []
        self.wanted: dict[str, str | int | float] = {}
        self._points = list(enumerate(scenario.points))
        self._turns = self._repeats = self._yes = self._wondered = self._answers = 0
        self._said_again: dict[str, int] = {}
        self._last: Say | None = None
        self._leaving = False

    @property
    def patience_s(self) -> float:
        """How long the caller waits for an answer before they wonder."""
        return _PATIENCE_S[self._scenario.temper]

    @property
    def leaving(self) -> bool:
        """Whether they have taken leave: the next answer is the last."""
        return self._leaving

    @property
    def untold(self) -> tuple[str, ...]:
        """The facts that are not told yet."""
        return tuple(name for name in self._scenario.facts if name not in self.told)

    @property
    def points_left(self) -> int:
        """How many points are not brought up yet."""
        return len(self._points)

    def opens(self) -> Say:
        """The first words."""
        for name in self._scenario.opens_with:
            self._note(name, self._scenario.facts[name])
        text = self._draw(self._scenario.opens, "opens")
        return self._say(text, "opens", self._scenario.opens_with)

    def answers(self, heard: str) -> Say | None:
        """What they say to an answer of which `heard` was heard; None: the conversation is over for them."""
        if self._leaving or self._turns >= self._scenario.turns_max:
            return None
        asked = self._asked(heard)
        if asked:
            return self._tell(asked, "tells")
        if wants_yes(heard) and (spelled := self._spelled(heard)) is not None:
            return spelled
        if (point := self._due()) is not None:
            return self._bring_up(*point)
        if takes_leave(heard) and not self._telling():
            return self._leave()
        if wants_yes(heard) and self._yes < _YES_IN_A_ROW_MAX:
            self._yes += 1
            return self._say(self._draw(self._scenario.agrees, "agrees"), "agrees")
        if (again := self._again(heard)) is not None:
            return again
        if self._telling():
            return self._tell(self._telling()[:1], "volunteers")
        return self._leave()

    def cut_short(self, say: Say) -> Say:
        """The same turn, said into the answer before."""
        return msgspec.structs.replace(say, cuts_in=True, silence_s=0.0)

    def unanswered(self) -> Say | None:
        """What they say when nothing comes; None: they give up, or have taken leave anyhow."""
        if self._leaving or self._wondered >= _WONDERS_MAX or self._turns >= self._scenario.turns_max:
            return None
        self._wondered += 1
        wonder = self._draw(_WONDERS[self._scenario.temper], "wonders")
        said = self._last.text if self._last else ""
        return self._say(f"{wonder} {said}".strip(), "wonders", self._last.facts if self._last else ())

    def during(self, *, long: bool) -> During:
        """What they do during the next answer; only into a `long` one is anything murmured or coughed."""
        self._answers += 1
        manner, throw = self._scenario.manner, dice(self._seed, "during", self._answers)
        cuts, murmurs, coughs = throw.random(), throw.random(), throw.random()
        share = 0.25 + 0.4 * throw.random()
        word, noise = throw.choice(("Mm-hm.", "Yeah.", "Okay.")), throw.choice(("cough", "door"))
        if self._leaving:
            return During()
        if cuts < manner.interrupts or self._point_cuts_in():
            return During(cuts_in_at=share)
        if not long:
            return During()
        if murmurs < manner.backchannels:
            return During(backchannel=word)
        return During(noise=noise if coughs < manner.noises else "")

    def _point_cuts_in(self) -> bool:
        due = self._due()
        return due is not None and due[1].cuts_in

    def _asked(self, heard: str) -> list[str]:
        """The facts untold that are asked for, the last question first."""
        places = {
            name: place
            for name in self.untold
            if (place := asked_at(heard, self._scenario.facts[name].asked)) is not None
        }
        return sorted(places, key=lambda name: -places[name])[: _FACTS_AT_ONCE[self._scenario.temper]]

    def _due(self) -> tuple[int, Point] | None:
        for place, point in self._points[:1]:
            if all(name in self.told for name in point.once):
                return place, point
        return None

    def _telling(self) -> list[str]:
        """What may be volunteered."""
        return [name for name in self.untold if not self._scenario.facts[name].hidden]

    def _tell(self, names: list[str], intent: Intent) -> Say:
        texts = [self._draw(self._scenario.facts[name].says, f"fact/{name}") for name in names]
        for name in names:
            self._note(name, self._scenario.facts[name])
        return self._say(" ".join(texts), intent, tuple(names))

    def _bring_up(self, place: int, point: Point) -> Say:
        self._points = self._points[1:]
        for name in point.tells:
            self._note(name, self._scenario.facts[name])
        if point.slot and point.value is not None:
            self.wanted[point.slot] = point.value
        text = self._draw(point.says, f"point/{place}")
        said = self._say(text, "brings_up", point.tells)
        return msgspec.structs.replace(said, point=place)

    def _again(self, heard: str) -> Say | None:
        """Something told, if it is asked for again and the caller has patience left."""
        if self._repeats >= _REPEATS_MAX[self._scenario.temper]:
            return None
        if wants_again(heard) and self._last is not None:
            self._repeats += 1
            return self._say(self._last.text, "repeats", self._last.facts)
        places = {
            name: place
            for name in self.told
            if self._said_again.get(name, 0) < _SAID_AGAIN_MAX
            and (place := asked_at(heard, self._scenario.facts[name].asked)) is not None
        }
        if not places:
            return None
        self._repeats += 1
        name = max(places, key=lambda each: places[each])
        self._said_again[name] = self._said_again.get(name, 0) + 1
        text, value = self._as_it_stands(name), self._named(name)
        again = (_AGAIN[self._scenario.temper], text, *_spelling(value.split()))
        return self._say(" ".join(again), "repeats", (name,))

    def _spelled(self, heard: str) -> Say | None:
        """A name that the agent has got wrong, letter by letter, while the caller has patience left."""
        if self._repeats >= _REPEATS_MAX[self._scenario.temper]:
            return None
        for name in self.told:
            value, again = self._named(name), self._said_again.get(name, 0)
            if value and again < _SAID_AGAIN_MAX and (wrong := misread(value, heard)):
                self._repeats += 1
                self._said_again[name] = again + 1
                return self._say(" ".join(("No,", *_spelling(wrong))), "repeats", (name,))
        return None

    def _named(self, name: str) -> str:
        """The value of a fact that is somebody's name; else empty."""
        fact = self._scenario.facts[name]
        value = str(fact.value)
        return value if value.istitle() and any(value in text for text in fact.says) else ""

    def _as_it_stands(self, name: str) -> str:
        """A fact that was told, said again; after a change of mind, what the caller said then."""
        fact = self._scenario.facts[name]
        wanted = self.wanted.get(fact.slot, fact.value)
        brought = len(self._scenario.points) - self.points_left
        for place in reversed(range(brought)) if wanted != fact.value else ():
            point = self._scenario.points[place]
            if point.slot == fact.slot and point.value == wanted:
                return self._draw(point.says, f"point/{place}")
        return self._draw(fact.says, f"fact/{name}")

    def _leave(self) -> Say:
        self._leaving = True
        return self._say(self._draw(self._scenario.leaves, "leaves"), "leaves")

    def _note(self, name: str, fact: Fact) -> None:
        if name not in self.told:
            self.told.append(name)
        if fact.slot and fact.value is not None:
            self.wanted[fact.slot] = fact.value

    def _say(self, text: str, intent: Intent, facts: tuple[str, ...] = ()) -> Say:
        self._turns += 1
        if intent != "agrees":
            self._yes = 0
        if intent != "wonders":
            self._wondered = 0
        if self._phrase is not None and intent in _PHRASED:
            throw = dice(self._seed, "phrase", self._turns).getrandbits(31)
            text = self._phrase(text, throw, f"{self._scenario.caller} {_SOUNDS_LIKE[self._scenario.temper]}")
        manner, throw = self._scenario.manner, dice(self._seed, "turn", self._turns)
        thinks, waits = throw.random() < manner.pauses and "," in text, throw.random() < manner.silences
        said = Say(
            text=text,
            intent=intent,
            facts=facts,
            silence_s=manner.silence_s if waits and intent != "opens" else 0.0,
            pauses_s=manner.pause_s if thinks else 0.0,
        )
        if intent not in ("repeats", "wonders"):
            self._last = said
        return said

    def _draw(self, texts: tuple[str, ...], purpose: str) -> str:
        throw: random.Random = dice(self._seed, purpose, self._turns)
        return throw.choice(texts)


def _spelling(words: Iterable[str]) -> Iterator[str]:
    """Each word and its letters, as they are said."""
    return (f"{word}, {', '.join(word.upper())}." for word in words)
