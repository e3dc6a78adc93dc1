"""`antiphon bench kills`: a conversation with a cast whose server is killed at random moments, and goes on.

The server is a process of its own and is ended with SIGKILL, wherever it is: while it reads, answers, speaks
or writes. After each, the journal is opened and the conversation made again from it: the numbers have no gap,
and every state and prompt is the same. Then another server goes on with it (`?resume=`). No opening may be
heard twice, and what a client was told a second before the end must be in the journal.

The engines are scripted; the journal, the server and the signal are not.
"""

import argparse
import asyncio
import os
import random
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import aiohttp
import msgspec

from antiphon.bench import servers
from antiphon.bench.writing import progress, write
from antiphon.contracts import JournalEntry
from antiphon.runtime.replaying import replay
from antiphon.store.sqlite_journal import SqliteJournal

HELP = "a server that is killed at random moments: nothing is lost, and the conversation goes on"
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


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `kills.json` holds."""

    kills: tuple[Kill, ...]
    lost: int
    """Kills after which something was wrong."""
    sessions: int
    seed: int


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--moments", type=int, default=200, help="how often the server is killed; 200")
    parser.add_argument("--seed", type=int, default=1, help="of the moments; 1")


def run(args: argparse.Namespace) -> int:
    result = asyncio.run(measure(args.moments, args.seed))
    write("kills", result, _table(result), as_json=args.json, out=args.out, picture=_no_picture)
    return 1 if result.lost else 0


async def measure(moments: int, seed: int) -> Result:
    """Kill a server so often.

    Raises:
        EngineBroken: it does not become ready again.
    """
    dice = random.Random(seed)  # noqa: S311 - moments, no secrets
    kills: list[Kill] = []
    with TemporaryDirectory() as folder:
        cast = Path(folder) / "shop.yaml"
        cast.write_text(_CAST, encoding="utf-8")
        journal = Path(folder) / "journal.sqlite"
        session = ""
        for number in range(moments):
            progress(f"killed {number} of {moments} times")
            kill = await _life(cast, journal, session, dice)
            kills.append(kill)
            session = "" if number % LIVES == LIVES - 1 else kill.session or session
    return Result(
        kills=tuple(kills),
        lost=sum(bool(kill.wrong) for kill in kills),
        sessions=len({kill.session for kill in kills}),
        seed=seed,
    )


async def _life(cast: Path, journal: Path, session: str, dice: random.Random) -> Kill:
    after_s = dice.choice((0.05, 0.3, 1.0, 2.5)) * dice.random()
    client = _Client()
    with servers.antiphon(_config(cast), journal=journal, settle_s=0.0) as server:
        talking = asyncio.create_task(client.talk(server.url, session, dice.sample(_SAYS, len(_SAYS))))
        await asyncio.sleep(after_s)
        os.kill(server.pid, SIGKILL)
        killed_at = perf_counter()
        await asyncio.wait_for(talking, 10)
    name = client.session or session
    entries = _read(journal, name)
    return Kill(
        session=name,
        after_s=after_s,
        entries=len(entries),
        told=len(client.told),
        resumed=bool(session),
        wrong=tuple(_wrong(entries, client, killed_at)),
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

    def __init__(self) -> None:
        self.session = ""
        self.told: list[tuple[float, str]] = []
        """Items that were said to be done, and when."""
        self.refused: list[str] = []

    async def talk(self, url: str, resume: str, says: Sequence[str]) -> None:
        """Converse until the line is cut."""
        address = f"{url}?resume={resume}" if resume else url
        try:
            async with aiohttp.ClientSession() as http, http.ws_connect(address) as socket:
                await self._converse(socket, says)
        except aiohttp.WSServerHandshakeError as refused:
            self.refused.append(f"the conversation did not go on: {refused.status}")
        except (aiohttp.ClientError, ConnectionError):
            return  # that is what it is killed for

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse, says: Sequence[str]) -> None:
        await socket.send_json({"type": "response.create"})
        waiting = list(says)
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            event: dict[str, Any] = message.json()
            match event["type"]:
                case "session.created":
                    self.session = event["session"]["id"]
                case "conversation.item.done":
                    self.told.append((perf_counter(), event["item"]["id"]))
                case "response.done" if waiting:
                    await _say(socket, waiting.pop())
                case "error":
                    self.refused.append(event["error"]["message"])
                case _:
                    pass


async def _say(socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await socket.send_json({"type": "conversation.item.create", "item": item})
    spoken = {"output_modalities": ["audio" if len(text) % 2 else "text"]}
    await socket.send_json({"type": "response.create", "response": spoken})


def _config(cast: Path) -> str:
    tables = "".join(f'[engines.{part}]\nuse = "scripted"\n' for part in _PARTS)
    return f'cast = "{cast}"\n{tables}'


def _table(result: Result) -> list[str]:
    lines = [
        f"killed {len(result.kills)} times in {result.sessions} conversations, "
        f"{sum(kill.resumed for kill in result.kills)} lives went on with an earlier one",
        f"{result.lost} of them lost something, or did not go on",
    ]
    return lines + [f"  {kill.session}: {problem}" for kill in result.kills for problem in kill.wrong]


def _no_picture(result: Result, path: Path) -> None:
    del result, path
