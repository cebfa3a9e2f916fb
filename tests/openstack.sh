#!/bin/sh
# Installs a real Designate and a real Keystone for the tests, each in a virtual environment of its own beside the project.
# They pin a great deal, so they stay away from ours; the tests speak to them over HTTP only and skip where they are missing.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

install() {
    folder=$1
    shift
    if [ -f "$folder/installed" ] && [ "$(cat "$folder/installed")" = "$*" ]; then
        return 0
    fi
    echo "installing $* for the tests" >&2
    rm -rf "$folder"
    if "$python" -m venv "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" >"$folder/log" 2>&1; then
        echo "$*" >"$folder/installed"
    else
        [ ! -f "$folder/log" ] || tail -n 5 "$folder/log" >&2
        echo "$1 cannot be installed here; the tests that need it say so and skip" >&2
        rm -rf "$folder"
    fi
}

install .venv-designate designate==23.0.0 cheroot==11.1.2
install .venv-keystone keystone==30.0.0 cheroot==11.1.2
