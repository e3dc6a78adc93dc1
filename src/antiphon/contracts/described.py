"""The JSON Schema of a file, made from the types it is read into and the texts under their fields."""

import ast
import inspect
import textwrap
from collections.abc import Collection
from typing import Any, cast

import msgspec


def described_schema(
    kind: type[msgspec.Struct], title: str, described: Collection[type[msgspec.Struct]]
) -> dict[str, Any]:
    """The schema of `kind`, in which the `described` types are by what stands below their fields."""
    schema = msgspec.json.schema(kind)
    definitions = cast(dict[str, Any], schema["$defs"])
    for each in described:
        named = {field.name: field.encode_name for field in msgspec.structs.fields(each)}
        for field, text in _texts(each).items():
            definitions[each.__name__]["properties"][named[field]]["description"] = text
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}


def _texts(kind: type) -> dict[str, str]:
    """What stands under each field of a class."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)
    texts: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            texts[field.target.id] = str(below.value.value)
    return texts
