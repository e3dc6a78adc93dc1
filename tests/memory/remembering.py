"""What tests of the graph memory have in common."""

from antiphon.engines.scripted import ScriptedEmbedder
from antiphon.memory import Ask, Found, GraphMemory, Turn


def quarters(text: str) -> int:
    """A token for every four characters begun."""
    return -(-len(text) // 4)


def memory_of(*lines: str, embedded: bool = True) -> GraphMemory:
    """A memory in this process that has learned `lines` ("Mira: I sing."), a day apart, from 1 March 2025."""
    memory = GraphMemory(embedder=ScriptedEmbedder() if embedded else None)
    memory.learn([turn(line, place) for place, line in enumerate(lines)])
    return memory


def turn(line: str, place: int, conversation: str = "talk", persona: str = "") -> Turn:
    """The turn of `line`, with the id "t0", "t1"..."""
    speaker, _, text = line.partition(": ")
    return Turn(
        id=f"t{place}",
        speaker=speaker,
        text=text,
        said_at=f"2025-03-{place % 28 + 1:02d}T10:00:00",
        conversation=conversation,
        persona=persona,
    )


def look(memory: GraphMemory, text: str, budget: int = 200, **more: object) -> Found:
    """What `memory` finds for `text`."""
    return memory.look(Ask(text=text, budget_tokens=budget, **more), quarters)


def ids(found: Found) -> list[str]:
    """The ids of what was chosen, in order."""
    return [one.id for one in found.chosen]
