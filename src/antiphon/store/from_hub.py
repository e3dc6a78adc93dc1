"""The second source: a Hugging Face repository, by its own client. `HF_ENDPOINT` names a mirror."""

import errno
import hashlib
import os
import re
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from antiphon.contracts import AntiphonError
from antiphon.store.disk import CHUNK_BYTES, is_no_room, settle
from antiphon.store.errors import Damaged, NotPermitted, SourceFailed
from antiphon.store.manifest import Hub, Model, ModelFile
from antiphon.store.progress import Meter

ATTEMPTS = 2
"""How often a file is fetched before its damage is believed."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT_SHA1 = re.compile(r"[0-9a-f]{40}")


class Expected(msgspec.Struct, frozen=True):
    """What a file must turn out to be."""

    revision: str
    size: int
    sum: str
    """A SHA-256, or, where the Hub states nothing stronger, the SHA-1 git gives the file."""


def fetch(model: Model, files: Path, work: Path, meter: Meter) -> str:
    """Complete the files of `model` below `files`; what is there and right already stays.

    Returns:
        The commit the files came from.

    Raises:
        SourceFailed: the Hub cannot be reached, or does not have them.
        Damaged: a file came `ATTEMPTS` times and is still not what it should be.
        NotPermitted, OSError: from the disk.
    """
    if model.hub is None:
        raise SourceFailed(f"{model.name} is on no Hugging Face repository")
    _knock(model.hub, model.file[0], work)
    wanted = [(file, _expected(model.hub, file, work)) for file in model.file]
    meter.start(sum(expected.size for _, expected in wanted))
    for file, expected in wanted:
        place = files / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists() or _fault(place, expected):
            os.replace(_fetch_file(model.hub, file, expected, work, meter), place)
        meter.settle(expected.size)
    return wanted[0][1].revision


def _knock(hub: Hub, file: ModelFile, work: Path) -> None:
    """Fail at once where there is no network: a download would try for half a minute and tell of each try."""
    import_module("huggingface_hub.utils.logging").set_verbosity_error()
    _stated(hub, file, work)


def _stated(hub: Hub, file: ModelFile, work: Path) -> Any:
    """What the Hub says of a file: `etag`, `size` and `commit_hash`, each None when it does not say."""
    client: Any = import_module("huggingface_hub")
    url = client.hf_hub_url(hub.repo, file.hub_file, revision=hub.revision, endpoint=_endpoint())
    ask = partial(client.get_hf_file_metadata, url, endpoint=_endpoint())
    return _asked(f"{file.hub_file} of {hub.repo}", work, ask)


def _expected(hub: Hub, file: ModelFile, work: Path) -> Expected:
    if file.size is not None and file.sha256 is not None:
        return Expected(hub.revision, file.size, file.sha256)
    name = f"{file.hub_file} of {hub.repo}"
    stated = _stated(hub, file, work)
    etag = stated.etag or ""
    if (
        not stated.size
        or not stated.commit_hash
        or not (_SHA256.fullmatch(etag) or _GIT_SHA1.fullmatch(etag))
    ):
        raise SourceFailed(f"the Hub states no size and checksum for {name}, so it cannot be verified")
    return Expected(stated.commit_hash, stated.size, etag)


def _fetch_file(hub: Hub, file: ModelFile, expected: Expected, work: Path, meter: Meter) -> Path:
    """The verified file, still in the client's folder below `work`."""
    name, fault = f"{file.hub_file} of {hub.repo}", ""
    client: Any = import_module("huggingface_hub")
    for attempt in range(1, ATTEMPTS + 1):
        if fault:
            meter.note(f"{name} is damaged: {fault}; fetching it once more")
        download = partial(
            client.hf_hub_download,
            hub.repo,
            file.hub_file,
            revision=expected.revision,
            local_dir=work / "hub",
            endpoint=_endpoint(),
            tqdm_class=_listening_bar(meter),
            force_download=attempt > 1,
        )
        arrived = Path(_asked(name, work, download))
        fault = _fault(arrived, expected)
        if not fault:
            settle(arrived)
            return arrived
    raise Damaged(f"{name} is damaged: {fault} (fetched {ATTEMPTS} times)")


def _fault(path: Path, expected: Expected) -> str:
    """What is wrong with the file at `path`; empty when it is right."""
    size = path.stat().st_size
    if size != expected.size:
        return f"expected {expected.size} bytes, got {size}"
    digest = hashlib.sha256() if _SHA256.fullmatch(expected.sum) else _git_blob(size)
    with path.open("rb") as file:
        while block := file.read(CHUNK_BYTES):
            digest.update(block)
    if digest.hexdigest() != expected.sum:
        return f"expected checksum {expected.sum}, got {digest.hexdigest()}"
    return ""


def _git_blob(size: int) -> Any:
    """The digest by which git, and so the Hub, names small files: a header, then the bytes."""
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def _listening_bar(meter: Meter) -> type[Any]:
    """A progress bar that draws nothing and tells `meter`; the client makes it and feeds it."""
    bar: Any = import_module("tqdm").tqdm
    arrived = 0

    def begin(self: Any, *args: Any, **settings: Any) -> None:
        nonlocal arrived
        # One download may have two bars; what comes over the wire and what is written are the same bytes.
        self.counts = "downloading bytes" not in str(settings.get("desc"))
        arrived = int(settings.get("initial") or 0) if self.counts else arrived
        bar.__init__(self, *args, **{**settings, "disable": True})

    def update(self: Any, count: float | None = 1) -> None:
        nonlocal arrived
        if self.counts:
            arrived += int(count or 0)
            meter.arriving(arrived)

    return type("ListeningBar", (bar,), {"__init__": begin, "update": update})


def _asked(name: str, folder: Path, call: Callable[[], Any]) -> Any:
    """The result of `call`, or the client's exception as one of ours."""
    try:
        return call()
    except Exception as error:
        raise _meant(name, folder, error) from error


def _meant(name: str, folder: Path, error: Exception) -> AntiphonError | OSError:
    errors: Any = import_module("huggingface_hub.errors")
    if isinstance(error, errors.LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        # "Not in the cache either" hides what happened; the cause tells.
        error = error.__cause__
    if is_no_room(error):
        return OSError(errno.ENOSPC, str(error), str(folder))
    if isinstance(error, PermissionError):
        return NotPermitted(f"{error.filename or folder} may not be written: {error.strerror}")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return SourceFailed(f"{name} was not fetched: HF_HUB_OFFLINE forbids it")
    if isinstance(error, errors.GatedRepoError):
        return SourceFailed(f"{name} asks for an account that has accepted its licence")
    missing = (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError)
    if isinstance(error, missing):
        return SourceFailed(f"the Hub has no {name}")
    if any(kind.__name__ in ("TransportError", "ConnectionError") for kind in type(error).__mro__):
        return SourceFailed(f"the Hub cannot be reached for {name}; is there a network?")
    return SourceFailed(f"the Hub did not give {name}: {(str(error).splitlines() or [repr(error)])[0]}")
