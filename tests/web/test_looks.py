"""Every view in both themes, on a desk and on a telephone: nothing that keeps anybody out, nothing from afar.

`ANTIPHON_SHOTS=FOLDER` keeps the pictures, and looks at every size in every theme.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.e2e.running import Running, running
from tests.runtime.stage import no_weights, scripted_config

from antiphon.runtime import EngineChoice

from .conftest import NO_ECHO
from .evening import trace_file
from .looks import IN_PASSING, SEEN, TABS, Looker, looking
from .page import visiting

FIRST_LOAD_BYTES = 250 * 1024
EXAMPLES = Path(__file__).parents[2] / "examples"
ANSWER = "That must hurt. Is it swollen, or have you a fever?"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that plays a cast, in the scripted singer's two voices."""
    folder = tmp_path_factory.mktemp("cast")
    shutil.copy(EXAMPLES / "clinic_tools.py", folder)
    cast, voices = folder / "clinic.yaml", iter(("high", "low"))
    text = (EXAMPLES / cast.name).read_text("utf-8")
    cast.write_text(re.sub(r"voice: .*", lambda _: f"voice: {next(voices)}", text), "utf-8")
    config = scripted_config((ANSWER,), session=NO_ECHO, cast=str(cast))
    config.engines["embedder"] = EngineChoice(use="scripted")
    with running(config, no_weights) as server:
        yield server


@pytest.fixture(params=SEEN)
def look(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def looker(browser: Browser, server: Running, look: str) -> Iterator[Looker]:
    with looking(browser, look, server.url) as looker:
        yield looker


@pytest.fixture
def patient(browser: Browser, clinic: Running, look: str) -> Iterator[Looker]:
    with looking(browser, look, clinic.url) as patient:
        yield patient


@pytest.fixture
def story_lover(browser: Browser, storyteller: Running, look: str) -> Iterator[Looker]:
    with looking(browser, look, storyteller.url) as story_lover:
        yield story_lover


def test_every_view_lets_everybody_in(looker: Looker) -> None:
    looker.page.get_by_role("heading", name="Talk with a machine").wait_for()
    looker.looks_at("welcome")
    for door in ("Settings", "Help", "Recordings"):
        looker.presses(door)
        looker.page.get_by_role("dialog").wait_for()
        looker.looks_at(door.lower())
        if door != "Recordings":
            looker.page.keyboard.press("Escape")
    looker.page.locator("input[type=file]").set_input_files(files=[trace_file()])
    looker.page.get_by_role("group", name="Replay").wait_for()
    for tab in TABS:
        looker.opens_tab(tab)
        looker.sees_the_end()
        looker.looks_at(f"replay-{tab.lower()}")
    looker.presses("Save this conversation")
    looker.looks_at("save")
    looker.page.keyboard.press("Escape")
    looker.presses("Back")
    looker.has_no_microphone("NotFoundError")
    looker.presses("Talk")
    looker.is_told("none")
    looker.looks_at("trouble-none")
    looker.has_no_microphone(None)
    looker.presses("Try again")
    looker.page.get_by_role("heading", name="Say something").wait_for()
    looker.looks_at("listening")
    for tab in TABS:
        looker.opens_tab(tab)
        looker.looks_at(f"empty-{tab.lower()}")
    looker.opens_tab("Time")
    looker.says("what time is it")
    looker.sees("It is noon.")
    looker.waits_for("turn_measured")
    looker.looks_at("talking")
    looker.presses("End the conversation")
    looker.sees_state("not connected")
    looker.looks_at("ended")
    looker.presses("Recordings")
    looker.page.locator(".recordings button").first.wait_for()
    looker.looks_at("recordings-kept")


def test_a_cast_lets_everybody_in(patient: Looker) -> None:
    patient.page.get_by_role("list", name="Who you may meet").wait_for()
    patient.looks_at("cast-welcome")
    patient.talks()
    patient.says("my tooth hurts")
    patient.is_heard()
    patient.sees_state("listening")
    patient.types("since yesterday")
    patient.sees("That must hurt. For how many days have you had it?")
    patient.waits_for("prompt")
    for tab in TABS:
        patient.opens_tab(tab)
        patient.looks_at(f"cast-{tab.lower()}")


MICROPHONE = (("NotAllowedError", "denied"), ("NotReadableError", "busy"), ("TypeError", "unsupported"))
SERVER = (("readyz", None, "unreachable"), ("v1/models", 401, "key"))


@pytest.mark.parametrize("look", IN_PASSING)
def test_trouble_lets_everybody_in(looker: Looker) -> None:
    for error, code in MICROPHONE:
        looker.has_no_microphone(error)
        looker.presses("Talk")
        looker.is_told(code)
        looker.looks_at(f"trouble-{code}")
    looker.has_no_microphone(None)
    for path, status, code in SERVER:
        looker.finds(f"**/{path}", status)
        looker.presses("Talk")
        looker.is_told(code)
        looker.looks_at(f"trouble-{code}")
        looker.page.unroute(f"**/{path}")
    looker.has_a_secure_address(False)
    looker.presses("Talk")
    looker.is_told("insecure")
    looker.looks_at("trouble-insecure")
    looker.has_a_secure_address(True)
    looker.finds("**/readyz", 503)
    looker.presses("Talk")
    looker.is_told("loading")
    looker.looks_at("trouble-loading")


@pytest.mark.parametrize("look", IN_PASSING)
def test_a_line_that_breaks_lets_everybody_in(looker: Looker) -> None:
    looker.talks()
    looker.says("what time is it")
    looker.waits_for("turn_measured")
    looker.finds("**/readyz", None)
    looker.loses_the_line()
    looker.is_told("unreachable")
    looker.looks_at("trouble-gone")
    looker.page.unroute("**/readyz")
    looker.sees_state("listening")
    looker.has_no_microphone("NotFoundError")
    looker.page.evaluate("window.__mic.unplug()")
    looker.is_told("lost")
    looker.looks_at("trouble-lost")


@pytest.mark.parametrize("look", IN_PASSING)
def test_cutting_in_and_holding_the_key_let_everybody_in(story_lover: Looker) -> None:
    looker = story_lover
    looker.talks()
    looker.says("tell me a story")
    looker.sees("Number two")
    looker.looks_at("speaking")
    looker.says("stop it now please")
    looker.page.locator(".agent .cut").first.wait_for()
    looker.is_heard(2)
    looker.sees_the_end()
    looker.looks_at("interrupted")
    looker.page.keyboard.press("m")
    looker.looks_at("muted")
    looker.presses("Settings")
    looker.page.get_by_role("switch", name="Push to talk").check()
    looker.page.keyboard.press("Escape")
    looker.looks_at("push-to-talk")


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
