"""The JSON Schema of the cast file, made from the types and the texts under their fields.

The committed copy, `cast.schema.json`, is what editors read; a test compares the two.
"""

import ast
import inspect
import textwrap
from typing import Any, cast

import msgspec

from antiphon.samp.cast import Cast, Jump, Persona, Scene, Slot, Task, ToolUse, Way

_KINDS: tuple[type[msgspec.Struct], ...] = (Cast, Persona, Slot, Task, Way, Jump, Scene, ToolUse)


def cast_schema() -> bytes:
    """The schema, indented, with a newline at its end."""
    schema = msgspec.json.schema(Cast)
    definitions = cast(dict[str, Any], schema["$defs"])
    for kind in _KINDS:
        named = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
        for field, text in _texts(kind).items():
            definitions[kind.__name__]["properties"][named[field]]["description"] = text
    definitions["Task"]["oneOf"] = [{"required": ["ask"]}, {"required": ["do"]}]
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Antiphon cast", **schema}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


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
