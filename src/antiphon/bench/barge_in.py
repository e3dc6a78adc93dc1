"""`antiphon bench barge-in`: real people, listening words and noises over the agent, as a client hears it.

A server with the configured engines is asked for long stories; over each story something is said. What is
measured is what a client's loudspeaker plays: how long after the onset of an interruption it falls silent,
whether the record says what was played, whether the story survives a listening word or a noise, and how long
it paused for it.
"""

import argparse
import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import msgspec

from antiphon.bench import servers
from antiphon.bench.barge_in_client import PATIENCE_S, Answer, Client, dial
from antiphon.bench.barge_in_picture import TARGET_MS, draw
from antiphon.bench.barge_in_sounds import Sound, backchannels, interruptions, noises
from antiphon.bench.figures import Figure, Machine, figure, machine, median, percentile
from antiphon.bench.recordings import add_recordings, read_recordings
from antiphon.bench.writing import progress, write
from antiphon.contracts import CLOCK_HZ, EngineBroken
from antiphon.evals.word_error import word_errors

BRIEF = "You are a storyteller. Tell long stories of many sentences, in plain spoken English, without lists."
TOPICS = ("a fox", "an old ship", "two brothers", "a lost key", "a mountain village", "a clever cat")
MOMENTS_S = (1.0, 1.7, 2.6)
AFTERWARDS_S = 1.5
KINDS = ("interruption", "backchannel", "noise")


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one sound over the agent."""

    kind: str
    name: str
    snr_db: int | None
    stopped: bool
    """Whether the answer was cut off."""
    silent_ms: float | None
    """From the onset to the last sample played, where the answer was cut off."""
    announced_ms: float | None
    """From the onset to `speech_started`."""
    wrong_words: int | None
    """In the record of a cut answer, against the words that were played."""
    gaps_ms: list[float]
    """Silences while the sound lasted and shortly after it, in an answer that went on."""
    late_ms: float = 0.0
    """Silence in the answer before an interruption: sound that came too late to follow what was played."""


class _Document(msgspec.Struct, frozen=True):
    scenes: list[Scene]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--url", help="a server that runs; otherwise one is started")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="of sounds")
    parser.add_argument("--at-most", type=int, default=40, metavar="N", help="scenes of each kind; 40")
    parser.add_argument(
        "--part", default="1/1", metavar="I/N", help="every Nth of these scenes, from the Ith"
    )
    parser.add_argument(
        "--with",
        dest="earlier",
        type=Path,
        nargs="+",
        default=[],
        metavar="JSON",
        help="documents of other parts, to be reported together",
    )
    add_recordings(parser, half=True)


def run(args: argparse.Namespace) -> int:
    """Do as the command line says."""
    recordings = read_recordings(args.recordings)
    made = {
        "interruption": interruptions(recordings, args.half),
        "backchannel": backchannels(recordings, args.half),
        "noise": noises(recordings, args.half),
    }
    first, step = (int(number) for number in args.part.split("/"))
    sounds = [sound for kind in args.kinds for sound in _spread(made[kind], args.at_most)][first - 1 :: step]
    scenes = [scene for path in args.earlier for scene in _scenes_of(path)]
    if sounds:
        with nullcontext(args.url) if args.url else _own_server() as url:
            scenes += asyncio.run(play(url, sounds))
    report = summary(scenes, args.half, machine())
    write("barge-in", report, table(report), as_json=args.json, out=args.out, picture=_picture)
    return 0


def _scenes_of(path: Path) -> list[Scene]:
    return msgspec.json.decode(path.read_bytes(), type=_Document).scenes


def _picture(report: dict[str, Any], path: Path) -> None:
    draw(report["scenes"], path)


@contextmanager
def _own_server() -> Generator[str]:
    with servers.antiphon("") as server:
        yield server.url


def _spread(sounds: Sequence[Sound], at_most: int) -> list[Sound]:
    step = max(1.0, len(sounds) / max(1, at_most))
    return [sounds[int(place * step)] for place in range(min(len(sounds), at_most))]


async def play(url: str, sounds: Sequence[Sound]) -> list[Scene]:
    """Every sound over a story, each in a call of its own.

    In one whose stories were cut short, the model cuts its next story short itself.
    """
    scenes: list[Scene] = []
    for place, sound in enumerate(sounds):
        scene = None
        for topic in range(place, place + 3):
            async with dial(url, BRIEF) as client:
                scene = await _scene(client, sound, place, topic)
            if scene is not None:
                break
        told = "the answer was over too early" if scene is None else _told(scene)
        progress(f"{place + 1} of {len(sounds)}: {sound.kind} {sound.name}: {told}")
        if scene is not None:
            scenes.append(scene)
    return scenes


def _told(scene: Scene) -> str:
    if scene.silent_ms is not None:
        return f"silent after {scene.silent_ms:.0f} ms"
    return f"went on, longest gap {max(scene.gaps_ms, default=0):.0f} ms"


async def _scene(client: Client, sound: Sound, place: int, topic: int) -> Scene | None:
    """What comes of `sound`; None when the answer was over too early to tell."""
    answer = await _telling(client, topic)
    moment_s = MOMENTS_S[place % len(MOMENTS_S)]
    begun = max(answer.begins_at, perf_counter() - 0.5)
    await client.until(lambda: answer.status, max(0.0, begun + moment_s - perf_counter()))
    if answer.status:
        return None
    start = client.say(sound.audio)
    lasts_s = len(sound.audio) / CLOCK_HZ + AFTERWARDS_S
    await asyncio.sleep(lasts_s)
    if _is_whole(answer):
        return None
    onset_at = client.sent_at(start + sound.onset)
    announced_at = client.first("input_audio_buffer.speech_started", onset_at)
    stopped = announced_at is not None
    if stopped:
        await client.until(lambda: answer.status)
    return Scene(
        kind=sound.kind,
        name=sound.name,
        snr_db=sound.snr_db,
        stopped=stopped,
        silent_ms=(answer.plays_until - onset_at) * 1000 if stopped else None,
        announced_ms=(announced_at - onset_at) * 1000 if announced_at is not None else None,
        wrong_words=word_errors(played_words(answer), answer.transcript).errors if stopped else None,
        late_ms=sum(answer.gaps(answer.begins_at, onset_at - 0.1)) * 1000 if sound.kind == KINDS[0] else 0.0,
        gaps_ms=[] if stopped else [gap * 1000 for gap in answer.gaps(onset_at, onset_at + lasts_s)],
    )


async def _telling(client: Client, topic: int) -> Answer:
    """A story that is being heard."""
    asked = f"Tell me a very long story about {TOPICS[topic % len(TOPICS)]}, with many characters."
    content = [{"type": "input_text", "text": asked}]
    await client.send(
        type="conversation.item.create", item={"type": "message", "role": "user", "content": content}
    )
    await client.send(type="response.create")
    if not await client.until(lambda: client.answers and client.answers[0].stretches):
        raise EngineBroken("the server", f"no story came in {PATIENCE_S:.0f} s")
    return client.answers[0]


def _is_whole(answer: Answer) -> bool:
    return answer.status == "completed"


def played_words(answer: Answer) -> str:
    """The words of which at least half was played, by the times at which they begin."""
    starts = [start_s for _, start_s in answer.words] + [float("inf")]
    heard = [
        text
        for place, (text, start_s) in enumerate(answer.words)
        if start_s < answer.played_s
        and start_s + min(starts[place + 1], start_s + 0.4) <= 2 * answer.played_s
    ]
    return "".join(heard).strip()


def summary(scenes: Sequence[Scene], half: str, computer: Machine) -> dict[str, Any]:
    """The figures, then every scene."""
    cut = [scene for scene in scenes if scene.kind == "interruption"]
    silent = [s.silent_ms for s in cut if s.silent_ms is not None]
    announced = [s.announced_ms for s in cut if s.announced_ms is not None]
    wrong = [float(s.wrong_words) for s in cut if s.wrong_words is not None]
    report: dict[str, Any] = {"bench": "barge-in", "half": half, "machine": computer}
    if cut:
        report["interruptions"] = {
            "n": len(cut),
            "missed": sum(not scene.stopped for scene in cut),
            "silent_in_200_ms": share([silenced(scene) for scene in cut]),
            "silent_ms_median": figure(silent, median),
            "silent_ms_p95": figure(silent, percentile(95)),
            "speech_started_ms_median": figure(announced, median),
            "speech_started_ms_p95": figure(announced, percentile(95)),
            "late_ms_most": max(scene.late_ms for scene in cut),
            "wrong_words_mean": sum(wrong) / len(wrong),
            "wrong_words_most": max(wrong),
        }
    for kind in ("backchannel", "noise"):
        over = [scene for scene in scenes if scene.kind == kind]
        for snr in sorted({scene.snr_db for scene in over}, key=lambda db: -(db or 0)):
            name = kind if snr is None else f"{kind} at {snr} dB"
            report[name] = _survival([scene for scene in over if scene.snr_db == snr])
    report["scenes"] = list(scenes)
    return report


def silenced(scene: Scene) -> bool:
    """Whether the agent fell silent for an interruption, and in time; one it missed is none."""
    return scene.silent_ms is not None and scene.silent_ms <= TARGET_MS


def share(found: Sequence[bool]) -> Figure:
    """How many of them are so."""
    return figure([float(one) for one in found], lambda values: sum(values) / len(values))


def _survival(scenes: Sequence[Scene]) -> dict[str, Any]:
    gaps = [max(scene.gaps_ms, default=0.0) for scene in scenes if not scene.stopped]
    survived = share([not scene.stopped for scene in scenes])
    paused = [gap for gap in gaps if gap > 0]
    return {
        "n": len(scenes),
        "survived": survived,
        "paused": len(paused),
        "gap_ms_median": median(paused) if paused else 0.0,
        "gap_ms_most": max(paused, default=0.0),
    }


def table(report: dict[str, Any]) -> list[str]:
    """The figures, a line each."""
    lines: list[str] = []
    for section, values in report.items():
        if isinstance(values, dict):
            lines.append(section)
            for name, value in cast(dict[str, Any], values).items():
                lines.append(f"  {name:24} {value if isinstance(value, int) else _shown(value)}")
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return f"{value.value:.2f} ({value.low:.2f} to {value.high:.2f}, n={value.n})"
