"""Chat templates of model files: rendered as their authors meant them, and trusted with nothing."""

import pytest

from antiphon.contracts import EngineBroken, Message, Prompt, Tool, ToolCall
from antiphon.engines.chat_template import compiled
from antiphon.engines.local_prompt import Render, text_of

PLAIN = """
{%- for message in messages %}
    {%- if message.role == 'system' and not loop.first %}{{ raise_exception('too late') }}{% endif %}
    {{- bos_token if loop.first }}{{ message.role }}: {{ message.content }}{{ eos_token }}
    {%- for call in message.tool_calls %} {{ call.function.arguments | tojson }}{% endfor %}
{% endfor %}
{%- for tool in tools or [] %}{{ tool.function | tojson }}{% endfor %}
{%- if add_generation_prompt %}assistant:{% endif %}"""


def template(source: str = PLAIN) -> Render:
    return compiled("ik", source, first="<s>", last="</s>")


def test_it_is_ready_for_the_answer() -> None:
    assert text_of(Prompt((Message("user", "Hi"),)), template()) == "<s>user: Hi</s>assistant:"


def test_json_is_not_made_for_web_pages() -> None:
    question, called = Message("user", "Hi"), ToolCall("1", "find", '{"what": "<Käse> & \'Brot\'"}')
    result = Message("tool", "x", call_id="1")
    text = text_of(Prompt((question, Message("assistant", "", (called,)), result)), template())
    assert ' {"what": "<Käse> & \'Brot\'"}' in text
    text = text_of(Prompt((question,), (Tool("t", "a & b"),)), template())
    assert '"description": "a & b"' in text


def test_an_answer_begun_is_gone_on_with() -> None:
    prompt = Prompt((Message("user", "Hi"), Message("assistant", "Good")))
    assert text_of(prompt, template()) == "<s>user: Hi</s>assistant:Good"


def test_an_open_prompt_ends_with_the_last_word_spoken() -> None:
    assert text_of(Prompt((Message("user", "Hi there "),), open=True), template()) == "<s>user: Hi there"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "no chat template"),
        ("{% if %}", "not understood"),
        ("{{ raise_exception('no') }}", "refuses the prompt: no"),
        ("{{ messages.__class__.__mro__ }}", "refuses the prompt"),
        ("{{ messages.append(1) }}", "refuses the prompt"),
    ],
)
def test_a_template_that_is_none_breaks_the_engine(source: str, reason: str) -> None:
    with pytest.raises(EngineBroken, match=reason):
        text_of(Prompt((Message("user", "Hi"),)), template(source))
