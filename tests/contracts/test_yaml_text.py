"""Text from anywhere becomes plain values with lines, or a problem: never an object, never a crash."""

from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts.yaml_text import BYTES_MAX, read_yaml
from antiphon.samp import check_cast


def test_words_stay_words() -> None:
    tree = read_yaml("says: [no, yes, on, 12:30, 0777, 1e3, 2.5, 42, true, null, 'true', 2026-01-01]")
    assert tree.value == {
        "says": ["no", "yes", "on", "12:30", 777, 1000.0, 2.5, 42, True, None, "true", "2026-01-01"]
    }


def test_every_value_has_its_line() -> None:
    tree = read_yaml("a:\n  b:\n    - x\n    - y: 1\nc: >-\n  long\n  text\n")
    assert tree.line(("a", "b", 1, "y")) == 4
    assert tree.line(("c",)) == 5
    assert tree.line(("a", "unknown", "deeper")) == 1


def test_a_key_that_stands_twice_is_told() -> None:
    (problem,) = read_yaml("a: 1\nb: 2\na: 3\n").problems
    assert problem.line == 3
    assert "'a' stands here twice, first in line 1" in str(problem)


def test_no_object_is_ever_made() -> None:
    tree = read_yaml("a: !!python/object/apply:os.system ['true']\nb: !!binary aGk=\n")
    assert tree.value == {"a": ["true"], "b": "aGk="}


def test_what_would_grow_without_bound_is_bounded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert [p for p in read_yaml("\n".join(lines)).problems if "too much" in p.what]
    assert [p for p in read_yaml("a: &a [*a]").problems if "too much" in p.what]
    assert "nested too deeply" in str(read_yaml("[" * 5000).problems[0])
    assert "larger than" in str(read_yaml("a: " + "x" * BYTES_MAX).problems[0])


@given(st.text(max_size=60) | st.text("abc:- \n[]{}&*!|>'\"#,?", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    cast, problems = check_cast(text)
    assert cast is not None or problems
    assert all(problem.line >= 1 and problem.what and problem.remedy for problem in problems)
