"""`antiphon eval run`: in writing and by speech, with scripted engines, from words to files."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from antiphon.cli import main
from antiphon.evals.draws import LABELS_FILE, Label, append
from antiphon.evals.records import (
    ConversationOutcome,
    Run,
    read_conversation,
    read_run,
    write_conversation,
    write_run,
)
from antiphon.evals.summary import BROKE_OFF

SUITE = """
suite: A bakery
instructions: You sell bread.
scenarios:
  rolls:
    caller: Ann, who wants rolls.
    aim: Four rolls.
    opens: ["rolls please"]
    voice: low
    facts:
      count: {says: ["four of them"], asked: [how many]}
    leaves: ["bye"]
    temper: hurried
    expect: {says: [how many], never: [language model]}
  nothing:
    caller: Ben, who wants nothing.
    aim: To say hello.
    opens: ["hello"]
    voice: low
    leaves: ["bye"]
"""
CONFIG = """
[engines]
voice_activity = { use = "scripted" }
end_of_turn = { use = "scripted" }
transcriber = { use = "scripted" }
synthesizer = { use = "scripted" }
embedder = { use = "scripted" }
language_model = { use = "scripted", settings = { answers = ["how many would you like?", "here you are"] } }
journal = { use = "scripted" }
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite.yaml").write_text(SUITE)
    (tmp_path / "antiphon.toml").write_text(CONFIG)
    return ["--config", "antiphon.toml", "eval", "run", "suite.yaml"]


def test_a_run_in_writing_goes_on_where_it_broke_off(
    base: list[str], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = [*base, "--mode", "text", "--out", "run", "--json"]
    assert main([*text, "--only", "rolls"]) == 0
    first = (tmp_path / "run" / "conversations" / "rolls-1.json").stat().st_mtime_ns
    capfdbinary.readouterr()
    assert main([*text, "--seeds", "2"]) == 0
    captured = capfdbinary.readouterr()
    assert b"1 of 4 conversations are there already" in captured.err
    found = json.loads(captured.out)
    assert found["conversations"] == found["kept"] == 4
    assert [each["k"] for each in found["reliability"]] == [1]
    assert (tmp_path / "run" / "conversations" / "rolls-1.json").stat().st_mtime_ns == first
    assert read_run(tmp_path / "run").seeds == (1, 2)
    rolls = read_conversation(tmp_path / "run" / "conversations" / "rolls-1.json")
    assert [line.text for line in rolls.transcript] == [
        "rolls please",
        "how many would you like?",
        "four of them",
        "here you are",
        "bye",
        "how many would you like?",
    ]
    assert rolls.outcome.success is True


def test_a_folder_of_another_run_is_not_written_to(
    base: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = [*base, "--mode", "text", "--out", "run"]
    assert main(text) == 0
    first, *others = capsys.readouterr().err.splitlines()
    assert first == "2 to hold; opening what answers"
    assert [line.partition(":")[0] for line in others] == ["1 of 2", "2 of 2"]
    assert main([*text, "--plant", "wordy"]) == 1
    assert "run holds another run (agent differ): name another folder with --out" in capsys.readouterr().err


def test_a_run_that_held_nothing_leaves_nothing(
    base: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted = CONFIG.splitlines()[7]
    assert scripted.startswith("language_model")
    Path("antiphon.toml").write_text(CONFIG.replace(scripted, 'language_model = { use = "llama" }'))
    assert main([*base, "--mode", "text", "--out", "runs/one"]) == 1
    assert "antiphon models pull" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_run_that_was_killed_before_its_first_conversation_is_begun_again(
    base: list[str], tmp_path: Path
) -> None:
    write_run(tmp_path / "run", Run(suite="A bakery", mode="speech", seeds=(7,)))
    assert main([*base, "--mode", "text", "--only", "rolls", "--out", "run"]) == 0
    found = read_run(tmp_path / "run")
    assert (found.mode, found.seeds) == ("text", (1,))


def test_what_broke_a_conversation_is_told_and_counts_as_no_success(
    base: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    small = CONFIG.replace("settings = { answers", "settings = { context_tokens = 20, answers")
    Path("antiphon.toml").write_text(small)
    assert main([*base, "--mode", "text", "--out", "run", "--only", "rolls", "--seeds", "2"]) == BROKE_OFF
    shown = capsys.readouterr()
    why = "the prompt has 24 tokens and the context 20"
    assert shown.err.splitlines()[-2:] == [
        f"2 of 2: rolls-2: broke off after 5 lines ({why})",
        "2 broke off: the same command holds them again",
    ]
    assert f"\n2 broke off, which is no success: {why}\n" in shown.out
    assert shown.out.splitlines()[0] == "A bakery, text: 2 conversations count"
    assert (
        "\nintervals of 95 %, over scenarios; it takes three scenarios for those of measures\n" in shown.out
    )
    (success,) = [line for line in shown.out.splitlines() if line.strip().startswith("success")]
    assert success.split()[1] == "0%"


def _broken(run: Path, name: str) -> bytes:
    """Let the conversation `name` have broken off; returns its record."""
    before = read_conversation(run / "conversations" / f"{name}.json")
    outcome = ConversationOutcome(ended="failed", problem="the line broke")
    path = write_conversation(run, msgspec.structs.replace(before, outcome=outcome))
    return path.read_bytes()


def test_what_broke_off_is_held_again_by_the_same_command(
    base: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = [*base, "--mode", "text", "--out", "run"]
    assert main(text) == 0
    _broken(tmp_path / "run", "rolls-1")
    capsys.readouterr()
    assert main(text) == 0
    shown = capsys.readouterr()
    assert shown.err.splitlines()[:2] == [
        "1 of 2 conversations are there already",
        "1 of 2 broke off and is held again",
    ]
    assert "\n1 broke off at an earlier try and was held again\n" in shown.out
    rolls = read_conversation(tmp_path / "run" / "conversations" / "rolls-1.json")
    assert rolls.broken_before == ("the line broke",)
    assert rolls.outcome.success is True


def test_what_broke_off_and_was_labelled_stays_as_it_is(
    base: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = [*base, "--mode", "text", "--out", "run"]
    assert main(text) == 0
    broken = _broken(tmp_path / "run", "rolls-1")
    label = Label(subject="rolls-1#1", criterion="fitting", rater="ada", value=1.0)
    append(tmp_path / "run" / LABELS_FILE, [label])
    capsys.readouterr()
    assert main(text) == BROKE_OFF
    assert capsys.readouterr().err.splitlines() == [
        "2 of 2 conversations are there already",
        "1 broke off and stays as it is, because it has been judged or labelled: --out NEW holds it again",
    ]
    assert (tmp_path / "run" / "conversations" / "rolls-1.json").read_bytes() == broken


@pytest.mark.parametrize("out", ["suite.yaml", "suite.yaml/run"])
def test_a_file_is_no_folder_for_a_run(base: list[str], capsys: pytest.CaptureFixture[str], out: str) -> None:
    assert main([*base, "--mode", "text", "--out", out]) == 1
    assert capsys.readouterr().err == (
        "antiphon: suite.yaml is a file, and a run is a folder: name another one with --out\n"
    )


def test_a_planted_regression_shows(base: list[str], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    words: list[float] = []
    for plant in ([], ["--plant", "wordy"]):
        assert main([*base, "--mode", "text", "--json", "--out", f"run{len(words)}", *plant]) == 0
        figures = json.loads(capfdbinary.readouterr().out)["figures"]
        words += [each["value"] for each in figures if each["name"] == "words_per_answer"]
    assert words[1] >= 3 * words[0]


def test_what_is_wrong_with_the_command_is_said(base: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*base, "--only", "rols"]) == 1
    assert "there is no scenario rols; known are rolls, nothing" in capsys.readouterr().err
    assert main(["--config", "antiphon.toml", "eval", "check", "suite.yaml"]) == 0
    Path("suite.yaml").write_text(SUITE.replace("temper: hurried", "temper: huried"))
    assert main(["--config", "antiphon.toml", "eval", "check", "suite.yaml"]) == 1
    assert "did you mean `hurried`?" in capsys.readouterr().out


def test_a_cast_that_is_not_there_is_a_problem_with_its_line(
    base: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("suite.yaml").write_text(SUITE.replace("instructions: You sell bread.", "cast: none.yaml"))
    assert main([*base[:3], "check", "suite.yaml"]) == 1
    assert capsys.readouterr().out.startswith("line 3: cast: there is no file ")
    assert main([*base[:3], "check", "suite.yaml", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["problems"][0]["line"] == 3


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read: Is a dir"), (b"\xff", "is no text in")]
)
def test_a_suite_that_is_none_is_said_in_words(
    base: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    if content is not None:
        Path("b.yaml").write_bytes(content)
    suite = "b.yaml" if content is not None else str(tmp_path)
    assert main([*base[:3], "check", suite]) == 1
    assert f"{suite} {said}" in capsys.readouterr().err


@pytest.mark.paced
def test_a_run_by_speech_over_a_real_line(base: list[str], tmp_path: Path) -> None:
    assert main([*base, "--only", "rolls", "--out", "run"]) == 0
    rolls = read_conversation(tmp_path / "run" / "conversations" / "rolls-1.json")
    assert rolls.gate.kept, rolls.gate.reasons
    assert [(line.who, line.text) for line in rolls.transcript] == [
        ("caller", "rolls please"),
        ("agent", "how many would you like?"),
        ("caller", "four of them"),
        ("agent", "here you are"),
        ("caller", "bye"),
        ("agent", "how many would you like?"),
    ]
    assert [line.heard for line in rolls.transcript if line.who == "caller"] == [
        "rolls please",
        "four of them",
        "bye",
    ]
    assert all(line.transcribed == line.text for line in rolls.transcript)
    assert rolls.outcome.success is True
    assert rolls.measures["missed"] == 0
    assert rolls.measures["speech_errors"] == 0
    assert len(rolls.reports) == 3
    latency, sent = rolls.measures["latency_ms"], rolls.measures["sent_ms"]
    assert latency is not None
    assert sent is not None
    assert abs(latency - sent) < 150
    sound, rate = soundfile.read(tmp_path / "run" / (rolls.audio or ""))
    assert (sound.shape[1], rate) == (2, 24_000)
    assert abs(len(sound) / rate - rolls.duration_ms / 1000) < 0.1
    assert np.abs(sound).max(axis=0).min() > 0.01
