"""Click, talk, hear; cut in; type; hold a key."""

import re

import numpy as np
import pytest
from playwright.sync_api import Browser
from tests.e2e.running import running
from tests.runtime.stage import no_weights, scripted_config

from .conftest import NO_ECHO
from .page import Visitor, visiting
from .tape import silent_after_ms

pytestmark = pytest.mark.paced

SILENT_WITHIN_MS = 1_000  # a story goes on for seconds; how quick it is, a busy machine cannot say
WATCHES_AGREE_MS = 60
TURNS = 3
RECORDED_WITHIN_MS = 100
"""The page's figures and its recording, which joins what follows within a tenth of a second without gaps."""


def test_click_talk_hear_and_two_watches_agree(clock: Visitor) -> None:
    visitor = clock
    visitor.talks()
    for turn in range(1, TURNS + 1):
        visitor.says("what time is it")
        visitor.is_heard(turn)
        visitor.waits_for("turn_measured", turn)
        visitor.sees_state("listening")
    visitor.sees("It is noon. Time for lunch.")
    reports = [event["report"] for event in visitor.events("turn_measured")]
    here = [event["ms"] for event in visitor.events("page_heard")]
    there = [report["heard_ms"] for report in reports]
    print(f"heard after {here} ms by the page's watch, {np.round(there)} by the server's")
    assert len(here) == len(there) == TURNS
    assert np.median(np.abs(np.subtract(here, there))) < WATCHES_AGREE_MS
    report = reports[-1]
    assert report["heard_ms"] >= report["sent_ms"]
    # Every word has become a heard one, and the waterfall is there.
    assert visitor.page.locator(".agent .heard").count() == 6 * TURNS
    assert visitor.page.locator(".agent .coming").count() == 0
    visitor.page.locator(".waterfall .bar").first.wait_for()
    shown = re.search(r"heard (\d+) ms", visitor.page.locator(".legend").inner_text())
    assert shown
    assert abs(int(shown[1]) - report["heard_ms"]) < 1


def test_cutting_in_silences_it_and_strikes_what_was_not_heard(listener: Visitor) -> None:
    visitor = listener
    visitor.talks()
    visitor.says("tell me a story")
    for time in range(1, TURNS + 1):
        visitor.page.locator(".line.agent").nth(time - 1).get_by_text("two").wait_for()
        visitor.says("stop it now please")  # and is told the story again
        visitor.waits_for("page_silenced", time)
    silenced = [event["ms"] for event in visitor.events("page_silenced")]
    recorded = silent_after_ms(visitor, voice=0.05)
    print(f"silent {silenced} ms after the caller began, {np.round(recorded)} on the page's recording")
    # An answer that had run dry just then, on a busy machine, was silent already and is not on the recording.
    assert len(recorded) >= TURNS - 1
    assert np.median(recorded) < SILENT_WITHIN_MS
    assert all(np.abs(np.subtract(silenced, one)).min() < RECORDED_WITHIN_MS for one in recorded)
    visitor.page.locator(".agent .cut").first.wait_for()
    visitor.waits_for("turn_measured")
    report = next(
        e["report"] for e in visitor.events("turn_measured") if e["report"]["outcome"] == "interrupted"
    )
    line = visitor.page.locator(".line.agent").first
    assert " ".join(line.locator(".heard").all_inner_texts()).split() == report["heard"].split()
    assert "You cut in after" in line.inner_text()
    played = [event["played_ms"] for event in visitor.events("played")]
    assert played, "nothing was acknowledged"


def test_what_is_typed_is_answered_aloud_without_a_microphone(visitor: Visitor) -> None:
    box = visitor.page.get_by_role("textbox", name="Type instead of speaking")
    box.fill("good morning")
    box.press("Enter")
    visitor.sees("It is noon. Time for lunch.")
    visitor.sees("good morning")
    assert visitor.page.evaluate("window.__mic.opened") == 0
    visitor.waits_for("turn_measured")
    assert visitor.waits_for("played")
    assert visitor.page.locator(".agent .coming").count() == 0
    # And then they speak after all.
    visitor.page.get_by_role("button", name="Speak too").click()
    visitor.page.locator(".meter").wait_for()
    visitor.says("now with my voice")
    visitor.is_heard(2)


def test_what_is_typed_while_an_answer_is_being_made_takes_its_place(browser: Browser) -> None:
    config = scripted_config(("It is noon.",), session=NO_ECHO)
    config.engines["language_model"].settings["first_token_ms"] = 800
    with running(config, no_weights) as server, visiting(browser) as visitor:
        visitor.opens(server.url)
        visitor.talks()
        box = visitor.page.get_by_role("textbox", name="Type instead of speaking")
        for times, text in enumerate(("good morning", "what time is it"), 1):
            box.fill(text)
            box.press("Enter")
            visitor.waits_for("reply_started", times)
        visitor.sees("It is noon.")
        visitor.waits_for("reply_ended", 2)
        assert [event["status"] for event in visitor.events("reply_ended")] == ["cancelled", "completed"]
        assert visitor.events("session_failed") == visitor.errors == []


def test_push_to_talk_hears_only_while_the_key_is_held(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Settings").click()
    visitor.page.get_by_role("switch", name="Push to talk").check()
    visitor.page.keyboard.press("Escape")
    visitor.talks()
    visitor.says("nobody hears this")
    visitor.page.wait_for_timeout(1_800)
    assert visitor.events("speech_started") == []
    visitor.page.keyboard.down(" ")
    visitor.says("but this")
    visitor.is_heard()
    visitor.page.keyboard.up(" ")
    visitor.sees("It is noon.")
    assert visitor.page.locator(".caller").count() == 1


def test_muted_means_not_heard(visitor: Visitor) -> None:
    visitor.talks()
    visitor.page.keyboard.press("m")
    visitor.page.get_by_role("button", name="Mute", pressed=True).wait_for()
    visitor.says("nobody hears this")
    visitor.page.wait_for_timeout(1_500)
    assert visitor.events("speech_started") == []
    visitor.page.keyboard.press("m")
    visitor.says("hear me")
    visitor.is_heard()


def test_the_microphone_that_was_chosen_is_asked_for(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Settings").click()
    choice = visitor.page.get_by_label("Microphone")
    choice.locator("option", has_text="Fake Audio Input 2").wait_for(state="attached")
    choice.select_option(label="Fake Audio Input 2")
    chosen = choice.input_value()
    visitor.page.keyboard.press("Escape")
    visitor.talks()
    assert visitor.page.evaluate("window.__mic.constraints.audio.deviceId") == {"exact": chosen}
    # And changed while talking, without hanging up.
    visitor.page.get_by_role("button", name="Settings").click()
    choice.select_option("")
    visitor.page.wait_for_function("() => window.__mic.opened === 2")
    visitor.page.keyboard.press("Escape")
    visitor.says("hear me")
    visitor.is_heard()


def test_the_browser_is_asked_to_take_out_the_echo(visitor: Visitor) -> None:
    visitor.talks()
    asked = visitor.page.evaluate("window.__mic.constraints.audio")
    assert asked["echoCancellation"] is True
    assert asked["noiseSuppression"] is True


@pytest.mark.parametrize("key", ["t"])
def test_the_keyboard_alone_is_enough(visitor: Visitor, key: str) -> None:
    visitor.page.keyboard.press(key)
    visitor.sees_state("listening")
    visitor.page.keyboard.press("/")
    visitor.page.keyboard.type("good day")
    visitor.page.keyboard.press("Enter")
    visitor.sees("It is noon.")
    visitor.page.keyboard.press("Escape")
    visitor.page.locator(".composer input").evaluate("box => box.blur()")
    visitor.page.keyboard.press(key)
    visitor.sees_state("not connected")


ORDER = ("Recordings", "Settings", "Help", "Talk", "Type instead of speaking")
FOCUSED = """() => {
  const at = document.activeElement, {outlineStyle, outlineWidth} = getComputedStyle(at);
  const around = getComputedStyle(at.parentElement).boxShadow;
  const name = at.getAttribute("aria-label") ?? at.innerText.trim();
  return [name, outlineStyle !== "none" ? outlineWidth : around];
}"""


def test_the_focus_goes_in_reading_order_and_is_seen(visitor: Visitor) -> None:
    passed: list[tuple[str, str]] = []
    for _ in ORDER:
        visitor.page.keyboard.press("Tab")
        passed.append(tuple(visitor.page.evaluate(FOCUSED)))
    assert tuple(name for name, _ in passed) == ORDER
    assert all(ring not in ("0px", "none") for _, ring in passed), passed
    # A dialog gives it back to what opened it.
    visitor.page.get_by_role("button", name="Help").click()
    visitor.page.keyboard.press("Escape")
    assert visitor.page.evaluate(FOCUSED)[0] == "Help"
