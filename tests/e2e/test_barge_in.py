"""A caller speaks over a long answer: the agent falls silent, and the record keeps what was heard."""

import asyncio
from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.evals.word_error import word_errors

from .listener import Reply, dial
from .running import Running
from .utterance import Speak

pytestmark = pytest.mark.real

STARTED = "input_audio_buffer.speech_started"
BRIEF = (
    "You are a storyteller with a warm voice. Tell long stories of many sentences, in plain spoken English."
)

BY_SILENCE = {
    "type": "realtime",
    "audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 500}}},
}


async def test_the_record_keeps_what_was_heard(
    server: Running, speak: Speak, ears: Callable[[Audio], str]
) -> None:
    async with dial(server.url, instructions=BRIEF) as listener:
        await listener.send(type="session.update", session=BY_SILENCE)
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
    assert after == whole_words(reply, played), reply.words
    assert word_errors(after, sounds).errors <= 1


def whole_words(reply: Reply, played: Audio) -> str:
    """What has to stand in the record of a reply of which `played` was heard: a word counts by its half."""
    played_s = len(played) / CLOCK_HZ
    return "".join(text for text, start_s, end_s in reply.words if (start_s + end_s) / 2 <= played_s)


def test_words_are_counted_by_their_halves() -> None:
    reply = Reply("r", words=[("Once", 0.0, 0.4), (" upon", 0.5, 0.9), (" a", 1.0, 1.1)])
    heard = {
        end_s: whole_words(reply, np.zeros(round(end_s * CLOCK_HZ), np.float32)) for end_s in (0.69, 0.7, 1.2)
    }
    assert heard == {0.69: "Once", 0.7: "Once upon", 1.2: "Once upon a"}
