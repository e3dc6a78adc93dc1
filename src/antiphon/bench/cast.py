"""`antiphon bench cast`: scripted callers speak with the example casts, through the real server, aloud.

Each caller's lines are said by the machine's own voices and sent over the WebSocket as a microphone would.
What is kept of a conversation: both voices (WAV, the caller left and the agent right), what was understood,
answered and heard, where the conversation was, the checklist, and the journal, which is made again and
compared. A listener who knows the engine's voices says whose voice each answer was.

With `--plain` the same lines are also said to a server without a cast, conversations taking turns, so that
what a cast costs between mouth and ear is measured in one run.
"""

import argparse
import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import msgspec
import numpy as np
import soundfile

from antiphon.bench import servers
from antiphon.bench.cast_call import SpokenCall, SpokenTurn, call
from antiphon.bench.cast_listener import Known, enrol, median_pitch_hz, recognised
from antiphon.bench.figures import Figure, Machine, figure, machine
from antiphon.bench.writing import progress, write
from antiphon.contracts import CLOCK_HZ, ConfigInvalid, EngineSetup, Synthesizer
from antiphon.contracts.discovery import find
from antiphon.runtime.casting import read_cast_file
from antiphon.runtime.replaying import replay
from antiphon.samp import Cast, Script, read_script
from antiphon.store import Store
from antiphon.store.sqlite_journal import SqliteJournal

CASTS = ("restaurant", "clinic", "town")
_ANSWER_TOKENS = 60
_PLAIN = "Answer in one or two short spoken sentences. Ask at most one question."


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as the listener hears it."""

    turn: SpokenTurn
    wanted_voice: str
    """That of the persona the script expects."""
    sounds_like: str
    """The engine's voice that it is taken for; empty: nothing was heard."""
    pitch_hz: float


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One call."""

    cast: str
    session: str
    greeting: str
    turns: tuple[Heard, ...]
    as_expected: int
    right_voice: int
    moves: int
    replayed: str
    """What differs when it is made again; empty: nothing."""
    plain_answers: tuple[str, ...] = ()
    """What a server without a cast said to the same lines."""
    plain_ms: tuple[float | None, ...] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `cast.json` holds."""

    machine: Machine
    conversations: tuple[Conversation, ...]
    mouth_to_ear_ms: dict[str, Figure]
    """Medians: "cast" and "plain" over all turns with both; "same persona" and "switch" of the cast's."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument(
        "--casts", nargs="+", default=list(CASTS), metavar="NAME", help="of the examples; all"
    )
    parser.add_argument(
        "--examples", type=Path, default=Path("examples"), metavar="DIR", help="where they lie"
    )
    parser.add_argument("--rounds", type=int, default=1, help="how often each calls; 1")
    parser.add_argument("--plain", action="store_true", help="also to a server without a cast")


def run(args: argparse.Namespace) -> int:
    out: Path | None = args.out
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    result = asyncio.run(measure(args.casts, args.examples, args.rounds, plain=args.plain, out=out))
    write("cast", result, _table(result), as_json=args.json, out=out, picture=_no_picture)
    wrong = sum(len(one.turns) - one.as_expected for one in result.conversations)
    return 1 if wrong or any(one.replayed for one in result.conversations) else 0


async def measure(
    casts: Sequence[str], examples: Path, rounds: int, *, plain: bool, out: Path | None
) -> Result:
    """Let each caller call so often.

    Raises:
        ConfigInvalid: a cast or a caller cannot be read.
        AntiphonError: as `servers` does.
    """
    engine = find("synthesizer", "hibari").open(EngineSetup(weights=Store().folder))
    voice = cast(Synthesizer, engine)
    try:
        voices = enrol(voice)
        conversations: list[Conversation] = []
        beside: list[SpokenCall] = []
        for name in casts:
            path = examples / f"{name}.yaml"
            _, found = read_cast_file(path, [one.name for one in voice.voices])
            script = _script(examples / "callers" / f"{name}.yaml", found)
            with ExitStack() as stack:
                journal = (out or Path(stack.enter_context(TemporaryDirectory()))) / f"{name}.sqlite"
                url = stack.enter_context(servers.antiphon(_config(path.resolve()), journal=journal)).url
                bare = stack.enter_context(servers.antiphon(_config(None))).url if plain else ""
                for number in range(rounds):
                    spoken = await call(url, script, voice, _teller(name, len(script.lines)))
                    _keep(out, f"{name}-{number + 1}", spoken)
                    conversations.append(_heard(name, found, script, spoken, voices=voices, journal=journal))
                    if plain:
                        told = _teller(f"{name}, without a cast", len(script.lines))
                        bare_call = await call(
                            bare, script, voice, told, instructions=f"{found.about} {_PLAIN}"
                        )
                        beside.append(bare_call)
                        conversations[-1] = msgspec.structs.replace(
                            conversations[-1],
                            plain_answers=tuple(turn.answer for turn in bare_call.turns),
                            plain_ms=tuple(turn.mouth_to_ear_ms for turn in bare_call.turns),
                        )
    finally:
        voice.close()
    return Result(
        machine=machine(), conversations=tuple(conversations), mouth_to_ear_ms=_times(conversations, beside)
    )


def _script(path: Path, found: Cast) -> Script:
    try:
        return read_script(path.read_text(encoding="utf-8"), found, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid((f"{path}: {error}",)) from error


def _config(path: Path | None) -> str:
    return f"answer_tokens = {_ANSWER_TOKENS}\n" + (f'cast = "{path}"\n' if path else "")


def _heard(
    name: str,
    found: Cast,
    script: Script,
    spoken: SpokenCall,
    *,
    voices: Mapping[str, Known],
    journal: Path,
) -> Conversation:
    turns: list[Heard] = []
    for turn, line in zip(spoken.turns, script.lines, strict=True):
        sound = spoken.agent[slice(*turn.sound)]
        turns.append(
            Heard(
                turn=turn,
                wanted_voice=found.personas[line.persona].voice,
                sounds_like=recognised(sound, voices),
                pitch_hz=median_pitch_hz(sound) or 0.0,
            )
        )
    opened = SqliteJournal(journal)
    try:
        again = replay(opened.read(spoken.session))
    finally:
        opened.close()
    return Conversation(
        cast=name,
        session=spoken.session,
        greeting=spoken.greeting,
        turns=tuple(turns),
        as_expected=sum(not each.turn.wrong for each in turns),
        right_voice=sum(each.sounds_like == each.wanted_voice for each in turns),
        moves=sum(bool(each.turn.moved) for each in turns),
        replayed="" if again.difference is None else str(again.difference),
    )


def _times(conversations: Sequence[Conversation], beside: Sequence[SpokenCall]) -> dict[str, Figure]:
    found: dict[str, list[float]] = {"cast": [], "plain": [], "same persona": [], "switch": []}
    for place, one in enumerate(conversations):
        before = ""
        for number, each in enumerate(one.turns):
            took = each.turn.mouth_to_ear_ms
            persona, before = each.turn.persona, before or each.turn.persona
            if took is None:
                continue
            found["switch" if persona != before else "same persona"].append(took)
            before = persona
            other = beside[place].turns[number].mouth_to_ear_ms if beside else None
            if other is not None:
                found["cast"].append(took)
                found["plain"].append(other)
    if not beside:
        found["cast"] = found["same persona"] + found["switch"]
    return {name: figure(times) for name, times in found.items() if times}


def _keep(out: Path | None, name: str, spoken: SpokenCall) -> None:
    if out is not None:
        both = np.stack([spoken.caller, spoken.agent], axis=1)
        save = cast(Callable[..., None], soundfile.write)  # pyright: ignore[reportUnknownMemberType] - untyped
        save(out / f"{name}.wav", both, CLOCK_HZ, subtype="PCM_16")


def _teller(name: str, lines: int) -> Callable[[SpokenTurn], None]:
    done = 0

    def told(turn: SpokenTurn) -> None:
        nonlocal done
        done += 1
        progress(f"{name}: {done} of {lines}: {turn.answer[:40]}")

    return told


def _table(result: Result) -> list[str]:
    lines: list[str] = []
    for one in result.conversations:
        lines += [f"{one.cast} ({one.session})", f"  agent   {one.greeting}"]
        for each in one.turns:
            turn = each.turn
            took = "-" if turn.mouth_to_ear_ms is None else f"{turn.mouth_to_ear_ms:.0f} ms"
            lines += [
                f"  caller  {turn.understood}" + ("   (cutting in)" if turn.cut_in else ""),
                f"  {turn.persona:<8}{turn.heard or turn.answer}",
                f"          {turn.scene}; {each.pitch_hz:.0f} Hz, sounds like {each.sounds_like or 'nobody'}"
                f"; {took}" + "".join(f"; WRONG: {problem}" for problem in turn.wrong),
            ]
        lines += [
            f"  {one.as_expected} of {len(one.turns)} turns as expected, "
            f"{one.right_voice} in the voice expected, {one.moves} moved; "
            f"replay: {one.replayed or 'identical'}",
            "",
        ]
    named = (f"{name} {_with_interval(one)}" for name, one in result.mouth_to_ear_ms.items())
    return [*lines, "mouth to ear, median: " + ", ".join(named)]


def _with_interval(one: Figure) -> str:
    return f"{one.value:.0f} ms ({one.low:.0f} to {one.high:.0f}, {one.n} turns)"


def _no_picture(result: Result, path: Path) -> None:
    del result, path
