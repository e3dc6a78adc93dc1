"""`antiphon replay` and `antiphon prompt`: what the journal has of a conversation, made again."""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec

from antiphon.cli import latency
from antiphon.contracts import EngineSetup, Journal, UnknownName
from antiphon.contracts.discovery import find
from antiphon.runtime import Config, load_config
from antiphon.runtime.replaying import RecordedPrompt, Replayed, replay
from antiphon.store import Store

_LAST = "last"


def replay_arguments(replaying: argparse.ArgumentParser) -> None:
    """What `replay` takes."""
    replaying.description = (
        "Exit code 1 with the first difference when something comes out otherwise than recorded."
    )
    replaying.add_argument("session", nargs="?", metavar="SESSION", help='an id, or "last"')
    replaying.add_argument("--all", action="store_true", help="every session of the journal")
    replaying.add_argument(
        "--in",
        type=Path,
        dest="folder",
        metavar="DIR",
        help="with --all: every journal*.sqlite in this folder and below it",
    )
    replaying.add_argument("--json", action="store_true", help="print JSON")
    replaying.set_defaults(run=_replay)


def prompt_arguments(prompting: argparse.ArgumentParser) -> None:
    """What `prompt` takes."""
    prompting.add_argument("session", metavar="SESSION", help='an id, or "last"')
    prompting.add_argument("turn", type=int, metavar="TURN", help="the turn's number in the session")
    prompting.add_argument("--text", action="store_true", help="the prompt itself as well")
    prompting.add_argument("--json", action="store_true", help="print JSON")
    prompting.set_defaults(run=_prompt)


def _replay(args: argparse.Namespace) -> int:
    if args.folder is not None:
        found = _replayed_in(args.folder)
    else:
        with _journal(load_config(args.config)) as journal:
            if args.all:
                names = journal.sessions()
            elif args.session is None:
                print("\n".join(journal.sessions()) or "the journal is empty")
                return 0
            else:
                names = (_named(journal, args.session),)
            found = [replay(journal.read(name)) for name in names]
    different = sum(one.difference is not None for one in found)
    if args.json:
        _print_json({"ok": not different, "sessions": [_document(one) for one in found]})
    else:
        for one in found:
            print(_told(one))
        if args.all:
            states, prompts = sum(one.states for one in found), sum(len(one.prompts) for one in found)
            print(
                f"{len(found)} conversations, {states} states and {prompts} prompts, {different} not the same"
            )
    return 1 if different else 0


def _replayed_in(folder: Path) -> list[Replayed]:
    """Every conversation of the journals in a folder.

    Raises:
        UnknownName: there is no journal.
    """
    paths = sorted(folder.rglob("journal*.sqlite"))
    if not paths:
        raise UnknownName(f"there is no journal*.sqlite in {folder}")
    found: list[Replayed] = []
    for path in paths:
        with _journal(Config(), path=str(path)) as journal:
            found += [replay(journal.read(name)) for name in journal.sessions()]
    return found


def _document(one: Replayed) -> dict[str, Any]:
    return {
        "session": one.session,
        "cast": one.cast,
        "entries": one.entries,
        "states": one.states,
        "prompts": len(one.prompts),
        "verdicts": one.verdicts,
        "difference": one.difference,
        "scene": one.state.place.scene if one.state is not None else None,
        "persona": one.state.place.persona if one.state is not None else None,
    }


def _told(one: Replayed) -> str:
    played = f"{one.cast}, " if one.cast else ""
    what = f"{one.session}: {played}{one.entries} entries"
    if one.difference is not None:
        differs = one.difference
        return (
            f"{what}; entry {differs.sequence} differs: {differs.what} is recorded as {differs.recorded} "
            f"and comes out as {differs.reproduced}"
        )
    if not one.cast:
        return f"{what}; no cast was played, so that there is no state to compare"
    return f"{what}; {one.states} states and {len(one.prompts)} prompts are the same, bit for bit"


def _prompt(args: argparse.Namespace) -> int:
    config = load_config(args.config)
    with _journal(config) as journal:
        name = _named(journal, args.session)
        again = replay(journal.read(name))
    found = next((one for one in again.prompts if one.turn == args.turn), None)
    if found is None:
        known = ", ".join(str(one.turn) for one in again.prompts) or "none"
        raise UnknownName(
            f"no prompt of turn {args.turn} is recorded in {name}; there are those of turns {known} "
            "(an opening is said word for word, without one)"
        )
    token_ms = token_price_ms(config)
    if args.json:
        _print_json({**found.account, "token_ms": token_ms, "messages": found.prompt.messages})
    else:
        print("\n".join(_account(found, token_ms)))
        if args.text:
            print("\n" + "\n\n".join(f"[{m.role}] {m.content}" for m in found.prompt.messages))
    return 0


def _account(found: RecordedPrompt, token_ms: float | None) -> list[str]:
    account = found.account
    tokens, evaluated = account["tokens"], account["evaluated_tokens"]
    cached = tokens - evaluated if evaluated is not None else 0
    lines = [f"{'section':<22}{'tokens':>7}{'read anew':>11}{'ms':>8}"]
    passed = 0
    for section in account["sections"]:
        passed += section["tokens"]
        fresh = min(section["tokens"], max(0, passed - cached)) if evaluated is not None else None
        price = "" if fresh is None or token_ms is None else f"{fresh * token_ms:.0f}"
        left_out = f"   {section['left_out']} left out" if section["left_out"] else ""
        name, each = section["name"], section["tokens"]
        lines.append(f"{name:<22}{each:>7}{'?' if fresh is None else fresh:>11}{price:>8}{left_out}")
    whole = "" if evaluated is None or token_ms is None else f"{evaluated * token_ms:.0f}"
    lines.append(f"{'all':<22}{tokens:>7}{'?' if evaluated is None else evaluated:>11}{whole:>8}")
    if token_ms is None:
        lines.append("what a token costs here is measured by: antiphon doctor")
    else:
        lines.append(f"a token costs {token_ms:.1f} ms on this machine, as the doctor has measured")
    return lines


def token_price_ms(config: Config) -> float | None:
    """What reading one token of a prompt costs on this machine; None: the doctor has not measured it."""
    measured = latency.known("language_model", config.engines["language_model"].use)
    points = sorted((int(name.split("_")[1]), ms) for name, ms in measured.items() if "prefill_" in name)
    if len(points) < 2:
        return None
    (few, few_ms), (many, many_ms) = points[0], points[-1]
    return (many_ms - few_ms) / (many - few)


@contextmanager
def _journal(config: Config, **settings: str) -> Generator[Journal]:
    choice = config.engines["journal"]
    setup = EngineSetup(settings={**choice.settings, **settings}, weights=Store().folder)
    journal = cast(Journal, find("journal", choice.use).open(setup))
    try:
        yield journal
    finally:
        journal.close()


def _named(journal: Journal, session: str) -> str:
    names = journal.sessions()
    if session == _LAST and names:
        return names[-1]
    if session not in names:
        raise UnknownName(f"the journal has no session {session!r}; antiphon replay lists them")
    return session


def _print_json(document: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
