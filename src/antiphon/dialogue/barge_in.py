"""Speaking over the agent: is it an interruption, a listening word or a noise?

Playout is held back at the first window that may be speech: if the next one is not, it goes on, and nobody
has heard a gap, because sound is sent a little ahead. At the onset it stays paused. Then it is decided
whether the speaker wins the floor, and the rest of the reply is flushed, or is let go, and the reply goes on
where it was.
"""

from antiphon.contracts import Outcome, Ticks, ms, ticks
from antiphon.dialogue.answering import pause_playout, speculate, still_quiet, stop, unanswered
from antiphon.dialogue.backchannel import (
    agrees,
    is_backchannel,
    is_hum,
    says_something,
    takes_the_floor,
)
from antiphon.dialogue.commands import AnnounceSilence, AnnounceSpeech, ResumePlayout, Transcribe
from antiphon.dialogue.floor import Floor, cancel, end_turn
from antiphon.dialogue.turn import Turn

PROBE_AFTER: Ticks = ticks(400)
"""Speech over the agent is transcribed for the first time when it has lasted this long."""
PROBE_EVERY: Ticks = ticks(300)
"""And again whenever it has lasted longer by this, or by half of its length, whichever is more."""
INTERRUPT_AFTER: Ticks = ticks(1000)
"""Speech over the agent that lasts this long wins the floor if nothing is known of what it says."""
NO_WORD_TWICE = 2
"""So many beginnings without a word are a noise: the agent need not wait for its end."""
ALL_BUT_ASKED: Ticks = ticks(1000)
"""Who agrees when no more than this is left of a question has understood it: "... is that right?"."""
YIELD_AT_MOST: Ticks = ticks(1500)
"""The agent does not stay silent longer than this for a transcription that does not come."""


def stir(floor: Floor) -> None:
    """Nobody has begun to speak, but the newest window may be the beginning: hold the sound back."""
    startled = floor.hearing.startled and _sounds(floor)
    if (floor.hearing.stirring or startled) and floor.policy.yields:
        pause_playout(floor)
    else:
        resume(floor)


def _sounds(floor: Floor) -> bool:
    """Whether there is sound to be held back; an answer is not kept waiting for every rustle."""
    reply = None if floor.answering is None else floor.answering.reply
    return reply is not None and reply.heard_samples > 0


def resume(floor: Floor) -> None:
    """The agent speaks on where it was paused."""
    if floor.answering is not None and floor.answering.paused:
        floor.answering.paused = False
        floor.out.append(ResumePlayout(floor.answering.number))


def probe(floor: Floor, turn: Turn, now: Ticks) -> None:
    """The caller is still speaking over the agent: long enough to win, or to ask what it is?"""
    lasted = floor.hearing.heard_to - floor.hearing.began
    if lasted >= INTERRUPT_AFTER and turn.beginnings == 0:
        interrupt(floor, turn, now)
    elif lasted >= max(PROBE_AFTER, turn.probe_at) and not turn.probed:
        turn.probed = True
        turn.probe_at = lasted + max(PROBE_EVERY, lasted // 2)
        heard_to = floor.hearing.heard_to
        floor.out.append(Transcribe(turn.number, turn.revision, turn.began, heard_to, heard_to))


def judge_beginning(floor: Floor, turn: Turn, words: str, now: Ticks) -> None:
    """The caller is still speaking over the agent, and began with `words`."""
    turn.probed = False
    turn.beginnings += 1
    turn.wordless = 0 if says_something(words) else turn.wordless + 1
    if takes_the_floor(words):
        interrupt(floor, turn, now)
    elif turn.wordless >= NO_WORD_TWICE:
        resume(floor)


def judge_words(floor: Floor, turn: Turn, words: str, now: Ticks) -> bool:
    """All that was said over the agent is `words`: whether they win the floor."""
    listens = is_backchannel(words) or is_hum(words, ms(turn.speech_end - floor.hearing.began))
    if listens and not (agrees(words) and _has_asked(floor)):
        let_go(floor, turn, "backchannel" if words else "nothing_said", now)
        return False
    interrupt(floor, turn, now)
    return True


def _has_asked(floor: Floor) -> bool:
    """Whether the agent is as good as through with a question: a yes is the answer to it."""
    reply = None if floor.answering is None else floor.answering.reply
    if reply is None or not reply.finished or reply.ledger.clauses < reply.clauses:
        return False
    left = reply.ledger.samples - reply.heard_samples
    return left <= ALL_BUT_ASKED and reply.text.rstrip().endswith("?")


def judge_by_length(floor: Floor, turn: Turn, now: Ticks) -> None:
    """Nobody knows what was said over the agent: only what is longer than a listening word wins the floor."""
    if turn.speech_end - floor.hearing.began >= PROBE_AFTER:
        interrupt(floor, turn, now)
    else:
        let_go(floor, turn, "nothing_said", now)


def interrupt(floor: Floor, turn: Turn, now: Ticks) -> None:
    """The caller wins the floor from the agent."""
    turn.announced = True
    floor.out.append(AnnounceSpeech(turn.number, floor.hearing.began))
    give_up_waiting(floor)
    if floor.answering is not None:
        stop(floor, floor.answering, "turn_detected", now)
    speculate(floor, turn)


def let_go(floor: Floor, turn: Turn, outcome: Outcome, now: Ticks) -> None:
    """There was nothing to answer: whoever was speaking goes on where they were."""
    if turn.announced:
        floor.out.append(AnnounceSilence(turn.number, turn.speech_end))
    floor.taking = None
    floor.hearing.reset()
    floor.free_from = floor.hearing.heard_to - floor.hearing.stirring
    cancel(floor, turn, "dropped")
    end_turn(floor, turn, outcome)
    still_quiet(floor, now)
    resume(floor)


def give_up_waiting(floor: Floor) -> None:
    """A turn that waited for the floor will not be answered after all."""
    turn, floor.waiting = floor.waiting, None
    if turn is not None and turn.number not in floor.settling:
        unanswered(floor, turn)
