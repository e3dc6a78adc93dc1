"""Commands in errors can be typed as they stand."""

import sys
from pathlib import Path

import pytest

from antiphon.cli.program import as_started

MEND = "no weights (mend it with: antiphon models pull silero-vad) or pip install antiphon[documents]"


@pytest.fixture
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that is not activated, below the working directory."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("antiphon", "pip", "python"):
        (folder / name).touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    return folder


def test_from_an_environment_that_is_not_activated(bin_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for typed in (str(bin_ / "antiphon"), ".venv/bin/antiphon"):
        monkeypatch.setattr(sys, "argv", [typed, "doctor"])
        assert as_started(MEND) == (
            "no weights (mend it with: .venv/bin/antiphon models pull silero-vad) "
            "or .venv/bin/pip install antiphon[documents]"
        )


def test_as_a_module(bin_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(bin_.parent / "antiphon" / "__main__.py")])
    assert "mend it with: .venv/bin/python -m antiphon models pull" in as_started(MEND)


def test_on_the_path_it_is_the_bare_name(bin_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bin_))
    monkeypatch.setattr(sys, "argv", [str(bin_ / "antiphon")])
    assert as_started(MEND) == MEND


def test_what_is_no_command_stays(bin_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(bin_ / "antiphon")])
    for text in ("antiphon memory.graph", "set antiphon.toml", "/opt/antiphon models pull x", "antiphon: no"):
        assert as_started(text) == text
