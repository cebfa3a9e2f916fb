#!/bin/sh
# Installs the Debian packages that the tests need and the machine lacks: BIND and its tools, and Chromium for the status page,
# or the packages named. `gss` stands for a Kerberos KDC and what the Python package gssapi is built with; `promtool` for that one
# program of the package prometheus, taken out of it, as the package would start a server.
set -eu
wanted=${*:-}
browser=""
if [ "$wanted" = promtool ]; then
    place="${VENV:-.venv}/bin/promtool"
    if [ -x "$place" ] || command -v promtool >/dev/null 2>&1; then exit 0; fi
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    fetch() { (cd "$folder" && apt-get download -qq -o APT::Sandbox::User="$(id -un)" prometheus >/dev/null 2>&1); }
    if fetch || { apt-get update -qq >/dev/null 2>&1 && fetch; }; then
        dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -x -C "$folder" ./usr/bin/promtool
        mv "$folder/usr/bin/promtool" "$place"
    else
        echo "promtool could not be had from Debian: install it yourself, or the tests of the alerts skip" >&2
    fi
    exit 0
fi
if [ "$wanted" = gss ]; then
    wanted=""
    command -v krb5kdc >/dev/null 2>&1 || [ -x /usr/sbin/krb5kdc ] || wanted="krb5-kdc krb5-admin-server"
    command -v kinit >/dev/null 2>&1 || wanted="$wanted krb5-user"
    command -v krb5-config >/dev/null 2>&1 || wanted="$wanted libkrb5-dev"
    command -v gcc >/dev/null 2>&1 || wanted="$wanted gcc libc6-dev"
    headers=$("${PYTHON:-python3}" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    [ -f "$headers/Python.h" ] || wanted="$wanted python3-dev"
elif [ -z "$wanted" ]; then
    command -v named >/dev/null 2>&1 || [ -x /usr/sbin/named ] || wanted="bind9"
    command -v nsupdate >/dev/null 2>&1 && command -v dig >/dev/null 2>&1 || wanted="$wanted bind9-dnsutils"
    command -v rndc-confgen >/dev/null 2>&1 || [ -x /usr/sbin/rndc-confgen ] || wanted="$wanted bind9-utils"
    # Ubuntu has Chromium as a snap only, so there the status page is tested where a browser is installed already.
    if grep -qs '^ID=debian' /etc/os-release; then
        browser="chromium fonts-dejavu-core"
        for program in chromium chromium-browser google-chrome; do
            command -v "$program" >/dev/null 2>&1 && browser=""
        done
    fi
fi
[ -n "$wanted$browser" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "not a Debian system: install $wanted yourself; the tests that need it say so and skip" >&2
    exit 0
fi
run=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "not root: ask for $wanted $browser to be installed; the tests that need it skip" >&2; exit 0; }
    run="sudo"
fi
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq
# shellcheck disable=SC2086
[ -z "$wanted" ] || $run apt-get install -y -qq --no-install-recommends $wanted >/dev/null
# shellcheck disable=SC2086
[ -z "$browser" ] || $run apt-get install -y -qq --no-install-recommends $browser >/dev/null ||
    echo "$browser cannot be installed; the tests of the status page that need a browser skip" >&2
