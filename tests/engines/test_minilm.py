"""The vectors are the publisher's, and depend on the text alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from antiphon.contracts import ConfigInvalid, EngineBroken, EngineSetup, PrerequisiteMissing
from antiphon.contracts.conformance import run
from antiphon.engines.bert import BertShape
from antiphon.engines.minilm import MiniLM

from .bert_reference import Bert as Reference


@pytest.fixture(scope="module")
def minilm(weights: Callable[[str], Path]) -> Iterator[MiniLM]:
    engine = MiniLM.open(EngineSetup(weights=weights, threads=1))
    yield engine
    engine.close()


@pytest.mark.real
def test_it_keeps_its_contract(minilm: MiniLM) -> None:
    report = run("embedder", minilm)
    assert report.ok, report
    assert not report.skipped, report


@pytest.mark.real
def test_similarities_are_those_its_publisher_shows(minilm: MiniLM) -> None:
    asked, *others = minilm.embed(
        [
            "That is a happy person",
            "That is a happy dog",
            "That is a very happy person",
            "Today is a sunny day",
        ]
    )
    assert np.round(np.array(others) @ asked, 3).tolist() == pytest.approx([0.695, 0.943, 0.257], abs=0.02)


@pytest.mark.real
def test_in_eight_bits_the_vectors_are_nearly_those_of_the_network(
    minilm: MiniLM, weights: Callable[[str], Path]
) -> None:
    texts = ["Where did I put my violin?", "We had soup on Sunday.", "Ja.", "a b c d e f " * 30]
    exact = reference(weights("all-minilm-l6-v2"))
    assert [float(row @ exact(text)) for text, row in zip(texts, minilm.embed(texts), strict=True)] == (
        pytest.approx([1.0] * len(texts), abs=0.01)
    )


@pytest.mark.real
def test_two_engines_share_one_network(minilm: MiniLM, weights: Callable[[str], Path]) -> None:
    other = MiniLM.open(EngineSetup(weights=weights, threads=1))
    assert other._network is minilm._network


def reference(folder: Path) -> Callable[[str], np.ndarray]:
    """The network in plain numpy and 32 bits."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    shape = msgspec.json.decode((folder / "config.json").read_bytes(), type=BertShape)
    network = Reference(shape, load_file(folder / "model.safetensors"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)

    def row(text: str) -> np.ndarray:
        mean = network(np.array(tokenizer.encode(text).ids, np.int64)).mean(0)
        return mean / np.linalg.norm(mean)

    return row


@pytest.mark.real
def test_a_row_does_not_depend_on_its_neighbours(minilm: MiniLM) -> None:
    texts = ["short", "a much longer text about the history of bridges in the Alps", "short"]
    together = minilm.embed(texts)
    alone = np.concatenate([minilm.embed([text]) for text in texts])
    assert np.array_equal(together, alone)


@pytest.mark.real
def test_text_beyond_the_256th_token_is_cut(minilm: MiniLM) -> None:
    one, other = minilm.embed(["word " * 254 + "apple", "word " * 254 + "quarrel"])
    assert np.array_equal(one, other)
    one, other = minilm.embed(["word " * 253 + "apple", "word " * 253 + "quarrel"])
    assert not np.array_equal(one, other)


def test_absent_and_damaged_weights_are_told_apart(tmp_path: Path) -> None:
    setup = EngineSetup(weights=lambda _: tmp_path)
    with pytest.raises(PrerequisiteMissing, match=r"config\.json"):
        MiniLM.open(setup)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(EngineBroken, match="do not load"):
        MiniLM.open(setup)


def test_it_has_no_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid):
        MiniLM.open(EngineSetup(weights=lambda _: tmp_path, settings={"pooling": "cls"}))
