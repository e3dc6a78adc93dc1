"""The page's files: packed as the browser likes, never stale, and shut to everything from elsewhere."""

import gzip
from pathlib import Path

import pytest

from antiphon.server import app as app_module
from antiphon.server.static import read_app

from .fakes import FakeHub
from .line import listening

PAGE = b"<!doctype html><title>page</title>" * 20


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "index.html.gz").write_bytes(gzip.compress(PAGE))
    (tmp_path / "app.js").write_bytes(b"1")
    (tmp_path / "secret.txt").write_bytes(b"no")
    monkeypatch.setattr(app_module, "read_app", lambda: read_app(tmp_path))
    return tmp_path


async def test_a_browser_gets_the_page_and_a_program_the_text(hub: FakeHub, built: Path) -> None:
    async with listening(hub) as line:
        async with line.http.get(line.url + "/", headers={"Accept": "text/html,*/*"}) as page:
            assert await page.read() == PAGE
            assert page.headers["Content-Encoding"] == "gzip"
            policy = page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "http" not in policy
        async with line.http.get(line.url + "/") as text:
            assert "/v1/realtime" in await text.text()


async def test_what_the_browser_has_is_not_sent_again(hub: FakeHub, built: Path) -> None:
    async with listening(hub) as line:
        async with line.http.get(line.url + "/app/app.js") as first:
            assert first.headers["Content-Type"].startswith("text/javascript")
            tag = first.headers["ETag"]
        async with line.http.get(line.url + "/app/app.js", headers={"If-None-Match": tag}) as again:
            assert again.status == 304
            assert await again.read() == b""


async def test_only_the_apps_own_files_are_served(hub: FakeHub, built: Path) -> None:
    async with listening(hub) as line:
        for name in ("secret.txt", "..%2fapp.py", "index.html.gz", "nothing.js"):
            async with line.http.get(f"{line.url}/app/{name}") as response:
                assert response.status == 404


async def test_the_page_asks_for_the_key_itself(hub: FakeHub, built: Path) -> None:
    async with listening(hub, key="secret", loopback=False) as line:
        async with line.http.get(line.url + "/", headers={"Accept": "text/html"}) as page:
            assert page.status == 200
        assert (await line.get("/v1/models"))[0] == 401


async def test_the_page_is_not_for_other_names_of_this_machine(hub: FakeHub, built: Path) -> None:
    async with (
        listening(hub) as line,
        line.http.get(line.url + "/", headers={"Host": "rebound.example", "Accept": "text/html"}) as page,
    ):
        assert page.status == 403


def test_an_app_that_was_not_built_is_no_app(tmp_path: Path) -> None:
    assert read_app(tmp_path) == {}
