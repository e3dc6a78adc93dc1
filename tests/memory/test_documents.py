"""Documents become turns."""

import sys
from pathlib import Path

import pytest
from tests.memory.remembering import look

from antiphon.contracts import BadRequest, PrerequisiteMissing
from antiphon.memory import GraphMemory, passages
from antiphon.memory.documents import PASSAGE_CHARS

MENU = (
    """# Starters

Soup of the day: 4.50. Olives: 3.

# Mains

Ravioli with sage butter: 12. """
    + "The ravioli are made by hand every morning. " * 40
)


def test_a_passage_knows_its_heading_and_keeps_to_its_size(tmp_path: Path) -> None:
    path = tmp_path / "menu.md"
    path.write_text(MENU, encoding="utf-8")
    cut = passages(path)
    assert cut[0].text == "Starters: Soup of the day: 4.50. Olives: 3."
    assert all(each.text.startswith("Mains: ") for each in cut[1:])
    assert max(len(each.text) for each in cut) <= PASSAGE_CHARS + len("Mains: ")
    assert [each.id for each in passages(path)] == [each.id for each in cut]


def test_a_document_is_recalled(tmp_path: Path) -> None:
    path = tmp_path / "menu.md"
    path.write_text(MENU, encoding="utf-8")
    memory = GraphMemory()
    memory.learn(passages(path))
    assert "4.50" in look(memory, "How much is the soup?", 40).context


def test_no_space_anywhere_still_makes_passages(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("x" * 5000, encoding="utf-8")
    assert max(len(each.text) for each in passages(path)) <= PASSAGE_CHARS


def test_what_is_no_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\x00\x01\x02")
    (tmp_path / "a.exe").write_bytes(b"x")
    with pytest.raises(BadRequest, match="not text"):
        passages(tmp_path / "a.txt")
    with pytest.raises(BadRequest, match=r"\.md, \.pdf, \.txt"):
        passages(tmp_path / "a.exe")
    with pytest.raises(PrerequisiteMissing, match="cannot be read"):
        passages(tmp_path / "none.md")


def test_a_pdf_without_its_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    monkeypatch.setitem(sys.modules, "pypdf", None)
    with pytest.raises(PrerequisiteMissing, match=r"antiphon\[documents\]"):
        passages(tmp_path / "a.pdf")
