#!/bin/sh
# Usage: system.sh PYTHON
# Sees to what the system itself has to have; as root on Debian, installs it.
set -eu
python=$1

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Antiphon needs Python 3.11 or newer, and '$python' is not. Name one: make PYTHON=python3.11" >&2
    exit 1
fi

# Two things that a small Debian leaves out: venv, which it splits off its Python, and the OpenMP run time that
# llama.cpp is linked to.
missing=
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
"$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || missing="$missing libgomp1"
if [ -n "$missing" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        echo "Installing$missing ..."
        # shellcheck disable=SC2086 # a list of words, to be split
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing; } >/dev/null
    else
        echo "This system lacks$missing. Mend it with: sudo apt-get install$missing" >&2
        exit 1
    fi
fi
