"""`make install`: its words and refusals, and, as a proof, a whole installation in a clean Debian."""

from __future__ import annotations

import email
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email import policy
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent
INSTALL = str(PROJECT / "config" / "install.sh")
TOOLS = ("sed", "df", "awk", "id", "dirname")
# Where a test's machine has what the script changes, below its folder.
PLACES = """
code={0}/opt/chaudiere new=$code.new state={0}/state runtime={0}/run secrets={0}/etc/chaudiere/secret.env
unit={0}/unit cron={0}/cron site={0}/site python={1}
"""
# A step of root's, as whoever runs the tests; the service manager writes down what it is asked.
AS_ROOT = {
    "id": "echo 0",
    "runuser": 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
    "install": 'while [ "$#" -gt 2 ]; do shift; done; exec cp "$@"',
    "systemctl": 'echo "$*" >>"${0%/*}/asked"',
}
# The programs as config/job starts them; the database upgrade is what the test says.
PYTHON = """#!/bin/sh
case "$*" in
    *"database upgrade"*) {upgrade} ;;
    *) echo "${{0%/.venv*}} $*" >>{machine}/ran ;;
esac
"""


def install(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", INSTALL, *words], capture_output=True, text=True, check=False, env={**os.environ, **environ}
    )


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The only folder of a PATH: a few of this machine's tools; a test puts others, or its own, in their place."""
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path


def tool(folder: Path, name: str, script: str) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine on which version 1 is installed and version 2 prepared, below a folder that is nobody's."""
    for folder in ("bin", "state", "run", "etc/chaudiere"):
        (tmp_path / folder).mkdir(parents=True)
    for name, script in AS_ROOT.items():
        tool(tmp_path / "bin", name, script)
    programs(tmp_path / "opt/chaudiere", "1")
    programs(tmp_path / "opt/chaudiere.new", "2")
    return tmp_path


def programs(folder: Path, version: str, upgrade: str = ":") -> None:
    (folder / ".venv/bin").mkdir(parents=True, exist_ok=True)
    (folder / "config").mkdir(exist_ok=True)
    shutil.copy(PROJECT / "config/job", folder / "config/job")
    (folder / "version").write_text(version)
    tool(folder / ".venv/bin", "python", PYTHON.format(upgrade=upgrade, machine=folder.parent.parent))


def steps(machine: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """These functions of config/install.sh, on `machine`, as its last line would call them."""
    functions, options, ending = Path(INSTALL).read_text().partition('read_options "$@"\n')
    begun = PLACES.format(machine, sys.executable) + options + ending.rpartition("if ")[0]
    return subprocess.run(
        ["/bin/sh", "-c", functions + begun + "\n".join(names), INSTALL],
        env={**os.environ, "PATH": f"{machine}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_option() -> None:
    said = install("--help").stdout

    for option in ("--dry-run", "--yes", "--no-nginx", "--uninstall", "--purge"):
        assert option in said
    assert said.endswith("... and these too\n")


def test_a_rehearsal_says_every_step_and_changes_nothing(tmp_path: Path) -> None:
    for name in ("python3", "ss"):  # whatever this machine's are
        tool(tmp_path, name, "exit 0")

    said = install("--dry-run", PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert said.returncode == 0, said.stderr
    for step in (
        "put the programs into /opt/chaudiere.new",
        "make their virtualenv",
        "hold cron's jobs and stop the service",
        "put the programs into the place /opt/chaudiere",
        "bring the database up to date",
        "start the service, now and at each boot",
    ):
        assert f"chaudiere: would {step}" in said.stdout
    assert said.stdout.endswith("nothing was changed\n")
    assert not Path("/opt/chaudiere.new").exists()


def test_without_root_the_remedy_is_named(tools: Path) -> None:
    tool(tools, "id", "echo 1000")

    answer = install(PATH=str(tools))

    assert answer.returncode == 1
    assert "only root may install; run: sudo make install" in answer.stderr


def test_a_system_that_is_no_debian_is_told_so(tools: Path) -> None:
    answer = install("--dry-run", PATH=str(tools))

    assert answer.returncode == 1
    assert "this is no Debian or Raspberry Pi OS" in answer.stderr


@pytest.mark.parametrize(
    ("name", "script", "reason"),
    [
        ("python3", '[ "$1" = -c ] && exit 1; echo Python 3.9.2', "Python 3.9.2 is too old: 3.11 or newer comes with"),
        ("df", "echo Filesystem; echo card 8000 7900 100 99% /", "/opt has 100 MB free and"),
    ],
)
def test_what_cannot_end_well_is_not_begun(tools: Path, name: str, script: str, reason: str) -> None:
    tool(tools, "dpkg", "echo arm64")
    tool(tools, name, script)

    answer = install("--dry-run", PATH=str(tools))

    assert answer.returncode == 1
    assert reason in answer.stderr
    assert "would" not in answer.stdout


@pytest.mark.parametrize(
    ("listener", "refused"),
    [('users:(("lighttpd",pid=712,fd=4))', True), ('users:(("nginx",pid=712,fd=6))', False), ("", False)],
)
def test_a_port_that_another_program_holds_is_named_with_the_two_remedies(
    tools: Path, listener: str, refused: bool
) -> None:
    for name in ("grep", "head"):
        (tools / name).symlink_to(str(shutil.which(name)))
    tool(tools, "dpkg", "echo arm64")
    tool(tools, "ss", f"echo 'LISTEN 0 1024 0.0.0.0:80 0.0.0.0:* {listener}'")
    tool(tools, "df", "echo; echo card 8000 7900 100 99% /")

    said = install("--dry-run", PATH=str(tools)).stderr

    assert ("port 80 is taken by the program 'lighttpd'" in said and "--no-nginx" in said) == refused
    assert "port 80" not in install("--dry-run", "--no-nginx", PATH=str(tools)).stderr


def test_a_python_that_the_service_may_not_see_is_refused(tools: Path) -> None:
    tool(tools, "dpkg", "echo arm64")
    tool(tools, "python3", 'case "$2" in *realpath*) echo /home/pi/.pyenv/versions/3.13.1/bin/python3.13;; esac')

    said = install("--dry-run", PATH=str(tools)).stderr

    assert "/home/pi/.pyenv/versions/3.13.1/bin/python3.13 is a user's own" in said


def test_what_plain_debian_lacks_is_installed(tools: Path) -> None:
    (tools / "grep").symlink_to(str(shutil.which("grep")))
    (tools / "tr").symlink_to(str(shutil.which("tr")))
    tool(tools, "dpkg", "echo arm64")
    tool(tools, "df", "echo; echo card 8000 1000 7000 13% /")
    tool(tools, "dpkg-query", "case $4 in i2c-tools | avahi-daemon) ;; *) echo install ok installed ;; esac")

    assert "would install what the system lacks: i2c-tools avahi-daemon" in install("--dry-run", PATH=str(tools)).stdout
    assert (
        "would install what the system lacks: i2c-tools \n"
        in install("--dry-run", "--no-nginx", PATH=str(tools)).stdout
    )


def test_a_system_without_the_group_of_the_clamps_bus_is_told_so(machine: Path) -> None:
    tool(machine / "bin", "getent", '[ "$1" = passwd ]')

    assert (
        steps(machine, "make_user").stdout
        == "chaudiere: this system has no group i2c: chaudiere may not read the clamps\n"
    )


def test_a_system_of_32_bits_is_told_what_it_may_need(tools: Path) -> None:
    tool(tools, "dpkg", "echo armhf")
    tool(tools, "df", "echo; echo card 8000 7900 100 99% /")

    assert "this system is of 32 bits" in install("--dry-run", PATH=str(tools)).stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--everything"], "'--everything' is no option"),
        (["--purge", "--yes"], "--purge goes with --uninstall"),
        (["--uninstall", "--purge"], "confirm it with --yes"),
    ],
)
def test_what_is_not_understood_is_refused(words: list[str], reason: str) -> None:
    answer = install(*words)

    assert answer.returncode == 1
    assert reason in answer.stderr


def test_the_unit_starts_what_supervisor_s_file_describes_as_who_owns_the_data() -> None:
    unit = (PROJECT / "config/prod/chaudiere.service").read_text()

    assert "User=chaudiere\n" in unit
    assert "supervisord -n -c /opt/chaudiere/config/prod/supervisor_prod.conf\n" in unit
    assert "Restart=always\n" in unit
    assert "ProtectKernelTunables=yes" not in unit  # it would forbid converting all probes at once


def test_packages_are_taken_over_while_they_are_whole(machine: Path) -> None:
    shutil.rmtree(machine / "opt/chaudiere.new/.venv")

    assert steps(machine, "take_packages_over").stdout == ""

    assert (machine / "opt/chaudiere.new/.venv").exists()


def test_packages_that_are_damaged_are_not_taken_over(machine: Path) -> None:
    tool(machine / "opt/chaudiere/.venv/bin", "python", "exit 1")
    shutil.rmtree(machine / "opt/chaudiere.new/.venv")

    answer = steps(machine, "take_packages_over")

    assert answer.returncode == 0
    assert "all packages are fetched anew" in answer.stdout
    assert not (machine / "opt/chaudiere.new/.venv").exists()


UPDATE = ("stand_still", "change_places", "migrate", "start_service")


def version(machine: Path) -> str:
    return (machine / "opt/chaudiere/version").read_text()


def test_an_update_is_on_the_card_before_the_database_is_changed(machine: Path) -> None:
    programs(machine / "opt/chaudiere.new", "2", upgrade=f"echo upgrade >>{machine}/bin/asked")
    tool(
        machine / "bin",
        "sync",
        f"cat {machine}/opt/chaudiere/version >>{machine}/bin/asked; echo >>{machine}/bin/asked",
    )

    assert steps(machine, *UPDATE).returncode == 0

    assert (machine / "bin/asked").read_text().split()[:2] == ["2", "upgrade"]
    assert not (machine / "opt/chaudiere.new").exists()


def test_the_two_folders_change_places_in_one_step(machine: Path) -> None:
    places = [machine / "opt/chaudiere", machine / "opt/chaudiere.new"]
    before = [place.stat().st_ino for place in places]

    assert steps(machine, "exchange").returncode == 0

    assert [place.stat().st_ino for place in places] == before[::-1]


def test_a_database_that_cannot_be_upgraded_puts_the_former_programs_back(machine: Path) -> None:
    programs(machine / "opt/chaudiere.new", "2", upgrade="exit 1")

    answer = steps(machine, *UPDATE)

    assert answer.returncode == 1
    assert "what was installed before is back in its place" in answer.stderr
    assert version(machine) == "1"
    assert not (machine / "opt/chaudiere.new").exists()


def database(machine: Path, *statements: str) -> None:
    with closing(sqlite3.connect(machine / "state/chaudiere.db", isolation_level=None)) as connection:
        for statement in ("PRAGMA journal_mode=WAL", *statements):
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statements", "copies"), [([], 0), (["CREATE TABLE Chaudiere (ts INTEGER)"], 1)], ids=["cut short", "filled"]
)
def test_a_database_whose_making_was_cut_short_holds_nothing_to_copy(
    machine: Path, statements: list[str], copies: int
) -> None:
    database(machine, *statements)

    answer = steps(machine, "back_up")

    assert answer.returncode == 0, answer.stderr
    ran = machine / "ran"
    assert (ran.read_text() if ran.exists() else "").count("database backup") == copies


def test_a_database_that_cannot_be_read_is_not_taken_for_an_empty_one(machine: Path) -> None:
    (machine / "state/chaudiere.db").write_text("no database" * 1000)

    steps(machine, "back_up")

    assert "database backup" in (machine / "ran").read_text()


def test_cron_s_jobs_see_that_programs_change_places_whatever_root_s_umask(machine: Path) -> None:
    assert steps(machine, "umask 077", "stand_still").returncode == 0

    assert (machine / "run/update.lock").stat().st_mode & 0o777 == 0o644


YOUNG = ("sensor RUNNING pid 7, uptime 0:00:04", "gunicorn RUNNING pid 8, uptime 0:00:03")
OLD = ("sensor RUNNING pid 7, uptime 0:00:11", "gunicorn RUNNING pid 8, uptime 1 day, 0:00:00")
DYING = ("sensor RUNNING pid 7, uptime 0:00:11", "gunicorn BACKOFF Exited too quickly (process log may have details)")


def supervisor_says(machine: Path, *answers: tuple[str, ...]) -> None:
    """One answer after the other, the last for ever."""
    folder = machine / "answers"
    folder.mkdir()
    for number, lines in enumerate(answers):
        (folder / str(number)).write_text("\n".join(lines) + "\n")
    script = f'cd {folder}; set -- *; cat "$1"; [ $# -eq 1 ] || rm "$1"'
    tool(machine / "opt/chaudiere/.venv/bin", "supervisorctl", script)
    tool(machine / "bin", "sleep", "exit 0")


def test_what_dies_at_once_is_no_life(machine: Path) -> None:
    supervisor_says(machine, ("unix:///run/chaudiere/supervisor.sock no such file",), YOUNG, OLD)

    assert steps(machine, "see_it_live").returncode == 0

    assert [file.name for file in (machine / "answers").iterdir()] == ["2"]


def test_a_version_that_does_not_live_is_said_with_where_to_look(machine: Path) -> None:
    supervisor_says(machine, YOUNG, DYING)

    answer = steps(machine, "see_it_live")

    assert answer.returncode == 1
    assert "not all lives: gunicorn BACKOFF" in answer.stderr
    assert "journalctl -u chaudiere" in answer.stderr


def installed_site(machine: Path, port: int = 5007) -> Path:
    """The site as version 1, whose file was another, wrote it."""
    former = (PROJECT / "config/prod/nginx.conf").read_text().replace("30s", "20s")
    (machine / "opt/chaudiere/config/prod").mkdir()
    (machine / "opt/chaudiere/config/prod/nginx.conf").write_text(former)
    site = machine / "site"
    site.write_text(former.replace("5007", str(port)))
    return site


def settings_say(machine: Path, line: str) -> None:
    (machine / "etc/chaudiere/secret.env").write_text(f"#CHAUDIERE_PORT=1\n{line}\n")


def test_the_site_is_brought_up_to_date_where_it_is_as_we_wrote_it(machine: Path) -> None:
    site = installed_site(machine)

    assert steps(machine, "place_site").returncode == 0

    assert site.read_text() == (PROJECT / "config/prod/nginx.conf").read_text()
    assert steps(machine, "place_site").stdout == ""


def test_a_site_that_its_owner_changed_is_left_and_said_to_be(machine: Path) -> None:
    site = installed_site(machine)
    own = site.read_text().replace("listen 80", "listen 443 ssl; # managed by Certbot\n    listen 80")
    site.write_text(own)

    said = steps(machine, "place_site").stdout

    assert site.read_text() == own
    assert "is left as you changed it" in said
    assert "does not name" not in said


@pytest.mark.parametrize("line", ["CHAUDIERE_PORT=5013", "CHAUDIERE_PORT='5013' # free"])
def test_the_port_of_the_settings_is_told_to_nginx_and_to_the_screen(machine: Path, line: str) -> None:
    site = installed_site(machine, 5010)
    settings_say(machine, line)

    answer = steps(machine, "place_site", 'place chaudiere_cron_prod "$cron"')

    assert answer.returncode == 0, answer.stderr
    assert "proxy_pass http://127.0.0.1:5013;" in site.read_text()
    assert "30s" in site.read_text()
    assert "@reboot root CHAUDIERE_PORT=5013 $CHAUDIERE_DIR/local_gui.sh" in (machine / "cron").read_text()


def test_an_owner_s_site_that_names_another_port_is_told_so(machine: Path) -> None:
    site = installed_site(machine)
    site.write_text("# mine\n" + site.read_text())
    settings_say(machine, "CHAUDIERE_PORT=5013")

    assert "the pages answer on 127.0.0.1:5013, which it does not name" in steps(machine, "place_site").stdout


def test_what_fails_before_the_programs_change_places_moves_none(machine: Path) -> None:
    answer = steps(machine, "stand_still", "false")

    assert answer.returncode == 1
    assert version(machine) == "1"


@pytest.mark.parametrize("sent", ["HUP", "INT", "TERM"])
def test_a_signal_does_not_part_the_programs_from_their_database(machine: Path, sent: str) -> None:
    programs(machine / "opt/chaudiere.new", "2", upgrade=f"kill -{sent} $PPID")

    answer = steps(machine, *UPDATE)

    assert answer.returncode == 0, answer.stderr
    assert version(machine) == "2"


def test_a_signal_after_the_upgrade_keeps_the_new_programs(machine: Path) -> None:
    answer = steps(machine, *UPDATE[:3], "kill -TERM $$")

    assert answer.returncode == 130
    assert version(machine) == "2"


# --- the proof: a clean Debian with its own systemd and cron, the real programs; the buses are emulated

PATIENCE = 300
WATER = "28-000000000001"
# The kernel's side of the bus: the registers of an ADS1115 whose second input carries an igniter.
EMULATED = """
import sys, time, types
from ads1115 import Ads1115Bus, ac

class RealTime(Ads1115Bus):
    now = property(lambda self: time.monotonic(), lambda self, value: None)

class I2C:
    def __init__(self, number):
        bus = RealTime([ac(0.0), ac(3.75), ac(0.0), ac(0.0)])
        self.writeto, self.readfrom_into = bus.writeto, bus.readfrom_into
        self.writeto_then_readfrom = bus.writeto_then_readfrom

module = types.ModuleType("adafruit_blinka.microcontroller.generic_linux.i2c")
module.I2C = I2C
sys.modules[module.__name__] = module
"""
# In a root of its own, with the network: two installations that cannot be, and one that can.
INSTALLED = """set -e
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir -p /dev/shm /boot/firmware
printf '# Pi\\n#dtparam=i2c_arm=on\\n' >/boot/firmware/config.txt
cd /root/chaudiere
mount -t tmpfs -o size=50m tmpfs /opt
config/install.sh --yes >/root/small.txt 2>&1 && exit 2
umount /opt
unshare --net config/install.sh --yes >/root/alone.txt 2>&1 && exit 3
test ! -e /opt/chaudiere && test ! -e /etc/chaudiere && ! getent passwd chaudiere
config/install.sh --yes
site=$(echo /opt/chaudiere/.venv/lib/python3*/site-packages)
echo 'import emulated_chip' >"$site/chip.pth"
cp /root/emulated/*.py "$site/"
cat >>/etc/chaudiere/secret.env <<END
CHAUDIERE_MAIL_SERVER=127.0.0.1
CHAUDIERE_MAIL_PORT=2525
CHAUDIERE_MAIL_SECURITY=none
CHAUDIERE_MAIL_SENDER=chaudiere@example.org
CHAUDIERE_ALERT_EMAILS=house@example.org
END
"""
# On a network of loopback alone, and in a control group of its own: systemd is the first process there.
BOOT = """set -e
echo $$ >"$GROUP/cgroup.procs"
ip link set lo up
"$PYTHON" -m aiosmtpd -n -l 127.0.0.1:2525 -c aiosmtpd.handlers.Mailbox "$ROOT/root/mails" &
exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc sh -ec '
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --bind "$ROOT/sys" "$ROOT/sys"
mount -t cgroup2 cgroup "$ROOT/sys/fs/cgroup"
mount -t tmpfs tmpfs "$ROOT/run"
cd "$ROOT"
exec env -i container=proof PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$ROOT" /sbin/init --log-target=null'
"""
# Kills an update as soon as $1 is there.
KILLED = """config/install.sh --yes >/root/killed.txt 2>&1 &
until [ -e "$1" ]; do sleep 0.01; done
kill -9 $!"""
# A file of a package as a power cut leaves it; the second time, as it was.
EMPTY = """cd /opt/chaudiere/.venv/lib/python3*/site-packages/flask
[ -e app.py.kept ] && exec mv app.py.kept app.py
cp app.py app.py.kept && : >app.py"""
BROKEN = """revision, down_revision = "9999", "{newest}"


def upgrade() -> None:
    raise RuntimeError("broken on purpose")
"""
PAGE = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1/').read().decode())"


def probe(root: Path, name: str, degrees: float) -> None:
    folder = root / "sys/bus/w1/devices" / name
    folder.mkdir(parents=True, exist_ok=True)
    low, high = round(degrees * 16).to_bytes(2, "little", signed=True)
    words = f"{low:02x} {high:02x} 4b 46 7f ff 0e 10 57"
    part = folder / "part"
    part.write_text(f"{words} : crc=57 YES\n{words} t={round(degrees * 1000)}\n")
    part.replace(folder / "w1_slave")


def until(found: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < end, what
        time.sleep(1)


def debian_mirror() -> list[str]:
    """Where this machine's own apt gets Debian from; empty: debootstrap knows one."""
    words = ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.removeprefix("Debian ") for line in lines if line.startswith("Debian ")][:1]


def copy_project(root: Path) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=PROJECT, check=True, capture_output=True, text=True)
    for name in tracked.stdout.split():
        target = root / "root/chaudiere" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, target)


@pytest.fixture(params=["bookworm", "trixie"])
def root(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A clean Debian with this project's tracked files in /root/chaudiere and three probes on its bus."""
    if os.geteuid() != 0:
        pytest.fail("only root can make a Debian of its own: run make proof as root")
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    try:
        made = ["debootstrap", "--variant=minbase", "--include=ca-certificates,systemd-sysv", request.param, str(root)]
        subprocess.run([*made, *debian_mirror()], check=True, stdout=subprocess.DEVNULL)
        for file in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
            shutil.copy(f"/{file}", root / file)
        copy_project(root)
        emulated = root / "root/emulated"
        emulated.mkdir()
        shutil.copy(PROJECT / "tests/sensor/ads1115.py", emulated)
        (emulated / "emulated_chip.py").write_text(EMULATED)
        (root / "root").chmod(0o755)
        (root / "sys/fs/cgroup").mkdir(parents=True)
        for number, degrees in enumerate((62.0, 90.0, 30.0), 1):
            probe(root, f"28-00000000000{number}", degrees)
        yield root
    finally:
        shutil.rmtree(root)


def first_installation(root: Path) -> None:
    (root / "root/installed.sh").write_text(INSTALLED)
    environ = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "chroot", str(root), "sh", "/root/installed.sh"]
    subprocess.run(words, env=environ, check=True)


class Machine:
    """A booted root: `run` does as its root would in a shell, `query` asks the database."""

    def __init__(self, root: Path, first: int) -> None:
        self.root = root
        self._enter = [
            "nsenter",
            f"--target={first}",
            "--mount",
            "--pid",
            "--net",
            "--uts",
            "--ipc",
            "--root",
            "--wd=/",
        ]

    def run(self, script: str, *words: str, expected: int = 0) -> str:
        shell = ["env", "-i", "-C", "/root/chaudiere", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", script, "sh"]
        answer = subprocess.run([*self._enter, *shell, *words], capture_output=True, text=True, check=False)
        assert answer.returncode == expected, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    def query(self, sql: str) -> list[tuple[int, ...]]:
        with closing(sqlite3.connect(f"file:{self.root}/var/lib/chaudiere/chaudiere.db?mode=ro", uri=True)) as database:
            return database.execute(sql).fetchall()

    def supervisord(self) -> int:
        """Its process id in the machine; 0: the service does not run."""
        return int(self.run("systemctl show --property MainPID --value chaudiere"))


@contextmanager
def control_group() -> Iterator[Path]:
    """A cgroup of our own below this process's, removed with all that systemd made in it."""
    unified = next(line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if " cgroup2 " in line)
    own = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    group = Path(unified, own.lstrip("/"), f"chaudiere-proof-{os.getpid()}")
    group.mkdir()
    try:
        yield group
    finally:
        until(lambda: "populated 0" in (group / "cgroup.events").read_text(), "processes outlive the machine")
        for folder, _, _ in os.walk(group, topdown=False):
            os.rmdir(folder)


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    with control_group() as group:
        environ = {**os.environ, "ROOT": str(root), "GROUP": str(group), "PYTHON": sys.executable}
        command = ["unshare", "--net", "sh", "-c", BOOT]
        with subprocess.Popen(command, env=environ, cwd=PROJECT, start_new_session=True) as running:
            try:
                # unshare's child, beside the mail server.
                init = ["pgrep", "-P", str(running.pid), "-x", "systemd|init"]
                until(lambda: bool(subprocess.run(init, capture_output=True, check=False).stdout), "no systemd")
                first = int(subprocess.run(init, capture_output=True, check=True).stdout)
                machine = Machine(root, first)
                until(lambda: machine.run("systemctl is-system-running --wait || :").strip() != "", "no boot")
                yield machine
            finally:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()


@pytest.mark.proof
def test_an_installed_machine_measures_keeps_minutes_warns_by_mail_and_outlives_its_updates(root: Path) -> None:
    first_installation(root)

    said = {name: (root / f"root/{name}.txt").read_text() for name in ("small", "alone")}
    assert "/opt has 50 MB free and" in said["small"]
    assert "is there a network? Nothing else was changed." in said["alone"]
    config = (root / "boot/firmware/config.txt").read_text()
    assert [config.count(line) for line in ("dtoverlay=w1-gpio", "\ndtparam=i2c_arm=on", "_baudrate=400000")] == [1] * 3
    assert (root / "boot/firmware/config.txt.before-chaudiere").exists()
    secret = (root / "etc/chaudiere/secret.env").stat()
    assert (secret.st_mode & 0o777, secret.st_uid) == (0o600, (root / "var/lib/chaudiere").stat().st_uid)
    assert (root / "etc/cron.d/chaudiere_cron_prod").stat().st_uid == 0

    with booted(root) as machine:
        machine.run(
            "install -D /dev/null /run/systemd/timesync/synchronized"
        )  # the clock is known true, as on a network
        assert "chaudiere i2c" in machine.run("id -nG chaudiere")
        assert machine.run("systemd-analyze verify chaudiere.service") == ""
        until(lambda: bool(machine.query("SELECT 1 FROM Chaudiere LIMIT 1")), "no reading")
        until(lambda: bool(machine.query("SELECT 1 FROM ChaudiereMinute WHERE phase IS NOT NULL")), "no minute")
        updates(machine)
        probe(root, WATER, 50.0)
        mails = root / "root/mails/new"
        until(lambda: mails.exists() and any(mails.iterdir()), "no mail")
        page = machine.run(f'/opt/chaudiere/.venv/bin/python -c "{PAGE}"')
        kept = machine.run("config/install.sh --uninstall")
        assert machine.run("systemctl is-active chaudiere || :").strip() == "inactive"

    # A busy computer samples some windows too slowly, and says so by no value.
    warm = machine.query(
        "SELECT DISTINCT watt1, watt3 FROM ChaudiereMinute WHERE temp0 = 62 AND watt1 + watt3 IS NOT NULL"
    )
    assert warm == [(1, 0)]
    assert "50" in page
    letters = [email.message_from_bytes(file.read_bytes(), policy=policy.default) for file in mails.iterdir()]
    assert any("sous la consigne" in str(letter["Subject"]) for letter in letters)
    assert "kept: /var/lib/chaudiere" in kept
    for gone in ("opt/chaudiere", "etc/cron.d/chaudiere_cron_prod", "etc/systemd/system/chaudiere.service"):
        assert not (root / gone).exists()
    assert (root / "var/lib/chaudiere/chaudiere.db").exists()
    assert (root / "etc/chaudiere/secret.env").exists()


def updates(machine: Machine) -> None:
    """Without a network: a whole update, two that fail, two that are killed; the house stays watched."""
    watching = machine.supervisord()
    assert watching
    site = "/etc/nginx/sites-available/chaudiere"
    machine.run(f"echo '# mine' >>{site}")

    second = machine.run("config/install.sh --yes")

    assert "the database before it is changed" in second
    assert "write /" not in second
    assert f"{site} is left as you changed it" in second
    assert machine.supervisord() not in (0, watching)
    watching = machine.supervisord()
    project = machine.root / "root/chaudiere"

    requirements = (project / "requirements.txt").read_text()
    (project / "requirements.txt").write_text(requirements + "chaudiere-needs-more==1\n")
    assert "What was installed goes on as before" in machine.run("config/install.sh --yes", expected=1)
    (project / "requirements.txt").write_text(requirements)
    machine.run(EMPTY)
    assert "damaged: Flask\n" in machine.run("config/install.sh --yes", expected=1)
    machine.run(EMPTY)
    machine.run(KILLED, "/opt/chaudiere.new/.venv")
    assert machine.supervisord() == watching

    versions = project / "flask_app/migrations/versions"
    broken = versions / "9999.py"
    broken.write_text(BROKEN.format(newest=max(file.stem for file in versions.glob("0*.py"))))
    assert "back in its place" in machine.run("config/install.sh --yes", expected=1)
    broken.unlink()
    assert machine.supervisord() != 0
    assert not (machine.root / "opt/chaudiere/flask_app/migrations/versions/9999.py").exists()

    (project / "newer").touch()
    machine.run(KILLED, "/opt/chaudiere/newer")
    machine.run(f"sed -i '/# mine/d' {site}; echo CHAUDIERE_PORT=5013 >>/etc/chaudiere/secret.env")
    last = machine.run("config/install.sh --yes")
    assert f"write {site}\n" in last
    assert "see the loop and the pages live\n" in last
    assert machine.supervisord() != 0
    machine.run("cd /tmp && /opt/chaudiere/config/as-installed database backup here.db && test -s /tmp/here.db")
    newest = machine.query("SELECT MAX(ts) FROM ChaudiereMinute WHERE phase IS NOT NULL")
    until(lambda: machine.query("SELECT MAX(ts) FROM ChaudiereMinute WHERE phase IS NOT NULL") > newest, "no minutes")
