"""What goes wrong, said in words, each with the way out."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.e2e.running import Running, running
from tests.runtime.stage import no_weights, scripted_config

from antiphon.runtime import EngineChoice

from .evening import CAST
from .page import Visitor, visiting


def _press_talk(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Talk", exact=True).click()


def test_a_refused_microphone_is_explained_and_can_be_allowed(browser: Browser, server: Running) -> None:
    with visiting(browser, permissions=(), scripted_microphone=False) as visitor:
        visitor.opens(server.url)
        _press_talk(visitor)
        told = visitor.page.locator('.problem[data-code="denied"]')
        told.wait_for()
        assert "allow the microphone" in told.inner_text()
        visitor.sees_state("not connected")
        visitor.page.context.grant_permissions(["microphone"])
        visitor.page.get_by_role("button", name="Try again").click()
        visitor.sees_state("listening")
        assert visitor.page.locator(".problem").count() == 0


@pytest.mark.parametrize(
    ("error", "code", "way"),
    [
        ("NotFoundError", "none", "Plug one in"),
        ("NotReadableError", "busy", "Another program"),
    ],
)
def test_no_microphone_or_a_busy_one_is_explained(visitor: Visitor, error: str, code: str, way: str) -> None:
    visitor.page.evaluate("error => { window.__mic.problem = error; }", error)
    _press_talk(visitor)
    told = visitor.page.locator(f'.problem[data-code="{code}"]')
    told.wait_for()
    assert way in told.inner_text()
    # Typing works all the same.
    visitor.page.get_by_role("textbox", name="Type instead of speaking").fill("good morning")
    visitor.page.keyboard.press("Enter")
    visitor.sees("It is noon.")


def test_an_unplugged_microphone_is_replaced_or_said(visitor: Visitor) -> None:
    visitor.talks()
    visitor.page.evaluate("window.__mic.unplug()")
    visitor.page.wait_for_function("() => window.__mic.opened === 2")
    visitor.says("still here")
    visitor.is_heard()
    visitor.page.evaluate("window.__mic.problem = 'NotFoundError'; window.__mic.unplug()")
    visitor.page.locator('.problem[data-code="lost"]').wait_for()
    visitor.page.get_by_role("button", name="Speak too").wait_for()


@pytest.mark.parametrize("by", ["websocket", "webrtc"])
def test_the_page_goes_on_when_the_server_was_restarted(browser: Browser, tmp_path: Path, by: str) -> None:
    config = scripted_config(("It is noon.",))
    config.engines["journal"] = EngineChoice(
        use="sqlite", settings={"path": str(tmp_path / "journal.sqlite")}
    )
    with visiting(browser) as visitor:
        with running(config, no_weights) as first:
            visitor.opens(first.url)
            visitor.chooses_line(by)
            visitor.talks()
            visitor.says("before")
            visitor.is_heard()
            port = int(first.url.rsplit(":", 1)[1])
        visitor.sees_state("reconnecting")
        with running(config, no_weights, port=port):
            visitor.sees_state("listening")
            visitor.says("after")
            visitor.is_heard(2)
            assert visitor.page.locator(".captions .note").count() == 1
            before, after = visitor.events("session_opened")
            assert before["id"] == after["id"], "the conversation was not resumed"
            visitor.page.get_by_role("button", name="End the conversation").click()


def test_a_server_that_is_not_there_is_said(visitor: Visitor) -> None:
    visitor.page.route("**/readyz", lambda route: route.abort())
    _press_talk(visitor)
    visitor.page.locator('.problem[data-code="unreachable"]').wait_for()
    visitor.errors.clear()  # the browser reports the refused request


def test_models_that_are_loading_are_said(visitor: Visitor) -> None:
    visitor.page.route("**/readyz", lambda route: route.fulfill(status=503, body="{}"))
    _press_talk(visitor)
    visitor.page.locator('.problem[data-code="loading"]').wait_for()
    # And goes on by itself once they are there.
    visitor.page.unroute("**/readyz")
    visitor.sees_state("listening")
    assert visitor.page.locator(".problem").count() == 0
    visitor.errors.clear()  # the browser reports what was not ready


def test_models_that_are_loading_are_not_waited_for_by_who_hangs_up(visitor: Visitor) -> None:
    visitor.page.route("**/readyz", lambda route: route.fulfill(status=503, body="{}"))
    _press_talk(visitor)
    visitor.page.locator('.problem[data-code="loading"]').wait_for()
    visitor.page.get_by_role("button", name="End the conversation").click()
    visitor.page.get_by_role("heading", name="Talk with a machine").wait_for()
    visitor.page.unroute("**/readyz")
    visitor.page.wait_for_timeout(1_500)
    assert visitor.events("session_opened") == []
    assert visitor.page.locator(".problem").count() == 0
    visitor.errors.clear()


def test_a_cast_is_shown_as_soon_as_it_is_loaded(browser: Browser, server: Running) -> None:
    with visiting(browser) as visitor:
        visitor.page.route("**/readyz", lambda route: route.fulfill(status=503, body="{}"))
        visitor.opens(server.url)
        visitor.page.get_by_role("heading", name="Talk with a machine").wait_for()
        visitor.page.route("**/v1/cast", lambda route: route.fulfill(json=CAST))
        visitor.page.unroute("**/readyz")
        visitor.page.get_by_role("heading", name="An evening at the Lantern").wait_for()
        assert "Tomas" in visitor.page.get_by_role("list", name="Who you may meet").inner_text()
