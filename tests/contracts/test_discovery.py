"""Engines are found by entry point, without being imported; what is wrong with one is said in a sentence."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from antiphon.contracts import ContractBroken, PrerequisiteMissing, UnknownName
from antiphon.contracts.conformance import run
from antiphon.contracts.discovery import PARTS, find, installed

PLUGIN = Path(__file__).parents[1] / "plugin"

NATIVE = ("onnxruntime", "ctranslate2", "xllamacpp", "tokenizers", "safetensors", "scipy", "soxr")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plug-in as its installer would leave it: the package, and its metadata beside it."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    metadata = tmp_path / "antiphon_murmur-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    groups = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    (metadata / "entry_points.txt").write_text(groups)
    for name in [name for name in sys.modules if name.partition(".")[0] == "murmur"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(PLUGIN))
    monkeypatch.syspath_prepend(str(tmp_path))


def test_settings_of_engines_that_talk_can_be_checked_before_they_are_opened() -> None:
    """All but those whose settings hold more than plain values."""
    parts = [part for part in PARTS if part != "evaluator"]
    kinds = [find(part, name) for part in parts for name in installed(part) if name != "murmur"]
    wanting = {kind.__qualname__ for kind in kinds if not hasattr(kind, "settings_kind")}
    assert wanting == {"ScriptedJournal"}


@pytest.mark.usefixtures("plugin")
def test_plug_in_is_found_without_import() -> None:
    assert installed("embedder")["murmur"].value == "murmur:Murmur"
    assert "murmur" not in sys.modules


@pytest.mark.usefixtures("plugin")
def test_plug_in_keeps_its_contract(setup) -> None:
    kind = find("embedder", "murmur")
    assert kind.card.licence == "MIT"
    report = run("embedder", kind.open(setup()))
    assert report.ok, report


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        ("murmer", UnknownName, "no embedder is called 'murmer'; installed: murmur"),
        ("gone", UnknownName, "gone should be in murmur.gone, which does not exist"),
        ("misspelt", UnknownName, "murmur has no 'Murmer'"),
        ("needy", PrerequisiteMissing, "needs the Python package 'a_library_that_nobody_has'"),
        ("liar", ContractBroken, "it needs to be a class with a `card`"),
        ("misplaced", ContractBroken, "Misplaced is a journal, not a embedder"),
        ("nowhere.at.all:Engine", UnknownName, "which does not exist"),
    ],
)
def test_what_is_wrong_with_an_engine_is_said(name: str, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        find("embedder", name)


@pytest.mark.usefixtures("plugin")
def test_module_and_class_need_no_entry_point() -> None:
    assert find("embedder", "murmur:Murmur").card.name == "murmur"


def test_every_part_has_a_scripted_engine() -> None:
    assert [part for part in PARTS if "scripted" not in installed(part)] == []


def test_cards_are_read_without_native_libraries() -> None:
    script = f"""
import json, sys
from antiphon.contracts.discovery import PARTS, find, installed
ours = [(part, name) for part in PARTS for name, entry in installed(part).items()
        if entry.value.startswith("antiphon.")]
assert len(ours) >= {len(PARTS)}
assert all(find(part, name).card.part == part for part, name in ours)
print(json.dumps([name for name in {NATIVE!r} if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
