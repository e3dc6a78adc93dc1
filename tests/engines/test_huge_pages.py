"""Which memory is asked to be in large pages. Whether it helps is the machine's to say: `antiphon doctor`."""

import ctypes
import mmap
import re
from pathlib import Path

import pytest

from antiphon.engines import huge_pages

MAPS = """\
00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/thing
7f0000000000-7f0010000000 rw-p 00000000 00:00 0
7f1000000000-7f1010000000 rw-p 00000000 08:02 99  /var/model.gguf
7f2000000000-7f2000100000 rw-p 00000000 00:00 0
7f3000000000-7f3010000000 r--p 00000000 00:00 0
7ffd00000000-7ffd10000000 rw-p 00000000 00:00 0   [stack]
"""


def test_only_what_is_large_writable_and_no_files_is_meant() -> None:
    assert list(huge_pages._large_anonymous(MAPS)) == [(0x7F0000000000, 0x7F0010000000)]


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells what it was asked for")
def test_the_kernel_is_asked_for_it() -> None:
    size = huge_pages._WORTH_IT + 4 * huge_pages._PAGE
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    huge_pages.ask_for_huge_pages()
    blocks = re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(encoding="utf-8"))
    middle = address + size // 2
    (ours,) = (block for block in blocks if _holds(block, middle))
    assert " hg" in ours


def _holds(block: str, address: int) -> bool:
    start, end = (int(found, 16) for found in re.split("[- ]", block)[:2])
    return start <= address < end


def test_where_the_kernel_tells_nothing_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huge_pages, "_MAPS", tmp_path / "absent")
    huge_pages.ask_for_huge_pages()
