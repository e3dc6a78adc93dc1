"""Single calls to an engine, for whoever wants something of it without a conversation.

They go through the engine's lane like everything else, as live calls: somebody waits for them.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
from threading import Event
from typing import TypeVar

from antiphon.contracts import Audio, Transcript
from antiphon.runtime.lanes import Lane, post
from antiphon.runtime.parts import Parts

T = TypeVar("T")


async def on_lane(lane: Lane, call: Callable[[], T]) -> T:
    """What `call` gives back, made on `lane` behind what waits there.

    Raises:
        Busy: too many calls wait.
        Exception: whatever `call` raised.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        try:
            post(loop, partial(_settle, done, call()))
        except Exception as error:
            post(loop, partial(_settle, done, error))

    lane.submit(work)
    return await done


async def transcribe(parts: Parts, audio: Audio, *, hint: str = "") -> Transcript:
    """Write down `audio` (16 kHz).

    Raises:
        Busy: too many calls wait for the transcriber.
        EngineBroken: it failed.
    """
    loop, cancel = asyncio.get_running_loop(), Event()
    done: asyncio.Future[Transcript] = loop.create_future()

    def work() -> None:
        try:
            post(loop, partial(_settle, done, parts.transcriber.transcribe(audio, hint=hint, cancel=cancel)))
        except Exception as error:
            post(loop, partial(_settle, done, error))

    try:
        parts.lanes["transcriber"].submit(work, cancel)
        return await done
    finally:
        cancel.set()


async def speak(parts: Parts, text: str, *, voice: str = "", before: str = "") -> AsyncGenerator[Audio]:
    """Speak `text`, at the rate of the synthesizer's card, a chunk at a time. Close it to stop early.

    The chunks are made as fast as they can be and wait here, so give it a sentence, not a book.

    Raises:
        UnknownName: there is no such voice.
        Busy: too many calls wait for the synthesizer.
        EngineBroken: it failed.
    """
    loop, cancel = asyncio.get_running_loop(), Event()
    made: asyncio.Queue[Audio | Exception | None] = asyncio.Queue()

    def work() -> None:
        try:
            for chunk in parts.synthesizer.synthesize(text, voice=voice, before=before, cancel=cancel):
                post(loop, partial(made.put_nowait, chunk.audio))
            post(loop, partial(made.put_nowait, None))
        except Exception as error:
            post(loop, partial(made.put_nowait, error))

    try:
        parts.lanes["synthesizer"].submit(work, cancel)
        while (audio := await made.get()) is not None:
            if isinstance(audio, Exception):
                raise audio
            yield audio
    finally:
        cancel.set()


def _settle(done: asyncio.Future[T], result: T | Exception) -> None:
    if done.done():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
