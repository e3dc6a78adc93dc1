"""`antiphon bench response`: how soon an answer is heard, beside a stock Pipecat with the same weights.

Recordings of real people are spoken to both systems in one run by the same caller from outside. Each
recording is a conversation of its own; then ten of them make one conversation. The systems take turns with
every recording, so that whatever else the machine does meets both. Both processes stay up, and each is idle
while the other answers. Only speakers of the half that nothing was tuned on are used, and what they said
in one breath: what becomes of pauses is the question of `bench endpointing`.

The peer runs as it comes. With `--peers pipecat pipecat-calm` it runs a second time, spared what Antiphon
spares itself: its libraries' threads wait without spinning, and its matrix products take one thread.
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median as middle

import aiohttp
import msgspec
import numpy as np

from antiphon.bench import servers
from antiphon.bench.figures import Figure, Machine, figure, machine, percentile
from antiphon.bench.outside import Dial, Outcome, Utterance, converse, plain_pcm, realtime, utterance
from antiphon.bench.recordings import Recording, add_recordings, read_recordings
from antiphon.bench.writing import progress, write
from antiphon.contracts import CLOCK_HZ, TERMS, TurnReport
from antiphon.engines.native import load
from antiphon.runtime import default_language_model
from antiphon.runtime.settings import DEFAULT_INSTRUCTIONS
from antiphon.store import Store

DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
SETS = ("timit_nltk", "librispeech_test_other", "librispeech_misc")
TURNS_IN_CONVERSATION = 10
PEERS = ("pipecat", "pipecat-calm")
ONE_BREATH_S = 0.35
"""A recording without a longer pause is a turn that nobody takes for over before it is."""
_MAX_TOKENS = 40
# Whose words are weighed as those of whole sentences mostly are.
_SCRIPTED = """\
answers = ["Certainly, I will do that for you right away."]
scores = { "." = -2.1, "?" = -2.1, "!" = -2.1 }"""


class _Turns(msgspec.Struct):
    data: tuple[TurnReport, ...]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One system in one kind of conversation."""

    system: str
    kind: str
    """"alone": one recording a conversation; "conversation": ten in one."""
    outcomes: tuple[Outcome, ...]
    median_ms: Figure | None
    p95_ms: Figure | None
    answered: int
    cut_off: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `response.json` holds."""

    machine: Machine
    model: str
    recordings: tuple[str, ...]
    rounds: int
    measured: tuple[Measured, ...]
    faster: dict[str, Figure]
    """By what factor the peer took longer, by kind and percentile, recordings drawn in pairs."""
    terms_ms: dict[str, float]
    """The median of each term of Antiphon's equation."""
    read_after_end: float
    """Tokens of the prompt left to read when the answer was asked for, median."""
    guesses_held: float
    reports: tuple[TurnReport, ...]
    """Antiphon's equation of every turn, span by span."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--turns", type=int, default=20, help="recordings, one speaker after another; 20")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is spoken; 3")
    parser.add_argument("--model", default=DEFAULT_MODEL, help='of the manifest, or "scripted": no model')
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=[PEERS[0]], help="none, one or both")
    parser.add_argument("--url", help="an Antiphon that runs; otherwise one is started")
    parser.add_argument("--hesitant", action="store_true", help="also recordings with long pauses in them")
    add_recordings(parser)


def run(args: argparse.Namespace) -> int:
    said = utterances(args.recordings, args.turns, 10.0 if args.hesitant else ONE_BREATH_S)
    result = asyncio.run(measure(said, args.rounds, args.model, args.peers, args.url))
    write("response", result, _table(result), as_json=args.json, out=args.out, picture=_picture)
    return 0


def utterances(folder: Path | None, count: int, longest_pause_s: float) -> list[Utterance]:
    """`count` different utterances of the reporting half, as many speakers as there are."""
    by_speaker: dict[str, list[Recording]] = {}
    known: set[str] = set()
    for one in read_recordings(folder):
        whole = one.set in SETS and 1.5 <= one.seconds <= 6 and one.longest_pause_s <= longest_pause_s
        if one.half == "report" and whole and one.transcript not in known:
            known.add(one.transcript)
            by_speaker.setdefault(one.speaker, []).append(one)
    deepest = max(map(len, by_speaker.values()))
    rows = [[them[row] for them in by_speaker.values() if row < len(them)] for row in range(deepest)]
    chosen = [one for row in rows for one in row][:count]
    return [utterance(one.name, one.audio(CLOCK_HZ)) for one in chosen]


def config_of(model: str) -> str:
    if model == "scripted":
        return f'[engines.language_model]\nuse = "scripted"\n[engines.language_model.settings]\n{_SCRIPTED}\n'
    use = f'use = "{default_language_model()}"'
    lines = ["[engines.language_model]", use, "[engines.language_model.settings]"]
    return f'answer_tokens = {_MAX_TOKENS}\n{chr(10).join(lines)}\nmodel = "{model}"\n'


async def measure(
    said: Sequence[Utterance], rounds: int, model: str, peers: Sequence[str], running: str | None = None
) -> Result:
    """Speak everything to the systems, in turn; `running` is the address of an Antiphon that runs.

    Raises:
        AntiphonError: as `servers` does.
    """
    with ExitStack() as stack:
        url = running or stack.enter_context(servers.antiphon(config_of(model))).url
        dials: dict[str, Dial] = {"antiphon": realtime(url, DEFAULT_INSTRUCTIONS)}
        for peer in peers if model != "scripted" else ():
            calm = peer == PEERS[1]
            bot = servers.pipecat(Store().folder, model, DEFAULT_INSTRUCTIONS, _MAX_TOKENS, calm=calm)
            dials[peer] = plain_pcm(stack.enter_context(bot).url, 16_000)
        for dial in dials.values():
            await _call(dial, said[:1])  # the first call of a process is the slowest and tells nothing
        alone: dict[str, list[Outcome]] = {name: [] for name in dials}
        reports: list[TurnReport] = []
        for number in range(rounds):
            for place, one in enumerate(said):
                progress(f"round {number + 1} of {rounds}: {place + 1} of {len(said)}")
                for name, dial in dials.items():
                    outcomes, session = await _call(dial, [one])
                    alone[name] += outcomes
                    if session:
                        reports += await _reports(url, session)
        together: dict[str, list[Outcome]] = {}
        in_conversation: tuple[TurnReport, ...] = ()
        for name, dial in dials.items():
            progress(f"a conversation of {TURNS_IN_CONVERSATION} turns: {name}")
            together[name], session = await _call(dial, said[:TURNS_IN_CONVERSATION])
            if session:
                in_conversation = await _reports(url, session)
    kinds = (("alone", alone), ("conversation", together))
    measured = [_measured(name, kind, outs) for kind, them in kinds for name, outs in them.items()]
    sounded = [report for report in reports if report.sent_ms is not None]
    return Result(
        machine=machine(),
        model=model,
        recordings=tuple(one.name for one in said),
        rounds=rounds,
        measured=tuple(measured),
        faster={key: value for kind, them in kinds for key, value in _faster(kind, them).items()},
        terms_ms=_terms(sounded),
        read_after_end=middle([r.prompt_tokens - r.cached_tokens for r in sounded]) if sounded else 0,
        guesses_held=sum(r.guess_held for r in sounded) / len(sounded) if sounded else 0,
        reports=(*reports, *in_conversation),
    )


async def _call(dial: Dial, said: Sequence[Utterance]) -> tuple[list[Outcome], str]:
    async with dial() as line:
        outcomes = await converse(line, said)
        return outcomes, line.ids[0] if line.ids else ""


async def _reports(url: str, session: str) -> tuple[TurnReport, ...]:
    root = url.replace("ws://", "http://").removesuffix("/realtime")
    async with aiohttp.ClientSession() as http, http.get(f"{root}/sessions/{session}/turns") as answer:
        return msgspec.json.decode(await answer.read(), type=_Turns).data


def _times(outcomes: Sequence[Outcome]) -> list[float]:
    return [o.mouth_to_ear_ms for o in outcomes if o.mouth_to_ear_ms is not None and not o.cut_off]


def _measured(system: str, kind: str, outcomes: Sequence[Outcome]) -> Measured:
    times = _times(outcomes)
    return Measured(
        system=system,
        kind=kind,
        outcomes=tuple(outcomes),
        median_ms=figure(times) if times else None,
        p95_ms=figure(times, percentile(95)) if times else None,
        answered=sum(o.mouth_to_ear_ms is not None for o in outcomes),
        cut_off=sum(o.cut_off for o in outcomes),
    )


def _faster(kind: str, outcomes: Mapping[str, Sequence[Outcome]]) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    for peer in [name for name in outcomes if name != "antiphon"]:
        pairs = [
            (ours.mouth_to_ear_ms, theirs.mouth_to_ear_ms)
            for ours, theirs in zip(outcomes["antiphon"], outcomes[peer], strict=True)
            if ours.mouth_to_ear_ms and theirs.mouth_to_ear_ms and not (ours.cut_off or theirs.cut_off)
        ]
        if pairs:
            found |= {f"{kind} {name}, {peer}": value for name, value in _ratios(np.array(pairs).T).items()}
    return found


def _ratios(pairs: np.ndarray) -> dict[str, Figure]:
    """How many times as long the second row takes, with intervals that draw pairs."""
    ours, theirs = pairs
    draws = np.random.default_rng(0).integers(0, len(ours), (2000, len(ours)))
    found: dict[str, Figure] = {}
    for name, q in (("median", 50), ("p95", 95)):
        again = np.percentile(theirs[draws], q, axis=1) / np.percentile(ours[draws], q, axis=1)
        value = float(np.percentile(theirs, q) / np.percentile(ours, q))
        low, high = (float(edge) for edge in np.percentile(again, (2.5, 97.5)))
        found[name] = Figure(value, low, high, len(ours))
    return found


def _terms(reports: Sequence[TurnReport]) -> dict[str, float]:
    totals = {
        name: [sum(term.ms for term in report.terms if term.name == name) for report in reports]
        for name in TERMS
    }
    totals["overlap"] = [report.overlap_ms for report in reports]
    totals["residual"] = [report.residual_ms for report in reports]
    totals["sent"] = [report.sent_ms or 0.0 for report in reports]
    return {name: float(middle(values)) for name, values in totals.items() if values}


def _table(result: Result) -> list[str]:
    lines = [f"{result.model} on {result.machine.processor}, {result.machine.cores} cores", ""]
    lines.append(f"{'':<24}{'median':>18}{'95th percentile':>22}{'answered':>10}{'cut off':>9}")
    for one in result.measured:
        middle_ms, worst_ms = (_with_interval(f) for f in (one.median_ms, one.p95_ms))
        name = f"{one.system}, {one.kind}"
        answered = f"{one.answered}/{len(one.outcomes)}"
        lines.append(f"{name:<24}{middle_ms:>18}{worst_ms:>22}{answered:>10}{one.cut_off:>9}")
    lines += [
        "",
        *(f"{k}: {f.value:.1f} times faster ({f.low:.1f} to {f.high:.1f})" for k, f in result.faster.items()),
        "median terms: " + ", ".join(f"{k} {v:.0f}" for k, v in result.terms_ms.items()),
        f"tokens left to read: {result.read_after_end:.0f}; guesses held: {result.guesses_held:.0%}",
    ]
    return lines


def _with_interval(one: Figure | None) -> str:
    return "-" if one is None else f"{one.value:.0f} ({one.low:.0f} to {one.high:.0f})"


def _picture(result: Result, path: Path) -> None:
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure_, axes = pyplot.subplots(figsize=(8, 3.2))
    for one in result.measured:
        times = sorted(_times(one.outcomes))
        share = np.arange(1, len(times) + 1) / max(len(times), 1)
        style = "-" if one.kind == "alone" else "--"
        axes.step(times, share, style, where="post", label=f"{one.system}, {one.kind}")
    axes.axvline(200, color="grey", linewidth=0.8)
    axes.annotate("people", (205, 0.03), color="grey")
    axes.set(xlabel="mouth to ear, ms", ylabel="share of answers", xlim=(0, None), ylim=(0, 1))
    axes.legend(frameon=False)
    figure_.tight_layout()
    figure_.savefig(path)
