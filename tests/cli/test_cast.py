"""`antiphon cast check`, from words to exit code."""

import io
import json
import sys
from pathlib import Path

import pytest

from antiphon.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def spoiled(folder: Path) -> Path:
    text = (EXAMPLES / "restaurant.yaml").read_text(encoding="utf-8")
    path = folder / "spoiled.yaml"
    path.write_text(text.replace("voice: giant", "voice: gaint").replace("if: guests > 8", "if: gests > 8"))
    return path


def test_a_cast_without_problems_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cast", "check", str(EXAMPLES / "restaurant.yaml")]) == 0
    assert "The Copper Kettle: 3 personas, 13 scenes" in capsys.readouterr().out


def test_problems_are_1_each_with_line_and_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cast", "check", str(spoiled(tmp_path))]) == 1
    out = capsys.readouterr().out
    assert "personas.cook.voice: no voice is called `gaint`\n          did you mean `giant`?" in out
    assert "there is no slot `gests`\n          did you mean `guests`?" in out


def test_json_says_the_same(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["cast", "check", str(spoiled(tmp_path)), "--json"]) == 1
    document = json.loads(capfdbinary.readouterr().out)
    assert document["ok"] is False
    assert [each["where"] for each in document["problems"]] == [
        "personas.cook.voice",
        "scenes.booking.ways[0].if",
    ]
    assert main(["cast", "check", str(EXAMPLES / "restaurant.yaml"), "--json"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["problems"] == []


@pytest.mark.parametrize("action", ["check", "draw"])
def test_a_file_that_is_not_there_is_said_so(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cast", action, "nowhere.yaml"]) == 1
    assert "there is no file nowhere.yaml\n" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cast", "draw", str(EXAMPLES / "restaurant.yaml"), "-o", "nodir/x.svg"]) == 1
    assert "nodir/x.svg cannot be written: No such file or directory" in capsys.readouterr().err


def test_a_terminal_gets_no_picture_but_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cast", "draw", str(EXAMPLES / "restaurant.yaml")]) == 0
    picture = capsys.readouterr().out
    assert picture.startswith("<svg")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["cast", "draw", str(EXAMPLES / "restaurant.yaml")]) == 0
    assert capsys.readouterr().out == "drawn to restaurant.svg\n"
    assert (tmp_path / "restaurant.svg").read_text(encoding="utf-8") == picture


SHOP = """\
cast: The Shop
about: A small shop.
start: hello
personas: {clerk: {name: Ann, role: the clerk, voice: woman, manner: Friendly.}}
slots:
  count: {type: number, about: how many, cues: [pieces]}
  colour: {type: choice, about: which colour, options: {red: [], blue: []}}
scenes:
  hello:
    plays: clerk
    aim: Ask how many.
    opening: How many?
    checklist: [{ask: count}]
    ways: [{to: colours, if: done}]
  colours: {plays: clerk, aim: Find the colour., opening: "Which?", checklist: [{ask: colour}], ends: true}
"""


@pytest.mark.parametrize(("typed", "answered"), [("red\nnever read\n", True), ("", False)])
def test_a_run_shows_what_is_known_and_ends(
    typed: str,
    answered: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "antiphon.toml").write_text(
        '[engines.language_model]\nuse = "scripted"\n[engines.embedder]\nuse = "scripted"\n'
        '[engines.language_model.settings]\nanswers = ["Red it is."]\n'
    )
    (tmp_path / "shop.yaml").write_text(SHOP)
    stdin = io.StringIO(f"three pieces\n{typed}")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["cast", "run", "shop.yaml"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("(Ctrl-D to leave)\n")
    assert "colours  ☐ colour · count 3\n" in out
    assert ("☑ colour red · count 3\nAnn (woman) Red it is.\n" in out) is answered
    assert out.endswith("\n")
    assert (stdin.read() == "never read\n") is answered


def test_a_scripted_run_tells_on_standard_error_how_far_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "antiphon.toml").write_text(
        '[engines.language_model]\nuse = "scripted"\n[engines.embedder]\nuse = "scripted"\n'
    )
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "caller.yaml").write_text(
        """
caller: Ann
today: "2026-01-02"
lines:
  - {says: three pieces, scene: colours, persona: clerk}
  - {says: red, scene: colours, persona: clerk}
"""
    )
    main(["cast", "run", "shop.yaml", "--caller", "caller.yaml"])
    said = capsys.readouterr()
    assert said.err.splitlines() == ["opening the models", "turn 1 of 2", "turn 2 of 2"]
    assert "caller three pieces" in said.out


ASKING = """\
cast: The Shop
about: A small shop.
start: hello
personas: {clerk: {name: Ann, role: the clerk, voice: woman, manner: Friendly.}}
slots:
  count: {type: number, about: how many, cues: [pieces], ask: "How many pieces?"}
  colour: {type: choice, about: which colour, options: {red: [], blue: []}, ask: "And which colour?"}
scenes:
  hello: {plays: clerk, aim: Sell., opening: Hello., checklist: [{ask: count}, {ask: colour}], ends: true}
"""


def test_a_run_asks_what_is_due_and_nobody_says_their_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "antiphon.toml").write_text(
        '[engines.language_model]\nuse = "scripted"\n[engines.embedder]\nuse = "scripted"\n'
        "[engines.language_model.settings]\nanswers = ['Ann: \"Oh yes. Do you like tea?\"']\n"
    )
    (tmp_path / "shop.yaml").write_text(ASKING)
    monkeypatch.setattr(sys, "stdin", io.StringIO("good day to you, and what do you sell?\nthree pieces\n"))
    assert main(["cast", "run", "shop.yaml"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Ann")]
    assert said == [
        "Ann (woman) Hello.",
        "Ann (woman) Oh yes. How many pieces?",
        "Ann (woman) Oh yes. And which colour?",
    ]
