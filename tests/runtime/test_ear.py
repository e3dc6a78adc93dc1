"""The ear: whatever the lane does, windows come in order and at their place in the caller's audio."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from threading import Lock

import numpy as np

from antiphon.contracts import Audio, EngineSetup, SpeechProbability, VoiceActivityStream
from antiphon.dialogue.events import VoiceWindow
from antiphon.engines.scripted import ScriptedVoiceActivity
from antiphon.runtime.ear import Ear
from antiphon.runtime.lanes import Lane

from .stage import no_weights
from .virtual import VirtualThreads, in_virtual_time, passes

LOUD, QUIET = np.full(320, 0.5, np.float32), np.zeros(320, np.float32)
"""20 ms at 16 kHz."""


class Jealous(ScriptedVoiceActivity):
    """Sixteen calls may be in flight, but no two on one stream."""

    def stream(self) -> "JealousStream":
        return JealousStream(super().stream())


class JealousStream:
    def __init__(self, stream: VoiceActivityStream) -> None:
        self._stream, self._lock = stream, Lock()

    def push(self, audio: Audio) -> Sequence[SpeechProbability]:
        assert self._lock.acquire(blocking=False), "two calls at once on one stream"
        answers = self._stream.push(audio)
        self._lock.release()
        return answers

    def reset(self) -> None:
        self._stream.reset()


class Listening:
    def __init__(self, threads: VirtualThreads | None, start_sample: int = 0) -> None:
        engine = Jealous.open(EngineSetup(weights=no_weights))
        self.lane = Lane(engine, threads)
        self.windows: list[VoiceWindow] = []
        self.failures: list[str] = []
        self.ear = Ear(
            engine,
            self.lane,
            start_sample=start_sample,
            heard=self.windows.extend,
            failed=self.failures.append,
        )


@in_virtual_time
async def test_windows_follow_each_other_without_a_gap_from_where_the_ear_began() -> None:
    listening = Listening(VirtualThreads(), start_sample=16_000)
    for _ in range(16):
        listening.ear.push(LOUD)
        await passes(0.02)
    assert listening.windows[0].start == 24_000
    assert [window.end - window.start for window in listening.windows] == [768] * 10
    for before, after in pairwise(listening.windows):
        assert after.start == before.end


@in_virtual_time
async def test_audio_that_waited_is_heard_like_audio_that_did_not() -> None:
    prompt, late = Listening(VirtualThreads()), Listening(VirtualThreads(delay_ms=130))
    for piece in [QUIET] * 5 + [LOUD] * 20 + [QUIET] * 5:
        prompt.ear.push(piece)
        late.ear.push(piece)
        await passes(0.02)
    await passes(1)
    assert late.windows == prompt.windows
    assert {window.probability for window in prompt.windows} == {0.0, 1.0}


@in_virtual_time
async def test_an_engine_with_many_threads_hears_one_caller_in_order() -> None:
    listening = Listening(None)
    pieces = [LOUD if number // 8 % 2 else QUIET for number in range(800)]
    for piece in pieces:
        listening.ear.push(piece)
        await asyncio.sleep(0)
    await asyncio.to_thread(listening.lane.close, drop=False)
    await asyncio.sleep(0)
    alone = Jealous.open(EngineSetup(weights=no_weights)).stream().push(np.concatenate(pieces))
    assert [window.probability for window in listening.windows] == [answer.probability for answer in alone]
    assert listening.failures == []


@in_virtual_time
async def test_a_closed_ear_tells_nothing_not_even_what_it_has_heard() -> None:
    threads = VirtualThreads()
    listening = Listening(threads)
    threads.hold = True
    listening.ear.push(np.concatenate([LOUD, LOUD]))
    threads.release()  # heard, and posted to the loop
    listening.ear.close()
    listening.ear.push(LOUD)
    await passes(1)
    assert listening.windows == []


@in_virtual_time
async def test_an_instant_engine_is_heard_at_once() -> None:
    listening = Listening(None)
    listening.ear.push(LOUD)
    assert listening.windows == []
    listening.ear.push(LOUD)
    assert [window.end for window in listening.windows] == [768]
    listening.ear.close()
    listening.ear.push(LOUD)
    listening.ear.push(LOUD)
    assert len(listening.windows) == 1
