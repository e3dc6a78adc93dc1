"""A library that does not load ends in the command that mends it; one that does waits without spinning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from antiphon.contracts import PrerequisiteMissing
from antiphon.engines import ik_native
from antiphon.engines.native import load


def test_a_package_that_is_absent_is_to_be_installed() -> None:
    with pytest.raises(PrerequisiteMissing, match="pip install absent-package"):
        load("absent_module_of_no_one", "absent-package")


def test_a_system_library_that_is_absent_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "linked_to_openmp.py"
    broken.write_text('raise ImportError("libgomp.so.1: cannot open shared object file")\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PrerequisiteMissing, match="apt-get install libgomp1"):
        load("linked_to_openmp", "some-package")


@pytest.mark.skipif(not ik_native.installed(), reason="its library has no wheel here")
def test_the_openmp_of_the_language_model_waits_passively() -> None:
    script = "from antiphon.engines.ik_native import library; library()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "OMP_DISPLAY_ENV": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
