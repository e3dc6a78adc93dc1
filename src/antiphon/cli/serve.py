"""`antiphon serve`: listen at once, load the engines behind, and say what to do next."""

import argparse
import asyncio
import gc
import logging
import os
import sys
from pathlib import Path
from shutil import which
from time import perf_counter

from msgspec.structs import replace
from rich.console import Console

from antiphon.contracts import ConfigInvalid
from antiphon.runtime import Config, Hub, load_config
from antiphon.server import serve
from antiphon.server.obstacles import check_servable
from antiphon.server.telemetry.logs import set_up_logs
from antiphon.store import Store

COLLECT_AFTER = (4_000, 20, 1_000)
"""The thresholds of the three generations: objects, then collections of the generation before."""
SWITCH_AFTER_S = 0.0005
"""So long a thread may hold the interpreter while others wait. At Python's own 5 ms the event loop waits that
long for each engine's thread in turn: with 200 sessions it answers 36 ms late (99th percentile), not 23."""

_NEXT = """\
Ready after {seconds:.1f} s. Open {base} in a browser and press Talk; or, in another window:

  {command} talk{url}                 speak to it, or type
  {command} call question.wav{url}    send a recording, see where every millisecond went

Or with the client of the OpenAI SDK:

  client = openai.AsyncOpenAI(base_url="{base}/v1", api_key="any")
  async with client.realtime.connect(model="antiphon") as connection:
      await connection.conversation.item.create(
          item={{"type": "message", "role": "user", "content": [{{"type": "input_text", "text": "Hello!"}}]}})
      await connection.response.create()
      async for event in connection: print(event.type)

Ctrl-C ends it."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `serve` takes."""
    parser.description = "Run the server. It answers /readyz with 503 until its engines are loaded."
    parser.add_argument(
        "--config", type=Path, default=argparse.SUPPRESS, metavar="PATH", help="as before the command"
    )
    parser.add_argument("--host", help="the address to listen on; 127.0.0.1 otherwise")
    parser.add_argument("--port", type=int, help="the port; 8080 otherwise, 0 for any that is free")
    parser.add_argument(
        "--cast", metavar="FILE", help="the cast that every session plays, such as examples/restaurant.yaml"
    )
    parser.add_argument(
        "--wyoming", metavar="URI", help="serve Home Assistant, too, such as at tcp://127.0.0.1:10300"
    )
    parser.add_argument("--log", choices=("text", "json"), help="write what happens to standard error")
    parser.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    config = listening_at(load_config(args.config), args.host, args.port)
    if args.cast is not None:
        config = replace(config, cast=args.cast)
    if args.log is not None:
        config = replace(config, telemetry=replace(config.telemetry, log=args.log))
    if args.wyoming is not None:
        config = replace(config, wyoming=replace(config.wyoming, uri=args.wyoming))
    check_servable(config, Store().folder)
    writing = set_up_logs(config.telemetry)
    try:
        asyncio.run(run(config))
    finally:
        logging.getLogger().removeHandler(writing)
    return 0


def listening_at(config: Config, host: str | None, port: int | None) -> Config:
    """`config` with another place to listen. ConfigInvalid: no such port."""
    if port is not None and not 0 <= port <= 65535:
        raise ConfigInvalid((f"{port} is no port: they go from 0 to 65535",))
    server = replace(
        config.server,
        host=config.server.host if host is None else host,
        port=config.server.port if port is None else port,
    )
    return replace(config, server=server)


async def run(config: Config) -> None:
    """Serve until told to stop. Errors are those of loading the engines and of listening."""
    hub = Hub(config)
    try:
        await _listen(hub, config)
    finally:
        await hub.close()


async def _listen(hub: Hub, config: Config) -> None:
    """Serve, and load as soon as somebody could connect; whichever of the two fails ends both."""
    listening = asyncio.Event()
    url = ""

    def started(at: str) -> None:
        nonlocal url
        url = at
        print(f"listening on {at}", file=sys.stderr, flush=True)
        if config.wyoming.uri:
            print(f"listening for Home Assistant on {config.wyoming.uri}", file=sys.stderr, flush=True)
        listening.set()

    async def load() -> None:
        await listening.wait()
        await _load(hub, url)

    serving = asyncio.create_task(serve(hub, config, started=started))
    loading = asyncio.create_task(load())
    try:
        await asyncio.wait((serving, loading), return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            await loading
        await serving
    finally:
        for task in (serving, loading):
            task.cancel()
        await asyncio.gather(serving, loading, return_exceptions=True)


async def _load(hub: Hub, url: str) -> None:
    began = perf_counter()
    console = Console(stderr=True)
    with console.status("loading the engines") as status:

        def progress(step: str) -> None:
            if console.is_terminal:
                status.update(f"loading {step}")
            else:
                print(f"loading {step}", file=sys.stderr, flush=True)

        await hub.load(weights=Store().folder, progress=progress)
    _calm_the_collector()
    sys.setswitchinterval(SWITCH_AFTER_S)
    other = "" if url == "http://127.0.0.1:8080" else f" --url {url.replace('http', 'ws', 1)}/v1/realtime"
    said = _NEXT.format(seconds=perf_counter() - began, command=_command(), url=other, base=url)
    print(said, flush=True)


def _calm_the_collector() -> None:
    """Keep the cyclic garbage collector from stopping every conversation at once.

    A full collection looks at each object there is: a tenth of a second with two hundred sessions. What is
    loaded stays for good and need not be looked at; what a conversation drops is freed by its count, so that
    cycles may wait, and closed sessions leave none that matter. What is young is looked at in small portions:
    20,000 objects at a time took 17 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _command() -> str:
    """How to call this program in another window: by name, or by its place if it is not on the path."""
    called = Path(sys.argv[0])
    return os.path.relpath(called) if called.name == "antiphon" and not which("antiphon") else "antiphon"
