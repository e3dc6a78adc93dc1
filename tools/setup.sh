#!/bin/sh
# Usage: setup.sh PYTHON REQUIREMENTS [OPTION OF PIP]...
# Makes .venv if it is not there and installs the locked requirements and the project itself.
set -eu
python=$1
requirements=$2
shift 2

[ -x .venv/bin/python ] || "$python" -m venv .venv
echo "Installing from $requirements ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements" "$@"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
