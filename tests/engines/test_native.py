"""A library that does not load ends in the command that mends it."""

from pathlib import Path

import pytest

from antiphon.contracts import PrerequisiteMissing
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
