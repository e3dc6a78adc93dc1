"""What breaks says so, and nothing that was learned is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.memory.remembering import ids, look, turn

from antiphon.contracts import Busy, EngineBroken, PrerequisiteMissing
from antiphon.memory import GraphMemory
from antiphon.memory import record as record_module

INGEST = """
import sys
from pathlib import Path
from antiphon.memory import GraphMemory, Turn
memory = GraphMemory(Path(sys.argv[1]))
for start in range(0, 10**6, 64):
    numbers = range(start, start + 64)
    memory.learn([Turn(id=f"t{n}", speaker="Mira", text=f"Hm, {n}. I live in Place{n}.") for n in numbers])
    print(start + 64, flush=True)
"""


def filled(path: Path, count: int = 200) -> None:
    memory = GraphMemory(path)
    memory.learn([turn(f"Mira: Remark {n} about the violin.", n) for n in range(count)])
    memory.close()


def test_a_killed_ingest_leaves_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    child = subprocess.Popen([sys.executable, "-c", INGEST, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    done = int(child.stdout.readline())
    time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    done = max([done, *(int(line) for line in child.stdout.read().split())])
    child.stdout.close()
    child.wait()
    memory = GraphMemory(path)
    assert memory.view.count >= done
    assert memory.view.count % 64 == 0
    assert len({fact.source for fact in memory.facts()}) == memory.view.count
    memory.close()


@pytest.mark.parametrize("damage", ["garbage", "torn"])
def test_a_damaged_file_is_named_with_the_way_out(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "memory.sqlite"
    filled(path)
    data = bytearray(path.read_bytes())
    if damage == "garbage":
        path.write_bytes(b"this is no database at all " * 100)
    else:
        data[4096 : len(data) // 2] = os.urandom(len(data) // 2 - 4096)
        path.write_bytes(data)
    with pytest.raises(EngineBroken, match=r"memory\.sqlite.*move it away"):
        GraphMemory(path)


def test_a_full_disk_loses_the_batch_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    memory = GraphMemory(path)
    memory.learn([turn("Mira: The violin is in the cupboard.", 0)])
    connection = memory._record._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(EngineBroken, match=r"full.*make room"):
        memory.learn([turn(f"Mira: {'la ' * 500}", n) for n in range(1, 200)])
    assert memory.view.count == 1
    assert ids(look(memory, "violin")) == ["t0"]
    connection.execute("PRAGMA max_page_count = 100000")
    memory.learn([turn("Mira: And the bow is beside it.", 1)])
    assert "t1" in ids(look(memory, "bow"))
    memory.close()


def test_a_second_writer_is_told_who_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_module, "_WAIT_FOR_WRITER_S", 0.05)
    path = tmp_path / "memory.sqlite"
    memory = GraphMemory(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy, match="another process"):
        memory.learn([turn("Mira: Hello.", 0)])
    other.execute("ROLLBACK")
    other.close()
    memory.learn([turn("Mira: Hello.", 0)])
    memory.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(PrerequisiteMissing, match=r"memory\.graph\.path"):
        GraphMemory(tmp_path / "file" / "memory.sqlite")


def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    filled(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(EngineBroken, match="version 99"):
        GraphMemory(path)
