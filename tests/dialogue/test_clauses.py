"""Cutting an answer into clauses: nothing lost, the same however it comes, and never inside a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.dialogue.clauses import EARLY_MAX_WORDS, MAX_WORDS, MIN_LETTERS, ClauseCutter, speakable

PIECES = [
    "Dr. Gray",
    "3.14",
    "e.g.",
    "word",
    "No. 5",
    "Well,",
    "then:",
    "end.",
    "what?",
    '"so."',
    " – ",
    "\n",
]
PIECES += ["```", "x = 1", "1,000", "…", "—", "(see", "it)", "J. S. Bach", "*", "é", "привет,", "  ", "U.S."]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=20).map("".join),
    st.text(alphabet="ab .,!?\n`-–\"'é", max_size=120),
    st.lists(st.sampled_from(["word"] * 15 + ["end.", "well,"]), min_size=10, max_size=90).map(" ".join),
)


def cut(text: str, sizes: list[int]) -> list[str]:
    """The clauses of `text` when it comes in pieces of these sizes, over and over."""
    cutter, clauses, at, turn = ClauseCutter(), list[str](), 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        clauses += cutter.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    return clauses + cutter.finish()


@given(text=TEXTS, sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_no_letter_is_lost_whatever_the_pieces(text: str, sizes: list[int]) -> None:
    assert "".join("".join(cut(text, sizes)).split()) == "".join(text.split())


@given(text=TEXTS, sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_the_pieces_do_not_change_the_clauses(text: str, sizes: list[int]) -> None:
    assert cut(text, sizes) == cut(text, [len(text) or 1])


@given(text=TEXTS, sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_every_clause_has_a_letter_of_its_own_kind_and_a_bound(text: str, sizes: list[int]) -> None:
    for place, clause in enumerate(cut(text, sizes)):
        assert clause == clause.strip() != ""
        if "```" not in clause:
            assert len(clause.split()) <= (EARLY_MAX_WORDS if place < len(MIN_LETTERS) else MAX_WORDS)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Pi is about 3.14 or so.", ["Pi is about 3.14", "or so."]),
        ("The capital of France is Paris.", ["The capital", "of France is Paris."]),
        (
            "It is so. The sky appears blue because of light.",
            ["It is so.", "The sky appears blue because of light."],
        ),
        ("It is made out of wood. Yes.", ["It is made", "out of wood.", "Yes."]),
        ("Tell me now who is there. Yes.", ["Tell me now", "who is there.", "Yes."]),
        ("That is the issue. And so it is.", ["That is the issue.", "And so it is."]),
        ("Ask Dr. Gray, please. He knows.", ["Ask Dr. Gray,", "please.", "He knows."]),
        ("It was J. S. Bach who wrote it.", ["It was J. S. Bach", "who wrote it."]),
        ("Some fruit, e.g. apples. Yes.", ["Some fruit,", "e.g. apples.", "Yes."]),
        ("It costs 1,000 or 2,500 euros. Good.", ["It costs 1,000", "or 2,500 euros.", "Good."]),
        ("Yes. Of course I will. Now.", ["Yes.", "Of course I will.", "Now."]),
        ("Yes, but, you see, it is late.", ["Yes,", "but, you see, it is late."]),
        ("Yes, I believe so, as you see, and so on.", ["Yes,", "I believe so,", "as you see, and so on."]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("A first clause – and more", ["A first clause –", "and more"]),
        ("Look here: ```a. b. c.``` Done. Fine.", ["Look here:", "```a. b. c.``` Done.", "Fine."]),
        (
            "It can fly and it can swim in the sea if it must.",
            ["It can fly", "and it can swim in the sea", "if it must."],
        ),
        ("The later judicious century stemmed it.", ["The later", "judicious century stemmed it."]),
        ("You can make a simple omelette.", ["You can make", "a simple omelette."]),
        ("It is on May 5th of this year.", ["It is on May 5th", "of this year."]),
        ("It is about 5 km in fact.", ["It is about 5 km", "in fact."]),
        ("So was Henry VIII there.", ["So was Henry VIII", "there."]),
        (
            "One may well say so many other true things here.",
            ["One may well", "say so many other true", "things here."],
        ),
        (
            "Dogs like long walks along muddy old forest paths every day.",
            ["Dogs like", "long walks along muddy old", "forest paths every day."],
        ),
        ("We run all night long.", ["We run all", "night long."]),
        (
            "That's a good point. If whoever asks is not clear about their answers, it can lead to trouble.",
            [
                "That's a good",
                "point.",
                "If whoever asks is not clear",
                "about their answers, it can lead to trouble.",
            ],
        ),
        ("", []),
        ("   ", []),
    ],
)
def test_where_it_is_cut(text: str, clauses: list[str]) -> None:
    assert cut(text, [1]) == clauses


def test_a_first_clause_comes_as_soon_as_it_is_complete() -> None:
    cutter = ClauseCutter()
    assert cutter.feed("Certainly, ") == ["Certainly,"]
    assert cutter.feed("I can do that") == []


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("**Bold** and `code`", "Bold and code"),
        ("- one\n- two", "one two"),
        ("# Title\ntext", "Title text"),
        ("[a link](http://x.y)", "a link"),
        ("look ```x = 1``` here", "look here"),
        ("unclosed ```x = 1", "unclosed"),
        ("fine 😀 then", "fine then"),
    ],
)
def test_what_is_read_aloud(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


def test_a_long_first_clause_is_cut_the_same_whether_or_not_its_end_is_known() -> None:
    text = "One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen, Fourteen. Done."
    assert cut(text, [len(text)]) == cut(text, [1])
    assert cut(text, [1])[0].endswith("Twelve")


def test_an_open_code_block_keeps_no_clause_back_that_came_before_it() -> None:
    text = "Look at this, please. ```x = 1. y = 2."
    assert cut(text, [len(text)]) == cut(text, [1]) == ["Look at this,", "please.", "```x = 1. y = 2."]
