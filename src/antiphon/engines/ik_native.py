"""The C library of `ik-llama-cpp-python`, behind a handful of functions.

The wheel brings ctypes declarations, and with them the layouts of its structs; what they lack is declared
here. Nothing else in this project touches a pointer of it.
"""

import ctypes
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from antiphon.contracts import PrerequisiteMissing
from antiphon.engines.native import load

_MODULE = "ik_llama_cpp"
_PACKAGE = "ik-llama-cpp-python"
_INSTRUCTIONS = frozenset({"avx2", "fma", "f16c"})
_CPU = Path("/proc/cpuinfo")
_TEXT_BYTES = 1 << 20
_PIECE_BYTES = 512
_CONTROL = 1 << 3 | 1  # the attributes "control" and "unknown"

_pointer, _int, _bool, _size = ctypes.c_void_p, ctypes.c_int32, ctypes.c_bool, ctypes.c_size_t
_LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_LACKING: dict[str, tuple[list[Any], Any]] = {
    "llama_log_set": ([_LOG, _pointer], None),
    "llama_kv_cache_seq_rm": ([_pointer, _int, _int, _int], _bool),
    "llama_kv_cache_seq_cp": ([_pointer, _int, _int, _int, _int], None),
    "llama_state_seq_get_size": ([_pointer, _int, ctypes.c_uint32], _size),
    "llama_state_seq_get_data": ([_pointer, _pointer, _size, _int, ctypes.c_uint32], _size),
    "llama_state_seq_set_data": ([_pointer, _pointer, _size, _int, ctypes.c_uint32], _size),
    "llama_model_meta_val_str": ([_pointer, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t], _int),
    "llama_token_get_attr": ([_pointer, _int], ctypes.c_int),
    "llama_token_bos": ([_pointer], _int),
    "llama_token_eos": ([_pointer], _int),
}


def installed() -> bool:
    """Whether the library is there and this CPU can run it; nothing is loaded to find out."""
    return find_spec(_MODULE) is not None and not _instructions_lacking()


@lru_cache
def library() -> Any:
    """The library, ready and silent.

    Raises:
        PrerequisiteMissing: it is not installed, does not load, or is not made for this CPU.
    """
    if lacking := _instructions_lacking():
        # It would not fail but end the process.
        raise PrerequisiteMissing(
            f"{_PACKAGE} needs a CPU with {', '.join(sorted(lacking))}",
            remedy='set use = "llama" in the table [engines.language_model]',
        )
    try:
        api = load(f"{_MODULE}._ctypes_api", _PACKAGE)
        for name, (arguments, result) in _LACKING.items():
            function = getattr(api._lib, name)
            function.argtypes, function.restype = arguments, result
            setattr(api, name, function)
    except (OSError, AttributeError) as error:
        raise PrerequisiteMissing(
            f"the Python package {_PACKAGE!r} does not load: {error}",
            remedy=f"pip install --upgrade {_PACKAGE}",
        ) from error
    api.llama_log_set(_SILENCE, None)
    api.llama_backend_init()
    return api


@lru_cache
def steps() -> ThreadPoolExecutor:
    """The one thread of this process that evaluates."""
    return ThreadPoolExecutor(1, thread_name_prefix="ik")


def on_first_progress(work: Callable[[], None]) -> Any:
    """A callback for loading a model: `work` is done when all is allocated and nothing read."""
    kind: Any = dict(library().llama_model_params._fields_)["progress_callback"]
    rest: Iterator[Callable[[], None]] = iter((work,))

    def progress(_share: float, _data: Any) -> bool:
        for first in rest:
            first()
        return True

    return kind(progress)


def metadata(model: Any, key: str) -> str:
    """A value of the model file's metadata, as text; empty when it has none."""
    buffer = ctypes.create_string_buffer(_TEXT_BYTES)
    length = library().llama_model_meta_val_str(model, key.encode(), buffer, _TEXT_BYTES)
    return buffer.value.decode("utf-8", "replace") if length >= 0 else ""


def tokenize(model: Any, text: str, *, markup: bool) -> list[int]:
    """The tokens of `text`; with `markup`, control sequences become single tokens."""
    data = text.encode()
    room = len(data) + 8
    tokens = (ctypes.c_int32 * room)()
    count = library().llama_tokenize(model, data, len(data), tokens, room, False, markup)
    return tokens[: max(0, count)]


def token_bytes(model: Any, tokens: Iterable[int]) -> list[bytes]:
    """What each of `tokens` adds to a text; control tokens spell themselves."""
    spell, buffer = library().llama_token_to_piece, ctypes.create_string_buffer(_PIECE_BYTES)
    lengths = (int(spell(model, token, buffer, _PIECE_BYTES, 0, True)) for token in tokens)
    return [ctypes.string_at(buffer, max(0, length)) for length in lengths]


def is_control(model: Any, token: int) -> bool:
    """Whether `token` is markup and no text."""
    return bool(library().llama_token_get_attr(model, token) & _CONTROL)


@lru_cache
def _instructions_lacking() -> frozenset[str]:
    try:
        flags = re.search(r"^flags\s*:(.*)$", _CPU.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return _INSTRUCTIONS
    return _INSTRUCTIONS - set(flags[1].split() if flags else ())


def _ignore(_level: int, _text: bytes, _data: Any) -> None:
    """What it logs goes nowhere: what matters comes back as an error."""


_SILENCE: Callable[..., None] = _LOG(_ignore)
