"""What every test may ask for: verified weights, and recordings of real people where there are any."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.contracts import PrerequisiteMissing
from antiphon.store import Store


@pytest.fixture(scope="session")
def weights() -> Callable[[str], Path]:
    """From a model's name to its folder; a test that asks for one that is not here is skipped.

    `ANTIPHON_TEST_WEIGHTS` names a folder with one folder per model, instead of the user's own store.
    """
    elsewhere = os.environ.get("ANTIPHON_TEST_WEIGHTS")
    store = Store()

    def folder(name: str) -> Path:
        if elsewhere:
            return Path(elsewhere) / name
        try:
            return store.folder(name)
        except PrerequisiteMissing as missing:
            pytest.skip(str(missing))

    return folder


@pytest.fixture(scope="session")
def speech_data() -> Path:
    """The folder of recordings: `ANTIPHON_DATA`, or `shared/data/speech` beside the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ANTIPHON_DATA", beside)) / "speech"
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"no recordings of real people at {folder}; set ANTIPHON_DATA")
    return folder
