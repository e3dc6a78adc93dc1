"""From words to commands: slots, ways, jumps, persona requests, coming back; with real embeddings."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from antiphon.contracts import ContractBroken, EngineSetup
from antiphon.engines.minilm import MiniLM
from antiphon.engines.scripted import ScriptedLanguageModel
from antiphon.engines.scripted.language_model import LanguageModelSettings
from antiphon.samp import CastSession, Decider, read_cast
from antiphon.samp.commands import GoTo, JumpTo, Leave, Return, SetSlot, SwitchPersona
from antiphon.samp.due import question_due
from antiphon.samp.fold import fold
from antiphon.samp.likelihood import FEATURES, FITTED, likely, segments
from antiphon.samp.margins import Margins
from antiphon.samp.moves import options
from antiphon.samp.reflecting import SURE_LIVE, questions
from antiphon.samp.state import encoded, owed_opening

from .casts import example

TODAY = date(2026, 5, 6)
CASTS = {name: read_cast(example(name)) for name in ("restaurant", "clinic", "town")}


DECIDERS: dict[str, Decider] = {}

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def _deciders(weights: Callable[[str], Path]) -> Iterator[None]:
    embedder = MiniLM.open(EngineSetup(weights=weights, threads=1))
    DECIDERS.update({name: Decider(cast, embedder) for name, cast in CASTS.items()})
    yield
    embedder.close()


class Talk:
    """A session whose caller only speaks; the agent's answers are heard whole."""

    def __init__(self, name: str) -> None:
        self.cast = CASTS[name]
        self.decider = DECIDERS[name]
        self.session = CastSession(self.cast, self.decider)

    def says(self, text: str, answer: str = "Certainly.") -> tuple[str, str]:
        _, verdicts = self.session.caller_said(text, today=TODAY)
        assert all(verdict.outcome == "applied" for verdict in verdicts), verdicts
        place = self.session.state.place
        self.session.agent_heard(answer)
        return place.scene, place.persona

    @property
    def commands(self) -> list[object]:
        entries = [entry for entry in self.session.entries if entry.kind == "state_proposed"]
        return [entry.body["command"]["type"] for entry in entries]


def test_a_conversation_goes_where_the_caller_wants() -> None:
    talk = Talk("restaurant")
    assert talk.says("I'd like to book a table for four") == ("booking", "host")
    assert talk.session.state.slots["guests"].value == 4.0
    assert talk.says("what wine do you recommend") == ("cellar", "sommelier")
    assert talk.says("Saturday at eight in the evening", "Noted. What name may I write down?") == (
        "booking",
        "host",
    )
    assert talk.says("It's Brook") == ("confirm", "host")
    assert talk.commands == ["SetSlot", "GoTo", "JumpTo", "SetSlot", "SetSlot", "Return", "SetSlot", "GoTo"]
    assert encoded(fold(talk.cast, talk.session.entries)) == encoded(talk.session.state)


def test_one_turn_may_pass_over_scenes_that_have_nothing_left_to_ask() -> None:
    talk = Talk("restaurant")
    assert talk.says("I'd like to book a table for ten people") == ("party", "cook")


def test_who_is_asked_for_answers_in_the_same_turn() -> None:
    talk = Talk("restaurant")
    assert talk.says("can I speak to the cook") == ("kitchen", "cook")
    assert talk.says("can I talk to Maya again") == ("welcome", "host")
    town = Talk("town")
    assert town.says("My name is Yuki") == ("bakery", "baker")
    assert town.says("tutor can you help me") == ("help", "tutor")
    assert town.says("okay thank you") == ("bakery", "baker")


def test_a_topic_ends_with_what_the_scene_before_it_asks_for() -> None:
    talk = Talk("clinic")
    talk.says("I'd like to make an appointment")
    assert talk.says("when are you open") == ("hours", "receptionist")
    assert talk.says("My name is Paul Weber") == ("appointment", "receptionist")
    assert talk.session.state.slots["caller"].value == "Paul Weber"


def test_from_a_topic_straight_on_over_a_way_of_the_scene_before_it() -> None:
    talk = Talk("clinic")
    talk.says("how much does it cost")
    assert talk.says("I've run out of my tablets") == ("prescription", "receptionist")


def test_what_is_asked_aside_answers_no_open_question() -> None:
    talk = Talk("town")
    talk.says("My name is Yuki")
    talk.says("six rolls and a bun")
    talk.says("here you are thank you")
    assert talk.says("how do you say that, there and back?") == ("help", "tutor")
    assert "ticket" not in talk.session.state.slots


def test_who_only_answers_what_was_asked_brings_up_no_topic() -> None:
    talk = Talk("clinic")
    talk.says("Good morning. I'd like to make an appointment.", "May I have your name?")
    talk.says("My name is Greta Holm.", "And your date of birth?")
    talk.says("I was born on the ninth of June 1950.", "Which day would suit you?")
    talk.says("On Monday.", "Morning or afternoon, and at what time?")
    assert talk.says("At half past nine in the morning.") == ("confirm", "receptionist")
    assert talk.says("Sorry, on which day was that?") == ("confirm", "receptionist")
    assert talk.says("Sorry, where exactly was that?") == ("hours", "receptionist")


def test_the_slow_loop_does_not_ask_about_a_turn_that_only_answers() -> None:
    talk = Talk("town")
    talk.says("My name is Yuki")
    talk.says("six rolls, please", "Anything else, my friend?")
    talk.session.caller_said("and a cinnamon bun, please.", today=TODAY)
    assert talk.session.state.slots["extra"].value == "bun"
    likeliest = talk.decider.likely(talk.session.state, "and a cinnamon bun, please.", today=TODAY)[0]
    assert likeliest.probability < SURE_LIVE, "otherwise this says nothing"
    assert questions(talk.cast, talk.decider, talk.session.state, today=TODAY) == ()


def test_a_yes_that_says_it_was_said_is_a_yes() -> None:
    talk = Talk("restaurant")
    talk.says("I'd like to book a table for four on Friday at seven, under Brook", "Is that right?")
    assert talk.session.state.place.scene == "confirm"
    talk.session.caller_said("Wait, make it five people, perfect.", today=TODAY)
    assert talk.session.state.place.scene == "confirm", "it is said again before it is booked"
    assert talk.session.state.slots["guests"].value == 5.0
    talk.session.agent_heard("So that is a table for 5. Is that right?")
    assert talk.says("Yes, that's right, just as I said.") == ("farewell", "host")


def read_out() -> Talk:
    talk = Talk("restaurant")
    again = "So that is a table for 4, on Friday, 8 May, at 19:00, in the name of Brook. Is that right?"
    talk.says("I'd like to book a table for four on Friday at seven, under Brook", again)
    assert talk.session.state.place.scene == "confirm"
    return talk


@pytest.mark.parametrize(
    ("words", "slot", "value"),
    [
        ("Yes, that's right, but on Saturday, not on Friday.", "day", "2026-05-09"),
        ("No, at eight.", "hour", "20:00"),
        ("No, Saturday.", "day", "2026-05-09"),
        ("Yes, but at eight o'clock.", "hour", "20:00"),
        ("Yes, except the time, it should be eight.", "hour", "20:00"),
        ("Yes, but on Saturday.", "day", "2026-05-09"),
        ("Not Friday, Saturday.", "day", "2026-05-09"),
        ("No, five people.", "guests", 5.0),
        ("No, it's Brooks, not Brook.", "caller", "Brooks"),
        ("Could we make it Saturday instead?", "day", "2026-05-09"),
    ],
)
def test_what_is_read_out_is_corrected_before_it_is_booked(words: str, slot: str, value: str | float) -> None:
    talk = read_out()
    before = {name: filled.value for name, filled in talk.session.state.slots.items()}
    talk.session.caller_said(words, today=TODAY)
    state = talk.session.state
    assert (state.place.scene, state.called) == ("confirm", ())
    assert {name: filled.value for name, filled in state.slots.items()} == before | {slot: value}
    assert owed_opening(talk.cast, state), "it is said again"


@pytest.mark.parametrize(
    "words", ["Yes, but not on Friday.", "Yes, everything except the time.", "Not at seven."]
)
def test_what_is_read_out_is_not_booked_while_some_of_it_is_wrong(words: str) -> None:
    talk = read_out()
    assert talk.says(words)[0] in ("confirm", "booking")
    assert "farewell" not in [entry.body.get("command", {}).get("scene") for entry in talk.session.entries]


@pytest.mark.parametrize(
    "words", ["Yes, that's right.", "Yes, on Friday at seven, that's right.", "Perfect, thank you."]
)
def test_a_yes_to_what_is_read_out_is_one(words: str) -> None:
    assert read_out().says(words) == ("farewell", "host")


@pytest.mark.parametrize(
    ("words", "question", "answer", "slot", "value"),
    [
        ("Not on Friday.", "For which day?", "Saturday.", "day", "2026-05-09"),
        ("Yes, but not on Friday.", "For which day?", "On Saturday.", "day", "2026-05-09"),
        ("Not at seven.", "And at what time?", "Eight.", "hour", "20:00"),
        ("We're not four.", "For how many people?", "Five.", "guests", 5.0),
        ("No, not Brook.", "What name may I write down?", "Brooks.", "caller", "Brooks"),
        ("No, eight.", "Do you mean how many guests, or when they come?", "The time.", "hour", "20:00"),
        ("No, eight.", "Do you mean how many guests, or when they come?", "At eight.", "hour", "20:00"),
        ("No, eight.", "Do you mean how many guests, or when they come?", "The guests.", "guests", 8.0),
    ],
)
def test_what_was_read_out_and_is_wrong_is_asked_for_before_it_is_booked(
    words: str, question: str, answer: str, slot: str, value: str | float
) -> None:
    talk = read_out()
    before = {name: filled.value for name, filled in talk.session.state.slots.items()}
    for said in (words, "Yes."):
        talk.session.caller_said(said, today=TODAY)
        due = question_due(talk.cast, talk.session.state)
        assert (talk.session.state.place.scene, due and due.question) == ("confirm", question)
        talk.session.agent_heard(question)
    talk.session.caller_said(answer, today=TODAY)
    state = talk.session.state
    assert {name: filled.value for name, filled in state.slots.items()} == before | {slot: value}
    assert owed_opening(talk.cast, state), "it is said again"
    assert encoded(fold(talk.cast, talk.session.entries)) == encoded(state)
    talk.session.agent_heard(owed_opening(talk.cast, state) or "")
    assert talk.says("Yes, that's right.") == ("farewell", "host")


def test_what_is_taken_back_in_another_topic_is_asked_for_after_it() -> None:
    talk = Talk("restaurant")
    talk.says("A table for four on Friday at seven, please.", "What name may I write down?")
    assert talk.says("what wine do you recommend", "Red or white?") == ("cellar", "sommelier")
    talk.says("Actually, not on Friday.", "Red or white?")
    assert "day" not in talk.session.state.slots
    due = question_due(talk.cast, talk.session.state)
    assert due is not None
    assert due.question == "Red, white, or something without alcohol?"
    talk.says("thank you Odette, I'll take the red", "There you are.")
    assert talk.session.state.place.scene == "booking"
    talk.says("Saturday.")
    assert talk.session.state.slots["day"].value == "2026-05-09"


def test_a_question_in_between_corrects_nothing_that_wasread_out() -> None:
    talk = read_out()
    assert talk.says("No, wait, are you open on Monday?") == ("hours", "host")
    assert talk.session.state.slots["day"].value == "2026-05-08"


def test_an_answer_with_a_topic_in_it_is_both() -> None:
    talk = Talk("restaurant")
    talk.says("I'd like to book a table", "For how many people?")
    assert talk.says("Four people, and one of us has a nut allergy.") == ("allergies", "cook")
    assert talk.session.state.slots["guests"].value == 4.0


def test_what_waits_for_a_yes_is_said_again_after_another_topic() -> None:
    talk = Talk("clinic")
    talk.says("I'd like to make an appointment", "May I have your name?")
    talk.says("My name is Greta Holm, born on the ninth of June 1950", "Which day would suit you?")
    again = "So that is Monday, 11 May at 09:30, for Greta Holm. Is that right?"
    talk.says("On Monday at half past nine", again)
    assert owed_opening(talk.cast, talk.session.state) is None
    assert talk.says("Where exactly are you?", "In Linden Street.") == ("hours", "receptionist")
    talk.session.caller_said("Yes, that's right.", today=TODAY)
    assert talk.session.state.place.scene == "confirm", "nothing is booked unasked"
    assert owed_opening(talk.cast, talk.session.state) == again
    talk.session.agent_heard(again)
    talk.session.caller_said("No wait, make it ten o'clock.", today=TODAY)
    assert (talk.session.state.place.scene, talk.session.state.slots["hour"].value) == ("confirm", "10:00")
    assert owed_opening(talk.cast, talk.session.state) == again.replace("09:30", "10:00")
    talk.session.agent_heard(again)
    assert talk.says("Yes, please.") == ("goodbye", "receptionist")


def test_words_that_say_nothing_new_change_nothing() -> None:
    talk = Talk("restaurant")
    decision, verdicts = talk.session.caller_said("hm, let me think for a moment", today=TODAY)
    assert decision.commands == verdicts == ()
    assert decision.likely[0].option.key == "stay"
    assert sum(each.probability for each in decision.likely) == pytest.approx(1.0)


def test_likely_moves_show_before_the_sentence_is_over() -> None:
    talk = Talk("restaurant")
    talk.says("a table for four please")
    words = ["what", "wine", "do", "you", "recommend"]
    chances = [
        {
            each.option.key: each.probability
            for each in talk.decider.likely(talk.session.state, part, today=TODAY)
        }
        for part in (" ".join(words[:count]) for count in range(1, 6))
    ]
    assert chances[-1]["jump:wine"] > 0.5
    assert max(chances[1], key=lambda key: chances[1][key] * (key != "stay")) == "jump:wine"


def test_a_task_is_done_when_the_agent_was_heard_doing_it() -> None:
    talk = Talk("town")
    talk.says("My name is Yuki", "Good morning, my friend!")
    talk.says("six rolls and a bun")
    assert talk.says("here you are thank you", "Single or return?") == ("station", "clerk")
    assert talk.session.state.ticked == ()
    talk.says("a single please", "Platform two, and that is eight pounds.")
    assert talk.session.state.ticked == ("station: say the platform and the price",)
    assert talk.session.entries[-1].body["command"]["task"] == "say the platform and the price"


def test_goodbye_ends_it_where_it_may_end() -> None:
    talk = Talk("restaurant")
    assert talk.says("no that's all thanks")[0] == "farewell"
    decision, _ = talk.session.caller_said("thank you goodbye", today=TODAY)
    assert decision.commands == (Leave(),)
    assert talk.session.state.ended


def test_options_are_what_the_cast_allows_from_here() -> None:
    talk = Talk("restaurant")
    keys = [option.key for option in options(talk.cast, talk.session.state)]
    assert keys[:4] == ["stay", "way:booking", "way:change", "way:farewell"]
    assert "persona:host" not in keys
    assert "back" not in keys
    talk.says("can I talk to the sommelier")
    moves = {option.key: option.move for option in options(talk.cast, talk.session.state)}
    assert moves["back"] == Return()
    assert moves["back:booking"] == Return(("booking",))
    assert moves["persona:host"] == Return()
    assert moves["persona:cook"] == JumpTo("kitchen")
    assert "jump:wine" not in moves


def test_another_persona_who_took_over_gives_the_scene_back() -> None:
    talk = Talk("restaurant")
    talk.session.caller_said("hello", today=TODAY)
    talk.session.propose(SwitchPersona("cook"), name="x", by="client")
    moves = {option.key: option.move for option in options(talk.cast, talk.session.state)}
    assert moves["back:persona"] == SwitchPersona("host")


def test_the_judges_and_their_line() -> None:
    talk = Talk("restaurant")
    found, features = talk.decider.judged(talk.session.state, "I'd like to book a table", today=TODAY)
    assert features.shape == (len(found), len(FEATURES))
    way = [option.key for option in found].index("way:booking")
    assert features[way, FEATURES.index("similar")] == pytest.approx(1.0)
    assert features[way, FEATURES.index("shared")] == 1.0
    chances = likely(found, features, FITTED)
    assert chances[0].option.key == "way:booking"
    nothing = likely(found, np.zeros_like(features), FITTED)
    assert nothing[0].option.key == "stay"


def test_a_turn_is_looked_at_in_parts() -> None:
    text = "All right, thanks. I don't feel well, and I have a cough."
    assert segments(text) == [text, "All right", "I don't feel well", "I have a cough."]
    assert len(segments("one two, three four, five six, seven eight, nine ten")) == 4


def test_margins_are_what_a_model_says_beyond_what_it_says_of_nothing() -> None:
    talk = Talk("restaurant")
    model = ScriptedLanguageModel(LanguageModelSettings())
    found = options(talk.cast, talk.session.state)
    margins = Margins(model).of(found, "yes, I would like a table", agent_said="Do you want a table?")
    assert set(margins) == {option.key for option in found if option.move is not None}
    assert len(set(margins.values())) >= 1
    # This model finds words of the question likely: "yes" is one by now, and was none of "Hello?".
    assert all(margin >= 0 for margin in margins.values())

    class Raised:
        def is_set(self) -> bool:
            return True

    assert Margins(model).of(found, "yes", cancel=Raised()) == {}


def test_commands_come_slots_first_then_one_move() -> None:
    talk = Talk("restaurant")
    decision, _ = talk.session.caller_said("a table for four on Friday please", today=TODAY)
    assert decision.commands == (SetSlot("guests", 4.0), SetSlot("day", "2026-05-08"), GoTo("booking"))


def test_a_session_goes_on_where_its_journal_ends() -> None:
    talk = Talk("restaurant")
    talk.says("I'd like to book a table for four")
    kept = list(talk.session.entries)
    again = CastSession(talk.cast, talk.decider, entries=kept)
    assert encoded(again.state) == encoded(talk.session.state)
    again.caller_said("what wine do you recommend", today=TODAY)
    assert again.state.place.persona == "sommelier"
    assert again.entries[len(kept)].sequence == len(kept) + 1
    with pytest.raises(ContractBroken, match="another version"):
        CastSession(CASTS["clinic"], DECIDERS["clinic"], entries=kept)
