"""What does not come: audio that stalls, engines that fail or fall silent, callers who say nothing."""

from antiphon.contracts import Ticks, ticks
from antiphon.dialogue.answering import answer_request, end_reply, give_floor, still_quiet, stop
from antiphon.dialogue.barge_in import judge_by_length, resume
from antiphon.dialogue.commands import AnnounceIdle, SettleCallerWords
from antiphon.dialogue.events import ReplyRequested, WorkFailed
from antiphon.dialogue.floor import Floor, cancel, end_turn, find, free, owed
from antiphon.dialogue.listening import pause, requested, weigh
from antiphon.dialogue.turn import Turn

STALL: Ticks = ticks(700)
"""Audio that stops coming is taken for silence after this."""
LOOK_AGAIN: Ticks = ticks(200)
"""How often a pause is weighed while no audio comes."""
PATIENCE: Ticks = ticks(30_000)
"""An engine, or the playout, that gives no sign of life for this long has failed."""


def deadline(floor: Floor) -> Ticks | None:
    """When `watch` is due at the latest; None while nothing is waited for."""
    due = [turn.progress_at + PATIENCE for turn in floor.settling.values()] if floor.settling else []
    if floor.answering is not None:
        due.append(floor.answering.progress_at + PATIENCE)
    if floor.taking is not None:
        speaking = floor.hearing.state == "speaking"
        due.append(floor.audio_at + STALL if speaking else floor.looked_at + LOOK_AGAIN)
    elif _held_back(floor):
        due.append(floor.audio_at + LOOK_AGAIN)
    if floor.policy.idle_ticks is not None and floor.idle_since is not None and free(floor):
        due.append(floor.idle_since + floor.policy.idle_ticks)
    return min(due) if due else None


def watch(floor: Floor, now: Ticks) -> None:
    """A moment has passed; look after everything that may have been waited for too long."""
    stalled = now - floor.audio_at
    floor.looked_at = now
    turn = floor.taking
    if turn is not None and stalled >= STALL and floor.hearing.stall() == "pause":
        pause(floor, turn, now)
    elif turn is not None and floor.hearing.state == "pausing" and stalled >= LOOK_AGAIN:
        floor.hearing.hush()
        weigh(floor, turn, floor.hearing.silence + stalled, now)
    elif _held_back(floor) and stalled >= LOOK_AGAIN:
        floor.hearing.hush()
        resume(floor)
    for turn in owed(floor):
        if now - turn.progress_at >= PATIENCE:
            _give_up(floor, turn, now)
    idle = floor.policy.idle_ticks
    if idle is not None and floor.idle_since is not None and now - floor.idle_since >= idle and free(floor):
        floor.out.append(AnnounceIdle(floor.numbers + 1))
        requested(floor, ReplyRequested(floor.policy.speaks), now)


def _held_back(floor: Floor) -> bool:
    """Whether the agent is silent for a caller who has not even begun to speak."""
    return floor.taking is None and floor.answering is not None and floor.answering.paused


def _give_up(floor: Floor, turn: Turn, now: Ticks) -> None:
    message = "no sign of life for half a minute"
    if turn.number in floor.settling:
        _lose_words(floor, turn, message, now)
    elif turn is floor.answering and turn.reply is not None and turn.reply.ending:
        end_reply(floor, turn, now)
    elif turn is floor.answering:
        stop(floor, turn, "engine_broken", now, message)


def failed(floor: Floor, event: WorkFailed, now: Ticks) -> None:
    """An engine could not do its work: do without it if possible, else end what rests on it."""
    turn = find(floor, event.turn, event.revision, now)
    if turn is None or event.stage == "end_of_turn":
        return
    if event.stage == "transcription":
        if turn.words is not None or not (turn.listening or turn.probed):
            return
        if turn.committed:
            _lose_words(floor, turn, event.message, now)
            return
        turn.retry()
        if not turn.announced and floor.hearing.state == "pausing":
            judge_by_length(floor, turn, now)
    elif turn is floor.answering and turn.reply is not None:
        stop(floor, turn, "engine_broken", now, event.message)
    elif turn.reply is not None:
        # Only a speculation failed; the reply is begun afresh when the turn is confirmed.
        cancel(floor, turn, "failed")
        turn.retry()


def _lose_words(floor: Floor, turn: Turn, message: str, now: Ticks) -> None:
    floor.settling.pop(turn.number, None)
    cancel(floor, turn, "failed")
    floor.out.append(SettleCallerWords(turn.number, None, message))
    end_turn(floor, turn, "failed")
    still_quiet(floor, now)
    if turn is floor.answering:
        floor.answering = None
        give_floor(floor, now)
    if turn is floor.waiting:
        floor.waiting = None
    answer_request(floor, now)
