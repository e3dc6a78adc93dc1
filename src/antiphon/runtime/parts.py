"""The engines one process has open, each with its lane, shared by every session."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import msgspec

from antiphon.contracts import (
    Embedder,
    EndOfTurn,
    Engine,
    EngineSetup,
    Journal,
    LanguageModel,
    Part,
    Synthesizer,
    Transcriber,
    Voice,
    VoiceActivity,
)
from antiphon.contracts.discovery import find
from antiphon.runtime.config import Config, EngineChoice
from antiphon.runtime.lanes import Lane
from antiphon.runtime.memories import Memories
from antiphon.runtime.pen import GATHER_S, Pen
from antiphon.runtime.scheduler import Demand

LIVE_PARTS: tuple[Part, ...] = (
    "voice_activity",
    "end_of_turn",
    "transcriber",
    "synthesizer",
    "language_model",
    "journal",
)

EMBEDDER: Part = "embedder"
"""What compares meanings, for whoever needs it."""

UNFELT_PARTS: tuple[Part, ...] = ("voice_activity", "journal")
"""Always at work while a session is open, and too little of it to be slowed by anything: no demand."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a session talks to. `lanes` holds one lane per part that is open, under the part's name.

    `pen` writes what all sessions note; `demand` is what they want at the moment, before anything reflective.
    """

    voice_activity: VoiceActivity
    end_of_turn: EndOfTurn
    transcriber: Transcriber
    language_model: LanguageModel
    synthesizer: Synthesizer
    journal: Journal
    lanes: dict[Part, Lane]
    pen: Pen
    demand: Demand
    memories: Memories | None = None
    """None: nothing is remembered."""
    embedder: Embedder | None = None
    """Only where a cast is played."""

    def close(self) -> None:
        """Let every running call end, and everything be written down; then close every engine."""
        self.demand.rise()  # so that what gives way ends now
        if self.memories is not None:
            self.memories.close()
        for part, lane in self.lanes.items():
            lane.close(drop=part != "journal")
        _close_all(cast(Engine, getattr(self, part)) for part in self.lanes)


def wanted(config: Config) -> dict[Part, EngineChoice]:
    """The engines that sessions of this configuration need open."""
    parts = LIVE_PARTS if config.cast is None else (*LIVE_PARTS, EMBEDDER)
    return {part: config.engines.get(part, EngineChoice(use="minilm")) for part in parts}


def voice_names(config: Config) -> tuple[str, ...] | None:
    """The names of the voices the configured speech engine lists on its class; None where it lists none.

    Raises:
        AntiphonError: as `discovery.find`.
    """
    part: Part = "synthesizer"
    kind = find(part, config.engines[part].use)
    voices = getattr(kind, "voices", None)  # a property, where they are known of an open engine only
    return (
        tuple(voice.name for voice in cast(tuple[Voice, ...], voices)) if isinstance(voices, tuple) else None
    )


def open_parts(config: Config, *, weights: Callable[[str], Path], progress: Callable[[str], None]) -> Parts:
    """Open every engine the configuration names. Blocks for seconds: call it on a thread.

    Raises:
        AntiphonError: as `discovery.find` and the engines' `open` do; what was opened is closed again.
    """
    opened: dict[str, Any] = {}
    lanes: dict[Part, Lane] = {}
    demand = Demand()
    try:
        for part, choice in wanted(config).items():
            progress(f"{part.replace('_', ' ')}: {choice.use}")
            setup = EngineSetup(settings=choice.settings, weights=weights, threads=config.threads)
            engine = find(part, choice.use).open(setup)
            opened[part] = engine
            lanes[part] = Lane(engine, demand=None if part in UNFELT_PARTS else demand)
        memories = _memories(config, weights, demand)
    except BaseException:
        _close_all(opened.values())
        raise
    pen = Pen(opened["journal"], lanes["journal"], gather_s=GATHER_S)
    return Parts(**opened, lanes=lanes, pen=pen, demand=demand, memories=memories)


def _memories(config: Config, weights: Callable[[str], Path], demand: Demand) -> Memories | None:
    if not config.memory.use:
        return None
    return Memories(config.memory, weights=weights, threads=config.threads, demand=demand)


def _close_all(engines: Iterable[Engine]) -> None:
    """Close each, whatever the others do."""
    with ExitStack() as closing:
        for engine in engines:
            closing.callback(engine.close)
