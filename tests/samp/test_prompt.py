"""Every token is accounted for, budgets are kept, and what was told in confidence stays where it was told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import ContractBroken, EngineSetup, Prompt
from antiphon.engines.scripted import ScriptedLanguageModel
from antiphon.samp import read_cast
from antiphon.samp.commands import GoTo, JumpTo, Return, SetSlot
from antiphon.samp.handover import taking_over, without_taking_over
from antiphon.samp.now import now_lines
from antiphon.samp.prompt import Budget, Compiled, Fact, compile_prompt

from .casts import example
from .talks import Talk, talks

MODEL = ScriptedLanguageModel.open(EngineSetup(weights=pytest.fail))
RESTAURANT, CLINIC, TOWN = (read_cast(example(name)) for name in ("restaurant", "clinic", "town"))


def count(text: Prompt | str) -> int:
    """Words, and not additive over lines: as a real tokenizer, it joins what meets."""
    words = MODEL.count_tokens(text)
    return words - text.count("\n") if isinstance(text, str) else words


def compiled(talk: Talk, tokens: int = 4000, **more: Any) -> Compiled:
    return compile_prompt(
        talk.cast, talk.state, count=count, budget=Budget(tokens=tokens, token_ms=2.0), **more
    )


def text_of(prompt: Prompt) -> str:
    return "\n".join(message.content for message in prompt.messages)


@given(
    talk=talks([RESTAURANT, CLINIC, TOWN]),
    saying=st.none() | st.just("and what about"),
    tokens=st.integers(250, 900),
)
def test_sections_add_up_and_the_budget_is_kept(talk: Talk, saying: str | None, tokens: int) -> None:
    whole = compiled(talk, saying=saying)
    assert whole.tokens == count(whole.prompt) == sum(section.tokens for section in whole.sections)
    facts = [Fact(f"fact number {n} of some length") for n in range(5)]
    try:
        small = compiled(talk, tokens, saying=saying, facts=facts)
    except ContractBroken:
        bare = sum(s.tokens for s in whole.sections if s.name not in ("history", "now: knows"))
        assert bare > tokens * 0.9, "it gave up although there was something to spare"
        return
    assert count(small.prompt) == small.tokens <= tokens
    assert small.prompt.messages[0] == whole.prompt.messages[0]
    assert small.prompt.open is (saying is not None)


def test_the_beginning_stays_while_the_conversation_goes_on() -> None:
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller("I'd like to book a table")
    first = compiled(talk)
    assert first.fresh_tokens == first.tokens
    talk.propose(GoTo("booking"), base=0, turn=1)
    talk.reply(20)
    talk.caller("For four of us")
    talk.propose(SetSlot("guests", 4.0), base=1, turn=2)
    second = compiled(talk, before=first)
    *kept, _, _ = first.prompt.messages
    assert list(second.prompt.messages[: len(kept)]) == kept
    assert [section.ms for section in second.sections][:1] == [0.0]
    assert second.fresh_tokens < second.tokens / 2
    assert second.ms == second.fresh_tokens * 2.0


def test_the_short_part_says_who_speaks_what_for_and_what_is_open() -> None:
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller("A table for four")
    talk.propose(SetSlot("guests", 4.0), base=0, turn=1)
    talk.propose(GoTo("booking"), base=1, turn=1)
    now = compiled(talk, facts=[Fact("Helen came last year")]).prompt.messages[-2].content
    assert now.splitlines()[0].startswith(
        "Answer the caller as Maya, the host of the restaurant. How they speak: Warm, quick"
    )
    assert "Not to be asked for any more: how many guests." in now
    assert "Agreed so far" not in now
    assert "From earlier: Helen came last year" in now
    assert "Do now: ask: For which day?" in now
    assert "when they come" not in now, "a small model would ask for what comes later"
    older = msgspec.structs.replace(talk.state, rules=1)
    assert any(line.text.startswith("Later, not now") for line in now_lines(RESTAURANT, older, ())), (
        "a journal of before would not replay"
    )
    talk.reply(10)
    talk.caller("On Friday")
    assert "Agreed so far: how many guests: 4." in compiled(talk).prompt.messages[-2].content


def about_to_book() -> Talk:
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller("I'd like to book a table")
    talk.propose(GoTo("booking"), base=0, turn=1)
    talk.reply(40)
    return talk


def test_what_a_turn_changes_stands_behind_what_it_does_not() -> None:
    talk = about_to_book()
    before = [line.text for line in now_lines(RESTAURANT, talk.state, ())]
    talk.caller("Four of us")
    talk.propose(SetSlot("guests", 4.0), base=1, turn=2)
    after = [line.text for line in now_lines(RESTAURANT, talk.state, ())]
    told = after.index("Not to be asked for any more: how many guests.")
    assert before[:told] == after[:told]
    assert any(line.startswith("Your aim:") for line in after[:told])
    assert any(line.startswith("Speak to the caller yourself") for line in after[:told])
    older = [line.text for line in now_lines(RESTAURANT, msgspec.structs.replace(talk.state, rules=3), ())]
    assert older.index(after[told]) < older.index(after[told - 2]) < older.index(after[told - 1]), (
        "a journal of before would not replay"
    )


def test_another_topic_leads_back_to_what_was_asked_before() -> None:
    talk = about_to_book()
    talk.caller("when are you open")
    talk.propose(JumpTo("hours"), base=1, turn=2)
    lines = [line.text for line in now_lines(RESTAURANT, talk.state, ())]
    assert "When that is answered, ask: For how many people?" in lines
    older = msgspec.structs.replace(talk.state, rules=2)
    assert not any("When that is answered" in line.text for line in now_lines(RESTAURANT, older, ()))
    talk.reply(40)
    talk.caller("how is the fish")
    talk.propose(JumpTo("kitchen"), base=2, turn=3)
    talk.reply(40)
    assert not any("When that" in line.text for line in now_lines(RESTAURANT, talk.state, ())), (
        "the cook takes no bookings"
    )


def test_who_asks_for_what_they_have_told_is_told_that() -> None:
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller("A table for four on Friday")
    talk.propose(SetSlot("guests", 4.0), base=0, turn=1)
    talk.propose(SetSlot("day", "2026-05-08"), base=1, turn=1)
    talk.reply(40)
    talk.caller("Sorry, on which day was that?")
    lines = [line.text for line in now_lines(RESTAURANT, talk.state, ())]
    assert lines[-1] == "They ask for it: the day of the visit: Friday, 8 May 2026."
    older = [line.text for line in now_lines(RESTAURANT, msgspec.structs.replace(talk.state, rules=2), ())]
    assert "Agreed so far: how many guests: 4; the day of the visit: 2026-05-08." in older
    assert not any("They ask" in line for line in older)


def test_a_budget_in_milliseconds_spares_what_can_be_spared() -> None:
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller("Hello")
    whole = compiled(talk)
    budget = Budget(tokens=4000, ms=60.0, token_ms=2.0)
    talk.reply(20)
    talk.caller("my wife cannot eat nuts")
    talk.propose(JumpTo("allergies"), base=0, turn=2)
    short = compile_prompt(talk.cast, talk.state, count=count, budget=budget, before=whole)
    names = {section.name for section in short.sections}
    assert "now: knows" not in names
    assert {"now: persona", "now: aim", "now: opening"} <= names
    assert [s.left_out for s in short.sections if s.name == "now: template"] == [
        len(RESTAURANT.personas["cook"].knows)
    ]
    generous = compile_prompt(
        talk.cast, talk.state, count=count, budget=Budget(tokens=4000, ms=9e9, token_ms=2.0), before=whole
    )
    assert any(section.name == "now: knows" for section in generous.sections)


def test_old_turns_go_in_stretches_and_stay_away() -> None:
    talk = Talk(RESTAURANT)
    before: Compiled | None = None
    firsts: list[int] = []
    for number in range(40):
        talk.caller(f"And number {number}, what about the weather and the garden and the river today?")
        before = compiled(talk, 600, before=before)
        firsts.append(before.first_turn)
        talk.reply(30)
    assert firsts == sorted(firsts)
    assert firsts[-1] > 1
    assert len(set(firsts)) < 12, "the cache is lost at almost every turn"
    (history,) = (section for section in before.sections if section.name == "history")
    assert history.left_out > 0


def secret_evening() -> Talk:
    """A birthday told to the host in confidence; then the caller asks for wine."""
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller("I'd like a table, and it is a surprise for my wife, so don't tell her.")
    talk.propose(JumpTo("secret"), base=0, turn=1)
    talk.reply(60)
    talk.caller("It's her birthday, she turns forty.")
    talk.propose(SetSlot("surprise", "It's her birthday, she turns forty"), base=1, turn=2)
    talk.propose(Return(), base=2, turn=2)
    talk.reply(60)
    return talk


def test_what_was_told_in_confidence_stays_with_whom_it_was_told() -> None:
    talk = secret_evening()
    talk.caller("What wine do you recommend?")
    assert "turns forty" in text_of(compiled(talk).prompt)
    talk.propose(JumpTo("cellar"), base=3, turn=3)
    facts = [Fact("the wife turns forty", ("host",)), Fact("Helen likes red")]
    wine = text_of(compiled(talk, facts=facts).prompt)
    assert "Answer the caller as Odette" in wine
    assert "Helen likes red" in wine
    for word in ("turns forty", "birthday", "surprise", "lips are sealed"):
        assert word not in wine
    talk.reply(20)
    talk.caller("Thank you")
    talk.propose(Return(), base=4, turn=4)
    assert "turns forty" in text_of(compiled(talk, facts=facts).prompt)


def test_a_discreet_persona_confides_only_where_the_cast_says_so() -> None:
    talk = Talk(TOWN)
    talk.caller("My name is Yuki")
    for base, scene in enumerate(["bakery", "station", "park"]):
        talk.propose(SetSlot("learner", "Yuki"), base=0, turn=1)
        talk.propose(GoTo(scene), base=talk.state.version, turn=base + 1)
        talk.reply(60)
        talk.caller(
            "Here you are, thank you goodbye" if scene != "park" else "I'll buy you a cinnamon bun, Sam"
        )
    talk.propose(SetSlot("promise", "a cinnamon bun"), base=talk.state.version, turn=talk.state.turn)
    talk.reply(60)
    talk.caller("sorry?")
    state = talk.state
    for persona, knows in (("boy", True), ("tutor", True), ("baker", False), ("clerk", False)):
        place = type(state.place)("slower", persona)
        talk.state = type(state)(
            **{**{f: getattr(state, f) for f in state.__struct_fields__}, "place": place}
        )
        text = text_of(compiled(talk, saying="sorry").prompt)
        assert ("I'll buy you a cinnamon bun" in text) is knows, persona
        assert ("a cinnamon bun." in text) is knows, persona


SECRET = "the zanzibar protocol"


@given(talk=talks([RESTAURANT, CLINIC, TOWN]), data=st.data())
def test_no_secret_ever_leaks(talk: Talk, data: st.DataObject) -> None:
    """A secret told to one persona is in no prompt of a persona who was not there, whatever comes after."""
    talk.caller(f"between you and me, {SECRET}")
    there = {talk.state.place.persona}
    for _ in range(data.draw(st.integers(0, 6))):
        talk.reply(data.draw(st.integers(0, 40)))
        talk.caller("go on")
        scene = data.draw(st.sampled_from(sorted(talk.cast.scenes)))
        talk.propose(JumpTo(scene), base=talk.state.version, turn=talk.state.turn)
    persona = talk.state.place.persona
    trusted = {p for one in there for p in talk.cast.personas[one].confides_in} | there
    told = SECRET in text_of(compiled(talk, 100_000).prompt)
    assert told is (persona in trusted)


def test_a_change_of_speaker_is_an_order_and_no_line_to_be_read_aloud() -> None:
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller("can I talk to the chef")
    talk.propose(JumpTo("kitchen"), base=0, turn=1)
    talk.reply(20)
    talk.caller("What is good?")
    told = [message.content for message in compiled(talk).prompt.messages if message.role == "system"]
    assert told[1] == "From here on, answer as Bruno."
    assert told[2].startswith("Answer the caller as Bruno, the head cook.")


def test_who_has_taken_over_does_not_say_so_in_what_the_model_reads() -> None:
    assert without_taking_over(RESTAURANT, "host", "Maya again. Which day?") == "Which day?"
    assert without_taking_over(RESTAURANT, "host", "Maya again.") == "Maya again."
    assert without_taking_over(RESTAURANT, "cook", "Maya again. Which day?") == "Maya again. Which day?"
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller("can I talk to the chef")
    before = talk.state
    talk.propose(JumpTo("kitchen"), base=0, turn=1)
    assert taking_over(RESTAURANT, before, talk.state) == "This is Bruno."
    assert taking_over(RESTAURANT, before, before) == ""
