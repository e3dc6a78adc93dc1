"""From a spoken call to what was said in it: lines with their times, heard again by an ear of our own."""

import io
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import msgspec
import numpy as np

from antiphon.cli.eval_line import Told
from antiphon.cli.eval_speech import Made, SpokenCall
from antiphon.cli.exchange import Exchange, Reply
from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.evals.gate import PLANNED
from antiphon.evals.records import Event, Line
from antiphon.evals.text_call import Held
from antiphon.evals.turns import sounding_at
from antiphon.evals.voice import Studio
from antiphon.runtime.voiced import voiced_span

_MARGIN = CLOCK_HZ // 10
_SLACK_S = 0.5
_ANSWERS_MS = 250.0


def held_call(call: SpokenCall, studio: Studio | None) -> Held:
    """What there is to keep of `call`; without a studio nothing is heard again."""
    exchange = call.line.exchange
    agent = list(_agent_lines(call, studio))
    caller = [_caller_line(call, made, agent, studio) for made in call.made]
    told = [*call.line.told, *call.planned]
    events = [Event(at_ms=_ms(exchange, each.at), name=each.name, data=each.data) for each in told]
    lines = [_with_first(line, caller, agent) for line in agent] + caller
    return Held(
        lines=tuple(sorted(lines, key=lambda line: line.start_ms)),
        events=tuple(sorted(_kept(events, caller), key=lambda event: event.at_ms)),
        caller=call.caller,
        ended=call.ended,
        problem=call.problem,
        duration_ms=exchange.sent_samples * 1000 / CLOCK_HZ,
    )


def sound_of(call: SpokenCall) -> bytes:
    """The whole call, the caller left and the agent right, as Opus in Ogg."""
    exchange = call.line.exchange
    caller = exchange.sent_audio()
    agent = exchange.loudspeaker.track(exchange.origin, len(caller))
    return opus(np.stack([caller, agent], axis=1))


def opus(audio: Audio) -> bytes:
    """24 kHz, shape [samples, channels]."""
    library: Any = import_module("soundfile")
    file = io.BytesIO()
    library.write(file, audio, CLOCK_HZ, format="OGG", subtype="OPUS")
    return file.getvalue()


def _caller_line(call: SpokenCall, made: Made, agent: Sequence[Line], studio: Studio | None) -> Line:
    exchange = call.line.exchange
    audio = made.audio[: max(0, exchange.sent_samples - made.start)]
    # What lies around a voice is not part of it; a cough has no voice, and counts from end to end.
    span = voiced_span(audio, CLOCK_HZ) if made.act != "noise" else None
    first, last = span or (0, len(audio))
    start_ms = _ms(exchange, exchange.sent_at(min(made.start + first, exchange.sent_samples - 1)))
    end_ms = _ms(exchange, exchange.sent_at(max(0, made.start + last - 1)))
    act = made.act
    if act == "interruption" and sounding_at(agent, start_ms) is None:
        act = "turn"
    said = made.say
    return Line(
        who="caller",
        text=made.text,
        start_ms=start_ms,
        end_ms=end_ms,
        act=act,
        heard=_understood(exchange, made) if act in ("turn", "interruption") else None,
        transcribed=_again(studio, exchange, made) if said is not None else None,
        intent=":".join((said.intent, *said.facts)) if said is not None else act,
    )


def _again(studio: Studio | None, exchange: Exchange, made: Made) -> str | None:
    if studio is None:
        return None
    return studio.heard(exchange.sent_audio(max(0, made.start - _MARGIN), made.end + _MARGIN))


def _understood(exchange: Exchange, made: Made) -> str | None:
    """The agent's transcript of the turns that began in it."""
    slack = _SLACK_S * CLOCK_HZ
    words = [
        turn.words.strip()
        for turn in exchange.heard
        if turn.words and made.start - slack <= turn.start_sample <= made.end + slack
    ]
    return " ".join(words) if words else None


def _agent_lines(call: SpokenCall, studio: Studio | None) -> Iterator[Line]:
    exchange = call.line.exchange
    for number, reply in enumerate(exchange.replies):
        played = [each for each in exchange.loudspeaker.played if each.item_id in reply.items]
        if reply.heard_at is None or not played or played[-1].ends_at <= reply.heard_at:
            continue
        ends_at = played[-1].ends_at
        cut = reply.status == "cancelled"
        text = " ".join(reply.words.split())
        heard = call.line.words_heard(reply, ends_at)
        audio = np.concatenate([each.audio for each in played])
        state = _state_by(call.line.told, reply)
        yield Line(
            who="agent",
            text=text,
            start_ms=_ms(exchange, reply.heard_at),
            end_ms=_ms(exchange, ends_at),
            cut_at_ms=_ms(exchange, ends_at) if cut else None,
            act="opening" if number == 0 and _before_anybody(call, reply) else "turn",
            heard=" ".join(heard.split()),
            transcribed=None if studio is None else studio.heard(audio),
            persona=str(state.get("persona", "")),
            scene=str(state.get("scene", "")),
            status=reply.status,
        )


def _before_anybody(call: SpokenCall, reply: Reply) -> bool:
    first = call.made[0].start if call.made else None
    exchange = call.line.exchange
    return first is None or reply.begun_at < exchange.sent_at(min(first, exchange.sent_samples - 1))


def _state_by(told: Sequence[Told], reply: Reply) -> dict[str, Any]:
    """The state that was told last before an answer sounded; the first one, before any was told."""
    by = reply.heard_at or reply.begun_at
    states = [each for each in told if each.name == "state"]
    known = [each for each in states if each.at <= by] or states[:1]
    return known[-1].data if known else {}


def _with_first(line: Line, caller: Sequence[Line], agent: Sequence[Line]) -> Line:
    """The first answer to a turn, with the time from that turn's end on the caller's watch.

    Nobody waited for what follows an answer that began into the turn and went on after it.
    """
    turns = [each for each in caller if each.act in ("turn", "interruption")]
    before = [each for each in turns if each.end_ms <= line.start_ms + _ANSWERS_MS]
    if line.act == "opening" or not before:
        return line
    asked = max(before, key=lambda each: each.end_ms)
    since = asked.end_ms - _ANSWERS_MS
    earlier = [each for each in agent if asked.start_ms < each.start_ms < line.start_ms]
    if any(each.end_ms > since for each in earlier):
        return line
    return msgspec.structs.replace(line, first_ms=line.start_ms - asked.end_ms)


def _kept(events: Sequence[Event], caller: Sequence[Line]) -> Iterator[Event]:
    """Without plans to cut into answers that ended first, by themselves, as the caller drew breath."""
    for event in events:
        by_ms = event.data.get("by_ms", 0.0)
        overtaken = event.name == PLANNED and any(
            line.act == "turn"
            and line.text == event.data.get("says")
            and event.at_ms <= line.start_ms <= by_ms
            for line in caller
        )
        if not overtaken:
            yield event


def _ms(exchange: Exchange, at: float) -> float:
    return (at - exchange.origin) * 1000
