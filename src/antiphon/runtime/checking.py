"""What is wrong with a table of settings: everything at once, each with its place and the nearest name."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

import msgspec


def problems(value: object, kind: Any, path: str = "") -> Iterator[str]:
    """A sentence for each thing that keeps `value`, read from a file, from being a `kind`."""
    kind = _struct_meant(value, kind)
    if isinstance(value, Mapping) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _in_struct(cast(Mapping[str, object], value), kind, path)
    elif isinstance(value, Mapping) and get_origin(kind) is dict:
        names, of = get_args(kind)
        yield from _in_dict(cast(Mapping[str, object], value), names, of, path)
    else:
        try:
            msgspec.convert(value, cast(Any, kind))
        except msgspec.ValidationError as error:
            yield f"{path}: {error}"


def _in_struct(table: Mapping[str, object], kind: type[msgspec.Struct], path: str) -> Iterator[str]:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        if key in fields:
            yield from problems(value, fields[key].type, _inside(path, key))
        elif key != kind.__struct_config__.tag_field:
            yield f"there is no setting {_inside(path, key)}; {_nearest(key, fields)}"
    for name, field in fields.items():
        if field.required and name not in table:
            yield f"{_inside(path, name)} is missing"


def _in_dict(table: Mapping[str, object], names: Any, kind: Any, path: str) -> Iterator[str]:
    known = get_args(names) if get_origin(names) is Literal else table
    for key, value in table.items():
        if key in known:
            yield from problems(value, kind, _inside(path, key))
        else:
            yield f"there is no {_inside(path, key)}; {_nearest(key, known)}"


def _struct_meant(value: object, kind: Any) -> Any:
    """Of a union, the struct whose tag `value` has; otherwise `kind` as it is."""
    choices = get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
    for choice in choices:
        config = getattr(choice, "__struct_config__", None)
        if config is not None and isinstance(value, Mapping):
            table = cast(Mapping[str, object], value)
            if config.tag_field is None or table.get(config.tag_field) == config.tag:
                return choice
    return kind


def _nearest(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
