"""Words that tell how something is from now on, and words that only sound so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.memory.telling import phrases, telling


@given(st.text(max_size=200))
def test_any_text_has_phrases_and_a_number(text: str) -> None:
    assert all(phrases(text))
    assert telling(text) == telling(text)


def test_a_name_is_as_good_as_any_other_and_so_is_a_number() -> None:
    assert phrases("I train at Pulse Gym, 24 Elm Road.") == phrases("I train at Titan, 7 Oak.")
    assert "at X" in phrases("I train at Pulse.")
    assert phrases("Pulse is gone.").keys() >= {"^ pulse", "is gone", "gone $"}


@pytest.mark.parametrize(
    ("tells", "sounds"),
    [
        ("I have gone over to Titan.", "I might go over to Titan."),
        ("Titan is where I train these days.", "Titan is where I used to train."),
        ("I train at Titan from now on.", "My friend trains at Titan."),
        ("I gave it up, so I train at Titan.", "I looked at Titan, but left it at that."),
    ],
)
def test_what_tells_weighs_more_than_what_only_sounds_so(tells: str, sounds: str) -> None:
    assert telling(tells) > telling(sounds) + 0.5
