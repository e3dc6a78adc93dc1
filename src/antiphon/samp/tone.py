"""How the caller speaks, as one order for how to answer. Pure, and by rule: no model is asked.

What counts is what was heard in the last turns: impatient words, the same thing said again, the agent cut
off more than once, and a pace that is not the caller's own. The strongest of them gives one line; most of the
time there is none, so the prompt stays what was read ahead.
"""

import re
from itertools import takewhile

from antiphon.samp.state import Said, State

TURNS = 3
"""Of the caller's; what is longer ago is forgiven."""
CUT_OFF = 2
"""Answers within these turns that were not heard to the end of a sentence."""
SAME_WORDS = 0.6
"""The share of words in common from which something is said again."""
_TELLING_WORDS_MIN = 3
FASTER, SLOWER = 1.35, 0.7
"""The last pace over the mean of those before."""
PACES_MIN = 3
"""Turns that a caller's own pace is known from."""

_IMPATIENT = re.compile(
    r"""\b(
    ridiculous|useless|unbelievable|hurry\ up|fed\ up|waste\ of\ (my\ )?time|sick\ of\ (this|it)
    |come\ on(?=\s*([,.!?]|$))|for\ (god|heaven|goodness)'?s?\ sake|for\ the\ (second|third|last)\ time
    |how\ (many\ times|much\ longer|often\ do\ i)|(this\ is|it'?s)\ taking\ (so|too|forever|ages)
    |(i|i've|i\ have)\ (already|just)\ (said|told)|(that'?s|that\ is|this\ is)\ not\ what\ i
    |(you'?re|you\ are)\ not\ listening|are\ you\ (even\ )?listening
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_FILLING = """
a an and are at be can could do for i i'd i'll i'm in is it it's like me my no of oh ok on please so that
the then this to uh um want we well would yes you your
"""
_EMPTY = frozenset(_FILLING.split())


def tone_line(state: State) -> str:
    """What to mind in the manner of the next answer; empty: nothing."""
    recent = _recent(state)
    own = [each.text for each in recent if each.role == "caller"]
    if any(_IMPATIENT.search(text.replace("’", "'")) for text in own):
        return "The caller is losing patience: stay calm, say sorry once at most, and come to the point."
    if own and any(said_again(own[-1], before) for before in own[:-1]):
        return "The caller has had to say something again: show them that you have understood it."
    if sum(_was_cut(each) for each in recent) >= CUT_OFF:
        return "The caller has cut in more than once: answer in one short sentence."
    return _of_pace(state.paces)


def pace(text: str, spoken_ms: float) -> float | None:
    """Words in a second; None of too few to tell."""
    words = len(text.split())
    return round(words * 1000 / spoken_ms, 2) if words >= 4 and spoken_ms > 0 else None


def _of_pace(paces: tuple[float, ...]) -> str:
    before = paces[:-1]
    if len(before) < PACES_MIN:
        return ""
    ratio = paces[-1] * len(before) / sum(before)
    if ratio >= FASTER:
        return "The caller speaks faster than before: keep it short."
    if ratio <= SLOWER:
        return "The caller speaks more slowly than before: use plain words, one thing at a time."
    return ""


def _recent(state: State) -> tuple[Said, ...]:
    oldest = state.turn - TURNS
    return tuple(reversed(tuple(takewhile(lambda said: said.turn > oldest, reversed(state.history)))))


def said_again(text: str, before: str) -> bool:
    """Whether the telling words of two texts are mostly the same."""
    one, other = _telling(text), _telling(before)
    least = min(len(one), len(other))
    return least >= _TELLING_WORDS_MIN and len(one & other) >= SAME_WORDS * max(len(one), len(other))


def _telling(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[\w']+", text.casefold().replace("’", "'"))) - _EMPTY


def _was_cut(said: Said) -> bool:
    # What was heard of an answer ends with a word where the caller cut in, and with its sentence otherwise.
    return said.role == "agent" and not said.text.rstrip(" \"'”’»)").endswith((".", "!", "?", "…"))
