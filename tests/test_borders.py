"""The borders hold because breaking one fails: each contract is shown an import it must refuse."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SANS_IO = "sans-I/O: no clock, socket, thread, dice or log"
ROOT = Path(__file__).parent.parent


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as c; c()",
        "--no-cache",
    ]
    return subprocess.run(
        command, cwd=tree, env={"PYTHONPATH": str(tree / "src")}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the sources that a test may spoil."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_as_it_stands_keeps_every_border(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("contracts/astray.py", "import antiphon.dialogue", "layers"),
        ("engines/astray.py", "import antiphon.runtime", "layers"),
        ("memory/astray.py", "import antiphon.store", "layers"),
        ("attic/__init__.py", "", "layers"),
        ("server/astray.py", "import antiphon.dialogue", "server and evals see runtime and contracts only"),
        ("dialogue/astray.py", "import time", SANS_IO),
        ("memory/astray.py", "import random", SANS_IO),
    ],
)
def test_an_import_across_a_border_is_refused(tree: Path, module: str, line: str, contract: str) -> None:
    spoiled = tree / "src" / "antiphon" / module
    spoiled.parent.mkdir(exist_ok=True)
    spoiled.write_text(line + "\n", encoding="utf-8")
    done = lint(tree)
    assert done.returncode != 0
    assert f"{contract} BROKEN" in done.stdout, done.stdout + done.stderr
