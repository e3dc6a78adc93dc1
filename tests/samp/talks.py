"""Conversations nobody wrote: callers who cut in at any word, and proposals that come late, twice or stale.

`Talk` plays the runtime's part: it speaks an opening that is owed, first and word for word, and reports what
was heard. After each entry it looks whether the rules held, by what the cast says, not by what the fold does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import strategies as st

from antiphon.contracts import JournalEntry
from antiphon.samp import Cast
from antiphon.samp.cast import BACK, Scene
from antiphon.samp.commands import (
    Clarify,
    Command,
    CorrectSlot,
    GoTo,
    JumpTo,
    Leave,
    Proposal,
    Renew,
    Return,
    SetSlot,
    SwitchPersona,
    Tick,
    UnsetSlot,
    Verdict,
)
from antiphon.samp.fold import proposed, step
from antiphon.samp.state import State, allowed, initial, owed_opening, values

ANSWER = "Certainly, that can be arranged. Is there anything else you would like to know?"
VALUES = {
    "number": [1.0, 4.0, 9.0, 12.0, 38.5],
    "time": ["19:30", "08:00"],
    "date": ["2026-05-08", "2026-05-09"],
    "name": ["Helen Brook", "Yuki"],
    "free": ["a sore throat"],
}


def everything(cast: Cast) -> list[Command]:
    """Every command somebody could think of, sensible or not."""
    scenes = [*cast.scenes, "nowhere"]
    commands: list[Command] = [Return(), Leave(), Clarify("What do you mean?"), Tick("nothing")]
    commands += [GoTo(scene) for scene in scenes] + [JumpTo(scene) for scene in scenes]
    commands += [Return((scene,)) for scene in cast.scenes]
    commands += [
        GoTo(scene, (way.to,)) for scene, each in cast.scenes.items() for way in each.ways if way.to != BACK
    ]
    commands += [SwitchPersona(persona) for persona in [*cast.personas, "nobody"]]
    commands += [Renew(persona) for persona in [*cast.personas, "nobody"]]
    commands += [Tick(task.do) for each in cast.scenes.values() for task in each.checklist if task.do]
    for name, slot in cast.slots.items():
        options = list(slot.options) or VALUES[slot.type]
        commands += [SetSlot(name, value) for value in options] + [Clarify("Which one?", name)]
        commands += [CorrectSlot(name, one, other) for one, other in pairwise(options)]
        commands += [UnsetSlot(name, value) for value in options]
    return commands


@dataclass
class Talk:
    """One conversation, its journal, and what a strict listener remembers of it."""

    cast: Cast
    state: State = field(init=False)
    entries: list[JournalEntry] = field(default_factory=list[JournalEntry])
    proposals: list[Proposal] = field(default_factory=list[Proposal])
    applied: dict[str, Verdict] = field(default_factory=dict[str, Verdict])
    begun: set[str] = field(default_factory=set[str])
    """Scenes of whose opening a word was heard."""
    moves: dict[int, int] = field(default_factory=dict[int, int])
    """How often each turn has moved the conversation, mended moves not counted."""

    def __post_init__(self) -> None:
        self.state = initial(self.cast)

    def caller(self, text: str) -> None:
        self._happens("caller_turn_committed", {"turn": self.state.turn + 1, "text": text, "item": "x"})

    def reply(self, heard_words: int) -> None:
        """The agent answers, and is cut off after so many words."""
        opening = owed_opening(self.cast, self.state)
        scene = self.state.place.scene
        if opening is not None:
            assert scene not in self.begun, f"the opening of {scene} would be said twice"
        heard = f"{opening or ''} {ANSWER}".split()[:heard_words]
        if opening is not None and heard:
            self.begun.add(scene)
        self._happens("reply_ended", {"turn": self.state.turn, "heard": " ".join(heard), "status": "?"})

    def propose(self, command: Command, *, base: int, turn: int, by: str = "live") -> Verdict:
        number = len(self.proposals) + 1
        who = {"live": "live", "reflective": "reflective"}[by]
        proposal = Proposal(id=f"p{number}", base=base, turn=turn, by=who, command=command)
        self.proposals.append(proposal)
        return self.repeat(proposal)

    def repeat(self, proposal: Proposal) -> Verdict:
        before = self.state
        verdict = self._happens("state_proposed", proposed(proposal))
        assert verdict is not None
        self._check(before, proposal, verdict)
        return verdict

    def noise(self) -> None:
        self._happens("turn_ended", {"outcome": "answered"})

    def _happens(self, kind: str, body: object) -> Verdict | None:
        entry = JournalEntry(session="s", sequence=len(self.entries) + 1, at=0, kind=kind, body=body)
        before = self.state
        self.state, verdict = step(self.cast, before, entry)
        self.entries.append(entry)
        self._check_place()
        if verdict is None:
            assert moved(before) == moved(self.state), f"{kind} moved the conversation"
        return verdict

    def _check_place(self) -> None:
        place = self.state.place
        assert place.scene in self.cast.scenes
        assert place.persona in self.cast.personas
        assert len(self.state.stack) <= 4

    def _check(self, before: State, proposal: Proposal, verdict: Verdict) -> None:
        if proposal.id in self.applied or verdict.outcome == "dropped":
            assert moved(before) == moved(self.state), "what was dropped or decided changed something"
            if proposal.id not in self.applied:
                assert not self._must_be_applied(before, proposal), f"lost: {proposal}: {verdict.reason}"
            return
        assert self.state.version == before.version + 1
        self.applied[proposal.id] = verdict
        assert verdict.outcome == ("applied" if proposal.base == before.version else "rebased")
        assert not before.ended
        if before.place != self.state.place or before.stack != self.state.stack:
            self._check_move(before, proposal)

    def _check_move(self, before: State, proposal: Proposal) -> None:
        command, turn = proposal.command, proposal.turn
        mended = getattr(command, "instead_of", None)
        if mended is None:
            self.moves[turn] = self.moves.get(turn, 0) + 1
            assert self.moves[turn] == 1, f"turn {turn} moved the conversation twice"
            assert turn > before.moved_turn
            origin = before.place.scene
        else:
            assert before.came_from is not None
            origin = before.came_from[0].scene
        assert proposal.base >= before.place_version, "a move was made on a place that is gone"
        assert self._leads(origin, before, command), f"{command} leads nowhere from {origin}"

    def _leads(self, origin: str, state: State, command: Command) -> bool:
        """Whether the cast has such a way, jump or persona, and it is open."""
        here = self.cast.scenes[origin]
        match command:
            case GoTo(scene, then):
                return self._way(here, origin, state, scene) and self._onward(state, (scene, *then))
            case JumpTo(scene):
                return any(j.to == scene for j in self.cast.anywhere.values()) or any(
                    p.home == scene for p in self.cast.personas.values()
                )
            case Return(then):
                back = state.stack[-1].scene if state.stack else ""
                if not then:
                    return bool(state.stack)
                return bool(back) and self._way(self.cast.scenes[back], back, state, then[0])
            case SwitchPersona(persona):
                return persona in self.cast.personas
            case _:
                return False

    def _way(self, scene: Scene, name: str, state: State, to: str) -> bool:
        known = values(state)
        return any(
            way.to == to != BACK and allowed(self.cast, name, way.guard, known, state.ticked)
            for way in scene.ways
        )

    def _onward(self, state: State, path: Sequence[str]) -> bool:
        return all(
            any(way.to == b and way.guard for way in self.cast.scenes[a].ways) for a, b in pairwise(path)
        )

    def _must_be_applied(self, state: State, proposal: Proposal) -> bool:
        """A plain move, thought of for the state at hand and for a turn that has not moved it yet."""
        timely = proposal.base == state.version and proposal.turn == state.turn > state.moved_turn
        known = any(verdict.id == proposal.id for verdict in state.decided)
        if not timely or known or state.ended or state.crowd >= 64 or state.crowded_turn >= proposal.turn:
            return False
        here = state.place.scene
        match proposal.command:
            case GoTo(scene, (), None):
                return scene != here and self._way(self.cast.scenes[here], here, state, scene)
            case JumpTo(scene, None):
                free = any(j.to == scene and not j.guard for j in self.cast.anywhere.values())
                return scene != here and free
            case Return(()):
                return bool(state.stack)
            case _:
                return False


def moved(state: State) -> object:
    """Everything but what was said and decided."""
    return (
        state.place, state.stack, state.slots, state.unset, state.version, state.ticked, state.ended,
        state.place_version, state.moved_turn, state.came_from,
    )  # fmt: skip


@st.composite
def talks(draw: st.DrawFn, casts: Sequence[Cast]) -> Talk:
    """A conversation that has taken place."""
    talk = Talk(draw(st.sampled_from(casts)))
    commands = everything(talk.cast)
    for _ in range(draw(st.integers(1, 40))):
        act = draw(st.sampled_from("cccrrlllllsoodn"))
        match act:
            case "c":
                talk.caller(
                    draw(st.sampled_from(["yes please", "don't tell my wife", "a table for four", " "]))
                )
            case "r":
                talk.reply(draw(st.integers(0, 30)))
            case "l":
                _propose(draw, talk, _likely(talk, commands, draw(st.integers(0, 50))))
            case "s":
                late = draw(st.sampled_from([0, 1, 1, 2, 6, -1])), draw(st.sampled_from([0, 0, 0, 1, 15, -1]))
                wild = st.sampled_from(commands)
                sensible = st.integers(0, 50).map(lambda pick: _likely(talk, commands, pick))
                talk.propose(
                    draw(wild | sensible | sensible),
                    base=talk.state.version - late[0],
                    turn=talk.state.turn - late[1],
                    by="reflective",
                )
            case "o":
                _mend(draw, talk)
            case "d" if talk.proposals:
                back = draw(st.integers(1, len(talk.proposals)))
                talk.repeat(talk.proposals[-back])
            case _:
                talk.noise()
    return talk


def _propose(draw: st.DrawFn, talk: Talk, command: Command) -> None:
    talk.propose(command, base=talk.state.version, turn=talk.state.turn)


def _likely(talk: Talk, commands: Sequence[Command], pick: int) -> Command:
    """One of those that lead somewhere from here, or that tell something new."""
    state = talk.state
    likely = [c for c in commands if isinstance(c, SetSlot) and c.slot not in state.slots]
    likely += [
        c
        for c in commands
        if isinstance(c, UnsetSlot) and c.slot in state.slots and state.slots[c.slot].value == c.was
    ]
    likely += [
        c
        for c in commands
        if isinstance(c, GoTo | JumpTo | Return) and talk._leads(state.place.scene, state, c)
    ] * 3
    return (likely or list(commands))[pick % len(likely or commands)]


def _mend(draw: st.DrawFn, talk: Talk) -> None:
    """The slow loop finds the last move wrong."""
    state = talk.state
    ways = talk.cast.scenes[(state.came_from or (state.place,))[0].scene].ways
    if not ways:
        return talk.noise()
    to = draw(st.sampled_from(ways)).to
    wrong = draw(st.sampled_from([state.place_version, state.place_version, state.version]))
    talk.propose(
        GoTo(to, instead_of=wrong),
        base=state.version,
        turn=max(state.moved_turn, state.turn - 1),
        by="reflective",
    )
    return None
