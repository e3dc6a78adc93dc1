"""A reply out of band: beside the conversation, without the floor and without a place in the record.

Nobody waits for it as one waits for an answer: it is reflective work, which gives way to every conversation.
"""

import asyncio
from collections.abc import Callable
from threading import Event as Flag

from antiphon.contracts import (
    Busy,
    Finish,
    Part,
    Piece,
    Prompt,
    Sampling,
    SpeechChunk,
    TextDelta,
    TimedWord,
    ToolCall,
    Usage,
)
from antiphon.dialogue import text_of
from antiphon.dialogue.clauses import speakable
from antiphon.dialogue.commands import EndReply, Reason, Status
from antiphon.runtime import reflective
from antiphon.runtime.lanes import post
from antiphon.runtime.parts import Parts
from antiphon.runtime.replies import ReplyView
from antiphon.runtime.scheduler import REFLECTIVE
from antiphon.runtime.working import at_clock_rate


class SideReply:
    """Runs one such reply: generated whole, then spoken if it is to be sound, sent as soon as it is made."""

    def __init__(self, parts: Parts, view: ReplyView, *, ended: Callable[[str], None]) -> None:
        self.id = view.id
        self._parts, self._view, self._ended = parts, view, ended
        self._loop = asyncio.get_running_loop()
        self._cancel = Flag()
        self._text = ""
        self._words: tuple[TimedWord, ...] = ()
        self._samples = 0
        self._usage = Usage()
        self._calls: list[ToolCall] = []
        self._hit_limit = False
        self._done = False

    def begin(
        self, build: Callable[[], Prompt], sampling: Sampling, *, speak: bool, voice: str, speed: float
    ) -> None:
        """Ask the language model."""

        def tell(piece: Piece) -> None:
            match piece:
                case TextDelta():
                    self._post(self._generated, piece.text, not speak)
                case ToolCall():
                    self._post(self._calls.append, piece)
                case Finish():
                    self._post(self._generation_ended, piece)
                case _:
                    pass

        def work() -> reflective.Pauses:
            model, demand = self._parts.language_model, self._parts.demand
            yield from reflective.answer(
                model, build, sampling, demand=demand, cancel=self._cancel, tell=tell
            )
            if speak:
                self._post(self._speak, voice, speed)
            else:
                self._post(self._finish, "")

        self._submit("language_model", work())

    def cancel(self) -> None:
        """Stop it; its end is told at once."""
        self._cancel.set()
        self._end("cancelled", "client_cancelled")

    def close(self) -> None:
        """Stop it silently."""
        self._cancel.set()
        self._done = True

    def _generated(self, text: str, show: bool) -> None:
        self._text += text
        if show:
            self._view.show(text)

    def _generation_ended(self, finish: Finish) -> None:
        self._usage, self._hit_limit = finish.usage, finish.reason == "length"

    def _speak(self, voice: str, speed: float) -> None:
        text = speakable(self._text)

        def work() -> reflective.Pauses:
            synthesizer = self._parts.synthesizer
            yield from reflective.speak(
                synthesizer,
                text,
                voice=voice,
                speed=speed,
                gives_way=reflective.way_for(synthesizer, self._parts.demand),
                cancel=self._cancel,
                tell=lambda chunk: self._post(self._sound, chunk),
            )
            self._post(self._finish, "")

        self._submit("synthesizer", work())

    def _submit(self, part: Part, work: reflective.Pauses) -> None:
        stretch = reflective.in_stretches(work)

        def call() -> bool:
            try:
                return stretch()
            except Exception as error:
                self._post(self._finish, f"{type(error).__name__}: {error}")
                return False

        gives_way = reflective.way_for(getattr(self._parts, part), self._parts.demand)
        try:
            self._parts.lanes[part].submit(call, self._cancel, priority=REFLECTIVE, gives_way=gives_way)
        except Busy as error:
            self._post(self._finish, str(error))

    def _sound(self, chunk: SpeechChunk) -> None:
        rate_hz = self._parts.synthesizer.card.sample_rate_hz or 24_000
        audio, words = at_clock_rate(chunk.audio, chunk.words, rate_hz)
        self._view.say(words, self._samples)
        self._view.sound(audio)
        self._words += tuple(
            TimedWord(w.text, self._samples + w.start_sample, self._samples + w.end_sample) for w in words
        )
        self._samples += len(audio)

    def _finish(self, failure: str) -> None:
        if failure:
            self._end("failed", "engine_broken", failure)
        elif self._hit_limit:
            self._end("incomplete", "max_output_tokens")
        else:
            self._end("completed", "")

    def _end(self, status: Status, reason: Reason, message: str = "") -> None:
        self._done = True
        self._view.end(
            EndReply(
                turn=0,
                status=status,
                reason=reason,
                message=message,
                heard=text_of(self._words) if self._words else self._text,
                words=self._words,
                heard_samples=self._samples,
                tool_calls=tuple(self._calls) if status == "completed" else (),
                usage=self._usage,
            )
        )
        self._ended(self.id)

    def _post(self, call: Callable[..., None], *values: object) -> None:
        def unless_done() -> None:
            if not self._done:
                call(*values)

        post(self._loop, unless_done)
