"""Cutting a growing answer into pieces that can be spoken.

The first piece is as short as can be, because somebody is waiting for it: "Yes," is one, so is "It can fly"
before "and", and so are any two longer words whose last belongs to them. A synthesizer that is told of what
came before a piece, and that it goes on, makes no seam there (decisions 27 and 28). The second is short as
well, because the first does not play for long. Later ones are whole sentences, because those sound best and
there is time.
"""

import re
from itertools import pairwise

MIN_LETTERS = (2, 10)
"""The first two clauses end at the first comma or the like after so many letters, and at any sentence's end.
A shorter second one would be over before the third is ready."""
PHRASE_MIN_WORDS = (3, 5)
"""After so many words the first two clauses also end before a word that begins a phrase. Three words play for
as long as it takes a small machine to generate and speak the next five or six."""
ANY_MIN_WORDS = (2, 5)
"""After so many words the first two clauses end before any word that can be spoken by itself."""
ANY_MIN_LETTERS = (8, 18)
"""If they have so many letters, or it is a word more. Eight letters play for about half a second, in which a
small machine generates and speaks the next five words."""
EARLY_LETTERS = 28
"""Until so many are made, further clauses are as short as the second: "point." does not play for as long as a
whole sentence takes to make."""
EARLY_MAX_WORDS = 12
"""Without any punctuation the first two clauses are cut here."""
MAX_WORDS = 40
"""No clause is longer, so that no synthesis takes long."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)")
_CLAUSE_END = re.compile(r"[,;:.!?…—]+[\"'”’)\]]*(?=\s)|\s[–-](?=\s)")
_WORD = re.compile(r"\S+")
_GAP = re.compile(r"(?<=\S)\s+(?=\S)")
_PHRASE_WORDS = frozenset(
    {
        *("and", "but", "or", "so", "because", "since", "if", "when", "where", "while", "who"),
        *("which", "with", "without", "for", "from", "in", "into", "on", "at", "to", "by", "about"),
        *("around", "after", "before", "between", "during", "near", "through", "of", "than", "is"),
        *("are", "was", "were", "that", "as", "then"),
    }
)
_PHRASE_BEGINS = re.compile(rf"\s(?=(?:{'|'.join(sorted(_PHRASE_WORDS))})\s)")
_NEVER_LAST = _PHRASE_WORDS | frozenset(
    {
        *("a", "an", "the", "my", "your", "his", "her", "our", "their", "its", "this", "that"),
        *("what", "how", "why", "out", "up", "off", "over", "down", "not", "very", "too", "as", "i"),
        *("you", "it"),
    }
)
"""Words that belong to the one behind them, so that no phrase ends with them."""
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
        self._made = 0
        """Clauses so far: 0 is the first, 1 the second or one as short, 2 a later one."""
        self._letters = 0

    def feed(self, text: str) -> list[str]:
        """Add `text`; returns the clauses it completes."""
        self._rest += text
        clauses: list[str] = []
        while (cut := self._cut()) is not None:
            clause, self._rest = self._rest[:cut], self._rest[cut:]
            if clause.strip():
                clauses.append(clause.strip())
                self._letters += sum(map(str.isalpha, clause))
                self._made = 2 if self._made and self._letters >= EARLY_LETTERS else 1
        return clauses

    def finish(self) -> list[str]:
        """The answer is complete; returns what is left of it, if anything."""
        rest, self._rest = self._rest.strip(), ""
        return [rest] if rest else []

    @property
    def _early(self) -> bool:
        return self._made < len(MIN_LETTERS)

    def _cut(self) -> int | None:
        """The first place to cut at. It depends on nothing behind it, and so not on how the text came."""
        long = self._cut_long(EARLY_MAX_WORDS if self._early else MAX_WORDS)
        cuts = (self._cut_at_end(), self._cut_at_phrase(), self._cut_anywhere(), long)
        return min((cut for cut in cuts if cut is not None), default=None)

    def _cut_at_end(self) -> int | None:
        pattern = _CLAUSE_END if self._early else _SENTENCE_END
        fewest = MIN_LETTERS[self._made] if self._early else 1
        for match in pattern.finditer(self._rest):
            head = self._rest[: match.end()]
            ends_sentence = _SENTENCE_END.match(self._rest, match.start()) is not None
            enough = sum(c.isalnum() for c in head) >= (1 if ends_sentence else fewest)
            if enough and not _in_code(head) and not _ABBREVIATION.search(head):
                return match.end()
        return None

    def _cut_at_phrase(self) -> int | None:
        if not self._early:
            return None
        for match in _PHRASE_BEGINS.finditer(self._rest):
            head = self._rest[: match.start()]
            words = head.split()
            whole = len(words) >= PHRASE_MIN_WORDS[self._made] and words[-1].lower() not in _NEVER_LAST
            if whole and not _in_code(head):
                return match.start()
        return None

    def _cut_anywhere(self) -> int | None:
        if not self._early:
            return None
        fewest, letters = ANY_MIN_WORDS[self._made], ANY_MIN_LETTERS[self._made]
        for words, (last, following) in enumerate(pairwise(_WORD.finditer(self._rest)), start=1):
            head = self._rest[: last.end()]
            enough = words > fewest or (words == fewest and sum(map(str.isalpha, head)) >= letters)
            # A capital or a figure may belong to the word before it: "Henry VIII", "March 5th", "New York".
            parted = following.group()[0].islower() and _can_be_last(last.group())
            if enough and parted and not _in_code(head):
                return last.end()
        return None

    def _cut_long(self, words: int) -> int | None:
        gaps = [gap.start() for gap in _GAP.finditer(self._rest)]
        return next((gap for gap in gaps[words - 1 :] if not _in_code(self._rest[:gap])), None)


def _can_be_last(word: str) -> bool:
    """Whether `word` is read the same with or without what follows; "5" before "km" and "etc." are not."""
    return word.replace("'", "").replace("’", "").isalpha() and word.lower() not in _NEVER_LAST


def _in_code(head: str) -> bool:
    """Whether a code block is open at the end of `head`."""
    return head.count("```") % 2 == 1
