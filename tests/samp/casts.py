"""A small cast without problems, and ways to spoil it."""

from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
VOICES = ("woman", "man", "child", "alto", "youth", "giant", "elder", "robot")

SMALL = """\
cast: The Shop
about: A small shop.
start: hello
personas:
  clerk:
    name: Ann
    role: the clerk
    voice: woman
    manner: Friendly.
    may: [order]
  owner:
    name: Bob
    role: the owner
    voice: man
    manner: Proud.
slots:
  count: {type: number, about: how many, least: 1, most: 20}
  colour:
    type: choice
    about: which colour
    options: {red: [crimson], blue: []}
scenes:
  hello:
    plays: clerk
    aim: Greet.
    opening: Good day, what can I do for you?
    checklist:
      - ask: count
    ways:
      - {to: wholesale, if: count > 10}
      - {to: colours, if: done}
  wholesale:
    plays: owner
    aim: Talk about large orders.
    ways:
      - {to: colours, when: they agree, says: [fine]}
  colours:
    plays: clerk
    aim: Find the colour.
    checklist:
      - ask: colour
    ends: true
  hours:
    plays: clerk
    aim: Say when the shop is open.
    ways:
      - {to: back, when: they thank, says: [thank you]}
anywhere:
  opening_hours: {to: hours, when: they ask when it is open, says: [when do you open]}
tools:
  order: {about: Orders it., runs: "shop:order", needs: [count, colour]}
"""


def example(name: str) -> str:
    """The text of a committed example."""
    return (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")


def spoiled(*changes: tuple[str, str]) -> str:
    """The small cast with each text once replaced by another."""
    text = SMALL
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    return text
