"""The whole way round, with the real runtime and scripted engines: sung words in, sung words out."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from antiphon.bench.stage import no_weights
from antiphon.contracts import CLOCK_HZ, Audio, EngineSetup, Part
from antiphon.engines.scripted import ScriptedSynthesizer, decode_words
from antiphon.runtime import Config, EngineChoice, MemoryConfig, open_hub
from antiphon.runtime.parts import LIVE_PARTS
from antiphon.server.app import Server
from antiphon.server.auth import Door
from antiphon.server.formats import Downlink, FormatName, Uplink

from .client import CORE, check_event, score

ANSWER = "yes sir"
BY_HAND = {"audio": {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}}


def _sung(words: str) -> Audio:
    voice = ScriptedSynthesizer.open(EngineSetup(weights=no_weights))
    return np.concatenate([chunk.audio for chunk in voice.synthesize(words)])


class Caller:
    """A client that checks all it reads."""

    def __init__(self, socket: ClientWebSocketResponse, url: str, http: ClientSession) -> None:
        self._socket, self.url, self.http = socket, url, http

    async def says(self, kind: str, **fields: Any) -> None:
        await self._socket.send_json({"type": kind, **fields})

    async def sings(self, audio: Audio, name: FormatName = "audio/pcm") -> None:
        sent = Downlink(name).encode(audio)
        for at in range(0, len(sent), 4_800):
            await self.says(
                "input_audio_buffer.append", audio=base64.b64encode(sent[at : at + 4_800]).decode()
            )

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """Everything up to the next event of this kind."""
        told: list[dict[str, Any]] = []
        async with asyncio.timeout(10):
            while not told or told[-1]["type"] != kind:
                told.append(await self._socket.receive_json())
                check_event(told[-1])
                assert told[-1]["type"] in CORE
        return told


@asynccontextmanager
async def _calling(
    session: dict[str, Any],
    answers: tuple[Any, ...] = (ANSWER,),
    *,
    memory: MemoryConfig | None = None,
    query: str = "",
) -> AsyncGenerator[Caller]:
    engines: dict[Part, EngineChoice] = {part: EngineChoice(use="scripted") for part in LIVE_PARTS}
    engines["language_model"] = EngineChoice(use="scripted", settings={"answers": list(answers)})
    config = Config(engines=engines, memory=memory or MemoryConfig())
    hub = await open_hub(config, weights=no_weights, progress=lambda _: None)
    app = Server(hub, config, Door(key=None, loopback=True)).app()
    try:
        async with TestServer(app) as server, ClientSession() as http:
            url = str(server.make_url("")).rstrip("/")
            async with http.ws_connect(f"{url}/v1/realtime{query}") as socket:
                caller = Caller(socket, url, http)
                await caller.until("session.created")
                await caller.says("session.update", session=session)
                await caller.until("session.updated")
                yield caller
    finally:
        await hub.close()


def _heard(told: list[dict[str, Any]], name: FormatName = "audio/pcm") -> str:
    line = Uplink(name)
    sound = [
        line.decode(base64.b64decode(event["delta"]))
        for event in told
        if event["type"] == "response.output_audio.delta"
    ]
    return " ".join(decode_words(np.concatenate(sound), CLOCK_HZ))


def _without_deltas(told: list[dict[str, Any]]) -> list[str]:
    return [kind for kind in score(told) if not kind.endswith(".delta")]


async def test_a_turn_by_hand() -> None:
    async with _calling(BY_HAND) as caller:
        await caller.sings(_sung("good day"))
        await caller.says("input_audio_buffer.commit")
        await caller.says("response.create", response={"metadata": {"client_event_id": "1"}})
        told = await caller.until("response.done")
    assert _heard(told) == ANSWER
    completed = next(event for event in told if event["type"].endswith("transcription.completed"))
    assert completed["transcript"] == "good day"
    response = told[-1]["response"]
    assert response["status"] == "completed"
    assert response["metadata"] == {"client_event_id": "1"}
    assert response["output"][0]["content"] == [{"type": "output_audio", "transcript": ANSWER}]
    captions = [event for event in told if event["type"] == "response.output_audio_transcript.delta"]
    assert "".join(event["delta"] for event in captions) == ANSWER
    assert captions[0]["start_time"] == 0.0
    assert captions[1]["start_time"] > 0.0


async def test_a_turn_in_free_speech() -> None:
    vad = {"type": "server_vad", "silence_duration_ms": 200}
    async with _calling(
        {"audio": {"input": {"turn_detection": vad, "transcription": {"model": "m"}}}}
    ) as caller:
        silence = np.zeros(24_000, np.float32)
        await caller.sings(np.concatenate([silence[:4_800], _sung("good day"), silence]))
        told = await caller.until("response.done")
        order = _without_deltas(told)
        assert [kind for kind in order if "transcription" not in kind] == [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
        ]
        assert "conversation.item.input_audio_transcription.completed" in order
        assert _heard(told) == ANSWER


@pytest.mark.parametrize("name", ["audio/pcmu", "audio/pcma"])
async def test_words_survive_the_telephone(name: FormatName) -> None:
    phone = {"format": {"type": name}}
    audio = {"input": {**phone, **BY_HAND["audio"]["input"]}, "output": phone}
    async with _calling({"audio": audio}) as caller:
        # No letter of these is sung above 3.4 kHz, where a telephone is deaf.
        await caller.sings(_sung("big chat"), name)
        await caller.says("input_audio_buffer.commit")
        await caller.says("response.create")
        told = await caller.until("response.done")
    assert _heard(told, name) == ANSWER
    completed = next(event for event in told if event["type"].endswith("transcription.completed"))
    assert completed["transcript"] == "big chat"


async def test_a_typed_turn_and_the_clients_housekeeping() -> None:
    async with _calling({**BY_HAND, "output_modalities": ["text"]}) as caller:
        said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
        await caller.says("conversation.item.create", item={**said, "id": "item_hi"})
        await caller.says("response.create")
        told = await caller.until("response.done")
        assert "".join(e["delta"] for e in told if e["type"] == "response.output_text.delta") == ANSWER
        item_id = told[-1]["response"]["output"][0]["id"]
        await caller.says("conversation.item.retrieve", item_id=item_id)
        (shown,) = await caller.until("conversation.item.retrieved")
        assert shown["item"]["content"] == [{"type": "output_text", "text": ANSWER}]
        await caller.says("conversation.item.delete", item_id="item_hi")
        await caller.until("conversation.item.deleted")
        await caller.says("response.cancel")
        (refused,) = await caller.until("error")
        assert refused["error"]["code"] == "response_cancel_not_active"


async def test_a_tool_is_called_and_answered() -> None:
    clock = {"type": "function", "name": "clock", "parameters": {"type": "object"}}
    answers = ({"tool": "clock", "arguments": {}}, "noon")
    async with _calling({**BY_HAND, "output_modalities": ["text"], "tools": [clock]}, answers) as caller:
        said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "what time"}]}
        await caller.says("conversation.item.create", item=said)
        await caller.says("response.create")
        told = await caller.until("response.done")
        (call,) = told[-1]["response"]["output"]
        assert (call["type"], call["name"], call["status"]) == ("function_call", "clock", "completed")
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "12:00"}
        await caller.says("conversation.item.create", item=output)
        await caller.says("response.create")
        told = await caller.until("response.done")
        assert told[-1]["response"]["output"][0]["content"] == [{"type": "output_text", "text": "noon"}]


async def test_out_of_band() -> None:
    async with _calling(BY_HAND) as caller:
        said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
        await caller.says(
            "response.create",
            response={
                "conversation": "none",
                "input": [said],
                "output_modalities": ["text"],
                "metadata": {"t": "1"},
            },
        )
        told = await caller.until("response.done")
        assert not [kind for kind in score(told) if kind.startswith("conversation.")]
        assert told[-1]["response"]["metadata"] == {"t": "1"}


async def test_a_reply_is_cancelled_and_truncated() -> None:
    async with _calling(BY_HAND, ("one two three four five six seven eight",)) as caller:
        await caller.sings(_sung("good day"))
        await caller.says("input_audio_buffer.commit")
        await caller.says("response.create")
        told = await caller.until("response.output_audio.delta")
        await caller.says("response.cancel")
        told = await caller.until("response.done")
        assert told[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        item = told[-1]["response"]["output"][0]
        assert item["status"] == "incomplete"
        await caller.says("conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=0)
        await caller.until("conversation.item.truncated")
        await caller.says("conversation.item.retrieve", item_id=item["id"])
        (shown,) = await caller.until("conversation.item.retrieved")
        assert shown["item"]["content"] == [{"type": "output_audio", "transcript": ""}]


async def _turns(caller: Caller, session_id: str, ready: Callable[[list[Any]], bool]) -> list[Any]:
    async with asyncio.timeout(5):
        while True:
            async with caller.http.get(f"{caller.url}/v1/sessions/{session_id}/turns") as response:
                turns = (await response.json())["data"]
            if ready(turns):
                return turns


async def test_where_the_time_went() -> None:
    async with _calling(BY_HAND) as caller:
        await caller.sings(_sung("good day"))
        await caller.says("input_audio_buffer.commit")
        await caller.says("response.create")
        await caller.until("response.done")
        async with caller.http.get(f"{caller.url}/v1/sessions") as response:
            session_id = (await response.json())["data"][0]["id"]
        turns = await _turns(caller, session_id, lambda turns: any(t["outcome"] == "answered" for t in turns))
        turn = next(turn for turn in turns if turn["outcome"] == "answered")
        assert turn["said"] == "good day"
        assert turn["answer"] == ANSWER
        assert turn["sent_ms"] is not None


async def test_who_says_their_name_is_known_to_the_next_server(tmp_path: Path) -> None:
    memory = MemoryConfig(folder=str(tmp_path), settings={"embedder": ""}, answerable=0.0, opening_tokens=0)
    typed = {"output_modalities": ["text"], "audio": {"input": {"turn_detection": None}}}
    facts: list[dict[str, Any]] = []
    for text in ("I keep my violin in the blue cupboard.", "Where is my violin?"):
        async with _calling(typed, memory=memory, query="?user=Mira") as caller:
            session = (await (await caller.http.get(f"{caller.url}/v1/sessions")).json())["data"][0]["id"]
            async with caller.http.get(f"{caller.url}/v1/sessions/{session}/events") as feed:
                content = [{"type": "input_text", "text": text}]
                await caller.says(
                    "conversation.item.create", item={"type": "message", "role": "user", "content": content}
                )
                await caller.says("response.create")
                await caller.until("response.done")
                async with asyncio.timeout(10):
                    while await feed.content.readline() != b"event: memory\n":
                        pass
                facts.append(json.loads((await feed.content.readline()).removeprefix(b"data: ")))
    assert facts[0]["facts"] == []
    assert "Mira: I keep my violin in the blue cupboard." in [fact["text"] for fact in facts[1]["facts"]]
    assert (tmp_path / "mira.sqlite").exists()


async def test_what_is_no_name_is_refused_before_there_is_a_session(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        async with _calling(BY_HAND, query="?user=../mira"):
            pass
    assert refused.value.status == 400
    (told,) = [record for record in caplog.records if record.msg == "a client was refused"]
    assert (told.__dict__["code"], told.__dict__["param"]) == ("invalid_user", "user")
    assert "'../mira' is no user's name" in told.__dict__["personal"]["message"]
