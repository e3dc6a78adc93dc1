"""Run a command that ends when whoever started it does, even by `kill -9`, as a server under test should.

    python -m antiphon.bench.bound PARENT COMMAND ...

A process that is killed ends nothing it has started, and a server with a language model keeps two gigabytes.
Linux ends a child on request when its parent is gone; elsewhere the command is just run.
"""

import ctypes
import os
import signal
import sys

_END_WITH_PARENT = 1
"""Linux's PR_SET_PDEATHSIG; it outlives the change to another program."""


def main(arguments: list[str]) -> None:
    """Bind this process to its parent, and become the command."""
    parent, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != int(parent):  # it was gone before anybody asked
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - an argument list of our own, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
