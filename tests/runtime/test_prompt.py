"""Prompts: never over budget, never an answer to a call nobody made, and alike from turn to turn."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import ContractBroken, EngineSetup, Message, Prompt, ToolCall
from antiphon.engines.scripted import ScriptedLanguageModel
from antiphon.runtime import ReplyRequest, SessionSettings
from antiphon.runtime.conversation import Item
from antiphon.runtime.prompt import KEEP_SHARE, Prompts, build_prompt, fit

from .stage import no_weights, scripted_config

MODEL = ScriptedLanguageModel.open(EngineSetup(weights=no_weights))


def said(number: int, words: int = 3, role: str = "user") -> Item:
    return Item(id=f"item_{number}", kind="message", role=role, text=" ".join([f"w{number}"] * words))


def call(number: int, call_id: str) -> Item:
    return Item(id=f"item_{number}", kind="function_call", call_id=call_id, name="clock", arguments="{}")


def output(number: int, call_id: str) -> Item:
    return Item(id=f"item_{number}", kind="function_call_output", call_id=call_id, text="noon")


KINDS = st.sampled_from(["user", "assistant", "call", "output"])


@st.composite
def records(draw: st.DrawFn) -> list[Item]:
    """Any record, with calls and outputs anywhere, as a client may leave it."""
    items: list[Item] = []
    for number, kind in enumerate(draw(st.lists(KINDS, max_size=25))):
        if kind == "call":
            items.append(call(number, f"call_{draw(st.integers(0, 3))}"))
        elif kind == "output":
            items.append(output(number, f"call_{draw(st.integers(0, 3))}"))
        else:
            items.append(said(number, draw(st.integers(0, 12)), kind))
    return items


def orphans(prompt: Prompt) -> list[Message]:
    """Outputs of calls that do not stand before them."""
    called: set[str] = set()
    lost: list[Message] = []
    for message in prompt.messages:
        called |= {tool_call.call_id for tool_call in message.tool_calls}
        if message.role == "tool" and message.call_id not in called:
            lost.append(message)
    return lost


def test_a_conversation_as_messages() -> None:
    items = [said(1), said(2, role="assistant"), call(3, "call_1"), output(4, "call_1"), said(5, words=0)]
    prompt = build_prompt("Be kind.", items, saying="and now")
    assert prompt.messages == (
        Message("system", "Be kind."),
        Message("user", "w1 w1 w1"),
        Message("assistant", "w2 w2 w2", (ToolCall("call_1", "clock", "{}"),)),
        Message("tool", "noon", call_id="call_1"),
        Message("user", "and now"),
    )


def test_what_somebody_says_in_pieces_is_one_message() -> None:
    prompt = build_prompt("", [said(1, 1), said(2, 1)], saying="w3")
    assert prompt.messages == (Message("user", "w1 w2 w3"),)


def test_one_turn_begins_with_all_of_the_last_one() -> None:
    first = [said(1), said(2, role="assistant")]
    before = build_prompt("Be kind.", first, saying="a question")
    after = build_prompt("Be kind.", [*first, said(3)], saying=None)
    assert after.messages[:3] == before.messages[:3]


@given(items=records(), budget=st.integers(5, 120), dropped=st.integers(0, 5), keep=st.sampled_from([0, 1]))
def test_the_budget_is_never_exceeded(items: list[Item], budget: int, dropped: int, keep: int) -> None:
    dropped = min(dropped, max(0, len(items) - keep))

    def build(kept: object) -> Prompt:
        return build_prompt("Be very kind.", kept, saying="so")

    try:
        prompt, left_out = fit(
            build, items, budget_tokens=budget, count=MODEL.count_tokens, dropped=dropped, keep=keep
        )
    except ContractBroken:
        alone = build(items[len(items) - keep :] if items else [])
        assert MODEL.count_tokens(alone) > budget
        return
    assert MODEL.count_tokens(prompt) <= budget
    assert dropped <= left_out <= max(dropped, len(items) - keep)
    assert prompt == build(items[left_out:])
    assert orphans(prompt) == []


@given(items=records())
def test_an_output_never_stands_without_its_call(items: list[Item]) -> None:
    for dropped in range(len(items)):
        assert orphans(build_prompt("", items[dropped:])) == []


def test_a_whole_stretch_is_dropped_at_once() -> None:
    items = [said(number, 10) for number in range(20)]
    prompt, dropped = fit(
        lambda kept: build_prompt("", kept), items, budget_tokens=150, count=MODEL.count_tokens
    )
    assert dropped > 5
    assert MODEL.count_tokens(prompt) <= 150 * KEEP_SHARE


def test_nothing_is_dropped_from_a_record_that_fits_or_that_may_not_be_cut() -> None:
    items = [said(number, 10) for number in range(20)]
    assert (
        fit(lambda kept: build_prompt("", kept), items, budget_tokens=500, count=MODEL.count_tokens)[1] == 0
    )
    with pytest.raises(ContractBroken, match="budget is 150"):
        fit(
            lambda kept: build_prompt("", kept),
            items,
            budget_tokens=150,
            count=MODEL.count_tokens,
            may_drop=False,
        )


def test_from_turn_to_turn_the_prompt_begins_alike() -> None:
    prompts = Prompts(MODEL, scripted_config(prompt_tokens=200))
    settings = SessionSettings(instructions="Be kind.")
    items: list[Item] = []
    firsts: list[str] = []
    for number in range(100):
        items.append(said(number, 8, "user" if number % 2 == 0 else "assistant"))
        prompt = prompts.answer(settings, ReplyRequest(), tuple(items), None)()
        assert MODEL.count_tokens(prompt) <= 200
        firsts.append(prompt.messages[1].content.split()[0])
    changes = sum(before != after for before, after in pairwise(firsts))
    assert 5 <= changes <= 20


def test_what_is_read_while_listening_begins_the_prompt_that_is_answered() -> None:
    prompts = Prompts(MODEL, scripted_config(prompt_tokens=200))
    settings = SessionSettings(instructions="Be kind.")
    items = tuple(said(number, 8, "user" if number % 2 else "assistant") for number in range(40))
    read = prompts.certain(settings, items, "what time")()
    answered = prompts.answer(settings, ReplyRequest(), items, "what time is it")()
    assert read.open
    assert not answered.open
    assert MODEL.count_tokens(read) <= 200
    assert answered.messages[:-1] == read.messages[:-1]
    assert answered.messages[-1].content.startswith(read.messages[-1].content)


def test_a_reply_to_other_items_does_not_move_the_conversations_window() -> None:
    prompts = Prompts(MODEL, scripted_config(prompt_tokens=200))
    settings = SessionSettings(instructions="Be kind.")
    items = tuple(said(number, 8) for number in range(40))
    before = prompts.answer(settings, ReplyRequest(), items, "so")()
    prompts.answer(settings, ReplyRequest(in_conversation=False, input=(said(99),)), items, None)()
    assert prompts.answer(settings, ReplyRequest(), items, "so")() == before


def test_the_words_just_said_are_answered_even_if_the_item_before_is_too_long() -> None:
    prompts = Prompts(MODEL, scripted_config(prompt_tokens=50))
    settings = SessionSettings(instructions="Be kind.")
    prompt = prompts.answer(settings, ReplyRequest(), (said(1, 400, "assistant"),), "hello")()
    assert [message.role for message in prompt.messages] == ["system", "user"]


def test_a_request_may_ask_for_other_instructions_and_tools() -> None:
    prompts = Prompts(MODEL, scripted_config())
    request = ReplyRequest(instructions="Rhyme.", tools=(), tool_choice="none")
    prompt = prompts.answer(SessionSettings(), request, (said(1),), None)()
    assert prompt.messages[0] == Message("system", "Rhyme.")
    assert (prompt.tools, prompt.tool_choice) == ((), "none")


@pytest.mark.parametrize(
    ("heard", "interrupted", "read"),
    [
        ("Thank you for telling", True, "Thank you for telling —"),
        ("Thank you.", True, "Thank you."),
        ("Thank you for", False, "Thank you for"),
    ],
)
def test_an_answer_that_was_cut_off_does_not_look_whole(heard: str, interrupted: bool, read: str) -> None:
    item = Item(id="a", kind="message", role="assistant", text=heard, interrupted=interrupted)
    assert build_prompt("", [item]).messages == (Message("assistant", read),)
