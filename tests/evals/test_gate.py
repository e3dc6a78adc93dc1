"""The gate: an honest caller passes, and each way to fail is found and named."""

import msgspec
import pytest

from antiphon.evals.gate import PLANNED, gate
from antiphon.evals.records import Conversation, ConversationOutcome, Event, Line
from antiphon.evals.scenario import Point

from .talks import agent, caller, scenario, talk

HONEST = (  # the rye is not asked for before the count is known, and is asked for before leaving
    caller("Hello, I'd like some rolls.", 0, 2_000, intent="opens", transcribed="Hello, I like some rolls."),
    agent("How many?", 3_000, 4_000),
    caller("Four rolls, please.", 4_500, 6_000, intent="tells:count", transcribed="for rolls please"),
    agent("Which day?", 7_000, 8_000),
    caller("On Friday.", 8_500, 9_500, intent="tells:day"),
    agent("Gladly. It is a long story with this bread.", 10_000, 14_000),
    caller("Do you have rye, too?", 14_500, 16_000, intent="brings_up"),
    agent("We do.", 17_000, 18_000),
    caller("That's all, thank you. Goodbye.", 18_500, 20_000, intent="leaves"),
)


def held(*lines: Line, ended: str = "caller", events: tuple[Event, ...] = ()) -> Conversation:
    outcome = msgspec.convert({"ended": ended}, ConversationOutcome)
    return talk(*lines, outcome=outcome, events=events)


def kinds(conversation: Conversation) -> list[str]:
    return [reason.partition(":")[0] for reason in gate(conversation, scenario()).reasons]


def with_line(place: int, **changes: object) -> tuple[Line, ...]:
    lines = list(HONEST)
    lines[place] = msgspec.structs.replace(lines[place], **changes)
    return tuple(lines)


def test_an_honest_caller_is_kept() -> None:
    assert gate(held(*HONEST), scenario()).kept


@pytest.mark.parametrize(
    "said",
    ["Nine rolls, please.", "Four rolls for Mister Harrington, please.", "Please bring pizza with cheese."],
)
def test_what_is_invented_is_found(said: str) -> None:
    assert kinds(held(*with_line(2, text=said, transcribed=None))) == ["invented"]


def test_a_name_of_another_line_is_invented_where_a_fact_is_told() -> None:
    asking = Point(says=("Are you open on Sunday?",), once=("count",))
    other = msgspec.structs.replace(scenario(), points=(asking,))
    told = held(*with_line(4, text="On Sunday."), ended="agent")
    assert [reason.partition(":")[0] for reason in gate(told, other).reasons] == ["invented"]


def test_what_is_said_again_may_be_said_as_it_was_said_first() -> None:
    opens = msgspec.structs.replace(scenario(), opens=("Hello, 2 times two rolls.",), opens_with=("count",))
    told = held(
        caller("Hello, 2 times two rolls.", 0, 2_000, intent="opens:count"),
        agent("Sorry, I did not catch that.", 3_000, 4_000),
        caller("Hello, 2 times two rolls.", 4_500, 6_000, intent="repeats:count"),
        ended="agent",
    )
    assert gate(told, opens).kept


def test_a_caller_may_wonder_in_words_of_their_own() -> None:
    wonder = caller("Hello? Are you still there? Four rolls, please.", 6_500, 8_000, intent="wonders:count")
    assert kinds(held(*HONEST[:3], wonder, *with_line(3, start_ms=8_100, end_ms=8_300)[3:])) == []


@pytest.mark.parametrize("heard", ["Something else entirely, I believe.", "Rolls on the sea."])
def test_sound_that_says_something_else_is_found(heard: str) -> None:
    assert kinds(held(*with_line(2, transcribed=heard))) == ["garbled"]


def test_what_is_spelled_need_not_be_heard_letter_by_letter() -> None:
    spelled = with_line(2, text="No, Berg, B, E, R, G.", transcribed="No Bergb.erci.", intent="repeats:count")
    assert kinds(held(*spelled)) == []
    wrong = with_line(
        2, text="No, Berg, B, E, R, G.", transcribed="Rolls on the sea.", intent="repeats:count"
    )
    assert kinds(held(*wrong)) == ["garbled"]


def test_silence_where_words_should_be_is_found() -> None:
    assert kinds(held(*with_line(2, transcribed=""))) == ["garbled", "silent"]


def test_leaving_early_is_found() -> None:
    assert kinds(held(*HONEST[:5])) == ["hung up"]
    assert kinds(held(*HONEST[:4], HONEST[8])) == ["hung up", "silent"]
    assert kinds(held(*HONEST[:6], HONEST[8])) == ["hung up", "silent"]
    assert kinds(held(*HONEST[:5], ended="agent")) == []


def test_not_speaking_is_found() -> None:
    late = tuple(
        msgspec.structs.replace(line, start_ms=line.start_ms + 9_000, end_ms=line.end_ms + 9_000)
        for line in HONEST[4:]
    )
    assert kinds(held(*HONEST[:4], *late)) == ["silent"]
    assert kinds(held(agent("Hello?", 0, 1_000), ended="too_long")) == ["silent"]


def test_an_interruption_that_did_not_happen_is_found() -> None:
    plan = Event(at_ms=11_000, name=PLANNED, data={"act": "interruption", "by_ms": 12_500})
    assert kinds(held(*HONEST, events=(plan,))) == ["held back"]
    made = with_line(6, start_ms=11_400, act="interruption")
    assert kinds(held(*made, events=(plan,))) == []


def test_saying_the_same_for_ever_is_found() -> None:
    again = [
        msgspec.structs.replace(HONEST[2], start_ms=4_500 + 1_600 * n, end_ms=6_000 + 1_600 * n)
        for n in range(5)
    ]
    assert "stuck" in kinds(held(*HONEST[:2], *again, ended="too_long"))


def said_again(answer: str, intent: str, text: str) -> Conversation:
    """The same line eight times, each after the same answer."""
    lines = [HONEST[0]]
    for n in range(8):
        lines += [
            agent(answer, 3_000 * n + 2_100, 3_000 * n + 3_000),
            caller(text, 3_000 * n + 3_500, 3_000 * n + 5_000, intent=intent),
        ]
    return held(*lines, ended="agent")


def test_who_is_asked_again_and_again_is_not_stuck() -> None:
    assert kinds(said_again("Sorry, I didn't catch that.", "repeats", "Hello, I'd like some rolls.")) == []
    assert kinds(said_again("How many was it?", "repeats:count", "As I said. Four rolls, please.")) == []
    assert kinds(said_again("Is that right?", "agrees", "Yes, please.")) == []
    assert kinds(said_again("Very well.", "agrees", "Yes, please.")) == ["stuck"]
    assert kinds(said_again("How many?", "brings_up", "Do you have rye, too?")) == ["stuck"]


def test_giving_up_at_once_is_found() -> None:
    hasty = HONEST[:3]
    assert kinds(held(*hasty, ended="gave_up")) == ["hung up"]
    wonders = [caller("Hello?", at, at + 1_000, intent="wonders") for at in (14_000, 26_000)]
    assert kinds(held(*hasty, *wonders, ended="gave_up")) == []
