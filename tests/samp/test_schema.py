"""The committed schema is the one the types make, and it accepts what the reader accepts."""

import json
from importlib import resources

import pytest
import yaml

from antiphon.cli import main
from antiphon.samp import cast_schema
from antiphon.samp.schema import _KINDS

from .casts import EXAMPLES


def test_the_committed_schema_is_current() -> None:
    committed = resources.files("antiphon.samp") / "cast.schema.json"
    assert committed.read_bytes() == cast_schema(), (
        "antiphon cast schema > src/antiphon/samp/cast.schema.json"
    )


def test_every_field_says_what_it_is() -> None:
    definitions = json.loads(cast_schema())["$defs"]
    assert set(definitions) == {kind.__name__ for kind in _KINDS}
    for name, definition in definitions.items():
        for field, about in definition["properties"].items():
            assert about.get("description"), f"{name}.{field}"


def test_every_example_names_the_schema_its_editor_shall_use() -> None:
    for path in EXAMPLES.glob("*.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        schema = first.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / schema).is_file(), first


def test_fields_of_the_examples_are_fields_of_the_schema() -> None:
    scene = json.loads(cast_schema())["$defs"]["Scene"]["properties"]
    for path in EXAMPLES.glob("*.yaml"):
        for each in yaml.safe_load(path.read_text(encoding="utf-8")).get("scenes", {}).values():
            assert set(each) <= set(scene)


def test_the_command_prints_it(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["cast", "schema"]) == 0
    assert capfdbinary.readouterr().out == cast_schema()
