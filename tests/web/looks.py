"""Somebody who looks: at one view after the other, in one size and one theme."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Route

from .page import Visitor, visiting

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
DESK, TELEPHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
LOOKS = {
    "desk-light": (DESK, "light"),
    "desk-dark": (DESK, "dark"),
    "telephone-light": (TELEPHONE, "light"),
    "telephone-dark": (TELEPHONE, "dark"),
}
SEEN = tuple(LOOKS) if "ANTIPHON_SHOTS" in os.environ else ("desk-light", "telephone-dark")
"""Which are looked at: all where pictures are wanted, otherwise each size and each theme once."""
IN_PASSING = SEEN if "ANTIPHON_SHOTS" in os.environ else SEEN[-1:]
"""The same for what adds little to the views: one."""
TABS = ("Time", "Scenes", "Memory", "Prompt", "Events")
SERIOUS = ("serious", "critical")
# The line, for a test to cut.
LINE = """
window.WebSocket = class extends WebSocket {
  constructor(...to) { super(...to); window.__line = this; }
};
"""


class Looker(Visitor):
    """Somebody at the page who wants it to let everybody in.

    Attributes:
        name: how they look: "desk-dark".
        found: what keeps somebody out, where.
    """

    name = ""

    def looks_at(self, view: str) -> None:
        """`ANTIPHON_SHOTS=FOLDER` keeps the picture."""
        if folder := os.environ.get("ANTIPHON_SHOTS"):
            self.page.screenshot(path=str(Path(folder) / f"{self.name}-{view}.png"))
        result = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        found = [
            f"{one['id']} at {one['nodes'][0]['target']} ({one['help']})"
            for one in result["violations"]
            if one["impact"] in SERIOUS
        ]
        assert found == [], f"{view} keeps somebody out"
        width, room = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= room, f"{view} is wider than its window"

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def opens_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def types(self, words: str) -> None:
        box = self.page.get_by_role("textbox", name="Type instead of speaking")
        box.fill(words)
        box.press("Enter")

    def has_no_microphone(self, why: str | None) -> None:
        """`why`: the name of the browser's error; None: there is one again."""
        self.page.evaluate("why => { window.__mic.problem = why; }", why)

    def has_a_secure_address(self, secure: bool) -> None:
        self.page.evaluate(
            "value => Object.defineProperty(window, 'isSecureContext', {value, configurable: true})", secure
        )

    def finds(self, path: str, status: int | None) -> None:
        """What the server says from now on at `path`; None: nothing at all."""

        def answer(route: Route) -> None:
            if status is None:
                route.abort()
            else:
                route.fulfill(status=status, body="{}")

        self.page.route(path, answer)

    def is_told(self, code: str) -> None:
        self.page.locator(f'.problem[data-code="{code}"]').wait_for()

    def sees_the_end(self) -> None:
        """Of the conversation, wherever many words at once or a panel have moved it."""
        self.page.wait_for_function(
            "() => { const box = document.querySelector('.captions');"
            " return box.scrollHeight - box.scrollTop - box.clientHeight < 4; }"
        )

    def loses_the_line(self) -> None:
        self.page.evaluate("window.__line.close()")


@contextmanager
def looking(browser: Browser, name: str, url: str) -> Iterator[Looker]:
    """Somebody who has opened the page at `url`."""
    size, theme = LOOKS[name]
    wishes: dict[str, Any] = {"viewport": size, "color_scheme": theme, "reduced_motion": "reduce"}
    # The Content-Security-Policy is left out only so that axe can be put into the page.
    with visiting(browser, who=Looker, bypass_csp=True, **wishes) as looker:
        looker.name = name
        looker.page.add_init_script(LINE)
        looker.opens(url)
        looker.page.add_script_tag(path=AXE)
        yield looker
