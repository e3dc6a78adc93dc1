"""The agent's side of a turn: from generated text to released sound. Each function appends commands to `out`.

Nothing here knows who has the floor. Work may run at any time; only `open_gate` lets it be heard.
"""

from antiphon.contracts import Ticks, TimedWord, Usage
from antiphon.dialogue.clauses import speakable
from antiphon.dialogue.commands import Command, EmitText, EndReply, Generate, Play, StartReply, Synthesize
from antiphon.dialogue.completeness import without_mark
from antiphon.dialogue.events import GenerationEnded, SpeechReady, TextGenerated
from antiphon.dialogue.ledger import heard_words, text_of
from antiphon.dialogue.turn import Reply, Turn


def begin(turn: Turn, *, speak: bool, out: list[Command], weigh: bool = False) -> None:
    """Ask for the answer, behind a shut gate. Words that the record has are not given a second time."""
    turn.reply = Reply(speak=speak)
    recorded = turn.wanted or turn.words_told
    words = None if recorded else turn.words
    out.append(Generate(turn.number, turn.revision, words, without_mark(words) if weigh and words else ""))


def begin_empty(turn: Turn, out: list[Command]) -> Reply:
    """A reply that was promised and will hold nothing."""
    turn.reply = Reply(speak=turn.speak, open=True)
    out.append(StartReply(turn.number))
    return turn.reply


def open_gate(turn: Turn, reply: Reply, now: Ticks, out: list[Command]) -> None:
    """The turn is confirmed: let out what is ready, and from now on everything as it comes."""
    reply.open = True
    out.append(StartReply(turn.number))
    _show(turn, reply, out)
    _release(turn, reply, reply.waiting, now, out)
    reply.waiting = []


def take_text(turn: Turn, reply: Reply, event: TextGenerated, now: Ticks, out: list[Command]) -> None:
    """More of the answer has been generated."""
    if turn.marks.first_token is None:
        turn.marks.first_token = event.timing
    reply.text += event.text
    reply.tokens += 1
    if reply.speak:
        for clause in reply.cutter.feed(event.text):
            _synthesize(turn, reply, clause, now, out, goes_on=True)
    elif reply.open:
        _show(turn, reply, out)


def take_end(turn: Turn, reply: Reply, event: GenerationEnded, now: Ticks, out: list[Command]) -> None:
    """All of the answer has been generated."""
    for clause in reply.cutter.finish():
        if reply.speak:
            _synthesize(turn, reply, clause, now, out, goes_on=False)
    reply.finished = True
    reply.usage, reply.tool_calls = event.usage, event.tool_calls
    reply.hit_limit = event.reason == "length"


def take_speech(turn: Turn, reply: Reply, event: SpeechReady, now: Ticks, out: list[Command]) -> None:
    """A chunk has become sound."""
    if event.clause >= reply.clauses:
        return
    if (event.clause, event.chunk) == (0, 0) and turn.marks.synthesis is None:
        turn.marks.synthesis, turn.marks.synthesized_at = event.timing, now
    ready = reply.ledger.add(event.clause, event.chunk, event.samples, event.words, event.last)
    if reply.open:
        _release(turn, reply, ready, now, out)
    else:
        reply.waiting += ready


def heard(reply: Reply) -> tuple[str, tuple[TimedWord, ...]]:
    """The words of the reply that were heard, as text and with their places in its sound."""
    if not reply.speak:
        return reply.text[: reply.shown], ()
    words = reply.ledger.words if reply.complete else heard_words(reply.ledger.words, reply.heard_samples)
    return text_of(words), words


def ended(turn: Turn, reply: Reply) -> EndReply:
    """What the record keeps of a reply that is over."""
    text, words = heard(reply)
    status, reason = "completed", ""
    if reply.ending == "engine_broken":
        status, reason = "failed", "engine_broken"
    elif reply.ending:
        status, reason = "cancelled", reply.ending
    elif reply.hit_limit:
        status, reason = "incomplete", "max_output_tokens"
    return EndReply(
        turn=turn.number,
        status=status,
        reason=reason,
        message=reply.message,
        heard=text,
        words=words,
        heard_samples=reply.heard_samples,
        tool_calls=() if reply.ending else reply.tool_calls,
        usage=usage(reply),
    )


def usage(reply: Reply) -> Usage:
    """What the reply took; of one that was cut off, what is known."""
    return reply.usage if reply.finished else Usage(completion_tokens=reply.tokens)


def _synthesize(
    turn: Turn, reply: Reply, clause: str, now: Ticks, out: list[Command], *, goes_on: bool
) -> None:
    text = speakable(clause)
    if not any(letter.isalnum() for letter in text):
        return
    if turn.marks.first_clause_at is None:
        turn.marks.first_clause_at = now
    out.append(Synthesize(turn.number, turn.revision, reply.clauses, text, reply.last_clause, goes_on))
    reply.clauses += 1
    reply.last_clause = text


def _release(turn: Turn, reply: Reply, chunks: list[tuple[int, int]], now: Ticks, out: list[Command]) -> None:
    if chunks and turn.marks.released_at is None:
        turn.marks.released_at = now
    out.extend(Play(turn.number, clause, chunk) for clause, chunk in chunks)


def _show(turn: Turn, reply: Reply, out: list[Command]) -> None:
    if not reply.speak and reply.shown < len(reply.text):
        out.append(EmitText(turn.number, reply.text[reply.shown :]))
        reply.shown = len(reply.text)
