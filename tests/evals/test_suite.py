"""Suite files: what is accepted, and every problem at once with its line and a remedy."""

import json
from importlib import resources
from pathlib import Path

import pytest

from antiphon.contracts import ConfigInvalid
from antiphon.evals.schema import KINDS, suite_schema
from antiphon.evals.suite import Names, check_suite, read_suite
from antiphon.evals.wording import normalize

from .talks import SUITE

EXAMPLES = Path(__file__).parents[2] / "examples" / "suites"


def told(text: str, **more: object) -> list[str]:
    return [str(problem) for problem in check_suite(text, **more)[1]]


def test_the_committed_schema_is_current() -> None:
    committed = resources.files("antiphon.evals") / "suite.schema.json"
    assert committed.read_bytes() == suite_schema(), (
        "antiphon eval schema > src/antiphon/evals/suite.schema.json"
    )


def test_every_field_says_what_it_is() -> None:
    definitions = json.loads(suite_schema())["$defs"]
    assert set(definitions) == {kind.__name__ for kind in KINDS}
    for name, definition in definitions.items():
        for field, about in definition["properties"].items():
            assert about.get("description"), f"{name}.{field}"


def test_every_example_is_sound_and_names_its_schema() -> None:
    paths = sorted(EXAMPLES.glob("*.yaml"))
    assert [path.stem for path in paths] == ["clinic", "restaurant", "town"]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert (path.parent / text.splitlines()[0].partition("$schema=")[2]).is_file()
        assert len(read_suite(text, str(path)).scenarios) >= 5


def test_no_caller_of_an_example_says_a_fact_with_their_first_words_and_does_not_know_it() -> None:
    """What was said and does not count as told never lets the points come that wait for it."""
    small = {"on", "at", "in", "the", "a", "for", "please", "i", "said", "as"}
    for path in EXAMPLES.glob("*.yaml"):
        for name, scenario in read_suite(path.read_text(encoding="utf-8")).scenarios.items():
            opens = set.intersection(*(set(normalize(text)) for text in scenario.opens))
            said = {
                fact
                for fact, known in scenario.facts.items()
                if any(set(normalize(text)) - small <= opens for text in known.says)
            }
            assert said <= set(scenario.opens_with), f"{path.stem}, {name}"


def test_all_problems_come_at_once_each_with_its_line() -> None:
    text = SUITE.replace("hidden: true", "hiden: true").replace("once: [count]", "once: [cuont]")
    assert told(text) == [
        "line 12: scenarios.rolls.facts.secret.hiden: there is no such field; did you mean `hidden`?"
    ]
    text = SUITE.replace("asked: [name], ", "").replace("once: [count]", "once: [cuont]")
    assert told(text) == [
        "line 12: scenarios.rolls.facts.secret: it is hidden and nothing asks for it; "
        "list words that do under `asked`",
        "line 14: scenarios.rolls.points[0].once[0]: there is no fact `cuont`; did you mean `count`?",
    ]


def test_a_suite_is_held_against_its_cast_and_the_voices() -> None:
    names = Names(slots=("rolls", "days"), voices=("woman",))
    assert told(SUITE, names=names, voices=("woman", "man")) == [
        "line 5: scenarios.rolls.voice: a persona of the cast speaks with `woman`; free are man",
        "line 11: scenarios.rolls.facts.day.slot: there is no slot `day`; did you mean `days`?",
    ]


def test_a_suite_is_for_a_cast_or_for_instructions() -> None:
    text = SUITE.replace("cast: shop.yaml", "cast: shop.yaml\ninstructions: You sell bread.")
    assert told(text) == [
        "line 2: either a `cast` is played or `instructions` are given; keep one of the two"
    ]
    with pytest.raises(ConfigInvalid, match="suite: line 1: the file is empty; begin with `suite: TITLE`"):
        read_suite("")


def test_what_only_a_cast_has_is_not_expected_without_one() -> None:
    text = SUITE.replace("cast: shop.yaml", "instructions: You sell bread.").rstrip()
    assert told(f"{text}\n    expect: {{scene: farewell, tools: [ring]}}\n") == [
        f"line {line}: scenarios.rolls.{place}: only a cast has it, and none is played;"
        " expect words, by `says`, `never` or `answered`"
        for line, place in (
            (10, "facts.count.slot"),
            (11, "facts.day.slot"),
            (15, "expect.scene"),
            (15, "expect.tools"),
        )
    ]


def test_what_is_too_little_or_too_much_is_told_with_what_would_do() -> None:
    assert told(SUITE.replace('opens: ["Hello, I\'d like some rolls."]', "opens: []")) == [
        "line 8: scenarios.rolls.opens: expected array of length >= 1; write one at least"
    ]
    (found,) = told(SUITE.rstrip() + "\n    manner: {pauses: 3}\n")
    assert found.endswith("expected float <= 1.0; write a number within that bound")
