"""The examples as modules: what a reader would run is what is tested."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "examples" / "clients"


def example(name: str) -> Callable[..., Any]:
    """Its `ask(question, url)`."""
    return runpy.run_path(str(FOLDER / f"{name}.py"))["ask"]
