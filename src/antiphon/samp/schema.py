"""The JSON Schema of the cast file, made from the types and the texts under their fields.

The committed copy, `cast.schema.json`, is what editors read; a test compares the two.
"""

import msgspec

from antiphon.contracts.described import described_schema
from antiphon.samp.cast import Cast, Jump, Persona, Scene, Server, Slot, Task, ToolUse, Way

_KINDS: tuple[type[msgspec.Struct], ...] = (Cast, Persona, Slot, Task, Way, Jump, Scene, ToolUse, Server)


def cast_schema() -> bytes:
    """The schema, indented, with a newline at its end."""
    document = described_schema(Cast, "Antiphon cast", _KINDS)
    document["$defs"]["Task"]["oneOf"] = [{"required": ["ask"]}, {"required": ["do"]}]
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
