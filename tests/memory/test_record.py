"""Facts with two times: superseded and never deleted, until somebody asks to forget."""

from pathlib import Path

import pytest
from tests.memory.remembering import look, memory_of, turn

from antiphon.memory import Fact, GraphMemory


def holding(memory: GraphMemory, relation: str) -> list[str]:
    return [fact.object for fact in memory.facts(current=True) if fact.relation == relation]


def fact(memory: GraphMemory, value: str) -> Fact:
    (found,) = [each for each in memory.facts() if each.object == value]
    return found


def test_a_newer_fact_supersedes_and_both_are_kept() -> None:
    memory = memory_of("Mira: I live in Rome.", "Otto: Nice.", "Mira: I moved to Oslo.")
    assert holding(memory, "lives in") == ["Oslo"]
    old, new = fact(memory, "Rome"), fact(memory, "Oslo")
    assert (old.valid_from, old.valid_to, old.source) == ("2025-03-01", "2025-03-03", "t0")
    assert old.superseded_at >= old.recorded_at > "2025"
    assert (new.valid_to, new.superseded_at) == ("", "")


def test_what_is_stale_is_not_offered_unless_the_past_is_asked_for() -> None:
    memory = memory_of("Mira: I live in Rome.", "Otto: Nice.", "Mira: I moved to Oslo.")
    now = look(memory, "Where does Mira live?").context
    assert "Oslo" in now
    assert "Rome" not in now
    assert "Rome" in look(memory, "Where did Mira live before?").context
    assert "Rome" in look(memory, "What does Mira say about Rome?").context


HAMBURG = (
    "Mira: I live in Hamburg and work at a bakery.",
    "Mira: I keep my violin in the blue cupboard.",
    "Mira: Tom is coming for dinner.",
    "Mira: I moved to Oslo.",
)


@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize("more", [(), ("Mira: The rain has not stopped.", "Mira: I moved to Bern.")])
def test_what_holds_now_is_found_like_what_it_replaced(embedded: bool, more: tuple[str, ...]) -> None:
    memory = memory_of(*HAMBURG, *more, embedded=embedded)
    found = look(memory, "Where does Mira live?")
    scores = {one.id: one.score for one in found.chosen}
    assert max(scores, key=scores.__getitem__) == ("t5" if more else "t3")
    # What is not said any more makes its neighbours no better than any turn.
    assert scores["t1"] < 1
    before = look(memory_of(HAMBURG[0], *HAMBURG[1:3], embedded=embedded), "Where does Mira live?")
    assert max(scores.values()) > 0.9 * max(one.score for one in before.chosen)


def test_news_of_the_past_supersedes_nothing() -> None:
    memory = memory_of("Mira: I moved to Oslo.", "Mira: I moved to Rome three years ago.")
    assert holding(memory, "lives in") == ["Oslo"]


def test_one_may_like_many_things() -> None:
    memory = memory_of("Mira: I love jazz.", "Mira: I love cake.")
    assert holding(memory, "likes") == ["jazz", "cake"]


def held(*lines: str) -> list[tuple[str, str, str]]:
    facts = memory_of(*lines).facts(current=True)
    return [(each.subject, each.object, each.speaker) for each in facts]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("Mira: Good day.", "Otto: Your dog is called Rufus."), [("Mira's dog", "Rufus", "Otto")]),
        (("Otto: Your dog is called Rufus.", "Mira: Yes."), [("Mira's dog", "Rufus", "Otto")]),
        (("Otto: Your dog is called Rufus.",), []),
        (("Mira: Good day.", "Tom: Hello.", "Otto: Your dog is called Rufus."), []),
    ],
)
def test_you_is_the_only_other_one_who_takes_part(lines: tuple[str, ...], found: object) -> None:
    assert held(*lines) == found


def test_who_took_part_is_known_turn_by_turn() -> None:
    memory = memory_of("Mira: Good day.")
    memory.learn([turn("Otto: You live in Oslo.", 1), turn("Tom: Hello.", 2, conversation="another")])
    memory.learn([turn("Tom: Hello.", 3)])
    memory.learn([turn("Otto: You live in Rome.", 4)])
    assert holding(memory, "lives in") == ["Oslo"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("Mira: I live in Oslo.", "Otto: You live in Rome."), [("Mira", "Oslo", "Mira")]),
        (("Mira: I live in Oslo.", "Otto: You used to live in Oslo."), [("Mira", "Oslo", "Mira")]),
        (("Mira: I live in Oslo.", "Otto: So you live in Oslo."), [("Mira", "Oslo", "Mira")]),
        (("Otto: You live in Rome.", "Mira: No, I live in Oslo."), [("Mira", "Oslo", "Mira")]),
        (("Otto: You live in Rome.", "Mira: I moved to Oslo three years ago."), [("Mira", "Oslo", "Mira")]),
        (("Mira: Hi.", "Otto: You live in Rome.", "Otto: You live in Oslo."), [("Mira", "Oslo", "Otto")]),
    ],
)
def test_what_one_says_of_oneself_outweighs_what_one_is_told(lines: tuple[str, ...], found: object) -> None:
    assert held(*lines) == found


def test_hearing_it_again_makes_it_no_surer() -> None:
    once = memory_of("Mira: I live in Oslo.")
    again = memory_of("Mira: I live in Oslo.", "Otto: You live in Oslo.")
    assert fact(again, "Oslo").confidence == fact(once, "Oslo").confidence
    assert fact(again, "Oslo").source == "t0"


def test_the_same_fact_is_one_with_two_sources() -> None:
    memory = memory_of("Mira: I live in Rome.", "Mira: Yes, I live in Rome.")
    (found,) = [each for each in memory.facts() if each.relation == "lives in"]
    assert found.confidence > 0.9
    assert memory.forget(["t0"]) == 1
    assert fact(memory, "Rome").source == "t1"


def test_what_is_over_no_longer_holds() -> None:
    memory = memory_of("Mira: I work at Acme.", "Mira: I quit my job at Acme.")
    assert holding(memory, "works at") == []
    assert fact(memory, "Acme").valid_to == "2025-03-02"


def test_a_nickname_is_the_same_person() -> None:
    memory = memory_of("Melanie: I live in Rome.", "Otto: Mel lives in Oslo.")
    assert {each.subject for each in memory.facts()} == {"Melanie"}
    assert memory.entities()[0].aliases == ("mel", "melanie")


def test_personas_have_facts_of_their_own() -> None:
    memory = memory_of()
    memory.learn(
        [
            turn("Mira: I live in Rome.", 0, persona="pirate"),
            turn("Mira: I live in Oslo.", 1, persona="butler"),
        ]
    )
    assert holding(memory, "lives in") == ["Rome", "Oslo"]


def test_forgetting_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    memory = GraphMemory(path)
    memory.learn([turn("Zebedee: I live in Xanadu.", 0), turn("Mira: Tea?", 1)])
    assert b"Xanadu" in path.read_bytes() + (tmp_path / "memory.sqlite-wal").read_bytes()
    assert memory.forget(["t0", "never"]) == 1
    assert memory.facts() == []
    assert memory.entities() == []
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Xanadu" not in left
    assert b"Zebedee" not in left
    assert "Xanadu" not in look(memory, "Where does Zebedee live?").context
    memory.close()


def test_forgetting_an_update_brings_back_what_it_replaced() -> None:
    memory = memory_of("Mira: I live in Rome.", "Mira: I moved to Oslo.", "Mira: I moved to Bern.")
    memory.forget(["t1"])
    assert holding(memory, "lives in") == ["Bern"]
    memory.forget(["t2"])
    assert holding(memory, "lives in") == ["Rome"]
    assert "Rome" in look(memory, "Where does Mira live?").context
