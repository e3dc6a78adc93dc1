"""Every view in both themes, on a desk and on a telephone: nothing that keeps anybody out, nothing from afar.

`ANTIPHON_SHOTS=FOLDER` keeps the pictures.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.e2e.running import Running

from .evening import trace_file
from .page import Visitor, visiting

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
FIRST_LOAD_BYTES = 250 * 1024
DESK, TELEPHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
TABS = ("Time", "Scenes", "Memory", "Prompt", "Events")
SERIOUS = ("serious", "critical")


@pytest.fixture(
    params=[(DESK, "light"), (DESK, "dark"), (TELEPHONE, "light"), (TELEPHONE, "dark")],
    ids=["desk-light", "desk-dark", "telephone-light", "telephone-dark"],
)
def looker(browser: Browser, server: Running, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    size, theme = request.param
    with visiting(
        browser,
        viewport=size,
        color_scheme=theme,
        reduced_motion="reduce",
        bypass_csp=True,  # only so that axe can be put into the page
    ) as visitor:
        visitor.opens(server.url)
        visitor.page.add_script_tag(path=AXE)
        yield visitor


def test_every_view_lets_everybody_in(looker: Visitor, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.id
    found: list[str] = []

    def look(view: str) -> None:
        _keep(looker, f"{name}-{view}")
        result = looker.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        found.extend(
            f"{view}: {one['id']} at {one['nodes'][0]['target']} ({one['help']})"
            for one in result["violations"]
            if one["impact"] in SERIOUS
        )
        width, room = looker.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= room, f"{view} is wider than its window"

    looker.page.get_by_role("heading", name="Talk with a machine").wait_for()
    look("welcome")
    for button, view in (("Settings", "settings"), ("Help", "help"), ("Recordings", "recordings")):
        looker.page.get_by_role("button", name=button).click()
        looker.page.get_by_role("dialog").wait_for()
        look(view)
        if view != "recordings":
            looker.page.keyboard.press("Escape")
    looker.page.locator("input[type=file]").set_input_files(files=[trace_file()])
    looker.page.get_by_role("group", name="Replay").wait_for()
    for tab in TABS:
        looker.page.get_by_role("tab", name=tab).click()
        look(tab.lower())
    looker.page.get_by_role("button", name="Save this conversation").click()
    look("save")
    looker.page.keyboard.press("Escape")
    looker.page.get_by_role("button", name="Back").click()
    looker.page.evaluate("() => { window.__mic.problem = 'NotFoundError'; }")
    looker.page.get_by_role("button", name="Talk", exact=True).click()
    looker.page.get_by_role("alert").wait_for()
    look("problem")
    looker.page.evaluate("() => { window.__mic.problem = null; }")
    looker.page.get_by_role("button", name="Try again").click()
    looker.sees_state("listening")
    looker.says("what time is it")
    looker.sees("It is noon.")
    look("talking")
    assert found == []


def test_the_first_load_is_small_and_nothing_comes_from_elsewhere(browser: Browser, server: Running) -> None:
    with visiting(browser) as visitor:
        sizes: list[int] = []
        visitor.page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
        visitor.opens(server.url)
        visitor.talks()
        visitor.says("what time is it")
        visitor.sees("It is noon.")
        assert all(url.startswith((server.url, "blob:")) for url in visitor.requests), visitor.requests
        loaded = sum(sizes)
        print(f"first load and one turn: {loaded / 1024:.1f} KiB")
        assert loaded < FIRST_LOAD_BYTES
        assert visitor.errors == []


def _keep(visitor: Visitor, name: str) -> None:
    if folder := os.environ.get("ANTIPHON_SHOTS"):
        visitor.page.screenshot(path=str(Path(folder) / f"{name}.png"))
