"""The remote language model against a real server: llama.cpp's own, on loopback, behind a key."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from antiphon.contracts import EngineSetup, Finish, Message, Prompt, Sampling
from antiphon.contracts.conformance import run
from antiphon.engines.remote_language_model import RemoteLanguageModel

SMALL = "qwen2.5-coder-0.5b-instruct-q4_k_m"
KEY = "only-for-this-test"


@pytest.fixture(scope="module")
def server(weights: Callable[[str], Path]) -> Any:
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights(SMALL) / "model.gguf")
    params.n_ctx, params.n_parallel = 8 * 1024, 8
    params.n_threads_http = 12
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.fit_params = False
    params.cache_ram_mib = 0
    params.verbosity = -1
    params.api_keys = [KEY]
    server = xllamacpp.Server(params)
    server.handle_completions({"prompt": "Hello", "n_predict": 1})
    return server


@pytest.fixture
def remote(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteLanguageModel]:
    monkeypatch.setenv("LOOPBACK_KEY", KEY)
    settings = {
        "base_url": f"{server.listening_address}/v1",
        "model": "small",
        "api_key_env": "LOOPBACK_KEY",
        "context_tokens": 1024,
    }
    engine = RemoteLanguageModel.open(EngineSetup(weights=Path, settings=settings))
    yield engine
    engine.close()


@pytest.mark.real
def test_it_keeps_its_contract(remote: RemoteLanguageModel) -> None:
    report = run("language_model", remote)
    assert report.ok, str(report)


@pytest.mark.real
def test_counts_are_the_servers(remote: RemoteLanguageModel) -> None:
    prompt = Prompt((Message("system", "Be brief."), Message("user", "Who wrote Hamlet?")))
    finish = list(remote.generate(prompt, Sampling(max_tokens=4)))[-1]
    assert isinstance(finish, Finish)
    assert remote.count_tokens("The quick brown fox") == 4
    assert finish.usage.prompt_tokens <= remote.count_tokens(prompt)
    assert finish.usage.completion_tokens == 4
