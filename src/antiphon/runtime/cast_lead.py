"""What a small model writes before it speaks, as in a play or a story: a name, quotation marks. Taken out.

Only as much is held back as may still become such a name, so that an answer that begins otherwise waits for
nothing.
"""

_VERBS = ("says", "said", "asks", "asked", "answers", "answered", "replies", "replied")
_MARKS = (":", *(f' {verb}{stop} "' for verb in _VERBS for stop in (",", ":", "")))
"""What follows the name: in a play, and in a story."""


class Lead:
    """Takes an answer as it comes, and gives what of it is to be said."""

    def __init__(self, name: str) -> None:
        names = dict.fromkeys((name, name.rpartition(" ")[2]))
        self._marks = tuple(f"{each}{mark}" for each in names for mark in _MARKS)
        self._held = ""
        self._begun = self._quoted = False

    def feed(self, text: str) -> str:
        """More of the answer; returns what may be said now."""
        if self._begun:
            return self._plain(text)
        self._held += text
        bare = self._held.lstrip()
        named = next((mark for mark in self._marks if bare.startswith(mark)), None)
        if named is None and any(mark.startswith(bare) for mark in self._marks):
            return ""
        rest = bare.removeprefix(named).lstrip() if named is not None else self._held
        if not rest:
            return ""
        self._begun, self._held = True, ""
        self._quoted = '"' in (rest.lstrip()[0], (named or "")[-1:])
        return self._plain(rest)

    def finish(self) -> str:
        """The answer is complete; returns what was held back of it, if it was no name."""
        held, self._held = self._held, ""
        return "" if held.strip() in self._marks else held

    def _plain(self, text: str) -> str:
        return text.replace('"', "") if self._quoted else text
