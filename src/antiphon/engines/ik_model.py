"""One loaded model of ik_llama.cpp and the caches it keeps for conversations.

Every cache is a context of its own, so that attention runs over one conversation and its cells never
scatter. All of them share the weights, and one step runs at a time, whatever the model: two would only take
each other's cores. The steps take turns in the order they were asked for, so nobody waits for more than one
step of each other. They run on one thread of the process, because OpenMP keeps helpers for every thread that
calls it: with more of them than cores it puts them to sleep after each operation, and a token of the 1.5B
model takes 80 ms instead of 60.
"""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import ContractBroken, EngineBroken
from antiphon.engines import ik_native
from antiphon.engines.huge_pages import ask_for_huge_pages

BRANCHES = 15
"""How many continuations one cache can hold beside its own text."""
BRANCH_TOKENS = 256
"""How many tokens those may have together."""

_CELLS = 256  # contexts come in multiples of this
_MAIN = 0


class Step(NamedTuple):
    """One token to be evaluated."""

    token: int
    at: int
    """How many tokens come before it."""
    sequences: tuple[int, ...] = (_MAIN,)
    """0 is the text itself, the others are branches of it."""
    wanted: bool = False
    """Whether what may follow it is asked for."""


class IkModel:
    """A model and its caches, numbered from 0. A cache is for one thread at a time, all else for any."""

    def __init__(
        self, engine: str, path: Path, *, slots: int, context_tokens: int, batch_tokens: int, threads: int
    ) -> None:
        """Load it.

        Raises:
            PrerequisiteMissing: the library is absent.
            EngineBroken: the library cannot load the model.
        """
        self._engine = engine
        self._api = api = ik_native.library()
        self.batch_tokens = batch_tokens
        self._steps = ik_native.steps()
        params = api.llama_model_default_params()
        # Tensors are rearranged for this CPU; a mapped file would stay in memory beside them.
        params.use_mmap, params.repack_tensors = False, True
        params.progress_callback = progress = ik_native.on_first_progress(ask_for_huge_pages)
        self._model: Any = api.llama_model_load_from_file(str(path).encode(), params)
        del progress  # the library has kept no reference of its own
        self._contexts: list[Any] = []
        if not self._model:
            raise EngineBroken(engine, f"ik_llama.cpp cannot load {path}")
        self._batch = api.llama_batch_init(batch_tokens, 0, BRANCHES + 1)
        vocabulary = api.llama_model_get_vocab(self._model)
        self.vocabulary_tokens: int = api.llama_vocab_n_tokens(vocabulary)
        self.template = ik_native.metadata(self._model, "tokenizer.chat_template")
        """The model's chat template, in Jinja; empty when it has none."""
        try:
            for _ in range(slots):
                self._contexts.append(self._context(context_tokens, threads))
        except EngineBroken:
            self.close()
            raise
        self.ends = frozenset(
            token for token in range(self.vocabulary_tokens) if api.llama_token_is_eog(self._model, token)
        )
        """The tokens that end an answer."""

    def tokenize(self, text: str, *, markup: bool) -> list[int]:
        """The tokens of `text`; with `markup`, control sequences become single tokens."""
        return ik_native.tokenize(self._alive(), text, markup=markup)

    def token_bytes(self, token: int) -> bytes:
        """What `token` adds to a text."""
        return ik_native.token_bytes(self._alive(), (token,))[0]

    def vocabulary(self) -> list[bytes]:
        """What every token adds to a text, by its number."""
        return ik_native.token_bytes(self._alive(), range(self.vocabulary_tokens))

    def is_control(self, token: int) -> bool:
        """Whether `token` is markup and no text."""
        return ik_native.is_control(self._alive(), token)

    def first_and_last(self) -> tuple[str, str]:
        """How the model marks the beginning and the end of a text; templates ask for both."""
        model = self._alive()
        tokens = self._api.llama_token_bos(model), self._api.llama_token_eos(model)
        first, last = (self.token_bytes(t).decode("utf-8", "replace") if t >= 0 else "" for t in tokens)
        return first, last

    def cut(self, cache: int, length: int) -> None:
        """Forget all of `cache` after its first `length` tokens."""
        self._alive()
        self._api.llama_kv_cache_seq_rm(self._contexts[cache], _MAIN, length, -1)

    def copy(self, cache: int, into: int, length: int) -> bool:
        """Let `into` hold the first `length` tokens of `cache` and nothing else: a hundredth of reading them.

        False: the library could not, and `into` holds nothing.
        """
        self._alive()
        return self._steps.submit(self._copy, self._contexts[cache], self._contexts[into], length).result()

    def branch(self, cache: int, branches: int, length: int) -> None:
        """Let branches 1 to `branches` begin with the first `length` tokens of `cache`."""
        for branch in range(1, branches + 1):
            self._api.llama_kv_cache_seq_cp(self._contexts[cache], _MAIN, branch, 0, length)

    def prune(self, cache: int, branches: int) -> None:
        """Forget branches 1 to `branches`."""
        for branch in range(1, branches + 1):
            self._api.llama_kv_cache_seq_rm(self._contexts[cache], branch, -1, -1)

    def evaluate(self, cache: int, steps: Sequence[Step]) -> list[NDArray[np.float32]]:
        """Evaluate at most `batch_tokens` steps; for each wanted one, the logits of what may follow it.

        Returns:
            One row of `vocabulary_tokens` per wanted step. It lies in the library's memory and is
            overwritten by the next evaluation in the same cache.

        Raises:
            EngineBroken: the library failed.
        """
        self._alive()
        assert 0 < len(steps) <= self.batch_tokens
        context = self._contexts[cache]
        if failed := self._steps.submit(self._decode, context, steps).result():
            raise EngineBroken(self._engine, f"llama_decode failed with {failed} for {len(steps)} tokens")
        return [self._logits(context, index) for index, step in enumerate(steps) if step.wanted]

    def close(self) -> None:
        """Give the memory back."""
        self._steps.submit(self._free).result()

    def _decode(self, context: Any, steps: Sequence[Step]) -> int:
        self._fill(steps)
        return self._api.llama_decode(context, self._batch)

    def _copy(self, source: Any, target: Any, length: int) -> bool:
        api, branch = self._api, _MAIN + 1
        api.llama_kv_cache_seq_rm(target, _MAIN, 0, -1)
        api.llama_kv_cache_seq_cp(source, _MAIN, branch, 0, length)
        try:
            room = api.llama_state_seq_get_size(source, branch, 0)
            state = ctypes.create_string_buffer(room)
            size = api.llama_state_seq_get_data(source, state, room, branch, 0)
            return bool(size) and bool(api.llama_state_seq_set_data(target, state, size, _MAIN, 0))
        finally:
            api.llama_kv_cache_seq_rm(source, branch, -1, -1)

    def _free(self) -> None:
        model, self._model = self._model, None
        if model is None:
            return
        for context in self._contexts:
            self._api.llama_free(context)
        self._api.llama_batch_free(self._batch)
        self._api.llama_free_model(model)

    def _alive(self) -> Any:
        if self._model is None:
            raise ContractBroken("this language model is closed")
        return self._model

    def _context(self, context_tokens: int, threads: int) -> Any:
        params = self._api.llama_context_default_params()
        cells = context_tokens + BRANCH_TOKENS
        params.n_ctx = -(-cells // _CELLS) * _CELLS
        params.n_batch = params.n_ubatch = self.batch_tokens
        params.n_seq_max = BRANCHES + 1
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn = True
        context = self._api.llama_init_from_model(self._model, params)
        if not context:
            raise EngineBroken(self._engine, f"there is no memory for a context of {context_tokens} tokens")
        return context

    def _fill(self, steps: Sequence[Step]) -> None:
        batch = self._batch
        batch.n_tokens = len(steps)
        for index, step in enumerate(steps):
            batch.token[index], batch.pos[index] = step.token, step.at
            batch.n_seq_id[index] = len(step.sequences)
            for place, sequence in enumerate(step.sequences):
                batch.seq_id[index][place] = sequence
            batch.logits[index] = step.wanted

    def _logits(self, context: Any, index: int) -> NDArray[np.float32]:
        pointer = self._api.llama_get_logits_ith(context, index)
        row = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(row, (self.vocabulary_tokens,))
