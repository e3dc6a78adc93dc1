"""The bench of states over dialogues written by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.bench import sgd
from antiphon.bench.figures import by_cluster
from antiphon.bench.sgd import Dialogue, Turn, cast_of, read_dialogues, written
from antiphon.bench.states import _lags, _score, _some
from antiphon.bench.states_fit import Row, fitted
from antiphon.contracts import PrerequisiteMissing
from antiphon.samp.commands import GoTo
from antiphon.samp.likelihood import FEATURES, FITTED, likely
from antiphon.samp.moves import Option

SCHEMA: dict[str, Any] = {
    "service_name": "Hotels",
    "description": "Hotels.",
    "slots": [
        {"name": "stay_length", "description": "Days", "possible_values": []},
        {"name": "star_rating", "description": "Stars", "possible_values": ["1", "5"]},
        {"name": "smoking_allowed", "description": "Smoking", "possible_values": ["True", "False"]},
        {"name": "check_in_date", "description": "Date", "possible_values": []},
        {"name": "device", "description": "Device", "possible_values": ["Living room", "Patio"]},
    ],
    "intents": [
        {
            "name": "Search",
            "description": "Look for a hotel",
            "required_slots": ["star_rating"],
            "optional_slots": {},
        },
        {
            "name": "Reserve",
            "description": "Reserve",
            "required_slots": ["stay_length"],
            "optional_slots": {},
        },
    ],
}


def turn(words: str, before: str, scene: str) -> Turn:
    return Turn(agent_said="", words=words, before=before, scene=scene, told={})


def dialogue(*scenes: str) -> Dialogue:
    before = (sgd.START, *scenes)
    turns = (turn(f"{a} to {b}", a, b) for a, b in zip(before, scenes, strict=False))
    return Dialogue(id="1", service="Hotels", part="phrases", turns=tuple(turns))


def test_a_service_becomes_a_graph() -> None:
    cast = cast_of(SCHEMA, [dialogue("Search", "Reserve", "end")])
    assert {way.to for way in cast.scenes["Search"].ways} == {"Reserve", "end"}
    (reserve,) = (way for way in cast.scenes["Search"].ways if way.to == "Reserve")
    assert reserve.says == ("Search to Reserve",)
    assert cast.slots["star_rating"].most == 5
    assert (cast.slots["check_in_date"].type, cast.slots["stay_length"].type) == ("date", "number")
    assert written(cast.slots["device"], "living_room") == "living room"
    assert written(cast.slots["stay_length"], 3.0) == "3"


def test_dialogues_are_read_and_split(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="ANTIPHON_SGD"):
        read_dialogues(tmp_path)
    frame = {
        "state": {"active_intent": "NONE"},
        "actions": [{"act": "INFORM", "slot": "x", "canonical_values": ["A"], "values": ["b"]}],
    }
    turns = [
        {"speaker": "SYSTEM", "utterance": "More?"},
        {"speaker": "USER", "utterance": "No", "frames": [frame]},
    ]
    read = [{"dialogue_id": str(n), "services": ["Hotels"], "turns": turns} for n in range(5)]
    (tmp_path / "test_dialogues_001.json").write_text(json.dumps(read))
    (tmp_path / "test_schema.json").write_text(json.dumps([SCHEMA]))
    dialogues, schema = read_dialogues(tmp_path)
    assert [d.part for d in dialogues] == ["phrases", "tune", "report", "report", "phrases"]
    assert dialogues[0].turns[0] == Turn(
        agent_said="More?", words="No", before="start", scene="end", told={"x": ("a", "b")}
    )
    assert set(schema) == {"Hotels"}


def test_a_rule_that_lags_is_told_so() -> None:
    talk = dialogue("Search", "Search", "Reserve", "Reserve", "end")

    def right(_: Dialogue, turn: Turn, before: str) -> str:
        return turn.scene

    def late(_: Dialogue, turn: Turn, before: str) -> str:
        return turn.before

    assert _lags(right, talk) == [0, 0, 0]
    assert _lags(late, talk) == [1, 1, 1]
    assert _lags(lambda d, t, before: before, talk) == [5, 3, 1]
    score = _score("late", late, [talk, talk])
    assert score.accuracy.value == pytest.approx(0.4)
    assert (score.switches_found.value, score.false_switches.value) == (0, 0)


def test_intervals_are_over_dialogues() -> None:
    same = by_cluster([[1.0, 0.0]] * 50)
    assert (same.value, same.low, same.high, same.n) == (0.5, 0.5, 0.5, 100)
    apart = by_cluster([[1.0, 1.0], [0.0, 0.0]] * 25)
    assert apart.high - apart.low > 0.2


def test_some_dialogues_are_spread_over_all() -> None:
    many = [dialogue("Search", "end") for _ in range(20)]
    assert len(_some(many, 8)) == 4
    assert len(_some(many, 1000)) == 20


def test_the_fit_finds_the_judge_that_is_right() -> None:
    dice = np.random.default_rng(1)
    options = (
        Option("stay", "stay", None, ()),
        Option("way:a", "way", GoTo("a"), ()),
        Option("way:b", "way", GoTo("b"), ()),
    )
    rows = []
    for _ in range(60):
        features = np.zeros((3, len(FEATURES)))
        features[1:, 0] = dice.random(2)
        features[:, FEATURES.index("shared")] = dice.random(3)
        best = int(np.argmax(features[1:, 0])) + 1
        rows.append(Row(options, features, options[best].move if features[best, 0] > 0.6 else None))
    line = fitted(rows, FITTED)
    assert line.similar > FITTED.similar
    assert line.shared < FITTED.shared
    assert (line.margin, line.jump, line.offered) == (FITTED.margin, FITTED.jump, FITTED.offered)
    right = sum(likely(row.options, row.features, line)[0].option.move == row.move for row in rows)
    assert right > 50
