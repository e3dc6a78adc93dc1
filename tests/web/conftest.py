"""One browser for all, and servers with scripted engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from tests.e2e.running import Running, running
from tests.runtime.stage import no_weights, scripted_config

from antiphon.runtime import SessionSettings
from antiphon.server.static import FOLDER

from .page import Visitor, chromium, launch, visiting

# Caller and agent sing alike, as no echo canceller expects; and there is no echo.
NO_ECHO = SessionSettings(echo_rejection="off")
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
LONG = " ".join(f"Number {word} of a long story." for word in NUMBERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Last of all: Playwright runs an event loop on this thread until the end, and others would meet it."""
    here = Path(__file__).parent
    items.sort(key=lambda item: here in item.path.parents)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    assert (FOLDER / "index.html").is_file(), "the app is not built: make web"
    assert chromium() is not None, "no Chromium was found; sh tools/browser.sh says what to do"
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with launch(playwright) as browser:
        yield browser


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(
        scripted_config(("It is noon. Time for lunch.", LONG), session=NO_ECHO), no_weights
    ) as server:
        yield server


@pytest.fixture
def clock(browser: Browser) -> Iterator[Visitor]:
    """Somebody who has opened the page of one who knows only the time."""
    with (
        running(scripted_config(("It is noon. Time for lunch.",), session=NO_ECHO), no_weights) as server,
        visiting(browser) as visitor,
    ):
        visitor.opens(server.url)
        yield visitor
        assert visitor.errors == []


@pytest.fixture(scope="module")
def storyteller() -> Iterator[Running]:
    """A server that answers everything with a long story."""
    with running(scripted_config((LONG,), session=NO_ECHO), no_weights) as server:
        yield server


@pytest.fixture
def listener(browser: Browser, storyteller: Running) -> Iterator[Visitor]:
    """Somebody who has opened the storyteller's page."""
    with visiting(browser) as visitor:
        visitor.opens(storyteller.url)
        yield visitor
        assert visitor.errors == []


@pytest.fixture
def visitor(browser: Browser, server: Running) -> Iterator[Visitor]:
    """Somebody who has opened the page."""
    with visiting(browser) as visitor:
        visitor.opens(server.url)
        yield visitor
        assert visitor.errors == []
