"""`antiphon talk` without any sound: typed lines, printed answers."""

import asyncio
import io
from pathlib import Path

import pytest

from antiphon.cli import main, talk
from antiphon.cli.devices import Speaker
from antiphon.contracts import Audio, PrerequisiteMissing

from .fake_server import FakeServer


class Ear:
    """A loudspeaker that remembers what it played."""

    def __init__(self) -> None:
        self.samples = 0
        self.closed = False

    def play(self, audio: Audio) -> None:
        self.samples += len(audio)

    def flush(self) -> None:
        self.samples = 0

    def close(self) -> None:
        self.closed = True


def no_device() -> Speaker:
    raise PrerequisiteMissing("there is none", remedy="buy one")


async def talked(monkeypatch: pytest.MonkeyPatch, typed: str, *args: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return await asyncio.to_thread(main, ["talk", *args])


async def test_typed_words_are_answered_in_text_where_nothing_sounds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(talk, "open_speaker", no_device)
    async with FakeServer().running() as server:
        assert await talked(monkeypatch, "Hello?\nAnd now?\n", "--url", server.url) == 0
        assert server.types() == ["session.update", *["conversation.item.create", "response.create"] * 2]
        assert server.received[0]["session"]["output_modalities"] == ["text"]
        assert server.received[1]["item"]["content"] == [{"type": "input_text", "text": "Hello?"}]
    shown = capsys.readouterr()
    assert shown.out == "agent: Typed.\nagent: Typed.\n"
    assert "no loudspeaker: there is none (mend it with: buy one)" in shown.err


async def test_answers_are_played_and_saved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ear = Ear()
    monkeypatch.setattr(talk, "open_speaker", lambda: ear)
    async with FakeServer().running() as server:
        args = ("--url", server.url, "--keyboard", "--out", str(tmp_path))
        assert await talked(monkeypatch, "Hello?\n\n", *args) == 0
        assert "output_modalities" not in server.received[0]["session"]
    assert (ear.samples, ear.closed) == (3600, True)
    assert (tmp_path / "answer-01.wav").is_file()


async def test_without_a_microphone_one_types(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def deaf(heard: object) -> None:
        raise PrerequisiteMissing("deaf", remedy="listen")

    monkeypatch.setattr(talk, "open_speaker", Ear)
    monkeypatch.setattr(talk, "open_microphone", deaf)
    async with FakeServer().running() as server:
        assert await talked(monkeypatch, "Hello?\n", "--url", server.url) == 0
    assert "no microphone: deaf" in capsys.readouterr().err


async def test_a_voice_there_is_not_ends_the_talk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(talk, "open_speaker", Ear)
    async with FakeServer().running() as server, asyncio.timeout(5):
        assert await talked(monkeypatch, "Hello?\n", "--url", server.url, "--voice", "nobody") == 1
    assert "there are: ada." in capsys.readouterr().err


async def test_what_breaks_while_listening_ends_the_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Ear):
        def play(self, audio: Audio) -> None:
            raise PrerequisiteMissing("the loudspeaker is gone", remedy="plug it in")

    monkeypatch.setattr(talk, "open_speaker", Broken)
    async with FakeServer().running() as server, asyncio.timeout(5):
        assert await talked(monkeypatch, "Hello?\n", "--url", server.url, "--keyboard") == 1


def test_nobody_to_talk_to_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["talk", "--url", "ws://127.0.0.1:9/v1/realtime"]) == 1
    assert "antiphon serve" in capsys.readouterr().err
