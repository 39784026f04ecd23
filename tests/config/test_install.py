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
from email import policy
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent
INSTALL = str(PROJECT / "config" / "install.sh")
TOOLS = ("sed", "df", "awk", "id", "dirname")


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


def test_help_names_every_option() -> None:
    said = install("--help").stdout

    for option in ("--dry-run", "--yes", "--no-nginx", "--uninstall", "--purge"):
        assert option in said
    assert said.endswith("... and these too\n")


def test_a_rehearsal_says_every_step_and_changes_nothing() -> None:
    said = install("--dry-run")

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


# --- the proof: a clean Debian, its own cron, the real programs; the buses are emulated

PATIENCE = 300
WATER = "28-000000000001"
CHIP = '''"""The kernel's side of the bus: the registers of an ADS1115 whose second input carries an igniter."""
import sys, time, types
sys.path.append("/root/emulated")
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
'''
FIRST = """set -e
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir -p /dev/shm /boot/firmware
printf '# Pi\\n#dtparam=i2c_arm=on\\n' >/boot/firmware/config.txt
cd /root/chaudiere
config/install.sh --yes
config/install.sh --yes >/root/second.txt
site=$(echo /opt/chaudiere/.venv/lib/python3*/site-packages)
echo 'import emulated_chip' >"$site/chip.pth"
cp /root/emulated/emulated_chip.py "$site/"
cat >>/etc/chaudiere/secret.env <<END
CHAUDIERE_MAIL_SERVER=127.0.0.1
CHAUDIERE_MAIL_PORT=2525
CHAUDIERE_MAIL_SECURITY=none
CHAUDIERE_MAIL_SENDER=chaudiere@example.org
CHAUDIERE_ALERT_EMAILS=house@example.org
END
"""
SECOND = """set -e
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
install -d -o chaudiere -g chaudiere -m 750 /run/chaudiere
cron
nginx
start=$(sed -n 's/^ExecStart=//p' /etc/systemd/system/chaudiere.service)
exec runuser -u chaudiere -- $start >/root/supervisord.txt 2>&1
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


def guest(root: Path, script: str, *words: str) -> list[str]:
    (root / "root/guest.sh").write_text(script)
    return [
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        *words,
        "chroot",
        str(root),
        "sh",
        "/root/guest.sh",
    ]


def until(found: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < end, what
        time.sleep(1)


@pytest.fixture(params=["bookworm", "trixie"])
def root(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A clean Debian with this project's tracked files in /root/chaudiere and three probes on its bus."""
    if os.geteuid() != 0:
        pytest.fail("only root can make a Debian of its own: run make proof as root")
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    try:
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", request.param, root],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for file in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
            shutil.copy(f"/{file}", root / file)
        tracked = subprocess.run(["git", "ls-files"], cwd=PROJECT, check=True, capture_output=True, text=True)
        for name in tracked.stdout.split():
            target = root / "root/chaudiere" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, target)
        emulated = root / "root/emulated"
        emulated.mkdir()
        shutil.copy(PROJECT / "tests/sensor/ads1115.py", emulated)
        (emulated / "emulated_chip.py").write_text(CHIP)
        (root / "root").chmod(0o755)
        for number, degrees in enumerate((62.0, 90.0, 30.0), 1):
            probe(root, f"28-00000000000{number}", degrees)
        yield root
    finally:
        shutil.rmtree(root)


def query(root: Path, sql: str) -> list[tuple[float, ...]]:
    path = root / "var/lib/chaudiere/chaudiere.db"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.mark.proof
def test_an_installed_machine_measures_keeps_minutes_and_warns_by_mail(root: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}

    subprocess.run(guest(root, FIRST), env=environ, check=True)

    assert (root / "boot/firmware/config.txt").read_text().count("dtoverlay=w1-gpio") == 1
    assert (root / "boot/firmware/config.txt.before-chaudiere").exists()
    second = (root / "root/second.txt").read_text()
    assert "the database before it is changed" in second
    assert "write /" not in second.replace("write /etc/cron.d/chaudiere_cron_prod", "")
    secret = (root / "etc/chaudiere/secret.env").stat()
    assert secret.st_mode & 0o777 == 0o600
    assert (root / "etc/cron.d/chaudiere_cron_prod").stat().st_uid == 0

    mails = root / "root/mails"
    server = f"exec {sys.executable} -m aiosmtpd -n -l 127.0.0.1:2525 -c aiosmtpd.handlers.Mailbox {mails}"
    house = " ".join(guest(root, SECOND, "--kill-child=TERM"))
    command = ["unshare", "--net", "sh", "-c", f"ip link set lo up; ({server}) & exec {house}"]
    with subprocess.Popen(command, env=environ, cwd=PROJECT, start_new_session=True) as running:
        try:
            until(lambda: bool(query(root, "SELECT 1 FROM Chaudiere LIMIT 1")), "no reading")
            until(lambda: len(query(root, "SELECT 1 FROM ChaudiereMinute WHERE phase IS NOT NULL")) >= 1, "no minute")
            probe(root, WATER, 50.0)
            until(lambda: any((mails / "new").glob("*")) if mails.exists() else False, "no mail")
            page = ["nsenter", "--net", "--target", str(running.pid), sys.executable, "-c", PAGE]
            shown = subprocess.run(page, check=True, capture_output=True, text=True).stdout
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()

    ((water, igniter, auger),) = query(root, "SELECT temp0, watt1, watt3 FROM ChaudiereMinute ORDER BY ts LIMIT 1")
    assert (water, igniter, auger) == (62.0, 1.0, 0.0)
    assert "50" in shown
    letters = [email.message_from_bytes(file.read_bytes(), policy=policy.default) for file in (mails / "new").iterdir()]
    assert any("sous la consigne" in str(letter["Subject"]) for letter in letters)
    kept = subprocess.run(
        guest(root, "/root/chaudiere/config/install.sh --uninstall"), check=True, capture_output=True, text=True
    ).stdout
    assert "kept: /var/lib/chaudiere" in kept
    assert not (root / "opt/chaudiere").exists()
    assert not (root / "etc/cron.d/chaudiere_cron_prod").exists()
    assert (root / "var/lib/chaudiere/chaudiere.db").exists()
