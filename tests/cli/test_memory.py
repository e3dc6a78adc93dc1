"""`antiphon memory`: from lines to contexts and back."""

import json
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from antiphon.cli import main

LINES = (
    {
        "id": "a",
        "speaker": "Mira",
        "time": "2025-03-01T10:00:00",
        "text": "I keep my violin in the cupboard.",
    },
    {"id": "b", "speaker": "Otto", "time": "2025-03-01T10:00:05", "text": "I live in Rome."},
    {"id": "c", "speaker": "Otto", "time": "2025-04-01T10:00:00", "text": "I moved to Oslo."},
)


@pytest.fixture
def db(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The arguments that name a memory of `LINES`."""
    file = tmp_path / "talk.jsonl"
    file.write_text("\n".join(map(json.dumps, LINES)), encoding="utf-8")
    named = ["--db", str(tmp_path / "memory.sqlite"), "--embedder", "none"]
    assert main(["memory", "ingest", str(file), *named]) == 0
    assert capsys.readouterr().out == "3 learned\n"
    return named


def test_recall_tells_turns_facts_tokens_and_time(
    db: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text(
        '{"id": "q1", "text": "Where does Otto live?"}\n{"text": "violin"}\n', encoding="utf-8"
    )
    assert main(["memory", "recall", *db, "--budget", "40", "--queries", str(queries), "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["id"] == "q1"
    assert "Oslo" in first["context"]
    assert "Rome" not in first["context"]
    assert ("Otto", "lives in", "Oslo") in [
        (f["subject"], f["relation"], f["object"]) for f in first["facts"]
    ]
    assert 0 < first["tokens"] <= 40
    assert first["milliseconds"] > 0
    assert "a" in second["turns"]


def test_show_forget_and_export(db: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "show", *db, "--all"]) == 0
    assert "Otto | lives in | Rome since 2025-03-01 until 2025-04-01 (b)" in capsys.readouterr().out
    assert main(["memory", "forget", "c", *db]) == 0
    assert main(["memory", "forget", "c", *db]) == 1
    capsys.readouterr()
    assert main(["memory", "show", *db, "--json"]) == 0
    assert [fact["object"] for fact in json.loads(capsys.readouterr().out)["facts"]] == ["Rome"]
    assert main(["memory", "export", *db]) == 0
    exported = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["id"], one["time"]) for one in exported] == [(one["id"], one["time"]) for one in LINES[:2]]


def test_a_folder_of_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "menu.md").write_text("# Mains\n\nRavioli: 12.", encoding="utf-8")
    named = ["--db", str(tmp_path / "m.sqlite"), "--embedder", "none"]
    assert main(["memory", "add", str(tmp_path / "docs"), *named]) == 0
    assert main(["memory", "recall", *named, "--budget", "50", "--query", "What are the ravioli?"]) == 0
    assert "menu.md: Mains: Ravioli: 12." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{broken", "line 2"),
        ('{"id": 7, "text": "x"}', "line 2"),
        ('{"id": "x", "text": "' + "a" * 2**21 + '"}', "2,097,152 characters"),
        ("[" * 100_000, "line 2"),
        ('{"id": "", "text": "x"}', "line 2: the id is empty"),
        ('{"id": "x", "text": " "}', "line 2: the text is empty"),
        ('{"id": "x", "text": "x", "time": "8 May 2023"}', "line 2: the time '8 May 2023'"),
        ('{"id": "x", "text": "x", "time": "2023-13-01"}', "line 2: the time '2023-13-01'"),
    ],
)
def test_a_bad_line_is_named_and_those_before_it_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    file = tmp_path / "talk.jsonl"
    named = ["--db", str(tmp_path / "m.sqlite"), "--embedder", "none"]
    file.write_text(json.dumps(LINES[0]) + "\n" + line, encoding="utf-8")
    assert main(["memory", "ingest", str(file), *named]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert told.endswith("; 1 learned before it\n")
    assert main(["memory", "show", *named]) == 0
    assert capsys.readouterr().out.startswith("1 utterances")


def test_a_document_is_one_however_its_place_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "menu.md").write_text("The soup costs four euros.", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "docs")
    named = ["--db", str(tmp_path / "m.sqlite"), "--embedder", "none"]
    for written in ("menu.md", "./menu.md", str(tmp_path / "docs" / "menu.md"), "../docs", "."):
        assert main(["memory", "add", written, *named]) == 0
    capsys.readouterr()
    assert main(["memory", "export", *named]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["conversation"] == str((tmp_path / "docs" / "menu.md").resolve())


def test_show_gives_an_overview(db: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    menu, more = tmp_path / "menu.md", tmp_path / "more.jsonl"
    more.write_text('{"id": "d", "speaker": "Otto", "text": "My dog is called Rex."}', encoding="utf-8")
    assert main(["memory", "ingest", str(more), *db]) == 0
    menu.write_text("The soup costs four euros.", encoding="utf-8")
    assert main(["memory", "add", str(menu), *db]) == 0
    capsys.readouterr()
    assert main(["memory", "show", *db]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("5 utterances, ")
    assert lines[1] == "people: Otto (3), Mira (1)"
    assert lines[2] == "names: Otto's dog (1)"
    assert lines[3] == f"documents: {menu} (1)"
    assert main(["memory", "show", *db, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["utterances"], found["speakers"]) == (5, {"Otto": 3, "Mira": 1})
    assert found["documents"] == {str(menu): 1}


def test_what_is_not_there_cannot_be_forgotten_and_is_named(
    db: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["memory", "forget", "zzz", "1", *db]) == 1
    assert "nothing here has the id zzz, 1; antiphon memory export" in capsys.readouterr().err
    assert main(["memory", "forget", "a", "zzz", *db]) == 0
    said = capsys.readouterr()
    assert said.out == "1 forgotten\n"
    assert "the id zzz;" in said.err


@pytest.mark.parametrize("name", ["nofile", "nofile.md"])
def test_a_document_that_is_not_there_is_not_mistaken_for_another_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path, db = tmp_path / name, tmp_path / "m.sqlite"
    assert main(["memory", "add", str(path), "--db", str(db)]) == 1
    assert capsys.readouterr().err == (
        f"antiphon: {path} cannot be read: No such file or directory (mend it with: name another file)\n"
    )
    assert not db.exists()


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--db", str(tmp_path / "none.sqlite"), "--embedder", "none"]
    assert main(["memory", "recall", *named, "--budget", "50", "--query", "x"]) == 1
    assert "antiphon memory ingest" in capsys.readouterr().err
    assert main(["memory", "ingest", str(tmp_path / "none.jsonl"), *named]) == 1
    assert "none.jsonl" in capsys.readouterr().err
    assert not (tmp_path / "none.sqlite").exists()


def test_a_file_is_opened_with_the_embedder_it_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, named = tmp_path / "talk.jsonl", ["--db", str(tmp_path / "m.sqlite")]
    file.write_text("\n".join(map(json.dumps, LINES[:2])), encoding="utf-8")
    assert main(["memory", "ingest", str(file), *named, "--embedder", "scripted"]) == 0
    file.write_text(json.dumps(LINES[2]), encoding="utf-8")
    assert main(["memory", "ingest", str(file), *named]) == 0
    assert main(["memory", "recall", *named, "--budget", "50", "--query", "Where does Otto live?"]) == 0
    assert "Oslo" in capsys.readouterr().out
    # Another's vectors are in the way of learning and recall only, and there is a way out.
    another = [*named, "--embedder", "none"]
    assert main(["memory", "recall", *another, "--budget", "50", "--query", "violin"]) == 1
    said = capsys.readouterr().err
    assert "--embedder scripted" in said
    assert f"antiphon memory export {' '.join(named)} > talk.jsonl" in said
    assert main(["memory", "show", *another]) == 0
    assert main(["memory", "forget", "b", *named]) == 0
    capsys.readouterr()
    assert main(["memory", "export", *named]) == 0
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    new = ["--db", str(tmp_path / "new.sqlite"), "--embedder", "none"]
    assert main(["memory", "ingest", str(file), *new]) == 0
    assert capsys.readouterr().out == "2 learned\n"
    assert main(["memory", "recall", *new[:2], "--budget", "50", "--query", "violin"]) == 0


@pytest.mark.parametrize("budget", ["0", "-3"])
def test_a_budget_below_one_is_refused(
    db: list[str], capsys: pytest.CaptureFixture[str], budget: str
) -> None:
    assert main(["memory", "recall", *db, "--budget", budget, "--query", "violin"]) == 1
    assert "--budget 1 or more" in capsys.readouterr().err


def test_nothing_found_is_said(db: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["memory", "recall", *db, "--query", "Where does Otto live?", "--budget"]
    assert main([*asked, "1"]) == 0
    assert capsys.readouterr().out.startswith("(nothing fits into 1 tokens)\n")
    assert main([*asked, "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answerable"] == 0
    assert main(["memory", "forget", "a", "b", "c", *db]) == 0
    capsys.readouterr()
    assert main([*asked, "50"]) == 0
    assert capsys.readouterr().out.startswith("(nothing found)\n")


def test_a_file_that_begins_with_a_byte_order_mark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "talk.jsonl"
    file.write_text(json.dumps(LINES[0]), encoding="utf-8-sig")
    assert main(["memory", "ingest", str(file), "--db", str(tmp_path / "m"), "--embedder", "none"]) == 0
    assert capsys.readouterr().out == "1 learned\n"


def test_a_reader_that_goes_away_ends_an_export_quietly(db: list[str], tmp_path: Path) -> None:
    # More than a pipe holds, so that the reader is gone before the writer is done.
    lines = ({"id": f"x{place}", "text": f"{place} " + "la " * 300} for place in range(100))
    file = tmp_path / "long.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert main(["memory", "ingest", str(file), *db]) == 0
    run = "import sys; from antiphon.cli import main; sys.exit(main(sys.argv[1:]))"
    with Popen([sys.executable, "-c", run, "memory", "export", *db], stdout=PIPE, stderr=PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        writer.stdout.readline()
        writer.stdout.close()
        assert writer.stderr.read() == b""
    assert writer.returncode == 141


def test_a_bad_document_does_not_keep_others_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_bytes(b"\0\1\2")
    (tmp_path / "docs" / "b.md").write_text("The kitchen closes at ten.", encoding="utf-8")
    named = ["--db", str(tmp_path / "m.sqlite"), "--embedder", "none"]
    assert main(["memory", "add", str(tmp_path / "docs"), *named]) == 1
    said = capsys.readouterr()
    assert "a.txt is not text" in said.err
    assert said.out == "1 passages of 1 documents learned; 1 could not be read\n"
    assert (
        main(["memory", "recall", *named, "--budget", "40", "--query", "When does the kitchen close?"]) == 0
    )
    assert "at ten" in capsys.readouterr().out


def test_an_edited_document_takes_its_own_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, other = tmp_path / "docs" / "menu.md", tmp_path / "docs" / "other.md"
    file.parent.mkdir()
    file.write_text("# Soup\n\nThe soup costs four euros.\n\n# Cake\n\nThe cake is free.", encoding="utf-8")
    other.write_text("The bread is baked at six.", encoding="utf-8")
    named = ["--db", str(tmp_path / "m.sqlite"), "--embedder", "none"]
    assert main(["memory", "add", str(file.parent), *named]) == 0
    file.write_text("# Soup\n\nThe soup costs nine euros.\n\n# Cake\n\nThe cake is free.", encoding="utf-8")
    capsys.readouterr()
    assert main(["memory", "add", str(file), *named]) == 0
    assert (
        capsys.readouterr().out == "1 passages of 1 documents learned, 1 that they no longer hold forgotten\n"
    )
    assert main(["memory", "export", *named]) == 0
    texts = [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]
    assert sorted(texts) == [
        "Cake: The cake is free.",
        "Soup: The soup costs nine euros.",
        "The bread is baked at six.",
    ]


@pytest.mark.parametrize(
    ("times", "complaint"),
    [
        (
            '"since": "2025-04-02", "until": "2025-04-01"',
            "line 1: since 2025-04-02 is after until 2025-04-01",
        ),
        ('"since": "spring"', "line 1: since is 'spring', which is no ISO date"),
    ],
)
def test_times_that_cannot_be_are_refused(
    db: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], times: str, complaint: str
) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text(f'{{"text": "violin", {times}}}\n', encoding="utf-8")
    assert main(["memory", "recall", *db, "--budget", "40", "--queries", str(queries)]) == 1
    assert complaint in capsys.readouterr().err
