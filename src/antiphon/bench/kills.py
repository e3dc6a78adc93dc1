"""`antiphon bench kills`: a conversation with a cast whose server is killed at random moments, and goes on.

The server is a process of its own and is ended with SIGKILL, wherever it is: while it reads, answers, speaks
or writes. After each, the journal is opened and the conversation made again from it: the numbers have no gap,
and every state and prompt is the same. Then another server goes on with it (`?resume=`). No opening may be
heard twice, and what a client was told a second before the end must be in the journal.

Every second conversation orders by a tool on an MCP server (`kills_orders`): no order may be placed twice, or
without standing in the journal.

The engines are scripted; the journal, the server, its tools' server and the signal are not. With `--keep` the
next run goes on where this one ends.
"""

import argparse
import asyncio
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import aiohttp
import msgspec

from antiphon.bench import servers
from antiphon.bench.kills_orders import Orders, cast_with, placed, says, summed, unknown, wrong
from antiphon.bench.writing import progress, write
from antiphon.contracts import JournalEntry, PrerequisiteMissing
from antiphon.runtime.replaying import replay
from antiphon.store.sqlite_journal import SqliteJournal

WRITTEN_WITHIN_S = 1.0
"""What a client was told is in the journal after this at the latest."""
LIVES = 6
"""How often one conversation is killed before the next begins."""

_PARTS = ("voice_activity", "end_of_turn", "transcriber", "language_model", "synthesizer", "embedder")
_SAYS = (
    "twelve pieces please",
    "fine let us do that",
    "when do you open in the morning",
    "thank you very much",
    "red one please",
    "can I speak to your boss",
    "no I mean five pieces",
)
_CAST = """\
cast: The Shop
about: A small shop.
start: hello
personas:
  clerk: {name: Ann, role: the clerk, voice: low, manner: Friendly.}
  owner: {name: Bob, role: the owner, voice: high, manner: Proud., asked_for: [can I speak to your boss]}
slots:
  count: {type: number, about: how many, least: 1, most: 20, cues: [pieces]}
  colour: {type: choice, about: which colour, options: {red: [crimson], blue: []}}
scenes:
  hello:
    plays: clerk
    aim: Greet.
    opening: Good day, what can I do for you?
    checklist: [{ask: count}]
    ways: [{to: wholesale, if: count > 10}, {to: colours, if: done}]
  wholesale:
    plays: owner
    aim: Talk about large orders.
    opening: So many of them, good.
    ways: [{to: colours, when: they agree to it, says: [fine let us do that, agreed then]}]
  colours: {plays: clerk, aim: Find the colour., checklist: [{ask: colour}], ends: true}
  hours:
    plays: clerk
    aim: Say when the shop is open.
    ways: [{to: back, when: they thank, says: [thank you very much]}]
anywhere:
  opening_hours: {to: hours, when: they ask when it is open, says: [when do you open in the morning]}
"""


class Kill(msgspec.Struct, frozen=True, kw_only=True):
    """One end of the server, and what was left."""

    session: str
    after_s: float
    entries: int
    """In the journal by then."""
    told: int
    """Turns the client knew of when it was over."""
    resumed: bool
    """Whether this life went on with an earlier one."""
    wrong: tuple[str, ...]


class Life(msgspec.Struct, frozen=True):
    """What one is begun with."""

    number: int
    cast: Path
    journal: Path
    marks: Path | None
    """Where orders leave their marks; None: this conversation has none."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `kills.json` holds."""

    kills: tuple[Kill, ...]
    lost: int
    """Kills after which something was wrong."""
    sessions: int
    orders: Orders
    seed: int


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--moments", type=int, default=200, help="how often the server is killed; 200")
    parser.add_argument("--seed", type=int, default=1, help="of the moments; 1")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the journal, and go on from it")
    parser.add_argument("--at-most", type=int, metavar="N", help="kills in this run; all that are missing")


def run(args: argparse.Namespace) -> int:
    with ExitStack() as stack:
        folder = args.keep or Path(stack.enter_context(TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(measure(args.moments, args.seed, folder.resolve(), at_most=args.at_most))
    write("kills", result, _table(result), as_json=args.json, out=args.out, picture=_no_picture)
    return 1 if result.lost else 0


async def measure(moments: int, seed: int, folder: Path, *, at_most: int | None = None) -> Result:
    """Kill a server until it was killed so often, `at_most` so many times now; all is kept in `folder`.

    Raises:
        EngineBroken: it does not become ready again.
        PrerequisiteMissing: there is no `mcp` package for the tools.
    """
    if find_spec("mcp") is None:
        raise PrerequisiteMissing(
            "orders are placed on an MCP server", remedy="pip install 'antiphon[tools]'"
        )
    casts = folder / "shop.yaml", folder / "counter.yaml"
    marks, kept = folder / "marks.txt", folder / "kills.jsonl"
    casts[0].write_text(_CAST, encoding="utf-8")
    casts[1].write_text(cast_with(marks), encoding="utf-8")
    lines = kept.read_bytes().splitlines() if kept.exists() else []
    kills = [msgspec.json.decode(line, type=Kill) for line in lines]
    for number in range(len(kills), moments if at_most is None else min(moments, len(kills) + at_most)):
        progress(f"killed {number} of {moments} times")
        orders = number // LIVES % 2
        life = Life(number, casts[orders], folder / "journal.sqlite", marks if orders else None)
        session = kills[-1].session if number % LIVES else ""
        dice = random.Random(f"{seed} {number}")  # noqa: S311 - moments, no secrets
        kills.append(await _live(life, session, dice))
        with kept.open("ab") as file:
            file.write(msgspec.json.encode(kills[-1]) + b"\n")
    return _result(kills, seed, folder / "journal.sqlite", marks)


def _result(kills: Sequence[Kill], seed: int, journal: Path, marks: Path) -> Result:
    sessions = {kill.session for kill in kills if kill.session}
    made, journals = placed(marks), [_read(journal, name) for name in sessions]
    orders = summed(journals, made)
    return Result(
        kills=tuple(kills),
        lost=sum(bool(kill.wrong) for kill in kills) + len(orders.twice) + len(unknown(journals, made)),
        sessions=len(sessions),
        orders=orders,
        seed=seed,
    )


async def _live(life: Life, session: str, dice: random.Random) -> Kill:
    after_s = dice.choice((0.05, 0.3, 1.0, 2.5)) * dice.random()
    client = _Client(spoken=life.marks is None)
    lines = says(life.number) if life.marks else iter(dice.sample(_SAYS, len(_SAYS)))
    with servers.antiphon(_config(life.cast), journal=life.journal, settle_s=0.0) as server:
        talking = asyncio.create_task(client.talk(server.url, session, lines))
        await asyncio.sleep(after_s)
        os.kill(server.pid, SIGKILL)
        killed_at = perf_counter()
        await asyncio.wait_for(talking, 10)
    name = client.session or session
    entries = _read(life.journal, name)
    found = list(_wrong(entries, client, killed_at))
    if life.marks is not None:
        found += wrong(entries, placed(life.marks))
    return Kill(
        session=name,
        after_s=after_s,
        entries=len(entries),
        told=len(client.told),
        resumed=bool(session),
        wrong=tuple(found),
    )


def _read(journal: Path, session: str) -> list[JournalEntry]:
    opened = SqliteJournal(journal)
    try:
        return list(opened.read(session)) if session else []
    finally:
        opened.close()


def _wrong(entries: Sequence[JournalEntry], client: "_Client", killed_at: float) -> list[str]:
    found: list[str] = list(client.refused)
    if not entries:
        return found
    again = replay(entries)
    if again.difference is not None:
        found.append(f"{again.difference}")
    heard = [entry.body["heard"] for entry in entries if entry.kind == "reply_ended"]
    found += [
        f"{opening!r} was begun twice"
        for opening in ("Good day,", "So many")
        if sum(text.startswith(opening) for text in heard) > 1
    ]
    items = {entry.body.get("item") or entry.body.get("id") for entry in entries}
    found += [
        f"the journal has not {item}"
        for at, item in client.told
        if at < killed_at - WRITTEN_WITHIN_S and item not in items
    ]
    return found


class _Client:
    """Types, has some answers spoken, and notes what it was told."""

    def __init__(self, *, spoken: bool = True) -> None:
        self._spoken = spoken
        self.session = ""
        self.told: list[tuple[float, str]] = []
        """Items that were said to be done, and when."""
        self.refused: list[str] = []

    async def talk(self, url: str, resume: str, lines: Iterator[str]) -> None:
        """Converse until the line is cut."""
        address = f"{url}?resume={resume}" if resume else url
        try:
            async with aiohttp.ClientSession() as http, http.ws_connect(address) as socket:
                await self._converse(socket, lines)
        except aiohttp.WSServerHandshakeError as refused:
            self.refused.append(f"the conversation did not go on: {refused.status}")
        except (aiohttp.ClientError, ConnectionError):
            return  # that is what it is killed for

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse, lines: Iterator[str]) -> None:
        await _ask(socket, spoken=self._spoken)
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            event: dict[str, Any] = message.json()
            match event["type"]:
                case "session.created":
                    self.session = event["session"]["id"]
                case "conversation.item.done":
                    self.told.append((perf_counter(), event["item"]["id"]))
                case "response.done" if text := next(lines, ""):
                    await _say(socket, text, spoken=self._spoken and bool(len(text) % 2))
                case "error":
                    self.refused.append(event["error"]["message"])
                case _:
                    pass


async def _say(socket: aiohttp.ClientWebSocketResponse, text: str, *, spoken: bool) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await socket.send_json({"type": "conversation.item.create", "item": item})
    await _ask(socket, spoken=spoken)


async def _ask(socket: aiohttp.ClientWebSocketResponse, *, spoken: bool) -> None:
    how = {"output_modalities": ["audio" if spoken else "text"]}
    await socket.send_json({"type": "response.create", "response": how})


def _config(cast: Path) -> str:
    tables = "".join(f'[engines.{part}]\nuse = "scripted"\n' for part in _PARTS)
    return f'cast = "{cast}"\n{tables}'


def _table(result: Result) -> list[str]:
    orders = result.orders
    lines = [
        f"killed {len(result.kills)} times in {result.sessions} conversations, "
        f"{sum(kill.resumed for kill in result.kills)} lives went on with an earlier one",
        f"{result.lost} of them lost something, did something twice, or did not go on",
        f"orders: {orders.begun} begun, {orders.placed} placed, none of them twice"
        if not orders.twice
        else f"orders placed twice: {orders.twice}",
        f"  {orders.cut_off} were cut off before it was known what came of them; "
        f"{orders.cut_off_placed} of those had been placed",
    ]
    return lines + [f"  {kill.session}: {problem}" for kill in result.kills for problem in kill.wrong]


def _no_picture(result: Result, path: Path) -> None:
    del result, path
