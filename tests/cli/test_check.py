"""`antiphon check` and `antiphon engines`, from words to exit code."""

import json
import re
import sys
from pathlib import Path

import pytest

from antiphon.cli import main
from antiphon.contracts.discovery import PARTS

BROKEN = """
from antiphon.contracts import EngineCard, NEVER, Transcript
from antiphon.engines.scripted import ScriptedTranscriber

class Parrot(ScriptedTranscriber):
    def transcribe(self, audio, *, hint="", cancel=NEVER):
        return Transcript("Polly wants a cracker")
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("part", [part for part in PARTS if part not in ("transcriber", "journal")])
def test_a_whole_engine_is_0(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", part, "scripted"]) == 0
    *lines, counts = capsys.readouterr().out.splitlines()
    assert all(line.startswith("✓ ") for line in lines)
    assert counts == f"{len(lines)} passed, 0 failed, 0 skipped"


def test_a_broken_engine_of_the_working_folder_is_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "parrots_of_a_test.py").write_text(BROKEN)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert main(["check", "transcriber", "parrots_of_a_test:Parrot", "--speaker", "scripted"]) == 1
    out = capsys.readouterr().out
    assert "✗ silence is empty: digital silence was written down as 'Polly wants a cracker'" in out
    assert "✓ closes twice" in out


def test_json_says_it_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "embedder", "scripted", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert (report["part"], report["engine"]) == ("embedder", "scripted")
    assert {outcome["verdict"] for outcome in report["outcomes"]} == {"passed"}


def test_without_anybody_to_speak_the_checks_that_need_speech_are_skipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "voice_activity", "scripted", "--speaker", "nobody"]) == 0
    printed = capsys.readouterr()
    assert "– speech scores above silence and noise: needs recorded speech" in printed.out
    assert "without speech, since nobody cannot speak" in printed.err


def test_a_journal_has_to_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "journal", "sqlite"]) == 1
    assert "a check writes into the journal" in capsys.readouterr().err
    assert main(["check", "journal", "sqlite", "--settings", f"path={tmp_path / 'checked.sqlite'}"]) == 0
    assert "✓ survives reopening" in capsys.readouterr().out


@pytest.mark.parametrize(
    "settings",
    [
        ["--settings", "score=0.25"],
        ["--settings-json", '{"score": 0.25}'],
        ["--settings-json", '{"score": 0.9}', "--settings", "score=0.25", "certain_ms=100"],
    ],
)
def test_settings_reach_the_engine(settings: list[str]) -> None:
    assert main(["check", "end_of_turn", "scripted", *settings]) == 0


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--settings", "score"], "--settings 'score' is not KEY=VALUE"),
        (["--settings-json", "[1]"], "--settings-json is not a JSON object"),
        (["--settings", "scores=1"], "did you mean 'score'?"),
        (["--settings", "score=high"], "end_of_turn.scripted.score"),
    ],
)
def test_wrong_settings_are_a_sentence(
    argv: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "end_of_turn", "scripted", *argv]) == 1
    assert complaint in capsys.readouterr().err


def test_an_unknown_engine_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "memory", "scriptd"]) == 1
    assert "no memory is called 'scriptd'; installed: scripted" in capsys.readouterr().err


def test_engines_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engines"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [part for part in PARTS if [part, "scripted"] not in [row[:2] for row in rows]] == []


def test_engines_as_json_are_their_cards(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engines", "--json"]) == 0
    cards = {(card["part"], card["name"]): card for card in json.loads(capsys.readouterr().out)}
    card = cards["language_model", "scripted"]
    assert card["capabilities"] == ["continue", "json_schema", "prefill", "score", "tools", "weigh"]
    assert card["concurrency"] == 16
    assert not card["default"]
    assert cards["synthesizer", "hibari"]["default"]


def test_engines_fit_a_terminal_of_80_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["engines"]) == 0
    lines = [re.sub(r"\x1b\[\d*m", "", line) for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line.startswith(" * silero ")]
    # No column is squeezed to a word a line.
    assert len(lines) < 100
