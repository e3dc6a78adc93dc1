"""A caller speaks over a long answer: the agent falls silent, and the record keeps what was heard."""

import asyncio
from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.evals.word_error import word_errors

from .listener import Reply, dial
from .loudspeaker import AUDIBLE
from .running import Running
from .utterance import Speak

pytestmark = pytest.mark.real

STARTED = "input_audio_buffer.speech_started"
BRIEF = (
    "You are a storyteller with a warm voice. Tell long stories of many sentences, in plain spoken English."
)


async def test_the_record_keeps_what_was_heard(
    server: Running, speak: Speak, ears: Callable[[Audio], str]
) -> None:
    async with dial(server.url, instructions=BRIEF) as listener:
        listener.say(speak("Please tell me a long story about a fox.", "alto"))
        reply = await listener.sounding(0)
        first = listener.loudspeaker.first_heard(reply.item_id)
        assert first is not None
        await asyncio.sleep(max(0.0, first.begins_at + 1.5 - perf_counter()))
        stop = listener.say(speak("Stop, wait a moment please.", "man"))
        await listener.until(lambda: len(listener.of("conversation.item.retrieved")) == 2, "the record")
        await listener.until(lambda: reply.final, "the end of the reply")
        await asyncio.sleep(0.5)

    told = [event["type"] for event in listener.of(STARTED, "response.done")]
    assert told[:3] == [STARTED, STARTED, "response.done"], "announced first, then ended"
    assert reply.final is not None
    assert reply.final["status"] == "cancelled"
    assert reply.final["status_details"] == {"type": "cancelled", "reason": "turn_detected"}

    onset_at = listener.spoken_at(stop.start + stop.utterance.first_voiced)
    stopped_s = listener.loudspeaker.last_heard_at(reply.item_id) - onset_at
    announced_s = listener.when(STARTED, 1) - onset_at
    late = [s for s in listener.loudspeaker.dropped if s.item_id == reply.item_id]
    assert not late, "sound came after the agent had given up the floor"
    assert stopped_s < announced_s, "it fell silent before it said so"

    played = listener.loudspeaker.played(reply.item_id)
    before, after = (
        e["item"]["content"][0]["transcript"] for e in listener.of("conversation.item.retrieved")
    )
    sounds = ears(played)
    print(f"silent {stopped_s * 1000:.0f} ms after the onset, announced after {announced_s * 1000:.0f} ms")
    print(
        f"played {len(played) / CLOCK_HZ:.2f} s\n  sounds   {sounds}\n  reckoned {before}\n  cut      {after}"
    )
    assert before == after, "the server had it right before it was told"
    assert after in whole_words(reply, played), reply.words
    assert word_errors(after, sounds).errors <= 1


def whole_words(reply: Reply, played: Audio) -> set[str]:
    """What may stand in the record of a reply of which `played` was heard, by the times of its words.

    A word counts when half of it was heard. Where the last one ends is only known when its sound has; it may
    end well before the next begins, so that from three tenths to half of that way it may count or not.
    """
    starts = [round(start_s * CLOCK_HZ) for _, start_s in reply.words]
    texts = [text.strip() for text, _ in reply.words]
    known = [place for place, start in enumerate(starts) if start < len(played)]
    last = known[-1]
    complete = " ".join(texts[: last + 1])
    without = " ".join(texts[:last])
    if last + 1 == len(starts):
        return {complete, without}
    sound = played[starts[last] :]
    end = starts[last + 1]
    heard = (len(played) - starts[last]) / (end - starts[last])
    silent_tail = len(sound) - (np.flatnonzero(np.abs(sound) > AUDIBLE)[-1:] + 1).sum() > CLOCK_HZ // 50
    if heard >= 0.5 or silent_tail:
        return {complete}
    return {complete, without} if heard > 0.3 else {without}


def test_words_are_counted_by_their_halves() -> None:
    tone = np.full(CLOCK_HZ * 2, 0.1, np.float32)
    reply = Reply("r", words=[("Once", 0.0), (" upon", 0.5), (" a", 1.0)])
    assert whole_words(reply, tone[: round(0.6 * CLOCK_HZ)]) == {"Once"}
    assert whole_words(reply, tone[: round(0.7 * CLOCK_HZ)]) == {"Once", "Once upon"}
    assert whole_words(reply, tone[: round(0.8 * CLOCK_HZ)]) == {"Once upon"}
    assert whole_words(reply, tone[: round(1.2 * CLOCK_HZ)]) == {"Once upon", "Once upon a"}
