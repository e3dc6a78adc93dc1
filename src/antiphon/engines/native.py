"""Native libraries, loaded when an engine opens and never before, so that reading a card stays cheap.

Several of them bring threads of their own, which by default wait for work by spinning: a little faster alone,
and ruinous as soon as two libraries share two cores. A matrix product of half a millisecond kept one core
busy for twenty more and made the transcription after it take twice as long (82 instead of 42 ms).
"""

import os
from functools import lru_cache
from importlib import import_module
from typing import Any

from antiphon.contracts import PrerequisiteMissing

SPINS = "2000"
"""For so many turns, about a tenth of a millisecond, threads do spin. A language model's token is hundreds of
steps for which its threads meet; put to sleep at each, it takes 67 ms, and 53 like this."""


def load(module: str, package: str) -> Any:
    """The library `module`; its adapter gives its own types to what it takes from it.

    Raises:
        PrerequisiteMissing: it is not installed; `package` is the distribution that holds it.
    """
    _wait_without_spinning()
    try:
        return import_module(module)
    except ImportError as error:
        raise PrerequisiteMissing(
            f"the Python package {package!r} does not load: {error}", remedy=_remedy(package, str(error))
        ) from error


@lru_cache
def _wait_without_spinning() -> None:
    # For OpenMP it must be said before the first library that uses it is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    threadpoolctl = import_module("threadpoolctl")
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")


def _remedy(package: str, error: str) -> str:
    return "sudo apt-get install libgomp1" if "libgomp" in error else f"pip install {package}"
