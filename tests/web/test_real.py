"""The same with real engines and real voices, in a real browser."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Playwright
from tests.e2e.running import Running
from tests.e2e.utterance import excerpt, spoken

from antiphon.contracts import CLOCK_HZ, Audio, EngineSetup
from antiphon.engines.hibari import HibariVoices

from .page import Visitor, launch, visiting

pytestmark = [pytest.mark.real, pytest.mark.paced]

WATCHES_AGREE_MS = 60
SILENT_WITHIN_MS = 1_000  # a story goes on for seconds; how quick it is, a busy machine cannot say
A_PERSON = "timit_nltk/dr2-faem0_sx42.flac"
BEFORE_S, AFTER_S = 1.5, 12.0
INTERRUPTIONS = 2
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def server(real_server: Running) -> Running:
    return real_server


@pytest.fixture(scope="module")
def voices(weights: Callable[[str], Path]) -> HibariVoices:
    return HibariVoices.open(EngineSetup(weights=weights))


@pytest.fixture
def question(request: pytest.FixtureRequest, voices: HibariVoices) -> Audio:
    """A real person's words where there are recordings, our own voice's elsewhere."""
    try:
        return excerpt(request.getfixturevalue("speech_data"), A_PERSON)
    except pytest.skip.Exception:  # no recordings are no reason to try nothing
        return spoken(voices, "How many legs does a spider have?", "man").audio


def _write(path: Path, audio: Audio) -> Path:
    quiet = (
        np.random.default_rng(0).normal(0, 2e-4, round((BEFORE_S + AFTER_S) * CLOCK_HZ)).astype(np.float32)
    )
    whole = np.concatenate([quiet[: round(BEFORE_S * CLOCK_HZ)], audio, quiet[round(BEFORE_S * CLOCK_HZ) :]])
    soundfile.write(path, whole, CLOCK_HZ, subtype="PCM_16")
    return path


def _two_watches(playwright: Playwright, server: Running, wav: Path) -> None:
    """A browser whose microphone plays `wav` once: click, and be answered."""
    with (
        launch(playwright, f"--use-file-for-fake-audio-capture={wav}%noloop") as browser,
        visiting(browser, scripted_microphone=False) as visitor,
    ):
        visitor.page.set_default_timeout(PATIENCE_MS)
        visitor.opens(server.url)
        visitor.talks()
        visitor.is_heard()
        visitor.waits_for("turn_measured")
        report = visitor.events("turn_measured")[0]["report"]
        here = visitor.waits_for("page_heard")[0]["ms"]
        print(
            f"\n{report['said']!r} -> {report['answer']!r}\n"
            f"heard after {here:.0f} ms by the page's watch, {report['heard_ms']:.0f} by the server's"
        )
        assert abs(here - report["heard_ms"]) < WATCHES_AGREE_MS
        assert visitor.page.locator(".line.agent .heard").count() > 0
        assert visitor.errors == []


def test_click_talk_hear(playwright: Playwright, server: Running, question: Audio, tmp_path: Path) -> None:
    _two_watches(playwright, server, _write(tmp_path / "question.wav", question))


def test_cutting_in(server: Running, browser: Browser, voices: HibariVoices) -> None:
    stop = spoken(voices, "Stop, please. That is enough for now.", "man")
    silenced: list[float] = []
    with visiting(browser) as visitor:
        visitor.page.set_default_timeout(PATIENCE_MS)
        visitor.opens(server.url)
        visitor.talks()
        for _ in range(INTERRUPTIONS):
            _let_it_talk(visitor)
            visitor.sounds(stop.audio)
            silenced.append(visitor.waits_for("page_silenced", len(silenced) + 1)[-1]["ms"])
            visitor.page.get_by_text("You cut in").nth(len(silenced) - 1).wait_for()
            visitor.is_heard(2 * len(silenced))
        assert visitor.page.locator(".line.agent .cut").count() > 0
        assert visitor.errors == []
    print(f"\nsilent after {silenced} ms")
    assert np.median(silenced) < SILENT_WITHIN_MS


def _let_it_talk(visitor: Visitor) -> None:
    heard = len(visitor.events("played"))
    box = visitor.page.get_by_role("textbox", name="Type instead of speaking")
    # What has a second's worth of words however briefly it is answered.
    box.fill("Count from one to twenty, in words.")
    box.press("Enter")
    visitor.waits_for("played", heard + 10)
