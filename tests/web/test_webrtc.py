"""The same over WebRTC: sound as packets, events on a data channel."""

import numpy as np
import pytest

from .page import Visitor
from .tape import silent_after_ms

pytestmark = pytest.mark.paced

WATCHES_AGREE_MS = 60
SILENT_WITHIN_MS = 1_000  # a story goes on for seconds; how quick it is, a busy machine cannot say
RECORDED_WITHIN_MS = 100
TURNS = 3


def _by_call(visitor: Visitor) -> None:
    visitor.chooses_line("webrtc")
    visitor.talks()


def test_click_talk_hear_and_two_watches_agree(clock: Visitor) -> None:
    visitor = clock
    _by_call(visitor)
    for turn in range(1, TURNS + 1):
        visitor.says("what time is it")
        visitor.is_heard(turn)
        visitor.waits_for("turn_measured", turn)
        visitor.sees_state("listening")
    here = [event["ms"] for event in visitor.events("page_heard")]
    there = [event["report"]["heard_ms"] for event in visitor.events("turn_measured")]
    print(f"heard after {here} ms by the page's watch, {np.round(there)} by the server's")
    assert len(here) == len(there) == TURNS
    apart_ms = np.abs(np.subtract(here, there))
    assert np.median(apart_ms) < WATCHES_AGREE_MS
    assert visitor.page.locator(".agent .coming").count() == 0
    assert visitor.page.evaluate("window.__call.tape.seconds") > 1


def test_cutting_in_silences_it(listener: Visitor) -> None:
    visitor = listener
    _by_call(visitor)
    visitor.says("tell me a story")
    visitor.sees("Number two")
    visitor.says("stop it now please")
    silenced = visitor.waits_for("page_silenced")[0]["ms"]
    (recorded,) = silent_after_ms(visitor, voice=0.05)
    print(f"silent {silenced} ms after the caller began, {recorded:.0f} on the page's recording")
    assert max(silenced, recorded) < SILENT_WITHIN_MS
    assert abs(silenced - recorded) < RECORDED_WITHIN_MS
    visitor.page.locator(".agent .cut").first.wait_for()


def test_muted_means_not_heard(visitor: Visitor) -> None:
    _by_call(visitor)
    visitor.page.keyboard.press("m")
    visitor.says("nobody hears this")
    visitor.page.wait_for_timeout(1_500)
    assert visitor.events("speech_started") == []
