"""`antiphon bench memory-live`: does an answer come later because the agent remembers?

The same recordings are spoken to one server, in turn as nobody it knows and as a caller whose memory holds a
conversation of LoCoMo. Everything is recalled that memory finds, answer or not (`answerable = 0`), so every
turn has something to read: the worst case. What callers say has nothing to do with what is remembered.

Each round is a conversation; whoever comes first changes from round to round. Figures are of pairs: the same
recording in the same round.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import aiohttp
import msgspec
import numpy as np

from antiphon.bench import servers
from antiphon.bench.figures import Figure, Machine, figure, machine
from antiphon.bench.locomo import read_talks
from antiphon.bench.outside import Line, Outcome, Utterance, converse, realtime
from antiphon.bench.recordings import add_recordings
from antiphon.bench.response import DEFAULT_MODEL, ONE_BREATH_S, config_of, utterances
from antiphon.bench.writing import progress, write
from antiphon.contracts import Embedder, EngineSetup
from antiphon.contracts.discovery import find
from antiphon.engines.native import load
from antiphon.memory import GraphMemory
from antiphon.memory.values import turn_of
from antiphon.runtime.memories import file_of
from antiphon.runtime.settings import DEFAULT_INSTRUCTIONS
from antiphon.store import Store

_PRICES = "prompt_token_ms = 9.0\nfirst_token_ms = 30.0\ntoken_ms = 35.0\n"
STRANGER, KNOWN = "nobody", "remembered"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of caller."""

    caller: str
    median_ms: Figure | None
    turns: int
    answered: int
    recalled_tokens: float
    """Read for a turn, mean."""
    later_ms: Figure | None
    """Than as nobody, median of pairs."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `memory-live.json` holds."""

    machine: Machine
    model: str
    remembered: int
    """Turns in the caller's memory."""
    ways: tuple[Way, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="LoCoMo's JSON")
    parser.add_argument("--turns", type=int, default=8, help="recordings in a conversation; 8")
    parser.add_argument("--rounds", type=int, default=2, help="conversations as each caller; 2")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help='of the manifest, or "scripted", which takes the time of the default one on a calm machine',
    )
    add_recordings(parser)


def run(args: argparse.Namespace) -> int:
    """Do as the command line says."""
    said = utterances(args.recordings, args.turns, ONE_BREATH_S)
    result = asyncio.run(_measure(said, args.rounds, args.model, args.data))
    write("memory-live", result, _table(result), as_json=args.json, out=args.out, picture=_picture)
    return 0


async def _measure(said: Sequence[Utterance], rounds: int, model: str, data: Path) -> Result:
    found: dict[str, list[Outcome]] = {STRANGER: [], KNOWN: []}
    tokens: dict[str, list[float]] = {STRANGER: [], KNOWN: []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        user, count = _remembered(folder, data)
        memory = f'[memory]\nfolder = "{folder}"\nanswerable = 0.0\n'
        priced = _PRICES if model == "scripted" else ""
        server = stack.enter_context(servers.antiphon(f"{config_of(model)}{priced}\n{memory}"))
        await _call(server.url, said[:1], [])  # the first call of a process tells nothing
        await _call(f"{server.url}?user={user}", said[:1], [])
        for number in range(rounds):
            for caller in (STRANGER, KNOWN)[:: 1 if number % 2 else -1]:
                progress(f"round {number + 1} of {rounds}: as {caller}")
                url = server.url if caller == STRANGER else f"{server.url}?user={user}"
                found[caller] += await _call(url, said, tokens[caller])
    return Result(
        machine=machine(),
        model=model,
        remembered=count,
        ways=tuple(_way(caller, found, tokens[caller]) for caller in found),
    )


def _remembered(folder: Path, data: Path) -> tuple[str, int]:
    """Put the first conversation into the memory of one of its two; returns their name and how much it is."""
    talk = read_talks(data)[0]
    user = talk.utterances[0].speaker
    embedder = cast(Embedder, find("embedder", "minilm").open(EngineSetup(weights=Store().folder)))
    memory = GraphMemory(file_of(str(folder), user), embedder)
    count = memory.learn([turn_of(utterance) for utterance in talk.utterances])
    memory.close()
    return user, count


async def _call(url: str, said: Sequence[Utterance], tokens: list[float]) -> list[Outcome]:
    async with realtime(url, DEFAULT_INSTRUCTIONS)() as line:
        watching = asyncio.create_task(_watch(line, url, tokens))
        try:
            return await converse(line, said)
        finally:
            watching.cancel()


async def _watch(line: Line, url: str, tokens: list[float]) -> None:
    """Note what each turn of the session recalls."""
    while not line.ids:  # noqa: ASYNC110 - whoever dialled tells it by a list
        await asyncio.sleep(0.05)
    root = url.partition("?")[0].replace("ws://", "http://").removesuffix("/realtime")
    wait = aiohttp.ClientTimeout(total=None)
    feed = f"{root}/sessions/{line.ids[0]}/events"
    async with aiohttp.ClientSession(timeout=wait) as http, http.get(feed) as events:
        name = ""
        async for row in events.content:
            field, _, value = row.decode().rstrip("\n").partition(": ")
            name = value if field == "event" else name
            if field == "data" and name == "memory":
                told: dict[str, Any] = json.loads(value)
                tokens.append(float(told["tokens"]))


def _way(caller: str, found: dict[str, list[Outcome]], tokens: Sequence[float]) -> Way:
    outcomes = found[caller]
    times = [one.mouth_to_ear_ms for one in outcomes if one.mouth_to_ear_ms is not None and not one.cut_off]
    pairs = [
        mine.mouth_to_ear_ms - theirs.mouth_to_ear_ms
        for mine, theirs in zip(outcomes, found[STRANGER], strict=True)
        if mine.mouth_to_ear_ms and theirs.mouth_to_ear_ms and not (mine.cut_off or theirs.cut_off)
    ]
    return Way(
        caller=caller,
        median_ms=figure(times) if times else None,
        turns=len(outcomes),
        answered=len(times),
        recalled_tokens=float(np.mean(tokens)) if tokens else 0.0,
        later_ms=figure(pairs) if pairs and caller != STRANGER else None,
    )


def _table(result: Result) -> list[str]:
    lines = [f"{result.model}; {result.remembered} turns remembered"]
    for way in result.ways:
        told = _shown(way.median_ms)
        later = "" if way.later_ms is None else f"; later by {_shown(way.later_ms)}"
        lines.append(
            f"{way.caller:<12}{told} ms, {way.answered} of {way.turns}, "
            f"{way.recalled_tokens:.0f} tokens a turn{later}"
        )
    return lines


def _shown(one: Figure | None) -> str:
    return "-" if one is None else f"{one.value:.0f} ({one.low:.0f} to {one.high:.0f})"


def _picture(result: Result, path: Path) -> None:
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure_, axes = pyplot.subplots(figsize=(5, 2))
    for place, way in enumerate(result.ways):
        if way.median_ms is not None:
            axes.barh(place, way.median_ms.value)
    axes.set_yticks(range(len(result.ways)), [way.caller for way in result.ways])
    axes.set(xlabel="mouth to ear, ms")
    figure_.tight_layout()
    figure_.savefig(path)
