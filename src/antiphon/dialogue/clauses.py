"""Cutting a growing answer into pieces that can be spoken.

The first piece is short, because somebody is waiting for it; later ones are whole sentences, because those
sound best and there is time: the earlier piece is still playing.
"""

import re

FIRST_MIN_LETTERS = 8
"""A first clause shorter than this would leave a gap before the second is ready."""
FIRST_MAX_WORDS = 12
"""Without any punctuation the first clause is cut here."""
MAX_WORDS = 40
"""No clause is longer, so that no synthesis takes long."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)")
_CLAUSE_END = re.compile(r"[,;:.!?…—]+[\"'”’)\]]*(?=\s)|\s[–-](?=\s)")
_GAP = re.compile(r"(?<=\S)\s+(?=\S)")
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|approx|No|e\.g|i\.e|a\.m|p\.m|[A-Z])\.$")

_CODE = re.compile(r"```.*?(?:```|$)", re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_LIST_MARK = re.compile(r"^\s*(?:[-*•]|#{1,6})\s+", re.MULTILINE)
_MARKUP = re.compile(r"[*_`#~|<>{}\[\]\\]+")
_PICTURES = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+")


def speakable(text: str) -> str:
    """`text` as somebody would read it aloud: without markup, code blocks, pictures and line breaks."""
    text = _LINK.sub(r"\1", _CODE.sub(" ", text))
    text = _PICTURES.sub(" ", _MARKUP.sub("", _LIST_MARK.sub("", text)))
    return " ".join(text.split())


class ClauseCutter:
    """Takes an answer as it grows and gives it back in clauses; no letter is lost or given twice."""

    def __init__(self) -> None:
        self._rest = ""
        self._first = True

    def feed(self, text: str) -> list[str]:
        """Add `text`; returns the clauses it completes."""
        self._rest += text
        clauses: list[str] = []
        while (cut := self._cut()) is not None:
            clause, self._rest = self._rest[:cut], self._rest[cut:]
            if clause.strip():
                clauses.append(clause.strip())
                self._first = False
        return clauses

    def finish(self) -> list[str]:
        """The answer is complete; returns what is left of it, if anything."""
        rest, self._rest = self._rest.strip(), ""
        return [rest] if rest else []

    def _cut(self) -> int | None:
        """The first place to cut at. It depends on nothing behind it, and so not on how the text came."""
        cuts = (self._cut_at_end(), self._cut_long(FIRST_MAX_WORDS if self._first else MAX_WORDS))
        return min((cut for cut in cuts if cut is not None), default=None)

    def _cut_at_end(self) -> int | None:
        pattern = _CLAUSE_END if self._first else _SENTENCE_END
        for match in pattern.finditer(self._rest):
            head = self._rest[: match.end()]
            letters = sum(c.isalnum() for c in head)
            enough = letters >= (FIRST_MIN_LETTERS if self._first else 1)
            if enough and not _in_code(head) and not _ABBREVIATION.search(head):
                return match.end()
        return None

    def _cut_long(self, words: int) -> int | None:
        gaps = [gap.start() for gap in _GAP.finditer(self._rest)]
        return next((gap for gap in gaps[words - 1 :] if not _in_code(self._rest[:gap])), None)


def _in_code(head: str) -> bool:
    """Whether a code block is open at the end of `head`."""
    return head.count("```") % 2 == 1
