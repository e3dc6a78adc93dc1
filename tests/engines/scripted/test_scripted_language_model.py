"""The scripted language model: whose turn it is in the script, and what a token costs."""

from pathlib import Path

import pytest

from antiphon.contracts import (
    ConfigInvalid,
    ContractBroken,
    EngineSetup,
    Finish,
    Message,
    Piece,
    Prompt,
    Sampling,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
)
from antiphon.engines.scripted import ScriptedLanguageModel

LAMP = Tool(
    "lamp", parameters={"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
)


def opened(**settings: object) -> ScriptedLanguageModel:
    def weights(name: str) -> Path:
        raise AssertionError(name)

    return ScriptedLanguageModel.open(EngineSetup(settings=settings, weights=weights))


def asking(*texts: str, **more: object) -> Prompt:
    roles = ("user", "assistant") * len(texts)
    return Prompt(tuple(map(Message, roles, texts)), **more)


def text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


def test_without_a_script_it_repeats_what_was_said() -> None:
    pieces = list(opened().generate(asking("Good evening.")))
    assert pieces == [
        TextDelta("You"),
        TextDelta(" said:"),
        TextDelta(" Good"),
        TextDelta(" evening."),
        Finish("stop", Usage(prompt_tokens=4, cached_tokens=0, completion_tokens=4)),
    ]


def test_the_script_goes_by_the_answers_given_and_begins_anew() -> None:
    model = opened(answers=["One.", "Two."])
    prompts = [asking("a"), asking("a", "One.", "b"), asking("a", "One.", "b", "Two.", "c")]
    assert [text(list(model.generate(prompt))) for prompt in prompts] == ["One.", "Two.", "One."]


def test_a_scripted_call_needs_tools_in_the_prompt() -> None:
    model = opened(answers=[{"tool": "lamp", "arguments": {"on": True}}])
    call, finish = model.generate(asking("Dark here.", tools=(LAMP,)))
    assert call == ToolCall("call_1", "lamp", '{"on": true}')
    assert isinstance(finish, Finish)
    assert finish.reason == "tool_calls"
    assert text(list(model.generate(asking("Dark here.")))) == "You said: Dark here."


def test_required_and_named_tools_are_called_with_what_their_schema_asks_for() -> None:
    for choice in ("required", "lamp"):
        first, *_ = opened().generate(asking("Dark here.", tools=(LAMP,), tool_choice=choice))
        assert first == ToolCall("call_1", "lamp", '{"on": true}')
    with pytest.raises(ContractBroken, match="names 'door', which is not among the tools"):
        list(opened().generate(asking("Dark here.", tools=(LAMP,), tool_choice="door")))


def test_a_later_answer_finds_the_earlier_prompt_in_its_cache() -> None:
    model = opened()
    list(model.generate(asking("one two three"), cache_key="a"))
    *_, same = model.generate(asking("one two three"), cache_key="a")
    *_, grown = model.generate(asking("one two four"), cache_key="a")
    *_, other = model.generate(asking("one two four"), cache_key="b")
    assert [piece.usage.cached_tokens for piece in (same, grown, other) if isinstance(piece, Finish)] == [
        5,
        3,
        0,
    ]


def test_scripted_scores_come_before_the_rule() -> None:
    scores = opened(scores={"yes": -0.1}).score(asking("Is it no?"), ("yes", "no", "maybe"))
    assert scores[0] == -0.1
    assert scores[1] > scores[2]


def test_json_is_the_simplest_that_conforms() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "size": {"type": "integer", "minimum": 3},
            "tags": {"type": "array", "items": {"const": "x"}},
            "left": {"type": "null"},
        },
    }
    pieces = list(opened().generate(asking("Mira"), Sampling(json_schema=schema)))
    assert text(pieces) == '{"name": "Mira", "size": 3, "tags": ["x"], "left": null}'


def test_wrong_settings_are_told_all_at_once() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        opened(answer=["x"], token_ms=-1)
    assert len(caught.value.problems) == 2
