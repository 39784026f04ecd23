#!/bin/sh
# Puts Chaudiere on a machine for good, or brings an installation up to date; run as root, any number of times.
#   config/install.sh [--dry-run] [--yes] [--no-nginx]
#   config/install.sh --uninstall [--purge --yes] [--dry-run]
# --dry-run     says every step and changes nothing; needs no root
# --yes         answers yes: to the lines for config.txt, to --purge
# --no-nginx    the pages answer on this machine only, http://127.0.0.1:5007
# --uninstall   takes programs, services and code away; the data, the settings and the user stay
# --purge       ... and these too
set -eu
cd "${0%/*}/.."
source=$PWD
code=/opt/chaudiere
state=/var/lib/chaudiere
runtime=/run/chaudiere
secrets=/etc/chaudiere/secret.env
user=chaudiere
unit=/etc/systemd/system/chaudiere.service
cron=/etc/cron.d/chaudiere_cron_prod
site=/etc/nginx/sites-available/chaudiere
dry='' yes='' purge='' nginx=yes action=install
reboot=''

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
            --dry-run) dry="(rehearsal) " ;;
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
}

missing_packages() {
    for package in python3 python3-venv cron logrotate ${nginx:+nginx}; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

apt_install() {
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

install_packages() {
    packages=$(missing_packages | tr '\n' ' ')
    # Words must split: several packages.
    # shellcheck disable=SC2086
    [ -z "$packages" ] || step "install $packages" apt_install $packages
}

make_user() {
    getent passwd "$user" >/dev/null ||
        step "make the user $user, who may nothing but measure" \
            useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$user"
    for group in i2c gpio; do
        getent group "$group" >/dev/null || continue
        id -nG "$user" 2>/dev/null | tr ' ' '\n' | grep -qx "$group" ||
            step "let $user use the bus of the group $group" usermod -a -G "$group" "$user"
    done
}

make_folders() {
    step "make $state and /etc/chaudiere" install -d -o "$user" -g "$user" -m 750 "$state" "$state/logs"
    [ -n "$dry" ] || install -d -o root -g "$user" -m 750 "${secrets%/*}"
}

# While programs are changed nothing may start one.
stop_programs() {
    [ ! -e "$cron" ] || step "hold cron's jobs" rm -f "$cron"
    [ ! -e "$unit" ] || ! has_systemd || step "stop the service" systemctl stop chaudiere.service
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

replace_code() {
    new=$code.new
    rm -rf "$new"
    install -d -m 755 "$new"
    copy_tracked "$new"
    chmod -R u=rwX,go=rX "$new"
    # The virtualenv's scripts name the place they live in: it moves with the name, never by itself.
    [ ! -d "$code/.venv" ] || mv "$code/.venv" "$new/.venv"
    rm -rf "$code"
    mv "$new" "$code"
}

install_code() {
    [ "$source" = "$code" ] || step "copy the programs to $code" replace_code
    step "make the virtualenv and install the packages (some minutes the first time)" setup
}

setup() {
    (
        cd "$code"
        umask 022
        config/setup.sh run
        # Cron starts python each minute, as who may not keep what it compiled.
        .venv/bin/python -m compileall -q -j 0 flask_app sensor config manager.py wsgi_gunicorn.py
    )
}

write_secrets() {
    name=$(hostname)
    address=http://$name.local
    [ -n "$nginx" ] || address=http://localhost:5007
    # The loop commits every 20 s: that spares the card (the comment in the file says how much).
    sed -e "s|^#CHAUDIERE_URL=.*|CHAUDIERE_URL=$address|" \
        -e 's|^#CHAUDIERE_COMMIT_SECONDS=.*|CHAUDIERE_COMMIT_SECONDS=20|' \
        -e "s|^#CHAUDIERE_PROXIES=.*|CHAUDIERE_PROXIES=$([ -n "$nginx" ] && echo 1 || echo 0)|" \
        "$code/config/prod/secret.env.template" >"$secrets.new"
    chown "$user:$user" "$secrets.new"
    chmod 600 "$secrets.new"
    mv "$secrets.new" "$secrets"
}

install_secrets() {
    [ -e "$secrets" ] || step "write $secrets, readable by $user alone" write_secrets
    [ "$(readlink "$code/config/prod/secret.env" 2>/dev/null)" = "$secrets" ] ||
        step "name it to the programs" ln -sfn "$secrets" "$code/config/prod/secret.env"
}

# place FROM TO: a file of root's that all may read, where it is not yet so.
place() {
    cmp -s "$code/config/prod/$1" "$2" 2>/dev/null || step "write $2" install -D -o root -g root -m 644 "$code/config/prod/$1" "$2"
}

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
    place chaudiere.service "$unit"
    [ -z "$nginx" ] || install_site
}

install_site() {
    place nginx.conf "$site"
    [ -e /etc/nginx/sites-enabled/chaudiere ] ||
        step "serve the pages on port 80" ln -s "$site" /etc/nginx/sites-enabled/chaudiere
    default=/etc/nginx/sites-enabled/default
    [ ! -L "$default" ] || step "take nginx's empty default page away" rm "$default"
    [ -n "$dry" ] && return
    nginx -t -q || fail "nginx refuses its files (above): mend them, or install with --no-nginx"
    ! has_systemd || systemctl reload-or-restart nginx
}

# config/job as who it runs as.
job() {
    runuser -u "$user" -- env HOME="$state" CHAUDIERE_HOME="$state" CHAUDIERE_RUNTIME="$runtime" "$code/config/job" "$@"
}

migrate() {
    if [ -e "$state/chaudiere.db" ]; then
        step "copy the database before it is changed" job manager database backup
    fi
    step "bring the database up to date" job manager database upgrade
}

start_programs() {
    place chaudiere_cron_prod "$cron"
    [ -n "$dry" ] || (cd "$code" && .venv/bin/python -m config.cron_runner --check --system "$cron")
    if has_systemd; then
        step "start the service, now and at each boot" start_service
    else
        say "systemd is not running here; the unit starts: $(sed -n 's/^ExecStart=//p' "$source/config/prod/chaudiere.service")"
    fi
}

start_service() {
    udevadm control --reload 2>/dev/null || :
    systemctl daemon-reload
    systemctl enable --quiet chaudiere.service
    systemctl restart chaudiere.service
}

tell_how_to_go_on() {
    [ -n "$dry" ] && say "nothing was changed" && return
    say "installed. Settings: $secrets and the pages; data: $state"
    say "The pages: $(sed -n 's/^CHAUDIERE_URL=//p' "$secrets")"
    job manager users code || :
    say "Then name the probes and clamps: sudo $code/config/as-installed sensors setup"
    [ -z "$reboot" ] || say "Reboot now: the buses of the probes and clamps are switched on at boot."
}

install_all() {
    check_machine
    install_packages
    make_user
    make_folders
    stop_programs
    install_code
    install_secrets
    install_boot_lines
    install_system_files
    migrate
    start_programs
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
        "$code" "$code.new"
    if [ -n "$purge" ]; then
        step "delete every measurement and setting, and the user" rm -rf "$state" "${secrets%/*}"
        [ -n "$dry" ] || ! getent passwd "$user" >/dev/null || userdel "$user"
    else
        say "kept: $state (measurements), $secrets (settings), the user $user, the lines of config.txt"
    fi
}

read_options "$@"
check_root
if [ "$action" = install ]; then install_all; else uninstall; fi
