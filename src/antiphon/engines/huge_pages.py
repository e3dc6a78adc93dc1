"""Large pages for large models.

A model's weights are gone through from end to end for every token. In pages of 4 KiB the processor looks up a
quarter of a million addresses on the way; in pages of 2 MiB five hundred. Under a hypervisor, where looking
up is dear, a token of the 1.5B model takes 50 ms instead of 64.
"""

import ctypes
from collections.abc import Iterator
from pathlib import Path

_MAPS = Path("/proc/self/maps")
_PAGE = 2 << 20
_WORTH_IT = 64 << 20
_MADV_HUGEPAGE = 14


def ask_for_huge_pages() -> None:
    """Let the kernel back what is mapped and not yet touched with large pages, where it knows how to.

    To be called between a library's allocation of its weights and its reading them.
    """
    if not _MAPS.exists():
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, end in _large_anonymous(_MAPS.read_text(encoding="utf-8")):
        first, last = -(-start // _PAGE) * _PAGE, end // _PAGE * _PAGE
        madvise(first, last - first, _MADV_HUGEPAGE)


def _large_anonymous(maps: str) -> Iterator[tuple[int, int]]:
    """Where the memory lies that is large, writable and no file's, in the form of /proc/PID/maps."""
    for line in maps.splitlines():
        addresses, permissions, *file = line.split()
        start, end = (int(address, 16) for address in addresses.split("-"))
        if len(file) == 3 and permissions.startswith("rw") and end - start >= _WORTH_IT:
            yield start, end
