"""Spoken words find their written ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.engines.wording import assign

WORDS = st.lists(st.text("ab1.,-$%", min_size=1, max_size=4), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("written", "spoken", "owners"),
    [
        ("Hello there.", "Hello there .", [0, 1, 1]),
        ("at 9:30am on Jan. 5th,", "at nine thirty A.M. on January fifth,", [0, 1, 1, 1, 2, 3, 4]),
        ("costs $3.2 billion, or", "costs 3.2 billion dollars, or", [0, 1, 2, 2, 3]),
        ("20% - about 10 km/h.", "20% about 10 kilometers per hour.", [0, 2, 3, 4, 4, 4]),
        ("Call 555-0199 now", "Call 5 5 5, 0 1 9 9 now", [0, 1, 1, 1, 1, 1, 1, 1, 2]),
        ("like it & you", "like it & you", [0, 1, 2, 3]),
        ("Dr. No and St. Ives", "Doctor No and Saint Ives", [0, 1, 2, 3, 4]),
        ("* one thing", "one thing", [1, 2]),
        ("2 - 3 eggs", "2 to 3 eggs", [0, 1, 2, 3]),
        ("$5", "5 dollars", [0, 0]),
        ("no no no", "no no no", [0, 1, 2]),
    ],
)
def test_each_spoken_word_belongs_to_the_one_that_was_written(
    written: str, spoken: str, owners: list[int]
) -> None:
    assert assign(written.split(), spoken.split()) == owners


@given(written=WORDS, spoken=WORDS)
def test_every_spoken_word_has_one_owner_and_owners_never_go_back(
    written: list[str], spoken: list[str]
) -> None:
    owners = assign(written, spoken)
    assert len(owners) == len(spoken)
    assert owners == sorted(owners)
    assert all(0 <= owner < len(written) for owner in owners)


def test_a_long_stretch_without_anchors_is_shared_evenly() -> None:
    owners = assign(["x"] * 50, ["y"] * 100)
    assert [owners.count(owner) for owner in range(50)] == [2] * 50
