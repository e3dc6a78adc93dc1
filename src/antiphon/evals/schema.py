"""The JSON Schema of the suite file, made from the types and the texts under their fields.

The committed copy, `suite.schema.json`, is what editors read; a test compares the two.
"""

import msgspec

from antiphon.contracts.described import described_schema
from antiphon.evals.scenario import Expect, Fact, Manner, Point, Scenario, Sounds, Suite

KINDS: tuple[type[msgspec.Struct], ...] = (Suite, Scenario, Fact, Point, Manner, Sounds, Expect)


def suite_schema() -> bytes:
    """The schema, indented, with a newline at its end."""
    document = described_schema(Suite, "Antiphon evaluation suite", KINDS)
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
