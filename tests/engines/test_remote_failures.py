"""What a server can do wrong, one sentence each, and an end to waiting whenever the caller wants it."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer

import pytest
from tests.engines.loopback import Answer, Exchange, Loopback, serving

from antiphon.bench.stage import no_weights
from antiphon.contracts import (
    AntiphonError,
    ContractBroken,
    EngineBroken,
    EngineSetup,
    Finish,
    Message,
    PrerequisiteMissing,
    Prompt,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
)
from antiphon.engines.remote_language_model import RemoteLanguageModel

HELLO = Prompt((Message("user", "Hello?"),))
KEY = "a-key-that-nobody-may-read"


def event(text: str = "", finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice], **more}).encode() + b"\n\n"


@contextmanager
def engine_at(url: str, **settings: object) -> Iterator[RemoteLanguageModel]:
    table = {"base_url": url, "model": "m", "retries": 0, "silence_timeout_s": 0.2, **settings}
    engine = RemoteLanguageModel.open(EngineSetup(weights=no_weights, settings=table))
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def meeting(answer: Answer, **settings: object) -> Iterator[tuple[RemoteLanguageModel, Loopback]]:
    with serving(answer) as server, engine_at(server.url, **settings) as engine:
        yield engine, server


def failure(answer: Answer, **settings: object) -> AntiphonError:
    with meeting(answer, **settings) as (engine, _), pytest.raises(AntiphonError) as caught:
        list(engine.generate(HELLO))
    return caught.value


def status(code: int, said: str = "", **headers: str) -> Answer:
    def answer(exchange: Exchange) -> None:
        body = json.dumps({"error": {"message": said}}).encode()
        exchange.whole(body, status=code)

    return answer


def sends(*pieces: bytes) -> Answer:
    def answer(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(*pieces)

    return answer


def stalls(*pieces: bytes) -> Answer:
    def answer(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(*pieces)
        exchange.wait_for_the_client_to_leave()

    return answer


def test_nobody_is_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with engine_at(url) as engine, pytest.raises(EngineBroken, match=r"nothing answers at 127\.0\.0\.1"):
        list(engine.generate(HELLO))


def test_the_key_is_wrong_and_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    seen: list[str] = []

    def answer(exchange: Exchange) -> None:
        seen.append(exchange.headers["Authorization"])
        status(401, "invalid key")(exchange)

    error = failure(answer, api_key_env="MY_KEY")
    assert isinstance(error, PrerequisiteMissing)
    assert "401: invalid key" in str(error)
    assert error.remedy == "export MY_KEY=YOUR_KEY"
    assert seen == [f"Bearer {KEY}"]
    assert KEY not in repr(error)


def test_the_key_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    with (
        pytest.raises(PrerequisiteMissing, match="MY_KEY"),
        engine_at("http://127.0.0.1:9/v1", api_key_env="MY_KEY"),
    ):
        pass


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (status(429, "slow down"), EngineBroken, "429: slow down; too many requests"),
        (status(500, "out of memory"), EngineBroken, "500: out of memory"),
        (status(404, "no such model"), EngineBroken, "check `base_url` and `model`"),
        (status(400, "no such field"), EngineBroken, "400: no such field"),
        (status(400, "maximum context length is 10"), ContractBroken, "longer than the model reads"),
        (sends(b"<html>hello</html>\n"), EngineBroken, "no event stream"),
        (sends(b'data: {"oops\n\n'), EngineBroken, "no chat completion"),
        (sends(b'data: {"weather": "fine"}\n\n'), EngineBroken, "no chat completion"),
        (sends(event("Hel"), b'data: {"error": "crashed"}\n\n'), EngineBroken, "failed on the way: crashed"),
        (sends(event("Hel")), EngineBroken, "broke off without an end"),
        (sends(b"data: " + b"x" * 2_000_000), EngineBroken, "a line of more than"),
        (stalls(), EngineBroken, "stopped sending"),
        (stalls(event("Hel")), EngineBroken, "stopped sending"),
    ],
)
def test_each_failure_has_its_sentence(answer: Answer, kind: type[AntiphonError], sentence: str) -> None:
    error = failure(answer)
    assert isinstance(error, kind)
    assert sentence in str(error)


def test_a_connection_cut_in_the_middle() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.send_response(200)
        exchange.send_header("Content-Length", "1000")
        exchange.end_headers()
        exchange.send(event("Hel"))
        exchange.close_connection = True

    assert "broke the connection" in str(failure(answer))


def test_a_busy_server_is_asked_again_and_a_wrong_request_is_not() -> None:
    def busy_once(exchange: Exchange) -> None:
        if len(exchange.server.requests) == 1:
            status(503, "loading")(exchange)
        else:
            sends(event("Hi"), event(finish="stop"))(exchange)

    with meeting(busy_once, retries=1) as (engine, server):
        first, *_ = engine.generate(HELLO)
        assert first == TextDelta("Hi")
        assert len(server.requests) == 2
    with meeting(status(400, "no"), retries=5) as (engine, server):
        with pytest.raises(EngineBroken):
            list(engine.generate(HELLO))
        assert len(server.requests) == 1


@pytest.mark.parametrize("sent", [(), (event("Hel"),)], ids=["before the first word", "in the middle"])
def test_cancelling_ends_the_wait_and_the_connection(sent: tuple[bytes, ...]) -> None:
    cancel = Event()
    with meeting(stalls(*sent), silence_timeout_s=60) as (engine, server):
        Timer(0.05, cancel.set).start()
        pieces = list(engine.generate(HELLO, cancel=cancel))
        assert isinstance(pieces[-1], Finish)
        assert pieces[-1].reason == "cancelled"
        assert server.left.wait(10)


def test_walking_away_closes_the_connection() -> None:
    with meeting(stalls(event("Hel")), silence_timeout_s=60) as (engine, server):
        answer = engine.generate(HELLO)
        assert next(answer) == TextDelta("Hel")
        answer.close()
        assert server.left.wait(10)


def test_closing_the_engine_ends_what_is_under_way() -> None:
    with meeting(stalls(event("Hel")), silence_timeout_s=60) as (engine, server):
        answer = engine.generate(HELLO)
        next(answer)
        engine.close()
        assert server.left.wait(10)
        with pytest.raises(ContractBroken, match="closed"):
            list(engine.generate(HELLO))


def test_pieces_are_read_wherever_they_are_cut() -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "ring", "arguments": '{"ti'}}
    more = {"index": 0, "function": {"arguments": 'mes": 2}'}}
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 3}}
    stream = b": hello\r\n\r\n" + event("Grüße") + event(" dir")
    for fragment in (call, more):
        delta = {"tool_calls": [fragment]}
        stream += b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\r\n\r\n"
    stream += event(finish="tool_calls")
    stream += b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\ndata: [DONE]\n\n"
    with meeting(sends(*(stream[at : at + 7] for at in range(0, len(stream), 7)))) as (engine, _):
        assert list(engine.generate(HELLO)) == [
            TextDelta("Grüße"),
            TextDelta(" dir"),
            ToolCall("c1", "ring", '{"times": 2}'),
            Finish("tool_calls", Usage(9, 3, 4)),
        ]


@pytest.mark.parametrize(("choice", "said"), [("auto", "One moment. Done."), ("ring", "One moment. ")])
def test_a_call_that_comes_as_text_is_not_spoken(choice: str, said: str) -> None:
    text = 'One moment. {"name": "ring", "arguments": {"times": 2}} Done.'
    prompt = Prompt(HELLO.messages, (Tool("ring"),), choice)
    with meeting(sends(*(event(letter) for letter in text), event(finish="stop"))) as (engine, _):
        pieces = list(engine.generate(prompt))
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)) == said
    (call,) = [piece for piece in pieces if isinstance(piece, ToolCall)]
    assert (call.name, call.arguments) == ("ring", '{"times": 2}')
    assert isinstance(pieces[-1], Finish)
    assert pieces[-1].reason == "tool_calls"


def test_a_call_that_was_demanded_and_not_made() -> None:
    prompt = Prompt(HELLO.messages, (Tool("ring"),), "required")
    answer = sends(event("No."), event(finish="stop"))
    with meeting(answer) as (engine, _), pytest.raises(EngineBroken, match="was to call a tool"):
        list(engine.generate(prompt))


def test_without_a_tokenizer_counts_err_on_the_high_side() -> None:
    with meeting(status(404)) as (engine, server):
        assert engine.count_tokens("") == 0
        assert engine.count_tokens("The quick brown fox") >= 5
        assert engine.count_tokens(HELLO) > engine.count_tokens("Hello?")
        assert len(server.requests) == 1  # it is asked once
