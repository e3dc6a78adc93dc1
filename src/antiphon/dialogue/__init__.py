"""The sans-I/O core of one live conversation: `Dialogue.handle(event, now) -> list[Command]`."""

from antiphon.dialogue.core import Dialogue
from antiphon.dialogue.ledger import heard_words, text_of
from antiphon.dialogue.policy import Policy

__all__ = ["Dialogue", "Policy", "heard_words", "text_of"]
