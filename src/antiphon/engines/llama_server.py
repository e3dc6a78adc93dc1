"""llama.cpp inside this process: loading it, its tokenizer, its chat template, its completions.

Completions are called directly. The tokenizer and the chat template are only offered over HTTP, so the
server listens on a Unix socket in a folder that nobody else may enter, and with a random key besides; there
is no network port. A call over that socket takes about 0.3 ms.
"""

import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import httpx

from antiphon.contracts import ContractBroken, EngineBroken
from antiphon.engines.native import load

Chunk: TypeAlias = Mapping[str, Any]

_ANSWER_SECONDS = 30.0  # the longest a tokenizer may take on a machine that is busy decoding
_CONNECTIONS = 4
_SILENT = -1


class LlamaServer:
    """One loaded model. Every method may be called from several threads at once."""

    def __init__(
        self, engine: str, model: Path, *, slots: int, context_tokens: int, batch_tokens: int, threads: int
    ) -> None:
        """Load `model`.

        Raises:
            PrerequisiteMissing: the library is absent.
            EngineBroken: llama.cpp cannot load it.
        """
        self._engine = engine
        self._folder = tempfile.TemporaryDirectory(prefix="antiphon-")  # mode 0700
        self._socket = Path(self._folder.name) / "llama.sock"
        key = secrets.token_urlsafe(32)
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(
                uds=str(self._socket), limits=httpx.Limits(max_connections=_CONNECTIONS)
            ),
            base_url="http://llama",
            headers={"Authorization": f"Bearer {key}"},
            timeout=_ANSWER_SECONDS,
        )
        try:
            self._native = _start(
                model,
                str(self._socket),
                key,
                slots=slots,
                context_tokens=context_tokens,
                batch_tokens=batch_tokens,
                threads=threads,
            )
        except RuntimeError as error:
            self.close()
            raise EngineBroken(engine, f"llama.cpp cannot load {model}: {error}") from error
        # Its loop begins a moment after it says it is ready; to close it before that would take for ever.
        self.complete({"prompt": self.tokenize("Hello", markup=False), "n_predict": 0})

    @property
    def socket(self) -> Path:
        """Where it listens: a Unix socket in a folder that only this user may enter."""
        return self._socket

    def tokenize(self, text: str, *, markup: bool) -> list[int]:
        """The tokens of `text`; with `markup`, the template's control sequences become single tokens."""
        answer = self._post("/tokenize", {"content": text, "add_special": False, "parse_special": markup})
        return cast(list[int], answer["tokens"])

    def render(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> str:
        """The text the model's own chat template makes of them, ready for the answer to follow."""
        body: dict[str, Any] = {"messages": list(messages)}
        if tools:
            body["tools"] = list(tools)
        return cast(str, self._post("/apply-template", body)["prompt"])

    def complete(self, request: Mapping[str, Any]) -> Chunk:
        """Answer `request` in one piece."""
        return self._checked(self._alive().handle_completions(dict(request)))

    def stream(self, request: Mapping[str, Any], on_chunk: Callable[[Chunk], bool]) -> None:
        """Answer `request` chunk by chunk in the calling thread, until `on_chunk` returns True."""
        refusals: list[Chunk] = []  # an exception must not fly through native code

        def receive(chunk: Chunk) -> bool:
            if "error" not in chunk:
                return on_chunk(chunk)
            refusals.append(chunk)
            return True

        self._alive().handle_completions({**request, "stream": True}, receive)
        for refusal in refusals:
            self._checked(refusal)

    def close(self) -> None:
        """Unload the model and remove the socket."""
        self._native = None
        self._http.close()
        self._folder.cleanup()

    def _alive(self) -> Any:
        if self._native is None:
            raise ContractBroken("this language model is closed")
        return self._native

    def _checked(self, answer: Any) -> Chunk:
        error = answer.get("error")
        if error is None:
            return answer
        raise EngineBroken(self._engine, str(error.get("message", error)))

    def _post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self._alive()
        try:
            answer = self._http.post(path, json=body)
        except httpx.RemoteProtocolError:
            answer = self._http.post(path, json=body)  # the kept-alive connection had just run out
        except httpx.HTTPError as error:
            raise EngineBroken(self._engine, f"its own server does not answer: {error}") from error
        return self._checked(answer.json())


def _start(
    model: Path, socket: str, key: str, *, slots: int, context_tokens: int, batch_tokens: int, threads: int
) -> Any:
    llama = load("xllamacpp", "xllamacpp")
    params = llama.CommonParams()
    params.model.path = str(model)
    params.hostnames = [socket]
    params.api_keys = [key]
    params.n_threads_http = _CONNECTIONS + 1
    params.verbosity = _SILENT
    params.endpoint_slots = False
    params.ui = False
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_parallel = slots
    params.n_ctx = slots * context_tokens
    params.fit_params = False  # the sizes above are meant
    # Attention over a cache of one's own, not over everybody's.
    params.kv_unified = False
    params.flash_attn_type = llama.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
    params.n_batch = batch_tokens
    params.n_ubatch = batch_tokens
    # A mapped file would stay in memory beside the copy that is rearranged for this CPU.
    params.load_mode = llama.llama_load_mode.LLAMA_LOAD_MODE_NONE
    # Caches of conversations that lost their slot are dropped: they could grow to gigabytes.
    params.cache_ram_mib = 0
    params.cache_idle_slots = False
    return llama.Server(params)
