#!/bin/sh
# Puts Chaudiere on a machine for good, or brings an installation up to date; run as root, any number of times.
#   config/install.sh [--dry-run] [--yes] [--no-nginx]
#   config/install.sh --uninstall [--purge --yes] [--dry-run]
# --dry-run     says every step and changes nothing; needs no root
# --yes         answers yes: to the lines for config.txt, to --purge
# --no-nginx    the pages answer on this machine only, http://127.0.0.1:5007 (or CHAUDIERE_PORT)
# --uninstall   takes programs, services and code away; the data, the settings and the user stay
# --purge       ... and these too
#
# An update is made ready beside what runs, which goes on watching; the programs stand still for the few seconds in which
# folders change places and the database is brought up to date. What fails before leaves all as it was; what fails in
# these seconds is put back; what is killed in them is mended by the next run, and by the next boot.
set -eu
cd "${0%/*}/.."
source=$PWD
code=/opt/chaudiere
new=$code.new
state=/var/lib/chaudiere
runtime=/run/chaudiere
secrets=/etc/chaudiere/secret.env
user=chaudiere
unit=/etc/systemd/system/chaudiere.service
cron=/etc/cron.d/chaudiere_cron_prod
site=/etc/nginx/sites-available/chaudiere
dry='' yes='' purge='' nginx=yes action=install
reboot='' standing='' moved=''
megabytes=700 # the virtualenv twice (an update is made beside it), the packages, and room to work

say() { echo "chaudiere: $*"; }

fail() {
    echo "chaudiere: $*" >&2
    exit 1
}

# step WORDS COMMAND...: says what is done, and does it unless this is a rehearsal.
step() {
    say "${dry:+would }$1"
    shift
    [ -n "$dry" ] || "$@"
}

usage() { sed -n '2,9s/^# \{0,1\}//p' "$source/config/install.sh"; }

read_options() {
    for option; do
        case $option in
            --dry-run) dry=yes ;;
            --yes) yes=yes ;;
            --no-nginx) nginx= ;;
            --uninstall) action=uninstall ;;
            --purge) purge=yes ;;
            -h | --help) usage && exit 0 ;;
            *) usage >&2 && fail "'$option' is no option" ;;
        esac
    done
    [ -z "$purge" ] || [ "$action" = uninstall ] || fail "--purge goes with --uninstall"
    [ -z "$purge" ] || [ -n "$yes" ] || fail "--purge deletes every measurement: confirm it with --yes"
}

check_root() {
    [ -n "$dry" ] || [ "$(id -u)" -eq 0 ] || fail "only root may install; run: sudo make $action (or add --dry-run)"
}

check_machine() {
    command -v dpkg >/dev/null || fail "this is no Debian or Raspberry Pi OS: config/prod/ holds what to install by hand"
    case $(dpkg --print-architecture) in
        armhf | armel)
            say "this system is of 32 bits: some packages are not built for it by their makers. Raspberry Pi OS takes them"
            say "from its own index (piwheels); elsewhere install gcc, python3-dev and libffi-dev first. 64 bits is easier."
            ;;
    esac
    check_python
    check_port
    check_room
    [ "$source" != "$code" ] || [ ! -e "$code/.git" ] ||
        fail "$code is where the programs go, and each update replaces it: move this checkout elsewhere and start again"
}

# Of a program that may not be seen (no root, no ss) nothing is said: nginx will tell.
check_port() {
    [ -n "$nginx" ] && command -v ss >/dev/null || return 0
    holder=$(ss -Hltnp 'sport = :80' | sed -n 's/.*users:(("\([^"]*\)".*/\1/p' | grep -vx nginx | head -n 1)
    [ -z "$holder" ] || fail "port 80 is taken by the program '$holder' (\`sudo ss -ltnp\` shows it):" \
        "stop that program, or install with INSTALL_ARGS=--no-nginx: the pages then answer on this machine only"
}

# One that is not there yet is installed.
check_python() {
    python=${CHAUDIERE_PYTHON:-python3}
    command -v "$python" >/dev/null || return 0
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old: 3.11 or newer comes with Raspberry Pi OS or Debian 12 (bookworm)"
    program=$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
    case $program in
        /home/* | /root/*) fail "$program is a user's own, which the service may not see (ProtectHome): use the system's" ;;
    esac
}

check_room() {
    folder=${code%/*}
    free=$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$megabytes" ] || fail "$folder has $free MB free and $megabytes are needed: make room first"
}

# Two at once would spoil each other's work.
take_turn() {
    [ -z "$dry" ] || return 0
    exec 8>/run/chaudiere-install.lock
    flock -n 8 && return
    say "another installation runs, or one that was killed is still ending: waiting for it"
    flock -w 600 8 || fail "it has not ended in ten minutes: nothing was changed"
}

# i2c-tools makes the group of the clamps' bus, avahi-daemon answers to NAME.local: Raspberry Pi OS has both, Debian not.
missing_packages() {
    for package in python3 python3-venv cron logrotate i2c-tools ${nginx:+nginx avahi-daemon}; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

apt_install() {
    apt-get -qq update || :
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null ||
        fail "$* could not be installed (apt's words are above): is there a network? Nothing else was changed."
}

install_packages() {
    packages=$(missing_packages | tr '\n' ' ')
    # Words must split: several packages.
    # shellcheck disable=SC2086
    [ -z "$packages" ] || step "install what the system lacks: $packages" apt_install $packages
}

make_user() {
    getent passwd "$user" >/dev/null ||
        step "make the user $user, who may nothing but measure" \
            useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$user"
    for group in i2c gpio; do
        if ! getent group "$group" >/dev/null; then
            [ -n "$dry" ] || [ "$group" != i2c ] || say "this system has no group i2c: $user may not read the clamps"
            continue
        fi
        id -nG "$user" 2>/dev/null | tr ' ' '\n' | grep -qx "$group" ||
            step "let $user use the bus of the group $group" usermod -a -G "$group" "$user"
    done
}

make_folders() {
    step "make $state and /etc/chaudiere" install -d -o "$user" -g "$user" -m 750 "$state" "$state/logs"
    [ -n "$dry" ] || install -d -o root -g "$user" -m 750 "${secrets%/*}"
}

has_systemd() { [ -d /run/systemd/system ]; }

# What git tracks; of a copy without git, all but what runs made.
copy_tracked() {
    if git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
        git -c safe.directory='*' ls-files -z | tar --create --null --files-from - --file -
    else
        tar --create --exclude ./.venv --exclude ./var --exclude __pycache__ --exclude secret.env --file - .
    fi | tar --extract --no-same-owner --directory "$1"
}

prepare_code() {
    rm -rf "$new"
    install -d -m 755 "$new"
    copy_tracked "$new"
    chmod -R u=rwX,go=rX "$new"
    ln -sfn "$secrets" "$new/config/prod/secret.env"
    [ ! -d "$code/.venv" ] || take_packages_over
}

# What is installed already need not be fetched again: an update without new packages needs no network.
take_packages_over() {
    cp -a "$code/.venv" "$new/.venv"
    (cd "$new" && .venv/bin/python -m config.packages) && return
    say "what is installed is damaged, or another python's: all packages are fetched anew"
    rm -rf "$new/.venv"
}

prepare_packages() {
    (
        cd "$new"
        umask 022
        CHAUDIERE_PYTHON=$python config/setup.sh run || exit
        # The virtualenv's scripts name the place they live in.
        grep -rlI "$new/" .venv/bin | xargs -r sed -i "s|$new/|$code/|g"
        # Cron starts python each minute, as who may not keep what it compiled.
        .venv/bin/python -m compileall -q -j 0 flask_app sensor config manager.py wsgi_gunicorn.py
    ) || fail "the packages could not be installed (words above): is there a network? What was installed goes on as before."
}

prepare() {
    step "put the programs into $new" prepare_code
    step "make their virtualenv and install the packages (some minutes the first time)" prepare_packages
    # A power cut soon after would leave files that are empty; here nobody waits for a slow card.
    step "let the card keep all that" sync
}

write_secrets() {
    name=$(hostname)
    address=http://$name.local
    [ -n "$nginx" ] || address=http://localhost:5007
    # The loop commits every 20 s: that spares the card (the comment in the file says how much).
    sed -e "s|^#CHAUDIERE_URL=.*|CHAUDIERE_URL=$address|" \
        -e 's|^#CHAUDIERE_COMMIT_SECONDS=.*|CHAUDIERE_COMMIT_SECONDS=20|' \
        -e "s|^#CHAUDIERE_PROXIES=.*|CHAUDIERE_PROXIES=$([ -n "$nginx" ] && echo 1 || echo 0)|" \
        "$source/config/prod/secret.env.template" >"$secrets.new"
    chown "$user:$user" "$secrets.new"
    chmod 600 "$secrets.new"
    mv "$secrets.new" "$secrets"
}

install_secrets() {
    [ -e "$secrets" ] || step "write $secrets, readable by $user alone" write_secrets
}

# The port of the settings. They are read and not run: who may write them is not root.
port() {
    found=$(sed -n "s/^CHAUDIERE_PORT=[\"']\{0,1\}\([0-9]\{1,5\}\).*/\1/p" "$secrets" 2>/dev/null | tail -n 1)
    echo "${found:-5007}"
}

# with_port PORT FILE: what nginx and the screen beside the boiler are told.
with_port() { sed -e "s|\(127\.0\.0\.1:\)[0-9]*|\1$1|" -e "s|\( CHAUDIERE_PORT=\)[0-9]*|\1$1|" "$2"; }

write_file() { with_port "$(port)" "$source/config/prod/$1" | install -D -o root -g root -m 644 /dev/stdin "$2"; }

is_placed() { with_port "$(port)" "$source/config/prod/$1" | cmp -s - "$2" 2>/dev/null; }

# place FROM TO: a file of root's that all may read, where it is not yet so.
place() { is_placed "$@" || step "write $2" write_file "$@"; }

# What /boot's config.txt must say; printed are the lines that are not there.
missing_boot_lines() {
    grep -Eq '^dtoverlay=w1-gpio' "$1" || echo dtoverlay=w1-gpio
    grep -Eq '^dtparam=(.*,)?i2c_arm=on' "$1" || echo dtparam=i2c_arm=on
    grep -Eq '^dtparam=(.*,)?i2c_arm_baudrate=' "$1" || echo dtparam=i2c_arm_baudrate=400000
}

confirmed() {
    [ -z "$yes" ] || return 0
    [ -t 0 ] || return 1
    printf 'chaudiere: %s [y/N] ' "$1"
    read -r answer
    case $answer in [yYoO]*) return 0 ;; *) return 1 ;; esac
}

write_boot_lines() {
    [ -e "$1.before-chaudiere" ] || cp -p "$1" "$1.before-chaudiere"
    printf '\n[all]\n# Chaudiere: DS18B20 on GPIO 4, ADS1115 on I2C.\n%s\n' "$2" >>"$1"
}

install_boot_lines() {
    for file in /boot/firmware/config.txt /boot/config.txt ''; do
        [ -z "$file" ] || [ -f "$file" ] && break
    done
    if [ -z "$file" ]; then
        say "no config.txt here: this is no Raspberry Pi, or its buses are configured elsewhere"
        return
    fi
    lines=$(missing_boot_lines "$file")
    [ -n "$lines" ] || return 0
    say "$file lacks these lines, which switch the buses of the probes and clamps on:"
    printf '%s\n' "$lines" | sed 's/^/    /'
    if [ -n "$dry" ] || confirmed "add them (the old file is kept beside it)?"; then
        step "add them to $file" write_boot_lines "$file" "$lines"
        reboot=yes
    else
        say "not added: add them by hand and reboot, or start again with --yes"
    fi
}

install_system_files() {
    place modules.conf /etc/modules-load.d/chaudiere.conf
    place tmpfiles.conf /etc/tmpfiles.d/chaudiere.conf
    [ -n "$dry" ] || install -d -o "$user" -g "$user" -m 750 "$runtime"
    place udev.rules /etc/udev/rules.d/90-chaudiere.rules
    place logrotate /etc/logrotate.d/chaudiere
    [ -z "$nginx" ] || install_site
}

# Not the owner's own, such as one to which certbot has added TLS; what we wrote last is with the programs that run.
place_site() {
    if [ ! -e "$site" ] || with_port 5007 "$site" | cmp -s - "$code/config/prod/nginx.conf" 2>/dev/null; then
        place nginx.conf "$site"
    elif ! is_placed nginx.conf "$site"; then
        say "$site is left as you changed it; ours is $code/config/prod/nginx.conf"
        grep -q "127.0.0.1:$(port)" "$site" || say "... and the pages answer on 127.0.0.1:$(port), which it does not name"
    fi
}

install_site() {
    place_site
    [ -e /etc/nginx/sites-enabled/chaudiere ] ||
        step "serve the pages on port 80" ln -s "$site" /etc/nginx/sites-enabled/chaudiere
    default=/etc/nginx/sites-enabled/default
    [ ! -L "$default" ] || step "take nginx's empty default page away" rm "$default"
    step "let nginx read its files again" reload_site
}

reload_site() {
    if ! nginx -t -q; then
        rm -f /etc/nginx/sites-enabled/chaudiere
        fail "nginx refuses its files (above): mend them, or install with --no-nginx"
    fi
    ! has_systemd || systemctl reload-or-restart nginx ||
        fail "nginx does not start; \`journalctl -u nginx\` says why. Mend that, or install with --no-nginx"
}

# job FOLDER WORDS...: config/job of the programs in FOLDER, as who it runs as.
job() {
    folder=$1
    shift
    runuser -u "$user" -- env HOME="$state" CHAUDIERE_HOME="$state" CHAUDIERE_RUNTIME="$runtime" "$folder/config/job" "$@"
}

# Cron's jobs hold this lock too (config/job): those that run are waited for, those that come meanwhile leave their minute
# to the next. The kernel frees it whatever ends this script.
stand_still() {
    exec 9>>"$runtime/update.lock"
    chmod 644 "$runtime/update.lock" # whatever root's umask: cron's jobs must see it
    flock -w 120 9 || fail "one of cron's jobs has been running for two minutes: nothing was changed; start again later"
    standing=yes
    ! has_systemd || [ ! -e "$unit" ] || systemctl stop chaudiere.service
}

# Whatever ends this script, the house is watched again.
go_on() {
    [ -n "$standing" ] || return 0
    trap '' HUP INT TERM
    standing=
    if [ -n "$moved" ]; then
        exchange
        rm -rf "$new"
        echo "chaudiere: given up (words above); what was installed before is back in its place" >&2
    fi
    ! has_systemd || [ ! -e "$unit" ] || systemctl start chaudiere.service || :
}

# The two folders by each other's name, in one step of the kernel (renameat2): at no moment are there no programs.
exchange() {
    "$python" -c 'import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
here, at_once = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
if libc.renameat2(here, os.fsencode(sys.argv[1]), here, os.fsencode(sys.argv[2]), at_once):
    sys.exit(os.strerror(ctypes.get_errno()))' "$new" "$code"
}

# From here to the new schema no signal is heeded: it would part the programs from their database.
change_places() {
    trap '' HUP INT TERM
    if [ -d "$code" ]; then
        exchange
        moved=yes
    else
        mv "$new" "$code"
    fi
    sync
}

# Tables in the database, asked as who owns it: root would leave files beside it that are root's. Empty: not readable.
tables() {
    runuser -u "$user" -- "$python" -I -c 'import sqlite3, sys
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print(database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0])' "$state/chaudiere.db"
}

# By the programs that made it: the new ones would refuse an old schema. One whose making was cut short holds nothing.
back_up() {
    [ "$(tables)" != 0 ] || return 0
    if [ -x "$code/.venv/bin/python" ]; then job "$code" manager database backup; else job "$new" manager database backup; fi
}

# The former programs refuse the new schema: from here on there is no way back.
migrate() {
    job "$code" manager database upgrade
    moved=
    trap 'exit 130' HUP INT TERM
    rm -rf "$new"
}

replace_programs() {
    step "hold cron's jobs and stop the service, for some seconds" stand_still
    [ ! -e "$state/chaudiere.db" ] || step "copy the database before it is changed" back_up
    step "put the programs into the place $code" change_places
    step "bring the database up to date" migrate
    place chaudiere.service "$unit"
    place chaudiere_cron_prod "$cron"
    step "see that cron will accept its file" check_cron
    step "start the service, now and at each boot" start_service
    [ -n "$dry" ] || sync
    ! has_systemd || step "see the loop and the pages live" see_it_live
}

check_cron() { (cd "$code" && .venv/bin/python -m config.cron_runner --check --system "$cron"); }

start_service() {
    standing=
    exec 9>&-
    if has_systemd; then
        udevadm control --reload 2>/dev/null && udevadm trigger --action=add --subsystem-match=w1 || :
        systemctl daemon-reload
        systemctl enable --quiet chaudiere.service
        systemctl restart chaudiere.service
    else
        say "systemd is not running here; the unit starts: $(sed -n 's/^ExecStart=//p' "$unit")"
        ! command -v systemctl >/dev/null || systemctl enable --quiet chaudiere.service
    fi
}

# Of the two that matter, those that have not been running for ten seconds: what dies of its first import runs for two.
not_living() {
    "$code/.venv/bin/supervisorctl" -c "$code/config/prod/supervisor_prod.conf" status sensor gunicorn 2>&1 |
        sed '/RUNNING/{/ uptime 0:00:0.$/!d}'
}

see_it_live() {
    for _ in $(seq 30); do
        words=$(not_living)
        [ -n "$words" ] || return 0
        sleep 1
    done
    fail "installed, but not all lives: $words" \
        "Look at \`journalctl -u chaudiere\` and at the files in $state/logs, then start again"
}

tell_how_to_go_on() {
    [ -n "$dry" ] && say "nothing was changed" && return
    say "installed. Settings: $secrets and the pages; data: $state"
    say "The pages: $(sed -n 's/^CHAUDIERE_URL=//p' "$secrets")"
    job "$code" manager users code || :
    say "Then name the probes and clamps: sudo $code/config/as-installed sensors setup"
    [ -z "$reboot" ] || say "Reboot now: the buses of the probes and clamps are switched on at boot."
}

install_all() {
    check_machine
    take_turn
    install_packages
    make_user
    make_folders
    prepare
    install_secrets
    install_boot_lines
    install_system_files
    replace_programs
    tell_how_to_go_on
}

stop_service() {
    systemctl disable --quiet --now chaudiere.service
    rm -f "$unit"
    systemctl daemon-reload
}

uninstall() {
    [ ! -e "$cron" ] || step "take cron's jobs away" rm -f "$cron"
    if [ -e "$unit" ]; then
        if has_systemd; then step "stop the service" stop_service; else step "remove the service" rm -f "$unit"; fi
    fi
    if [ -e /etc/nginx/sites-enabled/chaudiere ]; then
        step "take the site away" rm -f /etc/nginx/sites-enabled/chaudiere "$site"
        [ -n "$dry" ] || ! has_systemd || systemctl reload nginx || :
    fi
    step "remove the small files and the programs" rm -rf /etc/tmpfiles.d/chaudiere.conf \
        /etc/udev/rules.d/90-chaudiere.rules /etc/logrotate.d/chaudiere /etc/modules-load.d/chaudiere.conf "$runtime" \
        "$code" "$new"
    if [ -n "$purge" ]; then
        step "delete every measurement and setting, and the user" rm -rf "$state" "${secrets%/*}"
        [ -n "$dry" ] || ! getent passwd "$user" >/dev/null || userdel "$user"
    else
        say "kept: $state (measurements), $secrets (settings), the user $user, the lines of config.txt"
    fi
}

read_options "$@"
check_root
trap go_on EXIT
trap 'exit 130' HUP INT TERM
if [ "$action" = install ]; then install_all; else uninstall; fi
