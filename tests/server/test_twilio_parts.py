"""The parts of a telephone call, without a line: order and gaps, frames and marks, keys."""

import numpy as np

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.server.formats import Downlink
from antiphon.server.rtc.incoming import FILL_MAX
from antiphon.server.twilio.hearing import Hearing
from antiphon.server.twilio.keypad import KEYS_MAX, PAUSE_S, Keypad
from antiphon.server.twilio.saying import FRAME_BYTES, MARKS_MAX, Frame, Played, Saying

PIECE = CLOCK_HZ // 50


def _pieces(count: int) -> list[bytes]:
    tone = (0.3 * np.sin(np.arange(count * PIECE) / 10)).astype(np.float32)
    coded = Downlink("audio/pcmu").encode(tone)
    return [coded[at : at + 160] for at in range(0, len(coded), 160)]


def _take(hearing: Hearing, *numbers: int, stamps: dict[int, int] | None = None) -> list[Audio]:
    pieces = _pieces(max(numbers) + 1)
    return [
        np.concatenate([np.zeros(0, np.float32), *taken])
        for number in numbers
        for taken in [hearing.take(number, (stamps or {}).get(number, 20 * number), pieces[number], 0.0)]
    ]


def _lengths(sounds: list[Audio]) -> list[int]:
    return [len(sound) for sound in sounds]


def test_pieces_in_order_are_heard_at_once() -> None:
    hearing = Hearing()
    assert _lengths(_take(hearing, *range(1, 40))) == [PIECE] * 39
    assert hearing.lost == 0


def test_what_comes_out_of_order_is_put_right() -> None:
    straight, crooked = Hearing(), Hearing()
    expected = np.concatenate(_take(straight, 1, 2, 3, 4, 5))
    sounds = _take(crooked, 1, 3, 2, 5, 4)
    assert _lengths(sounds) == [PIECE, 0, 2 * PIECE, 0, 2 * PIECE]
    np.testing.assert_array_equal(np.concatenate(sounds), expected)
    assert crooked.lost == 0


def test_what_is_missing_is_concealed_and_what_comes_late_is_dropped() -> None:
    hearing = Hearing()
    sounds = _take(hearing, 1, 2, 4, 5, 6, 3, 7)
    assert _lengths(sounds) == [PIECE, PIECE, 0, 0, 4 * PIECE, 0, PIECE]
    assert hearing.lost == 1
    assert np.abs(sounds[4][:PIECE]).max() > 0.1, "not silence, but what was last heard dying away"


def test_a_piece_twice_is_heard_once() -> None:
    assert _lengths(_take(Hearing(), 1, 2, 2, 1, 3)) == [PIECE, PIECE, 0, 0, PIECE]


def test_stamps_that_waver_make_no_gaps() -> None:
    rng = np.random.default_rng(7)
    stamps = {number: 20 * number + int(rng.integers(-15, 16)) for number in range(1, 200)}
    sounds = _take(Hearing(), *range(1, 200), stamps=stamps)
    assert sum(_lengths(sounds)) == 199 * PIECE


def test_a_clock_that_runs_slow_is_followed() -> None:
    stamps = {number: round(20.05 * number) for number in range(1, 1_001)}
    total = sum(_lengths(_take(Hearing(), *range(1, 1_001), stamps=stamps)))
    assert abs(total - (stamps[1_000] - stamps[1] + 20) * CLOCK_HZ // 1_000) <= 2 * PIECE


def test_a_pause_of_the_senders_is_silence_as_long_as_it_says() -> None:
    pause_ms = {1: 20, 2: 40, 3: 1_060}
    assert _lengths(_take(Hearing(), 1, 2, 3, stamps=pause_ms)) == [PIECE, PIECE, CLOCK_HZ + PIECE]
    for_ever = {1: 20, 2: 10**9}
    assert _lengths(_take(Hearing(), 1, 2, stamps=for_ever)) == [PIECE, FILL_MAX + PIECE]


def test_numbers_from_elsewhere_do_no_harm() -> None:
    hearing = Hearing()
    pieces = _pieces(3)
    for number, stamp in ((999_999_999_999, 0), (0, 999_999_999_999), (5, 3), (999_999_999_999, 7)):
        total = sum(map(len, hearing.take(number, stamp, pieces[0], 0.0)))
        assert total <= FILL_MAX + PIECE
    assert hearing.take(6, 0, b"", 0.0) == []


def _sound(samples: int) -> Audio:
    return (0.3 * np.sin(np.arange(samples) / 10)).astype(np.float32)


def _marks(saying: Saying, frames: list[Frame]) -> list[Played | None]:
    return [None if frame.mark is None else saying.returned(frame.mark) for frame in frames]


def test_frames_are_of_20_ms_and_marks_follow_words() -> None:
    saying = Saying()
    saying.expect("a", 50)
    saying.expect("a", 130)
    frames = [frame for _ in range(4) for frame in saying.push("a", _sound(2 * PIECE))]
    assert {len(frame.sound) for frame in frames} == {FRAME_BYTES}
    told = _marks(saying, frames)
    assert told == [Played("a", 20), None, Played("a", 60), None, None, None, Played("a", 140), None]


def test_silence_that_fills_a_frame_is_not_played_of_the_item() -> None:
    saying = Saying()
    assert saying.push("a", _sound(PIECE // 2)) == []
    (frame,) = saying.flush()
    assert len(frame.sound) == FRAME_BYTES
    assert _marks(saying, [frame]) == [Played("a", 10)]
    assert saying.flush() == []
    assert _marks(saying, saying.push("a", _sound(PIECE))) == [None]


def test_a_mark_tells_once_and_never_after_a_clear() -> None:
    saying = Saying()
    name = saying.push("a", _sound(PIECE))[0].mark
    assert name is not None
    assert saying.returned(name) == Played("a", 20)
    assert saying.returned(name) is None
    name = saying.push("b", _sound(PIECE))[0].mark
    assert name is not None
    saying.push("b", _sound(100))
    saying.clear()
    assert saying.returned(name) is None
    assert saying.flush() == []


def test_long_silence_without_words_is_marked_now_and_then() -> None:
    saying = Saying()
    told = [one for one in _marks(saying, saying.push("a", _sound(2 * CLOCK_HZ))) if one is not None]
    assert [one.played_ms for one in told] == [20, 520, 1_020, 1_520]


def test_who_never_echoes_fills_no_memory() -> None:
    saying = Saying()
    names = [saying.push(f"item {number}", _sound(PIECE))[0].mark for number in range(MARKS_MAX + 1)]
    assert saying.returned(names[0] or "") is None
    assert saying.returned(names[1] or "") == Played("item 1", 20)


def test_keys_are_an_entry_after_a_pause_or_a_hash() -> None:
    keypad = Keypad()
    assert keypad.press("4", 0.0) is None
    assert keypad.press("2", 1.0) is None
    assert keypad.look(1.0 + PAUSE_S / 2) is None
    assert keypad.look(1.0 + PAUSE_S) == "42"
    assert keypad.look(9.0) is None
    assert keypad.press("#", 9.0) == "#"
    assert [keypad.press("1", 9.0) for _ in range(KEYS_MAX)][-1] == "1" * KEYS_MAX
