"""The agent's side of the floor: replies begin, sound, end, and give the floor away."""

from antiphon.contracts import Outcome, Ticks
from antiphon.dialogue import replying
from antiphon.dialogue.commands import (
    AnnounceSpeech,
    CancelReason,
    FlushPlayout,
    PausePlayout,
    Prefill,
    SettleCallerWords,
)
from antiphon.dialogue.events import (
    GenerationEnded,
    PlayoutAcknowledged,
    PlayoutProgress,
    PlayoutStarted,
    PlayoutStopped,
    PromptBuilt,
    SpeechReady,
    TextGenerated,
)
from antiphon.dialogue.floor import Floor, cancel, end_turn, find
from antiphon.dialogue.turn import Ending, Turn

OUTCOMES: dict[Ending, Outcome] = {
    "": "answered",
    "turn_detected": "interrupted",
    "client_cancelled": "cancelled",
    "engine_broken": "failed",
}


def settle(floor: Floor, turn: Turn, now: Ticks) -> None:
    """Go on with a committed turn as far as its words allow."""
    if turn.words is None:
        return
    if not turn.words_told:
        turn.words_told = True
        floor.settling.pop(turn.number, None)
        floor.out.append(SettleCallerWords(turn.number, turn.words))
    if turn is not floor.answering:
        if turn is not floor.waiting:
            unanswered(floor, turn)
    elif turn.words:
        answer(floor, turn, now)
    else:
        floor.answering = None
        end_turn(floor, turn, "nothing_said")
        still_quiet(floor, now)
        give_floor(floor, now)
    answer_request(floor, now)


def unanswered(floor: Floor, turn: Turn) -> None:
    """The turn stays in the record without a reply, until one is asked for."""
    if turn.reply is not None:
        cancel(floor, turn, "dropped")
    end_turn(floor, turn, "unanswered")
    floor.unanswered, floor.idle_since = turn, None


def still_quiet(floor: Floor, now: Ticks) -> None:
    """What seemed to be speech was none: the agent waits anew for somebody to speak."""
    if floor.idle_since is not None:
        floor.idle_since = now


def answer_request(floor: Floor, now: Ticks) -> None:
    """A reply that a client asked for waits until every committed word is known."""
    turn = floor.answering
    if turn is not None and turn.wanted and turn.reply is None and not floor.settling:
        asked_at = turn.started_at
        if floor.unanswered is not None:
            turn.marks, turn.words = floor.unanswered.marks, floor.unanswered.words
        if turn.marks.last_voiced_at is None:
            turn.marks.last_voiced_at = asked_at
        turn.marks.confirmed_at = max(asked_at, turn.marks.confirmed_at or asked_at)
        answer(floor, turn, now)


def speculate(floor: Floor, turn: Turn) -> None:
    """Begin the reply while the turn may still go on."""
    if turn.words and turn.reply is None and floor.policy.answers and floor.answering is None:
        weigh = floor.policy.mode == "sounding" and not turn.committed
        replying.begin(turn, speak=turn.speak, out=floor.out, weigh=weigh)
        assert turn.reply is not None
        turn.reply.guess = True
        turn.guesses += 1


def answer(floor: Floor, turn: Turn, now: Ticks) -> None:
    """The turn is confirmed and its words are known: reply, aloud."""
    turn.progress_at = now
    floor.unanswered = floor.idle_since = None
    if turn.reply is None:
        replying.begin(turn, speak=turn.speak, out=floor.out)
    assert turn.reply is not None
    replying.open_gate(turn, turn.reply, now, floor.out)
    finish(floor, turn, now)


def made(
    floor: Floor, event: PromptBuilt | TextGenerated | GenerationEnded | SpeechReady, now: Ticks
) -> None:
    """An engine has made more of a reply."""
    turn = find(floor, event.turn, event.revision, now)
    reply = turn.reply if turn is not None else None
    if turn is None or reply is None or reply.ending:
        return
    match event:
        case PromptBuilt():
            turn.marks.context = turn.marks.context or event.timing
        case TextGenerated() if not reply.finished:
            replying.take_text(turn, reply, event, now, floor.out)
        case GenerationEnded() if not reply.finished:
            replying.take_end(turn, reply, event, now, floor.out)
        case SpeechReady():
            replying.take_speech(turn, reply, event, now, floor.out)
        case _:
            pass
    finish(floor, turn, now)


def played(
    floor: Floor, event: PlayoutStarted | PlayoutProgress | PlayoutStopped | PlayoutAcknowledged, now: Ticks
) -> None:
    """The listener has been played more of a reply."""
    turn = floor.answering
    reply = turn.reply if turn is not None and turn.number == event.turn else None
    if turn is None or reply is None or not reply.open:
        return
    match event:
        case PlayoutStarted():
            turn.marks.sent_at = turn.marks.sent_at or event.at
        case PlayoutAcknowledged():
            # Told again, it is told more truly: acknowledgements come late, never early.
            turn.marks.heard_at = min(turn.marks.heard_at or event.at, event.at)
        case PlayoutProgress() | PlayoutStopped():
            heard = min(event.heard_samples, reply.ledger.samples)
            if heard > reply.heard_samples:
                # Only sound that goes on is a sign of life; a report of standing still is not.
                reply.heard_samples, turn.progress_at = heard, now
    if isinstance(event, PlayoutStopped) and reply.ending:
        end_reply(floor, turn, now)
    elif not reply.ending:
        finish(floor, turn, now)


def finish(floor: Floor, turn: Turn, now: Ticks) -> None:
    """End the reply if all of it was made and heard."""
    reply = turn.reply
    if turn is floor.answering and reply is not None and reply.open and reply.complete:
        end_reply(floor, turn, now)


def stop(floor: Floor, turn: Turn, ending: Ending, now: Ticks, message: str = "") -> None:
    """End the reply to `turn` before its end."""
    if turn.reply is None and not turn.wanted:
        # Its words are not known yet; they will enter the record without a reply.
        floor.answering = None
        give_floor(floor, now)
        return
    unasked = turn.reply is None
    reply = turn.reply or replying.begin_empty(turn, floor.out)
    if reply.ending:
        return
    reply.ending, reply.message, turn.progress_at = ending, message, now
    reason: CancelReason = "failed" if ending == "engine_broken" else ending or "dropped"
    cancel(floor, turn, reason)
    if reply.speak and not unasked:
        turn.paused = False
        floor.out.append(FlushPlayout(turn.number))
    else:
        end_reply(floor, turn, now)


def end_reply(floor: Floor, turn: Turn, now: Ticks) -> None:
    """The reply is over: what was heard of it enters the record."""
    reply = turn.reply
    assert reply is not None
    end = replying.ended(turn, reply)
    floor.out.append(end)
    turn.paused = False
    floor.answering, floor.idle_since = None, now
    end_turn(floor, turn, OUTCOMES[reply.ending], end.heard)
    give_floor(floor, now)


def give_floor(floor: Floor, now: Ticks) -> None:
    """The agent has given the floor: to a turn that waits for it, or to the caller who is speaking."""
    if floor.waiting is not None:
        floor.answering, floor.waiting = floor.waiting, None
        if floor.taking is not None and not floor.taking.announced:
            pause_playout(floor)
        settle(floor, floor.answering, now)
    elif floor.taking is not None:
        if not floor.taking.announced:
            announce(floor, floor.taking)
        elif floor.taking.words is None:
            prefill(floor, floor.taking)
        speculate(floor, floor.taking)


def pause_playout(floor: Floor) -> None:
    """Fall silent while somebody speaks over the agent."""
    turn = floor.answering
    if turn is not None and not (turn.paused or (turn.reply is not None and turn.reply.ending)):
        turn.paused = True
        floor.out.append(PausePlayout(turn.number))


def announce(floor: Floor, turn: Turn) -> None:
    """The caller has the floor, and the client may know."""
    turn.announced = True
    floor.out.append(AnnounceSpeech(turn.number, floor.hearing.began))
    if floor.answering is None:
        prefill(floor, turn)


def prefill(floor: Floor, turn: Turn) -> None:
    """The record will not change before the caller has finished: the model may read it."""
    floor.out.append(Prefill(turn.number, turn.revision, ""))
