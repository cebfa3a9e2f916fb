#!/bin/sh
# Installs the Debian packages that the tests need and the machine lacks: BIND and its tools, or the packages named.
set -eu
wanted=${*:-}
if [ -z "$wanted" ]; then
    command -v named >/dev/null 2>&1 || [ -x /usr/sbin/named ] || wanted="bind9"
    command -v nsupdate >/dev/null 2>&1 && command -v dig >/dev/null 2>&1 || wanted="$wanted bind9-dnsutils"
    command -v rndc-confgen >/dev/null 2>&1 || [ -x /usr/sbin/rndc-confgen ] || wanted="$wanted bind9-utils"
fi
[ -n "$wanted" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "not a Debian system: install$wanted yourself; the tests that need it say so and skip" >&2
    exit 0
fi
run=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "not root: ask for$wanted to be installed; the tests that need it skip" >&2; exit 0; }
    run="sudo"
fi
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq
# shellcheck disable=SC2086
$run apt-get install -y -qq --no-install-recommends $wanted >/dev/null
