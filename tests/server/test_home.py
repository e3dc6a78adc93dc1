"""Home Assistant's side door, with the real `wyoming` package on the other end of the line."""

import asyncio
import json
import runpy
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soxr
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioStart, AudioStop
from wyoming.error import Error
from wyoming.info import Describe, Info
from wyoming.ping import Ping
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeVoice,
)

from antiphon.contracts import CLOCK_HZ, ConfigInvalid, PrerequisiteMissing
from antiphon.engines.scripted import decode_words
from antiphon.runtime import Config, EngineChoice, Limits, WyomingConfig
from antiphon.server.home import visitor
from antiphon.server.home.house import place_of
from antiphon.server.home.sentences import PIECE_LETTERS, Sentences
from antiphon.server.home.wire import Garbled

from .house import ANYWHERE, asks, calling, chunks, says, scripted, sound, standing, talked, until
from .test_real_hub import _sung

SMALL = "qwen2.5-coder-0.5b-instruct-q4_k_m"
EXAMPLE = Path(__file__).parents[2] / "examples" / "clients" / "wyoming_client.py"


async def test_what_there_is() -> None:
    async with standing(scripted()) as (server, hub), calling(server) as client:
        await says(client, Describe(), Ping(text="well?"))
        told = Info.from_event((await until(client, "info"))[-1])
        assert (await until(client, "pong"))[-1].data == {"text": "well?"}
    (asr,), (tts,), (handle,) = told.asr, told.tts, told.handle
    assert [voice.name for voice in tts.voices] == list(hub.voices()) or hub.voices() == ()
    assert tts.voices
    assert tts.supports_synthesize_streaming
    for artifact in (asr, *asr.models, tts, *tts.voices, handle, *handle.models):
        assert artifact.attribution.name
        assert artifact.installed
    for model in (*asr.models, *tts.voices, *handle.models):
        assert model.languages


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (24_000, 2)])
async def test_speech_is_written_down(rate_hz: int, channels: int) -> None:
    async with standing(scripted()) as (server, _), calling(server) as client:
        for words in ("good day", "big chat"):
            await says(client, Transcribe(language="en"), AudioStart(rate_hz, 2, channels))
            await says(client, *chunks(_sung(words), rate_hz, channels), AudioStop())
            told = Transcript.from_event((await until(client, "transcript"))[-1])
            assert told.text == words


async def test_a_text_is_spoken() -> None:
    async with standing(scripted()) as (server, hub), calling(server) as client:
        voice = SynthesizeVoice(name=hub.voices()[-1])
        await says(client, Synthesize("good day. yes sir", voice=voice))
        audio, rate_hz = sound(await until(client, "audio-stop"))
    assert [word.strip(".") for word in decode_words(audio, rate_hz)] == ["good", "day", "yes", "sir"]


async def test_a_text_is_spoken_while_it_comes() -> None:
    async with standing(scripted()) as (server, _), calling(server) as client:
        await says(client, SynthesizeStart(), SynthesizeChunk("good d"), SynthesizeChunk("ay. yes"))
        early = await until(client, "audio-chunk")
        await says(client, SynthesizeChunk(" sir"), Synthesize("good day. yes sir"), SynthesizeStop())
        audio, rate_hz = sound([*early, *await until(client, "synthesize-stopped")])
        await says(client, Synthesize("big chat"))
        again, _ = sound(await until(client, "audio-stop"))
    assert [word.strip(".") for word in decode_words(audio, rate_hz)] == ["good", "day", "yes", "sir"]
    assert decode_words(again, rate_hz) == ["big", "chat"]


async def test_a_conversation_outlives_its_connections() -> None:
    async with standing(scripted(("one", "two", "three"))) as (server, hub):
        first = await asks(server, "good day")
        assert first.data == {"text": "one", "context": {"conversation_id": "kitchen"}}
        assert (await asks(server, "big chat")).data["text"] == "two"
        (session,) = talked(hub)
        assert [item.text for item in session.items] == ["good day", "one", "big chat", "two"]
        named = (await asks(server, "who is there", None)).data["context"]["conversation_id"]
        assert len(talked(hub)) == 2
        await asks(server, "again", named)
        assert len(talked(hub)) == 2
    assert hub.sessions == ()


async def test_an_answer_is_told_as_it_is_made() -> None:
    async with standing(scripted(("one two three",))) as (server, _), calling(server) as client:
        await says(client, Transcript("good day"))
        told = await until(client, "handled-stop")
    kinds = [event.type for event in told]
    assert (kinds[0], kinds[-2:]) == ("handled-start", ["handled", "handled-stop"])
    pieces = [event.data["text"] for event in told if event.type == "handled-chunk"]
    assert "".join(pieces).strip() == told[-2].data["text"] == "one two three"


async def test_the_conversation_that_waited_longest_gives_way() -> None:
    wyoming = WyomingConfig(uri=ANYWHERE, conversations=2)
    async with standing(scripted(), wyoming=wyoming) as (server, hub):
        for name in ("kitchen", "hall", "kitchen", "attic"):
            await asks(server, "good day", name)
        texts = [len(session.items) for session in talked(hub)]
        assert sorted(texts) == [2, 4]  # the attic, and the kitchen; not the hall


async def test_conversations_end_when_nobody_goes_on() -> None:
    wyoming = WyomingConfig(uri=ANYWHERE, idle_seconds=1)
    async with standing(scripted(), wyoming=wyoming) as (server, hub):
        await asks(server, "good day")
        assert len(talked(hub)) == 1
        await asyncio.sleep(1.2)
        assert talked(hub) == []
        assert (await asks(server, "good day")).type == "handled"


SHOP = """\
cast: The Shop
about: A small shop.
start: hello
personas:
  clerk: {name: Ann, role: the clerk, voice: low, manner: Friendly., may: [order]}
slots:
  count: {type: number, about: how many, least: 1, most: 20, cues: [pieces]}
scenes:
  hello:
    plays: clerk
    aim: Take the order.
    checklist: [{ask: count}]
    ways: [{to: bye, if: done, does: order}]
  bye: {plays: clerk, aim: Say goodbye., ends: true}
tools:
  order: {about: Orders it., runs: "orders:order", needs: [count], bridge: One moment., changes: true}
"""
ORDERS = """\
from time import sleep

def order(count: float) -> str:
    sleep(0.2)
    return "order 17"
"""


async def test_what_comes_of_a_tool_belongs_to_the_answer(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "orders.py").write_text(ORDERS)
    engines = scripted(("Your number is 17.",))
    engines["embedder"] = EngineChoice(use="scripted")
    async with standing(engines, cast=str(tmp_path / "shop.yaml")) as (server, hub):
        told = await asks(server, "five pieces please")
        assert (told.type, told.data["text"]) == ("handled", "One moment. Your number is 17.")
        (session,) = talked(hub)
        assert session.playing is not None
        (called,) = session.playing.state.called
        assert (called.status, called.told) == ("done", True)


async def test_who_hangs_up_breaks_off_the_answer() -> None:
    engines = scripted()
    slow = {"answers": ["one two three four five six seven eight", "nine"], "token_ms": 60}
    engines["language_model"] = EngineChoice(use="scripted", settings=slow)
    async with standing(engines) as (server, hub):
        async with calling(server) as client:
            await says(client, Transcript("good day", context={"conversation_id": "kitchen"}))
            await until(client, "handled-chunk")
        (session,) = talked(hub)
        async with asyncio.timeout(5):
            while (told := await asks(server, "again")).type == "not-handled":
                assert "waits for an answer already" in told.data["text"]
        assert told.data["text"] == "nine"
        cut = session.items[1]
        assert cut.interrupted
        assert "eight" not in cut.text


async def test_two_who_begin_a_conversation_at_once_are_in_the_same() -> None:
    async with standing(scripted()) as (server, hub):
        told = await asyncio.gather(asks(server, "good day"), asks(server, "good day"))
        assert "handled" in [one.type for one in told]
        assert len(talked(hub)) == 1


async def test_the_next_conversation_is_ready_and_does_not_show() -> None:
    async with standing(scripted()) as (server, hub):
        async with calling(server) as client:
            await says(client, Describe())
            await until(client, "info")
        (ready,) = hub.sessions
        await asks(server, "good day")
        assert talked(hub) == [ready]
        assert len(hub.sessions) == 2
        shown = server._records.all()
        assert [record.id for record in shown] == [ready.id]


async def test_no_room_is_no_answer() -> None:
    async with standing(scripted(), limits=Limits(sessions=1)) as (server, hub):
        hub.open_session(lambda _: None)
        told = await asks(server, "good day")
        assert told.type == "not-handled"
        assert "1 sessions are open" in told.data["text"]


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b'{"type": "audio-chunk", "payload_length": 999999999999}\n',
        b'{"type": "describe", "data_length": -5}\n',
        b'{"type": "describe", "data_length": 70000}\n',
        b'{"type": 7}\n',
        b"[" * 60_000 + b"\n",
        b'{"type": "synthesize", "data": {"text": 7}}\n',
        b'{"type": "synthesize", "data": {"text": "x", "voice": {"name": "nobody"}}}\n',
        b'{"type": "synthesize", "data": {"text": "<p/>", "text_format": "ssml"}}\n',
        b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 4, "channels": 1}}\n',
        b'{"type": "audio-chunk", "data": {"rate": 1, "width": 2, "channels": 1}}\n',
        b'{"type": "transcript", "data": {"text": "' + b"x" * 5_000 + b'"}}\n',
        b'{"type": "synthesize", "data": {"text": "' + b"x" * 9_000 + b'"}}\n',
    ],
)
async def test_what_is_not_understood_ends_the_line_and_nothing_else(line: bytes) -> None:
    async with standing(scripted()) as (server, _):
        assert server.home is not None
        reader, writer = await asyncio.open_connection(*server.home.address)
        writer.write(line)
        async with asyncio.timeout(5):
            told = await reader.readline()
            assert json.loads(told)["type"] == "error"
            await reader.read()
        writer.close()
        assert (await asks(server, "good day")).data["text"] == "yes sir"


async def test_a_line_without_an_end() -> None:
    async with standing(scripted()) as (server, _):
        assert server.home is not None
        reader, writer = await asyncio.open_connection(*server.home.address)
        writer.write(b"x" * 200_000)
        async with asyncio.timeout(5):
            with suppress(ConnectionError):  # what was never read is refused by a reset
                await reader.read()
        writer.close()
        assert (await asks(server, "good day")).data["text"] == "yes sir"


async def test_too_much_sound() -> None:
    limits = Limits(buffered_audio_seconds=1)
    async with standing(scripted(), limits=limits) as (server, _), calling(server) as client:
        await says(client, Transcribe(), *chunks(np.zeros(30_000, np.float32)))
        told = Error.from_event((await until(client, "error"))[-1])
    assert "more than 1 s" in told.text


async def test_nobody_stays_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor, "SILENT_S", 0.05)
    async with standing(scripted()) as (server, _), calling(server) as client:
        assert await client.read_event() is None


async def test_no_more_come_in_than_may() -> None:
    wyoming = WyomingConfig(uri=ANYWHERE, connections=1)
    async with standing(scripted(), wyoming=wyoming) as (server, _), calling(server) as first:
        await says(first, Describe())
        await until(first, "info")
        async with calling(server) as second:
            assert await second.read_event() is None


async def test_while_the_models_load() -> None:
    async with standing(scripted()) as (server, hub):
        hub.ready = False
        async with calling(server) as client:
            await says(client, Describe())
            assert Error.from_event((await until(client, "error"))[-1]).code == "busy"
        hub.ready = True


async def test_a_port_that_is_taken() -> None:
    async with standing(scripted()) as (server, _):
        assert server.home is not None
        taken = WyomingConfig(uri=f"tcp://127.0.0.1:{server.home.address[1]}")
        with pytest.raises(PrerequisiteMissing, match="cannot listen for Wyoming"):
            async with standing(scripted(), wyoming=taken):
                pass


async def test_it_wants_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("wyoming", "antiphon.server.home"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "wyoming", None)
    with pytest.raises(PrerequisiteMissing, match=r"pip install 'antiphon\[home\]'"):
        async with standing(scripted()):
            pass


def test_where_it_may_listen() -> None:
    assert place_of(WyomingConfig(uri="tcp://127.0.0.1:10300")) == ("127.0.0.1", 10300)
    assert place_of(WyomingConfig(uri="tcp://[::1]:1")) == ("::1", 1)
    assert place_of(WyomingConfig(uri="tcp://0.0.0.0:1", trust_network=True)) == ("0.0.0.0", 1)
    for wrong in ("127.0.0.1:10300", "unix:///x", "tcp://127.0.0.1", "tcp://127.0.0.1:x"):
        with pytest.raises(ConfigInvalid, match="not like tcp"):
            place_of(WyomingConfig(uri=wrong))
    with pytest.raises(ConfigInvalid, match="trust_network"):
        place_of(WyomingConfig(uri="tcp://0.0.0.0:10300"))


def test_sentences() -> None:
    sentences = Sentences()
    assert sentences.push("It is 3.5 deg") == []
    assert sentences.push('rees. "Cold!" he said') == ["It is 3.5 degrees.", '"Cold!"']
    assert sentences.end() == ["he said"]
    assert sentences.end() == []
    long = Sentences().push("word " * 200 + ".\n")
    assert all(len(piece) <= PIECE_LETTERS for piece in long)
    assert " ".join(long).split() == [*["word"] * 200, "."]
    with pytest.raises(Garbled):
        sentences.push("x" * 9_000)


async def test_the_example() -> None:
    async with standing(scripted()) as (server, _):
        assert server.home is not None
        url = "tcp://{}:{}".format(*server.home.address)
        assert await runpy.run_path(str(EXAMPLE))["ask"]("good day", url) == "yes sir"


@pytest.mark.real
@pytest.mark.paced
async def test_a_house_with_real_engines(weights: Callable[[str], Path], tmp_path: Path) -> None:
    """It speaks, understands itself, and answers."""
    engines = Config().engines
    engines["journal"] = EngineChoice(use="sqlite", settings={"path": str(tmp_path / "journal.sqlite")})
    engines["language_model"] = EngineChoice(use="ik", settings={"model": SMALL})
    async with standing(engines, weights=weights) as (server, _), calling(server) as client:
        await says(client, Synthesize("What is the capital of France? Tell me in one word."))
        audio, rate_hz = sound(await until(client, "audio-stop"))
        await says(client, Transcribe(), AudioStart(rate_hz, 2, 1))
        await says(client, *chunks(soxr.resample(audio, rate_hz, CLOCK_HZ), rate_hz), AudioStop())
        heard = Transcript.from_event((await until(client, "transcript"))[-1]).text
        assert "capital of france" in heard.lower()
        answer = await asks(server, heard)
        assert answer.type == "handled"
        assert "Paris" in answer.data["text"]
