"""Text that comes in pieces, cut into what can be spoken at a time."""

import re

from antiphon.server.home.wire import Garbled

LETTERS_MAX = 8_000
"""Of one text."""
PIECE_LETTERS = 300
"""A sentence longer than this is cut between words: others want the voice, too."""

_END = re.compile(r"[.!?…][\"'”’)\]]*\s+|\n+")


class Sentences:
    """Takes text, gives sentences."""

    def __init__(self) -> None:
        self._rest, self._letters = "", 0

    def push(self, text: str) -> list[str]:
        """What is whole by now. Garbled: it is too much in all."""
        self._letters += len(text)
        if self._letters > LETTERS_MAX:
            raise Garbled(f"a text of more than {LETTERS_MAX} letters")
        self._rest += text
        whole: list[str] = []
        while found := _END.search(self._rest):
            whole += _pieces(self._rest[: found.end()])
            self._rest = self._rest[found.end() :]
        return whole

    def end(self) -> list[str]:
        """What is left."""
        rest, self._rest = self._rest, ""
        return _pieces(rest)


def _pieces(sentence: str) -> list[str]:
    pieces: list[str] = []
    rest = sentence.strip()
    while len(rest) > PIECE_LETTERS:
        cut = rest.rfind(" ", 1, PIECE_LETTERS)
        cut = cut if cut > 0 else PIECE_LETTERS
        pieces.append(rest[:cut])
        rest = rest[cut:].strip()
    return [*pieces, rest] if rest else pieces
