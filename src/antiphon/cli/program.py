"""How this program was started, so that a command in an error can be typed as it stands."""

import re
import sys
from pathlib import Path
from shutil import which

_COMMANDS = "talk|call|serve|cast|replay|prompt|memory|eval|doctor|models|engines|check|bench"
_COMMAND = re.compile(rf"(?<![\w./\\-])antiphon (?=(?:{_COMMANDS})(?![\w.]))")
_PIP = re.compile(r"(?<![\w./\\-])pip install ")


def as_started(text: str) -> str:
    """`text` with every `antiphon COMMAND` and `pip install` in it written so that it runs this same program.

    Out of an environment that is not activated that is `.venv/bin/antiphon`, or what was typed; with the
    program on the path, the text as it is.
    """
    return _PIP.sub(lambda _: f"{_pip()} install ", _COMMAND.sub(lambda _: f"{_program()} ", text))


def _program() -> str:
    started = Path(sys.argv[0])
    if started.parts[-2:] == ("antiphon", "__main__.py"):
        return f"{_python()} -m antiphon"
    if started.name != "antiphon":  # something else that calls `main`, such as a test
        return "antiphon"
    return _short(started, "antiphon")


def _pip() -> str:
    beside = Path(sys.executable).parent / "pip"
    return _short(beside, "pip") if beside.exists() else f"{_python()} -m pip"


def _python() -> str:
    return _short(Path(sys.executable), Path(sys.executable).name)


def _short(path: Path, name: str) -> str:
    """`name` where the shell finds the same file under it; otherwise `path`, relative to here if below."""
    found = which(name)
    if found is not None and Path(found).absolute() == path.absolute():
        return name
    here = Path.cwd()
    return str(path.absolute().relative_to(here) if path.absolute().is_relative_to(here) else path)
