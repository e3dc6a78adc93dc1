"""Listening ahead: the caller's words are written down while they are still being said.

Two things come of it. The model reads the words that will hardly change while the caller speaks on, so that
at the end only the last few are new to it. And the end itself is heard ahead: at the first quiet window the
turn so far is transcribed, and if that was the end, its words are known when the pause has become one.

What was heard ahead is true whatever the caller does next, so it belongs to a turn and to no revision.
"""

from collections.abc import Sequence

from antiphon.contracts import Ticks, ticks
from antiphon.dialogue.commands import ListenAhead, Prefill
from antiphon.dialogue.completeness import MARKS, without_mark
from antiphon.dialogue.floor import Floor
from antiphon.dialogue.turn import Turn

AT_LEAST_EVERY: Ticks = ticks(800)
"""Somebody who speaks without a pause is listened to this often."""
AT_MOST_EVERY: Ticks = ticks(100)
"""A voice that flickers is not listened to at its quiet windows more often than this: as often as one
transcript can follow another."""
UNSURE_WORDS = 2
"""So many of the last words may still change, when they were cut off in the middle; after a dip, one less.

Measured on half of the recordings: two words of a turn are left to read at its end (median), and two are read
in vain. Waiting for two transcripts to agree leaves four."""
FEWEST_NEW_WORDS = 2
"""Reading fewer than this at a time costs more than it saves."""


def steady(words: str, read: Sequence[str]) -> str:
    """`words` as the model has read them, as far as they are the same words.

    Who hears more of a sentence writes its beginning anew, with other marks and, behind those, other
    capitals. That is no news, and the model would have to read all that comes behind it once more. Other
    capitals elsewhere are news: somebody is called Mark.
    """
    said = words.split()
    same = 0
    for mine, yours in zip(said, read, strict=False):
        one, other = mine.strip(MARKS), yours.strip(MARKS)
        begins = not same or said[same - 1][-1] in MARKS or read[same - 1][-1] in MARKS
        if one != other and not (begins and one.casefold() == other.casefold()):
            break
        same += 1
    if same:
        last = said[same - 1]
        mark = last[len(without_mark(last)) :]
        said[:same] = [*read[: same - 1], without_mark(read[same - 1]) + mark]
    return " ".join(said)


def listen_on(floor: Floor, turn: Turn) -> None:
    """The caller speaks, or has just fallen quiet: listen to what there is, if it is worth it."""
    heard_to = floor.hearing.heard_to
    if floor.hearing.silence > 0:
        fresh = heard_to - turn.dip_at >= AT_MOST_EVERY or not turn.dip_at
        if fresh and turn.ahead_to <= floor.hearing.speech_end:
            turn.dip_at = heard_to
            _listen(floor, turn)
        return
    _read_on(floor, turn)
    if heard_to - max(turn.ahead_to, floor.hearing.voice_from) >= AT_LEAST_EVERY:
        _listen(floor, turn)


def _listen(floor: Floor, turn: Turn) -> None:
    turn.ahead_to, turn.ahead, turn.ahead_is_read = floor.hearing.heard_to, None, False
    floor.out.append(ListenAhead(turn.number, turn.began, turn.ahead_to, floor.hearing.began))


def covers(floor: Floor, turn: Turn) -> bool:
    """Whether all the caller has said was listened to ahead, or is being listened to."""
    return turn.ahead_to > floor.hearing.speech_end


def _read_on(floor: Floor, turn: Turn) -> None:
    """Let the model read the words that will hardly change.

    Not in a dip: if it becomes the end, the model is wanted for the answer at once.
    """
    if turn.ahead is None or turn.ahead.text is None or turn.ahead_is_read:
        return
    if floor.answering is not None or not floor.policy.answers:
        return
    turn.ahead_is_read = True
    words = steady(turn.ahead.text, turn.read).split()
    sure = words[: len(words) - UNSURE_WORDS + (turn.ahead_to == turn.dip_at)]
    if len(sure) >= _common(sure, turn.read) + FEWEST_NEW_WORDS:
        turn.read = sure
        floor.out.append(Prefill(turn.number, turn.revision, without_mark(" ".join(sure))))


def _common(some: list[str], others: list[str]) -> int:
    """How many words both begin with."""
    for place, (mine, yours) in enumerate(zip(some, others, strict=False)):
        if mine != yours:
            return place
    return min(len(some), len(others))
