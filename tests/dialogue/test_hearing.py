"""Speech and silence out of probabilities, and the policy that makes of a pause the end of a turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.dialogue import Policy
from antiphon.dialogue.backchannel import is_backchannel
from antiphon.dialogue.events import VoiceWindow
from antiphon.dialogue.hearing import Hearing
from antiphon.dialogue.policy import Pause, silence_needed_ms, turn_is_over

WINDOW = 768


def hear(hearing: Hearing, probabilities: list[float], level_db: float = -30.0) -> list[str]:
    changes: list[str] = []
    for probability in probabilities:
        start = hearing.heard_to
        changes.append(hearing.push(VoiceWindow(start, start + WINDOW, probability, level_db), 0.5))
    return changes


def test_speech_begins_with_two_windows_in_a_row() -> None:
    hearing = Hearing()
    assert hear(hearing, [0.0, 0.9, 0.0, 0.9, 0.9]) == ["none"] * 4 + ["onset"]
    assert hearing.began == 3 * WINDOW


def test_a_pause_begins_after_three_silent_windows() -> None:
    hearing = Hearing()
    changes = hear(hearing, [0.9, 0.9, 0.9, 0.0, 0.0, 0.0])
    assert changes[-3:] == ["none", "none", "pause"]
    assert hearing.silence == 3 * WINDOW


def test_a_voice_has_ended_when_its_level_falls_whatever_the_probability() -> None:
    hearing = Hearing()
    hear(hearing, [0.0] * 10, -70.0)
    hear(hearing, [0.9] * 10, -20.0)
    assert hear(hearing, [0.9, 0.8, 0.6], -65.0) == ["none", "none", "pause"]
    assert hearing.glowing
    assert hear(hearing, [0.2], -65.0) == ["none"]
    assert not hearing.glowing
    assert hear(hearing, [0.9, 0.9], -20.0) == ["none", "resume"]


def test_a_voice_that_becomes_soft_goes_on_after_a_moment() -> None:
    hearing = Hearing()
    hear(hearing, [0.0] * 10, -70.0)
    hear(hearing, [0.9] * 10, -15.0)
    changes = hear(hearing, [0.9] * 20, -50.0)
    assert [change for change in changes if change != "none"] == ["pause", "resume"]


def test_a_room_that_is_taken_for_breath_is_no_voice() -> None:
    hearing = Hearing()
    hear(hearing, [0.0] * 10, -45.0)
    hear(hearing, [0.9] * 10, -15.0)
    changes = hear(hearing, [0.9] * 20, -42.0)
    assert [change for change in changes if change != "none"] == ["pause"]
    assert hearing.glowing, "and the turn does not end while it may be one"


def test_a_loud_room_never_hides_the_end_of_speech() -> None:
    hearing = Hearing()
    assert hear(hearing, [0.9] * 3 + [0.1] * 3, -20.0)[-3:] == ["none", "none", "pause"]


def test_a_voice_that_wavers_is_no_pause() -> None:
    hearing = Hearing()
    assert "pause" not in hear(hearing, [0.9, 0.9] + [0.4, 0.36, 0.45] * 20)


def test_a_click_in_a_pause_is_not_speech() -> None:
    hearing = Hearing()
    hear(hearing, [0.9, 0.9, 0.0, 0.0, 0.0])
    assert hear(hearing, [0.9, 0.4, 0.9, 0.0]) == ["none"] * 4
    assert hear(hearing, [0.9, 0.9]) == ["none", "resume"]


@pytest.mark.parametrize(("probability", "windows"), [(0.02, 5), (0.2, 7)])
def test_a_jump_may_be_a_voice_for_a_moment(probability: float, windows: int) -> None:
    hearing = Hearing()
    hear(hearing, [0.0] * 20, -70.0)
    startled: list[bool] = []
    for _ in range(windows + 2):
        hear(hearing, [probability], -40.0)
        startled.append(hearing.startled)
    assert startled == [True] * windows + [False] * 2


def test_a_noise_that_lasts_startles_once_and_a_jump_above_it_again() -> None:
    hearing = Hearing()
    hear(hearing, [0.0] * 20, -70.0)
    hear(hearing, [0.0] * 6, -40.0)
    for _ in range(30):
        hear(hearing, [0.0], -40.0)
        assert not hearing.startled
    hear(hearing, [0.0], -15.0)
    assert hearing.startled


@pytest.mark.parametrize(("level_db", "startled"), [(-20.0, True), (-34.0, False)])
def test_a_voice_that_begins_soon_after_its_room_is_a_jump_of_its_own(
    level_db: float, startled: bool
) -> None:
    hearing = Hearing()
    hear(hearing, [0.0] * 20, -120.0)
    hear(hearing, [0.0] * 4, -44.0)
    for _ in range(3):
        hear(hearing, [0.0], level_db)
    assert hearing.startled == startled


def test_what_may_be_our_own_sound_never_startles() -> None:
    hearing = Hearing()
    hear(hearing, [0.0] * 20, -70.0)
    hearing.push(VoiceWindow(hearing.heard_to, hearing.heard_to + WINDOW, 0.0, -20.0, ours=True), 0.5)
    assert not hearing.startled


@pytest.mark.parametrize(("ours", "changes"), [(True, "none"), (False, "onset")])
def test_what_is_left_of_our_own_sound_and_fades_at_once_is_no_voice(ours: bool, changes: str) -> None:
    hearing = Hearing()
    hear(hearing, [0.1], -40.0)
    for level_db in (-40.0, -58.0):
        start = hearing.heard_to
        change = hearing.push(VoiceWindow(start, start + WINDOW, 0.9, level_db, ours=ours), 0.5)
    assert change == changes


def test_sound_that_stalls_is_a_pause_only_in_speech() -> None:
    hearing = Hearing()
    assert hearing.stall() == "none"
    hear(hearing, [0.9, 0.9])
    assert hearing.stall() == "pause"
    assert hearing.stall() == "none"


@given(st.lists(st.floats(0, 1), max_size=200))
def test_changes_come_in_their_only_order(probabilities: list[float]) -> None:
    changes = [change for change in hear(Hearing(), probabilities) if change != "none"]
    assert changes[:1] in ([], ["onset"])
    assert changes[1::2] == ["pause"] * len(changes[1::2])
    assert changes[2::2] == ["resume"] * len(changes[2::2])


POLICIES = st.builds(
    Policy,
    mode=st.sampled_from(["manual", "silence", "sounding"]),
    silence_ticks=st.integers(0, 60_000),
    longest_wait_ticks=st.integers(0, 120_000),
    patience=st.floats(0.1, 4),
)
SILENCES = st.integers(0, 200_000)
SCORES = st.lists(st.floats(0, 1), max_size=7).map(tuple)


@given(policy=POLICIES, silence=SILENCES, more=st.integers(0, 100_000), scores=SCORES)
def test_a_longer_silence_never_unmakes_an_end(
    policy: Policy, silence: int, more: int, scores: tuple[float, ...]
) -> None:
    assert turn_is_over(policy, Pause(silence, scores)) <= turn_is_over(policy, Pause(silence + more, scores))


@given(policy=POLICIES, silence=SILENCES, scores=SCORES, pair=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_better_score_never_unmakes_an_end(
    policy: Policy, silence: int, scores: tuple[float, ...], pair: tuple[float, float]
) -> None:
    low, high = sorted(pair)
    worse = turn_is_over(policy, Pause(silence, (*scores, low)))
    better = turn_is_over(policy, Pause(silence, (*scores, high)))
    assert turn_is_over(policy, Pause(silence)) <= better
    assert worse <= better


@given(policy=POLICIES, silence=SILENCES, scores=SCORES)
def test_words_that_want_more_never_make_an_end(
    policy: Policy, silence: int, scores: tuple[float, ...]
) -> None:
    finished = turn_is_over(policy, Pause(silence, scores, "I would like some tea."))
    assert turn_is_over(policy, Pause(silence, scores, "I would like some tea and")) <= finished
    assert turn_is_over(policy, Pause(silence, scores, None)) == finished


@given(policy=POLICIES, silence=SILENCES, scores=SCORES, pair=st.tuples(st.floats(-20, 0), st.floats(-20, 0)))
def test_words_that_end_better_never_unmake_an_end(
    policy: Policy, silence: int, scores: tuple[float, ...], pair: tuple[float, float]
) -> None:
    low, high = sorted(pair)
    worse, better = (turn_is_over(policy, Pause(silence, scores, "so", may_end)) for may_end in (low, high))
    assert worse <= better


@pytest.mark.parametrize(
    ("pause", "wait_ms"),
    [
        (Pause(0, (0.98,)), 250),
        (Pause(0, (0.85,)), 279),
        (Pause(0, (0.5,)), 357),
        (Pause(0, (0.98, 0.5)), 269),
        (Pause(0, (0.02,)), 532),
        (Pause(0, ()), 2340),
        (Pause(0, (0.5,), "give me the"), 785),
        (Pause(0, (0.98,), "give me the"), 610),
        (Pause(0, (0.5,), "give me the", -1.0), 357),
        (Pause(0, (0.98,), "publicity and notoriety go", -7.7), 899),
        (Pause(0, (0.5,), "may I come in", -0.2), 271),
        (Pause(0, (0.02,), "feel small hole in", -30.0), 1388),
    ],
)
def test_how_long_a_pause_must_last(pause: Pause, wait_ms: int) -> None:
    assert silence_needed_ms(Policy(), pause) == pytest.approx(wait_ms, abs=1)


def test_patience_stretches_the_wait() -> None:
    for patience in (0.5, 2.0):
        assert silence_needed_ms(Policy(patience=patience), Pause(0, (0.98,))) == 250 * patience
        assert silence_needed_ms(Policy(patience=patience), Pause(0, ())) == 2340 * patience


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "Mm-hm.",
        "Yeah, yeah.",
        "Okay",
        "I see.",
        "Uh huh",
        "That’s right!",
        "OH I SEE",
        "Yeah, I see.",
        "Oh. Makes sense",
    ],
)
def test_listening_words(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "stop",
        "yeah but",
        "yes yes yes yes",
        "42",
        "нет",
        "はい、でも",
        "मत करो",
        "I see it",
        "I know where",
        "all right stop",
        "right here",
    ],
)
def test_words_that_want_the_floor(text: str) -> None:
    assert not is_backchannel(text)
