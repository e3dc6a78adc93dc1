"""The graph memory: what was said, word for word, and the right part of it inside a budget.

from antiphon.memory import Ask, GraphMemory, Turn

memory = GraphMemory(path, embedder)
memory.learn([Turn(id="1", speaker="Mira", text="I keep my violin in the blue cupboard.")])
memory.look(Ask(text="Where is Mira's violin?", budget_tokens=256), count_tokens).context
"""

from antiphon.memory.documents import passages
from antiphon.memory.graph import GraphMemory
from antiphon.memory.values import Ask, Chosen, Entity, Fact, Found, Turn

__all__ = ["Ask", "Chosen", "Entity", "Fact", "Found", "GraphMemory", "Turn", "passages"]
