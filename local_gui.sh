#!/bin/sh
# The screen beside the boiler: waits for a screen and for the page, shows it full screen, and starts the browser
# again whenever it dies. Started by cron at boot, or by the desktop itself (~/.config/labwc/autostart, wayfire.ini,
# ~/.config/lxsession/LXDE-pi/autostart); a second start ends at once.
set -eu
site=http://127.0.0.1:${CHAUDIERE_PORT:-5007}

# Cron starts this as root at boot, knowing neither the desktop's user nor whether there is one: the first user whose
# session has a Wayland socket, or the first session of a person while X11 has one, is who the browser runs as.
find_person() {
    for folder in /run/user/[1-9]*; do
        [ "${folder##*/}" -ge 1000 ] || continue
        person=$(stat -c %U "$folder") || continue
        for socket in "$folder"/wayland-? /tmp/.X11-unix/X*; do
            [ -S "$socket" ] && return 0
        done
    done
    return 1
}

# A machine without a screen is not at fault: after five minutes there is nothing to do.
wait_for() {
    tries=0
    until "$1"; do
        tries=$((tries + 1))
        if [ "$tries" -ge 150 ]; then
            echo "local_gui.sh: no screen for user $(id -un)" >&2
            exit 0
        fi
        sleep 2
    done
}

# The socket's number differs between compositors, and cron gives no variable of the session.
find_screen() {
    : "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
    export XDG_RUNTIME_DIR
    for socket in "$XDG_RUNTIME_DIR"/wayland-?; do
        [ -S "$socket" ] || continue
        export WAYLAND_DISPLAY="${socket##*/}"
        platform=wayland
        return 0
    done
    for socket in "${X11_SOCKETS:-/tmp/.X11-unix}"/X*; do
        [ -S "$socket" ] || continue
        unset WAYLAND_DISPLAY
        export DISPLAY=":${socket##*/X}"
        platform=x11
        return 0
    done
    return 1
}

# The kiosk page, or the first page of an installation that has none. Sets `page`.
find_page() {
    for page in "$site/kiosk" "$site/"; do
        python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' "$page" 2>/dev/null &&
            return 0
    done
    return 1
}

# After a power cut Chromium offers to restore its pages over ours, unless it believes that it ended well.
forget_crash() {
    preferences=$profile/Default/Preferences
    [ -f "$preferences" ] || return 0
    sed -i 's/"exit_type":"[^"]*"/"exit_type":"Normal"/; s/"exited_cleanly":false/"exited_cleanly":true/' "$preferences"
}

if [ "$(id -u)" = 0 ] && [ -z "${XDG_RUNTIME_DIR:-}" ]; then
    wait_for find_person
    exec runuser -u "$person" -- env -u XDG_RUNTIME_DIR HOME="$(getent passwd "$person" | cut -d: -f6)" "$0"
fi

browser=$(command -v chromium || command -v chromium-browser) || {
    echo "local_gui.sh: chromium is missing; run: sudo apt-get install chromium" >&2
    exit 1
}
wait_for find_screen
profile=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/chaudiere-kiosk
mkdir -p "$profile"
# Two screens of one profile would open each other's windows.
exec 9>"$profile/lock"
flock -n 9 || exit 0
until find_page; do sleep 2; done
while true; do
    forget_crash
    # Words must split: several flags.
    # shellcheck disable=SC2086
    "$browser" --kiosk --app="$page" --user-data-dir="$profile" --ozone-platform="$platform" --start-maximized \
        --noerrdialogs --disable-infobars --disable-session-crashed-bubble --no-first-run --password-store=basic \
        ${KIOSK_FLAGS:-} 9>&- || true
    # The desktop may have been restarted: its socket may have another name.
    sleep 2
    wait_for find_screen
done
