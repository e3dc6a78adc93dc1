"""A file that grows piece by piece and holds only whole, verified pieces while nobody is writing to it.

Joining while fetching needs no second copy of a large model, and makes resuming simple: the pieces found at
the beginning of the file are checked again, whatever follows them is cut off.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import IO

from antiphon.contracts import ContractBroken
from antiphon.store.disk import CHUNK_BYTES, settle
from antiphon.store.errors import Damaged
from antiphon.store.manifest import ModelFile, Piece


class GrowingFile:
    """One file of a model, on its way."""

    def __init__(self, path: Path, wanted: ModelFile) -> None:
        self._path = path
        self._wanted = wanted
        self._whole = hashlib.sha256()
        self._have = 0

    @property
    def next_piece(self) -> Piece | None:
        """The piece to append now; None when the file is complete."""
        return self._wanted.pieces[self._have] if self._have < len(self._wanted.pieces) else None

    def resume(self) -> int:
        """Keep the verified beginning of what an earlier pull left; returns its bytes."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()
        offset = 0
        with FileIO(self._path, "r+") as file:
            for piece in self._wanted.pieces:
                if self._fault(piece, _blocks(file, piece.size)):
                    break
                offset += piece.size
            file.truncate(offset)
        self._finish()
        return offset

    def append(self, piece: Piece, source: IO[bytes]) -> None:
        """Copy `piece` from `source` to the end of the file; it stays only when it is right.

        Raises:
            Damaged: `source` is shorter, longer or other than the manifest says. However much it has to give,
                no more than one byte beyond the piece is read.
        """
        # Unbuffered: a buffer that could not be written on a full disk would fail once more on closing.
        with FileIO(self._path, "r+") as file:
            offset = file.seek(0, os.SEEK_END)
            try:
                fault = self._fault(piece, _written(file, _blocks(source, piece.size + 1)))
                if fault:
                    raise Damaged(f"{piece.member} in {piece.wheel} is damaged: {fault}")
            except BaseException:
                file.truncate(offset)
                raise
        self._finish()

    def _fault(self, piece: Piece, blocks: Iterable[bytes]) -> str:
        """What is wrong with `blocks` as the next piece; empty when they are right, and then they count."""
        digest, whole, count = hashlib.sha256(), self._whole.copy(), 0
        for block in blocks:
            count += len(block)
            digest.update(block)
            whole.update(block)
        if count > piece.size:
            return f"expected {piece.size} bytes, got more"
        if count < piece.size:
            return f"expected {piece.size} bytes, got {count}"
        if digest.hexdigest() != piece.sha256:
            return f"expected sha256 {piece.sha256}, got {digest.hexdigest()}"
        self._whole = whole
        self._have += 1
        return ""

    def _finish(self) -> None:
        """Once complete, the joined file must be the published one; with right pieces it can only not be so
        when the manifest contradicts itself, and fetching again would not help."""
        if self.next_piece is not None:
            return
        joined = self._whole.hexdigest()
        if joined != self._wanted.sha256:
            self._path.unlink()
            raise ContractBroken(
                f"the pieces the manifest gives {self._wanted.path} join to sha256 {joined}, "
                f"not to {self._wanted.sha256}"
            )
        settle(self._path)


def _blocks(source: IO[bytes] | FileIO, limit: int) -> Iterator[bytes]:
    """What `source` gives, `limit` bytes at most."""
    while limit and (block := source.read(min(CHUNK_BYTES, limit))):
        limit -= len(block)
        yield block


def _written(file: FileIO, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """`blocks`, each once it is written to `file`."""
    for block in blocks:
        rest = memoryview(block)
        while rest:
            rest = rest[file.write(rest) :]
        yield block
