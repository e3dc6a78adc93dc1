"""A shop of tiny wheels for the real pip, and a Hub on loopback for the real client."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from antiphon.store.manifest import Hub, Manifest, Model, ModelFile, Piece
from antiphon.store.weights import Store

COMMIT = "c0ffee" + "0" * 34
REPO = "somebody/tiny"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Shop:
    """A `--find-links` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, members: dict[str, bytes]) -> str:
        """Put the wheel of distribution `name` there, or another in its place; returns `name==1.0`."""
        stem = f"{name.replace('-', '_')}-1.0"
        with zipfile.ZipFile(self.wheel(name), "w", zipfile.ZIP_DEFLATED) as archive:
            record = ""
            meta = {
                f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
                f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            }
            for member, content in {**members, **meta}.items():
                archive.writestr(member, content)
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                record += f"{member},sha256={digest},{len(content)}\n"
            archive.writestr(f"{stem}.dist-info/RECORD", record)
        return f"{name}==1.0"

    def wheel(self, name: str) -> Path:
        return self.folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"


class Tiny:
    """A model of two files over two wheels: "a" holds the config and the first piece, "b" the second."""

    config = b'{"tiny": true}'
    pieces = (os.urandom(50_000), b"weights " * 10_000)

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.add("tiny-a", {"tiny_a/config.json": self.config, "tiny_a/part1": self.pieces[0]})
        shop.add("tiny-b", {"tiny_b/part2": self.pieces[1]})

    @property
    def whole(self) -> bytes:
        return b"".join(self.pieces)

    def manifest(self, *, hub: bool = False, packages: bool = True, pinned: bool = True) -> Manifest:
        config = [self._piece("tiny-a", "tiny_a/config.json", self.config)] if packages else []
        names = (("tiny-a", "tiny_a/part1"), ("tiny-b", "tiny_b/part2"))
        parts = [self._piece(*name, part) for name, part in zip(names, self.pieces, strict=True)]
        files = (
            self._file("config.json", self.config, config, pinned),
            self._file("deep/model.bin", self.whole, parts if packages else [], pinned),
        )
        where = Hub(REPO, COMMIT if pinned else "main") if hub else None
        model = Model("tiny", "embedder", "MIT", "Tiny.", ("default",), files, where)
        other = msgspec.structs.replace(model, name="tinier", sets=("test",))
        return Manifest((model, other))

    def on_hub(self) -> dict[str, bytes]:
        return {"config.json": self.config, "deep/model.bin": self.whole}

    @staticmethod
    def _piece(name: str, member: str, content: bytes) -> Piece:
        return Piece(f"{name}==1.0", member, len(content), sha256(content))

    @staticmethod
    def _file(path: str, content: bytes, pieces: list[Piece], pinned: bool) -> ModelFile:
        if not pinned:
            return ModelFile(path, hub_file=path)
        return ModelFile(path, len(content), sha256(content), path, tuple(pieces))


class LoopbackHub:
    """What the client asks a Hub for: a file's metadata, and its bytes from somewhere on."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.gets: list[str] = []
        hub = self

        class Answer(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        path = request.path.split("/resolve/")[-1].partition("/")[2]
        content = self.files.get(path) if request.path.startswith(f"/{REPO}/") else None
        if content is None:
            request.send_response(404)
            request.send_header("X-Error-Code", "EntryNotFound")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        request.send_response(206 if start else 200)
        request.send_header("X-Repo-Commit", COMMIT)
        request.send_header("ETag", f'"{self.etags.get(path, sha256(content))}"')
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        if body:
            self.gets.append(path)
            request.wfile.write(content[start:])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop that pip, until `monkeypatch` is undone, looks into and nowhere else."""
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return Shop(folder)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return _opened(tmp_path / "shop", monkeypatch)


@pytest.fixture
def tiny(shop: Shop) -> Tiny:
    return Tiny(shop)


@pytest.fixture
def store(tmp_path: Path, tiny: Tiny) -> Store:
    return Store(tmp_path / "models", tiny.manifest())


@pytest.fixture(scope="session")
def pulled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has pulled it: pip takes its second for each part."""
    folder = tmp_path_factory.mktemp("pulled")
    with pytest.MonkeyPatch.context() as monkeypatch:
        tiny = Tiny(_opened(folder / "shop", monkeypatch))
        Store(folder / "models", tiny.manifest()).pull("tiny")
    return folder / "models"


@pytest.fixture
def pulled(store: Store, pulled_once: Path) -> Store:
    """The store, with the model in it already."""
    shutil.copytree(pulled_once, store.root)
    return store


@pytest.fixture
def hub(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[LoopbackHub]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    hub = LoopbackHub()
    hub.files = tiny.on_hub()
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    yield hub
    hub.close()


@pytest.fixture
def closed_port(monkeypatch: pytest.MonkeyPatch) -> str:
    """Where nobody listens; pip asks there twice."""
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_RETRIES", "1")
    endpoint = "http://127.0.0.1:9"
    monkeypatch.setenv("PIP_INDEX_URL", f"{endpoint}/simple")
    return endpoint


@pytest.fixture
def in_child(tmp_path: Path) -> Callable[[str, Store], subprocess.CompletedProcess[str]]:
    """Run code in a Python of its own, with `store` in it: what it does to itself stays there."""

    def run(code: str, store: Store) -> subprocess.CompletedProcess[str]:
        place = tmp_path / "manifest.json"
        place.write_bytes(msgspec.json.encode(store.manifest))
        prelude = (
            "import os, signal, resource, sys, msgspec\n"
            "from pathlib import Path\n"
            "from antiphon.contracts import AntiphonError\n"
            "from antiphon.store import Manifest, Store\n"
            "manifest = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Manifest)\n"
            "store = Store(Path(sys.argv[2]), manifest)\n"
        )
        command = [sys.executable, "-c", prelude + code, str(place), str(store.root)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run
