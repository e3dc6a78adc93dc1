"""Conversations for tests: written like a score, a line each, with their times."""

from typing import Any

from antiphon.evals.records import Conversation, ConversationOutcome, Line
from antiphon.evals.scenario import Scenario
from antiphon.evals.suite import read_suite

SUITE = """
suite: A shop
cast: shop.yaml
scenarios:
  rolls:
    caller: Ann, who wants rolls.
    aim: Four rolls on Friday.
    opens: ["Hello, I'd like some rolls."]
    facts:
      count: {says: ["Four rolls, please."], asked: [how many], slot: rolls, value: 4}
      day: {says: ["On Friday."], asked: [which day, when], slot: day, value: friday}
      secret: {says: ["My name is Ann Miller."], asked: [name], hidden: true}
    points:
      - {says: ["Do you have rye, too?"], once: [count]}
"""


def scenario() -> Scenario:
    """The only one of the suite above."""
    return read_suite(SUITE).scenarios["rolls"]


def caller(text: str, start_ms: float, end_ms: float, **more: Any) -> Line:
    """A turn of the caller's."""
    return Line(who="caller", text=text, start_ms=start_ms, end_ms=end_ms, **more)


def agent(text: str, start_ms: float, end_ms: float, **more: Any) -> Line:
    """An answer."""
    return Line(who="agent", text=text, start_ms=start_ms, end_ms=end_ms, **more)


def talk(*lines: Line, **more: Any) -> Conversation:
    """A conversation of these lines."""
    fields: dict[str, Any] = {"id": "rolls-1", "scenario": "rolls", "seed": 1, "mode": "speech"}
    fields |= {"outcome": ConversationOutcome(ended="agent")} | more
    return Conversation(transcript=tuple(sorted(lines, key=lambda line: line.start_ms)), **fields)
