"""The state of a conversation as a pure fold over its journal.

Five kinds of entries matter here; all others pass by, so one journal serves everything.

    cast_opened            cast, digest, rules which cast it is played with, and by which rules
    caller_turn_committed  turn, text          the caller's settled words, behind what they wrote before;
                                               `spoken`: these words alone, where they wrote any
    reply_ended            turn, heard         what of the agent's answer was heard; with scene and persona
                                               where they are not those at hand; `told`: the calls of
                                               tools whose outcome it told
    state_proposed         a `Proposal`        a command that somebody proposes
    tool_called            id, tool, turn,     a tool has begun, and then has ended
                           status, text

What becomes of a proposal is no entry: it follows from the entries before it, and so it is the same in every
replay. An opening counts as said by what was heard of it, never by what was sent.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from antiphon.contracts import ContractBroken, JournalEntry
from antiphon.samp.applying import settle
from antiphon.samp.cast import Cast
from antiphon.samp.commands import Proposal, Verdict
from antiphon.samp.confidence import confides, with_listener
from antiphon.samp.repeating import repeats_a_confidence
from antiphon.samp.state import (
    CALLED_KEPT,
    HISTORY_KEPT,
    PACES_KEPT,
    RULES,
    TURNS_BACK_MAX,
    Called,
    Place,
    Said,
    State,
    digest,
    heard_of,
    initial,
    opening_of,
)
from antiphon.samp.tone import pace

CAST_OPENED = "cast_opened"
CALLER_TURN_COMMITTED = "caller_turn_committed"
REPLY_ENDED = "reply_ended"
STATE_PROPOSED = "state_proposed"
TOOL_CALLED = "tool_called"


class CallerTurn(msgspec.Struct, frozen=True):
    """The body of `caller_turn_committed`, as far as it matters here."""

    turn: int
    text: str = ""
    spoken: str = ""


class ReplyEnded(msgspec.Struct, frozen=True):
    """The body of `reply_ended`, as far as it matters here."""

    turn: int
    heard: str = ""
    scene: str = ""
    """Empty: where the conversation is by now, or was before its last move if that fits the words."""
    persona: str = ""
    told: tuple[str, ...] = ()
    caller_ms: float = 0.0
    """How long the caller's turn was that it answers."""


class ToolEntry(msgspec.Struct, frozen=True):
    """The body of `tool_called`, as far as it matters here."""

    id: str
    tool: str
    turn: int
    status: Literal["running", "done", "failed"]
    text: str = ""


class CastOpened(msgspec.Struct, frozen=True):
    """The body of `cast_opened`."""

    cast: str
    """The title."""
    digest: str
    rules: int = 0
    """See `state.RULES`; journals that do not say are the oldest."""


def opened(cast: Cast) -> CastOpened:
    """What a session with `cast` begins its journal with."""
    return CastOpened(cast.cast, digest(cast), RULES)


def fold(cast: Cast, entries: Iterable[JournalEntry], *, state: State | None = None) -> State:
    """The state after `entries`, from `state` on, or from the beginning.

    Raises:
        ContractBroken: an entry of these kinds cannot be read, or the journal is of another cast.
    """
    state = state or initial(cast)
    for entry in entries:
        state, _ = step(cast, state, entry)
    return state


def step(cast: Cast, state: State, entry: JournalEntry) -> tuple[State, Verdict | None]:
    """The state after one more entry, and what became of it when it was a proposal.

    Raises:
        ContractBroken: as `fold`.
    """
    match entry.kind:
        case "cast_opened":
            return _opened(state, entry), None
        case "caller_turn_committed":
            return _heard_caller(cast, state, _body(entry, CallerTurn)), None
        case "reply_ended":
            return _heard_agent(cast, state, _body(entry, ReplyEnded)), None
        case "state_proposed":
            return settle(cast, state, _body(entry, Proposal))
        case "tool_called":
            return _tool_called(state, _body(entry, ToolEntry)), None
        case _:
            pass
    return state, None


def proposed(proposal: Proposal) -> Mapping[str, Any]:
    """The body of a `state_proposed` entry."""
    return msgspec.to_builtins(proposal)


def _opened(state: State, entry: JournalEntry) -> State:
    body = _body(entry, CastOpened)
    if body.digest != state.cast:
        raise ContractBroken(
            f"session {entry.session!r} was recorded with another version of this cast: "
            "replay it with the file it was recorded with"
        )
    if body.rules > RULES:
        raise ContractBroken(f"session {entry.session!r} was recorded by a newer version of Antiphon")
    return state if body.rules == state.rules else replace(state, rules=body.rules)


def _heard_caller(cast: Cast, state: State, turn: CallerTurn) -> State:
    if not turn.text.strip():
        return state
    said = Said(turn.turn, "caller", turn.text, state.place.persona, state.place.scene, turn.spoken)
    kept = confides(turn.text) or _repeats(cast, state, said)
    state = replace(
        state,
        history=(*state.history, said)[-HISTORY_KEPT:],
        confided=with_listener(cast, state.confided, turn.turn, state.place, asked=kept),
    )
    if turn.turn <= state.turn:
        return state  # settled late: it is remembered, and moves nothing
    oldest = turn.turn - TURNS_BACK_MAX
    decided = tuple(verdict for verdict in state.decided if verdict.turn >= oldest)
    return replace(state, turn=turn.turn, question="", decided=decided, crowd=0)


def _heard_agent(cast: Cast, state: State, reply: ReplyEnded) -> State:
    if not reply.heard.strip():
        return state
    scene, persona = _speaker(cast, state, reply)
    if reply.told:
        called = tuple(replace(each, told=each.told or each.id in reply.told) for each in state.called)
        state = replace(state, called=called)
    said = Said(reply.turn, "agent", reply.heard, persona, scene)
    caller = (each for each in reversed(state.history) if each.role == "caller")
    asked = next((each.spoken or each.text for each in caller if each.turn == reply.turn), "")
    spoken = pace(asked, reply.caller_ms)
    place, kept = Place(scene, persona), _repeats(cast, state, said)
    return replace(
        state,
        paces=state.paces if spoken is None else (*state.paces, spoken)[-PACES_KEPT:],
        history=(*state.history, said)[-HISTORY_KEPT:],
        openings=_openings(opening_of(cast, state, scene), state.openings, scene, reply.heard),
        confided=with_listener(cast, state.confided, reply.turn, place, asked=kept),
    )


def _repeats(cast: Cast, state: State, said: Said) -> bool:
    return state.rules >= 1 and repeats_a_confidence(cast, state, said.persona, said.text)


def _tool_called(state: State, entry: ToolEntry) -> State:
    """A call begins once and ends once; whatever else is said of it changes nothing."""
    before = next((each for each in state.called if each.id == entry.id), None)
    if before is None and entry.status == "running":
        made = Called(entry.id, entry.tool, entry.turn, "running")
        return replace(state, called=(*state.called, made)[-CALLED_KEPT:])
    if before is None or before.status != "running" or entry.status == "running":
        return state
    after = replace(before, status=entry.status, text=entry.text)
    return replace(state, called=tuple(after if each is before else each for each in state.called))


def _speaker(cast: Cast, state: State, reply: ReplyEnded) -> tuple[str, str]:
    if reply.scene in cast.scenes:
        return reply.scene, reply.persona or cast.scenes[reply.scene].plays
    before = state.came_from[0] if state.came_from else state.place
    opening = opening_of(cast, state, before.scene) or ""
    late = not state.openings.get(before.scene) and heard_of(opening, reply.heard)
    here = heard_of(opening_of(cast, state, state.place.scene) or "", reply.heard)
    place = before if late and not here else state.place
    return place.scene, place.persona


def _openings(opening: str | None, openings: dict[str, int], scene: str, heard: str) -> dict[str, int]:
    """How far openings are said. One that was cut off is over with the next thing heard in its scene."""
    if opening is None:
        return openings
    before = openings.get(scene, 0)
    words = len(opening.split()) if before else heard_of(opening, heard)
    return openings if words == before else {**openings, scene: words}


def _body(entry: JournalEntry, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(entry.body, kind)
    except msgspec.ValidationError as error:
        raise ContractBroken(
            f"entry {entry.sequence} of {entry.session!r} is no {entry.kind}: {error}"
        ) from error
