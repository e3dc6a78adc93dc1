"""Sees to it that an answer asks what is due, and nothing in its place.

The first sentence goes as it comes, for somebody waits for it. Behind it a question that is not the one due
is left out, and the one due is asked in the end. While one is due, later sentences wait until they are over;
they are made faster than they are spoken.
"""

from collections.abc import Iterable, Iterator

from antiphon.contracts import Finish, Piece, TextDelta
from antiphon.runtime.cast_lead import SENTENCE, Lead
from antiphon.samp.due import Due


def spoken(pieces: Iterable[Piece], lead: Lead, due: Due | None, before: str = "") -> Iterator[Piece]:
    """The answer as it is to be said.

    Args:
        pieces: as the model gives them.
        lead: takes away what is not said.
        due: what is to be asked; None: whatever the model asks.
        before: what is said already.
    """
    asking = _Asking(due, before)
    for piece in pieces:
        text = ""
        if isinstance(piece, TextDelta):
            text = asking.feed(lead.feed(piece.text))
        elif isinstance(piece, Finish):
            text = lead.finish()
            if lead.needless and due is not None:
                text = ""
            text = asking.feed(text) + asking.finish(whole=piece.reason == "stop")
        if text:
            yield TextDelta(text)
        if not isinstance(piece, TextDelta):
            yield piece


class _Asking:
    def __init__(self, due: Due | None, before: str) -> None:
        self._due, self._asked = due, due is None or due.asked_by(before)
        self._sentence, self._told = "", 0
        """What has come of a sentence, and how much of that was given on."""
        self._first, self._said = True, False

    def feed(self, text: str) -> str:
        if self._due is None:
            return text
        self._sentence += text
        told = ""
        while over := SENTENCE.match(self._sentence):
            rest = self._sentence[over.end() :]
            told += self._over(self._due, over[0])
            self._sentence = rest
        if self._first:
            told += self._sentence[self._told :]
            self._told = len(self._sentence)
        return told

    def finish(self, *, whole: bool) -> str:
        """The rest, and the question, if the answer is `whole`."""
        if self._due is None:
            return ""
        rest = self._over(self._due, self._sentence) if self._sentence.strip() else ""
        if not whole or self._asked:
            return rest
        return f"{rest} {self._due.question}" if self._said else self._due.question

    def _over(self, due: Due, sentence: str) -> str:
        asks = due.asked_by(sentence)
        kept = self._first or "?" not in sentence or (asks and not self._asked)
        told = sentence[self._told :] if kept else ""
        self._asked, self._said = self._asked or asks, True
        self._first, self._told = False, 0
        return told
