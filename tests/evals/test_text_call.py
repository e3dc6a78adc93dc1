"""A whole conversation in writing, with an agent that follows a script."""

import msgspec

from antiphon.contracts import EngineBroken
from antiphon.evals.making import record
from antiphon.evals.records import Conversation
from antiphon.evals.scenario import Manner, Scenario
from antiphon.evals.text_call import Answer, Told, converse

from .talks import scenario
from .test_checks import TODAY


class Scripted:
    """Answers from a list; remembers what was heard of each."""

    def __init__(self, *answers: Answer | None) -> None:
        self._answers = list(answers)
        self.was_heard: list[str] = []

    def begin(self, seed: int) -> Answer | None:
        return Answer(text="The bakery, good morning.", first_ms=0)

    def answer(self, said: str) -> Answer:
        found = self._answers.pop(0)
        if found is None:
            raise EngineBroken("scripted", "it broke")
        return found

    def heard(self, text: str) -> None:
        self.was_heard.append(text)


def says(text: str, **more: object) -> Answer:
    return msgspec.convert({"text": text, "first_ms": 300, **more}, Answer)


def held(agent: Scripted, one: Scenario | None = None, seed: int = 1) -> Conversation:
    one = one or scenario()
    return record(converse(agent, one, seed), name="rolls", scenario=one, seed=seed, mode="text", today=TODAY)


ASKS = (says("How many would you like?"), says("Rye? Yes. Which day?"), says("Good."), says("Bye!"))


def test_a_conversation_from_opening_to_farewell() -> None:
    state = Told(
        name="state",
        data={"slots": [{"name": "rolls", "value": 4}, {"name": "day", "value": "2026-05-08"}]},
    )
    agent = Scripted(*ASKS[:-1], msgspec.structs.replace(ASKS[-1], told=(state,)), says("Goodbye!"))
    found = held(agent)
    assert [line.intent for line in found.transcript if line.who == "caller"] == [
        "opens",
        "tells:count",
        "tells:day",
        "brings_up",
        "leaves",
    ]
    assert found.outcome.success is True
    assert found.outcome.ended == "caller"
    assert found.gate.kept
    assert found.measures["latency_ms"] == 300
    assert found.measures["missed"] == 0
    assert agent.was_heard[0] == "The bakery, good morning."


def test_an_agent_that_ends_it_has_the_last_word() -> None:
    found = held(Scripted(says("We are closed. Goodbye.", over=True)))
    assert found.outcome.ended == "agent"
    assert found.gate.kept


def test_an_agent_that_says_nothing_is_given_up_on() -> None:
    found = held(Scripted(*[says("")] * 3))
    assert found.outcome.ended == "gave_up"
    assert found.outcome.success is False
    assert found.measures["missed"] == 1
    assert found.measures["repeats"] == 2 / 3
    assert found.gate.kept


def test_who_has_taken_leave_does_not_wait_for_an_answer() -> None:
    found = held(Scripted(*ASKS, says("")))
    assert found.transcript[-1].intent == "leaves"
    assert found.outcome.ended == "caller"
    assert found.measures["missed"] == 1 / 5
    assert found.gate.kept


def test_an_agent_that_breaks_has_failed() -> None:
    found = held(Scripted(None))
    assert (found.outcome.ended, found.outcome.problem) == ("failed", "scripted: it broke")
    assert found.outcome.success is False


def test_who_is_cut_into_is_heard_in_part() -> None:
    one = msgspec.structs.replace(scenario(), manner=Manner(interrupts=1.0))
    agent = Scripted(*[says("We have rolls and rye and buns and cakes and much more, you know.")] * 9)
    found = held(agent, one)
    answers = [line for line in found.transcript if line.who == "agent" and line.act == "turn"]
    assert answers[0].cut_at_ms is not None
    assert answers[0].heard == agent.was_heard[1]
    assert answers[0].text.startswith(answers[0].heard or "?")
    assert len((answers[0].heard or "").split()) < 13
    assert [line.act for line in found.transcript if line.who == "caller"][1] == "interruption"


def test_the_same_seed_gives_the_same_conversation() -> None:
    assert held(Scripted(*ASKS, *ASKS), seed=5) == held(Scripted(*ASKS, *ASKS), seed=5)
