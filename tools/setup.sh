#!/bin/sh
# Usage: setup.sh PYTHON REQUIREMENTS [OPTION OF PIP]...
# Makes .venv if it is not there and installs the locked requirements and the project itself.
set -eu
python=$1
requirements=$2
shift 2

# A locked list is whole, so that nothing is left to resolve, and two can unpack half of it each.
install_half() {
    half=.venv/half-$1.txt
    awk -v half="$1" '/^[^ #]/ { at++ } at % 2 == half' "$requirements" >"$half"
    shift
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$half" "$@"
}

[ -x .venv/bin/python ] || "$python" -m venv .venv
echo "Installing from $requirements ..."
install_half 0 "$@" &
other=$!
install_half 1 "$@" || { wait "$other"; exit 1; }
wait "$other"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
