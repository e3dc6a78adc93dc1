"""Native libraries, loaded when an engine opens and never before, so that reading a card stays cheap."""

from importlib import import_module
from typing import Any

from antiphon.contracts import PrerequisiteMissing


def load(module: str, package: str) -> Any:
    """The library `module`; its adapter gives its own types to what it takes from it.

    Raises:
        PrerequisiteMissing: it is not installed; `package` is the distribution that holds it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise PrerequisiteMissing(
            f"the Python package {package!r} does not load: {error}", remedy=_remedy(package, str(error))
        ) from error


def _remedy(package: str, error: str) -> str:
    return "sudo apt-get install libgomp1" if "libgomp" in error else f"pip install {package}"
