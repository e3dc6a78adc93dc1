#!/bin/sh
# Finds the Chromium that the tests of the browser app need; as root on Debian, installs it.
set -eu
for name in "${ANTIPHON_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing chromium ..."
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null
    exit 0
fi
cat >&2 <<'EOF'
The tests of the browser app need a Chromium, and there is none. Either
    sudo apt-get install chromium
or name one you have:
    export ANTIPHON_CHROMIUM=/path/to/chrome
EOF
exit 1
