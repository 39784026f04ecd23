"""How the machine and the installation do: services, jobs, rows, disk, memory, heat, clock, and what is wrong.

For the pages and manager.py alike: standard library only, nothing written, every question answered or None.
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import sqlite3
import struct
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

SILENT = 180  # s without a row: from then on the installation is blind
LATE = 300  # s after a minute's end by which it must be folded and judged
OVERDUE = 600  # s a message may wait: the first retries are over
JOB_LATE = {
    "archive_minute": 180,
    "process_phase": 180,
    "rotate": 2 * 86400,
    "backup": 2 * 86400,
}  # s since a job's last run
DISK_LEFT = 200e6  # bytes: a week of the database, its WAL and a copy
HOT = 80.0  # °C at which a Raspberry Pi begins to slow down
MEMORY_LEFT = 40e6  # bytes
BACKUP_LATE = 8 * 86400  # s
PROOF_LATE = 100 * 86400  # s: a season without any message that arrived
WAL_FIX = (3, 51, 3)


class Check(NamedTuple):
    """One line of the system page. `well` is None where there is nothing to judge."""

    name: str
    value: Any
    unit: str
    well: bool | None


class Service(NamedTuple):
    """A program as supervisor tells it."""

    name: str
    state: str
    since_ts: int


class Facts(NamedTuple):
    """What the database tells; times in UTC seconds."""

    reading_ts: int | None
    minute_ts: int | None
    state_ts: int | None
    rows_hour: int  # readings of the last hour
    waiting: int
    oldest_due_ts: int | None
    failed: int  # deliveries given up within a day
    proof_ts: int | None  # when a message last arrived, as a gateway or a person said
    simulated: bool
    balance: float | None = None  # of the SMS gateway's account, as it last said
    balance_low: bool = False  # an alert about it is open


class Place(NamedTuple):
    """Where the installation keeps what."""

    database: str
    home: str
    runtime: str


# --- the database


def facts(connection: sqlite3.Connection, now: int) -> Facts:
    """What the database tells at `now`. Raises sqlite3.Error."""

    def one(sql: str, *values: Any) -> Any:
        return connection.execute(sql, values).fetchone()

    # A minute ahead is a clock's slow correction; what is farther ahead was left by a wrong clock.
    tables = ("Chaudiere", "ChaudiereMinute", "EngineState")
    newest = [one(f"SELECT MAX(ts) FROM {table} WHERE ts <= ?", now + 60)[0] for table in tables]
    waiting, oldest = one(
        "SELECT COUNT(*), MIN(due_ts) FROM Delivery "
        "WHERE sent_ts IS NULL AND failed_ts IS NULL AND due_ts <= ? AND expires_ts > ?",
        now,
        now,
    )
    sent = one("SELECT MAX(sent_ts) FROM Delivery")[0]
    balance = one("SELECT balance FROM Attempt WHERE balance IS NOT NULL ORDER BY id DESC LIMIT 1")
    low = one("SELECT 1 FROM Alert WHERE kind = 'balance' AND closed_ts IS NULL")
    received = one("SELECT MAX(since_ts) FROM Setting WHERE key = 'test_received' AND value = 'yes'")[0]
    return Facts(
        reading_ts=newest[0],
        minute_ts=newest[1],
        state_ts=newest[2],
        rows_hour=one("SELECT COUNT(*) FROM Chaudiere WHERE ts > ? AND ts <= ?", now - 3600, now)[0],
        waiting=waiting,
        oldest_due_ts=oldest,
        failed=one("SELECT COUNT(*) FROM Delivery WHERE failed_ts > ?", now - 86400)[0],
        proof_ts=max((ts for ts in (sent, received) if ts is not None), default=None),
        simulated=one("PRAGMA application_id")[0] == 0x43484153,
        balance=balance and balance[0],
        balance_low=low is not None,
    )


# --- supervisor


def services(runtime: str) -> list[Service] | None:
    """The programs, asked of supervisor on its own socket; None when it does not answer."""
    path = os.path.join(runtime, "supervisor.sock")
    if not os.path.exists(path):
        return None
    # XML-RPC costs 60 ms and 0.3 MB to load; supervisor's own client four times that.
    from http.client import HTTPConnection, HTTPException
    from xmlrpc.client import Error, dumps, loads

    class OverSocket(HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(3)
            self.sock.connect(path)

    connection = OverSocket("localhost")
    try:
        connection.request("POST", "/RPC2", dumps((), "supervisor.getAllProcessInfo"), {"Content-Type": "text/xml"})
        found: Any = loads(connection.getresponse().read())[0][0]
    except (OSError, Error, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return [Service(str(one["name"]), str(one["statename"]).lower(), int(one["start"])) for one in found]


# --- jobs


def jobs(runtime: str) -> dict[str, tuple[int, int | None]]:
    """When each job of config/job last ended, and its exit status: it leaves a mark, in memory when installed."""
    found = {}
    for job in JOB_LATE:
        path = os.path.join(runtime, f"ran-{job}")
        try:
            words = _read(path) or ""
            found[job] = (int(os.path.getmtime(path)), int(words) if words.isdecimal() else None)
        except OSError:
            continue
    return found


# --- the machine


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(100_000).strip()
    except (OSError, ValueError):
        return None


def memory() -> tuple[int, int] | None:
    """(available, total) bytes."""
    lines = (_read("/proc/meminfo") or "").splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if len(line.split()) > 1}
    if "MemAvailable" not in found:
        return None
    return found["MemAvailable"], found["MemTotal"]


def temperature() -> float | None:
    """The processor's, in °C."""
    words = _read("/sys/class/thermal/thermal_zone0/temp") or ""
    return int(words) / 1000 if words.lstrip("-").isdecimal() else None


def throttled() -> bool | None:
    """Whether a Raspberry Pi slows down now, for heat or weak power; None on other machines.

    Bits 0 to 3 of the firmware's word: https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
    """
    words = _read("/sys/devices/platform/soc/soc:firmware/get_throttled")
    try:
        return None if words is None else bool(int(words, 16) & 0xF)
    except ValueError:
        return None


def synchronised() -> bool:
    """Whether the clock is known true: by timesyncd's marker, or by the kernel (chrony, ntpd)."""
    if os.path.exists("/run/systemd/timesync/synchronized"):
        return True
    state = ctypes.create_string_buffer(512)  # struct timex, zeroed: mode 0 only asks
    answer: int = ctypes.CDLL(None).adjtimex(state)
    return answer not in (-1, 5)  # TIME_ERROR: not synchronised


def sectors_written(path: str) -> int | None:
    """Bytes that the disk under `path` was told to write since the machine started."""
    device = os.stat(path).st_dev
    words = _read(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
    fields = (words or "").split()
    # The seventh is sectors of 512 bytes: https://www.kernel.org/doc/Documentation/block/stat.txt
    return int(fields[6]) * 512 if len(fields) > 6 else None


def note_day(place: Place, day: str) -> None:
    """Keeps, at a day's first call, what the disk had written and how large the database was: `written_today` and
    `growth` count from there. One line in the home a day, one file in the runtime folder."""
    mark = os.path.join(place.runtime, "written")
    if (_read(mark) or "").startswith(day):
        return
    written = sectors_written(place.home)
    if written is not None:
        with open(mark, "w", encoding="ascii") as file:
            file.write(f"{day} {written}")
    path = os.path.join(place.home, "sizes")
    kept = [line for line in (_read(path) or "").splitlines() if line and not line.startswith(day)][-400:]
    with open(f"{path}.part", "w", encoding="ascii") as file:
        file.write("\n".join([*kept, f"{day} {database_size(place.database)}"]) + "\n")
    os.replace(f"{path}.part", path)


def written_today(place: Place, day: str) -> int | None:
    """Bytes written to the disk since the day began, or since the machine started if that was later."""
    written = sectors_written(place.home)
    noted_day, _space, noted = (_read(os.path.join(place.runtime, "written")) or "").partition(" ")
    if written is None or noted_day != day or not noted.isdecimal():
        return None
    return written - int(noted) if written >= int(noted) else written


def database_size(path: str) -> int:
    """Bytes of the database and its WAL."""
    return sum(os.path.getsize(name) for name in (path, f"{path}-wal") if os.path.exists(name))


def growth(home: str) -> float | None:
    """Bytes a day over the last seven noted days; None before there are two."""
    sizes = [line.split() for line in (_read(os.path.join(home, "sizes")) or "").splitlines()][-8:]
    noted = [int(fields[1]) for fields in sizes if len(fields) == 2 and fields[1].isdecimal()]
    return (noted[-1] - noted[0]) / (len(noted) - 1) if len(noted) > 1 else None


def newest_file_ts(folder: str) -> int | None:
    """When the newest file of `folder` was written."""
    try:
        times = [entry.stat().st_mtime for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
    except OSError:
        return None
    return int(max(times)) if times else None


def addresses() -> list[str]:
    """This machine's addresses in its networks, without 127.0.0.1 and link-local ones."""
    return sorted({*_addresses4(), *_addresses6()})


def _addresses4() -> Iterator[str]:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _number, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asking, 0x8915, struct.pack("256s", name.encode()[:15]))  # SIOCGIFADDR
            except OSError:
                continue
            found = socket.inet_ntoa(answer[20:24])
            if not found.startswith(("127.", "169.254.")):
                yield found


def _addresses6() -> Iterator[str]:
    for line in (_read("/proc/net/if_inet6") or "").splitlines():
        digits, _index, _length, scope = line.split()[:4]
        if scope == "00":  # global: 10 is the machine itself, 20 its link
            yield socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))


# --- what is well and what is not


def checks(place: Place, told: Facts, now: int, day: str) -> list[Check]:
    """Every line of the system page; `day` is today's date, at home."""
    return [
        *_row_checks(told, now),
        *_service_checks(place.runtime),
        *_job_checks(place.runtime, now),
        *_message_checks(told, place.home, now),
        *_disk_checks(place, day),
        *_machine_checks(),
        *_versions(),
    ]


def _age(ts: int | None, now: int) -> int | None:
    return None if ts is None else now - ts


def _row_checks(told: Facts, now: int) -> Iterator[Check]:
    # A minute is named by its start: it could not be there before its end.
    ends = [None if ts is None else ts + 60 for ts in (told.minute_ts, told.state_ts)]
    for name, ts, limit in (
        ("newest_row", told.reading_ts, SILENT),
        ("newest_minute", ends[0], LATE),
        ("judged_until", ends[1], LATE),
    ):
        age = _age(ts, now)
        yield Check(name, age, "s", age is not None and age <= limit)
    yield Check("rows_per_minute", round(told.rows_hour / 60, 1), "1/min", told.rows_hour > 0)


def _service_checks(runtime: str) -> Iterator[Check]:
    found = services(runtime)
    if found is None:
        yield Check("supervisor", None, "", None)
        return
    for service in sorted(found, key=lambda one: one.name):
        yield Check(f"service_{service.name}", service.state, "", service.state == "running")


def _job_checks(runtime: str, now: int) -> Iterator[Check]:
    found = jobs(runtime)
    for job, limit in JOB_LATE.items():
        if job not in found:
            # Since a start there may have been no turn of it yet; the rows tell whether it works.
            yield Check(f"job_{job}", None, "s", None)
            continue
        age, status = now - found[job][0], found[job][1]
        yield Check(f"job_{job}", age, "s", age <= limit and status == 0)


def _message_checks(told: Facts, home: str, now: int) -> Iterator[Check]:
    oldest = _age(told.oldest_due_ts, now)
    yield Check("messages_waiting", told.waiting, "", oldest is None or oldest <= OVERDUE)
    yield Check("messages_failed", told.failed, "", told.failed == 0)
    proof, backup = _age(told.proof_ts, now), _age(newest_file_ts(os.path.join(home, "backups")), now)
    yield Check("sms_balance", told.balance, "", None if told.balance is None else not told.balance_low)
    # Neither is required of a fresh installation: there the first-visit page asks.
    yield Check("alerting_proven", proof, "s", None if proof is None else proof <= PROOF_LATE)
    yield Check("last_backup", backup, "s", None if backup is None else backup <= BACKUP_LATE)


def _disk_checks(place: Place, day: str) -> Iterator[Check]:
    disk = os.statvfs(place.home)
    yield Check("disk_left", disk.f_bavail * disk.f_frsize, "B", disk.f_bavail * disk.f_frsize >= DISK_LEFT)
    yield Check("database_size", database_size(place.database), "B", None)
    yield Check("database_growth", growth(place.home), "B/d", None)
    yield Check("written_today", written_today(place, day), "B", None)


def _machine_checks() -> Iterator[Check]:
    room, heat, slow = memory(), temperature(), throttled()
    yield Check("memory_left", room and room[0], "B", None if room is None else room[0] >= MEMORY_LEFT)
    yield Check("cpu_temperature", heat, "°C", None if heat is None else heat < HOT)
    yield Check("throttled", slow, "", None if slow is None else not slow)
    true = synchronised()
    yield Check("clock_synchronised", true, "", true)
    started = _read("/proc/uptime")
    yield Check("uptime", int(float(started.split()[0])) if started else None, "s", None)
    yield Check("addresses", " ".join(addresses()), "", None)


def _versions() -> Iterator[Check]:
    yield Check("version", version(), "", None)
    yield Check("python", platform.python_version(), "", None)
    yield Check("sqlite", sqlite3.sqlite_version, "", None)
    # Not bad without the fix: every write here holds the one lock, which is the cure (flask_app/lock.py).
    yield Check("sqlite_wal", "fixed" if sqlite3.sqlite_version_info >= WAL_FIX else "locked", "", True)
    yield Check("kernel", f"{platform.system()} {platform.release()} {platform.machine()}", "", None)


def version() -> str:
    """This program's, as pyproject.toml says."""
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pyproject.toml")
    lines = (_read(path) or "").splitlines()
    return next((line.split('"')[1] for line in lines if line.startswith("version = ")), "unknown")


def today(now: float) -> str:
    """The date of the machine's zone: the marks of a day need no installation's."""
    return time.strftime("%Y-%m-%d", time.localtime(now))
