"""Guards mean what they say, and whether one can hold is answered as trying everything would."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.samp import read_cast
from antiphon.samp.guards import All, Any, Compare, Guard, GuardUnreadable, Known, Not, holds, read_guard
from antiphon.samp.possible import case_where

from .casts import SMALL

CAST = read_cast(SMALL)


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("count", {"count": 0.0}, True),
        ("count", {}, False),
        ("count > 8", {"count": 9.0}, True),
        ("count > 8", {}, False),
        ("not count > 8", {}, True),
        ("count >= 8 and colour == red", {"count": 8.0, "colour": "red"}, True),
        ("count > 8 or colour == red and not day", {"colour": "red", "day": "2026-01-01"}, False),
        ("(count > 8 or colour == red) and day", {"colour": "red", "day": "2026-01-01"}, True),
        ("colour in [red, blue]", {"colour": "blue"}, True),
        ("colour != red", {"colour": "blue"}, True),
        ("colour != red", {}, False),
        ("hour < 9:30", {"hour": "09:29"}, True),
        ("hour < 9:30", {"hour": "10:00"}, False),
        ("day >= 2026-12-24", {"day": "2026-12-24"}, True),
        ('caller == "van Dyke"', {"caller": "Van Dyke"}, True),
        ("caller > 3", {"caller": "Ann"}, False),
        ("done", {}, False),
    ],
)
def test_what_a_guard_means(text: str, known: dict[str, str | float], expected: bool) -> None:
    assert holds(read_guard(text), known, done=False) is expected


def test_done_is_what_the_checklist_says() -> None:
    assert holds(read_guard("done and not count"), {}, done=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "count >",
        "> 3",
        "count 3",
        "(count",
        "count)",
        "count in red",
        "count in []",
        "a & b",
        "and",
        "not",
        "count > 1 2",
        "day > 2026-99-99",
        "(" * 150 + "a" + ")" * 149,
        "not " * 70 + "a",
        "x" * 400,
    ],
)
def test_what_is_no_guard_says_why(text: str) -> None:
    with pytest.raises(GuardUnreadable, match=r"\w"):
        read_guard(text)


@given(st.text("ab()<>=!,[] 'andortin0123:-.\"", max_size=30))
def test_any_text_is_a_guard_or_says_why_not(text: str) -> None:
    try:
        guard = read_guard(text)
    except GuardUnreadable:
        return
    assert holds(guard, {}, done=False) in (True, False)


ATOMS = st.one_of(
    st.sampled_from([Known("count"), Known("colour"), Known("done")]),
    st.builds(
        Compare,
        st.just("count"),
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        st.tuples(st.integers(-1, 22).map(float)),
    ),
    st.builds(
        Compare,
        st.just("colour"),
        st.sampled_from(["==", "!="]),
        st.sampled_from([("red",), ("red", "blue")]),
    ),
)
GUARDS = st.recursive(
    ATOMS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Any, st.lists(inner, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=5,
)


@given(yes=GUARDS, no=GUARDS)
def test_a_case_is_found_exactly_when_there_is_one(yes: Guard, no: Guard) -> None:
    counts: list[float | None] = [None, *(float(n) for n in range(1, 21))]
    there_is = False
    for count, colour, done in product(counts, (None, "red", "blue"), (False, True)):
        known = {k: v for k, v in (("count", count), ("colour", colour)) if v is not None}
        if done and "count" not in known:
            continue
        there_is |= holds(yes, known, done=done) and not holds(no, known, done=done)
    found = case_where(CAST, frozenset({"count"}), yes=[yes], no=[no])
    # A checklist asks for what it asks for, whether or not a guard speaks of it.
    if "count" in repr(yes) + repr(no):
        assert (found is not None) is there_is
