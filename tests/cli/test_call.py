"""`antiphon call` over a real socket, against a server whose answers come when they are known to come."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from antiphon.cli import main
from antiphon.cli.client import web_root
from antiphon.cli.recording import read_recording, write_wav
from antiphon.contracts import ConfigInvalid

from .fake_server import FakeServer
from .scripted_call import voice

FAST = ("--realtime-factor", "8")


@pytest.fixture
def question(tmp_path: Path) -> str:
    path = tmp_path / "question.wav"
    write_wav(path, voice(0.6, quiet_s=0.2))
    return str(path)


async def called(*args: str) -> int:
    """The command, on a thread and a loop of its own."""
    return await asyncio.to_thread(main, ["call", *args])


async def document(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    assert await called(*args, "--json") == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.paced
@pytest.mark.parametrize("delay_s", [0.12, 0.3])
async def test_measures_the_delay_there_is(
    capsys: pytest.CaptureFixture[str], question: str, delay_s: float
) -> None:
    async with FakeServer(delay_s).running() as server:
        told = await document(capsys, question, "--url", server.url, *FAST)
    (line,) = told["lines"]
    assert line["mouth_to_ear_ms"] == pytest.approx(delay_s * 1000, abs=30)
    assert line["heard_ms"] == pytest.approx(line["mouth_to_ear_ms"], abs=5)
    assert line["answer"] == "Certainly."


async def test_the_document_is_complete(capsys: pytest.CaptureFixture[str], question: str) -> None:
    async with FakeServer(0.05).running() as server:
        told = await document(capsys, question, question, "--url", server.url, *FAST)
    assert set(told) == {"url", "session_id", "summary", "speculation", "opening", "lines", "errors"}
    assert told["session_id"] == "sess_1"
    assert told["summary"]["answered"] == 2
    assert told["opening"] is None
    assert set(told["lines"][0]) == {
        *("file", "overlapping", "understood", "answer", "status", "mouth_to_ear_ms", "heard_ms", "cut_in"),
        *("cut_by", "problem"),
        *("answer_seconds", "gaps_ms", "answer_file", "turns"),
    }


async def test_a_person_reads_times_and_the_equation(
    capsys: pytest.CaptureFixture[str], question: str, tmp_path: Path
) -> None:
    fake = FakeServer(0.05)
    fake.turns = [
        {
            **{"turn": 1, "revisions": 1, "outcome": "answered", "said": "q", "answer": "a", "heard": "a"},
            **{"started_at_ms": 60.0, "sent_ms": 48.0, "heard_ms": 70.0},
            "terms": [{"name": "end_of_turn", "owner": "policy", "ms": 48.0}],
            "spans": [{"term": "end_of_turn", "owner": "policy", "start_ms": 0.0, "end_ms": 48.0}],
        }
    ]
    async with fake.running() as server:
        assert await called(question, "--url", server.url, "--out", str(tmp_path / "out"), *FAST) == 0
    shown = capsys.readouterr().out
    assert "answer        Certainly." in shown
    assert " ms here, 48 ms sent, 70 ms heard" in shown
    assert "48 end-of-turn wait = 48 ms sent" in shown
    assert "1 of 1 answered; mouth to ear: median" in shown
    assert len(read_recording(tmp_path / "out" / "01-question-answer.wav")) == 3600
    assert (tmp_path / "out" / "conversation.wav").is_file()


async def test_an_opening_is_told_as_one(capsys: pytest.CaptureFixture[str], question: str) -> None:
    fake = FakeServer(0.05)
    fake.opening = "Good day."
    async with fake.running() as server:
        assert await called(question, "--url", server.url, *FAST) == 0
    shown = capsys.readouterr().out
    assert "(the agent speaks first)\n  opening       Good day.\n" in shown
    assert "answer        Certainly." in shown
    assert "1 of 1 answered" in shown


async def test_it_says_what_it_has_played_and_what_it_wants(
    capsys: pytest.CaptureFixture[str], question: str
) -> None:
    async with FakeServer(0.05).running() as server:
        await document(
            capsys, question, "--url", server.url, "--voice", "ada", "--instructions", "Sing.", *FAST
        )
        update = server.received[0]["session"]
        assert update["audio"]["output"] == {"voice": "ada"}
        assert update["instructions"] == "Sing."
        assert "turn_detection" not in update["audio"]["input"]
        assert all(0 <= played["played_ms"] <= 150 for played in server.played)
        assert server.played[-1]["item_id"] == "item_of_resp_1"


async def test_manual_commits_once_and_asks(capsys: pytest.CaptureFixture[str], question: str) -> None:
    async with FakeServer(9.0).running() as server:
        told = await document(capsys, question, "--url", server.url, "--manual", *FAST)
        assert server.types() == ["session.update", "input_audio_buffer.commit", "response.create"]
        assert server.received[0]["session"]["audio"]["input"]["turn_detection"] is None
    assert told["lines"][0]["answer"] == "Typed."


async def test_who_ends_turns_themselves_ends_the_answer_they_speak_into(
    capsys: pytest.CaptureFixture[str], question: str
) -> None:
    fake = FakeServer(9.0)
    fake.endless = True
    async with fake.running() as server:
        told = await document(capsys, question, f"{question}@0.2", "--url", server.url, "--manual", *FAST)
        assert server.types() == [
            "session.update",
            *("input_audio_buffer.commit", "response.create"),
            *("response.cancel", "conversation.item.truncate"),
            *("input_audio_buffer.commit", "response.create"),
        ]
    first, second = told["lines"]
    assert (first["status"], first["cut_by"]) == ("cancelled", question)
    assert (second["status"], second["cut_by"]) == ("completed", "")


async def test_why_an_answer_failed_is_said(capsys: pytest.CaptureFixture[str], question: str) -> None:
    fake = FakeServer(0.05)
    fake.problem = "the model has no memory left"
    async with fake.running() as server:
        assert await called(question, "--url", server.url, *FAST) == 1
        shown = capsys.readouterr().out
        assert "  the answer is failed: the model has no memory left\n" in shown
        assert "0 of 1 answered" in shown
        assert await called(question, "--url", server.url, "--json", *FAST) == 1
    (line,) = json.loads(capsys.readouterr().out)["lines"]
    assert (line["status"], line["problem"]) == ("failed", "the model has no memory left")


async def test_it_waits_while_the_server_loads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], question: str
) -> None:
    monkeypatch.setattr("antiphon.cli.client._ASK_AGAIN_S", 0.001)
    async with FakeServer(0.05, loading=3).running() as server:
        await document(capsys, question, "--url", server.url, *FAST)


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (
            400,
            '{"error": {"message": "A user is\\u001b[2J named\\nby letters."}}',
            "400 A user is [2J named by letters.",
        ),
        (400, '{"error": {"message": "%s"}}' % ("x" * 999), "400 " + "x" * 300 + "…"),
        (403, '{"error": {"message": "Loopback names only."}}', "403 Loopback names only."),
        (400, "<html>", "400 Bad Request"),
        (401, '{"error": {"message": "Send the key."}}', "the server wants its key"),
        (403, "", "the server wants its key"),
    ],
)
async def test_why_a_call_is_not_taken_is_said(
    capsys: pytest.CaptureFixture[str], question: str, status: int, body: str, says: str
) -> None:
    fake = FakeServer()
    fake.refusal = web.Response(status=status, text=body)
    async with fake.running() as server:
        assert await called(question, "--url", server.url) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.partition(" (mend it")[0].endswith(says)


async def test_a_voice_there_is_not_ends_the_call_in_words(
    capsys: pytest.CaptureFixture[str], question: str
) -> None:
    async with FakeServer(0.05).running() as server:
        assert await called(question, "--url", server.url, "--voice", "nobody", *FAST) == 1
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [
        "antiphon: the server refuses how the call is to be: There is no voice 'nobody'; there are: ada."
    ]
    assert not shown.out


def test_no_server_is_one_line_with_the_command(capsys: pytest.CaptureFixture[str], question: str) -> None:
    assert main(["call", question, "--url", "ws://127.0.0.1:9/v1/realtime"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "antiphon: no server answers at ws://127.0.0.1:9/v1/realtime (mend it with: antiphon serve)"
    ]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nowhere.wav"], "there is no file nowhere.wav"),
        (["QUESTION", "--url", "http://127.0.0.1:8080"], "no WebSocket address"),
    ],
)
def test_mistakes_are_one_line(
    capsys: pytest.CaptureFixture[str], question: str, args: list[str], says: str
) -> None:
    assert main(["call", *(question if arg == "QUESTION" else arg for arg in args)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


@pytest.mark.parametrize(
    ("place", "says"),
    [("taken", "is a file; name a folder"), ("taken/below", "cannot be made: Not a directory")],
)
@pytest.mark.parametrize("command", ["call", "talk"])
def test_nothing_is_said_where_it_cannot_be_written_down(
    capsys: pytest.CaptureFixture[str], question: str, command: str, place: str, says: str
) -> None:
    Path(question).with_name("taken").touch()
    files = [question] if command == "call" else ["--keyboard"]
    nobody = "ws://127.0.0.1:9/v1/realtime"
    assert main([command, *files, "--url", nobody, "--out", f"{Path(question).parent}/{place}"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


@pytest.mark.parametrize(
    "args", [[], ["a.wav", "--realtime-factor", "0"], ["a.wav", "--realtime-factor", "x"]]
)
def test_a_wrong_command_line_is_refused(args: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["call", *args])


def test_the_pages_lie_beside_the_socket() -> None:
    assert web_root("ws://h:1/v1/realtime?model=x") == "http://h:1/v1"
    assert web_root("wss://h/v1/realtime") == "https://h/v1"
    with pytest.raises(ConfigInvalid):
        web_root("127.0.0.1:8080")
