"""How a turn is quoted: on one line, whatever is in it."""

from antiphon.memory.values import Turn

SHOWN_CHARS = 1200
"""A longer turn is quoted in part: nobody says that much at once, and a pasted text would be all there is."""
_CONTROL = dict.fromkeys([*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F)], " ")


def line(turn: Turn) -> str:
    """`turn` on a line of its own: no text can pretend to be another line, or somebody else."""
    text = " ".join(turn.text[:SHOWN_CHARS].translate(_CONTROL).split())
    text += "…" if len(turn.text) > SHOWN_CHARS else ""
    speaker = " ".join(turn.speaker[:64].translate(_CONTROL).split())
    return f"{speaker}: {text}" if speaker else text
