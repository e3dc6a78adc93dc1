"""A person at the page: their microphone is ours, everything else is a real browser's."""

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

from antiphon.contracts import Audio, EngineSetup
from antiphon.engines.scripted import ScriptedSynthesizer

MICROPHONE = (Path(__file__).parent / "microphone.js").read_text(encoding="utf-8")
PATIENCE_MS = 30_000
QUIET = (
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)


def chromium() -> str | None:
    """The browser's place: `ANTIPHON_CHROMIUM`, or wherever a distribution puts it."""
    named = os.environ.get("ANTIPHON_CHROMIUM")
    return named or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


def launch(playwright: Playwright, *flags: str) -> Browser:
    """A headless browser with a microphone that needs no device."""
    return playwright.chromium.launch(
        executable_path=chromium(),
        args=["--no-sandbox", "--use-fake-device-for-media-stream", *QUIET, *flags],
    )


def sung(words: str) -> Audio:
    """`words` as the scripted voice sings them, which the scripted transcriber understands."""
    voice = ScriptedSynthesizer.open(EngineSetup(weights=Path))
    return np.concatenate([chunk.audio for chunk in voice.synthesize(words)])


class Visitor:
    """Somebody at the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)
        page.on("request", lambda request: self.requests.append(request.url))

    def _note(self, line: ConsoleMessage) -> None:
        # A server without a cast says so with 404, and browsers report each.
        if line.type == "error" and not line.location["url"].endswith("/v1/cast"):
            self.errors.append(f"{line.text} {line.location}")

    def opens(self, url: str) -> None:
        self.page.goto(url)
        self.page.locator(".state").wait_for()

    def chooses_line(self, name: str) -> None:
        """By what the next conversation is carried."""
        self.page.get_by_role("button", name="Settings").click()
        self.page.get_by_label("Line").select_option(name)
        self.page.keyboard.press("Escape")

    def talks(self) -> None:
        """Press the button, and be connected."""
        self.page.get_by_role("button", name="Talk", exact=True).click()
        self.sees_state("listening")

    def says(self, words: str) -> None:
        """Sing into the microphone; returns at once."""
        self.sounds(sung(words))

    def sounds(self, audio: Audio) -> None:
        """Any sound into the microphone, 24 kHz."""
        pcm = base64.b64encode(audio.astype("<f4").tobytes()).decode()
        self.page.evaluate("pcm => window.__mic.say(pcm)", pcm)

    def is_heard(self, times: int = 1) -> None:
        """So many things that were said are understood: as words, if not always as the same. A busy machine
        drops samples of a browser's sound."""
        self.page.locator(".caller.settled").nth(times - 1).wait_for()

    def sees_state(self, name: str) -> None:
        self.page.locator(".state", has_text=name).wait_for()

    def sees(self, text: str) -> None:
        self.page.locator(".captions li", has_text=text).last.wait_for()

    def events(self, name: str) -> list[dict[str, Any]]:
        """What the page has noted under this name."""
        return self.page.evaluate(
            "wanted => window.__call.events.filter(({name}) => name === wanted).map(({data}) => data)",
            name,
        )

    def waits_for(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        self.page.wait_for_function(
            "([name, count]) => window.__call.events.filter((e) => e.name === name).length >= count",
            arg=[name, count],
        )
        return self.events(name)


Who = TypeVar("Who", bound=Visitor)


@contextmanager
def visiting(
    browser: Browser,
    *,
    who: type[Who] = Visitor,
    permissions: tuple[str, ...] = ("microphone",),
    scripted_microphone: bool = True,
    **options: Any,
) -> Iterator[Who]:
    """A fresh profile, gone afterwards; `who` is at it."""
    context: BrowserContext = browser.new_context(permissions=list(permissions), **options)
    try:
        if scripted_microphone:
            context.add_init_script(MICROPHONE)
        yield who(context.new_page())
    finally:
        context.close()
