"""Two hundred clients, most of them badly behaved, and one in their midst who must not notice."""

import asyncio
import ctypes
import gc
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from antiphon.bench.stage import no_weights
from antiphon.contracts import CLOCK_HZ, EngineSetup
from antiphon.engines.scripted import ScriptedSynthesizer, decode_words
from antiphon.runtime import Config, EngineChoice, Session, SessionSettings

from .listener import dial
from .running import Running, running
from .utterance import Utterance, spoken
from .wreckers import WRECKERS, Wrecker

pytestmark = pytest.mark.real

SESSIONS = 200
AT_ONCE = 8
SEED = 20
GROWTH_MIB = 4
PARTS = ("voice_activity", "end_of_turn", "transcriber", "language_model", "synthesizer")


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Running]:
    # A short tone right behind the same tone of ours is just what a canceller takes for its echo.
    config = Config(session=SessionSettings(echo_rejection="off"))
    for part in PARTS:
        config.engines[part] = EngineChoice(use="scripted")
    config.engines["journal"] = EngineChoice(use="sqlite", settings={"path": str(tmp_path / "journal")})
    with running(config, no_weights) as server:
        yield server


async def test_nothing_is_left_of_any(scripted: Running) -> None:
    rng = Random(SEED)
    mix = [*WRECKERS, *rng.choices(WRECKERS, k=SESSIONS - len(WRECKERS))]
    rng.shuffle(mix)
    tasks_before = tasks_of(scripted)
    await storm(scripted, mix[: SESSIONS // 4], rng)
    calm = asyncio.Event()
    peaceful = asyncio.create_task(converse(scripted.url, calm))
    await storm(scripted, mix[SESSIONS // 4 : SESSIONS // 2], rng)
    calm.set()
    exchanges = await peaceful
    sizes = [await size_at_rest(scripted)]
    for part in (mix[SESSIONS // 2 : SESSIONS * 3 // 4], mix[SESSIONS * 3 // 4 :]):
        await storm(scripted, part, rng)
        sizes.append(await size_at_rest(scripted))

    grown = [after - before for before, after in pairwise(sizes)]
    print(f"{Counter(wrecker.__name__ for wrecker in mix)}")
    print(f"{exchanges} exchanges undisturbed; grown by {grown} MiB by each {SESSIONS // 4} sessions")
    assert exchanges > 0
    assert tasks_of(scripted) == tasks_before
    assert sum(isinstance(thing, Session) for thing in gc.get_objects()) == 0
    assert min(grown) < GROWTH_MIB, "what leaks grows every time; a cache or an arena does so once"


def test_no_thread_is_left(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    config = Config()
    for part in PARTS:
        config.engines[part] = EngineChoice(use="scripted")
    config.engines["journal"] = EngineChoice(use="scripted")
    with running(config, no_weights) as server:
        asyncio.run(storm(server, list(WRECKERS), Random(SEED)))
    assert set(threading.enumerate()) == before


async def storm(server: Running, mix: list[Wrecker], rng: Random) -> None:
    """Run all of them, a few at once."""
    room = asyncio.Semaphore(AT_ONCE)
    seeds = [rng.randrange(2**32) for _ in mix]

    async def visit(wrecker: Wrecker, seed: int) -> None:
        async with room:
            await visit_once(server, wrecker, seed)

    async with asyncio.TaskGroup() as group:
        for wrecker, seed in zip(mix, seeds, strict=True):
            group.create_task(visit(wrecker, seed))


async def visit_once(server: Running, wrecker: Wrecker, seed: int) -> None:
    """One client from its greeting to its end; whoever fails is named with the seed."""
    url = server.url.replace("http", "ws", 1) + "/v1/realtime"
    try:
        async with asyncio.timeout(40), await enter(url) as socket:
            await wrecker(socket, Random(seed))
    except Exception as error:
        raise AssertionError(f"{wrecker.__name__}, seed {seed}: {error!r}") from error


async def enter(url: str) -> ClientConnection:
    """A connection, as soon as there is room: clients vanish faster than a server can notice."""
    while True:
        try:
            return await connect(url, max_size=None, proxy=None)
        except InvalidStatus as refused:
            if refused.response.status_code != 503 or "Retry-After" not in refused.response.headers:
                raise
            await asyncio.sleep(0.2)


async def converse(url: str, calm: asyncio.Event) -> int:
    """Have exchanges until all is calm, word for word and without a gap; returns how many there were."""
    exchanges = 0
    async with dial(url) as listener:
        while not calm.is_set():
            said = listener.say(sung("Hello!"))
            reply = await listener.answer(said)
            sound = listener.loudspeaker.played(reply.item_id)
            assert decode_words(sound, CLOCK_HZ) == ["You", "said:", "Hello!"]
            exchanges += 1
        assert not listener.of("error")
    return exchanges


def sung(text: str) -> Utterance:
    """An utterance in tones."""
    synthesizer: Any = ScriptedSynthesizer.open(EngineSetup(weights=no_weights))
    return spoken(synthesizer, text, "")


async def size_at_rest(server: Running) -> float:
    """The memory of this process with nobody connected, MiB."""
    await nobody_is_left(server)
    return resident_mib()


async def nobody_is_left(server: Running) -> None:
    """Wait until every session is closed, as sessions are when their clients have gone."""
    async with asyncio.timeout(10):
        while server.ask(lambda: len(server.hub.sessions)):  # noqa: ASYNC110 - it is another loop's event
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    gc.collect()


def tasks_of(server: Running) -> list[str]:
    """What runs on the server's loop, but for the asking itself."""

    def names() -> list[str]:
        coroutines = (task.get_coro() for task in asyncio.all_tasks())
        return sorted(str(getattr(one, "__qualname__", one)) for one in coroutines)

    return server.ask(names)


def resident_mib() -> float:
    """The memory of this process, without what the allocator holds back for later."""
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20
