"""The core of one live conversation: events in, commands out, and no I/O. `floor` has the rules."""

from antiphon.contracts import Ticks
from antiphon.dialogue import answering, listening, replying, watching
from antiphon.dialogue.commands import Command
from antiphon.dialogue.events import (
    CallerMeasured,
    CancelRequested,
    ClearRequested,
    CommitRequested,
    EndOfTurnScored,
    Event,
    GenerationEnded,
    GroundShifted,
    HeardAhead,
    PlayoutAcknowledged,
    PlayoutProgress,
    PlayoutStarted,
    PlayoutStopped,
    PolicyChanged,
    PromptBuilt,
    ReplyRequested,
    SpeechReady,
    TextGenerated,
    TimePassed,
    Transcribed,
    VoiceWindow,
    WordsWeighed,
    WorkFailed,
)
from antiphon.dialogue.floor import Floor, free
from antiphon.dialogue.policy import Policy


class Dialogue:
    """One conversation.

    Time comes in as an argument: `now` is on the session's clock, windows of audio carry their own positions,
    and both count samples at 24 kHz.
    """

    def __init__(self, policy: Policy | None = None, *, turns: int = 0) -> None:
        """`turns`: the number of the last turn of a conversation that goes on."""
        self._floor = Floor(policy or Policy(), numbers=turns)

    def handle(self, event: Event, now: Ticks) -> list[Command]:
        """Take notice of `event` at `now`; returns what is to be done, in order."""
        floor = self._floor
        floor.out = []
        match event:
            case VoiceWindow():
                listening.hear(floor, event, now)
            case Transcribed():
                listening.transcribed(floor, event, now)
            case HeardAhead():
                listening.heard_ahead(floor, event, now)
            case CallerMeasured():
                listening.measured(floor, event)
            case EndOfTurnScored() | WordsWeighed():
                listening.judged(floor, event, now)
            case PromptBuilt() | TextGenerated() | GenerationEnded() | SpeechReady():
                answering.made(floor, event, now)
                listening.answer_is_ready(floor, now)
            case PlayoutStarted() | PlayoutProgress() | PlayoutStopped() | PlayoutAcknowledged():
                answering.played(floor, event, now)
            case CommitRequested() | ClearRequested() | ReplyRequested() | CancelRequested():
                listening.requested(floor, event, now)
            case GroundShifted():
                listening.guess_anew(floor)
            case WorkFailed():
                watching.failed(floor, event, now)
            case PolicyChanged():
                listening.change_policy(floor, event.policy, now)
            case TimePassed():
                watching.watch(floor, now)
        return floor.out

    @property
    def deadline(self) -> Ticks | None:
        """When `TimePassed` is due at the latest; None while nothing is waited for."""
        return watching.deadline(self._floor)

    @property
    def free(self) -> bool:
        """Whether nobody holds the floor, and nobody is about to."""
        return free(self._floor)

    @property
    def replying(self) -> bool:
        """Whether a reply is under way or bound to come, so that no other may be asked for."""
        return self._floor.answering is not None or self._floor.waiting is not None

    @property
    def pressing(self) -> bool:
        """Whether the caller is speaking, or waits for what the agent has not yet thought of."""
        floor = self._floor
        if floor.taking is not None or floor.waiting is not None or floor.settling:
            return True
        if floor.answering is None:
            return False
        reply = floor.answering.reply
        if reply is None:
            return True
        return not reply.finished and not reply.ending

    @property
    def heard(self) -> tuple[int, str] | None:
        """The turn that is being answered aloud, and the words of the answer that were heard so far."""
        turn = self._floor.answering
        if turn is None or turn.reply is None or not turn.reply.heard_samples:
            return None
        return turn.number, replying.heard(turn.reply)[0]

    @property
    def quiet(self) -> bool:
        """Whether the caller holds no turn, so that the newest audio belongs to nothing yet."""
        return self._floor.taking is None

    @property
    def hearing(self) -> bool:
        """Whether the caller is speaking at this very moment."""
        return self._floor.taking is not None and self._floor.hearing.silence == 0
