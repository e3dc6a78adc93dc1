"""A real browser, and pages for it from another origin than the server's."""

import base64
import os
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, async_playwright

from antiphon.contracts import Audio

FLAGS = ("--no-sandbox", "--autoplay-policy=no-user-gesture-required")


def chromium() -> str:
    """The browser: `ANTIPHON_CHROMIUM`, or wherever a distribution puts it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("ANTIPHON_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert found is not None, "no Chromium was found: install one, or say where it is in ANTIPHON_CHROMIUM"
    return found


@asynccontextmanager
async def opened(name: str, ready: str, **folders: Path) -> AsyncGenerator[Page]:
    """The page of this name, once `ready` is true in it; `folders` are served beside it."""
    app = web.Application()
    app.router.add_static("/page", Path(__file__).parent / "page")
    for path, folder in folders.items():
        app.router.add_static(f"/{path}", folder)
    async with TestServer(app) as pages, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = await browser.new_page()
        page.on("console", lambda line: print(line.text, file=sys.stderr))
        await page.goto(str(pages.make_url(f"/page/{name}")))
        await page.wait_for_function(f"!!({ready})")
        yield page
        await browser.close()


async def until(page: Page, true: str) -> None:
    """Wait until it is true in the page; print what the page has seen when it never is."""
    try:
        await page.wait_for_function(f"!!({true})", timeout=30_000)
    except Exception:
        print(await page.evaluate("JSON.stringify(seen().events.map((event) => event.type))"))
        raise


async def events(page: Page, kind: str) -> list[Any]:
    """The events of one kind that came."""
    return [event for event in (await page.evaluate("seen()"))["events"] if event["type"] == kind]


def packed(sound: Audio) -> str:
    """Sound for the page."""
    return base64.b64encode(sound.tobytes()).decode()
