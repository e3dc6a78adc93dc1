"""Conversations nobody wrote, spoken to a cast through the whole runtime by callers who cut in at any word.

What the runtime makes of them is compared with the same words typed into the cast one after the other: then
no move was wrong, lost or made twice, and neither was an order placed by a tool. The journal of each is made
again and must be the same, bit for bit. All of it in virtual time, with scripted engines.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any

import msgspec

from antiphon.bench.stage import QUICK, Stage, no_weights
from antiphon.bench.virtual import VirtualThreads, passes
from antiphon.contracts import EngineSetup, JournalEntry, SpeechChunk
from antiphon.engines.scripted import ScriptedEmbedder
from antiphon.runtime.casting import Staged
from antiphon.runtime.events import ReplyAudio, ReplyEnded, StateChanged
from antiphon.runtime.replaying import replay
from antiphon.runtime.toolbox import Toolbox
from antiphon.samp import Cast, CastSession, Decider, read_cast
from antiphon.samp.ahead import proposal_id
from antiphon.samp.tools import due

CAST = """\
cast: The Shop
about: A small shop.
start: hello
personas:
  clerk: {name: Ann, role: the clerk, voice: low, manner: Friendly., may: [order]}
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
    ways: [{to: ordered, if: done, does: order}]
  ordered:
    plays: clerk
    aim: Say that it is ordered.
    opening: It is ordered then.
    ways: [{to: hello, when: they want the same again, says: [the same again if you would]}]
    ends: true
  hours:
    plays: clerk
    aim: Say when the shop is open.
    ways: [{to: back, when: they thank, says: [thank you very much]}]
anywhere:
  opening_hours: {to: hours, when: they ask when it is open, says: [when do you open in the morning]}
tools:
  order: {about: Orders it., runs: "orders:order", needs: [count, colour], changes: true}
"""
SAYS = (
    "twelve pieces please",
    "five pieces please",
    "no I mean six pieces",
    "red one please",
    "when do you open in the morning",
    "thank you very much",
    "fine let us do that",
    "can I speak to your boss",
    "the same again if you would",
    "well let me see",
    "yes",
)
_TODAY = date(2026, 5, 6)
_ORDERED = "order 17"


class Line(msgspec.Struct, frozen=True):
    """Something a caller says."""

    words: str
    cut_ms: int | None
    """How long they hear the answer before they say what comes next; None: to its end."""
    pause_ms: int = 0
    """A pause in the middle of it."""


class Talked(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation, and what was wrong with it."""

    turns: int
    moves: int
    cut_off: int
    """Answers that were cut off."""
    orders: int
    verdicts: dict[str, int]
    states: int
    prompts: int
    wrong: tuple[str, ...]


@cache
def _shop() -> tuple[Cast, Decider]:
    cast = read_cast(CAST)
    return cast, Decider(cast, ScriptedEmbedder.open(EngineSetup(weights=no_weights)))


class Interrupted(Stage):
    """A stage that remembers who said what and what was ordered. Call it up inside a running loop."""

    def __init__(self, *, tool_ms: float) -> None:
        cast, decider = _shop()
        self.made: list[dict[str, Any]] = []
        threads = VirtualThreads(tool_ms)
        tools = Toolbox({"order": self._order}, threads=threads)
        super().__init__(QUICK, staged=Staged(cast, CAST, decider, lambda: _TODAY, tools))
        self.spoken: list[tuple[str, str]] = []
        synthesizer = self.parts.synthesizer
        plain = synthesizer.synthesize

        def synthesize(text: str, *, voice: str = "", **rest: Any) -> Iterator[SpeechChunk]:
            self.spoken.append((voice, text))
            return plain(text, voice=voice, **rest)

        synthesizer.synthesize = synthesize  # type: ignore[method-assign] - to listen in

    def _order(self, arguments: Any) -> str:
        self.made.append(dict(arguments))
        return _ORDERED


def improvised(dice: random.Random) -> tuple[Line, ...]:
    """What a caller says, who cuts in on two answers of three."""
    return tuple(
        Line(
            dice.choice(SAYS),
            dice.choice((None, dice.randrange(2_500), dice.randrange(2_500))),
            dice.choice((0, 0, 120, 240)),
        )
        for _ in range(dice.randint(2, 6))
    )


async def talk(lines: Sequence[Line], *, tool_ms: float = 0.0) -> Interrupted:
    """Have the conversation; a tool takes `tool_ms`."""
    stage = Interrupted(tool_ms=tool_ms)
    await stage.is_silent_until(ReplyAudio)
    await stage.is_silent(lines[0].cut_ms if lines[0].cut_ms is not None else 3_000)
    for line in lines:
        before = len(stage.all(ReplyAudio))
        words = line.words.split()
        half = len(words) // 2
        if line.pause_ms and half:
            await stage.says(" ".join(words[:half]), then_silent_ms=line.pause_ms)
            await stage.says(" ".join(words[half:]))
        else:
            await stage.says(line.words)
        if line.cut_ms is None:
            await stage.is_silent(4_500)
        else:
            for _ in range(100):
                if len(stage.all(ReplyAudio)) > before:
                    break
                await stage.is_silent(20)
            await stage.is_silent(line.cut_ms)
    await stage.is_silent(5_000)
    await stage.session.close()
    await passes(0.2 + tool_ms / 1000)
    return stage


def judged(stage: Interrupted) -> Talked:
    """What became of a conversation."""
    journal = stage.journal
    again = replay(journal)
    return Talked(
        turns=sum(entry.kind == "caller_turn_committed" for entry in journal),
        moves=sum(event.moved is not None for event in stage.all(StateChanged)),
        cut_off=sum(event.status == "cancelled" for event in stage.all(ReplyEnded)),
        orders=len(stage.made),
        verdicts=again.verdicts,
        states=again.states,
        prompts=len(again.prompts),
        wrong=(*_moves(journal), *_openings(stage), *_orders(stage), *_replayed(stage)),
    )


def _typed(journal: Sequence[JournalEntry]) -> Iterator[tuple[int, str, str, tuple[str, ...]]]:
    """Where the same words lead when they are typed: turn, scene, persona, and the calls of tools for it."""
    cast, decider = _shop()
    session = CastSession(cast, decider)
    for entry in journal:
        body: Any = entry.body
        if entry.kind == "caller_turn_committed" and body["text"].strip():
            session.take(entry)
            turn, before = body["turn"], session.state
            commands = decider.decide(before, body["text"], today=_TODAY).commands
            for number, command in enumerate(commands):
                session.propose(command, name=proposal_id(turn, number), by="live", turn=turn)
            place, calls = session.state.place, due(cast, before, session.state, commands)
            yield turn, place.scene, place.persona, tuple(call.id for call in calls)
        elif entry.kind in ("reply_ended", "tool_called"):
            session.take(entry)


def _moves(journal: Sequence[JournalEntry]) -> Iterator[str]:
    expected = {turn: (scene, persona) for turn, scene, persona, _ in _typed(journal)}
    settled = [entry.body for entry in journal if entry.kind == "state_settled"]
    been: dict[int, set[tuple[str, str]]] = {}
    for body in settled:
        been.setdefault(body["turn"], set()).add((body["scene"], body["persona"]))
    for turn, place in expected.items():
        if place not in been.get(turn, set()):
            yield f"turn {turn} should have led to {place}, and led to {been.get(turn)}"
    for turn, places in been.items():
        if turn and turn not in expected:
            yield f"something was settled in turn {turn}, which was not committed"
        if turn and len(places) > 1:
            yield f"turn {turn} moved the conversation more than once: {sorted(places)}"


def _openings(stage: Interrupted) -> Iterator[str]:
    cast, _ = _shop()
    begun: Counter[str] = Counter()
    for entry in stage.journal:
        body: Any = entry.body
        if entry.kind == "reply_ended" and body["heard"]:
            opening = cast.scenes[body["scene"]].opening or "-"
            begun[opening] += body["said"].startswith(opening)
            voices = {voice for voice, clause in stage.spoken if clause in body["said"]}
            if cast.personas[body["persona"]].voice not in voices:
                yield f"turn {body['turn']} was answered by {body['persona']} in {sorted(voices)}"
    yield from (f"{opening!r} was begun {times} times" for opening, times in begun.items() if times > 1)


def _orders(stage: Interrupted) -> Iterator[str]:
    """Every order that the words ask for is placed, once, and known to be."""
    wanted = [call for *_, calls in _typed(stage.journal) for call in calls]
    entries = [entry.body for entry in stage.journal if entry.kind == "tool_called"]
    begun = [body["id"] for body in entries if body["status"] == "running"]
    done = [body["id"] for body in entries if body["status"] == "done"]
    if begun != wanted:
        yield f"the orders {begun} were begun, and {wanted} were asked for"
    if done != begun or len(stage.made) != len(begun):
        yield f"the orders {begun} were begun, {done} are done, and {len(stage.made)} were placed"


def _replayed(stage: Interrupted) -> Iterator[str]:
    again = replay(stage.journal)
    playing = stage.session.playing
    if again.difference is not None:
        yield f"it replays otherwise: {again.difference}"
    elif playing is None or again.state != playing.state:
        yield "the state that is replayed is not the one it ended in"
