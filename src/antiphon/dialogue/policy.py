"""When a pause is the end of a turn: a pure function of the silence's age, how finished it sounds and reads.

A person's pause is a question, and waiting answers it a little more with every frame. How long to wait
depends on two judges who err apart. The end-of-turn model hears how finished the turn *sounds*; it is asked
again and again while the pause grows, and its logits are averaged. The language model says how likely the
words *end a sentence*, which it knows from reading them, at no cost:

    silence needed = 357 ms − 45 ms · mean logit − 107 ms · (ln P(sentence ends) + 1)

but between 250 and 2340 ms, and all of it stretched by `patience`. A line, because callers who will go on do
so at an about even rate: every further moment of silence then makes the end likelier by the same factor, and
the moment at which it is likely enough lies as much earlier as the odds were better to begin with.

Fitted on one half of the recordings by speaker, every kind of recording weighing the same, to the least
delay for every price of a turn cut off. Over the pauses of that half the sound alone tells ends from
hesitations with an area under the curve of .84 (natural turns) and .91 (made ones), the words alone .74 and
.89, both .85 and .95. Where no model weighs the words, `completeness` knows some that cannot be the last. How
often a caller has paused before was left out: in recordings with one pause each it says the opposite of what
it says in conversation.
"""

from math import log
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
    longest_wait_ticks: Ticks = ticks(2340)
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


ASK_AT: tuple[Ticks, ...] = tuple(ticks(age_ms) for age_ms in (96, 320, 480, 700, 1000, 1400))
"""Ages of the silence at which the end-of-turn model is asked, again and again as the pause grows. Not while
the words are written down and the answer is begun: once more at 200 ms made no difference to the fit."""

WAIT_MS = 357.0
"""The silence that ends a turn when the scores are even and the words end a sentence as often as most do."""
SOUND_MS = 45.0
"""By how much a logit shortens the wait."""
WORDS_MS = 107.0
"""By how much the wait shrinks when it is e times as likely that a sentence ends."""
SHORTEST_WAIT_MS = 250.0
USUAL_ENDING = -1.0
"""The logarithm of how likely whole sentences are seen to end; what counts while nobody knows."""
BROKEN_OFF = -5.0
"""What counts for words that break off, where no language model weighs them."""
_LEAST_LIKELY = -9.0
_SURE = 0.995  # no score is believed more than this


class Pause(NamedTuple):
    """What is known of a pause while it lasts."""

    silence: Ticks
    """Its age."""
    scores: tuple[float, ...] = ()
    """The end-of-turn probabilities of this very pause, newest last."""
    words: str | None = None
    """The turn's words up to this pause; None while they are not known."""
    may_end: float | None = None
    """The natural logarithm of how likely they end a sentence; None while no model has said so."""


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
    sound = sum(logits) / len(logits)
    needed = WAIT_MS - SOUND_MS * sound - WORDS_MS * (_ending(pause) - USUAL_ENDING)
    return min(max(needed, SHORTEST_WAIT_MS), longest) * policy.patience


def _ending(pause: Pause) -> float:
    if pause.may_end is not None:
        return max(pause.may_end, _LEAST_LIKELY)
    return BROKEN_OFF if pause.words is not None and wants_more(pause.words) else USUAL_ENDING


def _believed(score: float) -> float:
    return min(max(score, 1 - _SURE), _SURE)
