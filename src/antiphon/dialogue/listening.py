"""The caller's side of the floor: speech, pauses, the end of a turn, and speaking over the agent."""

from antiphon.contracts import Ticks, ticks
from antiphon.dialogue.ahead import covers, listen_on, steady
from antiphon.dialogue.answering import (
    announce,
    answer_request,
    pause_playout,
    settle,
    speculate,
    stop,
)
from antiphon.dialogue.barge_in import (
    YIELD_AT_MOST,
    give_up_waiting,
    interrupt,
    judge_beginning,
    judge_by_length,
    judge_words,
    let_go,
    probe,
    stir,
)
from antiphon.dialogue.commands import (
    AnnounceSilence,
    CommitCallerAudio,
    ScoreEndOfTurn,
    Transcribe,
)
from antiphon.dialogue.events import (
    CallerMeasured,
    CancelRequested,
    ClearRequested,
    CommitRequested,
    EndOfTurnScored,
    HeardAhead,
    ReplyRequested,
    Timing,
    Transcribed,
    VoiceWindow,
    WordsWeighed,
)
from antiphon.dialogue.floor import Floor, cancel, find, new_turn
from antiphon.dialogue.policy import ASK_AT, Pause, Policy, turn_is_over
from antiphon.dialogue.turn import Turn

LONGEST_HOLD: Ticks = ticks(800)
"""A turn that is over does not wait longer than this silence for its answer to be ready."""
LONGEST_TURN: Ticks = ticks(90_000)
"""A caller who speaks on without a pause is answered after this."""


def hear(floor: Floor, window: VoiceWindow, now: Ticks) -> None:
    """One more window of the caller's audio; one that was heard before changes nothing."""
    if window.end <= floor.hearing.heard_to:
        return
    if floor.policy.mode == "manual":
        floor.hearing.heard_to = window.end
        return
    floor.audio_at = floor.looked_at = now
    change = floor.hearing.push(window, floor.policy.speech_threshold)
    if change == "onset":
        _onset(floor, now)
    turn = floor.taking
    if turn is None:
        stir(floor)
        return
    turn.speech_end = floor.hearing.speech_end
    if change == "pause":
        pause(floor, turn, now)
    elif change == "resume":
        _go_on(floor, turn)
    elif floor.hearing.state == "pausing":
        weigh(floor, turn, floor.hearing.silence, now)
    elif not turn.announced:
        probe(floor, turn, now)
    elif floor.hearing.heard_to - turn.began >= LONGEST_TURN:
        _confirm(floor, turn, now)
    else:
        listen_on(floor, turn)


def _onset(floor: Floor, now: Ticks) -> None:
    turn = floor.taking = new_turn(floor, now)
    turn.began = max(floor.hearing.began - floor.policy.prefix_ticks, floor.free_from)
    if floor.answering is None or not floor.policy.yields:
        announce(floor, turn)
    else:
        pause_playout(floor)


def pause(floor: Floor, turn: Turn, now: Ticks) -> None:
    """The first silent frames: find out what was said, and whether that was all."""
    if turn.probed:
        _go_on(floor, turn)
    turn.paused_at = now
    if turn.announced:
        _ask(floor, turn)
    if turn.announced and covers(floor, turn):
        turn.listening = turn.relies = True
        _rely(floor, turn, now)
    else:
        _listen(floor, turn, floor.hearing.heard_to)


def _listen(floor: Floor, turn: Turn, end: Ticks) -> None:
    """Ask for the words.

    Whether speech over the agent is any is told by what is left of it without our own sound. A caller who
    has the floor is heard as they came: what takes our sound out takes some of theirs as well.
    """
    turn.listening = True
    over_the_agent = turn is floor.taking and not turn.announced
    clean_to = end if over_the_agent else min(floor.hearing.voice_from, end)
    floor.out.append(Transcribe(turn.number, turn.revision, turn.began, end, clean_to))


def heard_ahead(floor: Floor, event: HeardAhead, now: Ticks) -> None:
    """The words of a turn up to some place are known."""
    turn = floor.taking
    if turn is None or turn.number != event.turn:
        turn = floor.settling.get(event.turn)
    if turn is None or event.end != turn.ahead_to or turn.ahead is not None:
        return
    turn.ahead, turn.progress_at = event, now
    if turn.relies:
        _rely(floor, turn, now)


def _rely(floor: Floor, turn: Turn, now: Ticks) -> None:
    """What was heard ahead, if it has come, is all that was said."""
    heard = turn.ahead
    if heard is None or turn.words is not None:
        return
    if heard.text is None:
        turn.relies = False
        _listen(floor, turn, heard.end)
    else:
        _take_words(floor, turn, heard.text, heard.timing, now)


def _go_on(floor: Floor, turn: Turn) -> None:
    cancel(floor, turn, "caller_went_on")
    turn.revise()


def _ask(floor: Floor, turn: Turn) -> None:
    if floor.policy.mode == "sounding":
        turn.asked = max(turn.asked + 1, sum(floor.hearing.silence >= age for age in ASK_AT))
        floor.out.append(ScoreEndOfTurn(turn.number, turn.revision, turn.began, floor.hearing.heard_to))


def weigh(floor: Floor, turn: Turn, silence: Ticks, now: Ticks) -> None:
    """The caller is silent: is it a pause, or the end?"""
    if not turn.announced:
        if turn.paused_at is not None and now - turn.paused_at >= YIELD_AT_MOST:
            judge_by_length(floor, turn, now)
        return
    over = turn_is_over(floor.policy, Pause(silence, turn.scores, turn.words, turn.may_end))
    if not over and turn.asked < len(ASK_AT) and silence >= ASK_AT[turn.asked]:
        # Of a turn that is over nothing more is asked: the answer, which is being made, needs the cores.
        _ask(floor, turn)
    if not over or floor.hearing.stirring or floor.hearing.glowing:
        turn.over_at = None
        return
    if turn.over_at is None:
        turn.over_at = now
    if silence >= LONGEST_HOLD or not _answer_is_near(floor, turn):
        _confirm(floor, turn, now)


def _answer_is_near(floor: Floor, turn: Turn) -> bool:
    """Whether the answer is being made and has no sound yet: until it has, deciding later costs nothing."""
    if floor.policy.mode != "sounding" or not floor.policy.answers or floor.answering is not None:
        return False
    if turn.words is None:
        return True
    reply = turn.reply
    return reply is not None and not (reply.waiting or reply.finished or (reply.text and not reply.speak))


def answer_is_ready(floor: Floor, now: Ticks) -> None:
    """More of an answer was made: a caller who has been taken to have finished may have waited for it."""
    turn = floor.taking
    if turn is not None and turn.over_at is not None and floor.hearing.state == "pausing":
        weigh(floor, turn, floor.hearing.silence, now)


def _confirm(floor: Floor, turn: Turn, now: Ticks) -> None:
    """The turn has ended: it enters the record, and its reply may sound."""
    floor.out.append(AnnounceSilence(turn.number, turn.speech_end))
    _commit(floor, turn, floor.hearing.heard_to, now)
    if floor.policy.answers:
        if floor.answering is None:
            floor.answering = turn
        else:
            give_up_waiting(floor)
            floor.waiting = turn
    settle(floor, turn, now)


def _commit(floor: Floor, turn: Turn, end: Ticks, now: Ticks) -> None:
    floor.taking = None
    floor.hearing.reset()
    floor.free_from = end
    if turn.probed:
        _go_on(floor, turn)
    turn.committed, turn.progress_at = True, now
    turn.marks.confirmed_at = now if turn.over_at is None else turn.over_at
    floor.settling[turn.number] = turn
    floor.out.append(CommitCallerAudio(turn.number, turn.began, end))
    if not turn.listening:
        _listen(floor, turn, end)


def transcribed(floor: Floor, event: Transcribed, now: Ticks) -> None:
    """The words of a turn, or of its beginning, are known."""
    turn = find(floor, event.turn, event.revision, now)
    if turn is None or turn.words is not None or not (turn.listening or turn.probed):
        return
    if turn is floor.taking and floor.hearing.state == "speaking":
        if not turn.announced:
            judge_beginning(floor, turn, event.text, now)
        return
    if event.thinned and turn is floor.taking and not turn.announced:
        if judge_words(floor, turn, event.text, now):
            _ask(floor, turn)
            _listen(floor, turn, floor.hearing.heard_to)
        return
    _take_words(floor, turn, event.text, event.timing, now)


def _take_words(floor: Floor, turn: Turn, text: str, timing: Timing, now: Ticks) -> None:
    turn.words = steady(text, turn.read)
    turn.marks.transcription, turn.marks.transcribed_at = timing, now
    if turn is not floor.taking:
        settle(floor, turn, now)
    elif turn.announced:
        speculate(floor, turn)
    elif judge_words(floor, turn, turn.words, now):
        _ask(floor, turn)


def measured(floor: Floor, event: CallerMeasured) -> None:
    """It is known when the caller's voice ended: the equation's clock starts there."""
    for turn in (floor.answering, floor.waiting, floor.unanswered, *floor.settling.values()):
        if turn is not None and turn.number == event.turn:
            turn.marks.last_voiced_at = event.last_voiced_at


def judged(floor: Floor, event: EndOfTurnScored | WordsWeighed, now: Ticks) -> None:
    """It is known how finished the turn sounds, or reads."""
    turn = find(floor, event.turn, event.revision, now)
    if turn is not None and turn is floor.taking and floor.hearing.state == "pausing":
        match event:
            case EndOfTurnScored():
                turn.scores += (event.probability,)
            case WordsWeighed():
                turn.may_end = event.may_end
        weigh(floor, turn, floor.hearing.silence, now)


def _client_commits(floor: Floor, event: CommitRequested, now: Ticks) -> None:
    turn = floor.taking
    if turn is None:
        turn = new_turn(floor, now)
    elif not turn.announced:
        interrupt(floor, turn, now)
    if turn.announced:
        cancel(floor, turn, "caller_went_on")
        turn.revise()
        floor.out.append(AnnounceSilence(turn.number, event.end))
    turn.began, turn.speech_end = event.start, event.end
    _commit(floor, turn, event.end, now)
    settle(floor, turn, now)


def change_policy(floor: Floor, policy: Policy, now: Ticks) -> None:
    """From now on these rules hold. A turn that the new ones would never end is dropped."""
    floor.policy = policy
    if policy.mode == "manual" and floor.taking is not None:
        let_go(floor, floor.taking, "cancelled", now)


def requested(
    floor: Floor, event: CommitRequested | ClearRequested | ReplyRequested | CancelRequested, now: Ticks
) -> None:
    """A client does not leave it to the floor."""
    match event:
        case CommitRequested():
            _client_commits(floor, event, now)
        case ClearRequested():
            if floor.taking is not None:
                let_go(floor, floor.taking, "cancelled", now)
            floor.free_from = max(floor.free_from, floor.hearing.heard_to)
        case ReplyRequested():
            if floor.answering is None and floor.waiting is None:
                _drop_guess(floor)
                turn = floor.answering = new_turn(floor, now)
                turn.wanted = turn.committed = True
                turn.speak = event.speak
                answer_request(floor, now)
        case CancelRequested():
            if floor.answering is not None:
                stop(floor, floor.answering, "client_cancelled", now)


def guess_anew(floor: Floor) -> None:
    """A guess was made on ground that has shifted: the words stay, the answer is begun again."""
    _drop_guess(floor)
    if floor.taking is not None and floor.hearing.state == "pausing":
        speculate(floor, floor.taking)


def _drop_guess(floor: Floor) -> None:
    """The reply that begins now will stand before the caller's turn; a guess made without it is no answer."""
    turn = floor.taking
    if turn is not None and turn.reply is not None:
        cancel(floor, turn, "dropped")
        turn.retry()
