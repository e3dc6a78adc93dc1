"""What the slow loop asks a model about a turn, and what it proposes from the answers. Pure.

The live loop has judged the turn without a model, in milliseconds. Where it was sure, nothing is asked. Where
it was not, each plausible move is put to the model as a question of yes or no, and its margins join the other
judges on their line. Two things can come of it:

    the turn moved nothing      the move it should have made is proposed, for the state it was thought of for
    it moved, and wrongly       another move is proposed instead of that one, if the model is surer than usual

A way that does something is not taken: its tool runs when a turn of the caller's takes it, and only then.

Proposals are named after the turn and the version, so thinking twice proposes the same, and the second time
changes nothing. Everything is judged on a snapshot: whatever happens meanwhile, `rules` applies or drops it.
"""

from datetime import date

import msgspec
from msgspec.structs import replace

from antiphon.contracts import Prompt
from antiphon.samp.cast import Cast
from antiphon.samp.commands import Clarify, Command, GoTo, JumpTo, Proposal, Return, SwitchPersona
from antiphon.samp.deciding import Decider
from antiphon.samp.likelihood import FITTED, Likely
from antiphon.samp.margins import NOTHING_SAID, meaning, meant_by
from antiphon.samp.rules import before_last_move, target
from antiphon.samp.state import State, told_just_now
from antiphon.samp.tools import on_the_way

QUESTIONS_MAX = 4
"""Moves that are asked about in one turn: each costs the model some sixty tokens."""
PLAUSIBLE = 0.03
"""How likely a move must be by the live judges to be asked about."""
SURE_LIVE = 0.9
"""From here on the live loop's judgement is not questioned."""
SURER = 0.8
"""How likely another move must be, with the model's margins, to take back one that was made."""
CLARIFIED_FROM = 0.3
"""Two moves that are each at least so likely, and neither likely enough, are asked back about."""
WEIGHTS = replace(FITTED, margin=0.3)
"""The line with a model's margin on it, for a model of a billion parameters."""


class Question(msgspec.Struct, frozen=True):
    """Something to ask the model about a turn: is this what the caller means?"""

    key: str
    """The option's."""
    meant: str
    """The option in words; what the model says of it when nothing was said is the same in every turn."""
    prompt: Prompt
    prior: Prompt
    """The same question when nothing was said."""


def questions(cast: Cast, decider: Decider, state: State, *, today: date) -> tuple[Question, ...]:
    """What to ask about the last turn, as `state` is once the live loop has dealt with it."""
    words, agent_said = _last_words(state)
    if not words or state.ended or state.question:
        return ()
    view, told = _viewpoint(state), told_just_now(state)
    chances = decider.likely(view, words, today=today)
    if chances[0].probability >= SURE_LIVE:
        return ()
    untold = replace(view, slots={name: each for name, each in view.slots.items() if name not in told})
    if decider.stays(untold, words, today=today):
        return ()
    plausible = [each.option for each in chances if each.probability >= PLAUSIBLE]
    asked = [(option.key, meant) for option in plausible if (meant := meaning(option))][:QUESTIONS_MAX]
    return tuple(
        Question(key, meant, meant_by(agent_said, words, meant), meant_by("", NOTHING_SAID, meant))
        for key, meant in asked
    )


def proposals(
    cast: Cast, decider: Decider, state: State, margins: dict[str, float], *, today: date
) -> tuple[Proposal, ...]:
    """What follows from the answers: a margin of yes over no less its prior, for each question's key."""
    words, _ = _last_words(state)
    if not words or not margins:
        return ()
    weighed = decider.weighing(WEIGHTS)
    view = _viewpoint(state)
    chances = weighed.likely(view, words, today=today, margins=margins)
    if view is state:
        commands = weighed.decide(state, words, today=today, margins=margins).commands
        if not any(isinstance(each, GoTo | JumpTo | Return | SwitchPersona) for each in commands):
            commands = (*commands, *_asked_back(chances))
    else:
        commands = _instead(state, chances)
    # To say goodbye for a booking that nobody makes would be worse than to ask once more.
    commands = tuple(each for each in commands if not any(on_the_way(cast, view, each)))
    return tuple(
        Proposal(
            id=f"reflective-{state.turn}-{state.version}-{number}",
            base=state.version,
            turn=state.turn,
            by="reflective",
            command=command,
        )
        for number, command in enumerate(commands)
    )


def _viewpoint(state: State) -> State:
    """The state in which the turn was said: before its move, if it made one."""
    return before_last_move(state) if state.moved_turn == state.turn and state.came_from else state


def _instead(state: State, chances: tuple[Likely, ...]) -> tuple[Command, ...]:
    move, sure = chances[0].option.move, chances[0].probability
    if not isinstance(move, GoTo | JumpTo) or sure < SURER or target(move) == state.place.scene:
        return ()
    return (replace(move, instead_of=state.place_version),)


def _asked_back(chances: tuple[Likely, ...]) -> tuple[Clarify, ...]:
    near = [each for each in chances if each.option.move is not None and each.option.when]
    if len(near) < 2 or near[1].probability < CLARIFIED_FROM:
        return ()
    one, other = (each.option.when for each in near[:2])
    return (Clarify(f"find out which is meant: {one}, or {other}"),)


def _last_words(state: State) -> tuple[str, str]:
    """The caller's last words, if nobody has spoken since, and what the agent said before them."""
    if not state.history or state.history[-1].role != "caller":
        return "", ""
    said = next((each.text for each in reversed(state.history) if each.role == "agent"), "")
    return state.history[-1].text, said
