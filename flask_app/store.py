"""The writers' door to the database: one connection, the lock, and one function per statement.

Writers have sqlite3, not SQLAlchemy: a cron job starts every minute on a small Pi, and sqlite3 starts in 24 ms of CPU
where SQLAlchemy takes 400 to 700 (docs/performance.md).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

from flask_app import lock
from flask_app.boiler.deliveries import Delivery
from flask_app.boiler.fittings import Channel, Idle, Probe
from flask_app.boiler.rows import COLUMNS, Row

SCHEMA = "0040"
"""The migration that this code needs (flask_app/migrations/versions)."""

ROTATED = ("Chaudiere", "ChaudiereMinute")
ALWAYS = 2**62  # later than any time
BATCH = 2000  # rows deleted in one transaction: a few milliseconds of lock

_ROW = ", ".join(COLUMNS.values())
_SLOTS = ", ".join("?" * len(COLUMNS))


class StoreError(Exception):
    """The database cannot be used; the words say what is wrong and what to do."""


class World(Enum):
    """Whose rows a database holds, kept in SQLite's own application_id: never both in one file."""

    UNCLAIMED = 0x43484155  # "CHAU": made by `database upgrade`, no row yet
    REAL = 0x43484152  # "CHAR"
    SIMULATED = 0x43484153  # "CHAS"


class Database:
    """One connection to the one file, and the lock that every write holds."""

    def __init__(self, path: str, lock_path: str) -> None:
        """Opens the database at `path`. Raises StoreError for an absent, foreign or not migrated file."""
        self.path = path
        self.lock_path = lock_path
        self.connection = _open(path)
        try:
            self.world = _world(self.connection, path)
            _check_schema(self.connection, path)
        except BaseException:
            self.connection.close()
            raise

    @contextmanager
    def writing(self, durable: bool = False, wait: float = 30.0) -> Iterator[sqlite3.Connection]:
        """One transaction under the lock: committed at its end, rolled back by an exception.

        durable: commit with synchronous=FULL, which makes every earlier commit durable too (the WAL is one file).
        Raises lock.LockBusyError when the lock is not had within `wait` seconds.
        """
        with lock.hold(self.lock_path, wait):
            self.connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    def checkpoint(self, wait: float = 30.0) -> None:
        """Moves what the WAL holds into the file, without waiting for readers."""
        with lock.hold(self.lock_path, wait):
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def claim(self, world: World) -> None:
        """Marks a database with no rows yet as `world`'s. Raises StoreError when it is the other world's."""
        if self.world is World.UNCLAIMED:
            with self.writing() as connection:
                self.world = _world(connection, self.path)
                if self.world is World.UNCLAIMED:
                    connection.execute(f"PRAGMA application_id={world.value}")
                    self.world = world
        if self.world is not world:
            raise StoreError(
                f"{self.path} holds {self.world.name.lower()} data and not {world.name.lower()} data: "
                "name another file by CHAUDIERE_DATABASE or another folder by CHAUDIERE_HOME"
            )

    def close(self) -> None:
        """Closes the connection, under the lock: the last one to close checkpoints."""
        with lock.hold(self.lock_path, 30.0):
            self.connection.close()


@contextmanager
def opened(path: str, lock_path: str) -> Iterator[Database]:
    """The database of a job, closed at its end."""
    database = Database(path, lock_path)
    try:
        yield database
    finally:
        database.close()


def _open(path: str) -> sqlite3.Connection:
    if not os.path.exists(path):
        raise StoreError(f"{path} does not exist: run `python manager.py database upgrade`")
    connection = None
    try:
        # The lock file decides who writes; busy_timeout is for a stranger's connection, such as the sqlite3 shell.
        connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("SELECT name FROM sqlite_master LIMIT 1")
    except sqlite3.DatabaseError as error:
        if connection:
            connection.close()
        raise StoreError(f"{path} cannot be read as a database ({error}): restore a backup or move it away") from error
    return connection


def _world(connection: sqlite3.Connection, path: str) -> World:
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    try:
        return World(mark)
    except ValueError:
        raise StoreError(
            f"{path} is not a Chaudiere database: name another file by CHAUDIERE_DATABASE, "
            "or run `python manager.py database upgrade`"
        ) from None


def _check_schema(connection: sqlite3.Connection, path: str) -> None:
    try:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        found = None
    if found is None or found[0] != SCHEMA:
        raise StoreError(
            f"{path} has the schema {found and found[0]}, not {SCHEMA}: run `python manager.py database upgrade`"
        )


# --- Chaudiere: the loop


def keep_readings(connection: sqlite3.Connection, readings: Iterable[Row], free: int) -> list[int | None]:
    """Keeps `readings`; returns the second of each. One whose second is taken goes to the next that is not, `free`
    seconds later at most, else it is skipped (None): a clock set back must not blind the watch for an hour."""
    statement = f"INSERT OR IGNORE INTO Chaudiere ({_ROW}) VALUES ({_SLOTS})"
    kept: list[int | None] = []
    for reading in readings:
        seconds = range(reading.ts, reading.ts + free + 1)
        tries = (ts for ts in seconds if connection.execute(statement, (ts, *reading[1:])).rowcount)
        kept.append(next(tries, None))
    return kept


def insert_readings(connection: sqlite3.Connection, readings: Iterable[Row]) -> int:
    """Keeps `readings`; returns how many. A second already taken is skipped, never replaced."""
    before = connection.total_changes
    connection.executemany(f"INSERT OR IGNORE INTO Chaudiere ({_ROW}) VALUES ({_SLOTS})", readings)
    return connection.total_changes - before


def move_readings(connection: sqlite3.Connection, moves: Sequence[tuple[int, int]]) -> None:
    """Moves readings from one second to another (from_ts, to_ts); one whose place is taken stays where it is."""
    # Towards the later, the latest goes first, and the reverse: a row never lands on one that is about to leave.
    later = sorted((move for move in moves if move[1] > move[0]), reverse=True)
    for from_ts, to_ts in later + sorted(move for move in moves if move[1] < move[0]):
        connection.execute("UPDATE OR IGNORE Chaudiere SET ts = ? WHERE ts = ?", (to_ts, from_ts))


def newest_reading_ts(connection: sqlite3.Connection, until_ts: int) -> int | None:
    """The time of the newest reading at or before `until_ts`."""
    ts: int | None = connection.execute("SELECT MAX(ts) FROM Chaudiere WHERE ts <= ?", (until_ts,)).fetchone()[0]
    return ts


def unsent_due_times(connection: sqlite3.Connection, until_ts: int) -> list[int]:
    """When the deliveries neither sent nor failed were due, up to `until_ts`, in rising order."""
    query = (
        "SELECT DISTINCT due_ts FROM Delivery WHERE sent_ts IS NULL AND failed_ts IS NULL AND due_ts <= ? ORDER BY 1"
    )
    return [due_ts for (due_ts,) in connection.execute(query, (until_ts,))]


def readings(connection: sqlite3.Connection, start_ts: int, end_ts: int) -> sqlite3.Cursor:
    """Readings of [start_ts, end_ts) in order, as plain tuples in `Row`'s order."""
    return connection.execute(f"SELECT {_ROW} FROM Chaudiere WHERE ts >= ? AND ts < ? ORDER BY ts", (start_ts, end_ts))


# --- options


def option_changes(connection: sqlite3.Connection) -> list[tuple[str, int, str]]:
    """Every change of an option (key, since_ts, value), in rising order of time."""
    return connection.execute("SELECT key, since_ts, value FROM Setting ORDER BY since_ts, id").fetchall()


# --- ChaudiereMinute: archive_minute


def drop_minutes(connection: sqlite3.Connection, before_ts: int) -> int:
    """Deletes the minutes before `before_ts`; returns how many."""
    return connection.execute("DELETE FROM ChaudiereMinute WHERE ts < ?", (before_ts,)).rowcount


def next_reading_ts(connection: sqlite3.Connection, from_ts: int) -> int | None:
    """The time of the first reading at or after `from_ts`."""
    ts: int | None = connection.execute("SELECT MIN(ts) FROM Chaudiere WHERE ts >= ?", (from_ts,)).fetchone()[0]
    return ts


def newest_minute_ts(connection: sqlite3.Connection, before_ts: int) -> int | None:
    """The start of the newest minute before `before_ts`."""
    query = "SELECT MAX(ts) FROM ChaudiereMinute WHERE ts < ?"
    ts: int | None = connection.execute(query, (before_ts,)).fetchone()[0]
    return ts


def changed_minutes(connection: sqlite3.Connection, start_ts: int, end_ts: int) -> list[int]:
    """Minutes of [start_ts, end_ts) with readings, of another number than was folded."""
    query = (
        "SELECT minute.ts FROM (SELECT ts / 60 * 60 AS start, COUNT(*) AS count FROM Chaudiere "
        "WHERE ts >= ? AND ts < ? GROUP BY start) JOIN ChaudiereMinute AS minute ON minute.ts = start "
        "WHERE minute.samples IS NOT count"
    )
    return [ts for (ts,) in connection.execute(query, (start_ts, end_ts))]


def insert_minutes(connection: sqlite3.Connection, minutes: Iterable[Row]) -> int:
    """Keeps minutes not yet there; returns how many."""
    before = connection.total_changes
    connection.executemany(f"INSERT OR IGNORE INTO ChaudiereMinute ({_ROW}) VALUES ({_SLOTS})", minutes)
    return connection.total_changes - before


def replace_minutes(connection: sqlite3.Connection, minutes: Iterable[Row]) -> None:
    """Writes minutes over those of the same time."""
    connection.executemany(f"REPLACE INTO ChaudiereMinute ({_ROW}) VALUES ({_SLOTS})", minutes)


def minutes(connection: sqlite3.Connection, start_ts: int, end_ts: int) -> list[Row]:
    """The minutes of [start_ts, end_ts) in order."""
    query = f"SELECT {_ROW} FROM ChaudiereMinute WHERE ts >= ? AND ts < ? ORDER BY ts"
    return list(map(Row._make, connection.execute(query, (start_ts, end_ts))))


def minute_span(connection: sqlite3.Connection) -> tuple[int | None, int | None]:
    """The starts of the oldest and of the newest minute."""
    # Two queries: SQLite answers each from one end of the key, but both at once by reading every row.
    oldest = connection.execute("SELECT MIN(ts) FROM ChaudiereMinute").fetchone()[0]
    return oldest, connection.execute("SELECT MAX(ts) FROM ChaudiereMinute").fetchone()[0]


def unjudged_ts(connection: sqlite3.Connection, from_ts: int, until_ts: int = ALWAYS) -> int | None:
    """The first minute from `from_ts` to `until_ts` whose phase is not named yet."""
    query = "SELECT ts FROM ChaudiereMinute WHERE ts >= ? AND ts <= ? AND phase IS NULL ORDER BY ts LIMIT 1"
    found = connection.execute(query, (from_ts, until_ts)).fetchone()
    return found and int(found[0])


# --- process_phase


def name_phases(connection: sqlite3.Connection, phases: Iterable[tuple[int, int]]) -> None:
    """Writes (phase, ts) of minutes."""
    connection.executemany("UPDATE ChaudiereMinute SET phase = ? WHERE ts = ?", phases)


def newest_state_ts(connection: sqlite3.Connection, until_ts: int = ALWAYS) -> int | None:
    """The newest minute up to `until_ts` that an engine judged."""
    query = "SELECT MAX(ts) FROM EngineState WHERE ts <= ?"
    ts: int | None = connection.execute(query, (until_ts,)).fetchone()[0]
    return ts


def state_before(connection: sqlite3.Connection, ts: int, version: int) -> tuple[int, str] | None:
    """The newest (ts, state) of that engine version before the minute `ts`."""
    query = "SELECT ts, state FROM EngineState WHERE ts < ? AND version = ? ORDER BY ts DESC LIMIT 1"
    found: tuple[int, str] | None = connection.execute(query, (ts, version)).fetchone()
    return found


def keep_state(connection: sqlite3.Connection, ts: int, version: int, state: str, since_ts: int) -> None:
    """Keeps the engine's state after the minute `ts`, in place of all from `since_ts` on, and thins the older ones:
    hourly for 48 h, daily before."""
    connection.execute("DELETE FROM EngineState WHERE ts >= ?", (since_ts,))
    connection.execute("REPLACE INTO EngineState (ts, version, state) VALUES (?, ?, ?)", (ts, version, state))
    connection.execute(
        "DELETE FROM EngineState WHERE ts < ? AND (ts % 3600 != 0 OR (ts < ? AND ts % 86400 != 0))", (ts, ts - 172800)
    )


def open_alert(connection: sqlite3.Connection, kind: str, ts: int, evidence: str, apart: int) -> int | None:
    """A new alert's id; None when one of its kind is open, or was opened less than `apart` seconds from `ts`."""
    query = "SELECT 1 FROM Alert WHERE kind = ? AND (closed_ts IS NULL OR ABS(opened_ts - ?) < ?) LIMIT 1"
    if connection.execute(query, (kind, ts, apart)).fetchone():
        return None
    statement = "INSERT OR IGNORE INTO Alert (kind, opened_ts, evidence) VALUES (?, ?, ?)"
    cursor = connection.execute(statement, (kind, ts, evidence))
    return cursor.lastrowid if cursor.rowcount else None


def close_alerts(connection: sqlite3.Connection, kind: str, ts: int) -> list[int]:
    """Closes the open alerts of a kind at the minute `ts`; returns their ids."""
    query = "UPDATE Alert SET closed_ts = ? WHERE kind = ? AND closed_ts IS NULL AND opened_ts <= ? RETURNING id"
    return [found for (found,) in connection.execute(query, (ts, kind, ts)).fetchall()]


def insert_deliveries(connection: sqlite3.Connection, alert_id: int | None, planned: Iterable[Delivery]) -> list[int]:
    """Keeps what is to be sent; returns the ids."""
    columns = "alert_id, reason, channel, address, due_ts, expires_ts"
    statement = f"INSERT OR IGNORE INTO Delivery ({columns}) VALUES (?, ?, ?, ?, ?, ?)"
    made = []
    for delivery in planned:
        cursor = connection.execute(statement, (alert_id, *delivery))
        made += [int(cursor.lastrowid or 0)] if cursor.rowcount else []
    return made


def recipients(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """(channel, address) of everyone the owner named in the page."""
    return connection.execute("SELECT channel, address FROM Recipient ORDER BY id").fetchall()


def told(connection: sqlite3.Connection, alert_id: int) -> list[tuple[str, str]]:
    """(channel, address) of those who are told of the alert's opening."""
    query = "SELECT channel, address FROM Delivery WHERE alert_id = ? AND reason = 'opened' ORDER BY id"
    return connection.execute(query, (alert_id,)).fetchall()


# --- deliver


class Due(NamedTuple):
    """One delivery to try, with what its words are made of and its tries so far."""

    id: int
    reason: str
    channel: str
    address: str
    due_ts: int
    expires_ts: int
    kind: str | None
    opened_ts: int | None
    closed_ts: int | None
    evidence: str | None
    tries: int
    last_try_ts: int | None


def due_deliveries(connection: sqlite3.Connection, now: int, only: Sequence[int] = ()) -> list[Due]:
    """What is neither sent nor given up and due at `now`, oldest first; `only` these ids, if any."""
    query = (
        "SELECT Delivery.id, reason, channel, address, due_ts, expires_ts, kind, opened_ts, closed_ts, evidence, "
        "(SELECT COUNT(*) FROM Attempt WHERE delivery_id = Delivery.id), "
        "(SELECT MAX(ts) FROM Attempt WHERE delivery_id = Delivery.id) "
        "FROM Delivery LEFT JOIN Alert ON Alert.id = alert_id "
        "WHERE sent_ts IS NULL AND failed_ts IS NULL AND due_ts <= ? ORDER BY due_ts, Delivery.id"
    )
    found = map(Due._make, connection.execute(query, (now,)))
    return [delivery for delivery in found if not only or delivery.id in only]


def keep_attempt(connection: sqlite3.Connection, attempt: tuple[int, int, str, str], ended: str | None) -> None:
    """Keeps one try (delivery_id, ts, outcome, words); `ended` is sent_ts or failed_ts when it was the last."""
    connection.execute("INSERT INTO Attempt (delivery_id, ts, outcome, words) VALUES (?, ?, ?, ?)", attempt)
    if ended is not None:
        connection.execute(f"UPDATE Delivery SET {ended} = ? WHERE id = ?", (attempt[1], attempt[0]))


# --- watch


def progress(connection: sqlite3.Connection, until_ts: int) -> tuple[int | None, int]:
    """(time of the newest reading up to `until_ts`, seconds from the newest judged minute to it; 0 while there is
    nothing to judge). What a clock once set too far ahead has left behind does not count."""
    newest = newest_reading_ts(connection, until_ts)
    judged = newest_state_ts(connection, until_ts)
    oldest = judged if judged is not None else next_reading_ts(connection, 0)
    return newest, 0 if newest is None or oldest is None else newest - oldest - 60


def touch(connection: sqlite3.Connection) -> None:
    """A write that changes nothing, to learn whether writes are accepted; inside a transaction."""
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    connection.execute(f"PRAGMA application_id={mark}")


# --- rotation


def rotate(
    database: Database, table: str, before_ts: int, progress: Callable[[int], object] = lambda _rows: None
) -> int:
    """Deletes rows before `before_ts` in batches, the lock let go between two; returns how many.

    A reading that no minute holds yet is kept, however old. Raises StoreError for another table's name.
    """
    if table not in ROTATED:
        raise StoreError(f"{table} is not rotated: the tables are {' and '.join(ROTATED)}")
    if table == "Chaudiere":
        newest_ts = minute_span(database.connection)[1]
        before_ts = 0 if newest_ts is None else min(before_ts, newest_ts + 60)
    statement = f"DELETE FROM {table} WHERE ts IN (SELECT ts FROM {table} WHERE ts < ? ORDER BY ts LIMIT {BATCH})"
    total = deleted = 0
    while deleted == BATCH or not total:
        with database.writing() as connection:
            deleted = connection.execute(statement, (before_ts,)).rowcount
        total += deleted
        progress(deleted)
        if not deleted:
            break
    return total


# --- status


class Health(NamedTuple):
    """How far the walk of a row has come, and which messages have not left. Times in UTC seconds."""

    reading_ts: int | None  # the newest reading
    minute_ts: int | None  # the newest minute
    state_ts: int | None  # the newest minute that the engine judged
    waiting: int  # deliveries due, neither sent, failed nor expired
    oldest_due_ts: int | None  # of those
    failed: int  # deliveries given up within a day


def health(connection: sqlite3.Connection, now: int) -> Health:
    """The health of an installation at `now`."""
    newest = (
        connection.execute(f"SELECT MAX(ts) FROM {table}").fetchone()[0]
        for table in ("Chaudiere", "ChaudiereMinute", "EngineState")
    )
    waiting = connection.execute(
        "SELECT COUNT(*), MIN(due_ts) FROM Delivery "
        "WHERE sent_ts IS NULL AND failed_ts IS NULL AND due_ts <= ? AND expires_ts > ?",
        (now, now),
    ).fetchone()
    failed = connection.execute("SELECT COUNT(*) FROM Delivery WHERE failed_ts > ?", (now - 86400,)).fetchone()
    return Health(*newest, *waiting, *failed)


# --- fittings: the loop and the commissioning commands

_PROBE = "address, role, offset"
_CHANNEL = ", ".join(Channel._fields)


def probes(connection: sqlite3.Connection) -> list[Probe]:
    """The probes that the owner named."""
    return list(map(Probe._make, connection.execute(f"SELECT {_PROBE} FROM Probe ORDER BY role")))


def channels(connection: sqlite3.Connection) -> list[Channel]:
    """The current clamps that the owner set."""
    return list(map(Channel._make, connection.execute(f"SELECT {_CHANNEL} FROM Channel")))


def idles(connection: sqlite3.Connection) -> list[Idle]:
    """The idle currents that the loop learned."""
    return list(map(Idle._make, connection.execute("SELECT role, ts, amps, spread FROM Idle")))


def keep_probe(connection: sqlite3.Connection, probe: Probe, ts: int) -> None:
    """Gives a probe its role and offset, in place of the probe that had the role."""
    connection.execute("DELETE FROM Probe WHERE role = ? OR address = ?", (probe.role, probe.address))
    connection.execute(f"INSERT INTO Probe ({_PROBE}, since_ts) VALUES (?, ?, ?, ?)", (*probe, ts))


def keep_channel(connection: sqlite3.Connection, channel: Channel) -> None:
    """Keeps what is known of a clamp."""
    slots = ", ".join("?" * len(channel))
    connection.execute(f"REPLACE INTO Channel ({_CHANNEL}) VALUES ({slots})", channel)


def keep_idle(connection: sqlite3.Connection, idle: Idle) -> None:
    """Keeps the newest idle current of a clamp."""
    connection.execute("REPLACE INTO Idle (role, ts, amps, spread) VALUES (?, ?, ?, ?)", idle)


# --- roll-ups: process_phase


def oldest_rollup_ts(connection: sqlite3.Connection) -> int | None:
    """The start of the oldest ten-minute roll-up."""
    ts: int | None = connection.execute("SELECT MIN(ts) FROM TenMinutes").fetchone()[0]
    return ts


def newest_day_ts(connection: sqlite3.Connection) -> int | None:
    """The start of the newest local day that is rolled up."""
    ts: int | None = connection.execute("SELECT MAX(ts) FROM Day").fetchone()[0]
    return ts


def columns_between(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], start_ts: int, end_ts: int
) -> sqlite3.Cursor:
    """Those columns of the rows of [start_ts, end_ts) in order, as plain tuples."""
    query = f"SELECT {', '.join(columns)} FROM {table} WHERE ts >= ? AND ts < ? ORDER BY ts"
    return connection.execute(query, (start_ts, end_ts))


def keep_rollups(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], rollups: Iterable[tuple[object, ...]]
) -> None:
    """Writes roll-ups over those of the same time, but never one of fewer minutes: the others were rotated away."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT (ts) DO UPDATE SET {changes} WHERE excluded.minutes >= minutes",
        rollups,
    )


def forget_days(connection: sqlite3.Connection) -> None:
    """Deletes every local day's roll-up: they are another zone's."""
    connection.execute("DELETE FROM Day")
