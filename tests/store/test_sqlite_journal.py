import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from antiphon.contracts import (
    Busy,
    ConfigInvalid,
    ContractBroken,
    EngineBroken,
    EngineSetup,
    JournalEntry,
    PrerequisiteMissing,
)
from antiphon.contracts.conformance import run
from antiphon.contracts.discovery import find
from antiphon.store import sqlite_journal
from antiphon.store.sqlite_journal import SqliteJournal


def setup(**settings: object) -> EngineSetup:
    return EngineSetup(settings=settings, weights=Path)


def entry(sequence: int, **more: object) -> JournalEntry:
    return JournalEntry(session="s", sequence=sequence, at=sequence, kind="happened", **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal.sqlite"


def test_it_keeps_its_contract(path: Path) -> None:
    journal = SqliteJournal.open(setup(path=str(path)))
    report = run("journal", journal, reopen=lambda: SqliteJournal.open(setup(path=str(path))))
    journal.close()
    assert report.ok, report


def test_it_is_found_by_name() -> None:
    assert find("journal", "sqlite") is SqliteJournal


def test_without_settings_it_lies_in_the_data_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    SqliteJournal.open(setup()).close()
    (found,) = tmp_path.glob("*.sqlite")
    assert stat.S_IMODE(found.stat().st_mode) == 0o600


def test_every_problem_of_the_settings_is_told_at_once() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        SqliteJournal.open(setup(path=3, size=4))
    assert len(caught.value.problems) == 2


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PrerequisiteMissing, match=r"journal\.path"):
        SqliteJournal(tmp_path / "file" / "journal.sqlite")


def test_another_kind_of_file(tmp_path: Path) -> None:
    place = tmp_path / "notes.txt"
    place.write_text("no database\n" * 100)
    with pytest.raises(EngineBroken, match="not a database"):
        SqliteJournal(place)


def test_what_append_returned_from_survives_kill_9(path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from antiphon.contracts import JournalEntry\n"
        "from antiphon.store.sqlite_journal import SqliteJournal\n"
        "journal = SqliteJournal(Path(sys.argv[1]))\n"
        "for n in range(1, 301): journal.append([JournalEntry(session='s', sequence=n, at=n, kind='k')])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    journal = SqliteJournal(path)
    assert [found.sequence for found in journal.read("s")] == list(range(1, 301))
    journal.close()


def test_a_closed_journal_says_so(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.close()
    journal.close()
    with pytest.raises(ContractBroken, match="closed"):
        journal.append([entry(1)])


def test_a_body_that_is_not_json_and_numbers_too_large(path: Path) -> None:
    journal = SqliteJournal(path)
    with pytest.raises(ContractBroken, match="not JSON"):
        journal.append([entry(1, body={"object": object()})])
    with pytest.raises(ContractBroken, match="64 bits"):
        journal.append([JournalEntry(session="s", sequence=1, at=2**70, kind="k")])
    assert journal.sessions() == ()
    journal.close()


def test_a_writer_that_does_not_let_go_is_named(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sqlite_journal, "_WAIT_FOR_WRITER_S", 0.01)
    journal = SqliteJournal(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy, match="another process"):
        journal.append([entry(1)])
    other.execute("ROLLBACK")
    other.close()
    journal.append([entry(1)])
    journal.close()


def test_what_another_process_has_written_is_seen(path: Path) -> None:
    ours, theirs = SqliteJournal(path), SqliteJournal(path)
    ours.append([entry(1), entry(2)])
    theirs.append([entry(3)])
    with pytest.raises(ContractBroken, match="different"):
        ours.append([entry(3, body={"other": 1})])
    ours.append([entry(3), entry(4)])
    with pytest.raises(ContractBroken, match="gap"):
        theirs.append([entry(6)])
    theirs.append([entry(5)])
    assert [found.sequence for found in ours.read("s")] == [1, 2, 3, 4, 5]
    ours.close()
    theirs.close()


def test_what_was_not_taken_is_not_remembered(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append([entry(1)])
    with pytest.raises(ContractBroken, match="gap"):
        journal.append([entry(2), entry(4)])
    journal.append([entry(2), entry(2), entry(3)])
    assert [found.sequence for found in journal.read("s")] == [1, 2, 3]
    journal.close()


def test_many_entries_of_many_sessions_are_written_at_once(path: Path) -> None:
    journal = SqliteJournal(path)
    names = [f"s{number}" for number in range(50)]
    entries = [JournalEntry(session=name, sequence=n, at=n, kind="k") for n in (1, 2, 3) for name in names]
    journal.append(entries)
    assert journal.sessions() == tuple(names)
    assert all([found.sequence for found in journal.read(name)] == [1, 2, 3] for name in names)
    journal.close()
