"""Listening until told to stop."""

import asyncio
import errno
import logging
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

from aiohttp import web

from antiphon.contracts import PrerequisiteMissing
from antiphon.runtime import Config, Hub
from antiphon.server.app import Server
from antiphon.server.auth import open_door

log = logging.getLogger(__name__)

SHUTDOWN_S = 1.0
"""How long open conversations may take to say goodbye."""


async def serve(hub: Hub, config: Config, *, started: Callable[[str], None]) -> None:
    """Serve until SIGINT, SIGTERM or cancellation; `started` is told the URL as soon as somebody may connect.

    The hub may still be loading: conversations are refused politely until it is ready.

    Raises:
        PrerequisiteMissing: the port is taken, or a key is required and there is none.
    """
    server = Server(hub, config, open_door(config.server))
    runner = web.AppRunner(server.app(), handle_signals=False, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        url = await _listen(runner, config.server.host, config.server.port)
        with _stop_signals() as stop:
            started(url)
            await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> str:
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PrerequisiteMissing(
                f"port {port} on {host} is taken by another program",
                remedy=f"antiphon serve --port {port + 1}",
            ) from None
        raise PrerequisiteMissing(
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            remedy="choose another host or port under [server] in antiphon.toml",
        ) from None
    bound = runner.addresses[0]
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{bound[1]}"


@contextmanager
def _stop_signals() -> Generator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set while the block runs."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    handled: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except (RuntimeError, ValueError, NotImplementedError):
            # Off the main thread nobody can signal us; whoever runs us there cancels instead.
            break
        handled.append(number)
    try:
        yield stop
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
