"""When a pause is the end of a turn: a pure function of the silence's age and how finished it sounds.

A person's pause is a question, and waiting answers it a little more with every frame. So the bar falls as
the silence grows: early on only a turn that sounds thoroughly finished is taken, later almost any, and after
the longest wait even one that sounds unfinished. The steps follow the operating points published for the
Smart Turn model (a score above .21 acted on at 500 ms; .05 at a second), not its stock rule.
"""

from typing import Literal, NamedTuple

import msgspec

from antiphon.contracts import Ticks, ticks


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
    longest_wait_ticks: Ticks = ticks(2400)
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


STEPS: tuple[tuple[Ticks, float], ...] = (
    (ticks(200), 0.85),
    (ticks(350), 0.5),
    (ticks(600), 0.2),
    (ticks(1000), 0.06),
)
"""From this age of the silence, a score of at least this ends the turn."""

ASK_AT: tuple[Ticks, ...] = (ticks(96), ticks(350), ticks(700), ticks(1200))
"""Ages of the silence at which the end-of-turn model is asked, again and again as the pause grows."""


class Pause(NamedTuple):
    """What is known of a pause while it lasts."""

    silence: Ticks
    """Its age."""
    score: float | None = None
    """The newest end-of-turn probability of this very pause; None while there is none."""
    words: str | None = None
    """The turn's words up to this pause; None while they are not known."""
    before: tuple[Ticks, ...] = ()
    """This caller's earlier pauses that did not end a turn, newest last."""


PAUSES_KEPT = 16
"""How many of a caller's own pauses are remembered."""


def turn_is_over(policy: Policy, pause: Pause) -> bool:
    """Whether a caller who is pausing has finished."""
    if policy.mode == "manual":
        return False
    if policy.mode == "silence":
        return pause.silence >= policy.silence_ticks
    if pause.silence >= policy.longest_wait_ticks * policy.patience:
        return True
    if pause.score is None:
        return False
    return any(pause.silence >= age * policy.patience and pause.score >= bar for age, bar in STEPS)
