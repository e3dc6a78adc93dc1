"""From a caller's words to commands, fast enough for the answer to be the right persona's.

Asked on partial words it says what is likely, so that the prompts of likely moves can be read ahead. Asked at
the end of the turn it says what to propose: what became known, then at most one move. Slots are certain and
words are not, so an automatic way that this very turn opened goes before a way in words; what can come up
anywhere goes before both.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from datetime import date

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Embedder
from antiphon.samp.asking_back import asked_back, words_of
from antiphon.samp.cast import BACK, SLOT_IN_TEXT, Cast
from antiphon.samp.checking import asked_in
from antiphon.samp.commands import (
    Clarify,
    Command,
    CorrectSlot,
    GoTo,
    JumpTo,
    Leave,
    Return,
    SetSlot,
    SwitchPersona,
    Tick,
    UnsetSlot,
)
from antiphon.samp.commonplaces import BACK as BACK_PHRASES
from antiphon.samp.confidence import knows_slot
from antiphon.samp.extraction import CUED, Telling, denies, tellings
from antiphon.samp.guards import Value
from antiphon.samp.likelihood import (
    ASKS,
    FITTED,
    Judge,
    Likely,
    Weights,
    likely,
    line_for,
    seeks,
    telling_words,
)
from antiphon.samp.moves import Move, Option, called, options
from antiphon.samp.state import State, automatic, open_tasks, values, waits
from antiphon.samp.unclear import asked_which, made_clear, readings, settles, which
from antiphon.samp.unsaying import unsaid

SURE = 0.5
"""How likely a move in words must be to be proposed."""
SURE_SOUGHT = 0.3
"""The same where somebody is asked for, whoever it is: then not to move is no way out."""
SAID_ALIKE = 0.45
"""How near the agent's words must be to a task to count as having done it. It misses some; the slow loop may
propose them."""
GOODBYE_ALIKE = 0.6
_ASKS_ALIKE = 0.35
"""How near the agent's words must be to a slot to count as a question for it."""

_BUT = re.compile(r"\b(except|apart from|all but|other than)\b", re.IGNORECASE)
"""Behind a yes: not to all of it."""
_GOODBYES = ("goodbye", "bye bye", "thank you goodbye", "see you", "that's all, bye")


class Decision(msgspec.Struct, frozen=True):
    """What a turn is taken for."""

    commands: tuple[Command, ...]
    """What to propose, in this order."""
    likely: tuple[Likely, ...]
    """What it was judged by."""


class Decider:
    """Judges turns of conversations with one cast. Its state is only what it has embedded."""

    def __init__(self, cast: Cast, embedder: Embedder, *, weights: Weights = FITTED) -> None:
        """Embeds every phrase of the cast: some milliseconds each."""
        self._cast, self._weights = cast, weights
        self._judge = Judge(embedder)
        self._judge.learn(list(_phrases(cast)))
        self._embedder = embedder

    def weighing(self, weights: Weights) -> "Decider":
        """The same with other weights; what is embedded is shared."""
        other = copy(self)
        other._weights = weights
        return other

    def likely(
        self, state: State, words: str, *, today: date, margins: Mapping[str, float] = {}
    ) -> tuple[Likely, ...]:
        """What may happen next, the likeliest first, as far as these words tell. They may be partial."""
        found, features = self.judged(state, words, today=today, margins=margins)
        return likely(found, features, line_for(features, self._weights))

    def judged(
        self, state: State, words: str, *, today: date, margins: Mapping[str, float] = {}
    ) -> tuple[tuple[Option, ...], NDArray[np.float64]]:
        """The options, and what each judge says of them: shape [options, len(FEATURES)]."""
        found = options(self._cast, state)
        told = self._told_by_option(found, state, words, today)
        said = _agent_said(state)
        return found, self._judge.features(found, words, agent_said=said, told=told, margins=margins)

    def decide(self, state: State, words: str, *, today: date, margins: Mapping[str, float] = {}) -> Decision:
        """What to propose when the turn is over."""
        found, features = self.judged(state, words, today=today, margins=margins)
        chances = likely(found, features, line_for(features, self._weights))
        move, kind = _best_move(chances, SURE_SOUGHT if seeks(features) else SURE)
        if move is not None and self.stays(state, words, today=today):
            move = None
        if move is not None and (self._lacks(state, move) or self._is_no_yes(state, words, today, move)):
            move = None
        if isinstance(move, Return) and self._acts_unasked(state, move):
            move = Return()
        told = self._tellings(state, words, today, move)
        if isinstance(move, GoTo) and self._changes_what_waits(state, told):
            move = None  # it is confirmed as it is now, not as it was
        unset = self._unset(state, words, today, move, told)
        if not told and not unset and isinstance(move, GoTo | None):
            may_be = self._readings(state, words, today)
            # "Yes" is no answer to which of two things is meant.
            if len(may_be) < 2 and move is not None and self._agrees(state, move):
                may_be = self._asked_which(state, words, today)
            if len(may_be) > 1:
                return Decision((Clarify(which(self._cast, may_be)),), chances)
        known = {**values(state), **{each.slot: each.value for each in told}}
        known = {name: value for name, value in known.items() if name not in unset}
        opened = self.opened(state, known, fresh=bool(told))
        if isinstance(move, GoTo | Return) and kind in ("way", "back"):
            move = opened if opened is not None and told else self._passing_on(state, move, known)
        elif move is None:
            move = opened
        if move is None and self._leaves(state, words, told):
            return Decision((Leave(),), chances)
        slots = [UnsetSlot(name, state.slots[name].value) for name in unset]
        slots += [_slot_command(state, each) for each in told]
        return Decision((*slots, move) if move is not None else tuple(slots), chances)

    def done_tasks(self, state: State) -> tuple[Tick, ...]:
        """The tasks of the scene that the agent's last words have done."""
        said, scene = _agent_said(state), state.place.scene
        tasks = [task.do for task in open_tasks(self._cast, scene, state) if task.do]
        if not said or not tasks or state.history[-1].scene != scene:
            return ()
        near = self._embedder.embed(tasks) @ self._embedder.embed([said]).T
        return tuple(Tick(task) for task, alike in zip(tasks, near[:, 0], strict=True) if alike >= SAID_ALIKE)

    def _tellings(self, state: State, words: str, today: date, move: Command | None) -> tuple[Telling, ...]:
        asked, beyond = self._asked_for(state, move)
        aside = isinstance(move, JumpTo | SwitchPersona)
        waiting = self._read_out(state)
        found = tellings(
            self._cast,
            words,
            asked=list(dict.fromkeys(["", *asked] if aside or (waiting and not state.unset) else asked)),
            known=values(state),
            today=today,
            mends=not self._cast.scenes[state.place.scene].ends,
            waiting=waiting,
            unset={name: each.was for name, each in state.unset.items()},
        )
        # Who brings up something else speaks of that, unless the words say otherwise.
        if aside:
            return tuple(each for each in found if each.slot in beyond or each.certainty >= CUED)
        if len(self._readings(state, words, today)) > 1:
            return ()
        return found or made_clear(self._cast, state, words, waiting, today=today)

    def _readings(self, state: State, words: str, today: date) -> tuple[Telling, ...]:
        return readings(self._cast, words, self._read_out(state), known=values(state), today=today)

    def _asked_which(self, state: State, words: str, today: date) -> tuple[Telling, ...]:
        """What the caller has left open of what was read out, and does not tell now either."""
        may_be = asked_which(self._cast, state, words, self._read_out(state), today=today)
        settled = settles(self._cast, words, may_be, known=values(state), today=today)
        return () if settled else may_be

    def _unset(
        self, state: State, words: str, today: date, move: Command | None, told: Sequence[Telling]
    ) -> tuple[str, ...]:
        """The slots that the words take back without telling another value."""
        return unsaid(
            self._cast,
            words,
            asked=self._asked_for(state, move)[0],
            known=values(state),
            today=today,
            mends=not self._cast.scenes[state.place.scene].ends,
            waiting=self._read_out(state),
            told=[each.slot for each in told],
        )

    def _asked_for(self, state: State, move: Command | None) -> tuple[list[str], list[str]]:
        """The slots that the words may answer, and those of them that are asked for where `move` leads."""
        target = _target(state, move)
        beyond = self._asked(state, target) if target is not None else []
        asked = [*self._asked(state, state.place.scene), *self._below(state), *beyond]
        if target is not None and not (isinstance(move, Return) and not move.then):
            # What is said on leaving answers no open question.
            asked = [slot for slot in asked if self._cast.slots[slot].type != "free"]
        return asked, beyond

    def _changes_what_waits(self, state: State, told: Sequence[Telling]) -> bool:
        """Whether something is corrected where only the caller's yes leads on."""
        known = {*state.slots, *state.unset}
        return waits(self._cast.scenes[state.place.scene]) and any(each.slot in known for each in told)

    def _lacks(self, state: State, move: Move) -> bool:
        """Whether `move` leads on from what is read out for a yes while some of that was taken back."""
        scene = self._cast.scenes[state.place.scene]
        missing = set(SLOT_IN_TEXT.findall(scene.opening or "")) & set(state.unset)
        if not missing or not isinstance(move, GoTo) or not waits(scene):
            return False
        return self._agrees(state, move) and not asked_in(self._cast.scenes[move.scene]) & missing

    def _agrees(self, state: State, move: GoTo) -> bool:
        """Whether `move` is the yes to what is read out: it does something, or nothing else leads on."""
        ways = self._cast.scenes[state.place.scene].ways
        return len(ways) == 1 or any(way.to == move.scene and way.does for way in ways)

    def _is_no_yes(self, state: State, words: str, today: date, move: Move) -> bool:
        """Whether the words correct what was read out for a yes, and so do not lead on from there."""
        waiting = self._read_out(state)
        if not waiting:
            return False
        if any(each.slot in waiting for each in self._tellings(state, words, today, None)):
            return isinstance(move, GoTo | Return) or not ASKS.search(words)
        # Nothing is said in place of what is wrong: only where that is asked for does it go on.
        wrong = denies(self._cast, words, waiting, known=values(state), today=today) or _BUT.search(words)
        asks = isinstance(move, GoTo) and asked_in(self._cast.scenes[move.scene]) & set(waiting)
        return bool(wrong) and isinstance(move, GoTo) and not asks

    def _acts_unasked(self, state: State, move: Return) -> bool:
        """Whether going on from the scene below would do something that the caller is not asked for again."""
        ways = self._cast.scenes[state.stack[-1].scene].ways if move.then else ()
        return any(way.does and way.to == move.then[0] for way in ways)

    def _read_out(self, state: State) -> tuple[str, ...]:
        """The slots that the scene says for the caller's yes, as far as they are known."""
        scene = self._cast.scenes[state.place.scene]
        said = dict.fromkeys(SLOT_IN_TEXT.findall(scene.opening or "")) if waits(scene) else ()
        return tuple(slot for slot in said if slot in state.slots)

    def stays(self, state: State, words: str, *, today: date) -> bool:
        """Whether the words do nothing but answer what was asked, or ask for what was told."""
        asked = [slot for slot in self._asked(state, state.place.scene) if slot not in state.slots]
        told = tellings(self._cast, words, asked=asked, known=values(state), today=today)
        here = [each for each in told if each.slot in asked and self._cast.slots[each.slot].type != "free"]
        if here and not ASKS.search(words):
            rest = words
            for each in sorted(here, key=lambda one: -one.start):
                rest = f"{rest[: each.start]} {rest[each.end :]}"
            return telling_words(rest) <= words_of(self._cast, [each.slot for each in here])
        persona = state.place.persona
        known = [slot for slot in state.slots if knows_slot(self._cast, state, persona, slot)]
        return bool(asked_back(self._cast, known, words))

    def _told_by_option(
        self, found: Sequence[Option], state: State, words: str, today: date
    ) -> dict[str, float]:
        told = {each.slot for each in self._tellings(state, words, today, None)}
        here = told & {*self._asked(state, state.place.scene), *self._read_out(state)}
        below = told & set(self._below(state)) - here
        # Free words answer a question less surely: anything may be said.
        here_count = sum(0.5 if self._cast.slots[slot].type == "free" else 1.0 for slot in here)
        # Who asks nothing and fills in what was asked for, answers.
        sure = 1.0 if ASKS.search(words) else 2.0
        away = state.place.persona != self._cast.scenes[state.place.scene].plays
        counts = {"back:persona" if away else "stay": sure * here_count, "back": sure * len(below)}
        return {option.key: counts[option.key] for option in found if option.key in counts}

    def _asked(self, state: State, scene: str) -> list[str]:
        """The slots a scene asks for: the one just asked for, the open ones, those to be corrected."""
        tasks = self._cast.scenes[scene].checklist
        still = [task.ask for task in open_tasks(self._cast, scene, state) if task.ask]
        if len(still) > 1 and (said := _agent_said(state)):
            words = telling_words(said)
            named = {slot: len(words & _about(self._cast, slot)) for slot in still}
            near = {slot: self._asks_for(said, slot) for slot in still}
            still.sort(key=lambda slot: (-named[slot], -near[slot]))
        return still + [task.ask for task in tasks if task.ask and task.ask not in still]

    def _asks_for(self, agent_said: str, slot: str) -> float:
        """How near what the agent said last comes to asking for a slot; 0 where that may be chance."""
        about = self._cast.slots[slot]
        near = self._judge.nearness(agent_said, (about.about, *((about.ask,) if about.ask else ())))
        return near if near >= _ASKS_ALIKE else 0.0

    def _below(self, state: State) -> list[str]:
        """What the scene asks for that a jump has interrupted."""
        return self._asked(state, state.stack[-1].scene) if state.stack else []

    def opened(self, state: State, known: Mapping[str, Value], *, fresh: bool) -> GoTo | Return | None:
        """The move that slots alone make, once they are known."""
        way = automatic(self._cast, state.place.scene, known, state.ticked)
        if way is None:
            below = state.stack[-1].scene if state.stack else None
            filled = set(known) - set(state.slots)
            if below and fresh and filled & set(self._asked(state, below)):
                return Return(self._chain(below, known, state))
            return None
        if way.to != BACK:
            return GoTo(way.to, self._chain(way.to, known, state))
        return Return(self._chain(state.stack[-1].scene, known, state)) if state.stack else None

    def _passing_on(self, state: State, move: GoTo | Return, known: Mapping[str, Value]) -> GoTo | Return:
        if isinstance(move, GoTo):
            return GoTo(move.scene, self._chain(move.scene, known, state))
        last = move.then[-1] if move.then else state.stack[-1].scene
        return Return((*move.then, *self._chain(last, known, state)))

    def _chain(self, scene: str, known: Mapping[str, Value], state: State) -> tuple[str, ...]:
        """The scenes that are passed through at once from `scene` on, because all is known there."""
        passed: list[str] = []
        while (way := automatic(self._cast, scene, known, state.ticked)) and way.to != BACK:
            if way.to in (*passed, scene, state.place.scene):
                break
            passed.append(way.to)
            scene = way.to
        return tuple(passed)

    def _leaves(self, state: State, words: str, told: Sequence[Telling]) -> bool:
        scene = self._cast.scenes[state.place.scene]
        if not scene.ends or told or state.question:
            return False
        near = self._embedder.embed(_GOODBYES) @ self._embedder.embed([words]).T
        return float(near.max()) >= GOODBYE_ALIKE


def _best_move(chances: Sequence[Likely], sure: float) -> tuple[Move | None, str]:
    """The likeliest move and its kind, if it is likely enough; what leads to one place counts together.

    Who surely goes back, and not surely on from there, goes back.
    """
    best: Option | None = None
    most = 0.0
    for each in chances:
        together = sum(other.probability for other in chances if _alike(each.option, other.option))
        if each.option.move is not None and together > most:
            best, most = each.option, together
    if best is not None and most >= sure:
        return best.move, best.kind
    goes_back = sum(each.probability for each in chances if isinstance(each.option.move, Return))
    return (Return(), "back") if goes_back >= sure else (None, "")


def _alike(one: Option, other: Option) -> bool:
    """Whether the same person answers in the same scene after both."""
    return one.move is not None and other.move is not None and one.leads == other.leads


def _phrases(cast: Cast) -> Iterator[str]:
    yield from BACK_PHRASES
    for scene in cast.scenes.values():
        for way in scene.ways:
            yield from (*way.says, *((way.when,) if way.when else ()))
    for jump in cast.anywhere.values():
        yield from (*jump.says, *((jump.when,) if jump.when else ()))
    for persona in cast.personas.values():
        yield from called(persona)
    for slot in cast.slots.values():
        yield from (slot.about, *((slot.ask,) if slot.ask else ()))


def _agent_said(state: State) -> str:
    return next((said.text for said in reversed(state.history) if said.role == "agent"), "")


def _about(cast: Cast, slot: str) -> frozenset[str]:
    return telling_words(f"{cast.slots[slot].about} {cast.slots[slot].ask or ''}")


def _target(state: State, move: Command | None) -> str | None:
    match move:
        case GoTo(scene) | JumpTo(scene):
            return scene
        case Return(then):
            return then[-1] if then else state.stack[-1].scene
        case SwitchPersona():
            return state.place.scene
        case _:
            return None


def _slot_command(state: State, telling: Telling) -> SetSlot | CorrectSlot:
    known = state.slots.get(telling.slot)
    if known is None:
        return SetSlot(telling.slot, telling.value)
    return CorrectSlot(telling.slot, known.value, telling.value)
