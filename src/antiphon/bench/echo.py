"""`antiphon bench echo`: the agent through a loudspeaker, with and without echo rejection.

The agent's own voices tell a story; a room's measured response and a delay make an echo of it; a real person
speaks into it. Counted is how often the echo alone would have paused the agent, how many interruptions are
missed or come late against the same without any echo, and how many of their words are wrong. The agent falls
silent when it notices somebody, as in a call; one that does not speaks on. Words are looked for as in a call,
too: in the audio as it came from where the voice may have begun, and before that in what was left of it.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import msgspec
import numpy as np
from numpy.random import Generator
from scipy import signal

from antiphon.bench.figures import Figure, Machine, figure, machine
from antiphon.bench.recordings import Half, Recording, add_recordings, first_channel, read_recordings
from antiphon.bench.writing import write
from antiphon.contracts import CLOCK_HZ, LISTENING_HZ, Audio, EngineSetup, Ticks, ms, ticks
from antiphon.dialogue.events import VoiceWindow
from antiphon.dialogue.hearing import Hearing
from antiphon.engines.hibari import HibariVoices
from antiphon.engines.native import load
from antiphon.engines.silero import Silero
from antiphon.engines.whisper import Whisper
from antiphon.evals.word_error import word_errors
from antiphon.runtime.echo import Echo
from antiphon.runtime.uplink import Uplink
from antiphon.store import Store

_SETS = ("librispeech_test_other", "timit_nltk")
_CALLER_DB, _NOISE_DB = -26.0, -62.0
_ECHOES_DB = (-6, -12, -18, -30)
_DELAYS_MS = (40, 100, 200, 300)
_DRIFT = 20e-6
_LEAD, _FRAME = ticks(60), ticks(20)
_STORY = (
    "The old lighthouse stood on the rocks for two hundred years, and every night its keeper climbed the "
    "stairs to light the lamp. One winter, a great storm came in from the north, and nobody slept. In the "
    "morning the sea was calm again, and the boats went out as if nothing had happened at all. I think that "
    "is the part I like best. What would you have done?"
)
_VOICES = ("woman", "man", "child")


class Way(msgspec.Struct, frozen=True):
    """What one way of listening makes of the scenes."""

    false_onsets_per_minute: float
    """Of the echo alone."""
    missed: float
    """Share of interruptions without an onset."""
    later_ms: Figure | None
    """Onsets of those that were noticed, against the same caller without an echo."""
    word_error_rate: float
    """Of what the callers said."""
    cleaned_word_error_rate: float
    """The same, were words looked for in what was left of the audio."""


class Report(msgspec.Struct, frozen=True):
    """What the bench found."""

    machine: Machine
    half: Half
    scenes: int
    echo_minutes: float
    without: Way
    with_rejection: Way
    clean: Way
    """No echo and no rejection: the same callers in the same noise."""
    headset: Way
    """No echo, and rejection that has to find that out."""
    frame_us: Figure
    """Work on the event loop's thread for 20 ms of audio while there is an echo."""


class Scene(msgspec.Struct, frozen=True):
    """One call, 24 kHz."""

    far: Audio
    loudspeaker: Callable[[Audio], Audio]
    """What comes back of what is sent."""
    noise: Audio
    caller: Audio
    """Silent but for one utterance."""
    start: Ticks
    end: Ticks
    said: str


class Tally:
    """Counts one way of listening."""

    def __init__(self) -> None:
        self.false_onsets = self.missed = self.errors = self.cleaned_errors = self.words = 0
        self.later_ms: list[float] = []

    def way(self, minutes: float, scenes: int) -> Way:
        later = figure(self.later_ms) if self.later_ms else None
        return Way(
            self.false_onsets / minutes,
            self.missed / scenes,
            later,
            self.errors / self.words,
            self.cleaned_errors / self.words,
        )


def scenes(recordings: Sequence[Recording], folder: Path, count: int, dice: Generator) -> list[Scene]:
    """`count` callers, each with another mix of room, delay and level."""
    voices = HibariVoices.open(EngineSetup(weights=Store().folder))
    stories = [np.concatenate([c.audio for c in voices.synthesize(_STORY, voice=v)]) for v in _VOICES]
    voices.close()
    rooms = [_room(path) for path in sorted((folder / "rir").glob("*.flac"))]
    made: list[Scene] = []
    for place, index in enumerate(dice.permutation(len(recordings))[:count]):
        far = stories[place % len(stories)]
        recording = recordings[int(index)]
        said = recording.audio(CLOCK_HZ)
        said *= 10 ** (_CALLER_DB / 20) / said.std()
        start = round(float(dice.uniform(3.0, 10.0)) * CLOCK_HZ)
        caller = np.zeros(len(far), np.float32)
        caller[start : start + len(said)] = said[: len(far) - start]
        level_db = _CALLER_DB + _ECHOES_DB[place % len(_ECHOES_DB)]
        delay_ms = _DELAYS_MS[place // len(_ECHOES_DB) % len(_DELAYS_MS)]
        noise = (dice.standard_normal(len(far)) * 10 ** (_NOISE_DB / 20)).astype(np.float32)
        loudspeaker = _loudspeaker(far, rooms[place % len(rooms)], delay_ms, level_db)
        made.append(Scene(far, loudspeaker, noise, caller, start, start + len(said), recording.transcript))
    return made


def _room(path: Path) -> Audio:
    response = first_channel(path, CLOCK_HZ)
    direct = int(np.abs(response).argmax())
    return response[max(0, direct - 24) : direct + CLOCK_HZ // 2]


def _loudspeaker(story: Audio, room: Audio, delay_ms: float, level_db: float) -> Callable[[Audio], Audio]:
    """Makes an echo, as long as what is sent, that is at `level_db` of full scale where `story` sounds."""

    def back(far: Audio) -> Audio:
        return np.asarray(signal.fftconvolve(far, room)[: len(far)])  # pyright: ignore[reportUnknownMemberType] - scipy's stubs

    heard = back(story)
    sounding = heard[np.abs(heard) > 1e-3 * np.abs(heard).max()]
    gain = 10 ** (level_db / 20) / np.sqrt(np.square(sounding).mean())

    def echo(far: Audio) -> Audio:
        places = np.arange(len(far))
        drifted = gain * np.interp(places * (1 + _DRIFT), places, back(far))
        return np.concatenate([np.zeros(ticks(delay_ms)), drifted])[: len(far)].astype(np.float32)

    return echo


def listen(near: Audio, far: Audio | None, costs_us: list[float]) -> tuple[Audio, Echo, Uplink]:
    """What is left of `near` at 16 kHz, with whom it went through; with `far`, while that is sent ahead."""
    echo, sent, left = Echo(), 0, list[Audio]()
    uplink = Uplink(echo.clean)
    for now in range(0, len(near), _FRAME):
        began = perf_counter()
        while far is not None and sent < min(len(far), now + _LEAD):
            echo.sent(far[sent : sent + _FRAME], now)
            sent += _FRAME
        left.append(uplink.push(near[now : now + _FRAME], now + _FRAME))
        costs_us.append((perf_counter() - began) * 1e6)
    return np.concatenate(left), echo, uplink


def onsets(silero: Silero, audio: Audio, echo: Echo) -> list[tuple[Ticks, Ticks]]:
    """When speech was noticed, and from where on it may have been heard."""
    hearing, stream, found = Hearing(), silero.stream(), list[tuple[Ticks, Ticks]]()
    for answer in stream.push(audio):
        end, size = answer.end_sample, silero.window_samples
        level_db = float(10 * np.log10(np.square(audio[end - size : end]).mean() + 1e-12))
        at = end * CLOCK_HZ // LISTENING_HZ
        window = VoiceWindow((end - size) * CLOCK_HZ // LISTENING_HZ, at, answer.probability, level_db)
        change = hearing.push(echo.judge(window), 0.5)
        if change == "onset":
            found.append((at, hearing.voice_from))
        elif change == "pause":
            hearing.reset()
    return found


def measure(recordings: Sequence[Recording], folder: Path, half: Half, count: int) -> Report:
    """Run every scene in every way."""
    setup = EngineSetup(weights=Store().folder)
    silero, whisper = Silero.open(setup), Whisper.open(setup)
    chosen = [r for r in recordings if r.half == half and r.set in _SETS and 2 < r.seconds < 8]
    made = scenes(chosen, folder, count, np.random.default_rng(1))
    tallies = {name: Tally() for name in ("clean", "without", "with", "headset")}
    costs_us: list[float] = []
    for place, scene in enumerate(made):
        print(f"\r{place + 1}/{len(made)}", end="", file=sys.stderr)
        noticed: Ticks | None = None
        for name, tally in tallies.items():
            echoes, rejects = name in ("without", "with"), name in ("with", "headset")
            alone = scene.noise + scene.loudspeaker(scene.far) if echoes else scene.noise
            far = scene.far if rejects else None
            tally.false_onsets += len(onsets(silero, *listen(alone, far, [])[:2]))
            left, echo, _ = listen(alone + scene.caller, far, costs_us if name == "with" else [])
            first, voice_from = next(
                (onset for onset in onsets(silero, left, echo) if _within(onset[0], scene)),
                (None, scene.start),
            )
            if name == "clean":
                noticed = first
            if first is None:
                tally.missed += 1
            elif noticed is not None:
                tally.later_ms.append(ms(first - noticed))
            told = scene.far.copy()
            if first is not None:
                told[first + _LEAD :] = 0
            near = scene.noise + scene.caller + (scene.loudspeaker(told) if echoes else 0)
            uplink = listen(near, told if rejects else None, [])[2]
            start, end = scene.start - ticks(300), scene.end + ticks(200)
            words = whisper.transcribe(uplink.slice(start, end, clean_to=voice_from)).text
            cleaned = whisper.transcribe(uplink.slice(start, end)).text
            wrong = word_errors(scene.said, words)
            tally.errors, tally.words = tally.errors + wrong.errors, tally.words + wrong.words
            tally.cleaned_errors += word_errors(scene.said, cleaned).errors
    print(file=sys.stderr)
    minutes = sum(len(scene.far) for scene in made) / CLOCK_HZ / 60
    ways = {name: tally.way(minutes, len(made)) for name, tally in tallies.items()}
    return Report(
        machine=machine(),
        half=half,
        scenes=len(made),
        echo_minutes=minutes,
        without=ways["without"],
        with_rejection=ways["with"],
        clean=ways["clean"],
        headset=ways["headset"],
        frame_us=figure(costs_us),
    )


def _within(at: Ticks, scene: Scene) -> bool:
    return scene.start - ticks(100) <= at <= scene.end + ticks(300)


def _ways(report: Report) -> tuple[tuple[str, Way], ...]:
    return (
        ("no echo", report.clean),
        ("no echo, rejection on", report.headset),
        ("echo, rejection off", report.without),
        ("echo, rejection on", report.with_rejection),
    )


def _table(report: Report) -> list[str]:
    lines = [
        f"{report.scenes} callers ({report.half}), {report.echo_minutes:.1f} minutes of echo alone",
        f"{'':22}{'false onsets/min':>18}{'missed':>9}{'later, median':>16}{'WER':>8}{'cleaned':>9}",
    ]
    for name, way in _ways(report):
        later = "" if way.later_ms is None else f"{way.later_ms.value:.0f} ms"
        lines.append(
            f"{name:22}{way.false_onsets_per_minute:18.2f}{way.missed:9.1%}{later:>16}"
            f"{way.word_error_rate:8.3f}{way.cleaned_word_error_rate:9.3f}"
        )
    return [*lines, f"{report.frame_us.value:.0f} us for 20 ms of audio while there is an echo"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--scenes", type=int, default=48, help="callers; 48")
    add_recordings(parser, half=True)


def run(args: argparse.Namespace) -> int:
    """Do as the command line says."""
    recordings = read_recordings(args.recordings)
    folder = recordings[0].path.parents[len(Path(recordings[0].name).parts) - 1]
    report = measure(recordings, folder, args.half, args.scenes)
    write("echo", report, _table(report), as_json=args.json, out=args.out, picture=_picture)
    return 0


def _picture(report: Report, path: Path) -> None:
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure_, (left, right) = pyplot.subplots(1, 2, figsize=(8, 3.2))
    names, ways = zip(*_ways(report), strict=True)
    left.barh(names, [way.false_onsets_per_minute for way in ways])
    left.set(xlabel="false onsets a minute")
    right.barh(names, [way.word_error_rate for way in ways])
    right.set(xlabel="word error rate", yticklabels=[])
    figure_.tight_layout()
    figure_.savefig(path)
