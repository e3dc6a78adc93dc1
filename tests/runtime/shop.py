"""A small shop for conversations with a cast: a clerk, its owner, and who said what in whose voice."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

from antiphon.contracts import EngineSetup, SpeechChunk
from antiphon.engines.scripted import ScriptedEmbedder
from antiphon.runtime.casting import Staged
from antiphon.runtime.events import PromptCompiled, ReplyEnded, TurnMeasured
from antiphon.samp import Decider, read_cast

from .stage import QUICK, Stage, no_weights

SHOP = """\
cast: The Shop
about: A small shop.
start: hello
personas:
  clerk: {name: Ann, role: the clerk, voice: low, manner: Friendly.}
  owner:
    name: Bob
    role: the owner
    voice: high
    manner: Proud.
    knows: [The discount is ten percent.]
    asked_for: [can I speak to your boss]
slots:
  count: {type: number, about: how many, least: 1, most: 20, cues: [pieces]}
  colour: {type: choice, about: which colour, options: {red: [crimson], blue: []}}
scenes:
  hello:
    plays: clerk
    aim: Greet.
    opening: Good day, what can I do for you?
    checklist: [{ask: count}]
    ways:
      - {to: wholesale, if: count > 10}
      - {to: colours, if: done}
  wholesale:
    plays: owner
    aim: Talk about large orders.
    opening: So many of them, good.
    ways: [{to: colours, when: they agree to it, says: [fine let us do that, agreed then]}]
  colours:
    plays: clerk
    aim: Find the colour.
    checklist: [{ask: colour}]
    ends: true
  hours:
    plays: clerk
    aim: Say when the shop is open.
    ways: [{to: back, when: they thank, says: [thank you very much]}]
anywhere:
  opening_hours: {to: hours, when: they ask when it is open, says: [when do you open in the morning]}
"""
CLERK, OWNER = "low", "high"


@cache
def shop() -> Staged:
    cast = read_cast(SHOP)
    embedder = ScriptedEmbedder.open(EngineSetup(weights=no_weights))
    return Staged(cast, SHOP, Decider(cast, embedder), lambda: date(2026, 5, 6))


class Shop(Stage):
    """A stage whose synthesizer remembers who said what."""

    def __init__(self, *answers: str, settings: Any = QUICK, **more: Any) -> None:
        super().__init__(settings, answers=answers, staged=shop(), **more)
        self.spoken: list[tuple[str, str]] = []
        synthesizer = self.parts.synthesizer
        plain = synthesizer.synthesize

        def synthesize(text: str, *, voice: str = "", **rest: Any) -> Iterator[SpeechChunk]:
            self.spoken.append((voice, text))
            return plain(text, voice=voice, **rest)

        synthesizer.synthesize = synthesize

    async def greeted(self) -> None:
        await self.is_silent_until(TurnMeasured)

    async def told(self, words: str) -> ReplyEnded:
        """The caller says this; returns the reply, when it is over."""
        before = len(self.all(ReplyEnded))
        await self.says(words)
        await self.is_silent_until(ReplyEnded, before + 1)
        await self.is_silent(200)
        return self.all(ReplyEnded)[before]

    @property
    def place(self) -> tuple[str, str]:
        assert self.session.playing is not None
        place = self.session.playing.state.place
        return place.scene, place.persona

    def prompts(self) -> list[str]:
        return [event.text or "" for event in self.all(PromptCompiled)]


def text_of(reply: ReplyEnded) -> str:
    return " ".join(item.text for item in reply.items)
