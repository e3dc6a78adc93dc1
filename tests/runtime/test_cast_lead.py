"""A speaker's name before an answer is not said, however that comes in pieces, and nothing else is lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.runtime.cast_lead import Lead


def said(name: str, *pieces: str) -> str:
    lead = Lead(name)
    return "".join([*(lead.feed(piece) for piece in pieces), lead.finish()])


@pytest.mark.parametrize(
    ("pieces", "heard"),
    [
        (("Maya", ":", ' "', "Hi", '!"'), "Hi!"),
        (("Maya: For how many?",), "For how many?"),
        (("Ma", "y I ask?"), "May I ask?"),
        (("Maya", " speaking."), "Maya speaking."),
        (("Maya",), "Maya"),
        (("Maya:",), ""),
        (("Maya", " says", ",", ' "', "For how many", '?"'), "For how many?"),
        (('Maya asked: "When?"',), "When?"),
        (("Maya", " says", " it is", ' "fine"'), 'Maya says it is "fine"'),
        (("Maya", " says"), "Maya says"),
        (('He said "yes": fine.',), 'He said "yes": fine.'),
    ],
)
def test_a_name_goes_and_all_else_stays(pieces: tuple[str, ...], heard: str) -> None:
    assert said("Maya", *pieces) == heard


def test_a_long_name_may_be_short() -> None:
    assert said("Mister Dunn", "Dunn:", " Six rolls.") == "Six rolls."
    assert said("Mister Dunn", "Mister Dunn: ", "Six rolls.") == "Six rolls."


@given(
    text=st.text("May: abc", max_size=12) | st.sampled_from(('May says, "ab"', 'May said "b" c')),
    cuts=st.lists(st.integers(0, 12), max_size=4),
)
def test_how_it_is_cut_does_not_matter(text: str, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut <= len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert said("May", *pieces).strip() == said("May", text).strip()
