"""How long each engine takes on this machine: one small experiment per part, medians in milliseconds.

The voice of the experiments is the machine's own synthesizer, so nothing needs to be recorded. What is on
the way to an answer is measured after a moment of rest, as it is in a conversation: cores that have slept are
slower at first, Whisper by half. A language model is measured beside the end-of-turn model, for so it
answers: in the first steps of an answer both want the same cores.
"""

from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from time import perf_counter, sleep
from typing import TypeVar, cast

import msgspec
import numpy as np
import soxr

from antiphon.cli.pausing import a_pause
from antiphon.contracts import (
    CLOCK_HZ,
    LISTENING_HZ,
    Audio,
    EndOfTurn,
    Engine,
    EngineBroken,
    Finish,
    LanguageModel,
    Message,
    Part,
    Prompt,
    Sampling,
    Synthesizer,
    TextDelta,
    Transcriber,
    VoiceActivity,
    Weigh,
)
from antiphon.dialogue.completeness import without_mark
from antiphon.runtime.settings import DEFAULT_INSTRUCTIONS
from antiphon.runtime.working import SENTENCE_MARKS

T = TypeVar("T")

PROBED: tuple[Part, ...] = (
    "synthesizer",
    "voice_activity",
    "end_of_turn",
    "transcriber",
    "language_model",
)
"""In this order, because the first one lends the others its voice."""

_QUESTION = (
    "Could you tell me what the weather will be like tomorrow morning, and whether I need an umbrella?"
)
_CLAUSE = "That is a good question,"
_PREFILLS = (4, 16, 64)
_ANSWER_TOKENS = 40
_CLAUSE_TOKENS = 6
"""About as many as a first clause has."""
_UNREAD_WORDS = 2
"""Of a caller's words, so many are still unread when the answer is asked for (median)."""
_NEW_SAMPLES = LISTENING_HZ * 4 // 10
"""Of a turn, so much had not been listened to before its end (mean)."""
_REST_S = 0.3
_CLOCK: Callable[[], float] = perf_counter

Latencies = Mapping[str, float]


def probe(part: Part, engine: Engine, voice: Audio, beside: EndOfTurn | None = None) -> Latencies:
    """Measure `engine`.

    Args:
        part: what it is to the conversation.
        engine: open.
        voice: speech at 16 kHz, which parts that speak themselves ignore.
        beside: what is asked whether a turn is over while the language model answers; None: nobody.
    """
    match part:
        case "synthesizer":
            return _synthesizer(cast(Synthesizer, engine))
        case "voice_activity":
            return _voice_activity(cast(VoiceActivity, engine), voice)
        case "end_of_turn":
            end_of_turn = cast(EndOfTurn, engine)
            return {"score": _median_ms(_asking(end_of_turn, voice))}
        case "transcriber":
            transcriber = cast(Transcriber, engine)
            long = _seconds(voice, 8.0)
            return {
                "turn": _end_of_turn_ms(transcriber, voice),
                "speech_8_s": _median_ms(lambda: transcriber.transcribe(long), 3, rest_s=_REST_S),
            }
        case "language_model":
            ask = None if beside is None else _asking(beside, voice)
            return _language_model(cast(LanguageModel, engine), ask)
        case _:
            return {}


def spoken(engine: Synthesizer) -> Audio:
    """A question in the synthesizer's voice, 16 kHz. EngineBroken: it made no sound."""
    pieces = [chunk.audio for chunk in engine.synthesize(_QUESTION)]
    if not pieces:
        raise EngineBroken(engine.card.name, "it speaks no word of a plain sentence")
    rate_hz = engine.card.sample_rate_hz or CLOCK_HZ
    return np.asarray(soxr.resample(np.concatenate(pieces), rate_hz, LISTENING_HZ), dtype=np.float32)


def _asking(engine: EndOfTurn, voice: Audio) -> Callable[[], object]:
    turn = _seconds(voice, 5.0)
    return lambda: engine.score(turn)


def _seconds(voice: Audio, length: float) -> Audio:
    """`length` seconds of it, from the beginning again where it is shorter."""
    return np.resize(voice, round(length * LISTENING_HZ))


def _median_ms(work: Callable[[], object], times: int = 5, rest_s: float = 0.0) -> float:
    """Of `times` runs after one that warms up, each after a rest."""
    work()
    took: list[float] = []
    for _ in range(times):
        sleep(rest_s)
        took.append(_timed(work)[0])
    return median(took)


def _end_of_turn_ms(transcriber: Transcriber, voice: Audio) -> float:
    """A whole turn, most of which was listened to while it was spoken, as in a conversation."""
    took: list[float] = []
    for _ in range(3):
        transcriber.transcribe(voice[:-_NEW_SAMPLES])
        sleep(_REST_S)
        took.append(_timed(partial(transcriber.transcribe, voice))[0])
    return median(took)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = _CLOCK()
    result = work()
    return (_CLOCK() - began) * 1000, result


def _voice_activity(engine: VoiceActivity, voice: Audio) -> Latencies:
    second = _seconds(voice, 1.0)
    stream = engine.stream()
    windows = len(second) / engine.window_samples
    return {"window": _median_ms(lambda: stream.push(second)) / windows}


def _synthesizer(engine: Synthesizer) -> Latencies:
    return {"first_clause": _median_ms(lambda: next(iter(engine.synthesize(_CLAUSE)), None))}


def _language_model(engine: LanguageModel, ask: Callable[[], object] | None) -> Latencies:
    measured: dict[str, float] = {}
    if "prefill" in engine.card.capabilities:
        measured |= {f"prefill_{count}": _prefill_ms(engine, count) for count in _PREFILLS}
    begun = [_answer(engine, f"probe-clause-{run}", _CLAUSE_TOKENS, ask) for run in range(5)]
    measured["first_token"] = median(first for first, _ in begun)
    measured["clause_token"] = median(each for _, each in begun)
    answers = [_answer(engine, f"probe-answer-{run}", _ANSWER_TOKENS) for run in range(3)]
    measured["token"] = median(each for _, each in answers)
    return measured


def _prefill_ms(engine: LanguageModel, count: int) -> float:
    """The price of `count` more tokens behind a prompt that is in the cache."""
    key, words = f"probe-prefill-{count}", "so"
    engine.prefill(_prompt(words, open=True), cache_key=key)
    prices: list[float] = []
    for _ in range(3):
        words += " and" * count
        took, done = _timed(partial(engine.prefill, _prompt(words, open=True), cache_key=key))
        if done.evaluated_tokens:
            prices.append(took * count / done.evaluated_tokens)
    return median(prices) if prices else 0.0


def _answer(
    engine: LanguageModel, key: str, tokens_max: int, ask: Callable[[], object] | None = None
) -> tuple[float, float]:
    """Milliseconds to the first token and for each after it, the question but its end being read by then.

    As in a conversation, its words are weighed on the way, and `ask` is called meanwhile.
    """
    read = " ".join(_QUESTION.split()[:-_UNREAD_WORDS])
    engine.prefill(_prompt(read, open=True), cache_key=key)
    sleep(_REST_S)
    said = _prompt(without_mark(_QUESTION), open=True)
    sampling = Sampling(max_tokens=tokens_max, seed=1)
    if "weigh" in engine.card.capabilities:
        sampling = msgspec.structs.replace(sampling, weigh=Weigh(said, SENTENCE_MARKS))
    tokens = 0
    with a_pause(ask):
        began = _CLOCK()
        first = last = began
        if sampling.weigh is None and "score" in engine.card.capabilities:
            engine.score(said, SENTENCE_MARKS, cache_key=key)
        for piece in engine.generate(_prompt(_QUESTION), sampling, cache_key=key):
            if isinstance(piece, TextDelta):
                last = _CLOCK()
                first = last if first == began else first
            elif isinstance(piece, Finish):
                tokens = piece.usage.completion_tokens
    return (first - began) * 1000, (last - first) * 1000 / max(tokens - 1, 1)


def _prompt(question: str, *, open: bool = False) -> Prompt:
    return Prompt((Message("system", DEFAULT_INSTRUCTIONS), Message("user", question)), open=open)
