"""Servers on this machine's loopback for the remote engines to meet: good ones and bad ones."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

Answer = Callable[["Exchange"], None]


class Exchange(BaseHTTPRequestHandler):
    """One request being answered by the server's script."""

    protocol_version = "HTTP/1.1"
    body: bytes
    server: "Loopback"

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.requests.append(self.path)
        with suppress(ConnectionError):
            self.server.answer(self)

    def whole(self, body: bytes, *, status: int = 200, kind: str = "application/json") -> None:
        """Answer with all of `body` at once."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin(self, kind: str = "text/event-stream") -> None:
        """Begin an answer whose end is the end of the connection."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()

    def send(self, *pieces: bytes) -> None:
        """Send `pieces` at once."""
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()

    def wait_for_the_client_to_leave(self) -> None:
        """Until the other side has closed; raises the flag `left`."""
        with suppress(OSError):
            self.connection.recv(1)
        self.server.left.set()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests' own output is enough."""


class Loopback(ThreadingHTTPServer):
    """Answers every POST with one script."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.answer = answer
        self.requests: list[str] = []
        self.left = Event()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving(answer: Answer) -> Iterator[Loopback]:
    """A server that answers with `answer` while the block runs."""
    server = Loopback(answer)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
