"""`antiphon check`: does an engine keep its contract?"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
import numpy as np
import soxr

from antiphon.contracts import (
    LISTENING_HZ,
    AntiphonError,
    ConfigInvalid,
    ContractBroken,
    EngineSetup,
    Part,
    Synthesizer,
)
from antiphon.contracts.conformance import Clip, Outcome, Samples, run
from antiphon.contracts.discovery import PARTS, find
from antiphon.store import Store

_HEARING: tuple[Part, ...] = ("voice_activity", "end_of_turn", "transcriber")
_SENTENCES = (
    "Good evening, I would like to book a table for four people, please.",
    "The train to the airport leaves from the second platform in ten minutes.",
    "Could you tell me whether the museum is open on Sunday morning?",
)
_PAUSE_MS = 200


def arguments(check: argparse.ArgumentParser) -> None:
    """What `check` takes."""
    check.description = (
        "Check an engine, yours or an installed one, against the contract of its part. "
        "Exit code 0: nothing is broken; 1: something is."
    )
    check.add_argument("part", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    check.add_argument("engine", metavar="ENGINE", help="an installed engine's name, or MODULE:CLASS")
    check.add_argument(
        "--settings", nargs="+", default=[], metavar="KEY=VALUE", help="values are JSON where they can be"
    )
    check.add_argument("--settings-json", default="{}", metavar="OBJECT", help="settings as one JSON object")
    check.add_argument(
        "--speaker", metavar="SYNTHESIZER", help="who speaks the samples that ears are checked with"
    )
    check.add_argument("--threads", type=int, default=2, help="for one call of a native library; 2 otherwise")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)


def _check(args: argparse.Namespace) -> int:
    part = cast(Part, args.part)
    settings = _settings(args.settings, args.settings_json)
    if part == "journal" and not settings:
        # Its default is the journal of real conversations, and what is appended there can never be removed.
        raise ContractBroken("a check writes into the journal: name one of its own (--settings path=FILE)")
    if ":" in args.engine:
        sys.path.insert(0, os.getcwd())
    kind = find(part, args.engine)
    setup = EngineSetup(settings=settings, weights=Store().folder, threads=args.threads)
    samples = _samples(part, args.speaker or _speaker_for(args.engine), quiet=args.json)
    engine = kind.open(setup)
    report = run(
        part,
        engine,
        samples=samples,
        reopen=lambda: kind.open(setup),
        told=None if args.json else _tell,
    )
    if args.json:
        document = {"ok": report.ok, **msgspec.to_builtins(report)}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        counts = len(report.passed), len(report.failed), len(report.skipped)
        print("{} passed, {} failed, {} skipped".format(*counts))
    return 0 if report.ok else 1


def _tell(outcome: Outcome) -> None:
    print(f"{outcome}  ({outcome.took_ms:.0f} ms)" if outcome.took_ms >= 100 else outcome, flush=True)


def _settings(pairs: Sequence[str], text: str) -> Mapping[str, Any]:
    try:
        settings = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ConfigInvalid((f"--settings-json is not a JSON object: {error}",)) from error
    unpaired = tuple(f"--settings {pair!r} is not KEY=VALUE" for pair in pairs if "=" not in pair)
    if unpaired:
        raise ConfigInvalid(unpaired)
    return settings | {key: _value(value) for key, _, value in (pair.partition("=") for pair in pairs)}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _speaker_for(engine: str) -> str:
    # The scripted transcriber reads only the tones of its own kind.
    return "scripted" if engine == "scripted" else "hibari"


def _samples(part: Part, speaker: str, *, quiet: bool) -> Samples:
    if part not in _HEARING:
        return Samples()
    try:
        kind = find("synthesizer", speaker)
        engine = cast(Synthesizer, kind.open(EngineSetup(weights=Store().folder)))
    except AntiphonError as error:
        if not quiet:
            print(f"without speech, since {speaker} cannot speak: {error}", file=sys.stderr)
        return Samples()
    try:
        return Samples(clips=tuple(_spoken(engine, text) for text in _SENTENCES))
    finally:
        engine.close()


def _spoken(engine: Synthesizer, text: str) -> Clip:
    rate_hz = engine.card.sample_rate_hz or LISTENING_HZ
    pause = np.zeros(rate_hz * _PAUSE_MS // 1000, np.float32)
    speech = [chunk.audio for chunk in engine.synthesize(text)]
    audio = soxr.resample(np.concatenate([pause, *speech, pause]), rate_hz, LISTENING_HZ)
    return Clip(np.asarray(audio, np.float32), text)
