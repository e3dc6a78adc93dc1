"""What every test may ask for: verified weights, and recordings of real people where there are any.

Generated examples are the same in every run, so that a failure is the change's and nobody else's, and few;
`HYPOTHESIS_PROFILE=thorough pytest tests/dialogue` draws thousands of new ones.
Engines of tests that run beside others have one thread: two would wait for each other longer than they work.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from antiphon.runtime import Config, EngineChoice
from antiphon.store import Store

from .e2e.running import Running, running

# A busy machine is slow at making conversations, and those are large: neither says anything of the code.
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)

settings.register_profile(
    "default",
    max_examples=100,
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW,
)
settings.register_profile(
    "thorough", max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=_SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

_PACED = tuple(Path(__file__).parent / folder for folder in ("clients", "e2e"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole conversations, and other people's clients, speak in real time, all of them."""
    for item in items:
        if any(folder in item.path.parents for folder in _PACED):
            item.add_marker(pytest.mark.paced)


@pytest.fixture(scope="session")
def weights() -> Callable[[str], Path]:
    """From a model's name to its folder; without it the test fails and says what to run.

    `ANTIPHON_TEST_WEIGHTS` names a folder with one folder per model, instead of the user's own store.
    """
    elsewhere = os.environ.get("ANTIPHON_TEST_WEIGHTS")
    return Store().folder if elsewhere is None else lambda name: Path(elsewhere) / name


@pytest.fixture(scope="session")
def real_server(
    weights: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Every engine as it is configured by default, and a journal that goes away."""
    config = Config()
    journal = str(tmp_path_factory.mktemp("journal") / "journal.sqlite")
    config.engines["journal"] = EngineChoice(use="sqlite", settings={"path": journal})
    with running(config, weights) as started:
        yield started


@pytest.fixture(scope="session")
def speech_data() -> Path:
    """The folder of recordings: `ANTIPHON_DATA`, or `shared/data/speech` beside the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ANTIPHON_DATA", beside)) / "speech"
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"no recordings of real people at {folder}; set ANTIPHON_DATA")
    return folder
