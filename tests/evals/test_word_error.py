"""Word errors: what counts as the same, and what each difference is called."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import ConfigInvalid, ContractBroken, EngineSetup, Subject
from antiphon.contracts.conformance import run
from antiphon.evals.numbers import read_out, respell, spell
from antiphon.evals.word_error import WordError, normalize, word_errors

SAME = [
    ("HELLO THERE", "Hello, there!"),
    ("the café", "The cafe\u0301"),
    ("well-known", "well known"),
    (
        "I paid $3.50 for 2 apples at 10:45.",
        "i paid three dollars and fifty cents for two apples at ten forty-five",
    ),
    ("In 1994, 1,250 people came", "in nineteen ninety four one thousand two hundred and fifty people came"),
    ("in 1905 and 2005", "in nineteen oh five and two thousand and five"),
    ("in 2020", "in twenty twenty"),
    ("in 2000", "in two thousand"),
    ("2500", "twenty five hundred"),
    ("a hundred and five", "105"),
    ("1,000,000", "a million"),
    ("$5 million", "five million dollars"),
    ("$1", "one dollar"),
    ("€2.01", "two euros and one cent"),
    ("the 1990s", "the nineteen nineties"),
    ("the 21st of May", "the twenty-first of may"),
    ("the 12th and the 103rd", "the twelfth and the one hundred third"),
    ("3.14%", "three point one four percent"),
    ("call 555-1234", "call five five five one two three four"),
    ("code 90210", "code nine zero two one zero"),
    ("agent 007", "agent zero zero seven"),
    ("at 10:05", "at ten oh five"),
    ("ten o'clock", "10 oclock"),
    ("at 5 p.m. OK?", "at five pm okay"),
    ("Good-bye until to-night, I'll e-mail you.", "goodbye until tonight i will email you"),
    ("good bye", "goodbye"),
    ("isn't it", "is not it"),
    ("we’ll see, I can't", "we will see i cannot"),
    ("won't", "will not"),
    ("it's what's there", "it is what is there"),
    ("Mira's violin", "miras violin"),
    ("um, I, uh, think so", "i think so"),
    ("I'm gonna go", "i am going to go"),
    ("[laughs] yes (she nods)", "yes"),
    ("Dr. Smith & Mr. Jones", "doctor smith and mister jones"),
    ("my favourite colour is grey", "my favorite color is gray"),
    ("they organised and travelled", "they organized and traveled"),
    ("", " … "),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_speech_in_two_spellings(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hour", "hor"),
        ("two", "too"),
        ("fifteen", "fifty"),
        ("20 30", "2031"),
        ("its", "it's"),
        ("wise", "wize"),
    ],
)
def test_what_is_not_the_same_stays_apart(one: str, other: str) -> None:
    assert normalize(one) != normalize(other)


def test_other_scripts_are_left_whole() -> None:
    assert normalize("Grüezi, Zürich! हिन्दी 你好") == ["grüezi", "zürich", "हिन्दी", "你好"]


@given(st.integers(0, 10**12 - 1))
def test_digits_and_words_of_a_number_agree(number: int) -> None:
    spelled = spell(number).split()
    assert respell(spelled) == spelled
    assert read_out(f"{number:,}").split() == spelled


@given(st.text(max_size=60))
def test_normalized_words_are_normal(text: str) -> None:
    words = normalize(text)
    assert all(word and not any(letter.isspace() for letter in word) for word in words)


def test_each_kind_of_error_is_counted() -> None:
    found = word_errors("please turn on the light", "turn on off the lamp")
    assert (found.substitutions, found.deletions, found.insertions, found.words) == (1, 1, 1, 5)
    assert found.rate == pytest.approx(3 / 5)
    assert found.alignment == (
        ("please", None),
        ("turn", "turn"),
        ("on", "on"),
        (None, "off"),
        ("the", "the"),
        ("light", "lamp"),
    )


def test_of_equally_good_alignments_the_one_with_most_words_right() -> None:
    found = word_errors("turn on the light", "turn the lights on")
    assert found.errors == 3
    assert found.substitutions == 1


def test_nothing_said_has_no_rate() -> None:
    assert word_errors("", "").rate is None
    assert word_errors("", "hello there").insertions == 2
    assert word_errors("hello there", "").rate == 1.0


@given(st.lists(st.sampled_from("abcd"), max_size=8), st.lists(st.sampled_from("abcd"), max_size=8))
def test_alignment_is_both_texts_and_no_longer_than_needed(said: list[str], heard: list[str]) -> None:
    found = word_errors(" ".join(said), " ".join(heard))
    assert [one for one, _ in found.alignment if one is not None] == said
    assert [other for _, other in found.alignment if other is not None] == heard
    assert found.errors == distance(said, heard)


def distance(said: list[str], heard: list[str]) -> int:
    """Levenshtein's, written as its definition."""
    row = list(range(len(heard) + 1))
    for word in said:
        before, row = row, [row[0] + 1]
        for column, other in enumerate(heard):
            row.append(min(before[column] + (word != other), before[column + 1] + 1, row[-1] + 1))
    return row[-1]


def test_too_long_a_text_is_refused() -> None:
    with pytest.raises(ContractBroken, match="more than 5000 words"):
        word_errors("word " * 5001, "word")


def opened(**settings: object) -> WordError:
    def weights(name: str) -> Path:
        raise AssertionError(name)

    return WordError.open(EngineSetup(settings=settings, weights=weights))


def test_it_keeps_its_contract() -> None:
    report = run("evaluator", opened())
    assert report.ok, report
    assert not report.skipped, report


def test_a_draw_can_be_audited() -> None:
    content = {"reference": "turn on the light", "hypothesis": "turn on a light please"}
    draw = opened().draw(Subject(id="t1", kind="transcript", content=content), seed=7)
    assert draw.value == pytest.approx(0.5)
    assert draw.details == {
        "words": 4,
        "substitutions": 1,
        "deletions": 0,
        "insertions": 1,
        "wrong": [["the", "a"], [None, "please"]],
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"reference": "", "hypothesis": "hello"}, "the reference has no words"),
        ({"reference": "hello"}, "it takes a transcript with the texts"),
        ({"reference": "hello", "hypothesis": 3}, "it takes a transcript with the texts"),
        ({"reference": "a " * 5001, "hypothesis": "a"}, "measure it in pieces"),
    ],
)
def test_what_cannot_be_measured_is_missing_with_the_reason(content: dict[str, object], reason: str) -> None:
    draw = opened().draw(Subject(id="t1", kind="transcript", content=content), seed=7)
    assert draw.value is None
    assert reason in (draw.missing or "")


def test_there_is_nothing_to_set() -> None:
    with pytest.raises(ConfigInvalid, match="no setting 'case'"):
        opened(case=True)
