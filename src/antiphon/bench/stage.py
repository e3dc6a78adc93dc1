"""A session over scripted engines, with a caller who sings words and a client who notes everything."""

import asyncio
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from antiphon.bench.virtual import VirtualThreads, passes, until
from antiphon.contracts import Audio, EngineSetup, JournalEntry, Part, ms, ticks
from antiphon.engines.scripted import ScriptedEmbedder, ScriptedSynthesizer, decode_words
from antiphon.runtime import Config, EngineChoice, Session, SessionSettings
from antiphon.runtime.cast_resuming import late_turn
from antiphon.runtime.casting import Staged
from antiphon.runtime.conversation import Item
from antiphon.runtime.earlier import earlier
from antiphon.runtime.events import ReplyAudio, ReplyEnded, ReplyText, SessionEvent
from antiphon.runtime.lanes import Lane
from antiphon.runtime.parts import EMBEDDER, LIVE_PARTS, UNFELT_PARTS, Parts, open_parts
from antiphon.runtime.pen import Pen
from antiphon.runtime.settings import ReplyRequest, ServerVad

E = TypeVar("E", bound=SessionEvent)

FRAME_MS = 20
QUICK = SessionSettings(turn_detection=ServerVad(silence_duration_ms=300), echo_rejection="off")
"""A turn ends 300 ms after the last word. Caller and agent sing alike, as no echo canceller expects."""
BY_HAND = SessionSettings(turn_detection=None)
TYPED = SessionSettings(turn_detection=None, speak=False)


def no_weights(name: str) -> Path:
    raise AssertionError(f"asked for the weights of {name}, and needs none")


def scripted_config(answers: tuple[Any, ...] = (), **changes: Any) -> Config:
    engines: dict[Part, EngineChoice] = {part: EngineChoice(use="scripted") for part in LIVE_PARTS}
    engines["language_model"] = EngineChoice(use="scripted", settings={"answers": list(answers)})
    return Config(engines=engines, **changes)


def sung(words: str) -> Audio:
    """`words` as a caller sings them, 24 kHz."""
    voice = ScriptedSynthesizer.open(EngineSetup(weights=no_weights))
    return np.concatenate([chunk.audio for chunk in voice.synthesize(words)])


def silence(duration_ms: float) -> Audio:
    return np.zeros(ticks(duration_ms), np.float32)


class Stage:
    """Call it up inside a running loop.

    Attributes:
        session: what is tested.
        events: all it told its client, in order.
        lanes: the threads of each part.
        journal: all entries written so far.
    """

    def __init__(
        self,
        settings: SessionSettings = QUICK,
        *,
        answers: tuple[Any, ...] = (),
        staged: Staged | None = None,
        shelf: dict[str, list[JournalEntry]] | None = None,
        **config: Any,
    ) -> None:
        """`staged`: the cast that is played. `shelf`: journals; the session goes on with its own."""
        self.loop = asyncio.get_running_loop()
        self.shelf: dict[str, list[JournalEntry]] = {} if shelf is None else shelf
        self.config = scripted_config(answers, **config)
        self.config.engines["journal"] = EngineChoice(use="scripted", settings={"shelf": self.shelf})
        opened = open_parts(self.config, weights=no_weights, progress=lambda _: None)
        embedder = ScriptedEmbedder.open(EngineSetup(weights=no_weights))
        opened = msgspec.structs.replace(opened, embedder=embedder)
        parts: tuple[Part, ...] = (*LIVE_PARTS, EMBEDDER)
        self.lanes: dict[Part, VirtualThreads] = {part: VirtualThreads() for part in parts}
        lanes = {part: self._lane(opened, part) for part in self.lanes}
        pen = Pen(opened.journal, lanes["journal"])
        self.parts: Parts = msgspec.structs.replace(opened, lanes=lanes, pen=pen)
        if self.parts.memories is not None:
            self.lanes["memory"] = VirtualThreads()
            self.parts.memories.lane = Lane(
                self.parts.memories, self.lanes["memory"], demand=self.parts.demand
            )
        before = self.shelf.get("sess_1", [])
        self.events: list[SessionEvent] = []
        self.times_ms: list[float] = []
        self.session = Session(
            "sess_1",
            self.parts,
            self.config,
            settings,
            self._note,
            staged=staged,
            earlier=earlier(before, late_turn(staged, before) if staged is not None else None),
        )
        self._tail = np.zeros(0, np.float32)

    def _lane(self, opened: Parts, part: Part) -> Lane:
        demand = None if part in UNFELT_PARTS else opened.demand
        return Lane(getattr(opened, part), self.lanes[part], demand=demand)

    def _note(self, event: SessionEvent) -> None:
        self.events.append(event)
        self.times_ms.append(self.loop.time() * 1000)

    @property
    def journal(self) -> list[JournalEntry]:
        return self.shelf.get(self.session.id, [])

    # The caller.

    async def hears(self, audio: Audio) -> None:
        """The session hears `audio` as a microphone sends it, frame by frame, in its own time."""
        frame = ticks(FRAME_MS)
        for start in range(0, len(audio), frame):
            piece = audio[start : start + frame]
            await passes(ms(len(piece)) / 1000)
            self.session.push_audio(piece)

    async def says(self, words: str, then_silent_ms: float = 0) -> None:
        await self.hears(np.concatenate([sung(words), silence(then_silent_ms)]))

    async def is_silent(self, duration_ms: float) -> None:
        await self.hears(silence(duration_ms))

    async def is_silent_until(self, kind: type[SessionEvent], count: int = 1) -> None:
        """Send silence until `count` events of a kind have come."""
        for _ in range(3_000):
            if len(self.all(kind)) >= count:
                return
            await self.is_silent(FRAME_MS)
        raise AssertionError(f"no {kind.__name__} came in a minute")

    def types(self, text: str, item_id: str) -> None:
        self.session.create_item(Item(id=item_id, kind="message", text=text))

    async def asks(self, request: ReplyRequest | None = None) -> ReplyEnded:
        """Ask for a reply and wait for its end."""
        before = len(self.all(ReplyEnded))
        self.session.respond(request or ReplyRequest())
        await until(lambda: len(self.all(ReplyEnded)) > before)
        return self.all(ReplyEnded)[-1]

    # What the client noted.

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def only(self, kind: type[E]) -> E:
        (event,) = self.all(kind)
        return event

    def names(self, *, without: tuple[type[SessionEvent], ...] = ()) -> list[str]:
        """Kinds of events in order, runs of one kind told once."""
        names = [type(event).__name__ for event in self.events if not isinstance(event, without)]
        return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]

    def received(self, reply_id: str | None = None) -> Audio:
        """The sound of the replies, or of one."""
        pieces = [e.audio for e in self.all(ReplyAudio) if reply_id in (None, e.reply_id)]
        return np.concatenate([np.zeros(0, np.float32), *pieces])

    def received_words(self, reply_id: str | None = None) -> str:
        return " ".join(decode_words(self.received(reply_id), 24_000))

    def shown(self) -> str:
        return "".join(event.text for event in self.all(ReplyText))
