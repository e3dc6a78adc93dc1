"""A recorded conversation made again from its journal: every state and prompt, compared bit for bit. Pure.

A journal holds what happened and, beside it, the digests of what followed: of each state, and of each prompt
that an answer was made from. Here the states are folded and the prompts compiled anew, from the entries alone
and the cast that stands in the first of them, and the digests must be the same.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from antiphon.contracts import ContractBroken, JournalEntry, Prompt
from antiphon.runtime.cast_asking import spoken_before
from antiphon.runtime.cast_telling import prompt_digest, state_digest
from antiphon.samp import Cast, read_cast
from antiphon.samp.ahead import led_to
from antiphon.samp.commands import Command
from antiphon.samp.fold import step
from antiphon.samp.prompt import Fact, drafted_again
from antiphon.samp.state import State, initial

_STATES_KEPT = 256
"""A prompt is written down soon after the state it was made for."""


class Difference(msgspec.Struct, frozen=True):
    """Something that came out otherwise than it is recorded."""

    sequence: int
    """Of the entry that records it."""
    what: str
    recorded: str
    reproduced: str


class RecordedPrompt(msgspec.Struct, frozen=True):
    """A prompt as it was made again, and the entry that records it."""

    turn: int
    prompt: Prompt
    account: Mapping[str, Any]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a journal."""

    session: str
    cast: str
    """The title; empty where none was played."""
    entries: int
    states: int
    """How many states were compared."""
    prompts: tuple[RecordedPrompt, ...]
    verdicts: dict[str, int]
    """How many proposals were applied, rebased and dropped."""
    difference: Difference | None
    """The first; None: everything is the same."""
    state: State | None


def replay(entries: Iterable[JournalEntry]) -> Replayed:
    """Make a conversation again, as far as it is the same.

    Raises:
        ContractBroken: an entry cannot be read.
    """
    again = _Again()
    for entry in entries:
        again.take(entry)
        if again.difference is not None:
            break
    return Replayed(
        session=again.session,
        cast=again.cast.cast if again.cast is not None else "",
        entries=again.entries,
        states=again.states,
        prompts=tuple(again.prompts),
        verdicts=again.verdicts,
        difference=again.difference,
        state=again.state,
    )


class _ThoughtOf(msgspec.Struct, frozen=True):
    """What an answer's state was thought of from."""

    state: str
    text: str
    commands: tuple[Command, ...]


class _Again:
    def __init__(self) -> None:
        self.session = ""
        self.cast: Cast | None = None
        self.state: State | None = None
        self.entries = self.states = 0
        self.prompts: list[RecordedPrompt] = []
        self.verdicts: dict[str, int] = {}
        self.difference: Difference | None = None
        self._known: dict[str, State] = {}

    def take(self, entry: JournalEntry) -> None:
        self.session = entry.session
        self.entries += 1
        if entry.sequence != self.entries:
            self._differs(entry, "the entry's number", str(entry.sequence), str(self.entries))
        if entry.kind == "cast_opened":
            self._open(entry)
        if self.cast is None or self.state is None:
            return
        if entry.kind == "state_settled":
            self._compare_state(entry)
        elif entry.kind == "prompt_compiled":
            self._compare_prompt(entry)
        else:
            before = self.state
            self.state, verdict = step(self.cast, self.state, entry)
            if self.state is not before:
                self._know(state_digest(self.state))
            if verdict is not None:
                self.verdicts[verdict.outcome] = self.verdicts.get(verdict.outcome, 0) + 1

    def _open(self, entry: JournalEntry) -> None:
        text = entry.body.get("text")
        if not isinstance(text, str):
            raise ContractBroken(f"session {entry.session!r} does not hold the text of its cast")
        self.cast = read_cast(text)
        self.state = initial(self.cast)

    def _compare_state(self, entry: JournalEntry) -> None:
        assert self.state is not None
        digest = state_digest(self.state)
        self.states += 1
        self._know(digest)
        for name, value in (
            ("version", self.state.version),
            ("scene", self.state.place.scene),
            ("persona", self.state.place.persona),
            ("digest", digest),
        ):
            if entry.body.get(name) != value:
                self._differs(entry, f"the state's {name}", str(entry.body.get(name)), str(value))
                return

    def _know(self, digest: str) -> None:
        assert self.state is not None
        self._known[digest] = self.state
        while len(self._known) > _STATES_KEPT:
            del self._known[next(iter(self._known))]

    def _made_for(self, body: Mapping[str, Any]) -> State | None:
        """The state a prompt was made for: one that was, or one that its words would have led to."""
        found = self._known.get(str(body["state"]))
        if found is not None or self.cast is None or "thought_of" not in body:
            return found
        thought = msgspec.convert(body["thought_of"], _ThoughtOf)
        base = self._known.get(thought.state)
        if base is None:
            return None
        state = led_to(self.cast, base, int(body["turn"]), thought.text, thought.commands)
        return state if state_digest(state) == body["state"] else None

    def _compare_prompt(self, entry: JournalEntry) -> None:
        body = entry.body
        state = self._made_for(body)
        if state is None or self.cast is None:
            self._differs(entry, "the state a prompt was made for", str(body["state"]), "no such state")
            return
        draft = drafted_again(
            self.cast,
            state,
            facts=msgspec.convert(body["facts"], tuple[Fact, ...]),
            saying=None,
            first_turn=int(body["first_turn"]),
            spared=int(body["spared"]),
        )
        prompt = spoken_before(draft.prompt(), str(body["verbatim"]))
        digest = prompt_digest(prompt)
        if digest != body["digest"]:
            self._differs(entry, f"the prompt of turn {body['turn']}", str(body["digest"]), digest)
        self.prompts.append(RecordedPrompt(int(body["turn"]), prompt, body))

    def _differs(self, entry: JournalEntry, what: str, recorded: str, reproduced: str) -> None:
        self.difference = self.difference or Difference(entry.sequence, what, recorded, reproduced)
