"""Writes web/src/contracts.ts: the facts a session tells, as TypeScript, from the types Python has of them.

Usage: python tools/web_types.py [--check]
"""

import sys
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from antiphon.runtime.conversation import Item
from antiphon.runtime.shown import SHOWN, ShownItem

TARGET = Path(__file__).parents[1] / "web" / "src" / "contracts.ts"
HEAD = """\
// Written by tools/web_types.py from the server's own types: change those, then run it again.

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
"""


def main() -> int:
    """Write the file, or with --check fail if it is not what would be written."""
    text = generated()
    if "--check" not in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.read_text(encoding="utf-8") == text:
        return 0
    print("web/src/contracts.ts is stale; mend it with: .venv/bin/python tools/web_types.py", file=sys.stderr)
    return 1


def generated() -> str:
    """The whole file."""
    facts = {name: _data(fact, fields) for fact, (name, fields) in SHOWN.items()}
    _, components = msgspec.json.schema_components(facts.values(), ref_template="#{name}")
    own = {data.__name__ for data in facts.values()}
    others = sorted(set(components) - own)
    parts = [HEAD, *(f"export type {name} = {_typescript(components[name])};\n" for name in others)]
    parts.append("/** What each fact says, by its name. */\nexport interface Facts {")
    parts += [f"  {name}: {_typescript(components[data.__name__], 1)};" for name, data in facts.items()]
    parts.append("}\n")
    return "\n".join(parts)


def _data(fact: type[msgspec.Struct], fields: tuple[str, ...]) -> type[msgspec.Struct]:
    """A struct with only the fields that are shown of a fact, as they are shown."""
    hints = get_type_hints(fact)
    shown = [(field, ShownItem if hints[field] is Item else hints[field]) for field in fields]
    return msgspec.defstruct(f"{fact.__name__}Shown", shown)


def _typescript(schema: dict[str, Any], depth: int = 0) -> str:
    """A JSON Schema, as far as msgspec writes it, as a type. All fields are there: msgspec omits none."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix("#")
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_typescript(one, depth) for one in schema["anyOf"])
    match schema.get("type"):
        case "string":
            return "string"
        case "integer" | "number":
            return "number"
        case "boolean":
            return "boolean"
        case "null":
            return "null"
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(_typescript(one, depth) for one in schema['prefixItems'])}]"
        case "array":
            items = _typescript(schema.get("items", {}), depth)
            return f"({items})[]" if "|" in items else f"{items}[]"
        case "object" if "properties" in schema:
            pad = "  " * (depth + 1)
            rows = [f"{pad}{n}: {_typescript(s, depth + 1)};" for n, s in schema["properties"].items()]
            return "{\n" + "\n".join(rows) + "\n" + "  " * depth + "}"
        case "object":
            more = schema.get("additionalProperties", {})
            return f"{{ [key: string]: {_typescript(more, depth) if isinstance(more, dict) else 'Json'} }}"
        case _:
            return "Json"


if __name__ == "__main__":
    sys.exit(main())
