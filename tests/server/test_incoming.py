"""The caller's packets: in order, out of order, missing, and not coming at all."""

import numpy as np
import pytest

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.server.rtc.incoming import FILL_MAX, STALL_S, Incoming, Media
from antiphon.server.rtc.opus import FRAME, Writer

SPAN = 2 * FRAME
"""What a packet moves the timestamp."""


class Sender:
    """Packets of a tone, numbered from anywhere."""

    def __init__(self, sequence: int = 65_530, timestamp: int = (1 << 32) - 3 * SPAN) -> None:
        self._writer, self._sequence, self._timestamp, self._count = Writer(), sequence, timestamp, 0

    def packet(self, pause: int = 0) -> Media:
        """The next one; the timestamp moves by `pause` samples at 24 kHz more."""
        self._timestamp += 2 * pause
        sound = 0.3 * np.sin(np.arange(FRAME, dtype=np.float32) / 10)
        media = Media(self._sequence % (1 << 16), self._timestamp % (1 << 32), self._writer.write(sound))
        self._sequence, self._timestamp = self._sequence + 1, self._timestamp + SPAN
        return media


def _length(sound: list[Audio]) -> int:
    return sum(map(len, sound))


def test_a_packet_in_its_turn_is_heard_at_once_and_counters_wrap() -> None:
    incoming, sender = Incoming(), Sender()
    for number in range(20):
        assert _length(incoming.take(sender.packet(), number * 0.02)) == FRAME
    assert incoming.lost == 0


def test_two_that_changed_places_are_put_right() -> None:
    incoming, sender = Incoming(), Sender()
    first, second, third = (sender.packet() for _ in range(3))
    assert _length(incoming.take(first, 0.0)) == FRAME
    assert incoming.take(third, 0.02) == []
    assert _length(incoming.take(second, 0.03)) == 2 * FRAME
    assert incoming.lost == 0


def test_a_missing_packet_is_concealed_after_three_others() -> None:
    incoming, sender = Incoming(), Sender()
    packets = [sender.packet() for _ in range(5)]
    assert _length(incoming.take(packets[0], 0.0)) == FRAME
    assert incoming.take(packets[2], 0.04) == []
    assert incoming.take(packets[3], 0.06) == []
    sound = incoming.take(packets[4], 0.08)
    assert _length(sound) == 4 * FRAME
    concealed = sound[0]
    assert np.abs(concealed[: FRAME // 2]).max() > np.abs(concealed[-10:]).max() > 0
    assert incoming.lost == 1


def test_what_comes_too_late_or_twice_is_dropped() -> None:
    incoming, sender = Incoming(), Sender()
    first, second = sender.packet(), sender.packet()
    incoming.take(first, 0.0)
    incoming.take(second, 0.02)
    assert incoming.take(first, 0.03) == []
    assert incoming.take(second, 0.03) == []


def test_a_pause_of_the_sender_is_silence_of_its_length() -> None:
    incoming, sender = Incoming(), Sender()
    incoming.take(sender.packet(), 0.0)
    sound = incoming.take(sender.packet(pause=FRAME * 5), 0.12)
    assert _length(sound) == FRAME * 6
    assert not sound[0].any()


def test_a_pause_is_heard_while_it_lasts_and_only_once() -> None:
    incoming, sender = Incoming(), Sender()
    incoming.take(sender.packet(), 0.0)
    assert incoming.silence(STALL_S / 2) is None
    heard = 0
    for at in (0.25, 0.35, 0.5, 1.0):
        silence = incoming.silence(at)
        assert silence is not None
        assert not silence.any()
        heard += len(silence)
    assert heard == pytest.approx(CLOCK_HZ, abs=10)
    sound = incoming.take(sender.packet(pause=CLOCK_HZ), 1.02)
    assert _length(sound) + heard == pytest.approx(CLOCK_HZ + FRAME, abs=10)
    assert incoming.silence(1.1) is None


def test_nobody_is_silent_before_the_first_packet() -> None:
    assert Incoming().silence(100.0) is None


def test_a_timestamp_cannot_ask_for_hours() -> None:
    incoming, sender = Incoming(), Sender()
    incoming.take(sender.packet(), 0.0)
    assert _length(incoming.take(sender.packet(pause=CLOCK_HZ * 3_600), 0.02)) <= FILL_MAX + FRAME


def test_a_stream_may_begin_anew() -> None:
    incoming = Incoming()
    incoming.take(Sender(100).packet(), 0.0)
    again = Sender(40_000, 5)
    assert _length(incoming.take(again.packet(), 0.02)) == FRAME
    assert _length(incoming.take(again.packet(), 0.04)) == FRAME


def test_whatever_comes_is_survived() -> None:
    dice = np.random.default_rng(3)
    incoming, heard = Incoming(), 0
    for number in range(500):
        payload = bytes(dice.integers(0, 256, dice.integers(0, 40), dtype=np.uint8))
        media = Media(int(dice.integers(0, 1 << 16)), int(dice.integers(0, 1 << 32)), payload)
        heard += _length(incoming.take(media, number * 0.01))
    assert heard <= 500 * (FILL_MAX + 6 * FRAME)
