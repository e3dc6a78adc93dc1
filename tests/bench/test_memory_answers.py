"""Answers from several contexts: drawn alike, kept from run to run, counted in pairs."""

from pathlib import Path

import msgspec
import pytest

from antiphon.bench.locomo import Query, Talk
from antiphon.bench.memory_answers import _drawn, _last_turns, _options, key_words
from antiphon.bench.memory_answers_tally import LONG, MEMORY, SHORT, WAYS, Row, kept, result_of
from antiphon.bench.memory_cases import view_of
from antiphon.contracts import PrerequisiteMissing, Utterance
from antiphon.engines.scripted import ScriptedEmbedder

ANSWERS = ("a blue cupboard", "in June 2023", "the tram", "her sister Anna", "soup", "a red kite")


def talk() -> Talk:
    said = tuple(
        Utterance(id=f"t/{n}", speaker="Mira", text=f"I said {answer}.", said_at="2025-03-01T10:00:00")
        for n, answer in enumerate(ANSWERS)
    )
    asked = tuple(
        Query(text=f"Question {kind} {n}?", category=kind, evidence=frozenset({f"t/{n}"}), answer=answer)
        for kind in (1, 2, 3, 4, 5)
        for n, answer in enumerate(ANSWERS)
    )
    return Talk(name="t", utterances=said, queries=asked)


def test_every_kind_is_drawn_alike_and_adversarial_ones_are_not() -> None:
    drawn = _drawn([talk()], 10)
    assert drawn == _drawn([talk()], 10)
    counts = [sum(query.category == kind for _, query in drawn) for kind in (1, 2, 3, 4, 5)]
    assert sorted(counts) == [0, 2, 2, 3, 3]
    assert counts[4] == 0


def test_key_words_are_stems_without_fillers() -> None:
    assert key_words("In the blue cupboards.") == key_words("blue cupboard")
    assert not key_words("blue cupboard") <= key_words("the blue one")


def test_options_are_the_gold_answer_and_three_that_say_something_else() -> None:
    (_, query), *_ = _drawn([talk()], 4)
    gold, *others = _options(talk(), query)
    assert gold == query.answer
    assert len({gold, *others}) == 4
    assert _options(talk(), query) == [gold, *others]


def test_the_last_turns_fit_to_the_token() -> None:
    made = talk()
    view = view_of(made, ScriptedEmbedder().embed([one.text for one in made.utterances]))
    for budget in (0, 3, 12, 500):
        text = _last_turns(view, budget, lambda text: len(text.split()))
        assert len(text.split()) <= budget
    assert _last_turns(view, 500, len).endswith("Mira: I said a red kite.")


def row(question: str, way: str, shares: float, *, chosen: bool) -> Row:
    return Row(
        model="m",
        talk="t",
        question=question,
        category=1,
        way=way,
        answer="",
        shares=shares,
        chosen=chosen,
        context_tokens=1,
        first_ms=1.0,
        read_tokens=1,
    )


def test_ways_are_compared_on_questions_that_both_have_answered(tmp_path: Path) -> None:
    rows = [row("a", way, 1.0 if way == MEMORY else 0.5, chosen=way != SHORT) for way in WAYS]
    rows.append(row("b", MEMORY, 0.0, chosen=False))
    rows.append(msgspec.structs.replace(rows[0], model="other"))
    keep = tmp_path / "kept.jsonl"
    keep.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in rows))
    assert len(kept(keep, "m")[0]) == 4
    result = result_of([talk()], 10, "m", keep)
    overall = {line.way: line for line in result.lines if line.category == "all"}
    assert {way: line.questions for way, line in overall.items()} == {MEMORY: 2, SHORT: 1, LONG: 1}
    assert (overall[MEMORY].contained.value, overall[LONG].contained.value) == (0.5, 0.0)
    assert result.above[SHORT][1].value == 1.0
    assert result.above[LONG][1].value == 0.0


def test_nothing_answered_is_said(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="nothing has been answered"):
        result_of([talk()], 10, "m", tmp_path / "none.jsonl")
