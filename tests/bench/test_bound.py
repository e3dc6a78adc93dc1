"""A bound process goes with its parent, however that ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

PARENT = """
import subprocess, sys, os
command = [sys.executable, "-S", "-c", "import time; print('up', flush=True); time.sleep(60)"]
child = subprocess.Popen([sys.executable, "-m", "antiphon.bench.bound", str(os.getpid()), *command])
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_killed_parent_leaves_nothing_behind() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "up\n"
        assert Path(f"/proc/{child}").exists()
        os.kill(parent.pid, signal.SIGKILL)
        until = monotonic() + 10
        while _runs(child) and monotonic() < until:
            sleep(0.01)
        assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
