"""How the caller speaks, and the one line that makes of it."""

from functools import cache

import pytest
from msgspec.structs import replace

from antiphon.contracts import JournalEntry
from antiphon.samp import Cast, read_cast
from antiphon.samp.fold import fold
from antiphon.samp.now import now_lines
from antiphon.samp.state import State, decoded, encoded, initial
from antiphon.samp.tone import pace, tone_line

from .casts import SMALL


@cache
def bakery() -> Cast:
    return read_cast(SMALL)


def entry(kind: str, **body: object) -> JournalEntry:
    return JournalEntry(session="s", sequence=1, at=0, kind=kind, body=body)


def talked(cast: Cast, *turns: tuple[str, str, float]) -> State:
    """Turns as (what the caller said, what was heard of the answer, how many ms the caller spoke)."""
    entries: list[JournalEntry] = []
    for number, (said, heard, spoken_ms) in enumerate(turns, 1):
        entries.append(entry("caller_turn_committed", turn=number, text=said))
        if heard:
            entries.append(entry("reply_ended", turn=number, heard=heard, caller_ms=spoken_ms))
    return fold(cast, entries)


WELL = ("I would like some bread please", "Which bread would you like?", 2_000.0)
CUT = ("and one more thing", "We have rye and wheat and", 1_000.0)


def test_a_caller_who_is_at_ease_makes_no_line() -> None:
    state = talked(bakery(), WELL, ("the rye one sounds good", "It is two euros.", 1_800.0))
    assert tone_line(state) == ""
    assert not [line for line in now_lines(bakery(), state, ()) if line.kind == "tone"]


@pytest.mark.parametrize(
    "words",
    [
        "Oh come on, I just want bread.",
        "How many times do I have to say it?",
        "I’ve already told you that.",
        "that's not what I asked for",
        "This is a waste of my time!",
    ],
)
def test_impatient_words_count_for_three_turns(words: str) -> None:
    cast = bakery()
    angry = (words, "I see.", 1_500.0)
    assert "losing patience" in tone_line(talked(cast, WELL, (words, "", 0)))
    assert "losing patience" in tone_line(talked(cast, angry, WELL))
    assert now_lines(cast, talked(cast, angry, WELL), ())[-1].kind == "tone", "it stands where it counts"
    assert (
        tone_line(talked(cast, angry, WELL, ("the rye one", "Yes.", 900.0), ("and two rolls", "", 0))) == ""
    )


@pytest.mark.parametrize(
    "words",
    ["I told my wife about it", "it is my second time here", "I come on Sundays", "I am in no hurry"],
)
def test_words_that_only_look_impatient_do_not_count(words: str) -> None:
    assert tone_line(talked(bakery(), WELL, (words, "", 0))) == ""


def test_what_is_said_again_is_noticed_whatever_stands_around_it() -> None:
    cast = bakery()
    first = ("two loaves of rye bread for Saturday", "We are open until six.", 2_000.0)
    again = "no, rye bread, two loaves, for Saturday please"
    assert "say something again" in tone_line(talked(cast, first, (again, "", 0)))
    assert tone_line(talked(cast, first, ("and a cake for Sunday morning", "", 0))) == ""
    yes = ("yes please", "Good.", 500.0)
    assert tone_line(talked(cast, yes, ("yes please", "", 0))) == "", "a yes is no repetition"


def test_who_cuts_in_twice_is_answered_shortly() -> None:
    cast = bakery()
    assert tone_line(talked(cast, CUT, WELL)) == ""
    assert "cut in" in tone_line(talked(cast, CUT, ("wait what about wheat", "Wheat is three eu", 900.0)))


def test_a_pace_is_measured_against_the_callers_own() -> None:
    cast = bakery()
    six = ("well one", "two three"), ("four five", "six seven"), ("eight nine", "ten eleven")
    steady = [(f"{a} {b} and more", "Yes.", 3_000.0) for a, b in six]
    usual = pace("one two three four five six", 3_000.0)
    assert talked(cast, *steady).paces == (usual,) * 3
    assert tone_line(talked(cast, *steady, ("that is how we do it", "Yes.", 3_000.0))) == ""
    assert "faster" in tone_line(talked(cast, *steady, ("that is how we do it", "Yes.", 2_000.0)))
    assert "slowly" in tone_line(talked(cast, *steady, ("that is how we do it", "Yes.", 5_000.0)))
    assert tone_line(talked(cast, *steady[:2], ("that is how we do it", "Yes.", 1_000.0))) == ""
    assert pace("yes please", 400.0) is None, "too short to tell"


def test_what_was_written_does_not_count_for_the_pace() -> None:
    typed, spoken = (
        "one two three four five six seven eight nine ten eleven twelve thirteen",
        "and a loaf of rye",
    )
    said = entry("caller_turn_committed", turn=1, text=f"{typed} {spoken}", spoken=spoken)
    heard = entry("reply_ended", turn=1, heard="Certainly.", caller_ms=1_800.0)
    state = fold(bakery(), [said, heard])
    assert state.paces == (pace(spoken, 1_800.0),)
    assert state.history[0].text == f"{typed} {spoken}"
    assert decoded(encoded(state)) == state
    assert b"spoken" not in encoded(talked(bakery(), WELL)), "older digests would not be found again"


def test_a_state_without_paces_is_written_as_it_was_before_there_were_any() -> None:
    state = initial(bakery())
    assert b"paces" not in encoded(state)
    assert b"paces" in encoded(replace(state, paces=(2.0,)))
