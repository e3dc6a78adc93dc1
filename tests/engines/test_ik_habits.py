"""What a model is in the habit of saying."""

from hypothesis import given
from hypothesis import strategies as st

from antiphon.engines import ik_habits
from antiphon.engines.ik_habits import AT_MOST, Habits

ANSWERS = st.lists(st.lists(st.integers(0, 5), max_size=9), max_size=12)


def test_what_was_always_said_next_is_guessed() -> None:
    habits = Habits()
    for _ in range(9):
        habits.learn([1, 2, 3, 4, 5, 6])
    assert habits.next([1]) == (2, 3, 4)
    assert habits.next([9, 9, 4]) == (5, 6), "what is new before it does not matter"
    assert habits.next([]) == ()


def test_one_in_three_is_no_habit_and_once_is_half_a_one() -> None:
    habits = Habits()
    habits.learn([1, 2, 3, 4])
    assert habits.next([1]) == (2,)
    for other in (6, 7, 8):
        habits.learn([5, other])
    assert habits.next([5]) == ()


def test_what_follows_a_longer_stretch_counts_first() -> None:
    habits = Habits()
    for _ in range(5):
        habits.learn([1, 2, 3])
        habits.learn([7, 2, 8])
    assert habits.next([1, 2])[:1] == (3,)
    assert habits.next([7, 2])[:1] == (8,)


@given(ANSWERS, ANSWERS)
def test_what_is_forgotten_leaves_nothing(early: list[list[int]], late: list[list[int]]) -> None:
    kept = ik_habits.ANSWERS_KEPT
    try:
        ik_habits.ANSWERS_KEPT = len(late)
        habits, fresh = Habits(), Habits()
        for answer in (*early, *late):
            habits.learn(answer)
        for answer in late:
            fresh.learn(answer)
        assert habits._followers == fresh._followers
    finally:
        ik_habits.ANSWERS_KEPT = kept


@given(ANSWERS, st.lists(st.integers(0, 5), max_size=6))
def test_guesses_are_few(answers: list[list[int]], said: list[int]) -> None:
    habits = Habits()
    for answer in answers:
        habits.learn(answer)
    assert len(habits.next(said)) <= AT_MOST
