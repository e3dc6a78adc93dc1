"""Every way a cast file can be wrong is found, at its line, with what to do about it."""

import pytest

from antiphon.contracts import ConfigInvalid
from antiphon.samp import check_cast, read_cast

from .casts import SMALL, VOICES, example, spoiled

CASES: list[tuple[tuple[str, str], str]] = [
    # its shape
    (("start: hello\n", ""), "line 1: `start` is missing; add `start:`"),
    (("    role: the owner\n", "    rôle: the owner\n"), "personas.owner.rôle: there is no such field"),
    (("aim: Greet.", "aim: 3"), "line 25: scenes.hello.aim: expected str, got int; put it in quotes"),
    (("aim: Greet.", "aim: ''"), "line 25: scenes.hello.aim: expected str of length >= 1"),
    (
        ("type: number", "type: numbr"),
        "line 17: slots.count.type: invalid enum value 'numbr'; did you mean `number`?",
    ),
    (("type: number", "type: integer"), "known are choice, date, free, name, number, time"),
    (("  wholesale:\n", "  Whole sale:\n"), "scenes.Whole sale: expected str matching regex"),
    (
        ("    checklist:\n      - ask: colour", "    checklist:\n      - colour"),
        "line 41: scenes.colours.checklist[0]: expected object, got str",
    ),
    (("tools:", "tols:"), "line 50: tols: there is no such field; did you mean `tools`?"),
    # names
    (("start: hello", "start: helo"), "line 3: start: there is no scene `helo`; did you mean `hello`?"),
    (("to: wholesale,", "to: wholsale,"), "line 30: scenes.hello.ways[0].to: there is no scene `wholsale`"),
    (("    plays: owner", "    plays: boss"), "line 33: scenes.wholesale.plays: there is no persona `boss`"),
    (("- ask: count", "- ask: counts"), "there is no slot `counts`; did you mean `count`?"),
    (
        ("may: [order]", "may: [ordr]"),
        "line 10: personas.clerk.may[0]: there is no tool `ordr`; did you mean `order`?",
    ),
    (("may: [order]", "may: []"), "tools.order: nobody may use it; let a persona say `may: [order]`"),
    (("needs: [count, colour]", "needs: [size]"), "tools.order.needs[0]: there is no slot `size`"),
    (
        ("    manner: Proud.", "    manner: Proud.\n    confides_in: [carl]"),
        "personas.owner.confides_in[0]: there is no persona `carl`",
    ),
    (
        ("    manner: Proud.", "    manner: Proud.\n    home: hello"),
        "personas.owner.home: clerk plays there; name a scene of their own",
    ),
    (
        ("  wholesale:\n    plays: owner", "  wholesale:\n    plays: clerk"),
        "line 11: personas.owner: they are never on",
    ),
    (
        ("voice: man", "voice: mann"),
        "line 14: personas.owner.voice: no voice is called `mann`; did you mean `man`?",
    ),
    (("voice: man", "voice: woman"), "line 14: personas.owner.voice: clerk has the voice `woman` too"),
    (("  opening_hours: {to: hours", "  back: {to: hours"), "anywhere.back: `back` has a meaning of its own"),
    # slots
    (
        ("options: {red: [crimson], blue: []}", "options: {red: []}"),
        "line 18: slots.colour: a choice needs at least two options",
    ),
    (("least: 1, most: 20", "least: 30, most: 20"), "slots.count.least: 30 is above 20"),
    (("least: 1, most: 20", "options: {one: [], two: []}"), "slots.count.options: a number has no options"),
    (("- ask: count", "- do: count"), "line 17: slots.count: it is never asked"),
    (("- ask: colour", "- {ask: colour, do: tell}"), "it must either `ask` or `do`"),
    (
        ("- ask: colour", "- ask: colour\n      - ask: colour"),
        "line 42: scenes.colours.checklist[1]: it stands on this checklist twice",
    ),
    # guards
    (("if: count > 10", "if: count >> 10"), "line 30: scenes.hello.ways[0].if: '>' is no value"),
    (
        ("if: count > 10", "if: cont > 10"),
        "scenes.hello.ways[0].if: there is no slot `cont`; did you mean `count`?",
    ),
    (("if: count > 10", "if: count > many"), "`count` is a number and is compared with `many`"),
    (("if: count > 10", "if: colour == gren"), "`colour` is a choice without an option `gren`"),
    (("if: count > 10", "if: colour < red"), "`colour` is a choice and has no order; use == or !="),
    (("if: count > 10", "if: count > 10 and count < 5"), "it contradicts itself: it can never hold"),
    (("if: count > 10", "if: count > 20"), "count is at least 1 and at most 20, so this can never hold"),
    (("if: count > 10", "if: done and not count"), "it contradicts itself: it can never hold"),
    (
        ("{to: colours, if: done}", "{to: colours, if: count > 15}"),
        "line 31: scenes.hello.ways[1].if: it is never reached",
    ),
    ((", if: done}", "}"), "line 31: scenes.hello.ways[1]: nothing says when it is taken"),
    (
        ("{to: back, when: they thank, says: [thank you]}", "{to: back, says: [When do you open]}"),
        "'When do you open' leads to back here and to hours in line 49",
    ),
    # the graph
    (
        ("{to: wholesale, if: count > 10}", "{to: colours, if: count > 10}"),
        "line 32: scenes.wholesale: nothing leads here",
    ),
    (("    ends: true\n", ""), "line 37: scenes.colours: it is a dead end"),
    (("    ends: true\n", ""), "no scene ends the conversation"),
    (
        ("{to: colours, when: they agree, says: [fine]}", "{to: back, when: they agree}"),
        "no jump that returns leads here",
    ),
    (
        ("{to: colours, when: they agree, says: [fine]}", "{to: wholesale, when: they agree}"),
        "line 32: scenes.wholesale: from here no scene that ends",
    ),
]


def told(text: str) -> list[str]:
    return [str(problem) for problem in check_cast(text, voices=VOICES)[1]]


def test_nothing_is_wrong_with_the_small_cast() -> None:
    assert told(SMALL) == []
    assert read_cast(SMALL, voices=VOICES).scenes["hello"].ways[0].guard == "count > 10"


@pytest.mark.parametrize(("change", "expected"), CASES, ids=[str(n) for n in range(len(CASES))])
def test_what_is_wrong_is_told_with_its_line_and_a_remedy(change: tuple[str, str], expected: str) -> None:
    found = told(spoiled(change))
    assert any(expected in line for line in found), found


def test_all_problems_come_at_once_in_the_order_of_their_lines() -> None:
    text = spoiled(
        ("voice: man", "voice: mann"), ("if: count > 10", "if: cont > 10"), ("plays: owner", "plays: boss")
    )
    lines = [int(line.split(":")[0].removeprefix("line ")) for line in told(text)]
    assert lines == sorted(lines)
    assert {14, 30, 33} <= set(lines)
    with pytest.raises(ConfigInvalid) as caught:
        read_cast(text, "shop.yaml", voices=VOICES)
    assert len(caught.value.problems) == len(lines)
    assert caught.value.problems[0].startswith("shop.yaml: line ")


def test_what_is_wrong_with_the_shape_hides_nothing_else() -> None:
    text = spoiled(
        ("least: 1, most: 20", "least: one, most: 20"),
        ("    manner: Proud.", "    manner: Proud.\n    discreet: yes"),
        ("plays: owner", "plays: boss"),
        ("if: count > 10", "if: cont > 10"),
    )
    found = told(text)
    assert len(found) == 4, found
    assert "slots.count.least: expected float | null, got str; write a number" in found[1]
    assert "personas.owner.discreet: expected bool, got str; write `true` or `false`" in found[0]
    assert any("there is no persona `boss`" in line for line in found)
    assert any("there is no slot `cont`" in line for line in found)


@pytest.mark.parametrize(
    "shapeless",
    [
        ("type: number", "type: numbr"),
        ("start: hello\n", ""),
        ("    role: the owner\n", ""),
        ("aim: Greet.", "aim: 3"),
        ("    checklist:\n      - ask: colour", "    checklist:\n      - colour"),
        ("may: [order]", "may: [3]"),
    ],
)
def test_what_has_to_be_there_hides_nothing_else_either(shapeless: tuple[str, str]) -> None:
    found = told(spoiled(shapeless, ("    plays: owner", "    plays: boss"), ("to: hours", "to: hour")))
    assert any("there is no persona `boss`" in line for line in found), found
    assert any("there is no scene `hour`" in line for line in found), found
    assert not any("unknown" in line for line in found), found


def test_what_a_shapeless_part_says_is_not_missed_elsewhere() -> None:
    """Its names are not called unknown, and what it leads to is not called out of reach."""
    (only,) = told(spoiled(("type: number", "type: numbr")))
    assert "invalid enum value 'numbr'" in only
    (only,) = told(spoiled(("options: {red: [crimson], blue: []}", "options: {red: [crimson], blue: }")))
    assert "slots.colour.options.blue: expected array, got null; write a list" in only


def test_a_file_that_says_not_a_word_of_a_cast_is_told_what_is_missing() -> None:
    (only,) = told("hello")
    assert only.startswith("line 1: expected object, got str; write fields, each with its name and a colon")
    assert "the file is empty" in told("# nothing\n")[0]
    missing = {line.split("`")[1] for line in told("cast: x")}
    assert missing == {"about", "start", "personas", "scenes"}


def test_phrases_may_lead_to_two_places_when_their_guards_exclude_each_other() -> None:
    apart = spoiled(
        ("{to: wholesale, if: count > 10}", "{to: wholesale, if: count > 10, says: [go on]}"),
        ("{to: colours, if: done}", "{to: colours, if: count < 9, says: [go on]}"),
    )
    assert told(apart) == []
    together = apart.replace("count < 9", "count < 12")
    assert any("'go on' leads to colours here and to wholesale in line 30" in line for line in told(together))


@pytest.mark.parametrize("name", ["restaurant", "clinic", "town"])
def test_the_examples_are_whole(name: str) -> None:
    assert told(example(name)) == []
