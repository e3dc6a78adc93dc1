"""What was recorded is shown on the same screens, and taken along as words, sound and trace."""

import io
import json
from pathlib import Path

import numpy as np
import soundfile

from antiphon.engines.scripted import decode_words

from .evening import evening, trace_file
from .page import Visitor


def _captions(visitor: Visitor) -> list[str]:
    """Each line with the state of every word."""
    return visitor.page.locator(".captions > ol > li").evaluate_all(
        "lines => lines.map((line) => [line.className, ...[...line.querySelectorAll('.bubble, .bubble *')]"
        ".map((part) => part.className + ' ' + part.textContent.trim())].join('|'))"
    )


def _talk(visitor: Visitor) -> None:
    visitor.talks()
    visitor.says("tell me a story")
    visitor.sees("Number two")
    visitor.says("stop it now please")
    visitor.is_heard(2)
    visitor.page.locator(".agent .cut").first.wait_for()
    visitor.page.get_by_role("button", name="End the conversation").click()
    visitor.sees_state("not connected")


def _save(visitor: Visitor, what: str) -> bytes:
    visitor.page.get_by_role("button", name="Save this conversation").click()
    with visitor.page.expect_download() as download:
        visitor.page.locator(".exports button", has_text=what).click()
    visitor.page.keyboard.press("Escape")
    return Path(download.value.path()).read_bytes()


def test_a_conversation_is_replayed_as_it_was_and_saved_whole(listener: Visitor) -> None:
    visitor = listener
    _talk(visitor)
    # What came after the interruption was still being said when the line was closed.
    live = _captions(visitor)[:3]
    said = visitor.page.locator(".caller .bubble").first.inner_text()

    transcript = _save(visitor, "Transcript").decode()
    assert f"You: {said}" in transcript
    assert "[not heard: " in transcript

    sound, rate_hz = soundfile.read(io.BytesIO(_save(visitor, "Audio")), dtype="float32")
    assert (rate_hz, sound.shape[1]) == (24_000, 2)
    caller, agent = (decode_words(np.ascontiguousarray(sound[:, side]), rate_hz) for side in (0, 1))
    assert _share(["tell", "me", "a", "story", "stop", "it", "now", "please"], caller) > 0.6
    assert _share(["Number", "one", "of", "a", "long", "story."], agent) > 0.6

    trace = json.loads(_save(visitor, "Trace"))
    # The server's own recording folds into the same lines as the live events did.
    visitor.page.get_by_role("button", name="Recordings").click()
    visitor.page.locator(".recordings button", has_text=said).first.click()
    visitor.page.get_by_role("group", name="Replay").wait_for()
    assert _captions(visitor)[:3] == live
    assert visitor.page.locator(".waterfall .bar").count() > 0

    # And so does the trace file, opened from the disk.
    visitor.page.get_by_role("button", name="Back").click()
    visitor.page.get_by_role("button", name="Recordings").click()
    content = {"name": "trace.json", "mimeType": "application/json", "buffer": json.dumps(trace).encode()}
    visitor.page.locator("input[type=file]").set_input_files(files=[content])
    visitor.page.get_by_role("group", name="Replay").wait_for()
    assert _captions(visitor)[:3] == live


def test_scrubbing_goes_back_and_playing_goes_on(visitor: Visitor) -> None:
    _open_evening(visitor)
    whole = visitor.page.locator(".captions > ol > li").count()
    slider = visitor.page.get_by_role("slider", name="Position")
    slider.evaluate("s => { s.value = 4000; s.dispatchEvent(new Event('input', {bubbles: true})); }")
    assert visitor.page.locator(".captions > ol > li").count() == 2
    assert visitor.page.locator(".agent .coming").count() > 0
    visitor.page.get_by_label("Speed").select_option("4")
    visitor.page.get_by_role("button", name="Play").click()
    visitor.page.get_by_role("button", name="Play").wait_for(
        timeout=20_000
    )  # It has come to the end by itself.
    assert visitor.page.locator(".captions > ol > li").count() == whole


def test_who_speaks_changes_with_the_persona(visitor: Visitor) -> None:
    _open_evening(visitor)
    names = visitor.page.locator(".line.agent .who strong").all_inner_texts()
    assert names == ["Mara, the host", "Mara, the host", "Tomas, the cook", "Ines, the sommelier"]
    assert "Ines" in visitor.page.locator(".speaker").inner_text()
    assert "voice alto" in visitor.page.locator(".speaker").inner_text()
    visitor.page.get_by_role("tab", name="Scenes").click()
    assert "The wine" in (visitor.page.locator(".scene.now").text_content() or "")
    assert visitor.page.locator(".way.gone").count() == 3
    assert "a drink was asked for" in visitor.page.get_by_role("list", name="Moves").inner_text()
    tools = visitor.page.get_by_role("list", name="Tools").inner_text()
    assert tools == 'menu_of_the_day {"without":"walnuts"} done after 41 ms: trout'
    visitor.page.get_by_role("tab", name="Memory").click()
    assert "allergic to walnuts" in visitor.page.locator(".facts").inner_text()
    assert visitor.page.locator(".web .node").count() == 6
    visitor.page.get_by_role("tab", name="Prompt").click()
    assert "657 tokens for turn 3, 21 of them read after you had finished." in visitor.page.inner_text(
        ".lead"
    )


def test_a_file_that_is_no_trace_is_refused_in_words(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Recordings").click()
    wrong = {"name": "x.json", "mimeType": "application/json", "buffer": b"[]"}
    visitor.page.locator("input[type=file]").set_input_files(files=[wrong])
    assert "no list of events" in visitor.page.get_by_role("alert").inner_text()


def _share(wanted: list[str], found: list[str]) -> float:
    """How many of the wanted words were found."""
    return sum(word in found for word in wanted) / len(wanted)


def _open_evening(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Recordings").click()
    visitor.page.locator("input[type=file]").set_input_files(files=[trace_file()])
    visitor.page.get_by_role("group", name="Replay").wait_for()
    assert visitor.page.locator(".captions > ol > li").count() == sum(
        event["name"] in ("transcript", "reply_started") for event in evening()["events"]
    )
