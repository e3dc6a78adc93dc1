"""`antiphon bench callers`: does the gate find what a simulated caller does wrong, and nothing else?

Honest conversations of the example suites are held with an agent that only asks, and every line of the
caller's is spoken in its voice and its room and heard again by the recogniser. Then one fault is planted in
each: the caller invents a number, a name, or everything; another line is heard than was meant, half of it, or
nothing; it leaves early or without a word; it waits for ever; it does not cut in when it was to; it says one
thing for ever. *Recall*: faulty conversations that are set aside. *False rejections*: honest ones that are.
Intervals: Wilson.
"""

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from math import sqrt
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
from msgspec.structs import replace

from antiphon.bench.asking_agent import AskingAgent
from antiphon.bench.figures import Machine, machine
from antiphon.bench.writing import progress, write
from antiphon.contracts import CLOCK_HZ, Audio, EngineSetup, LanguageModel
from antiphon.contracts.discovery import find
from antiphon.evals.caller import Say
from antiphon.evals.dice import dice
from antiphon.evals.gate import PLANNED, may_say
from antiphon.evals.making import record, regauged
from antiphon.evals.phrasing import Phrase, phrased_by
from antiphon.evals.records import Conversation, ConversationOutcome, Event, Line
from antiphon.evals.scenario import Scenario
from antiphon.evals.suite import read_suite
from antiphon.evals.text_call import converse
from antiphon.evals.turns import caller_turns
from antiphon.evals.voice import Studio, Throat
from antiphon.runtime import Config, default_language_model
from antiphon.store import Store

_SUITES = Path("examples/suites")
_SMALL_MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m"
_WAYS = 3
_NUMBERS = ("nine", "seventeen", "two hundred", "eleven")
_NAMES = ("Harrington", "Santos", "Okonkwo", "Lindqvist")
_NONSENSE = "My neighbour keeps eleven parrots, and each sings opera in the garden before breakfast."

Hear = Callable[[str], str]
"""A line of this caller's, spoken and heard again."""
Fault = Callable[[Conversation, random.Random, Hear], Conversation | None]
"""Plants a fault; None: there is no place for it in this conversation."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A share and its 95 % Wilson interval."""

    found: int
    of: int
    value: float
    low: float
    high: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `callers.json` holds."""

    machine: Machine
    seeds: int
    recall: Rate
    by_fault: dict[str, Rate]
    false_rejections: Rate
    wrongly: tuple[str, ...]
    """Why honest conversations were set aside."""
    passed: dict[str, int]
    """How many of each fault were not found."""
    lines: int
    """Of the callers in honest conversations."""
    phrased: int
    """How many of them are in a model's words."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--suites", type=Path, default=_SUITES, metavar="DIR", help=f"{_SUITES} otherwise")
    parser.add_argument(
        "--seeds", type=int, default=20, metavar="N", help="conversations with each caller; 20"
    )
    parser.add_argument(
        "--phrase", action="store_true", help="the small language model phrases what the callers say"
    )
    parser.add_argument(
        "--silent", action="store_true", help="only what needs no sound: seconds, not minutes"
    )


def run(args: argparse.Namespace) -> int:
    with ExitStack() as stack:
        studio = None if args.silent else Studio.open(Config(), Store().folder)
        if studio is not None:
            stack.callback(studio.close)
        phrase = _phrasing(stack) if args.phrase else None
        result = measure(list(_scenarios(args.suites)), args.seeds, studio, phrase)
    write("callers", result, _table(result), as_json=args.json, out=args.out, picture=_no_picture)
    return 0


def measure(
    scenarios: Sequence[tuple[str, Scenario]],
    seeds: int,
    studio: Studio | None,
    phrase: Phrase | None = None,
) -> Result:
    """Hold, spoil and gate `seeds` conversations of each scenario."""
    honest: list[Conversation] = []
    spoilt: dict[str, list[bool]] = {name: [] for name in FAULTS if studio or name not in _AUDIBLE}
    heard: dict[tuple[str, str], str] = {}
    for name, scenario in scenarios:
        progress(f"{name}: {seeds} conversations")
        for seed in range(1, seeds + 1):
            hear = _ear(studio, name, scenario, seed, heard)
            made = _honest(name, scenario, seed, hear if studio else None, phrase)
            honest.append(made)
            for fault, results in spoilt.items():
                chance = dice(seed, name, fault)
                faulty = FAULTS[fault](made, chance, hear)
                if faulty is not None:
                    results.append(not regauged(faulty, scenario).gate.kept)
    said = [
        (line.text, scenario)
        for each in honest
        for line in caller_turns(each.transcript)
        for scenario in (dict(scenarios)[each.scenario],)
        if line.intent.split(":")[0] in ("opens", "tells", "brings_up", "volunteers")
    ]
    every = [found for results in spoilt.values() for found in results]
    return Result(
        machine=machine(),
        seeds=seeds,
        recall=_rate(every),
        by_fault={fault: _rate(results) for fault, results in spoilt.items() if results},
        false_rejections=_rate([not each.gate.kept for each in honest]),
        wrongly=tuple(reason for each in honest for reason in each.gate.reasons),
        passed={fault: results.count(False) for fault, results in spoilt.items()},
        lines=len(said),
        phrased=0 if phrase is None else sum(_anew(text, scenario) for text, scenario in said),
    )


def _honest(
    name: str, scenario: Scenario, seed: int, hear: Hear | None, phrase: Phrase | None
) -> Conversation:
    held = converse(AskingAgent(scenario), scenario, seed, phrase)
    made = record(held, name=name, scenario=scenario, seed=seed, mode="text", today=date(2026, 5, 6))
    cuts = [line for line in made.transcript if line.act == "interruption"]
    plans = [
        Event(
            at_ms=line.start_ms - 300,
            name=PLANNED,
            data={"act": "interruption", "by_ms": line.start_ms + 1200, "says": line.text},
        )
        for line in cuts
    ]
    made = replace(made, mode="speech", events=(*made.events, *plans))
    if hear is not None:
        made = replace(made, transcript=tuple(_heard_again(line, hear) for line in made.transcript))
    return regauged(made, scenario)


def _anew(text: str, scenario: Scenario) -> bool:
    """Whether a line is not the scenario's own, nor some of its lines one after another."""
    for own in sorted(may_say(scenario), key=len, reverse=True):
        text = text.replace(own, "")
    return bool(text.strip())


def _phrasing(stack: ExitStack) -> Phrase:
    """The small model; each line is phrased in so many ways, more would only cost time."""
    setup = EngineSetup(settings={"model": _SMALL_MODEL}, weights=Store().folder, threads=2)
    opening: Callable[[EngineSetup], Any] = find("language_model", default_language_model()).open
    model = cast(LanguageModel, opening(setup))
    stack.callback(model.close)
    ask, known = phrased_by(model), dict[tuple[str, int, str], str]()

    def phrase(text: str, seed: int, who: str) -> str:
        key = text, seed % _WAYS, who
        if key not in known:
            known[key] = ask(*key)
        return known[key]

    return phrase


def _heard_again(line: Line, hear: Hear) -> Line:
    return replace(line, transcribed=hear(line.text)) if line.who == "caller" else line


def _ear(
    studio: Studio | None, name: str, scenario: Scenario, seed: int, known: dict[tuple[str, str], str]
) -> Hear:
    """Each line of a scenario is heard twice, in different noise; more would only cost time."""
    half = f"{name}-{seed % 2}"
    throat = None if studio is None else Throat(studio, scenario, seed % 2)

    def hear(text: str) -> str:
        if studio is None or throat is None:
            return text
        if (half, text) not in known:
            known[half, text] = (
                studio.heard(_in_place(throat, text)) if text else studio.heard(_nothing(throat))
            )
        return known[half, text]

    return hear


def _in_place(throat: Throat, text: str) -> Audio:
    voice = throat.says(Say(text=text, intent="tells"))
    places = np.arange(len(voice)) % len(throat.background)
    return (voice + throat.background[places]).astype(np.float32)


def _nothing(throat: Throat) -> Audio:
    return throat.background[: 2 * CLOCK_HZ]


def _with(conversation: Conversation, place: int, **changes: object) -> Conversation:
    lines = list(conversation.transcript)
    lines[place] = replace(lines[place], **changes)
    return replace(conversation, transcript=tuple(lines))


def _places(conversation: Conversation, *intents: str) -> list[int]:
    """Where the caller says something with one of the intents; any, when none is named."""
    turns = {id(line) for line in caller_turns(conversation.transcript)}
    return [
        place
        for place, line in enumerate(conversation.transcript)
        if id(line) in turns and (not intents or line.intent.split(":")[0] in intents)
    ]


def _invents(text: Callable[[str, random.Random], str], *intents: str) -> Fault:
    def plant(conversation: Conversation, chance: random.Random, hear: Hear) -> Conversation | None:
        places = _places(conversation, *intents)
        if not places:
            return None
        place = chance.choice(places)
        said = text(conversation.transcript[place].text, chance)
        return _with(conversation, place, text=said, transcribed=said)  # it says so, too

    return plant


def _another_line(conversation: Conversation, chance: random.Random, hear: Hear) -> Conversation | None:
    place, *others = chance.sample(_places(conversation), k=min(3, len(_places(conversation))))
    line = conversation.transcript[place]
    for other in others:
        if conversation.transcript[other].text != line.text:
            return _with(conversation, place, transcribed=hear(conversation.transcript[other].text))
    return None


def _half_a_line(conversation: Conversation, chance: random.Random, hear: Hear) -> Conversation | None:
    long = [place for place in _places(conversation) if len(conversation.transcript[place].text.split()) >= 5]
    if not long:
        return None
    place = chance.choice(long)
    words = conversation.transcript[place].text.split()
    return _with(conversation, place, transcribed=hear(" ".join(words[: len(words) // 3])))


def _mute(conversation: Conversation, chance: random.Random, hear: Hear) -> Conversation | None:
    return _with(conversation, chance.choice(_places(conversation)), transcribed=hear(""))


def _leaves(conversation: Conversation, chance: random.Random, *, politely: bool) -> Conversation | None:
    places = _places(conversation)
    after = places[min(len(places) - 2, 1 + chance.randrange(2))] if len(places) >= 4 else None
    if after is None:
        return None
    kept = [line for line in conversation.transcript[:after] if line.start_ms >= 0]
    last = conversation.transcript[places[-1]]
    if politely:
        if last.intent != "leaves":
            return None
        shift = conversation.transcript[after].start_ms - last.start_ms
        kept.append(replace(last, start_ms=last.start_ms + shift, end_ms=last.end_ms + shift))
    ended = ConversationOutcome(ended="caller")
    return replace(conversation, transcript=tuple(kept), outcome=ended, events=())


def _leaves_early(conversation: Conversation, chance: random.Random, hear: Hear) -> Conversation | None:
    return _leaves(conversation, chance, politely=True)


def _hangs_up(conversation: Conversation, chance: random.Random, hear: Hear) -> Conversation | None:
    return _leaves(conversation, chance, politely=False)


def _waits(conversation: Conversation, chance: random.Random, hear: Hear) -> Conversation | None:
    places = _places(conversation)[1:]
    if not places:
        return None
    place, more = chance.choice(places), 11_000 + 8_000 * chance.random()
    lines = [
        replace(line, start_ms=line.start_ms + more, end_ms=line.end_ms + more) if at >= place else line
        for at, line in enumerate(conversation.transcript)
    ]
    return replace(conversation, transcript=tuple(lines), events=())


def _holds_back(conversation: Conversation, chance: random.Random, hear: Hear) -> Conversation | None:
    places = _places(conversation)[1:]
    if not places:
        return None
    line = conversation.transcript[chance.choice(places)]
    at = line.start_ms - 4_000
    plan = Event(at_ms=at, name=PLANNED, data={"act": "interruption", "by_ms": at + 1_500})
    return replace(conversation, events=(*conversation.events, plan))


def _repeats(conversation: Conversation, chance: random.Random, hear: Hear) -> Conversation | None:
    line = conversation.transcript[chance.choice(_places(conversation))]
    end = conversation.transcript[-1].end_ms
    again = [replace(line, start_ms=end + 3_000 * n, end_ms=end + 3_000 * n + 1_000) for n in range(1, 6)]
    return replace(conversation, transcript=(*conversation.transcript, *again))


FAULTS: dict[str, Fault] = {
    "another number": _invents(
        lambda text, chance: f"{text} And please make it {chance.choice(_NUMBERS)}.", "tells", "volunteers"
    ),
    "another name": _invents(
        lambda text, chance: f"{text} And send it to Mister {chance.choice(_NAMES)}.",
        "tells",
        "volunteers",
        "opens",
        "brings_up",
    ),
    "nonsense": _invents(lambda text, chance: _NONSENSE),
    "another line": _another_line,
    "half a line": _half_a_line,
    "no sound": _mute,
    "leaves early": _leaves_early,
    "hangs up": _hangs_up,
    "waits": _waits,
    "does not cut in": _holds_back,
    "repeats itself": _repeats,
}
_AUDIBLE = frozenset({"another line", "half a line", "no sound"})


def _scenarios(folder: Path) -> Iterator[tuple[str, Scenario]]:
    for path in sorted(folder.glob("*.yaml")):
        yield from read_suite(path.read_text(encoding="utf-8"), str(path)).scenarios.items()


def _rate(found: Sequence[bool]) -> Rate:
    """Wilson 1927."""
    hits, of, z = sum(found), max(len(found), 1), 1.96
    share, shrink = hits / of, 1 + z * z / of
    middle = (share + z * z / (2 * of)) / shrink
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / shrink
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Rate(found=hits, of=len(found), value=share, low=low, high=high)


def _table(result: Result) -> list[str]:
    def told(name: str, rate: Rate) -> str:
        span = f"{rate.low:.1%} to {rate.high:.1%}"
        return f"{name:<22} {rate.found:>5} of {rate.of:<5} {rate.value:7.1%}   {span}"

    rows = [told(fault, rate) for fault, rate in result.by_fault.items()]
    words = f"{result.phrased} of {result.lines} lines in a model's words"
    return [
        *rows,
        "",
        words,
        told("recall", result.recall),
        told("false rejections", result.false_rejections),
    ]


def _no_picture(result: Result, path: Path) -> None:
    """A table says it all."""
