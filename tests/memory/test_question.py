"""What a question asks for: how things are or were, one answer or several."""

import pytest

from antiphon.memory import Ask
from antiphon.memory.question import Question, read
from antiphon.memory.terms import terms
from antiphon.memory.updates import misleads, outdated_rows
from antiphon.memory.view import empty_view


def asked(text: str) -> Question:
    return read(Ask(text=text, budget_tokens=0), empty_view(0))


@pytest.mark.parametrize(
    "text",
    ["When is Mira's wedding?", "How old is Mira?", "Where does Mira live?", "What phone does she have?"],
)
def test_one_answer_that_holds_now(text: str) -> None:
    assert not asked(text).past
    assert not asked(text).several


@pytest.mark.parametrize("text", ["When did Mira marry?", "Who was her old dentist?", "Where had she lived?"])
def test_how_things_were(text: str) -> None:
    assert asked(text).past


@pytest.mark.parametrize(
    "text",
    [
        "Which activities does Mira like?",
        "Would Mira move to Oslo?",
        "Why is she sad?",
        "What are her pets' names?",
        "Where has Mira made friends?",
    ],
)
def test_more_than_one_answer(text: str) -> None:
    assert asked(text).several


def test_a_question_for_several_things_is_misled_by_what_patterns_read_alone() -> None:
    words = frozenset(terms("lives keep fit"))
    noticed = outdated_rows({}, [(0, 1, "I keep fit with …", "boxing")], alone=[0])
    read_by_pattern = outdated_rows({}, [(0, 1, "lives in", "Oslo")])
    assert misleads(noticed, 0, words)
    assert not misleads(noticed, 0, words, several=True)
    assert misleads(read_by_pattern, 0, words, several=True)
