"""The manifest is data people rely on: every line of it is walked."""

import re

import pytest

from antiphon.contracts import ContractBroken, UnknownName
from antiphon.store.from_packages import wheels
from antiphon.store.manifest import Model, ModelFile, builtin, parse

LAYOUT = {
    "silero-vad": {"silero_vad.onnx"},
    "smart-turn-v3.2": {"smart-turn-v3.2-cpu.onnx"},
    "moonshine-tiny.en": {"encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"},
    "whisper-tiny.en": {"config.json", "model.bin", "tokenizer.json", "vocabulary.txt"},
    "whisper-base": {"config.json", "model.bin", "tokenizer.json", "vocabulary.txt"},
    "qwen2.5-coder-1.5b-instruct-q4_k_m": {"model.gguf"},
    "qwen2.5-coder-0.5b-instruct-q4_k_m": {"model.gguf"},
    "all-minilm-l6-v2": {"model.safetensors", "tokenizer.json", "vocab.txt", "config.json"},
}
MODELS = builtin().model
FILES = [(model, file) for model in MODELS for file in model.file]
_MODEL = (
    "[[model]]\nname = 'x'\npart = 'embedder'\nlicence = 'MIT'\nsummary = ''\nsets = []\n"
    "[[model.file]]\n{file}"
)
SHA256 = re.compile(r"[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{40}")


def test_the_layout_other_parts_rely_on() -> None:
    found = {model.name: {file.path for file in model.file} for model in MODELS if model.name in LAYOUT}
    assert found == LAYOUT


def test_the_sets() -> None:
    default, everything = set(builtin().names_in("default")), set(builtin().names_in("test"))
    assert everything == set(LAYOUT)
    assert default == everything - {"whisper-base", "qwen2.5-coder-0.5b-instruct-q4_k_m"}


def test_names_are_unique_and_folder_names() -> None:
    names = [model.name for model in MODELS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) for name in names)


@pytest.mark.parametrize(("model", "file"), FILES, ids=lambda item: getattr(item, "name", None) or item.path)
def test_every_file_is_pinned_or_says_that_it_is_not(model: Model, file: ModelFile) -> None:
    if file.sha256 is None:
        assert not model.pinned
        assert file.hub_file
        assert not file.pieces
        return
    assert SHA256.fullmatch(file.sha256)
    assert file.size
    assert file.pieces or (model.hub and file.hub_file)
    assert all(SHA256.fullmatch(piece.sha256) for piece in file.pieces)
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", piece.wheel) for piece in file.pieces)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_has_a_source(model: Model) -> None:
    assert model.in_packages or model.hub
    if model.hub:
        assert all(file.hub_file for file in model.file)
        assert bool(COMMIT.fullmatch(model.hub.revision)) == model.pinned


@pytest.mark.parametrize("model", [m for m in MODELS if m.in_packages], ids=lambda model: model.name)
def test_pieces_can_be_joined_wheel_by_wheel(model: Model) -> None:
    order = wheels(model)
    for file in model.file:
        places = [order.index(piece.wheel) for piece in file.pieces]
        assert places == sorted(places)


def test_an_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"whisper-tiny\.en"):
        builtin().find("whisper-tiny")
    with pytest.raises(UnknownName, match="there are silero-vad"):
        builtin().find("zzz")


@pytest.mark.parametrize(
    "text",
    [
        "this is not TOML",
        "[[model]]\nname = 'x'",
        _MODEL.format(file="path = '../x'\nsize = 1\nsha256 = 'x'"),
        _MODEL.format(file="path = '/x'\nsize = 1\nsha256 = 'x'"),
        _MODEL.format(file="path = 'x'\nsize = 1"),
        _MODEL.format(
            file="path = 'x'\nsize = 2\nsha256 = 'x'\n"
            "pieces = [{wheel = 'a==1', member = 'm', size = 1, sha256 = 'x'}]"
        ),
    ],
)
def test_a_wrong_manifest_is_refused(text: str) -> None:
    with pytest.raises(ContractBroken):
        parse(text)
