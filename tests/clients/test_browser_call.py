"""A call from a real browser: its watch and the server's agree, and it is soon silent when interrupted."""

from collections.abc import Callable

import numpy as np

from antiphon.contracts import Audio

from .browser import events, opened, packed, until
from .conftest import Serve

ANSWER = " ".join(["forty two"] * 10)
STORY = " ".join(["once"] * 60)


async def test_heard_is_what_the_page_heard(serve: Serve, sung: Callable[[str], Audio]) -> None:
    said = sung("whatisit")
    last_voiced = int(np.flatnonzero(np.abs(said) > 0.01)[-1])
    async with serve(ANSWER) as url, opened("call.html", "window.call") as page:
        await page.evaluate("(url) => call(url)", url)
        voiced_at = await page.evaluate("([pcm, voiced]) => say(pcm, voiced)", [packed(said), last_voiced])
        await until(page, "seen().events.some((event) => event.type === 'antiphon.turn_measured')")
        heard = (await page.evaluate("seen()"))["heard"]
        (measured,) = await events(page, "antiphon.turn_measured")
    report = measured["report"]
    here_ms = (heard[0] - voiced_at) * 1000
    print(f"sent {report['sent_ms']:.0f} heard {report['heard_ms']:.0f} here {here_ms:.0f} ms")
    assert report["sent_ms"] <= report["heard_ms"]
    # The server's watch starts when the last of the voice has come, the page's when it left.
    assert -40 < here_ms - report["heard_ms"] < 150


async def test_it_is_silent_when_interrupted(serve: Serve, sung: Callable[[str], Audio]) -> None:
    async with serve(STORY) as url, opened("call.html", "window.call") as page:
        await page.evaluate("(url) => call(url)", url)
        await page.evaluate("([pcm]) => say(pcm, 0)", [packed(sung("story"))])
        await until(page, "seen().heard.length > 200")
        onset = await page.evaluate("([pcm]) => say(pcm, 0)", [packed(sung("stop wait please now"))])
        await until(page, "seen().events.some((event) => event.type === 'output_audio_buffer.cleared')")
        heard = (await page.evaluate("seen()"))["heard"]
    silent_ms = (max(heard) - onset) * 1000
    print(f"silent {silent_ms:.0f} ms after the onset")
    assert silent_ms < 1_000, "a story of eight seconds"
