"""The agent's own sound through a loudspeaker: found, taken out, and nothing else changed."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soxr

from antiphon.contracts import CLOCK_HZ, LISTENING_HZ, Audio, EngineSetup, ticks
from antiphon.dialogue.events import VoiceWindow
from antiphon.dialogue.hearing import Hearing
from antiphon.engines.hibari import HibariVoices
from antiphon.engines.silero import Silero
from antiphon.runtime import SessionSettings
from antiphon.runtime.echo import Echo, Reference
from antiphon.runtime.echo_path import DELAYS, EchoPath, likeness
from antiphon.runtime.events import ReplyAudio, ReplyEnded
from antiphon.runtime.uplink import Uplink

from .stage import Stage, no_weights
from .virtual import in_virtual_time

FRAME = ticks(20)
DICE = np.random.default_rng


def noise(seconds: float, level: float, seed: int = 0) -> Audio:
    return (DICE(seed).standard_normal(round(seconds * CLOCK_HZ)) * level).astype(np.float32)


def syllables(seconds: float, seed: int = 1) -> Audio:
    """Noise that comes and goes as speech does, 24 kHz."""
    sound = noise(seconds, 0.1, seed)
    loud = np.repeat(DICE(seed).random(len(sound) // 3600 + 1) > 0.5, 3600)[: len(sound)]
    return sound * np.maximum(loud, 0.003).astype(np.float32)


def through_a_room(sound: Audio, delay_ms: float, gain: float) -> Audio:
    """`sound` as a microphone hears it from a loudspeaker in a small room, as long as it was."""
    length = CLOCK_HZ // 5
    response = DICE(7).standard_normal(length) * np.exp(-np.arange(length) / (0.04 * CLOCK_HZ))
    response[0] = 4.0
    response *= gain / np.sqrt(np.square(response).sum())
    heard = np.convolve(sound, response)[: len(sound)]
    return np.concatenate([np.zeros(ticks(delay_ms)), heard])[: len(sound)].astype(np.float32)


def heard_by(
    echo: Echo, near: Audio, far: Audio, *, lead_ms: float = 100, begins_ms: float = 0
) -> tuple[Audio, Audio]:
    """What the microphone gave and what is left of it, 16 kHz, while `far` was sent a little ahead."""
    given: list[Audio] = []

    def note(audio: Audio, now: int) -> Audio:
        given.append(audio)
        return echo.clean(audio, now)

    uplink = Uplink(note)
    left: list[Audio] = []
    sent = 0
    for now in range(0, len(near), FRAME):
        while sent < min(len(far), now + ticks(lead_ms - begins_ms)):
            echo.sent(far[sent : sent + FRAME], now)
            sent += FRAME
        left.append(uplink.push(near[now : now + FRAME], now + FRAME))
    return np.concatenate(given), np.concatenate(left)


def power_db(audio: Audio) -> float:
    return float(10 * np.log10(np.square(audio).mean() + 1e-12))


@pytest.mark.parametrize("delay_ms", [40, 150, 300])
def test_an_echo_is_found_and_taken_out(delay_ms: float) -> None:
    far = syllables(8)
    near = through_a_room(far, delay_ms, 0.3) + noise(8, 0.0005, 2)
    echo = Echo()
    given, left = heard_by(echo, near, far)
    assert echo.path.verdict == "echo"
    assert 0 <= len(given) - len(left) < LISTENING_HZ // 100
    settled = slice(3 * LISTENING_HZ, len(left))
    assert power_db(given[settled]) - power_db(left[settled]) > 10


def test_a_headset_is_recognised_in_a_second_and_then_left_alone() -> None:
    far, near = syllables(6), noise(6, 0.001, 3)
    near[3 * CLOCK_HZ :] += syllables(3, seed=9)
    echo = Echo()
    given, left = heard_by(echo, near, far)
    assert echo.path.verdict == "none"
    after = round(1.2 * LISTENING_HZ)
    assert np.array_equal(given[after:], left[after : len(given)])
    assert len(left) == len(given)


def test_a_headset_in_a_known_room_is_left_alone_from_the_beginning() -> None:
    echo = Echo()
    given, left = heard_by(echo, noise(6, 0.001, 3), syllables(5), begins_ms=500)
    assert echo.path.verdict == "none"
    assert np.array_equal(given, left)


def test_a_caller_who_cuts_in_is_heard_as_if_the_canceller_had_worked_all_along() -> None:
    """While it is not known whether their microphone hears us; of a room that is not known, nothing waits."""
    far, near = syllables(3), noise(4, 0.001, 3)
    at = round(1.5 * CLOCK_HZ)
    near[at:] += noise(4, 0.1, 9)[at:]
    given, left = heard_by(Echo(), near, far, begins_ms=1_000)
    unknown = near.copy()
    unknown[: ticks(880)] = 0
    _, cleaned = heard_by(Echo(), unknown, far, begins_ms=1_000)
    before = slice(round(1.4 * LISTENING_HZ))
    assert np.array_equal(left[before], given[before])
    after = slice(round(1.54 * LISTENING_HZ), round(1.84 * LISTENING_HZ))
    assert np.array_equal(left[after], cleaned[after])
    assert not np.array_equal(left[after], given[after])


def test_while_we_are_silent_nothing_is_changed() -> None:
    echo = Echo()
    given, left = heard_by(echo, syllables(3), np.zeros(0, np.float32))
    assert np.array_equal(given, left)
    assert echo.path.verdict == "unknown"


def test_what_was_held_back_comes_when_our_sound_has_died_away() -> None:
    far = syllables(2)
    near = np.concatenate([through_a_room(far, 100, 0.3), np.zeros(2 * CLOCK_HZ, np.float32)])
    given, left = heard_by(Echo(), near, far)
    assert len(given) == len(left)


def test_audio_that_stalls_and_bursts_keeps_its_place() -> None:
    """A second's worth of frames comes at once, a second late: the echo is still found where it was."""
    far = syllables(8)
    near = through_a_room(far, 100, 0.3)
    echo, uplink_left = Echo(), []
    uplink = Uplink(echo.clean)
    for now in range(0, len(near), FRAME):
        echo.sent(far[now : now + FRAME], now)
        arrived = max(now + FRAME, 5 * CLOCK_HZ) if 4.8 * CLOCK_HZ <= now < 5 * CLOCK_HZ else now + FRAME
        uplink_left.append(uplink.push(near[now : now + FRAME], arrived))
    left = np.concatenate(uplink_left)[6 * LISTENING_HZ :]
    assert power_db(soxr.resample(near, CLOCK_HZ, LISTENING_HZ)[6 * LISTENING_HZ :]) - power_db(left) > 10


def window(index: int, probability: float) -> VoiceWindow:
    return VoiceWindow(index * 768, (index + 1) * 768, probability, -30.0)


def test_windows_are_believed_as_they_are_where_nothing_was_taken_out() -> None:
    echo = Echo()
    heard_by(echo, noise(3, 0.001), np.zeros(0, np.float32))
    assert echo.judge(window(10, 0.9)) == window(10, 0.9)


def test_where_ours_was_taken_out_speech_needs_three_windows_in_a_row() -> None:
    far = syllables(4)
    echo = Echo()
    heard_by(echo, through_a_room(far, 60, 0.3), far)
    taken = [echo.judge(window(i, p)).probability for i, p in enumerate((0.9, 0.1, 0.8, 0.9, 0.7, 0.9), 90)]
    assert taken == [0.9, 0.1, 0.1, 0.1, 0.7, 0.7]


def test_the_reference_plays_what_was_sent_ahead_one_after_the_other() -> None:
    reference = Reference()
    sound = noise(1, 0.1)
    for now in range(0, len(sound), FRAME):
        reference.push(sound[now : now + FRAME], max(0, now - ticks(100)) * 2 // 3)
    whole = soxr.resample(sound, CLOCK_HZ, LISTENING_HZ, quality="LQ")
    read = reference.read(0, 12_000)
    assert np.abs(read - whole[:12_000]).max() < 0.01
    assert not reference.read(20_000, 100).any()


def test_likeness_finds_the_delay_and_asks_for_movement() -> None:
    far = DICE(1).uniform(-60, -20, 200 + DELAYS)
    near = far[DELAYS - 13 : DELAYS - 13 + 200] * 0.6 - 30
    assert likeness(near, far) == pytest.approx(1.0)
    assert likeness(far[DELAYS - 13 : DELAYS - 13 + 200] * 0.01 - 30, far) == 0
    assert likeness(DICE(2).uniform(-60, -20, 200), far) < 0.4


def test_a_loudspeaker_that_is_switched_on_later_is_noticed() -> None:
    path = EchoPath()
    far = np.square(DICE(1).random(1_200)) ** 4
    for power in far[:300]:
        path.hear([1e-6], [power])
    assert path.verdict == "none"
    for power in far[300:]:
        path.hear([power / 10], [power])
    assert path.verdict == "echo"


def test_levels_may_come_one_by_one_or_many_at_once() -> None:
    far = np.square(DICE(1).random(900)) ** 4
    near = np.roll(far, 20) / 10
    one_by_one, at_once = EchoPath(), EchoPath()
    for start in range(0, len(far), 10):
        for place in range(start, start + 10):
            one_by_one.hear([float(near[place])], [float(far[place])])
        at_once.hear(near[start : start + 10].tolist(), far[start : start + 10].tolist())
        assert one_by_one.verdict == at_once.verdict
    assert at_once.verdict == "echo"


def test_who_takes_the_headset_off_is_noticed_and_their_echo_taken_out() -> None:
    far = syllables(16)
    near = np.concatenate([noise(4, 0.001, 3), through_a_room(far, 120, 0.3)[4 * CLOCK_HZ :]])
    echo = Echo()
    heard_by(echo, near[: 4 * CLOCK_HZ], far[: 4 * CLOCK_HZ])
    assert echo.path.verdict == "none"
    given, left = heard_by(echo := Echo(), near, far)
    assert echo.path.verdict == "echo"
    settled = slice(12 * LISTENING_HZ, len(left))
    assert power_db(given[settled]) - power_db(left[settled]) > 10


def test_what_leaves_while_no_audio_comes_is_placed_all_the_same() -> None:
    reference = Reference()
    for now in range(0, 4 * LISTENING_HZ, 640):
        reference.push(np.full(960, 0.1, np.float32), now)
    assert reference.sounds(4 * LISTENING_HZ)
    assert not reference.read(0, LISTENING_HZ).any()  # longer ago than an echo can come
    assert np.allclose(reference.read(3 * LISTENING_HZ, LISTENING_HZ // 2), 0.1, atol=0.01)
    assert not reference.sounds(5 * LISTENING_HZ)


@pytest.mark.parametrize(("setting", "stops"), [("auto", False), ("off", True)])
def test_the_setting_decides(setting: Literal["auto", "off"], stops: bool) -> None:
    """A loudspeaker plays back what the agent says, quietly: with the setting off, it interrupts itself."""

    @in_virtual_time
    async def score() -> list[ReplyEnded]:
        long = "once there was a lighthouse on a rock far out in the sea and an old man lived there"
        stage = Stage(SessionSettings(echo_rejection=setting), answers=(long, "yes"))
        await stage.says("tell me a story")
        await stage.is_silent_until(ReplyAudio)
        for now in range(0, 4 * CLOCK_HZ, FRAME):
            played = np.concatenate([np.zeros(ticks(40), np.float32), stage.received()])
            echo = played[now : now + FRAME] * 0.3
            await stage.hears(np.pad(echo, (0, FRAME - len(echo))))
        return stage.all(ReplyEnded)

    ended = score()
    assert any(reply.status == "cancelled" for reply in ended) == stops


@cache
def agent_says() -> Audio:
    voices = HibariVoices.open(EngineSetup(weights=no_weights))
    story = "The old lighthouse stood on the rocks for two hundred years. One winter a great storm came."
    sound = np.concatenate([chunk.audio for chunk in voices.synthesize(story, voice="woman")])
    voices.close()
    return sound


def onsets(silero: Silero, audio: Audio, judge: Callable[[VoiceWindow], VoiceWindow]) -> list[int]:
    """Where speech begins, in ticks."""
    hearing, stream, found = Hearing(), silero.stream(), list[int]()
    for answer in stream.push(audio):
        heard = audio[answer.end_sample - 512 : answer.end_sample]
        end = answer.end_sample * 3 // 2
        change = hearing.push(judge(VoiceWindow(end - 768, end, answer.probability, power_db(heard))), 0.5)
        if change == "onset":
            found.append(end)
        elif change == "pause":
            hearing.reset()
    return found


@pytest.mark.real
def test_our_own_voices_from_a_loudspeaker_are_not_speech_and_a_caller_is(
    weights: Callable[[str], Path],
) -> None:
    silero = Silero.open(EngineSetup(weights=weights))
    far = agent_says()
    room = through_a_room(far, 120, 0.25) + noise(len(far) / CLOCK_HZ, 0.0005, 4)[: len(far)]
    given, left = heard_by(echo := Echo(), room, far)
    assert len(onsets(silero, given, lambda window: window)) >= 2
    assert onsets(silero, left, echo.judge) == []

    voices = HibariVoices.open(EngineSetup(weights=no_weights))
    caller = np.concatenate([chunk.audio for chunk in voices.synthesize("Stop, wait a moment.", voice="man")])
    voices.close()
    at = 3 * CLOCK_HZ
    both = room.copy()
    both[at : at + len(caller)] += caller[: len(both) - at]
    _, left = heard_by(echo := Echo(), both, far)
    found = onsets(silero, left, echo.judge)
    assert any(at < place < at + ticks(700) for place in found)
