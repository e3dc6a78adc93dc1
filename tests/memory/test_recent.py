"""The last turns: newest kept, oldest first, never a token too many."""

from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.contracts import ConfigInvalid, EngineSetup, RecallQuery, Utterance
from antiphon.contracts.conformance import run
from antiphon.memory.recent import RecentTurns


def words(text: str) -> int:
    return len(text.split())


def opened(**settings: object) -> RecentTurns:
    def weights(name: str) -> Path:
        raise AssertionError(name)

    return RecentTurns.open(EngineSetup(settings=settings, weights=weights))


def said(count: int, conversation: str = "") -> list[Utterance]:
    return [
        Utterance(id=f"{conversation}{n}", speaker="Mira", text=f"word{n} " * n, conversation=conversation)
        for n in range(1, count + 1)
    ]


def recalled(
    memory: RecentTurns, budget: int, count: Callable[[str], int] = words, conversation: str = ""
) -> list[str]:
    query = RecallQuery(text="anything", budget_tokens=budget, conversation=conversation)
    return list(memory.recall(query, count).sources)


@pytest.mark.parametrize("settings", [{}, {"utterances": 5}])
def test_it_keeps_its_contract(settings: dict[str, object]) -> None:
    report = run("memory", opened(**settings))
    assert report.ok, report
    assert not report.skipped, report


def test_the_newest_that_fit_are_kept_in_the_order_they_were_said() -> None:
    memory = opened()
    memory.ingest(said(5))
    assert recalled(memory, 11) == ["4", "5"]  # "Mira:" and four words, "Mira:" and five
    assert recalled(memory, 10) == ["5"]
    assert recalled(memory, 5) == []
    assert recalled(memory, 1000) == ["1", "2", "3", "4", "5"]


def test_a_gap_is_never_left_to_fit_more() -> None:
    memory = opened()
    memory.ingest(
        [
            *said(1),
            Utterance(id="long", speaker="Otto", text="la " * 50),
            Utterance(id="z", speaker="A", text="b"),
        ]
    )
    assert recalled(memory, 20) == ["z"]


def test_no_more_than_the_setting_allows() -> None:
    memory = opened(utterances=2)
    memory.ingest(said(9))
    assert recalled(memory, 1000) == ["8", "9"]


def test_other_conversations_are_left_out() -> None:
    memory = opened()
    memory.ingest(said(2, "one") + said(3, "two"))
    assert recalled(memory, 1000, conversation="one") == ["one1", "one2"]


def test_the_context_is_a_line_each() -> None:
    memory = opened()
    memory.ingest(
        [Utterance(id="a", speaker="Mira", text="Hello."), Utterance(id="b", speaker="Otto", text="Yes?")]
    )
    found = memory.recall(RecallQuery(text="", budget_tokens=99), len)
    assert found.context == "Mira: Hello.\nOtto: Yes?"
    assert found.tokens == len(found.context)


@pytest.mark.parametrize("settings", [{"utterances": 0}, {"utterances": "many"}, {"turns": 3}])
def test_wrong_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigInvalid, match=r"memory\.recent"):
        opened(**settings)
