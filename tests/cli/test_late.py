"""Only what is meant is loaded, and every command and bench can be asked for its arguments."""

import subprocess
import sys

import pytest

from antiphon.cli import _COMMANDS, main
from antiphon.cli.bench import _BENCHES

ASK = """
import sys
from antiphon.cli import main
main(["models", "list"])
print(*sys.modules, file=sys.stderr)
"""


def test_a_command_loads_its_own_module_and_no_other() -> None:
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    loaded = set(asked.stderr.split())
    assert "antiphon.cli.models" in loaded
    assert not loaded & {"antiphon.cli.call", "antiphon.bench", "antiphon.server", "aiohttp", "scipy"}


@pytest.mark.parametrize("command", [[name] for name in _COMMANDS] + [["bench", name] for name in _BENCHES])
def test_every_command_tells_its_arguments(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert f"usage: antiphon {' '.join(command)} " in capsys.readouterr().out


def test_the_same_program_is_a_module() -> None:
    told = subprocess.run([sys.executable, "-m", "antiphon", "--version"], capture_output=True, check=True)
    assert told.stdout.startswith(b"antiphon ")
