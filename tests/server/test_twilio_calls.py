"""The whole way round by telephone: a simulated carrier, the real server and runtime, scripted engines."""

import asyncio
import json
import runpy
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from antiphon.bench.stage import no_weights
from antiphon.contracts import CLOCK_HZ, Audio, EngineSetup, Part
from antiphon.engines.scripted import ScriptedSynthesizer, decode_words
from antiphon.runtime import Config, EngineChoice, Hub, SessionSettings, open_hub
from antiphon.runtime.parts import LIVE_PARTS
from antiphon.server.app import Server
from antiphon.server.auth import Door
from antiphon.server.formats import Downlink, Uplink
from antiphon.server.thirds import Up

from .carrier import FRAME_S, Carrier, calling

pytestmark = pytest.mark.paced

ANSWER = "yes sir"
LONG = "one two three four five six seven eight nine ten eleven twelve"


def _sung(words: str) -> bytes:
    """Words, the way a telephone has them. None has a letter above 3.4 kHz, where telephones are deaf."""
    voice = ScriptedSynthesizer.open(EngineSetup(weights=no_weights))
    sound: Audio = np.concatenate([chunk.audio for chunk in voice.synthesize(words)])
    return Downlink("audio/pcmu").encode(sound)


def _words(sound: bytes) -> str:
    return " ".join(decode_words(Uplink("audio/pcmu").decode(sound), CLOCK_HZ))


class Exchange:
    """A server, and what it knows of the call."""

    def __init__(self, hub: Hub, http: ClientSession, url: str) -> None:
        self.hub, self.http, self.url = hub, http, url

    @property
    def items(self) -> list[tuple[str, str, bool]]:
        """Who said what, and whether it was cut."""
        (session,) = self.hub.sessions
        return [(item.role, item.text, item.interrupted) for item in session.items]


@asynccontextmanager
async def _exchange(*answers: Any) -> AsyncGenerator[Exchange]:
    engines: dict[Part, EngineChoice] = {part: EngineChoice(use="scripted") for part in LIVE_PARTS}
    engines["language_model"] = EngineChoice(use="scripted", settings={"answers": list(answers)})
    # Callers here sing the agent's own tones, which is just what an echo does.
    config = Config(engines=engines, session=SessionSettings(echo_rejection="off"))
    hub = await open_hub(config, weights=no_weights, progress=lambda _: None)
    try:
        app = Server(hub, config, Door(key=None, loopback=True)).app()
        async with TestServer(app) as server, ClientSession() as http:
            yield Exchange(hub, http, str(server.make_url("")).rstrip("/"))
    finally:
        await hub.close()


async def test_a_question_and_its_answer_by_telephone() -> None:
    async with _exchange(ANSWER) as exchange, calling(exchange.http, exchange.url, 0.05) as carrier:
        carrier.say(_sung("big chat"))
        await carrier.until(lambda: carrier.heard)
        (session,) = exchange.hub.sessions
        await carrier.until(lambda: any(report.outcome == "answered" for report in session.reports))
        report = next(report for report in session.reports if report.outcome == "answered")
        await asyncio.sleep(0.1)
        assert exchange.items == [("user", "big chat", False), ("assistant", ANSWER, False)]
        assert _words(carrier.heard) == ANSWER
        assert report.sent_ms is not None
        assert report.heard_ms is not None, "marks came back"
        # 50 ms there and 50 back; the carrier plays in frames of 20 ms.
        assert 80 < report.heard_ms - report.sent_ms < 200
        assert not carrier.cleared_at


async def test_barge_in_cuts_to_the_word_that_was_heard() -> None:
    async with _exchange(LONG) as exchange, calling(exchange.http, exchange.url, 0.04) as carrier:
        carrier.say(_sung("big chat"))
        await carrier.until(lambda: len(carrier.echoed) >= 5)
        begins = carrier.say(_sung("bag a date"))
        await carrier.until(lambda: carrier.cleared_at)
        await carrier.until(lambda: any(cut for *_, cut in exchange.items))
        kept = next(text for role, text, cut in exchange.items if role == "assistant" and cut)
        heard = _words(b"".join(sound for at, sound in carrier.played if at < carrier.cleared_at[0]))
        # The carrier's echo is what the server went by: 40 ms old, and half of a word counts as a word.
        assert LONG.startswith(kept)
        assert 3 <= len(kept.split()) < len(LONG.split())
        assert abs(len(kept.split()) - len(heard.split())) <= 1
        spoken_for = carrier.sent - begins
        assert spoken_for * FRAME_S < 1.5, "it fell silent while the caller spoke"
        before = len(carrier.told)
        await asyncio.sleep(0.15)
        assert not [told for told in carrier.told[before:] if told["event"] == "clear"], "cleared once"


async def test_keys_are_words_too() -> None:
    async with _exchange(ANSWER) as exchange, calling(exchange.http, exchange.url) as carrier:
        await carrier.until(lambda: exchange.hub.sessions)
        await carrier.press("42#")
        await carrier.until(lambda: len(exchange.items) == 2 and _words(carrier.heard) == ANSWER)
        assert exchange.items[0] == ("user", "I pressed 4 2 # on my telephone.", False)


async def test_the_agent_may_speak_first() -> None:
    async with _exchange(ANSWER) as exchange, calling(exchange.http, exchange.url, greet="1") as carrier:
        await carrier.until(lambda: _words(carrier.heard) == ANSWER)


async def test_a_call_is_shown_like_every_other_session() -> None:
    async with _exchange(ANSWER) as exchange, calling(exchange.http, exchange.url, user="Mira") as carrier:
        await carrier.until(lambda: exchange.hub.sessions)
        (session,) = exchange.hub.sessions
        assert session.settings.user == "Mira"
        async with exchange.http.get(f"{exchange.url}/v1/sessions/{session.id}/events") as feed:
            carrier.say(_sung("big chat"))
            async with asyncio.timeout(8):
                while await feed.content.readline() != b"event: turn_measured\n":
                    pass
                told = json.loads((await feed.content.readline()).removeprefix(b"data: "))
        assert told["report"]["turn"] == 1
        await carrier.hang_up()
        await carrier.until(lambda: not exchange.hub.sessions and carrier.closed is not None)
        assert carrier.closed == (1000, "")


async def test_a_name_that_is_none() -> None:
    async with _exchange(ANSWER) as exchange, calling(exchange.http, exchange.url, user="../mira") as carrier:
        await carrier.until(lambda: carrier.closed is not None)
        assert carrier.closed == (1008, "")


async def test_whoever_is_cut_off_is_gone() -> None:
    async with _exchange(ANSWER) as exchange:
        async with calling(exchange.http, exchange.url) as carrier:
            await carrier.until(lambda: exchange.hub.sessions)
        async with asyncio.timeout(2):
            while exchange.hub.sessions:  # noqa: ASYNC110 - the server's own doing
                await asyncio.sleep(0.01)


async def test_two_calls_at_once() -> None:
    async with (
        _exchange(ANSWER) as exchange,
        calling(exchange.http, exchange.url) as one,
        calling(exchange.http, exchange.url) as other,
    ):
        await one.until(lambda: len(exchange.hub.sessions) == 2)
        carriers: tuple[Carrier, ...] = (one, other)
        for carrier in carriers:
            carrier.say(_sung("big chat"))
        for carrier in carriers:
            await carrier.until(lambda carrier=carrier: _words(carrier.heard) == ANSWER)


async def test_the_example_calls_and_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Path(__file__).parents[2] / "examples" / "clients" / "telephone.py"
    question, answer = tmp_path / "question.wav", tmp_path / "answer.wav"
    soundfile.write(question, Uplink("audio/pcmu").decode(_sung("big chat")), CLOCK_HZ)
    async with _exchange(ANSWER) as exchange:
        monkeypatch.setenv("ANTIPHON_URL", exchange.url)
        call = runpy.run_path(str(script))["main"]
        await asyncio.to_thread(call, str(question), str(answer), "0.5")
    sound, rate = soundfile.read(answer, dtype="float32")
    assert rate == 8_000
    assert decode_words(Up().push(sound), CLOCK_HZ) == ANSWER.split()
