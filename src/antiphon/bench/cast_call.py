"""A scripted caller's spoken conversation with a cast, from outside: over the WebSocket, aloud."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from time import perf_counter

import aiohttp
import msgspec
import numpy as np

from antiphon.bench.barge_in_client import Answer, Client, dial
from antiphon.contracts import CLOCK_HZ, Audio, Synthesizer
from antiphon.runtime.voiced import first_audible_sample, voiced_span
from antiphon.samp import Line, Script
from antiphon.samp.script import expected

QUIET_S = 0.8
"""A caller speaks when the answer has been over for this long."""
PATIENCE_S = 60.0
GREETING_S = 8.0
LAST_WORD_S = 0.35
"""A word is taken to be heard when so much of what follows its beginning has been played."""


class SpokenTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the caller's and what came of it."""

    says: str
    understood: str
    cut_in: bool
    """Whether the caller spoke over the answer before."""
    answer: str
    heard: str
    scene: str
    persona: str
    voice: str
    slots: dict[str, str | float]
    checklist: dict[str, bool]
    moved: str
    mouth_to_ear_ms: float | None
    """From the caller's last voiced sample to the first audible one of the answer."""
    prompt_tokens: int | None
    evaluated_tokens: int | None
    wrong: tuple[str, ...]
    """What the script expected and was not so."""
    sound: tuple[int, int]
    """Where in the agent's track the answer lies, in samples at 24 kHz."""


class SpokenCall(msgspec.Struct, frozen=True, kw_only=True):
    """A whole conversation."""

    session: str
    greeting: str
    turns: tuple[SpokenTurn, ...]
    caller: Audio
    """Track of the caller, 24 kHz."""
    agent: Audio
    """Track of the agent, on the same clock."""


async def call(
    url: str,
    script: Script,
    voice: Synthesizer,
    told: Callable[[SpokenTurn], None] = lambda _: None,
    *,
    instructions: str = "",
) -> SpokenCall:
    """Dial the server at `url` (ws://...) and say the script's lines, each after the answer to the last.

    Args:
        url: of the server's /v1/realtime.
        script: who calls.
        voice: says their lines.
        told: is told of each turn when it is over.
        instructions: for a server that plays no cast, and so does not speak first.
    """
    lines = [_spoken(voice, line.says, script.voice) for line in script.lines]
    async with dial(url, instructions) as client:
        session = next(e["session"]["id"] for _, e in client.told if e["type"] == "session.created")
        heard = {"input": {"transcription": {"model": "whisper-1"}}}
        await client.send(type="session.update", session={"type": "realtime", "audio": heard})
        facts = _Facts()
        watching = asyncio.create_task(facts.watch(url, session))
        try:
            if not instructions:
                await client.until(lambda: _over(client), GREETING_S)
            turns: list[SpokenTurn] = []
            async for turn in _said(client, facts, script, lines):
                turns.append(turn)
                told(turn)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        length = round((max(_plays_until(client), perf_counter()) - client.began_at + 1) * CLOCK_HZ)
        return SpokenCall(
            session=session,
            greeting=client.answers[0].transcript if client.answers else "",
            turns=tuple(turns),
            caller=_caller_track(client, length),
            agent=_agent_track(client, length),
        )


class _Mark(msgspec.Struct):
    label: str
    done: bool


class _Slot(msgspec.Struct):
    name: str
    value: str | float | None


class _Moved(msgspec.Struct, rename={"origin": "from"}):
    origin: str
    to: str
    why: str


class _State(msgspec.Struct):
    """What a client reads of `state`."""

    scene: str = ""
    persona: str = ""
    voice: str = ""
    checklist: list[_Mark] = []
    slots: list[_Slot] = []
    moved: _Moved | None = None


class _Prompt(msgspec.Struct):
    """What it reads of `prompt`."""

    tokens: int
    evaluated_tokens: int | None


class _Facts:
    """What the server tells of the session to whoever watches."""

    def __init__(self) -> None:
        self.states: list[_State] = []
        self.prompts: list[_Prompt] = []

    async def watch(self, url: str, session: str) -> None:
        root = url.replace("ws://", "http://").removesuffix("/realtime")
        async with aiohttp.ClientSession() as http, http.get(f"{root}/sessions/{session}/events") as feed:
            name = ""
            async for raw in feed.content:
                line = raw.decode().strip()
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name == "state":
                    self.states.append(msgspec.json.decode(line.removeprefix("data: "), type=_State))
                elif line.startswith("data: ") and name == "prompt":
                    self.prompts.append(msgspec.json.decode(line.removeprefix("data: "), type=_Prompt))


async def _said(
    client: Client, facts: _Facts, script: Script, lines: Sequence[Audio]
) -> AsyncGenerator[SpokenTurn]:
    for line, audio, following in zip(script.lines, lines, (*script.lines[1:], None), strict=True):
        states, prompts = len(facts.states), len(facts.prompts)
        settled = _settled(client)
        begins = client.say(audio)
        span = voiced_span(audio, CLOCK_HZ) or (0, len(audio))
        await client.until(partial(_all_sent, client, begins + len(audio)))
        voiced_at = client.sent_at(begins + span[1] - 1)
        answer = await _answer(client, voiced_at, None if following is None else following.after_words)
        yield _turn(
            client,
            line,
            answer,
            understood=" ".join(_settled(client)[len(settled) :]),
            voiced_at=voiced_at,
            states=facts.states[states:] or facts.states[-1:],
            prompt=facts.prompts[-1] if len(facts.prompts) > prompts else None,
            today=date.fromisoformat(script.today),
        )


def _all_sent(client: Client, sample: int) -> bool:
    return client.sent >= sample


async def _answer(client: Client, voiced_at: float, words: int | None) -> Answer | None:
    """Wait for the answer to what ended then, to its end or until so many of its words were heard."""

    def begun() -> bool:
        if not client.answers or not _latest(client).stretches:
            return False
        # One that began in a pause of the caller's and was not given up is an answer as well.
        return _latest(client).begins_at > voiced_at or (
            _over(client) and _latest(client).plays_until > voiced_at
        )

    if not await client.until(begun, PATIENCE_S):
        return None
    if words is None:
        await client.until(lambda: _over(client), PATIENCE_S)
    else:
        await client.until(lambda: _heard_words(_latest(client)) > words, PATIENCE_S)
    return _latest(client)


def _latest(client: Client) -> Answer:
    return client.answers[-1]


def _turn(
    client: Client,
    line: Line,
    answer: Answer | None,
    *,
    understood: str,
    voiced_at: float,
    states: Sequence[_State],
    prompt: _Prompt | None,
    today: date,
) -> SpokenTurn:
    state = states[-1] if states else _State()
    slots = {slot.name: slot.value for slot in state.slots if slot.value is not None}
    moved = next((each.moved for each in states if each.moved is not None), None)
    first = _first_audible_at(answer) if answer is not None else None
    begins = 0 if answer is None or not answer.stretches else _sample(client, answer.begins_at)
    ends = 0 if answer is None or not answer.stretches else _sample(client, answer.plays_until)
    return SpokenTurn(
        says=line.says,
        understood=understood,
        cut_in=line.after_words is not None,
        answer="".join(word for word, _ in answer.words).strip() if answer is not None else "",
        heard=answer.transcript if answer is not None else "",
        scene=state.scene,
        persona=state.persona,
        voice=state.voice,
        slots=slots,
        checklist={mark.label: mark.done for mark in state.checklist},
        moved="" if moved is None else f"{moved.origin} to {moved.to} ({moved.why})",
        mouth_to_ear_ms=None if first is None else (first - voiced_at) * 1000,
        prompt_tokens=None if prompt is None else prompt.tokens,
        evaluated_tokens=None if prompt is None else prompt.evaluated_tokens,
        wrong=tuple(_wrong(line, state, slots, today)),
        sound=(begins, ends),
    )


def _wrong(line: Line, state: _State, slots: dict[str, str | float], today: date) -> Iterator[str]:
    if state.scene != line.scene:
        yield f"expected the scene {line.scene}, not {state.scene}"
    if state.persona != line.persona:
        yield f"expected {line.persona}, not {state.persona}"
    for slot, value in expected(line).items():
        if not _alike(value, slots.get(slot), today):
            yield f"expected {slot} = {value}, not {slots.get(slot, 'unknown')}"


def _alike(wanted: str | float, known: str | float | None, today: date) -> bool:
    """Equal; days as far from the day of the call, or the same day of the week; words but for their marks."""
    if not isinstance(wanted, str) or not isinstance(known, str):
        return wanted == known
    with suppress(ValueError):
        one, other = date.fromisoformat(wanted), date.fromisoformat(known)
        same_week = one.weekday() == other.weekday() and one.year >= today.year
        return one == other or one - today == other - datetime.now(UTC).astimezone().date() or same_week
    return _bare(wanted) == _bare(known)


def _bare(text: str) -> str:
    return " ".join("".join(c for c in text.lower() if c.isalnum() or c == " ").split())


def _settled(client: Client) -> list[str]:
    kind = "conversation.item.input_audio_transcription.completed"
    return [event["transcript"].strip() for _, event in client.told if event["type"] == kind]


def _over(client: Client) -> bool:
    last = client.answers[-1] if client.answers else None
    return last is not None and bool(last.status) and perf_counter() > last.plays_until + QUIET_S


def _heard_words(answer: Answer) -> int:
    """How many words of an answer are played by now, the one that begins not counted."""
    if not answer.stretches:
        return 0
    played = perf_counter() - answer.begins_at
    return sum(begins + LAST_WORD_S <= played for _, begins in answer.words)


def _first_audible_at(answer: Answer) -> float | None:
    for stretch, sound in zip(answer.stretches, answer.sounds, strict=True):
        sample = first_audible_sample(sound, CLOCK_HZ)
        if sample is not None:
            return stretch.begins_at + sample / CLOCK_HZ
    return None


def _plays_until(client: Client) -> float:
    return max((answer.plays_until for answer in client.answers), default=client.began_at)


def _sample(client: Client, at: float) -> int:
    return max(0, round((at - client.began_at) * CLOCK_HZ))


def _agent_track(client: Client, length: int) -> Audio:
    track: Audio = np.zeros(length, np.float32)
    for answer in client.answers:
        for stretch, sound in zip(answer.stretches, answer.sounds, strict=True):
            _lay(track, _sample(client, stretch.begins_at), sound)
    return track


def _caller_track(client: Client, length: int) -> Audio:
    track: Audio = np.zeros(length, np.float32)
    for begins, audio in client.said():
        _lay(track, _sample(client, client.sent_at(begins)), audio)
    return track


def _lay(track: Audio, at: int, sound: Audio) -> None:
    room = len(track) - at
    if room > 0:
        track[at : at + len(sound)] += sound[:room]


def _spoken(voice: Synthesizer, text: str, name: str) -> Audio:
    return np.concatenate([chunk.audio for chunk in voice.synthesize(text, voice=name)])
