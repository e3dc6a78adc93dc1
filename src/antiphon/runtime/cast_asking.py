"""Sees to it that an answer asks what is due, and nothing in its place.

The first sentence goes as it comes, for somebody waits for it. Behind it a question that is not the one due
is left out, and the one due is asked in the end. While one is due, later sentences wait until they are over;
they are made faster than they are spoken. A caller who has only answered is asked behind the first sentence,
and the model is told that this is enough.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from antiphon.contracts import (
    NEVER,
    Cancel,
    Finish,
    LanguageModel,
    Message,
    Piece,
    Prompt,
    Sampling,
    TextDelta,
)
from antiphon.runtime.cast_lead import SENTENCE, Lead, needless
from antiphon.samp.cast import Cast
from antiphon.samp.due import Due, question_due, questions_of
from antiphon.samp.state import State

_QUESTION_WORDS = (
    *("what", "which", "when", "where", "who", "how", "why", "can", "could", "do", "does", "did"),
    *("is", "are", "may", "shall", "would"),
)
_PLACES = ("for", "at", "on", "in")
_BEFORE = ("and", "so", *_PLACES)
_PLACE_WORDS = 3
"""So many words after "for" or "on" may still be a question by themselves: "For Monday?\""""
_AGREEING = ("sure", "okay", "ok", "yes", "great", "good", "right", "alright", "certainly", "perfect")
_BEGINNING = re.compile(
    rf"\W*(?:(?:{'|'.join(_AGREEING)}),? )?((?:(?:{'|'.join(_BEFORE)}) )*)(\w*)(\W?)", re.IGNORECASE
)
"""What stands before the word that tells whether a sentence is a question, that word, and what follows."""


class Enough:
    """A `Cancel` that is also raised once an answer has said enough."""

    def __init__(self, cancel: Cancel) -> None:
        self._cancel = cancel
        self.said = False

    def is_set(self) -> bool:
        """Whether nothing more is wanted."""
        return self.said or self._cancel.is_set()


def spoken_before(prompt: Prompt, verbatim: str) -> Prompt:
    """`prompt`, when the answer has already begun with these words."""
    if not verbatim:
        return prompt
    return msgspec.structs.replace(prompt, messages=(*prompt.messages, Message("assistant", verbatim)))


def answered(
    model: LanguageModel,
    asked: Prompt,
    sampling: Sampling,
    cast: Cast,
    state: State,
    *,
    cache_key: str,
    cancel: Cancel = NEVER,
    before: str = "",
) -> Iterator[Piece]:
    """What whoever speaks in `state` answers, aloud or in writing: as the model says it, but for what is due.

    Args:
        model: it is stopped once enough is said.
        asked: the prompt, which was made for `state`.
        sampling: how the answer is drawn.
        cast: whose people speak.
        state: the caller's words are taken for something in it.
        cache_key: the conversation's.
        cancel: whether nothing is wanted any more.
        before: what is said already, word for word.
    """
    persona = cast.personas[state.place.persona]
    lead = Lead(persona.name, persona.role, needless(persona, asked.messages, questions_of(cast, state)))
    enough = Enough(cancel)
    pieces = model.generate(spoken_before(asked, before), sampling, cache_key=cache_key, cancel=enough)
    return spoken(pieces, lead, question_due(cast, state), enough, before)


def spoken(
    pieces: Iterable[Piece], lead: Lead, due: Due | None, enough: Enough, before: str = ""
) -> Iterator[Piece]:
    """The answer as it is to be said.

    Args:
        pieces: as the model gives them.
        lead: takes away what is not said.
        due: what is to be asked; None: whatever the model asks.
        enough: what the model looks at; it is raised when no more is needed.
        before: what is said already.
    """
    asking = _Asking(due, before)
    for piece in pieces:
        text, rest = "", piece
        if isinstance(piece, TextDelta):
            text, rest = asking.feed(lead.feed(piece.text)), None
            enough.said = asking.done
        elif isinstance(piece, Finish):
            rest = Finish("stop", piece.usage) if enough.said else piece
            last = lead.finish()
            text = "" if lead.needless and due is not None else asking.feed(last)
            text += asking.finish(whole=rest.reason == "stop")
        if text:
            yield TextDelta(text)
        if rest is not None:
            yield rest


class _Asking:
    def __init__(self, due: Due | None, before: str) -> None:
        self._due, self._asked = due, due is None or due.asked_by(before)
        self._sentence, self._told = "", 0
        """What has come of a sentence, and how much of that was given on."""
        self._first, self._said = True, False
        self.done = False
        """Whether nothing more is to be said."""

    def feed(self, text: str) -> str:
        if self._due is None:
            return text
        if self.done:
            return ""
        self._sentence += text
        told = ""
        while over := SENTENCE.match(self._sentence):
            rest = self._sentence[over.end() :]
            told += self._over(self._due, over[0])
            self._sentence = rest
            if self._due.at_once:
                self.done = True
                return told if self._asked else self._with_question(told)
        if self._first and not self._may_go(self._sentence):
            told += self._sentence[self._told :]
            self._told = len(self._sentence)
        return told

    def finish(self, *, whole: bool) -> str:
        """The rest, and the question, if the answer is `whole`."""
        if self._due is None or self.done:
            return ""
        rest = self._over(self._due, self._sentence) if self._sentence.strip() else ""
        if not whole or self._asked:
            return rest
        return self._with_question(rest)

    def _with_question(self, told: str) -> str:
        assert self._due is not None
        return f"{told} {self._due.question}" if self._said else self._due.question

    def _may_go(self, sentence: str) -> bool:
        """Whether the first sentence may be a question instead of the one that is asked behind it at once."""
        begun = _BEGINNING.match(sentence)
        if self._told or self._due is None or not self._due.at_once or begun is None:
            return False
        word = begun[2].lower()
        if not begun[3]:
            return any(each.startswith(word) for each in (*_QUESTION_WORDS, *_BEFORE, *_AGREEING))
        rest = sentence[begun.end(1) :]
        placed = begun[1].lower().rstrip().endswith(_PLACES)
        if placed and "," not in rest and len(rest.split()) <= _PLACE_WORDS:
            return True
        return word in _QUESTION_WORDS or (begun[3] == "," and word in _AGREEING)

    def _over(self, due: Due, sentence: str) -> str:
        asks = due.asked_by(sentence)
        kept = (
            (self._first and not self._may_go(sentence)) or "?" not in sentence or (asks and not self._asked)
        )
        told = sentence[self._told :] if kept else ""
        self._asked, self._said = self._asked or asks, self._said or bool(told) or self._told > 0
        self._first, self._told = False, 0
        return told
