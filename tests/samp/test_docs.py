"""The page on casts shows a cast and a caller that are whole, and names every command and slot type."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from antiphon.samp import read_cast, read_script
from antiphon.samp.cast import SlotType
from antiphon.samp.fold import fold

from .casts import EXAMPLES, VOICES

PAGE = (Path(__file__).parents[2] / "docs" / "casts.md").read_text(encoding="utf-8")


def test_the_example_on_the_page_is_whole() -> None:
    cast_text, *_, script_text = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    cast = read_cast(cast_text, "docs/casts.md", voices=VOICES)
    assert cast.personas["owner"].confides_in == ("clerk",)
    assert [line.scene for line in read_script(script_text, cast).lines] == ["office", "colours"]


def test_every_kind_of_slot_is_named() -> None:
    assert all(f"`{kind}`" in PAGE for kind in get_args(SlotType))


@pytest.mark.real
def test_the_code_on_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["session"].state.place.scene == "booking"
    assert fold(names["cast"], names["session"].entries) == names["session"].state
