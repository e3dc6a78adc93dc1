"""The scripted callers of the examples speak of what is there; one that does not is told so."""

import pytest

from antiphon.contracts import ConfigInvalid
from antiphon.samp import read_cast, read_script

from .casts import EXAMPLES, SMALL, example

SCRIPT = """\
caller: Somebody
today: "2026-05-06"
lines:
  - says: Twelve, please.
    scene: wholsale
    persona: owner
    slots: {cuont: 12}
"""


@pytest.mark.parametrize("name", ["restaurant", "clinic", "town"])
def test_every_example_has_a_caller_of_twelve_turns(name: str) -> None:
    cast = read_cast(example(name))
    text = (EXAMPLES / "callers" / f"{name}.yaml").read_text(encoding="utf-8")
    script = read_script(text, cast, name)
    assert len(script.lines) == 12
    assert cast.scenes[script.lines[-1].scene].ends
    jumped = {jump.to for jump in cast.anywhere.values()}
    assert sum(line.scene in jumped for line in script.lines) >= 2
    assert sum(line.after_words is not None for line in script.lines) == 1
    assert len({line.persona for line in script.lines}) >= 2


def test_names_nobody_has_are_told_with_their_lines() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        read_script(SCRIPT, read_cast(SMALL), "somebody.yaml")
    assert caught.value.problems == (
        "somebody.yaml: line 5: lines[0].scene: there is no scene `wholsale`; did you mean `wholesale`?",
        "somebody.yaml: line 7: lines[0].slots.cuont: there is no slot `cuont`; did you mean `count`?",
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            '"2026-05-06"',
            "tomorrow",
            "line 2: today: `tomorrow` is no date; write it as 2026-05-06, in quotes",
        ),
        ("persona: owner", "persona: owner\n    after_words: -3", "lines[0].after_words: expected int >= 0"),
    ],
)
def test_a_day_or_a_cut_that_cannot_be_is_told(old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        read_script(SCRIPT.replace(old, new), read_cast(SMALL))
    assert told in str(caught.value)


def test_a_caller_without_lines_is_told() -> None:
    with pytest.raises(ConfigInvalid, match=r"lines: expected array of length >= 1"):
        read_script(SCRIPT[: SCRIPT.index("lines:")] + "lines: []\n", read_cast(SMALL))
