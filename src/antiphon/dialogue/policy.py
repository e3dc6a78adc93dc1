"""When a pause is the end of a turn: a pure function of the silence's age, how finished it sounds and reads.

A person's pause is a question, and waiting answers it a little more with every frame. How long to wait
depends on the odds that the turn is over, as the end-of-turn model gives them, asked again and again while
the pause grows and averaged over all its answers:

    silence needed = 1130 ms / odds ** 0.47, twice that when the words want more, at most the longest wait

It is a logistic regression of "this pause is the end" on the mean logit of the scores, the logarithm of the
silence's age, and whether the words break off (`completeness`), solved for the age at which it is 2.7 to 1.
Fitted on 132 turns, one half of the recordings by speaker, every kind of recording weighing the same. The
mean of several answers tells far more than the newest: at the same share of turns cut off it waits a quarter
less. How often a caller has paused before was left out: in recordings with one pause each it says the
opposite of what it says in conversation.
"""

from math import exp, log
from typing import Literal, NamedTuple

import msgspec

from antiphon.contracts import Ticks, ms, ticks
from antiphon.dialogue.completeness import wants_more


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules by which one conversation takes turns."""

    mode: Literal["manual", "silence", "sounding"] = "sounding"
    """Manual: the client commits. Silence: a fixed pause. Sounding: the pause is listened to."""
    speech_threshold: float = 0.5
    """A window at least this likely to be speech is speech; silence is 0.15 below it."""
    prefix_ticks: Ticks = ticks(300)
    """Audio kept from before the first speech."""
    silence_ticks: Ticks = ticks(500)
    """The pause that ends a turn in silence mode."""
    longest_wait_ticks: Ticks = ticks(2000)
    """The pause that ends a turn however unfinished it sounds."""
    patience: float = 1.0
    """Stretches every wait of sounding mode; below 1 is eager."""
    answers: bool = True
    """Whether a turn that has ended is answered unasked."""
    yields: bool = True
    """Whether the agent falls silent for a caller who speaks over it."""
    speaks: bool = True
    """Whether replies are sound; otherwise they are text."""
    idle_ticks: Ticks | None = None
    """How long after a reply nobody may speak before the agent speaks again."""


ASK_AT: tuple[Ticks, ...] = tuple(ticks(age_ms) for age_ms in (96, 200, 320, 480, 700, 1000, 1400))
"""Ages of the silence at which the end-of-turn model is asked, again and again as the pause grows."""

EVEN_WAIT_MS = 1130.0
"""The silence that ends a turn when the odds are even."""
TRUST = 0.47
"""The power of the odds."""
UNFINISHED = 2.0
"""By how much words that want more stretch the wait."""
_SURE = 0.995  # no score is believed more than this


class Pause(NamedTuple):
    """What is known of a pause while it lasts."""

    silence: Ticks
    """Its age."""
    scores: tuple[float, ...] = ()
    """The end-of-turn probabilities of this very pause, newest last."""
    words: str | None = None
    """The turn's words up to this pause; None while they are not known."""


def turn_is_over(policy: Policy, pause: Pause) -> bool:
    """Whether a caller who is pausing has finished."""
    if policy.mode == "manual":
        return False
    if policy.mode == "silence":
        return pause.silence >= policy.silence_ticks
    return ms(pause.silence) >= silence_needed_ms(policy, pause)


def silence_needed_ms(policy: Policy, pause: Pause) -> float:
    """How long a pause that sounds and reads like this must last to be the end, in sounding mode."""
    longest = ms(policy.longest_wait_ticks)
    if not pause.scores:
        return longest * policy.patience
    logits = [log(score / (1 - score)) for score in map(_believed, pause.scores)]
    needed = EVEN_WAIT_MS * exp(-TRUST * sum(logits) / len(logits))
    if pause.words is not None and wants_more(pause.words):
        needed *= UNFINISHED
    return min(needed, longest) * policy.patience


def _believed(score: float) -> float:
    return min(max(score, 1 - _SURE), _SURE)
