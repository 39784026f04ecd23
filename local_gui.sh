#!/bin/sh
# The screen beside the boiler: waits for a screen and for the page, shows it full screen, and starts the browser
# again whenever it dies. Started by cron at boot, or better by the desktop itself (~/.config/labwc/autostart).
set -eu
site=http://127.0.0.1:${CHAUDIERE_PORT:-5007}
profile=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/chaudiere-kiosk

# Cron gives none of these. The socket's number differs between compositors.
find_screen() {
    : "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
    export XDG_RUNTIME_DIR
    for socket in "$XDG_RUNTIME_DIR"/wayland-?; do
        [ -S "$socket" ] || continue
        export WAYLAND_DISPLAY="${socket##*/}"
        platform=wayland
        return 0
    done
    for socket in /tmp/.X11-unix/X*; do
        [ -S "$socket" ] || continue
        export DISPLAY=":${socket##*/X}"
        platform=x11
        return 0
    done
    return 1
}

# A machine without a screen is not at fault: after five minutes there is nothing to do.
wait_for_screen() {
    tries=0
    until find_screen; do
        tries=$((tries + 1))
        if [ "$tries" -ge 150 ]; then
            echo "local_gui.sh: no screen for user $(id -un)" >&2
            exit 0
        fi
        sleep 2
    done
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

browser=$(command -v chromium || command -v chromium-browser) || {
    echo "local_gui.sh: chromium is missing; run: sudo apt-get install chromium" >&2
    exit 1
}
wait_for_screen
mkdir -p "$profile"
until find_page; do sleep 2; done
while true; do
    forget_crash
    "$browser" --kiosk --app="$page" --user-data-dir="$profile" --ozone-platform="$platform" --start-maximized \
        --noerrdialogs --disable-infobars --disable-session-crashed-bubble --no-first-run --password-store=basic || true
    # The desktop may have been restarted: its socket may have another name.
    sleep 2
    wait_for_screen
done
