"""Dialogues of the Schema-Guided Dialogue set, as conversations on a graph.

A service's intents are scenes, each can lead to each other one and to the end, and what an intent requires is
its checklist (Rastogi et al. 2020, arXiv:1909.05855). Example phrases of the ways are what callers say in
dialogues set apart for that, as the author of a cast would write them.
"""

import json
import os
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from antiphon.contracts import PrerequisiteMissing
from antiphon.samp import Cast, Persona, Scene, Slot, Task, Way

FOLDER_ENV = "ANTIPHON_SGD"
DEFAULT_FOLDER = Path("../shared/data/sgd")
TODAY = date(2019, 3, 1)
"""What "tomorrow" counts from in these dialogues."""
START, END = "start", "end"
PHRASES_MAX = 10
_PHRASE_WORDS_MAX = 20

Part: TypeAlias = Literal["phrases", "tune", "report"]

_CUES = {
    "location": ("in", "near", "city of", "area of"),
    "place_name": ("at", "called", "hotel"),
    "restaurant_name": ("at", "try", "called"),
    "artist": ("by", "from"),
    "stay_length": ("days", "day", "nights", "night"),
    "number_of_rooms": ("room", "rooms"),
    "star_rating": ("star", "stars"),
    "number_of_seats": ("people", "persons", "person", "of us", "seats", "party of", "table for"),
}
_SAYS = {
    "smoking_allowed": {"True": ("smoking",), "False": ("non-smoking", "non smoking", "no smoking")},
    "has_seating_outdoors": {
        "True": ("outdoor", "outdoors", "outside"),
        "False": ("indoor", "indoors", "inside"),
    },
    "has_vegetarian_options": {"True": ("vegetarian",), "False": ()},
}


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Something a caller says."""

    agent_said: str
    words: str
    before: str
    """The scene they say it in."""
    scene: str
    """Where it leads."""
    told: dict[str, tuple[str, ...]]
    """The slots they name, each with the ways its value may be written."""


class Dialogue(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation with one service."""

    id: str
    service: str
    part: Part
    turns: tuple[Turn, ...]


def read_dialogues(folder: Path | None = None) -> tuple[tuple[Dialogue, ...], dict[str, Any]]:
    """Every dialogue of a single service, and the schemas by service.

    A quarter of the dialogues gives phrases, a quarter is for tuning, a half for the report; the split is by
    position in the file.

    Raises:
        PrerequisiteMissing: there is no such data.
    """
    folder = folder or Path(os.environ.get(FOLDER_ENV, DEFAULT_FOLDER))
    files = sorted(folder.glob("*dialogues_*.json"))
    schemas = sorted(folder.glob("*schema.json"))
    if not files or not schemas:
        raise PrerequisiteMissing(
            f"there are no dialogues in {folder}", remedy=f"set {FOLDER_ENV} to a folder of the SGD data set"
        )
    schema = {each["service_name"]: each for path in schemas for each in json.loads(path.read_text("utf-8"))}
    read = [dialogue for path in files for dialogue in json.loads(path.read_text("utf-8"))]
    parts: tuple[Part, ...] = ("phrases", "tune", "report", "report")
    single = [each for each in read if len(each["services"]) == 1]
    return tuple(_dialogue(each, parts[place % 4]) for place, each in enumerate(single)), schema


def cast_of(schema: dict[str, Any], phrases: Sequence[Dialogue]) -> Cast:
    """The cast a service is, with the example phrases that dialogues give."""
    scenes = {START: "Find out what the caller wants.", END: "Say goodbye."}
    scenes |= {intent["name"]: intent["description"] for intent in schema["intents"]}
    tasks = {intent["name"]: _tasks(intent) for intent in schema["intents"]}
    slots = {slot["name"]: _slot(slot) for slot in schema["slots"]}
    return Cast(
        cast=schema["service_name"],
        about=schema["description"],
        start=START,
        personas={"agent": Persona(name="Agent", role="the agent", voice="woman", manner="Friendly.")},
        slots={name: slot for name, slot in slots.items() if slot is not None},
        scenes={
            name: Scene(
                plays="agent",
                aim=aim,
                checklist=tuple(Task(ask=slot) for slot in tasks.get(name, ()) if slots.get(slot)),
                ways=tuple(
                    Way(
                        to=to,
                        when=_when(to, scenes),
                        says=_phrases(phrases, schema["service_name"], name, to),
                    )
                    for to in scenes
                    if to not in (name, START)
                ),
                ends=name == END,
            )
            for name, aim in scenes.items()
        },
    )


def written(slot: Slot, value: str | float) -> str:
    """A value as the data writes it."""
    if slot.type == "choice":
        return str(value).replace("_", " ").casefold()
    return value.casefold() if isinstance(value, str) else f"{value:g}"


def _when(to: str, scenes: dict[str, str]) -> str:
    return "the caller wants nothing more" if to == END else f"the caller wants to {scenes[to].lower()}"


def _phrases(dialogues: Sequence[Dialogue], service: str, before: str, to: str) -> tuple[str, ...]:
    said = [
        turn.words
        for dialogue in dialogues
        if dialogue.service == service
        for turn in dialogue.turns
        if (turn.before, turn.scene) == (before, to) and len(turn.words.split()) <= _PHRASE_WORDS_MAX
    ]
    return tuple(dict.fromkeys(said))[:PHRASES_MAX]


def _tasks(intent: dict[str, Any]) -> tuple[str, ...]:
    return (*intent["required_slots"], *intent["optional_slots"])


def _slot(slot: dict[str, Any]) -> Slot | None:
    name, about, values = slot["name"], slot["description"], slot["possible_values"]
    cues = _CUES.get(name, ())
    if name in _SAYS:
        return Slot(
            type="choice", about=about, options={key.lower(): says for key, says in _SAYS[name].items()}
        )
    if values and all(value.isdigit() for value in values):
        numbers = [float(value) for value in values]
        return Slot(type="number", about=about, cues=cues, least=min(numbers), most=max(numbers))
    if values:
        return Slot(
            type="choice",
            about=about,
            options={re.sub(r"\W", "_", value.lower()): (value,) for value in values},
        )
    if name.endswith("date"):
        return Slot(type="date", about=about)
    if name.endswith("time"):
        return Slot(type="time", about=about)
    if name == "stay_length":
        return Slot(type="number", about=about, cues=cues)
    return Slot(type="name", about=about, cues=cues)


def _dialogue(dialogue: dict[str, Any], part: Part) -> Dialogue:
    turns: list[Turn] = []
    before, agent_said = START, ""
    for turn in dialogue["turns"]:
        if turn["speaker"] == "SYSTEM":
            agent_said = turn["utterance"]
            continue
        (frame,) = turn["frames"]
        intent = frame["state"]["active_intent"]
        scene = END if intent == "NONE" else intent
        turns.append(
            Turn(
                agent_said=agent_said, words=turn["utterance"], before=before, scene=scene, told=_told(frame)
            )
        )
        before = scene
    return Dialogue(
        id=dialogue["dialogue_id"], service=dialogue["services"][0], part=part, turns=tuple(turns)
    )


def _told(frame: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        action["slot"]: tuple(value.casefold() for value in (*action["canonical_values"], *action["values"]))
        for action in frame["actions"]
        if action["act"] == "INFORM"
    }
