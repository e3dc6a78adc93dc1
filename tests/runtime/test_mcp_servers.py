"""Tools on real MCP servers: processes that speak over stdin and stdout, and one over HTTP."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from antiphon.contracts import ConfigInvalid
from antiphon.runtime import EngineChoice
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import ReplyEnded, SessionEvent, ToolCalled
from antiphon.runtime.hub import open_hub
from antiphon.runtime.mcp_arguments import Shape, fitted, misfits, needed
from antiphon.runtime.mcp_servers import McpServers, ToolRefused, unfit
from antiphon.runtime.settings import ReplyRequest
from antiphon.runtime.toolbox import RESULT_CHARS_MAX, Outcome, Toolbox, open_toolbox
from antiphon.samp import check_cast, read_cast
from antiphon.samp.cast import Server
from antiphon.samp.tools import UNKNOWN

from .stage import TYPED, no_weights, scripted_config
from .test_tools import ORDERS

SHOP_SERVER = """\
import os, sys, time
from pathlib import Path
from typing import Literal
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

shop = MCPServer("shop")
Path("pid.txt").write_text(str(os.getpid()))

@shop.tool()
def order(count: int, colour: Literal["red", "blue"]) -> str:
    with Path("made.txt").open("a") as made:
        made.write(f"{count!r} {colour}\\n")
    if count == 13:
        os._exit(1)
    if count == 14:
        raise ToolError("no fourteen of them")
    if count == 15:
        return "x" * 5000
    if count == 16:
        time.sleep(60)
    return f"order {count} {colour}"

@shop.tool()
def authorization(ctx: Context) -> str:
    return ctx.request_context.request.headers.get("authorization", "none")

@shop.tool()
def environment() -> str:
    return ",".join(sorted(os.environ))

if len(sys.argv) > 1:
    shop.run("streamable-http", port=int(sys.argv[1]))
else:
    shop.run()
"""
COMMAND = (sys.executable, "shop.py")


def on_server(server: str) -> str:
    """The shop whose clerk orders on a server."""
    return ORDERS.replace("orders:order", "mcp:shop/order") + f"servers:\n  shop: {server}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP_SERVER)
    return tmp_path


@pytest.fixture
def box(folder: Path) -> Iterator[Toolbox]:
    box = open_toolbox(read_cast(on_server(f"{{command: [{sys.executable}, shop.py]}}")), folder)
    yield box
    box.close()


async def call(box: Toolbox, **arguments: Any) -> Outcome:
    told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    box.call("order", arguments, told.set_result)
    return await asyncio.wait_for(told, 20)


async def test_a_tool_on_a_server_runs_once_a_call_and_outlives_its_server(
    box: Toolbox, folder: Path
) -> None:
    assert await ended(box, 5) == ("done", "order 5 red")
    failed = await call(box, count=14.0, colour="red")
    assert failed.status == "failed"
    assert "no fourteen of them" in failed.text
    assert len((await call(box, count=15.0, colour="red")).text) == RESULT_CHARS_MAX
    died = await call(box, count=13.0, colour="red")
    assert died.status == "failed"
    assert UNKNOWN in died.text, "what a dying server did is not known"
    assert UNKNOWN not in failed.text, "a server that says that it failed is believed"
    assert await ended(box, 6) == ("done", "order 6 red")
    made = (folder / "made.txt").read_text().split("\n")
    assert made == ["5 red", "14 red", "15 red", "13 red", "6 red", ""], "some were made twice, or never"
    half = await call(box, count=2.5, colour="red")
    assert half.text == "ValueError: count must be a whole number, not 2.5"


async def ended(box: Toolbox, count: float) -> tuple[str, str]:
    outcome = await call(box, count=float(count), colour="red")
    return outcome.status, outcome.text


def test_a_server_knows_of_the_environment_what_it_was_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "k")
    monkeypatch.setenv("OTHER_KEY", "secret")
    servers = McpServers({"shop": Server(command=COMMAND, env=("SHOP_KEY",))}, folder)
    try:
        names = set(servers.call("shop", "environment", {}).split(","))
    finally:
        servers.close()
    # The interpreter adds LC_CTYPE where no locale is set.
    assert names - {"LC_CTYPE"} == {"PATH", "SHOP_KEY"}


def test_who_does_not_answer_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.runtime.mcp_servers.START_S", 0.3)
    cast = read_cast(on_server("{command: [sleep, '60']}"))
    began = time.monotonic()
    with pytest.raises(ConfigInvalid, match=r"server shop: it did not answer within 0.3 s"):
        open_toolbox(cast, folder)
    assert time.monotonic() - began < 10
    monkeypatch.undo()
    servers = McpServers({"shop": Server(command=COMMAND)}, folder)
    try:
        servers.start()
        monkeypatch.setattr("antiphon.runtime.mcp_servers.CALL_S", 0.5)
        with pytest.raises(ToolRefused, match=rf"(within 0.5 s|[Tt]imed out).*{UNKNOWN}"):
            servers.call("shop", "order", {"count": 16, "colour": "red"})
    finally:
        servers.close()


@pytest.mark.parametrize(
    ("server", "tool", "problem"),
    [
        ("{command: [no-such-program]}", "order", "server shop: there is no program no-such-program"),
        ("{command: ['false']}", "order", "server shop: "),
        (
            "{command: [PYTHON, shop.py]}",
            "ordr",
            "shop has no tool ordr; it has authorization, environment, order",
        ),
        ("{command: [PYTHON, shop.py]}", "environment", "takes no `count`; remove it from `needs`"),
        ("{command: [PYTHON, shop.py], env: [NOT_THERE]}", "order", "the environment has no NOT_THERE"),
        ('{url: "http://shop.example/mcp"}', "order", "unencrypted; say https"),
    ],
)
def test_what_cannot_be_called_is_told_at_the_start(
    folder: Path, server: str, tool: str, problem: str
) -> None:
    text = on_server(server.replace("PYTHON", sys.executable)).replace("mcp:shop/order", f"mcp:shop/{tool}")
    with pytest.raises(ConfigInvalid, match=problem):
        open_toolbox(read_cast(text), folder)


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        ("{}", "either a `command` or a `url`"),
        ("{command: [shop], url: 'https://shop.example'}", "either a `command` or a `url`"),
        ("{url: 'https://shop.example', env: [KEY]}", "starts no process"),
        ("{command: [shop], token: KEY}", "has no token"),
        ("{command: [shop]}\n  spare: {command: [shop]}", "no tool is on it"),
    ],
)
def test_a_server_that_makes_no_sense_has_its_line(server: str, problem: str) -> None:
    _, problems = check_cast(on_server(server))
    assert any(problem in each.what for each in problems)
    _, problems = check_cast(on_server("{command: [shop]}").replace("mcp:shop/", "mcp:shpo/"))
    assert any("no server `shpo`" in each.what for each in problems)


def test_a_password_in_a_url_is_refused() -> None:
    (problem,) = unfit(Server(url="https://me:secret@shop.example/mcp"), Path())
    assert "holds a password" in problem
    assert "secret" not in problem


async def test_a_server_that_hangs_is_started_again(
    box: Toolbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await ended(box, 5) == ("done", "order 5 red")
    monkeypatch.setattr("antiphon.runtime.mcp_servers.PROBE_S", 0.3)
    first = int((folder / "pid.txt").read_text())
    os.kill(first, signal.SIGSTOP)
    assert await ended(box, 6) == ("done", "order 6 red")
    assert int((folder / "pid.txt").read_text()) != first
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert (folder / "made.txt").read_text() == "5 red\n6 red\n"


async def test_a_server_over_http_is_called_the_same_way(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "t0k")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = http_server(folder, port)
    try:
        await listening(port)
        box = open_toolbox(read_cast(on_server(f'{{url: "http://127.0.0.1:{port}/mcp"}}')), folder)
        try:
            assert await ended(box, 5) == ("done", "order 5 red")
            server.kill()
            server.wait()
            assert (await call(box, count=6.0, colour="red")).status == "failed"
            server = http_server(folder, port)
            await listening(port)
            assert await ended(box, 7) == ("done", "order 7 red")
            url = f"http://127.0.0.1:{port}/mcp"
            servers = McpServers({"shop": Server(url=url, token="SHOP_TOKEN")}, folder)
            told = await asyncio.to_thread(servers.call, "shop", "authorization", {})
            await asyncio.to_thread(servers.close)
            assert told == "Bearer t0k"
        finally:
            box.close()
    finally:
        server.kill()
        server.wait()
    assert (folder / "made.txt").read_text() == "5 red\n7 red\n"


def http_server(folder: Path, port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, str(port)], cwd=folder, stderr=subprocess.DEVNULL)


async def listening(port: int) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                await writer.wait_closed()
                return


def test_slots_must_suit_what_a_tool_takes() -> None:
    cast = read_cast(on_server("{command: [shop]}"))
    schema = {
        "properties": {
            "count": {"type": "string"},
            "colour": {"type": "string", "enum": ["red", "green"]},
            "day": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "till": {"$ref": "#/$defs/Till"},
        },
        "required": ["count", "till"],
    }
    shape = needed(schema)
    assert shape["day"] == Shape(False, frozenset({"string", "null"}))
    problems = list(misfits(cast, cast.tools["order"], shape))
    assert "mcp:shop/order takes `count` as string, and the slot is a number" in problems
    assert "mcp:shop/order must be given `till`; add it to `needs`" in problems
    assert any("knows no colour `blue`" in problem for problem in problems)
    whole = {"count": Shape(True, frozenset({"integer"}))}
    assert repr(fitted(whole, {"count": 5.0})) == "{'count': 5}"


async def test_a_conversation_has_something_done_on_a_server(folder: Path) -> None:
    text = on_server(f"{{command: [{sys.executable}, shop.py]}}")
    (folder / "shop.yaml").write_text(text)
    config = scripted_config(("Which colour?", *["Goodbye then."] * 3), cast=str(folder / "shop.yaml"))
    config.engines["embedder"] = EngineChoice(use="scripted")
    hub = await open_hub(config, weights=no_weights, progress=lambda _: None)
    events: list[SessionEvent] = []
    try:
        session = hub.open_session(events.append, TYPED)
        for number, words in enumerate(("five pieces please", "red one please")):
            session.create_item(Item(id=f"item_{number}", kind="message", text=words))
            session.respond(ReplyRequest())
            await seen(events, ReplyEnded, number + 1)
        await seen(events, ToolCalled, 2)
    finally:
        await hub.close()
    done = [each for each in events if isinstance(each, ToolCalled)][-1]
    assert (done.status, done.result) == ("done", "order 5 red")
    assert (folder / "made.txt").read_text() == "5 red\n"
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid.txt").read_text()), 0)


async def seen(events: list[SessionEvent], kind: type[SessionEvent], count: int) -> None:
    for _ in range(1_000):
        if sum(isinstance(event, kind) for event in events) >= count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"there were not {count} {kind.__name__} in {events}")
