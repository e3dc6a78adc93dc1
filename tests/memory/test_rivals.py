"""A later answer to the same question overtakes the earlier one, and nothing else does."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.memory.remembering import turn

from antiphon.engines.scripted import ScriptedEmbedder
from antiphon.memory import rivals
from antiphon.memory.marks import MARKS, marks_of
from antiphon.memory.question import read
from antiphon.memory.ranking import ranked, scored
from antiphon.memory.rival_weights import RIVALS
from antiphon.memory.values import Ask
from antiphon.memory.view import View, empty_view, grown

ASKED = "Which gym does Mira go to?"
SAID = st.lists(
    st.sampled_from(
        [
            "Mira: I train at Pulse.",
            "Mira: I do my workouts at Titan these days.",
            "Mira: It rains. I train at Gravity, and the tea there is good.",
            "Otto: I train at Basecamp.",
            "Mira: My sister trains at Elements.",
            "Otto: 42?",
            "Mira: …",
        ]
    ),
    min_size=1,
    max_size=40,
)


def seen(lines: Sequence[str]) -> View:
    turns = [turn(line, place) for place, line in enumerate(lines)]
    embedder = ScriptedEmbedder()
    return grown(empty_view(embedder.dimensions), turns, embedder.embed([one.text for one in turns]))


def asked_of(view: View, text: str = ASKED):
    ask = Ask(text=text, budget_tokens=256)
    return ask, read(ask, view), ScriptedEmbedder().embed([text])[0]


def by_newness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is later by the same speaker overtakes."""
    monkeypatch.setattr(rivals, "OVERTAKEN", -1e9)


@given(SAID)
@settings(max_examples=60)
def test_every_feature_is_a_number_for_every_pair(lines: list[str]) -> None:
    view = seen(lines)
    ask, question, vector = asked_of(view)
    order = scored(view, ask, question, vector)
    best = rivals.likeliest(order.scores)
    found = rivals.compared(view, question, vector, order.rows[best], order.scores[best])
    for name in RIVALS:
        grid = np.broadcast_to(rivals.valued(found, name), (len(best), len(best)))
        assert np.isfinite(grid).all(), name


@given(SAID, st.floats(-20, 5))
@settings(max_examples=60)
def test_the_last_word_of_everybody_stays(lines: list[str], bar: float) -> None:
    view = seen(lines)
    ask, question, vector = asked_of(view)
    before = scored(view, ask, question, vector)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rivals, "OVERTAKEN", bar)
        after = ranked(view, ask, question, vector)
        heirs = rivals.overtaken(view, question, vector, before.rows, before.scores)
    assert set(after.rows.tolist()) == set(before.rows.tolist()) - {int(before.rows[old]) for old in heirs}
    for old, heir in heirs.items():
        one, other = (view.turns[int(before.rows[place])] for place in (old, heir))
        assert old < heir
        assert one.speaker == other.speaker
        assert marks_of(one.text)[0][MARKS.index("one thing")]
    last = {view.turns[row].speaker: row for row in range(view.count)}
    assert set(last.values()) <= set(after.rows.tolist())
    # What was overtaken hands its score on, over all that came in between.
    assert not len(after.scores) or after.scores.max() == before.scores.max()


def test_only_where_one_answer_of_the_present_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    by_newness(monkeypatch)
    view = seen(["Mira: I train at Pulse.", "Mira: I do my workouts at Titan these days."])

    def left(text: str) -> list[int]:
        return ranked(view, *asked_of(view, text)).rows.tolist()

    assert left(ASKED) == [1]
    assert left("Which gym did Mira go to before?") == [0, 1]
    assert left("Which gyms does Mira go to?") == [0, 1]


def test_a_longer_turn_and_somebody_else_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    by_newness(monkeypatch)
    view = seen(
        ["Mira: It rains. I train at Gravity.", "Otto: I train at Pulse.", "Mira: I train at Titan now."]
    )
    assert ranked(view, *asked_of(view)).rows.tolist() == [0, 1, 2]


def test_the_best_of_the_others() -> None:
    values = np.array([[0, 1, 5], [0, 0, 3], [0, 0, 0]], np.float32)
    pairs = np.triu(np.ones((3, 3), bool), 1)
    nearest = rivals._other_best  # pyright: ignore[reportPrivateUsage] - a small matrix shows it best
    assert nearest(values, pairs, 0, np.float32(-1)).tolist() == [[-1, -1, 3], [-1, 1, 5], [-1, 1, 5]]
    assert nearest(values, pairs, 1, np.float32(-1))[0].tolist()[1:] == [5, 1]


def test_marks_of_a_turn() -> None:
    marks, kin, form = marks_of("My sister has a new number now, 555 0134.")
    has = {name for name, mark in zip(MARKS, marks, strict=True) if mark}
    assert has == {"of kin", "number", "speaks of change", "one thing"}
    assert kin == marks_of("My sister lives in Oslo.")[1] != 0
    assert form == marks_of("Call 555 0199.")[2] != marks_of("Room 12.")[2]
    assert marks_of("It rains.")[1:] == (0, 0)


@pytest.mark.parametrize("later", ["Mira: Is Titan your gym?", "Mira: My sister trains at Titan now."])
def test_a_question_and_somebody_elses_affairs_overtake_nothing(
    monkeypatch: pytest.MonkeyPatch, later: str
) -> None:
    by_newness(monkeypatch)
    view = seen(["Mira: I train at Pulse.", later])
    assert ranked(view, *asked_of(view)).rows.tolist() == [0, 1]


def test_who_does_not_ask_gets_both(monkeypatch: pytest.MonkeyPatch) -> None:
    by_newness(monkeypatch)
    view = seen(["Mira: I train at Pulse.", "Mira: I train at Titan now."])
    assert ranked(view, *asked_of(view)).rows.tolist() == [1]
    assert ranked(view, *asked_of(view, "Mira's gym")).rows.tolist() == [0, 1]


def test_kin_are_asked_for_by_twos_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    by_newness(monkeypatch)
    view = seen(["Mira: The house of my parents is in Bergen.", "Mira: My parents live in Oslo now."])
    assert ranked(view, *asked_of(view, "Where do Mira's parents live?")).rows.tolist() == [1]
    assert ranked(view, *asked_of(view, "Where is Mira's house?")).rows.tolist() == [0, 1]
