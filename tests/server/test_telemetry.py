"""What is told of a whole conversation: sums, traces and log lines, and nobody's words among them."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from antiphon.bench.stage import no_weights
from antiphon.contracts import Part, PrerequisiteMissing
from antiphon.runtime import Config, EngineChoice, MemoryConfig, TelemetryConfig, open_hub
from antiphon.runtime import events as ev
from antiphon.runtime.parts import LIVE_PARTS
from antiphon.server.app import Server
from antiphon.server.auth import Door
from antiphon.server.feed import Records
from antiphon.server.telemetry import traces
from antiphon.server.telemetry.logs import set_up_logs
from antiphon.server.telemetry.metrics import LAG_EVERY_S

from .fakes import FakeHub, FakeSession
from .line import listening
from .test_real_hub import BY_HAND, Caller, _sung

SAID, ANSWER = "quince jam", "marmalade skies"


@asynccontextmanager
async def calling(telemetry: TelemetryConfig | None = None) -> AsyncGenerator[Caller]:
    engines: dict[Part, EngineChoice] = {part: EngineChoice(use="scripted") for part in LIVE_PARTS}
    engines["language_model"] = EngineChoice(use="scripted", settings={"answers": [ANSWER]})
    config = Config(engines=engines, memory=MemoryConfig(use=""), telemetry=telemetry or TelemetryConfig())
    hub = await open_hub(config, weights=no_weights, progress=lambda _: None)
    try:
        app = Server(hub, config, Door(key=None, loopback=True)).app()
        async with TestServer(app) as server, ClientSession() as http:
            url = str(server.make_url("")).rstrip("/")
            async with http.ws_connect(f"{url}/v1/realtime?user=Mira") as socket:
                caller = Caller(socket, url, http)
                await caller.until("session.created")
                await caller.says("session.update", session=BY_HAND)
                await caller.until("session.updated")
                yield caller
    finally:
        await hub.close()


async def turn(caller: Caller) -> dict[str, Any]:
    """One spoken question and its answer; the turn's report."""
    await caller.sings(_sung(SAID))
    await caller.says("input_audio_buffer.commit")
    await caller.says("response.create")
    await caller.until("response.done")
    session = (await (await caller.http.get(f"{caller.url}/v1/sessions")).json())["data"][0]["id"]
    async with asyncio.timeout(5):
        while True:
            async with caller.http.get(f"{caller.url}/v1/sessions/{session}/turns") as response:
                for report in (await response.json())["data"]:
                    if report["outcome"] == "answered":
                        assert (report["said"], report["answer"]) == (SAID, ANSWER)
                        return report


async def scrape(caller: Caller) -> dict[tuple[str, str], float]:
    """Every sample by its name and its one label's value."""
    async with caller.http.get(f"{caller.url}/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        text = await response.text()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(one.name, ",".join(one.labels.values())): one.value for one in samples}


# Metrics.


async def test_the_sums_are_those_of_the_turns() -> None:
    async with calling() as caller:
        before = await scrape(caller)
        report = await turn(caller)
        after = await scrape(caller)
    assert before["antiphon_mouth_to_ear_seconds_count", "sent"] == 0
    assert after["antiphon_mouth_to_ear_seconds_count", "sent"] == 1
    assert after["antiphon_mouth_to_ear_seconds_sum", "sent"] == pytest.approx(report["sent_ms"] / 1000)
    for name in {term["name"] for term in report["terms"]}:
        took_ms = sum(term["ms"] for term in report["terms"] if term["name"] == name)
        assert after["antiphon_term_seconds_sum", name] == pytest.approx(took_ms / 1000)
    assert after["antiphon_turns_total", "answered"] == 1
    assert after["antiphon_sessions_open", ""] == after["antiphon_sessions_opened_total", ""] == 1
    read = report["prompt_tokens"] - report["cached_tokens"]
    assert after["antiphon_prompt_tokens_total", "read"] == read
    assert after["antiphon_prompt_tokens_total", "cached"] == report["cached_tokens"]
    assert after["antiphon_answer_tokens_total", ""] == report["answer_tokens"] > 0


async def test_what_goes_wrong_and_who_breaks_off_is_counted(hub: FakeHub) -> None:
    async with listening(hub) as line:
        async with await line.connect():
            session = hub.opened[0]
            session.emit(ev.SessionFailed("journal_failed", "the disk is full"))
            session.emit(ev.TranscriptFailed("item_1", "no"))
            session.agent_begins()
            session.agent_ends("failed", "engine_broken", message="no")
            session.agent_begins()
            session.agent_ends("cancelled", "turn_detected")
            async with line.http.get(f"{line.url}/metrics") as response:
                text = await response.text()
        for wanted in (
            'antiphon_failures_total{code="journal_failed"} 1.0',
            'antiphon_failures_total{code="transcription_failed"} 1.0',
            'antiphon_failures_total{code="engine_broken"} 1.0',
            "antiphon_barge_ins_total 1.0",
            "antiphon_sessions_open 1.0",
        ):
            assert wanted in text
        async with asyncio.timeout(2):
            while True:
                async with line.http.get(f"{line.url}/metrics") as response:
                    text = await response.text()
                if "antiphon_sessions_open 0.0" in text:
                    return


async def test_metrics_want_the_key(hub: FakeHub) -> None:
    async with listening(hub, key="secret") as line:
        assert (await line.get("/metrics"))[0] == 401
        headers = {"Authorization": "Bearer secret"}
        async with line.http.get(f"{line.url}/metrics", headers=headers) as response:
            assert response.status == 200


async def test_the_loop_is_watched() -> None:
    async with calling() as caller:
        await asyncio.sleep(LAG_EVERY_S + 0.1)
        assert (await scrape(caller))["antiphon_event_loop_lag_seconds_count", ""] >= 1


def test_an_observer_that_fails_is_not_felt() -> None:
    class Failing:
        def opened(self, session: object) -> None: ...

        def closed(self, session_id: str) -> None: ...

        def told(self, session_id: str, event: object) -> None:
            raise RuntimeError(SAID)

    with written(TelemetryConfig()) as log:
        record = Records(observers=(Failing(),)).open(FakeSession("sess_1", print, None))
        record.tell(ev.SessionFailed("journal_failed", "the disk is full"))
    assert "RuntimeError" in log.getvalue()
    assert SAID not in log.getvalue()


# Traces.


class Collector:
    """Takes what an OTLP exporter sends."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.bodies: list[bytes] = []
        self.answers = asyncio.Event()
        self.answers.set()

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        await self.answers.wait()
        sent = ExportTraceServiceRequest.FromString(self.bodies[-1])
        for resource in sent.resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            assert names["service.name"] == "antiphon"
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return web.Response()


@asynccontextmanager
async def collecting() -> AsyncGenerator[tuple[Collector, str]]:
    collector, app = Collector(), web.Application()
    app.router.add_post("/v1/traces", collector.take)
    async with TestServer(app) as server:
        yield collector, str(server.make_url("")).rstrip("/")


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


async def test_a_turn_is_a_trace_of_its_equation() -> None:
    began_ns = datetime.now(UTC).timestamp() * 1e9
    async with collecting() as (collector, url):
        async with calling(TelemetryConfig(otlp=url)) as caller:
            report = await turn(caller)
        ended_ns = datetime.now(UTC).timestamp() * 1e9
    roots = [s for s in collector.spans if not s.parent_span_id]
    (root,) = [s for s in roots if attributes(s)["antiphon.outcome"] == "answered"]
    below = [s for s in collector.spans if s.parent_span_id == root.span_id]
    assert {s.trace_id for s in below} == {root.trace_id}
    assert [s.name for s in below] == [span["term"] for span in report["spans"]]
    ids = [s.span_id for s in below]
    origin_ns = below[0].start_time_unix_nano - report["spans"][0]["start_ms"] * 1e6
    for sent, span in zip(below, report["spans"], strict=True):
        assert sent.start_time_unix_nano == pytest.approx(origin_ns + span["start_ms"] * 1e6, abs=1000)
        assert sent.end_time_unix_nano == pytest.approx(origin_ns + span["end_ms"] * 1e6, abs=1000)
        assert [ids.index(link.span_id) for link in sent.links] == span["causes"]
        assert attributes(sent)["antiphon.owner"] == span["owner"]
    assert began_ns < root.start_time_unix_nano <= root.end_time_unix_nano < ended_ns
    assert attributes(root)["antiphon.sent_ms"] == report["sent_ms"]
    for body in collector.bodies:
        assert SAID.encode() not in body
        assert ANSWER.encode() not in body


async def test_traces_hold_words_where_they_are_wanted() -> None:
    async with collecting() as (collector, url), calling(TelemetryConfig(otlp=url, log_words=True)) as caller:
        await turn(caller)
    told = [attributes(span) for span in collector.spans if not span.parent_span_id]
    assert {one["personal.said"] for one in told} == {SAID}


async def test_nobody_waits_for_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "GOODBYE_S", 0.2)
    async with collecting() as (collector, url):
        collector.answers.clear()
        async with asyncio.timeout(5):
            async with calling(TelemetryConfig(otlp=url)) as caller:
                await turn(caller)
        collector.answers.set()


def test_traces_want_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(PrerequisiteMissing, match=r"pip install 'antiphon\[otel\]'"):
        traces.open_traces(TelemetryConfig(otlp="http://127.0.0.1:1"))
    assert traces.open_traces(TelemetryConfig()) is None


# Logs.


@contextmanager
def written(telemetry: TelemetryConfig) -> Generator[io.StringIO]:
    """What is logged in the block."""
    stream, ours = io.StringIO(), logging.getLogger("antiphon")
    level = ours.level
    handler = set_up_logs(telemetry, stream)
    try:
        yield stream
    finally:
        logging.getLogger().removeHandler(handler)
        ours.setLevel(level)


async def converse(telemetry: TelemetryConfig) -> str:
    with written(telemetry) as log:
        async with calling(telemetry) as caller:
            await turn(caller)
            await caller.says("nonsense", text=SAID)
            await caller.until("error")
    return log.getvalue()


@pytest.mark.parametrize("style", ["json", "text"])
async def test_no_word_of_a_conversation_is_logged(style: Any) -> None:
    log = await converse(TelemetryConfig(log=style))
    assert "turn measured" in log
    for word in (*SAID.split(), *ANSWER.split(), "Mira"):
        assert word.lower() not in log.lower()


async def test_words_are_logged_where_they_are_wanted_and_marked() -> None:
    lines = [
        json.loads(line)
        for line in (await converse(TelemetryConfig(log="json", log_words=True))).splitlines()
    ]
    (measured,) = [line for line in lines if line.get("outcome") == "answered"]
    assert measured["personal"] == {"said": SAID, "answer": ANSWER, "heard": ANSWER}
    assert measured["sent_ms"] > 0
    assert measured["session"].startswith("sess_")
    assert "session opened" in [line["message"] for line in lines]


def _raise() -> None:
    raise ValueError(SAID)


def _library(log: logging.Logger) -> None:
    log.warning("it could not read %s", SAID)
    log.warning("never retrieved\n%s", SAID)


@pytest.mark.parametrize(("words", "shown"), [(False, 0), (True, 3)])
def test_neither_errors_nor_libraries_tell_words(words: bool, shown: int) -> None:
    with written(TelemetryConfig(log="json", log_words=words)) as stream:
        try:
            _raise()
        except ValueError:
            logging.getLogger("antiphon.server").exception("it failed")
        _library(logging.getLogger("library"))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [SAID in json.dumps(line) for line in lines].count(True) == shown
    assert lines[0]["error"]["type"] == "ValueError"
    assert lines[0]["error"]["where"][-1].endswith("_raise")


def test_without_being_asked_only_warnings_are_written() -> None:
    with written(TelemetryConfig()) as stream:
        logging.getLogger("antiphon.server").info("session opened")
        logging.getLogger("antiphon.server").warning("a client stopped reading", extra={"session": "s"})
    assert stream.getvalue().count("\n") == 1
    assert "session='s'" in stream.getvalue()
