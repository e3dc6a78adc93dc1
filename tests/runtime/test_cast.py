"""A cast in a live conversation: who answers, in which voice, from which prompt, what is said only once."""

from collections.abc import Iterator
from typing import Any

import pytest

from antiphon.contracts import EngineBroken, Finish, JournalEntry, Prompt
from antiphon.runtime.events import (
    PromptCompiled,
    ReplyAudio,
    ReplyEnded,
    ReplyStarted,
    StateChanged,
    TranscriptSettled,
)
from antiphon.runtime.settings import ReplyRequest
from antiphon.samp import read_cast
from antiphon.samp.commands import CorrectSlot, GoTo
from antiphon.samp.fold import fold

from .shop import CLERK, OWNER, SHOP, Shop, shop, text_of
from .stage import QUICK, TYPED
from .virtual import in_virtual_time, until


@in_virtual_time
async def test_the_agent_speaks_first_and_says_the_opening_word_for_word_and_once() -> None:
    stage = Shop("Certainly.")
    await stage.greeted()
    assert stage.received_words() == "Good day, what can I do for you?"
    assert {voice for voice, _ in stage.spoken} == {CLERK}
    await stage.told("I look for something nice")
    assert stage.received_words() == "Good day, what can I do for you? Certainly."
    assert stage.place == ("hello", "clerk")


@in_virtual_time
async def test_the_caller_who_needs_the_owner_is_answered_by_him_in_the_same_turn_and_in_his_voice() -> None:
    stage = Shop("Certainly.")
    await stage.greeted()
    reply = await stage.told("twelve pieces please")
    assert stage.place == ("wholesale", "owner")
    assert text_of(reply) == "So many of them, good."
    assert stage.spoken[-1][0] == OWNER
    changed = next(event for event in stage.all(StateChanged) if event.moved)
    assert changed.moved is not None
    assert (changed.moved.origin, changed.moved.to, changed.moved.by) == ("hello", "wholesale", "live")
    assert (changed.persona, changed.voice) == ("owner", OWNER)
    assert {slot.name: slot.value for slot in changed.slots} == {"count": 12.0, "colour": None}


@in_virtual_time
async def test_what_the_caller_told_and_asks_for_is_told_without_the_model() -> None:
    stage = Shop("Certainly.")
    await stage.greeted()
    await stage.told("four pieces please")
    asked = len(stage.prompts())
    reply = await stage.told("how many pieces did I say?")
    assert text_of(reply) == "4."
    assert len(stage.prompts()) == asked


@in_virtual_time
async def test_who_takes_over_says_so_before_the_model_has_thought() -> None:
    stage = Shop("Certainly.", "Which colour?")
    await stage.greeted()
    reply = await stage.told("can I speak to your boss")
    assert stage.place == ("hello", "owner")
    assert text_of(reply).startswith("This is Bob.")
    assert {voice for voice, text in stage.spoken if "Bob" in text} == {OWNER}
    (prompt,) = stage.prompts()
    assert "Answer the caller as Bob, the owner." in prompt
    assert "The discount is ten percent." in prompt
    assert prompt.endswith("assistant: This is Bob.")


@in_virtual_time
async def test_a_prompt_is_accounted_for_and_all_but_its_end_was_read_before() -> None:
    stage = Shop("How many?", "Which colour?", "Good.")
    await stage.greeted()
    await stage.told("I look for something nice")
    await stage.told("five pieces")
    assert stage.place == ("colours", "clerk")
    told = stage.all(PromptCompiled)[-1]
    assert sum(section.tokens for section in told.sections) == told.tokens
    assert told.sections[0].name == "stable"
    assert told.sections[0].cached
    assert told.evaluated_tokens is not None
    assert told.evaluated_tokens < told.tokens / 3


@in_virtual_time
async def test_what_is_asked_for_is_taken_to_be_answered_so_that_nothing_is_left_to_read() -> None:
    stage = Shop("How many?", "Which colour?", "Red is good.", "Fine.")
    await stage.greeted()
    await stage.told("five pieces")
    await stage.told("red one please")
    told = stage.all(PromptCompiled)[-1]
    assert told.evaluated_tokens is not None
    assert told.evaluated_tokens <= len(["red", "one", "please"]) + 1  # the words, and the mark of the answer


@in_virtual_time
async def test_a_caller_who_goes_on_after_a_pause_is_answered_by_whom_all_their_words_ask_for() -> None:
    stage = Shop("-", "We open at eight.")
    await stage.greeted()
    await stage.says("twelve pieces", then_silent_ms=220)
    assert (OWNER, "So many of them,") in stage.spoken, "nothing was made ahead"
    assert stage.place == ("hello", "clerk"), "a guess has moved the conversation"
    reply = await stage.told("when do you open in the morning")
    assert stage.place == ("hours", "clerk")
    assert text_of(reply) == "We open at eight."
    assert "So many" not in stage.received_words()
    moves = [event.moved for event in stage.all(StateChanged) if event.moved]
    assert len(moves) == 1


@in_virtual_time
async def test_an_opening_that_was_cut_off_is_not_begun_again() -> None:
    stage = Shop("Go on.", "Certainly.")
    await stage.is_silent_until(ReplyAudio)
    await stage.is_silent(600)
    await stage.says("wait stop please stop now")
    await stage.is_silent_until(ReplyEnded, 2)
    heard, reply = stage.all(ReplyEnded)
    assert 0 < len(text_of(heard).split()) < 8
    assert text_of(reply) == "Certainly."
    assert "You were cut off before you could say" in stage.prompts()[-1]


@in_virtual_time
async def test_an_opening_of_which_nothing_was_heard_is_still_owed() -> None:
    stage = Shop("Certainly.")
    stage.lanes["synthesizer"].delay_ms = 2_000
    reply = await stage.told("hello is there anybody")
    stage.lanes["synthesizer"].delay_ms = 0
    assert text_of(stage.all(ReplyEnded)[-1]).startswith("Good day") or text_of(reply) == ""
    await stage.is_silent(4_000)
    assert stage.received_words().count("Good day") == 1


@in_virtual_time
@pytest.mark.parametrize("why", ["broken", "wordless"])
async def test_an_answer_that_came_to_nothing_is_tried_again_when_the_caller_speaks(why: str) -> None:
    stage = Shop("Which colour?")
    await stage.greeted()
    model = stage.parts.language_model
    whole, asked = model.generate, list[str]()

    def came_to_nothing(prompt: Prompt, *_: Any, **__: Any) -> Iterator[Finish]:
        asked.append(prompt.messages[-1].content)
        if why == "broken":
            raise EngineBroken("scripted", "out of memory")
        return iter((Finish("stop"),))

    model.generate = came_to_nothing
    await stage.told("five pieces please")
    await stage.is_silent(3_000)
    assert len(asked) <= 2
    assert len(stage.all(ReplyEnded)) == 2
    model.generate = whole
    assert text_of(await stage.told("hello are you there")) == "Which colour?"


@in_virtual_time
async def test_an_answer_that_a_client_cancels_before_it_sounds_is_not_given_all_the_same() -> None:
    stage = Shop("Which colour?", "Certainly.")
    await stage.greeted()
    stage.lanes["synthesizer"].delay_ms = 2_000
    await stage.says("five pieces please")
    await stage.is_silent_until(ReplyStarted, 2)
    stage.session.cancel_reply()
    await stage.is_silent(4_000)
    assert len(stage.all(ReplyStarted)) == 2


@in_virtual_time
async def test_a_typed_turn_is_a_turn_and_the_client_asks_for_the_greeting() -> None:
    stage = Shop("Which colour?", settings=TYPED)
    assert text_of(await stage.asks()) == "Good day, what can I do for you?"
    stage.types("five pieces please", "a")
    assert text_of(await stage.asks()) == "Which colour?"
    assert stage.place == ("colours", "clerk")


@pytest.mark.parametrize("words_ms", [0, 600], ids=["words in time", "words after the commit"])
@in_virtual_time
async def test_who_types_and_then_speaks_is_answered_to_both(words_ms: float) -> None:
    stage = Shop("Certainly.", "A red one.")
    stage.lanes["transcriber"].delay_ms = words_ms
    await stage.greeted()
    stage.types("five pieces please", "a")
    await stage.told("what is a good one")
    assert stage.prompts()[-1].endswith("user: five pieces please. what is a good one")
    assert stage.place == ("colours", "clerk")
    commits = [entry.body for entry in stage.journal if entry.kind == "caller_turn_committed"]
    assert [(body["text"], body["spoken"]) for body in commits] == [
        ("five pieces please. what is a good one", "what is a good one")
    ]
    await stage.told("I am not sure")
    assert stage.prompts()[-1].endswith("user: I am not sure")
    again = Shop(shelf=stage.shelf)
    assert [item.text for item in again.session.items if item.role == "user"] == [
        "five pieces please",
        "what is a good one",
        "I am not sure",
    ]


@in_virtual_time
async def test_what_is_typed_in_a_pause_is_answered_and_what_is_deleted_is_not() -> None:
    stage = Shop("Certainly.", "A red one.")
    await stage.greeted()
    stage.types("twelve pieces please", "a")
    stage.session.delete_item("a")
    await stage.says("what is a good one", then_silent_ms=200)
    stage.types("five pieces please", "b")
    await stage.is_silent_until(ReplyEnded, 2)
    assert stage.prompts()[-1].endswith("user: five pieces please. what is a good one")
    assert stage.place == ("colours", "clerk")


@in_virtual_time
async def test_a_turn_nobody_answers_moves_the_conversation_as_well() -> None:
    from antiphon.runtime.settings import ServerVad

    quiet = QUICK.__class__(turn_detection=ServerVad(silence_duration_ms=300, create_response=False))
    stage = Shop("Certainly.", settings=quiet)
    await stage.says("five pieces please")
    await stage.is_silent_until(TranscriptSettled)
    await stage.is_silent(200)
    assert stage.place == ("colours", "clerk")
    assert stage.all(ReplyStarted) == []


@in_virtual_time
async def test_what_the_slow_loop_proposes_makes_a_waiting_answer_void() -> None:
    stage = Shop("Certainly.")
    await stage.greeted()
    await stage.told("five pieces please")
    assert stage.place == ("colours", "clerk")
    playing = stage.session.playing
    assert playing is not None
    await stage.says("well let me see", then_silent_ms=200)
    state = playing.state
    verdict = playing.propose(
        CorrectSlot("count", 5.0, 12.0), name="slow-1", base=state.version, turn=state.turn
    )
    assert verdict.outcome == "applied"
    await stage.is_silent_until(ReplyEnded, 3)
    assert "how many: 12" in stage.prompts()[-1]
    late = playing.propose(GoTo("wholesale"), name="slow-2", base=0, turn=1)
    assert late.outcome == "dropped"


@in_virtual_time
async def test_the_state_is_the_fold_of_the_journal() -> None:
    stage = Shop("How many?", "Which colour?", "Red is good.")
    await stage.greeted()
    await stage.told("twelve pieces")
    await stage.told("fine let us do that")
    await stage.told("red please")
    await stage.session.close()
    await until(lambda: stage.journal[-1].kind == "session_closed")
    playing = stage.session.playing
    assert playing is not None
    assert fold(shop().cast, stage.journal) == playing.state
    kinds = [entry.kind for entry in stage.journal]
    assert kinds.count("cast_opened") == 1
    assert kinds.index("cast_opened") < kinds.index("caller_turn_committed")


@in_virtual_time
async def test_a_killed_conversation_goes_on_where_it_was() -> None:
    stage = Shop("-", "Which colour?", "Red is good.")
    await stage.greeted()
    await stage.told("five pieces please")
    shelf: dict[str, list[JournalEntry]] = {"sess_1": list(stage.journal)}
    assert "session_closed" not in {entry.kind for entry in shelf["sess_1"]}
    again = Shop("-", "Which colour?", "Red is good.", shelf=shelf)
    assert again.session.playing is not None
    assert stage.session.playing is not None
    assert again.session.playing.state == stage.session.playing.state
    assert [item.text for item in again.session.items] == [item.text for item in stage.session.items]
    reply = await again.told("red please")
    assert text_of(reply) == "Red is good."
    assert "Good day" not in again.received_words()
    assert [entry.sequence for entry in again.journal] == list(range(1, len(again.journal) + 1))
    assert again.session.playing.state.slots["colour"].value == "red"


@in_virtual_time
async def test_a_greeting_that_was_being_said_when_the_process_died_is_not_said_twice() -> None:
    stage = Shop("Certainly.")
    await stage.is_silent_until(ReplyAudio)
    await stage.is_silent(900)
    shelf = {"sess_1": list(stage.journal)}
    assert "reply_ended" not in {entry.kind for entry in shelf["sess_1"]}
    again = Shop("Certainly.", shelf=shelf)
    await again.is_silent(3_000)
    assert again.received_words() == ""
    heard = [e.body["heard"] for e in again.journal if e.kind == "reply_ended"]
    assert len(heard) == 1
    assert "Good day, what can I do for you?".startswith(heard[0])


@in_virtual_time
async def test_a_client_may_ask_for_an_answer_while_nothing_was_said() -> None:
    stage = Shop("Certainly.", settings=TYPED)
    await stage.asks()
    assert text_of(await stage.asks(ReplyRequest())) == "Certainly."


def test_a_conversation_with_another_cast_does_not_go_on() -> None:
    other = read_cast(SHOP.replace("A small shop.", "A large shop."))
    entry = JournalEntry(
        session="s", sequence=1, at=0, kind="cast_opened", body={"cast": "x", "digest": "other"}
    )
    with pytest.raises(Exception, match="another version"):
        fold(other, [entry])
