#!/bin/sh
# Makes a checkout ready to `run` or to `test`: python, system packages, virtualenv, packages, catalogues.
# A second run does nothing but look. Usage: config/setup.sh run|test|proof
set -eu
cd "${0%/*}/.."
purpose=${1:-run}

say() { echo "chaudiere: $*" >&2; }

# A pyenv shim may exist for a python that does not: only running it tells.
good_python() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    if [ -n "${CHAUDIERE_PYTHON:-}" ]; then
        good_python "$CHAUDIERE_PYTHON" && python=$CHAUDIERE_PYTHON && return
        say "CHAUDIERE_PYTHON is '$CHAUDIERE_PYTHON'; it accepts a python of 3.11 or newer"
        exit 1
    fi
    for python in python3.13 python3.12 python3.11 python3; do
        good_python "$python" && return
    done
    python=
}

missing_packages() {
    [ -n "$python" ] || echo python3
    if [ ! -x .venv/bin/python ]; then
        [ -n "$python" ] && "$python" -c 'import venv, ensurepip' 2>/dev/null || echo python3-venv
    fi
    [ "$purpose" != run ] || return 0
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || echo chromium
    command -v crontab >/dev/null || echo cron
    command -v Xvfb >/dev/null || echo xvfb
    [ -x /usr/sbin/mosquitto ] || command -v mosquitto >/dev/null || echo mosquitto
    [ "$purpose" = proof ] || return 0
    [ -x /usr/sbin/debootstrap ] || echo debootstrap
    command -v cc >/dev/null || echo gcc libc6-dev
    [ -x /usr/sbin/nginx ] || echo nginx-light
}

# Root installs them; so does who may use sudo without a password; else they are named and nothing is begun.
install_packages() {
    packages=$(missing_packages | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root='sudo -n'
        $as_root true 2>/dev/null || as_root=no
    fi
    if [ "$as_root" = no ] || ! command -v apt-get >/dev/null; then
        say "this machine lacks: $packages"
        say "install it, then start again: sudo apt-get install $packages"
        exit 1
    fi
    say "installing $packages"
    # Words must split: several packages, and sudo with its option.
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages
}

make_virtualenv() {
    # One whose making was cut short has no pip.
    if good_python .venv/bin/python; then
        [ -f .venv/.installed-product ] || .venv/bin/python -m pip --version >/dev/null 2>&1 && return
    fi
    say "making .venv with $($python --version)"
    "$python" -m venv --clear .venv
}

# install_once NAME FILES... -- PIP ARGUMENTS: again whenever one of the files has changed.
install_once() {
    stamp=.venv/.installed-$1
    shift
    files=
    while [ "$1" != -- ]; do
        files="$files $1"
        shift
    done
    shift
    # shellcheck disable=SC2086
    sums=$(cksum $files)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sums" ] && return
    say "installing the packages of$files"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
    printf '%s\n' "$sums" >"$stamp"
}

install_python_packages() {
    install_once product requirements.txt -- -r requirements.txt
    install_once assets config/requirements-assets.txt -- --no-deps --require-hashes -r config/requirements-assets.txt
    [ "$purpose" != run ] || return 0
    install_once tests requirements.txt requirements-dev.txt -- -r requirements-dev.txt
}

compile_catalogues() {
    for source in flask_app/translations/*/LC_MESSAGES/*.po; do
        compiled=${source%.po}.mo
        [ -f "$source" ] || continue
        [ -f "$compiled" ] && [ ! "$source" -nt "$compiled" ] && continue
        .venv/bin/python -m babel.messages.frontend --quiet compile -i "$source" -o "$compiled"
    done
}

case $purpose in
    run | test | proof) ;;
    *)
        say "usage: config/setup.sh run|test|proof"
        exit 64
        ;;
esac
find_python
install_packages
[ -n "$python" ] || find_python
if [ -z "$python" ]; then
    say "this machine has no python of 3.11 or newer; install one and name it: CHAUDIERE_PYTHON=/usr/local/bin/python3.12"
    exit 1
fi
make_virtualenv
install_python_packages
compile_catalogues
