"""`antiphon models`, from words to exit code."""

import argparse
import json

import pytest

from antiphon.cli import models
from antiphon.contracts import ContractBroken, UnknownName
from antiphon.store import PullProgress, Store


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))


@pytest.fixture
def pulled(monkeypatch) -> list[tuple[str, str | None]]:
    """What was asked of the store, which here has everything at once."""
    asked: list[tuple[str, str | None]] = []

    def pull(self, name, *, source=None, progress):
        asked.append((name, source))
        for done in range(0, 101):
            progress(PullProgress(name, done, 100))
        progress(PullProgress(name, 100, 100, "something worth a line"))
        return self.root / name

    monkeypatch.setattr(Store, "pull", pull)
    return asked


def run(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    models.arguments(parser)
    args = parser.parse_args(argv)
    return args.run(args)


def test_list_is_a_line_a_model_where_nobody_watches(capsys) -> None:
    assert run("list") == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert ["silero-vad", "voice_activity", "absent", "2.3 MB", "MIT", "default,test", "packages"] in lines
    assert all(len(line) == 7 for line in lines)


def test_list_as_json(capsys, tmp_path) -> None:
    assert run("list", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["root"] == str(tmp_path / "models")
    assert {model["state"] for model in document["models"]} == {"absent"}


def test_pull_without_names_is_the_default_set(pulled, capsys) -> None:
    assert run("pull") == 0
    assert [name for name, _ in pulled] == list(Store().manifest.names_in("default"))
    captured = capsys.readouterr()
    assert "silero-vad: ready in " in captured.out
    assert "something worth a line" in captured.err
    assert captured.err.count("pulling silero-vad: ") == 11


def test_pull_by_set_by_name_and_all(pulled) -> None:
    run("pull", "--for", "test")
    assert len(pulled) == len(Store().manifest.names_in("test"))
    pulled.clear()
    run("pull", "silero-vad", "--from", "huggingface")
    assert pulled == [("silero-vad", "huggingface")]
    pulled.clear()
    run("pull", "--all")
    assert len(pulled) == len(Store().manifest.model)


def test_a_wrong_name_is_found_out_before_anything_is_pulled(pulled) -> None:
    with pytest.raises(UnknownName):
        run("pull", "silero-vad", "silero-vat")
    assert pulled == []


def test_two_ways_to_choose_are_one_too_many(pulled) -> None:
    with pytest.raises(ContractBroken):
        run("pull", "silero-vad", "--all")


def test_verify_tells_and_its_exit_code_counts(monkeypatch, capsys) -> None:
    answers = {"silero-vad": (), "whisper-base": ("model.bin is damaged",)}
    monkeypatch.setattr(Store, "verify", lambda self, name, progress: answers[name])
    assert run("verify", "silero-vad") == 0
    assert run("verify", *answers) == 1
    assert "antiphon models pull whisper-base" in capsys.readouterr().out
    assert run("verify", "--json", *answers) == 1
    assert json.loads(capsys.readouterr().out) == {key: list(value) for key, value in answers.items()}


def test_verify_without_names_is_everything_that_is_here(capsys) -> None:
    assert run("verify") == 0
    assert capsys.readouterr().out == ""


def test_remove(capsys) -> None:
    assert run("remove", "silero-vad") == 0
    assert capsys.readouterr().out == "silero-vad: was not here\n"


def test_stopping_a_pull_says_how_to_go_on(monkeypatch, capsys) -> None:
    def stopped(self, name, *, source=None, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "pull", stopped)
    with pytest.raises(KeyboardInterrupt):
        run("pull", "silero-vad")
    assert "goes on from here" in capsys.readouterr().err
