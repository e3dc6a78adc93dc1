"""`antiphon call`: speak recordings into a server and measure how soon the answers are heard."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from antiphon.cli.caller import Caller, Wishes
from antiphon.cli.client import DEFAULT_URL, connect, for_user
from antiphon.cli.outcome import (
    LineOutcome,
    Opening,
    Speculation,
    opening_of,
    outcome_of,
    reports_of,
    speculation,
    summary,
    write_call,
)
from antiphon.cli.recording import make_folder
from antiphon.cli.score import Line, Spoken, read_line
from antiphon.cli.waterfall import waterfall
from antiphon.contracts import TurnReport

_TALE = """\
Each FILE is one turn of a conversation, spoken in real time; the next is spoken when the answer has been
heard to its end. FILE@1.5 is spoken into the answer before it, 1.5 s after that began to be heard. Where the
agent speaks first, its opening is waited for, or spoken into, as an answer is. With --manual, speaking into
an answer ends it.

"here" is measured by this command on its own clock, from sending the last voiced sample to receiving the
first audible one. "sent" and "heard" are the server's figures for the same turn."""


def arguments(call: argparse.ArgumentParser) -> None:
    """What `call` takes."""
    call.description = "Speak recordings to a running server, listen to its answers, and measure them."
    call.epilog = _TALE
    call.formatter_class = argparse.RawDescriptionHelpFormatter
    call.add_argument("files", nargs="+", metavar="FILE[@SECONDS]", help="recordings, spoken in this order")
    call.add_argument("--url", default=DEFAULT_URL, help=f"{DEFAULT_URL} otherwise")
    call.add_argument("--json", action="store_true", help="print one JSON document")
    call.add_argument("--out", type=Path, metavar="DIR", help="write the answers and the conversation as WAV")
    call.add_argument("--user", default="", metavar="NAME", help="who speaks: remembered from call to call")
    call.add_argument("--voice", default="", help="the voice that answers")
    call.add_argument("--instructions", default="", help="what the agent is told to be")
    call.add_argument("--manual", action="store_true", help="end each turn ourselves, without turn detection")
    call.add_argument(
        "--realtime-factor", type=_factor, default=1.0, metavar="X", help="speak X times as fast as real time"
    )
    call.set_defaults(run=_call)


def _factor(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 100:
        raise argparse.ArgumentTypeError("must lie between 0.1 and 100")
    return value


def _call(args: argparse.Namespace) -> int:
    lines = tuple(read_line(text) for text in args.files)
    if args.out is not None:
        make_folder(args.out)
    wishes = Wishes(
        voice=args.voice, instructions=args.instructions, manual=args.manual, pace=args.realtime_factor
    )
    return asyncio.run(_make(args, lines, wishes))


async def _make(args: argparse.Namespace, lines: tuple[Line, ...], wishes: Wishes) -> int:
    async with connect(for_user(args.url, args.user)) as connection:
        caller = Caller(connection, lines, wishes)

        async def tell(spoken: Spoken) -> None:
            reports = await connection.turns(caller.exchange.session_id)
            if spoken is caller.director.spoken[0]:
                _print_opening(opening_of(caller.director, caller.exchange, reports))
            outcome = outcome_of(spoken, caller.director, caller.exchange)
            _print_line(outcome, reports_of(spoken, caller.director, caller.exchange, reports))

        if not args.json:
            caller.over = tell
        await caller.call()
        reports = await connection.turns(caller.exchange.session_id)
    written = write_call(args.out, caller.director, caller.exchange) if args.out else {}
    outcomes = [
        msgspec.structs.replace(
            outcome_of(spoken, caller.director, caller.exchange), answer_file=written.get(i, "")
        )
        for i, spoken in enumerate(caller.director.spoken)
    ]
    if args.json:
        _print_document(args.url, caller, outcomes, reports)
    else:
        ahead = speculation(_answering(reports, opening_of(caller.director, caller.exchange, reports)))
        _print_end(summary(outcomes), ahead, caller.exchange.errors, args.out)
    return 0 if all(outcome.as_wanted for outcome in outcomes) else 1


def _print_document(
    url: str, caller: Caller, outcomes: list[LineOutcome], reports: tuple[TurnReport, ...]
) -> None:
    spoken = caller.director.spoken
    opening = opening_of(caller.director, caller.exchange, reports)
    lines: list[dict[str, Any]] = [
        msgspec.to_builtins(outcome)
        | {"turns": msgspec.to_builtins(reports_of(line, caller.director, caller.exchange, reports))}
        for outcome, line in zip(outcomes, spoken, strict=True)
    ]
    document = {
        "url": url,
        "session_id": caller.exchange.session_id,
        "summary": summary(outcomes),
        "speculation": msgspec.to_builtins(speculation(_answering(reports, opening))),
        "opening": msgspec.to_builtins(opening),
        "lines": lines,
        "errors": caller.exchange.errors,
    }
    print(json.dumps(document, indent=2, ensure_ascii=False))


def _answering(reports: tuple[TurnReport, ...], opening: Opening | None) -> tuple[TurnReport, ...]:
    """Without the turns of the opening, which no work ahead could have shortened."""
    return tuple(report for report in reports if opening is None or report not in opening.turns)


def _print_opening(opening: Opening | None) -> None:
    if opening is None:
        return
    print("\n(the agent speaks first)")
    print(f"  opening       {opening.words or '(none)'}")
    if opening.cut_by:
        print(f"  cut short by {opening.cut_by}")
    elif opening.status != "completed":
        print(f"  the opening is {_how(opening)}")
    _print_sound("opening", opening.gaps_ms, opening.turns)


def _print_line(outcome: LineOutcome, reports: tuple[TurnReport, ...]) -> None:
    print(f"\n{outcome.file}" + (" (into the answer before)" if outcome.overlapping else ""))
    print(f"  understood    {outcome.understood or '(nothing)'}")
    print(f"  answer        {outcome.answer or '(none)'}")
    print(f"  mouth to ear  {_times(outcome, reports)}")
    if outcome.cut_by:
        print(f"  cut short by {outcome.cut_by}")
    elif outcome.status not in ("completed", "unanswered"):
        print(f"  the answer is {_how(outcome)}")
    if outcome.cut_in:
        print("  the agent cut in before the recording was over")
    _print_sound("answer", outcome.gaps_ms, reports)


def _how(said: LineOutcome | Opening) -> str:
    return f"{said.status}: {said.problem}" if said.problem else said.status


def _print_sound(what: str, gaps_ms: float, reports: tuple[TurnReport, ...]) -> None:
    if gaps_ms >= 1:
        print(f"  the {what} had {gaps_ms:.0f} ms of gaps: its sound came late")
    for report in reports:
        for line in waterfall(report):
            print(f"    {line}")
    sys.stdout.flush()


def _times(outcome: LineOutcome, reports: tuple[TurnReport, ...]) -> str:
    if outcome.mouth_to_ear_ms is None:
        return "nothing was heard"
    # Of several turns in one recording, the last is the one that was answered to its end.
    server = [("sent", report.sent_ms) for report in reports[-1:]]
    server += [("heard", report.heard_ms) for report in reports[-1:]]
    figures = [f"{outcome.mouth_to_ear_ms:.0f} ms here"]
    figures += [f"{figure:.0f} ms {name}" for name, figure in server if figure is not None]
    return ", ".join(figures)


def _print_end(
    numbers: dict[str, Any], ahead: Speculation | None, errors: list[str], out: Path | None
) -> None:
    if numbers["mouth_to_ear_median_ms"] is not None:
        print(
            f"\n{numbers['answered']} of {numbers['lines']} answered; mouth to ear: median "
            f"{numbers['mouth_to_ear_median_ms']:.0f} ms, worst {numbers['mouth_to_ear_worst_ms']:.0f} ms"
        )
    else:
        print(f"\n{numbers['answered']} of {numbers['lines']} answered")
    if ahead is not None:
        print(
            f"{ahead.held} of {ahead.guesses} answers begun ahead were given; they won "
            f"{ahead.won_ms_median:.0f} ms (median) for {ahead.wasted_tokens} wasted tokens; "
            f"{ahead.read_after_end_median:.0f} tokens (median) were left to read"
        )
    if out is not None:
        print(f"the call is in {out / 'conversation.wav'} (left: caller, right: agent)")
    for error in errors:
        print(f"the server complained: {error}", file=sys.stderr)
