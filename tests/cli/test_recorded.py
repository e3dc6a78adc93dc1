"""`antiphon replay` and `antiphon prompt` on a journal of a real file."""

import json
from pathlib import Path

import pytest
from tests.runtime.shop import Shop
from tests.runtime.virtual import in_virtual_time, passes

from antiphon.cli import main
from antiphon.contracts import JournalEntry
from antiphon.store.sqlite_journal import SqliteJournal


@in_virtual_time
async def conversation() -> list[JournalEntry]:
    stage = Shop("-", "How many?", "Which colour?")
    await stage.greeted()
    await stage.told("I look for something nice")
    await stage.told("five pieces please")
    await stage.session.close()
    await passes(0.2)
    return stage.journal


@pytest.fixture
def config(tmp_path: Path) -> str:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.append(conversation())
    journal.close()
    path = tmp_path / "antiphon.toml"
    path.write_text(
        f'[engines.journal]\nuse = "sqlite"\nsettings = {{ path = "{tmp_path / "journal.sqlite"}" }}\n'
    )
    return str(path)


def test_a_recorded_conversation_comes_out_the_same(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", config, "replay"]) == 0
    assert capsys.readouterr().out == "sess_1\n"
    assert main(["--config", config, "replay", "sess_1"]) == 0
    assert "2 prompts are the same, bit for bit" in capsys.readouterr().out
    assert main(["--config", config, "replay", "--all", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"]
    assert document["sessions"][0]["scene"] == "colours"


def test_all_journals_of_a_folder_are_replayed(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del config  # it has written one of them
    (tmp_path / "more").mkdir()
    journal = SqliteJournal(tmp_path / "more" / "journal-2.sqlite")
    journal.append(conversation())
    journal.close()
    assert main(["replay", "--all", "--in", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("and 4 prompts, 0 not the same\n")
    assert main(["replay", "--all", "--in", str(tmp_path / "nowhere")]) != 0


def test_a_changed_journal_is_told_with_its_first_difference(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "journal.sqlite") as base:
        base.execute(
            "UPDATE entries SET body = replace(body, 'five pieces', 'four pieces') "
            "WHERE kind = 'caller_turn_committed'"
        )
    assert main(["--config", config, "replay", "last"]) == 1
    assert "differs: the state's digest" in capsys.readouterr().out


def test_a_prompt_is_accounted_for_section_by_section(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", config, "prompt", "last", "3", "--json"]) == 0
    account = json.loads(capsys.readouterr().out)
    assert sum(section["tokens"] for section in account["sections"]) == account["tokens"]
    assert account["messages"][-1]["content"] == "five pieces please"
    assert main(["--config", config, "prompt", "last", "3", "--text"]) == 0
    out = capsys.readouterr().out
    assert "now: aim" in out
    assert "[user] five pieces please" in out
    assert main(["--config", config, "prompt", "last", "9"]) == 1
    assert "there are those of turns 2, 3" in capsys.readouterr().err
    assert main(["--config", config, "prompt", "nobody", "1"]) == 1
