#!/bin/sh
# Usage: lock.sh PYTHON
# Resolves pyproject.toml into hashed requirements files that name no address. What only some machines can have
# keeps its marker: `xllamacpp` does the work of the rest.
set -eu
python=$1
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
"$python" -m venv "$tool/venv"
"$tool/venv/bin/pip" install --quiet uv
for target in requirements.txt requirements-dev.txt requirements-bench.txt; do
    case $target in
        requirements.txt) extras="--extra build --extra talk" ;;
        requirements-dev.txt) extras="--extra build --extra talk --extra dev" ;;
        requirements-bench.txt) extras="--extra build --extra bench" ;;
    esac
    # shellcheck disable=SC2086 # a list of words, to be split
    "$tool/venv/bin/uv" pip compile pyproject.toml $extras --quiet --generate-hashes --python-version 3.11 \
        --no-strip-markers --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade --output-file "$target"
done
