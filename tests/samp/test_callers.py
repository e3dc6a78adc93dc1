"""The scripted callers of the examples are led where they should be, with the real embeddings."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.cli import main

from .casts import EXAMPLES

CONFIG = """
[engines.language_model]
use = "scripted"
settings = { answers = ["Certainly, that can be arranged. Is there anything else you would like to know?"] }
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Callable[[str], Path]) -> Path:
    monkeypatch.setattr("antiphon.store.Store.folder", lambda _, name: weights(name))
    path = tmp_path / "antiphon.toml"
    path.write_text(CONFIG)
    return path


@pytest.mark.real
@pytest.mark.parametrize("name", ["restaurant", "clinic", "town"])
def test_every_turn_is_as_the_script_expects(
    name: str, config: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    caller = EXAMPLES / "callers" / f"{name}.yaml"
    command = [
        "--config",
        str(config),
        "cast",
        "run",
        str(EXAMPLES / f"{name}.yaml"),
        "--caller",
        str(caller),
        "--json",
    ]
    status = main(command)
    document = json.loads(capfdbinary.readouterr().out)
    assert [turn["wrong"] for turn in document["turns"]] == [[]] * 12
    assert document["ok"] is True
    assert status == 0
    cut = [turn for turn in document["turns"] if turn["heard"] != turn["answer"]]
    assert len(cut) == 1
    assert cut[0]["answer"].startswith(cut[0]["heard"])
    answered = [turn for turn in document["turns"] if turn["prompt_tokens"]]
    assert len(answered) > 4
    assert all(turn["fresh_tokens"] < turn["prompt_tokens"] for turn in answered[1:])


@pytest.mark.real
def test_a_caller_who_is_led_elsewhere_is_1(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "caller.yaml"
    script.write_text(
        'caller: Somebody\ntoday: "2026-05-06"\nlines:\n'
        "  - {says: A table for four please, scene: confirm, persona: cook, slots: {guests: 5}}\n"
    )
    command = [
        "--config",
        str(config),
        "cast",
        "run",
        str(EXAMPLES / "restaurant.yaml"),
        "--caller",
        str(script),
    ]
    assert main([*command, "--prompts"]) == 1
    out = capsys.readouterr().out
    assert (
        "✗ expected the scene confirm, not booking; expected cook, not host; expected guests = 5.0, not 4.0"
        in out
    )
    assert "0 of 1 turns as expected" in out
    assert "stable" in out


@pytest.mark.real
def test_typed_words_are_answered(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter(["I'd like to book a table", "four of us"])

    def read(*_: object, **__: object) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("rich.console.Console.input", read)
    assert main(["--config", str(config), "cast", "run", str(EXAMPLES / "restaurant.yaml")]) == 0
    out = capsys.readouterr().out
    assert "The Copper Kettle, this is Maya." in out
    assert "booking  ☑ guests 4 ☐ day" in out
