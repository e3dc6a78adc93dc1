"""Half a call is never spoken, however the model writes it and wherever the stream is cut."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import TextDelta, ToolCall
from antiphon.engines.tool_text import ToolText

TOOLS = ("get_weather", "set_timer")
ARGUMENTS = '{"city": "Rome", "days": {"from": 1}}'
CALL = f'{{"name": "get_weather", "arguments": {ARGUMENTS}}}'
WRITTEN = {
    "as taught": f"<tool_call>\n{CALL}\n</tool_call>",
    "bare": CALL,
    "braces doubled, as one template shows it": "{" + CALL + "}",
    "fenced": f"```json\n{CALL}\n```",
    "fenced without a language": f"```\n{CALL}\n```",
    "arguments as text": json.dumps(
        {"name": "get_weather", "arguments": '{"city": "Rome", "days": {"from": 1}}'}
    ),
    "under another key": CALL.replace("arguments", "parameters"),
}


def read(*pieces: str) -> tuple[str, list[ToolCall]]:
    """The words spoken and the calls made."""
    tool_text = ToolText(TOOLS)
    said = [item for piece in pieces for item in tool_text.feed(piece)] + list(tool_text.finish())
    words = "".join(item.text for item in said if isinstance(item, TextDelta))
    return words, [item for item in said if isinstance(item, ToolCall)]


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
@given(data=st.data())
def test_a_call_is_whole_and_silent_however_it_is_cut(text: str, data: st.DataObject) -> None:
    said = f"Let me look. {text} One moment."
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=12)))
    edges = [0, *cuts, len(said)]
    pieces = [said[start:end] for start, end in pairwise(edges)]
    words, calls = read(*pieces)
    assert words == "Let me look. One moment."
    assert [call.name for call in calls] == ["get_weather"]
    assert json.loads(calls[0].arguments) == {"city": "Rome", "days": {"from": 1}}


def test_two_calls_have_two_ids() -> None:
    one = WRITTEN["as taught"]
    words, calls = read(*f"{one}\n{one}")
    assert words == ""
    assert len({call.call_id for call in calls}) == 2


@pytest.mark.parametrize(
    "text",
    ["I like {curly} braces < 3", "Use ```code``` here", "{}", '{"name": "nobody"}', "a <tool", "5 < 6"],
)
def test_what_is_no_call_is_spoken(text: str) -> None:
    assert read(*text) == (text, [])


@pytest.mark.parametrize("text", [*WRITTEN.values()], ids=WRITTEN.keys())
def test_a_call_cut_short_is_never_spoken(text: str) -> None:
    half = text[: text.index("Rome")]
    assert read(*f"Well. {half}") == ("Well. ", [])


def test_words_after_a_call_keep_their_spaces() -> None:
    words, _ = read(WRITTEN["bare"], "\n", "I", " am", " on", " it.")
    assert words == "I am on it."


@given(st.text())
def test_nothing_is_lost_or_added(text: str) -> None:
    words, calls = read(*text)
    assert not calls
    assert words == text or "<tool_call>" in text
