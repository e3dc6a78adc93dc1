"""The Wyoming server: where it listens, and how many it serves at once.

The protocol knows no keys, so anybody who reaches the port may use it: it opens on loopback, and elsewhere
only where the configuration says that the network is trusted.
"""

import asyncio
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

from antiphon.contracts import ConfigInvalid, PrerequisiteMissing
from antiphon.runtime import Config, Hub, WyomingConfig
from antiphon.server.auth import is_loopback
from antiphon.server.feed import Records
from antiphon.server.home.talks import Talks
from antiphon.server.home.visitor import Visitor
from antiphon.server.home.wire import LINE_BYTES


class House:
    """Serves Wyoming clients while the application runs. ConfigInvalid: it may not listen there."""

    def __init__(self, hub: Hub, config: Config, records: Records) -> None:
        self._hub, self._config = hub, config
        self._host, self._port = place_of(config.wyoming)
        self._talks = Talks(hub, config, records)
        self._visits: set[asyncio.Task[None]] = set()
        self.address = ("", 0)
        """Where it listens, once it does."""

    async def run(self, _: object) -> AsyncGenerator[None]:
        """Listen; what was begun is broken off at the end.

        Raises:
            PrerequisiteMissing: the port is taken.
        """
        try:
            server = await asyncio.start_server(self._come_in, self._host, self._port, limit=LINE_BYTES)
        except OSError as error:
            raise PrerequisiteMissing(
                f"cannot listen for Wyoming on {self._host} port {self._port}: {error.strerror or error}",
                remedy=f"antiphon serve --wyoming tcp://{self._host}:{self._port + 1}",
            ) from None
        self.address = server.sockets[0].getsockname()[:2]
        yield
        server.close()
        for visit in tuple(self._visits):
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        await self._talks.close()

    def _come_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._visits) >= self._config.wyoming.connections:
            writer.close()
            return
        visit = asyncio.create_task(self._visit(reader, writer))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._config.limits.session_seconds):
                await Visitor(self._hub, self._config, self._talks, reader, writer).run()
        except TimeoutError:
            pass  # It has been here for as long as anybody may.
        finally:
            writer.close()


def place_of(config: WyomingConfig) -> tuple[str, int]:
    """Host and port to listen on. ConfigInvalid: the address is none, or others could reach it."""
    try:
        parts = urlsplit(config.uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    else:
        host = host if parts.scheme == "tcp" else None
    if host is None or port is None:
        raise ConfigInvalid((f"wyoming.uri is {config.uri!r}, not like tcp://127.0.0.1:10300",))
    if not is_loopback(host) and not config.trust_network:
        raise ConfigInvalid(
            (
                f"wyoming.uri is {config.uri!r}, which lets other machines in, and Wyoming knows no keys: "
                "set wyoming.trust_network if everybody who can reach it may use it",
            )
        )
    return host, port
