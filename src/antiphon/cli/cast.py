"""`antiphon cast`: check, draw and try out a cast file."""

import argparse
import sys
from collections.abc import Collection
from pathlib import Path

import msgspec

from antiphon.cli.cast_run import play
from antiphon.contracts import ConfigInvalid
from antiphon.runtime import Config, load_config
from antiphon.runtime.parts import voice_names
from antiphon.samp import Cast, Problem, cast_schema, check_cast, draw, read_script


def arguments(casts: argparse.ArgumentParser) -> None:
    """What `cast` takes."""
    actions = casts.add_subparsers(dest="cast_action", required=True, metavar="ACTION")

    checking = actions.add_parser(
        "check",
        help="every problem of a cast file, with its line and what to do; exit code 1 if there is any",
    )
    checking.add_argument("file", type=Path, metavar="FILE")
    checking.add_argument("--json", action="store_true", help="print JSON")
    checking.set_defaults(run=_check)

    drawing = actions.add_parser("draw", help="a picture of the scenes and the ways between them, as SVG")
    drawing.add_argument("file", type=Path, metavar="FILE")
    drawing.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="SVG",
        help="standard output otherwise; in a terminal, a file named after FILE in the working folder",
    )
    drawing.set_defaults(run=_draw)

    running = actions.add_parser(
        "run", help="talk with a cast by keyboard, or have a scripted caller do it and check where it is led"
    )
    running.add_argument("file", type=Path, metavar="FILE")
    running.add_argument(
        "--caller", type=Path, metavar="SCRIPT", help="a scripted caller, such as examples/callers/*"
    )
    running.add_argument("--prompts", action="store_true", help="show what each prompt is made of")
    running.add_argument("--json", action="store_true", help="print one JSON document at the end")
    running.set_defaults(run=_run)

    schema = actions.add_parser("schema", help="the JSON Schema of cast files, for editors")
    schema.set_defaults(run=_schema)


def read_text(path: Path) -> str:
    """What stands in a file a user named.

    Raises:
        ConfigInvalid: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigInvalid((f"there is no file {path}",)) from error
    except OSError as error:
        raise ConfigInvalid((f"{path} cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        raise ConfigInvalid((f"{path} is no text in UTF-8",)) from error


def load_cast(path: Path, config: Config) -> Cast:
    """The cast in a file.

    Raises:
        ConfigInvalid: with every problem, each with its line.
    """
    found, problems = check_cast(read_text(path), voices=voice_names(config))
    if found is None or problems:
        raise ConfigInvalid(tuple(f"{path}: {problem}" for problem in problems))
    return found


def _check(args: argparse.Namespace) -> int:
    found, problems = check_cast(read_text(args.file), voices=voice_names(load_config(args.config)))
    if args.json:
        document = {"ok": not problems, "file": str(args.file), "problems": problems}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    elif problems:
        print("\n".join(_told(problem) for problem in problems))
        print(f"{args.file}: {len(problems)} problem{'s' * (len(problems) > 1)}", file=sys.stderr)
    elif found is not None:
        counts = (f"{len(each)} {what}" for each, what in _parts(found))
        print(f"{found.cast}: {', '.join(counts)}; nothing is wrong with it")
    return 1 if problems else 0


def _parts(found: Cast) -> tuple[tuple[Collection[str], str], ...]:
    return (
        (found.personas, "personas"),
        (found.scenes, "scenes"),
        (found.slots, "slots"),
        (found.anywhere, "jumps"),
    )


def _told(problem: Problem) -> str:
    place = f"{problem.where}: " if problem.where else ""
    return f"line {problem.line:<4} {place}{problem.what}\n          {problem.remedy}"


def _draw(args: argparse.Namespace) -> int:
    picture = draw(load_cast(args.file, load_config(args.config)))
    if args.out is None and not sys.stdout.isatty():
        sys.stdout.write(picture)
        return 0
    out: Path = args.out or Path(f"{args.file.stem}.svg")
    try:
        out.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise ConfigInvalid((f"{out} cannot be written: {error.strerror}",)) from error
    print(f"drawn to {out}")
    return 0


def _run(args: argparse.Namespace) -> int:
    config = load_config(args.config)
    found = load_cast(args.file, config)
    script = read_script(read_text(args.caller), found, str(args.caller)) if args.caller else None
    return play(found, config, script, args)


def _schema(args: argparse.Namespace) -> int:
    sys.stdout.buffer.write(cast_schema())
    return 0
