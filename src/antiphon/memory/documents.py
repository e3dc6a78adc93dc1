"""Documents in passages: Markdown, text and PDF, each passage a turn whose speaker is the document."""

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from antiphon.contracts import BadRequest, PrerequisiteMissing
from antiphon.memory.values import Turn

PASSAGE_CHARS: Final = 600
"""About as much as somebody says in a long turn, so that a budget holds several."""
DOCUMENT_BYTES_MAX: Final = 32 * 2**20
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_PARAGRAPH = re.compile(r"\n\s*\n")


def passages(path: Path, *, persona: str = "") -> list[Turn]:
    """The document at `path` in passages, in order.

    The same file in the same place gives the same ids, and a changed passage a new one, so that a document
    can be added again.

    Raises:
        PrerequisiteMissing: it cannot be read, or is a PDF and pypdf is not installed.
        BadRequest: it is no text, no PDF, or too large.
    """
    try:
        size = path.stat().st_size
        reader = _READERS.get(path.suffix.lower())
        if reader is None:
            known = ", ".join(sorted(_READERS))
            raise BadRequest(f"{path} is no document that can be read ({known})", code="unknown_document")
        if size > DOCUMENT_BYTES_MAX:
            raise BadRequest(
                f"{path} has {size:,} bytes and the most is {DOCUMENT_BYTES_MAX:,}", code="document_too_large"
            )
        text = reader(path)
    except OSError as error:
        refused = isinstance(error, PermissionError)
        raise PrerequisiteMissing(
            f"{path} cannot be read: {error.strerror}",
            remedy=f"chmod +r {path}" if refused else "name another file",
        ) from error
    return [_turn(path, said, persona) for said in dict.fromkeys(_cut(text))]


def document_name(path: Path) -> str:
    """What a document is known by: where it lies, however that was written."""
    return str(path.resolve())


def _turn(path: Path, text: str, persona: str) -> Turn:
    digest = sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    name = document_name(path)
    return Turn(id=f"{name}#{digest}", speaker=path.name, text=text, conversation=name, persona=persona)


def _cut(text: str) -> Iterator[str]:
    """Paragraphs under their heading, short ones joined, long ones cut between sentences."""
    heading, held = "", ""
    for paragraph in _PARAGRAPH.split(text):
        first, _, text = paragraph.strip().partition("\n")
        if found := _HEADING.fullmatch(first):
            if held:
                yield _under(heading, held)
            heading, held = found[1], ""
        else:
            text = paragraph
        for piece in _pieces(" ".join(text.split())):
            if held and len(held) + len(piece) >= PASSAGE_CHARS:
                yield _under(heading, held)
                held = ""
            held = f"{held} {piece}".strip()
    if held:
        yield _under(heading, held)


def _under(heading: str, text: str) -> str:
    return f"{heading}: {text}" if heading else text


def _pieces(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text):
        for start in range(0, len(sentence), PASSAGE_CHARS):
            yield sentence[start : start + PASSAGE_CHARS]


def _plain(path: Path) -> str:
    data = path.read_bytes()
    if b"\0" in data[:4096]:
        raise BadRequest(f"{path} is not text", code="not_text")
    return data.decode("utf-8-sig", "replace")


def _pdf(path: Path) -> str:
    try:
        reader: Any = import_module("pypdf").PdfReader
    except ModuleNotFoundError as error:
        raise PrerequisiteMissing("a PDF needs pypdf", remedy="pip install antiphon[documents]") from error
    try:
        return "\n\n".join(page.extract_text() for page in reader(path).pages)
    except OSError:
        raise
    except Exception as error:  # a broken PDF breaks the library in many ways
        raise BadRequest(f"{path} is damaged: {error}", code="damaged_pdf") from error


_READERS: Final[dict[str, Callable[[Path], str]]] = {
    ".md": _plain,
    ".markdown": _plain,
    ".txt": _plain,
    ".pdf": _pdf,
}
