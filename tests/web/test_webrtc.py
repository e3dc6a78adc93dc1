"""The same over WebRTC: sound as packets, events on a data channel."""

from .page import Visitor

WATCHES_AGREE_MS = 100
"""The page listens behind the browser's decoder and mixer, which the packets' own clock does not see."""
SILENT_WITHIN_MS = 300


def _by_call(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Settings").click()
    visitor.page.get_by_label("Line").select_option("webrtc")
    visitor.page.keyboard.press("Escape")
    visitor.talks()


def test_click_talk_hear_and_two_watches_agree(visitor: Visitor) -> None:
    _by_call(visitor)
    visitor.says("what time is it")
    visitor.is_heard()
    visitor.sees("It is noon. Time for lunch.")
    visitor.waits_for("turn_measured")
    report = visitor.events("turn_measured")[-1]["report"]
    here = visitor.events("page_heard")[-1]["ms"]
    print(f"heard after {here:.0f} ms by the page's watch, {report['heard_ms']:.0f} by the server's")
    assert abs(here - report["heard_ms"]) < WATCHES_AGREE_MS
    assert visitor.page.locator(".agent .coming").count() == 0
    assert visitor.page.evaluate("window.__call.tape.seconds") > 1


def test_cutting_in_silences_it(listener: Visitor) -> None:
    visitor = listener
    _by_call(visitor)
    visitor.says("tell me a story")
    visitor.sees("Number two")
    visitor.says("stop it now please")
    silenced = visitor.waits_for("page_silenced")[0]["ms"]
    print(f"silent {silenced} ms after the caller began")
    assert silenced < SILENT_WITHIN_MS
    visitor.page.locator(".agent .cut").first.wait_for()


def test_muted_means_not_heard(visitor: Visitor) -> None:
    _by_call(visitor)
    visitor.page.keyboard.press("m")
    visitor.says("nobody hears this")
    visitor.page.wait_for_timeout(1_500)
    assert visitor.events("speech_started") == []
