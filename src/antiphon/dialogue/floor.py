"""Who has the floor: the rules of turn-taking, and the state they are about.

The theory, in rules:

1.  A **turn** is what the caller says until it is the agent's turn, and the reply to it. Turns are numbered.
    At most one is being *taken* (the caller holds it) and at most one is being *answered*.
2.  The caller's turn has **revisions**. When the caller goes on after a pause, everything made for the words
    so far is void: the revision dies. Answers of engines carry `(turn, revision)`, and an answer to a dead
    revision changes nothing, whenever it arrives. Only what was *heard ahead* is true whatever comes after
    it: the words up to some place of the turn, which the model may read while the caller speaks on.
3.  **Work starts early, sound does not.** At the first quiet window the words are transcribed; when it has
    become a pause the answer is generated and its first clause made into sound. All of it waits behind the
    reply's *gate*, which opens when the pause has become the end of the turn. A pause that passes for the end
    becomes one when the answer has its first sound: until then, deciding would win nothing.
4.  A caller who speaks **over the agent** makes it fall silent at once, keeping its place. Then the speech
    is judged: listening words or noise give the floor back, and playout goes on; words, or speech for longer
    than any listening word takes, win the floor, and the rest of the reply is flushed. The client is told of
    speech only when it won the floor, because a client drops its audio when it is told.
5.  **The record holds what was heard.** The ledger knows where each word lies in the reply's sound, the shell
    reports how much was played, and nothing is guessed from the amount that was generated.
6.  **Every turn ends**, once, with a report. What an engine owes is waited for, but not for ever.

The rules are carried out by `listening` and `ahead` (the caller's side), `barge_in` (the caller over the
agent), `answering` (the agent's side) and `watching` (what does not come); `core` only hands each event to
the right one.
"""

from dataclasses import dataclass, field

from antiphon.contracts import Outcome, Ticks
from antiphon.dialogue.commands import CancelReason, CancelWork, Command, EndTurn
from antiphon.dialogue.equation import report
from antiphon.dialogue.hearing import Hearing
from antiphon.dialogue.policy import Policy
from antiphon.dialogue.turn import Turn


@dataclass(slots=True)
class Floor:
    """All the state of one conversation's turn-taking."""

    policy: Policy
    hearing: Hearing = field(default_factory=Hearing)
    taking: Turn | None = None
    """The turn the caller holds."""
    answering: Turn | None = None
    """The turn being answered, or about to be: its audio is committed."""
    waiting: Turn | None = None
    """A turn that ended while another was being answered and could not be interrupted."""
    settling: dict[int, Turn] = field(default_factory=dict[int, Turn])
    """Committed turns whose words are not yet known."""
    unanswered: Turn | None = None
    """The last turn that was recorded without a reply; a reply asked for later answers it."""
    numbers: int = 0
    free_from: Ticks = 0
    """Where the caller's audio that belongs to no turn begins."""
    audio_at: Ticks = 0
    """When the newest window came, on the session's clock."""
    looked_at: Ticks = 0
    """When a caller whose audio does not come was last looked after."""
    idle_since: Ticks | None = None
    """When the last reply ended, or the last noise after it, while nothing has been said since."""
    out: list[Command] = field(default_factory=list[Command])
    """The commands of the event being handled."""


def new_turn(floor: Floor, now: Ticks) -> Turn:
    """The next turn, not yet anybody's."""
    floor.numbers += 1
    return Turn(floor.numbers, now, speak=floor.policy.speaks, progress_at=now)


def find(floor: Floor, number: int, revision: int, now: Ticks) -> Turn | None:
    """The living turn an answer belongs to; None when its revision is dead."""
    turns = (floor.taking, floor.answering, floor.waiting, floor.settling.get(number))
    for turn in turns:
        if turn is not None and (turn.number, turn.revision) == (number, revision):
            turn.progress_at = now
            return turn
    return None


def owed(floor: Floor) -> list[Turn]:
    """Turns that wait for an engine or for playout."""
    answering = [floor.answering] if floor.answering is not None else []
    return answering + [turn for turn in floor.settling.values() if turn is not floor.answering]


def free(floor: Floor) -> bool:
    """Whether nobody holds the floor, and nobody is about to."""
    return floor.taking is None and floor.answering is None and not floor.settling


def cancel(floor: Floor, turn: Turn, reason: CancelReason) -> None:
    """Tell the shell that nothing of this revision is wanted, if anything was asked for."""
    if turn.listening or turn.reply is not None or turn.asked or turn.probed:
        floor.out.append(CancelWork(turn.number, turn.revision, reason))


def end_turn(floor: Floor, turn: Turn, outcome: Outcome, heard: str = "") -> None:
    """Close the books on a turn that no longer has a place on the floor."""
    floor.out.append(EndTurn(report(turn, outcome, heard)))
