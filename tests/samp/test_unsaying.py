"""What was agreed and is taken back is open again; what only sounds like taking back changes nothing."""

from datetime import date

import pytest
from msgspec.structs import replace

from antiphon.samp import read_cast
from antiphon.samp.commands import CorrectSlot, GoTo, JumpTo, SetSlot, UnsetSlot
from antiphon.samp.extraction import tellings
from antiphon.samp.state import Place, Unset, decoded, encoded, open_tasks
from antiphon.samp.unsaying import unsaid

from .casts import SMALL, example
from .talks import Talk

SHOP, RESTAURANT = read_cast(SMALL), read_cast(example("restaurant"))
AGREED: dict[str, str | float] = {
    "guests": 4.0,
    "day": "2026-05-08",
    "hour": "19:00",
    "caller": "Brook",
    "seat": "terrace",
    "pairing": "red",
    "allergy": "nuts",
}


def taken_back(text: str, *asked: str, waiting: tuple[str, ...] = ()) -> tuple[str, ...]:
    today, cast = date(2026, 5, 6), RESTAURANT
    return unsaid(cast, text, asked=asked, known=AGREED, today=today, waiting=waiting)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("Not Friday.", ("day",)),
        ("Not on Friday", ("day",)),
        ("Actually, not on Friday.", ("day",)),
        ("No, I can't do Friday.", ("day",)),
        ("Friday doesn't work for us.", ("day",)),
        ("Friday won’t work after all.", ("day",)),
        ("Friday won't do.", ("day",)),
        ("Not on Friday after all.", ("day",)),
        ("Not on Friday at all.", ("day",)),
        ("Not four after all.", ("guests",)),
        ("Friday is wrong.", ("day",)),
        ("Seven isn't good.", ("hour",)),
        ("Any day but Friday.", ("day",)),
        ("I don't think Friday is good.", ("day",)),
        ("Not at seven.", ("hour",)),
        ("We can't make it at seven.", ("hour",)),
        ("Seven o'clock is no good.", ("hour",)),
        ("Not four people.", ("guests",)),
        ("We're not four.", ("guests",)),
        ("We are not four any more.", ("guests",)),
        ("Not Brook.", ("caller",)),
        ("I'm not Brook.", ("caller",)),
        ("The name isn't Brook.", ("caller",)),
        ("Actually, not outside.", ("seat",)),
        ("We don't want to sit outside.", ("seat",)),
        ("No red.", ("pairing",)),
        ("Nuts are fine.", ("allergy",)),
        ("Not on Friday and not at seven.", ("day", "hour")),
    ],
)
def test_what_was_agreed_is_taken_back(text: str, slots: tuple[str, ...]) -> None:
    asked = ("guests", "day", "hour", "caller", "seat", "pairing", "allergy")
    assert taken_back(text, *asked) == slots


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "No, thank you.",
        "No, Friday is good.",
        "No, Friday.",
        "Friday.",
        "not only Friday",
        "Not just Friday.",
        "why not Friday",
        "Why not Friday?",
        "Is it not Friday?",
        "Isn't Friday your day off?",
        "You are not open on Friday?",
        "Didn't I say Friday",
        "if not Friday then Saturday",
        "If Friday doesn't work, Saturday.",
        "Unless it is not Friday.",
        "I'm not sure Friday is good.",
        "I can't wait for Friday.",
        "I don't mind Friday.",
        "Friday won't be a problem.",
        "Friday won’t be any trouble.",
        "I don't think Friday will be a problem.",
        "Seven isn't too late.",
        "Seven won't be too early.",
        "I don't think seven is too late.",
        "Seven isn't bad.",
        "Seven isn't wrong.",
        "Four isn't too many.",
        "Brook doesn't have an e.",
        "Brook isn't spelt with an e.",
        "We don't eat meat on Friday.",
        "Not before Friday.",
        "We can't come on Friday until eight.",
        "We can't do Friday before eight.",
        "Not on Friday at noon.",
        "Not Saturday.",
        "Not Saturday, Friday.",
        "Not on Friday, well, on Friday then.",
        "Not later than seven.",
        "It's not four minutes away.",
        "Not more than four people.",
        "I don't know, outside perhaps.",
        "No red is fine.",
        "No nuts.",
        "I don't eat nuts.",
        "I don't know anybody called Brook there.",
        "You don't need to ask Brook.",
        "I'm not Brook's wife.",
        "I'm not Brook Evans.",
    ],
)
def test_what_is_not_taken_back(text: str) -> None:
    assert taken_back(text, "guests", "day", "hour", "caller", "seat", "pairing", "allergy") == ()


def test_what_nobody_asks_for_here_is_taken_back_only_by_words_that_surely_do() -> None:
    assert taken_back("Not on Friday.", "pairing") == ()
    assert taken_back("Actually, not on Friday.", "pairing") == ("day",)
    assert taken_back("Not on Friday.", waiting=("guests", "day")) == ("day",)


def test_a_number_that_two_slots_have_is_taken_back_of_both_unless_one_is_corrected() -> None:
    known: dict[str, str | float] = {"guests": 7.0, "hour": "19:00"}
    asked, today = ("guests", "hour"), date(2026, 5, 6)
    assert unsaid(RESTAURANT, "Not seven.", asked=asked, known=known, today=today) == asked
    assert unsaid(RESTAURANT, "Not seven people.", asked=asked, known=known, today=today) == ("guests",)
    assert unsaid(RESTAURANT, "Not at seven.", asked=asked, known=known, today=today) == ("hour",)
    at_eight = unsaid(
        RESTAURANT, "Not seven, at eight.", asked=asked, known=known, today=today, told=["hour"]
    )
    assert at_eight == ()


def test_a_bare_hour_is_of_the_half_of_the_day_that_was_taken_back() -> None:
    for unset, hour in (({"hour": "19:00"}, "20:00"), ({}, "08:00")):
        told = tellings(RESTAURANT, "Eight.", asked=("hour",), known={}, today=date(2026, 5, 6), unset=unset)
        assert [each.value for each in told] == [hour]


def _told_twelve() -> Talk:
    talk = Talk(SHOP)
    talk.caller("twelve please")
    talk.propose(SetSlot("count", 12.0), base=0, turn=1)
    return talk


def test_what_is_taken_back_is_open_again_where_the_story_is() -> None:
    talk = _told_twelve()
    assert b"unset" not in encoded(talk.state), "older digests would not be found again"
    talk.propose(GoTo("wholesale"), base=1, turn=1)
    talk.caller("not twelve")
    assert talk.propose(UnsetSlot("count", 4.0), base=2, turn=2).reason.startswith("it takes back 4.0")
    assert talk.propose(UnsetSlot("colour", "red"), base=2, turn=2).outcome == "dropped"
    assert talk.propose(UnsetSlot("count", 12.0), base=0, turn=2).reason == "count has changed since"
    assert talk.propose(UnsetSlot("count", 12.0), base=2, turn=2).outcome == "applied"
    assert (talk.state.slots, talk.state.unset) == ({}, {"count": Unset(12.0, 3)})
    late = talk.propose(SetSlot("count", 12.0), base=2, turn=1)
    assert late.reason == "count has changed since", "what was thought of before brings it not back"
    assert talk.propose(CorrectSlot("count", 12.0, 4.0), base=3, turn=2).outcome == "dropped"
    here = talk.state.place.scene
    assert [task.ask for task in open_tasks(SHOP, here, talk.state)] == ["count"]
    assert decoded(encoded(talk.state)) == talk.state
    assert talk.propose(JumpTo("hours"), base=3, turn=2).outcome == "applied"
    assert open_tasks(SHOP, "hours", talk.state) == (), "another topic is on"
    assert talk.propose(SetSlot("count", 4.0), base=4, turn=2).outcome == "applied"
    assert talk.state.unset == {}


def test_what_is_taken_back_is_not_asked_for_where_it_may_end_and_stays_optional() -> None:
    state = replace(
        Talk(RESTAURANT).state, unset={"day": Unset("2026-05-08", 0), "seat": Unset("terrace", 0)}
    )

    def still_open(scene: str) -> dict[str, bool]:
        there = replace(state, place=Place(scene, "host"))
        return {task.ask: task.optional for task in open_tasks(RESTAURANT, scene, there)}

    assert still_open("farewell") == {}, "the caller has given it up"
    assert still_open("booking") == {
        "guests": False, "day": False, "hour": False, "caller": False, "seat": True,
    }  # fmt: skip
    elsewhere = still_open("confirm")
    assert (elsewhere["day"], elsewhere["seat"]) == (False, True), "what nobody has to know is no duty there"


def test_what_is_private_and_taken_back_only_who_was_told_asks_for_again() -> None:
    talk = Talk(RESTAURANT)
    talk.caller("we celebrate")
    talk.propose(SetSlot("surprise", "a ring"), base=0, turn=1)
    assert talk.propose(UnsetSlot("surprise", "a ring"), base=1, turn=1).outcome == "applied"
    for persona, asked in (("host", ["surprise"]), ("cook", [])):
        state = replace(talk.state, place=Place("kitchen", persona))
        assert [task.ask for task in open_tasks(RESTAURANT, "kitchen", state)] == asked
    assert talk.state.confided == {1: ("host",)}
