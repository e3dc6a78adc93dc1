"""`antiphon serve`: reachable at once, ready when its engines are, and never half alive."""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from antiphon.cli import main, serve
from antiphon.cli.client import CallFailed, connect
from antiphon.cli.recording import write_wav
from antiphon.contracts import ConfigInvalid, EngineSetup, PrerequisiteMissing
from antiphon.engines.scripted import ScriptedSynthesizer, ScriptedTranscriber
from antiphon.runtime import Config, EngineChoice, ServerConfig, SessionSettings

SCRIPTED = {
    "voice_activity": "ScriptedVoiceActivity",
    "end_of_turn": "ScriptedEndOfTurn",
    "transcriber": "ScriptedTranscriber",
    "language_model": "ScriptedLanguageModel",
    "synthesizer": "ScriptedSynthesizer",
    "journal": "ScriptedJournal",
}


def config() -> Config:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    used = {part: f"antiphon.engines.scripted:{name}" for part, name in SCRIPTED.items()}
    engines = {part: EngineChoice(use=use) for part, use in used.items()}
    return Config(server=ServerConfig(port=port), engines=engines)


@asynccontextmanager
async def serving(chosen: Config) -> AsyncGenerator[str]:
    task = asyncio.create_task(serve.run(chosen))
    url = f"ws://127.0.0.1:{chosen.server.port}/v1/realtime"
    try:
        async with asyncio.timeout(5):
            while True:
                with contextlib.suppress(PrerequisiteMissing):
                    async with connect(url):
                        break
        yield url
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def question(path: Path) -> str:
    engine = ScriptedSynthesizer.open(EngineSetup(weights=Path))
    sung = np.concatenate([chunk.audio for chunk in engine.synthesize("hello there")])
    write_wav(path, sung)
    return str(path)


async def test_a_call_goes_the_whole_way_round(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async with serving(config()) as url:
        assert "antiphon talk --url ws://" in capsys.readouterr().out
        args = ["call", question(tmp_path / "q.wav"), "--url", url, "--json"]
        assert await asyncio.to_thread(main, args) == 0
    told = json.loads(capsys.readouterr().out)
    (line,) = told["lines"]
    (turn,) = line["turns"]
    assert line["understood"] == turn["said"]
    assert "hello" in line["understood"]
    assert "hello" in line["answer"]
    assert told["errors"] == []
    assert line["mouth_to_ear_ms"] == pytest.approx(turn["sent_ms"], abs=30)
    assert line["heard_ms"] == pytest.approx(turn["heard_ms"], abs=30)


async def test_engines_that_do_not_load_end_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def wanting(setup: EngineSetup) -> None:
        raise PrerequisiteMissing("it wants more", remedy="give")

    monkeypatch.setattr(ScriptedTranscriber, "open", wanting)
    with pytest.raises(PrerequisiteMissing, match="wants more"):
        await serve.run(config())


async def test_a_session_that_could_not_begin_ends_the_server() -> None:
    chosen = replace(config(), session=SessionSettings(voice="nobody"))
    with pytest.raises(ConfigInvalid, match=r"no voice 'nobody'; there are: low, high"):
        async with asyncio.timeout(5):
            await serve.run(chosen)


async def test_a_client_and_the_log_are_told_why_a_call_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(config()) as url:
        with pytest.raises(CallFailed, match=r"'\.\./x' is no user's name: up to 64 letters"):
            async with connect(f"{url}?user=../x"):
                pass
    refused = [record for record in caplog.records if record.msg == "a client was refused"]
    assert {(record.levelno, record.__dict__["code"], record.__dict__["param"]) for record in refused} == {
        (logging.WARNING, "invalid_user", "user")
    }


UNSERVABLE = """
cast = "missing.yaml"
[server]
host = "0.0.0.0"
[memory]
use = "nope"
[engines.transcriber]
use = "whisper"
settings = { modle = "x" }
[session]
voice = "nobody"
user = "../x"
[wyoming]
uri = "tcp://0.0.0.0:10300"
"""


def test_what_cannot_be_served_is_refused_at_once_and_all_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTIPHON_KEY", raising=False)
    path = tmp_path / "antiphon.toml"
    path.write_text(UNSERVABLE)
    assert main(["serve", "--config", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    for told in (
        "transcriber.whisper has no setting 'modle'; did you mean 'model'?",
        "no memory is called 'nope'; installed: ",
        "there is no file missing.yaml",
        "session.user: '../x' is no user's name",
        "session.voice: There is no voice 'nobody'; there are: woman, man",
        "a key is required",
        "set wyoming.trust_network",
    ):
        assert told in line


def test_weights_that_are_not_here_are_told_at_once_with_one_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path / "home"))
    path = tmp_path / "antiphon.toml"
    path.write_text("""
[session]
voice = "nobody"
[engines.transcriber]
use = "moonshine"
settings = { in_doubt = "" }
[engines.language_model]
use = "ik"
settings = { path = "nothing.gguf" }
""")
    assert main(["serve", "--config", str(path), "--port", "0"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "There is no voice 'nobody'" in line
    assert "language_model: there is no file nothing.gguf" in line
    assert line.endswith("(mend it with: antiphon models pull silero-vad smart-turn-v3.2 moonshine-tiny.en)")


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_is_a_port(port: int) -> None:
    with pytest.raises(ConfigInvalid, match="is no port"):
        serve.listening_at(Config(), None, port)


def test_the_command_line_wins_over_the_file() -> None:
    assert serve.listening_at(Config(), "::1", 9).server == ServerConfig(host="::1", port=9)
    assert serve.listening_at(Config(), None, None) == Config()


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("antiphon ")


def test_home_assistant_is_not_let_in_from_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", "--log", "json", "--wyoming", "tcp://0.0.0.0:10300"]) == 1
    assert "set wyoming.trust_network" in capsys.readouterr().err
