"""`antiphon bench scheduler`: what live work loses to work in the background, with and without the scheduler.

A live answer is made as the runtime makes it: its prompt is in the cache but for the last question, it goes
through the lane, and what counts is when its first and its eighth token come. It is made alone; beside a
background generation, and beside the reading of a long prompt, that know of nobody; and beside the same two
as reflective work, which gives way. Beside those it comes once out of the blue, as a typed question does, and
once announced by a caller who has been speaking, as in every spoken turn. The conditions take turns, so that
whatever else the machine does meets all. The other engines are timed beside a generation in the same way.
"""

import argparse
import asyncio
from collections.abc import Callable
from threading import Event, Thread
from time import perf_counter
from typing import TypeAlias

import numpy as np
import soxr

from antiphon.bench.figures import figure, machine
from antiphon.bench.scheduler_report import OtherCall, Result, condition, picture, ratio, table
from antiphon.bench.writing import progress, write
from antiphon.contracts import (
    LISTENING_HZ,
    Audio,
    EngineSetup,
    Message,
    Piece,
    Prompt,
    Sampling,
    TextDelta,
)
from antiphon.engines.hibari import RATE_HZ, HibariVoices
from antiphon.engines.llama import Llama
from antiphon.engines.smart_turn import SmartTurn
from antiphon.engines.whisper import Whisper
from antiphon.runtime import reflective
from antiphon.runtime.lanes import Lane
from antiphon.runtime.scheduler import REFLECTIVE, SMALL_PIECE_TOKENS, Demand, When
from antiphon.store import Store

DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
TOKENS = 8
_READ_TOKENS = 500
_UNDER_WAY_S = 0.3
"""How long the background has worked when the live call comes, and how long a caller has spoken by then."""
_AFTERWARDS_S = 0.3
_GIVE_UP_S = 5.0
_SETTLE_S = 0.4
_HOST = "You keep an inn in the mountains. You know everybody, and you answer in a few friendly sentences."
_LONG = Sampling(max_tokens=2000, temperature=0.0)
_ALONE = "alone"

Background: TypeAlias = Callable[["Bench", Event], Callable[[], int]]
"""Begins until the flag is raised; what it returns tells how many tokens it has made or read."""


class Bench:
    """The engines, with lanes and one demand, as a process of the runtime has them."""

    def __init__(self, model: str) -> None:
        store = Store()
        setup = EngineSetup(weights=store.folder, settings={"model": model})
        plain = EngineSetup(weights=store.folder)
        self.demand = Demand()
        self.model = Llama.open(setup)
        self.whisper, self.smart_turn = Whisper.open(plain), SmartTurn.open(plain)
        self.hibari = HibariVoices.open(plain)
        self.lane = Lane(self.model, demand=self.demand)
        self.others = Lane(self.smart_turn, demand=self.demand)
        self.speech = _speech(self.hibari)
        self.questions = 0
        self.attention = self.demand.attend()

    def close(self) -> None:
        self.demand.rise()
        for lane in (self.lane, self.others):
            lane.close()
        for engine in (self.model, self.whisper, self.smart_turn, self.hibari):
            engine.close()

    def question(self) -> Prompt:
        """The host, and a question that nobody has asked before."""
        self.questions += 1
        asked = f"Please tell me the whole story of room {100 + self.questions}."
        return Prompt((Message("system", _HOST), Message("user", asked)))


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--rounds", type=int, default=10, help="answers under each condition; 10")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="of the manifest")


def run(args: argparse.Namespace) -> int:
    result = asyncio.run(measure(args.rounds, args.model))
    write("scheduler", result, table(result), as_json=args.json, out=args.out, picture=picture)
    return 0


async def measure(rounds: int, model: str) -> Result:
    """Make every answer and every call.

    Raises:
        AntiphonError: as the engines do.
    """
    bench = await asyncio.to_thread(Bench, model)
    try:
        await _answer(bench)  # the first call of a process is the slowest and tells nothing
        answers: dict[str, list[tuple[float, float, int]]] = {name: [] for name in _ANSWERS}
        calls: dict[tuple[str, str], list[float]] = {}
        for number in range(rounds):
            for name, (background, announced) in _ANSWERS.items():
                progress(f"round {number + 1} of {rounds}: an answer {name}")
                answers[name].append(await _round(bench, background, announced=announced))
            for name, (background, announced) in _CALLS.items():
                progress(f"round {number + 1} of {rounds}: other engines {name}")
                for part, took_ms in (await _other_engines(bench, background, announced=announced)).items():
                    calls.setdefault((part, name), []).append(took_ms)
    finally:
        await asyncio.to_thread(bench.close)
    return Result(
        machine=machine(),
        model=model,
        rounds=rounds,
        answers=tuple(condition(name, values, answers[_ALONE]) for name, values in answers.items()),
        calls=tuple(
            OtherCall(
                part=part,
                name=name,
                times_ms=tuple(times),
                time=figure(times),
                ratio=ratio(times, calls[part, _ALONE]),
            )
            for (part, name), times in sorted(calls.items())
        ),
    )


# The live side.


async def _round(bench: Bench, background: Background | None, *, announced: bool) -> tuple[float, float, int]:
    over = Event()
    made = background(bench, over) if background else int
    try:
        if background:
            await _under_way(made)
        if announced:
            bench.attention.press(True)
            await asyncio.sleep(_UNDER_WAY_S)
        first_ms, eight_ms = await _answer(bench)
        bench.attention.press(False)
        if background:
            await asyncio.sleep(_AFTERWARDS_S)
        tokens = made()
    finally:
        over.set()
    await asyncio.sleep(_SETTLE_S)
    return first_ms, eight_ms, tokens


async def _under_way(made: Callable[[], int]) -> None:
    """Wait until the background has made something more, if it tells, and some time besides."""
    before, give_up_at = made(), perf_counter() + _GIVE_UP_S
    while made is not int and made() == before and perf_counter() < give_up_at:  # noqa: ASYNC110 - a count
        await asyncio.sleep(0.01)
    await asyncio.sleep(_UNDER_WAY_S)


async def _answer(bench: Bench) -> tuple[float, float]:
    """When the first and the eighth token came after the answer was asked for, in ms."""
    prompt, times = bench.question(), list[float]()

    def call() -> None:
        sampling = Sampling(max_tokens=TOKENS, temperature=0.0)
        for piece in bench.model.generate(prompt, sampling, cache_key="live"):
            if isinstance(piece, TextDelta):
                times.append(perf_counter())

    asked_at = await _done(bench.lane, call)
    return (times[0] - asked_at) * 1000, (times[-1] - asked_at) * 1000


async def _other_engines(bench: Bench, background: Background | None, *, announced: bool) -> dict[str, float]:
    """What one call of each takes, from its submission to its end, in ms."""
    work: dict[str, Callable[[], object]] = {
        "transcriber": lambda: bench.whisper.transcribe(bench.speech),
        "end of turn": lambda: bench.smart_turn.score(bench.speech),
        "synthesizer": lambda: list(bench.hibari.synthesize("Certainly, I will do that.")),
    }
    over, took = Event(), dict[str, float]()
    made = background(bench, over) if background else int
    for part, call in work.items():
        await _under_way(made)
        if announced:
            bench.attention.press(True)
            await asyncio.sleep(_UNDER_WAY_S)
        asked_at = await _done(bench.others, call)
        took[part] = (perf_counter() - asked_at) * 1000
        bench.attention.press(False)
    over.set()
    await asyncio.sleep(_SETTLE_S)
    return took


async def _done(lane: Lane, call: Callable[[], object]) -> float:
    """Wait for `call` on `lane`; when it was submitted."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def and_tell() -> None:
        call()
        loop.call_soon_threadsafe(done.set)

    asked_at = perf_counter()
    lane.submit(and_tell)
    await done.wait()
    return asked_at


# The background.


def _generation(bench: Bench, over: Event) -> Callable[[], int]:
    """On a thread that knows of nobody."""
    said: list[Piece] = []

    def work() -> None:
        for piece in bench.model.generate(bench.question(), _LONG, cache_key="background", cancel=over):
            said.append(piece)  # noqa: PERF402 - they are counted while they come

    Thread(target=work, daemon=True).start()
    return lambda: len(said)


def _reading(bench: Bench, over: Event) -> Callable[[], int]:
    """On a thread that knows of nobody."""
    Thread(target=_read_through, args=(bench, over), daemon=True).start()
    return int


def _read_through(bench: Bench, over: Event) -> None:
    bench.model.prefill(_guests(bench), cache_key="background", cancel=over)


def _reflective_generation(bench: Bench, over: Event) -> Callable[[], int]:
    said: list[Piece] = []
    work = reflective.answer(
        bench.model, bench.question, _LONG, demand=bench.demand, cancel=over, tell=said.append
    )
    bench.lane.submit(reflective.in_stretches(work), over, priority=REFLECTIVE)
    return lambda: len(said)


def _reflective_reading(bench: Bench, over: Event) -> Callable[[], int]:
    pieces: list[int] = []

    def piece_tokens() -> int:
        pieces.append(SMALL_PIECE_TOKENS)
        return SMALL_PIECE_TOKENS

    gives_way = When(lambda: bench.demand.is_set() or over.is_set())
    work = reflective.read(
        bench.model,
        _guests(bench),
        cache_key=reflective.CACHE_KEY,
        gives_way=gives_way,
        piece_tokens=piece_tokens,
    )
    bench.lane.submit(reflective.in_stretches(work), over, priority=REFLECTIVE)
    return lambda: sum(pieces)


def _guests(bench: Bench) -> Prompt:
    """About `_READ_TOKENS` that nobody has read before."""
    bench.questions += 1
    told = " ".join(
        f"Guest {bench.questions}-{n} came over the pass late." for n in range(_READ_TOKENS // 14)
    )
    return Prompt((Message("system", _HOST), Message("user", told)))


_ANSWERS: dict[str, tuple[Background | None, bool]] = {
    _ALONE: (None, False),
    "beside a plain generation": (_generation, False),
    "beside a plain reading": (_reading, False),
    "beside a reflective generation, unannounced": (_reflective_generation, False),
    "beside a reflective generation": (_reflective_generation, True),
    "beside a reflective reading, unannounced": (_reflective_reading, False),
    "beside a reflective reading": (_reflective_reading, True),
}
_CALLS: dict[str, tuple[Background | None, bool]] = {
    _ALONE: (None, False),
    "beside a plain generation": (_generation, False),
    "beside a reflective generation, unannounced": (_reflective_generation, False),
    "beside a reflective generation": (_reflective_generation, True),
}


def _speech(hibari: HibariVoices) -> Audio:
    """A caller's question, 16 kHz."""
    said = hibari.synthesize("Could you tell me where the nearest station is, please?")
    audio = np.concatenate([chunk.audio for chunk in said])
    return np.asarray(soxr.resample(audio, RATE_HZ, LISTENING_HZ), np.float32)
