"""The writers' door to the database: one connection, the lock, and one function per statement.

Writers have sqlite3, not SQLAlchemy: a cron job starts every minute on a small Pi, and starting is most of its cost
(docs/performance.md). For the same reason the values that few statements give are imported by these alone.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from flask_app import here, lock
from flask_app.boiler.rows import COLUMNS, Row

if TYPE_CHECKING:
    from flask_app.boiler.alerts import Kind
    from flask_app.boiler.deliveries import Delivery, Life
    from flask_app.boiler.fittings import Channel, Idle, Probe

SCHEMA = "0060"
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
        raise StoreError(f"{path} does not exist: run `{here.command('database upgrade')}`")
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
        if isinstance(error, sqlite3.OperationalError):  # the file may be sound: no backup is called for
            remedy = "let its owner run this, who may write it and its folder, or let the program end that holds it"
            raise StoreError(f"{path} cannot be opened ({error}): {remedy}") from error
        raise StoreError(f"{path} cannot be read as a database ({error}): restore a backup or move it away") from error
    return connection


def _world(connection: sqlite3.Connection, path: str) -> World:
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    try:
        return World(mark)
    except ValueError:
        raise StoreError(
            f"{path} is not a Chaudiere database: name another file by CHAUDIERE_DATABASE, "
            f"or run `{here.command('database upgrade')}`"
        ) from None


def _check_schema(connection: sqlite3.Connection, path: str) -> None:
    try:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        found = None
    if found is None or found[0] != SCHEMA:
        raise StoreError(
            f"{path} has the schema {found and found[0]}, not {SCHEMA}: run `{here.command('database upgrade')}`"
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


def newest_folded_ts(connection: sqlite3.Connection, before_ts: int) -> int | None:
    """The start of the newest minute before `before_ts` that was folded here. What was taken over from elsewhere has no
    `samples`, and the time from its end to the first reading is no silence."""
    query = "SELECT ts FROM ChaudiereMinute WHERE ts < ? AND samples IS NOT NULL ORDER BY ts DESC LIMIT 1"
    found = connection.execute(query, (before_ts,)).fetchone()
    return found and int(found[0])


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


def oldest_state_ts(connection: sqlite3.Connection) -> int | None:
    """Since when this installation judges, within a day; minutes may be older, taken over from elsewhere."""
    ts: int | None = connection.execute("SELECT MIN(ts) FROM EngineState").fetchone()[0]
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


def drop_states(connection: sqlite3.Connection, from_ts: int, to_ts: int, but_ts: int) -> None:
    """Forgets the states of [from_ts, to_ts), but the one after the minute `but_ts`."""
    connection.execute("DELETE FROM EngineState WHERE ts >= ? AND ts < ? AND ts <> ?", (from_ts, to_ts, but_ts))


def replace_state(connection: sqlite3.Connection, ts: int, version: int, state: str) -> None:
    """Keeps a state in place of the one after the minute `ts`, if there is one; the others stay."""
    connection.execute("REPLACE INTO EngineState (ts, version, state) VALUES (?, ?, ?)", (ts, version, state))


def open_alert(connection: sqlite3.Connection, kind: str, ts: int, evidence: str, apart: int) -> int | None:
    """A new alert's id; None when one of its kind is open, or was opened less than `apart` seconds from `ts`."""
    query = "SELECT 1 FROM Alert WHERE kind = ? AND (closed_ts IS NULL OR ABS(opened_ts - ?) < ?) LIMIT 1"
    if connection.execute(query, (kind, ts, apart)).fetchone():
        return None
    statement = "INSERT OR IGNORE INTO Alert (kind, opened_ts, evidence) VALUES (?, ?, ?)"
    cursor = connection.execute(statement, (kind, ts, evidence))
    return cursor.lastrowid if cursor.rowcount else None


def close_alerts(connection: sqlite3.Connection, kind: str, opened_ts: int, ts: int) -> list[int]:
    """Closes at the minute `ts` the alert of a kind opened at `opened_ts`, and older ones; returns their ids."""
    query = (
        "UPDATE Alert SET closed_ts = ? WHERE kind = ? AND closed_ts IS NULL AND (opened_ts < ? OR opened_ts = ?) "
        "RETURNING id"
    )
    return [found for (found,) in connection.execute(query, (ts, kind, ts, opened_ts)).fetchall()]


def alerts_after(connection: sqlite3.Connection, ts: int) -> list[tuple[str, int, int | None, str]]:
    """(kind, opened_ts, closed_ts, evidence) of the alerts that are dated after `ts`."""
    query = "SELECT kind, opened_ts, closed_ts, evidence FROM Alert WHERE opened_ts > ?"
    return connection.execute(query, (ts,)).fetchall()


def date_back(connection: sqlite3.Connection, after_ts: int, seconds: int) -> None:
    """Moves the open alerts that are dated after `after_ts`, and what is planned for them, so many seconds back."""
    statement = (
        "UPDATE OR IGNORE Delivery SET due_ts = due_ts - ?, expires_ts = expires_ts - ? "
        "WHERE alert_id IN (SELECT id FROM Alert WHERE closed_ts IS NULL AND opened_ts > ?)"
    )
    connection.execute(statement, (seconds, seconds, after_ts))
    statement = "UPDATE OR IGNORE Alert SET opened_ts = opened_ts - ? WHERE closed_ts IS NULL AND opened_ts > ?"
    connection.execute(statement, (seconds, after_ts))


def insert_deliveries(connection: sqlite3.Connection, alert_id: int | None, planned: Iterable[Delivery]) -> list[int]:
    """Keeps what is to be sent; returns the ids."""
    columns = "alert_id, reason, channel, address, due_ts, expires_ts"
    statement = f"INSERT OR IGNORE INTO Delivery ({columns}) VALUES (?, ?, ?, ?, ?, ?)"
    made = []
    for delivery in planned:
        cursor = connection.execute(statement, (alert_id, *delivery))
        made += [int(cursor.lastrowid or 0)] if cursor.rowcount else []
    return made


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


def check(database: Database) -> None:
    """Reads the whole file, in a second for 100 MB or so. Raises StoreError or sqlite3.Error when it is damaged."""
    verdict = database.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StoreError(f"{database.path} is damaged ({verdict}): `database restore` puts a copy back")


# --- rotation


def counted_minute_ts(connection: sqlite3.Connection, count: int) -> int | None:
    """The start of the `count`th newest minute; None when there are fewer."""
    query = "SELECT ts FROM ChaudiereMinute ORDER BY ts DESC LIMIT 1 OFFSET ?"
    found = connection.execute(query, (count - 1,)).fetchone()
    return found and int(found[0])


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


# --- the life of an alert: process_phase


def recipients(connection: sqlite3.Connection) -> list[tuple[str, str, str, int, str, str, str]]:
    """(channel, address, name, position, language, kinds, quiet) of everyone the owner named in the page."""
    query = (
        "SELECT channel, address, name, position, language, kinds, quiet FROM Recipient "
        "ORDER BY position, channel = 'sms', id"
    )
    return connection.execute(query).fetchall()


def open_alerts(connection: sqlite3.Connection) -> list[int]:
    """The ids of the alerts that are open, the oldest first."""
    return [found for (found,) in connection.execute("SELECT id FROM Alert WHERE closed_ts IS NULL ORDER BY opened_ts")]


def open_kinds(connection: sqlite3.Connection, ts: int) -> set[str]:
    """The kinds of the alerts that are open at `ts`."""
    query = "SELECT kind FROM Alert WHERE opened_ts <= ? AND (closed_ts IS NULL OR closed_ts > ?)"
    return {kind for (kind,) in connection.execute(query, (ts, ts))}


# An alert that opened in the very minute in which one of its kind closed goes on with its story: a cold spell that
# began again before the water was warm for good is told once. A day of it is one story: then it is told anew, and who
# had seen it is asked again.
_CHAIN = (
    "WITH RECURSIVE Chain(id, kind, opened_ts, from_ts) AS "
    "(SELECT id, kind, opened_ts, opened_ts - 86400 FROM Alert WHERE id = ? UNION "
    "SELECT Alert.id, Alert.kind, Alert.opened_ts, from_ts FROM Alert JOIN Chain ON Alert.kind = Chain.kind "
    "AND Alert.closed_ts = Chain.opened_ts AND Alert.id <> Chain.id AND Alert.opened_ts > from_ts "
    "AND Alert.kind = 'low_water') "
)


def life(connection: sqlite3.Connection, alert_id: int) -> Life:
    """An alert with every message planned for it, or for the ones of the day before it that it goes on from."""
    from flask_app.boiler.alerts import Kind, gravity
    from flask_app.boiler.deliveries import Life, Told

    query = (
        _CHAIN + "SELECT kind, opened_ts, closed_ts, evidence, acknowledged_ts, acknowledged_by FROM Alert "
        "WHERE id IN (SELECT id FROM Chain) ORDER BY opened_ts"
    )
    story = connection.execute(query, (alert_id,)).fetchall()
    kind, opened_ts, *_ = story[0]
    closed_ts = story[-1][2]
    missing = json.loads(story[-1][3]).get("missing", "water") if kind == Kind.BLIND.value else "water"
    taken_ts, taken_by = next(((ts, by) for *_, ts, by in story if ts is not None), (None, ""))
    query = (
        _CHAIN + "SELECT reason, channel, address, due_ts, sent_ts, failed_ts FROM Delivery "
        "WHERE alert_id IN (SELECT id FROM Chain) AND reason <> 'test' ORDER BY due_ts, Delivery.id"
    )
    told = [Told._make(row) for row in connection.execute(query, (alert_id,))]
    return Life(Kind(kind), opened_ts, closed_ts, taken_ts, taken_by or "", told, not gravity(missing))


def evidence_of(connection: sqlite3.Connection, alert_id: int) -> str:
    """The JSON an alert was judged by."""
    return str(connection.execute("SELECT evidence FROM Alert WHERE id = ?", (alert_id,)).fetchone()[0])


def keep_evidence(connection: sqlite3.Connection, alert_id: int, evidence: str) -> None:
    """Writes what more is known of an alert."""
    connection.execute("UPDATE Alert SET evidence = ? WHERE id = ?", (evidence, alert_id))


# --- the watch's own faults: process_phase


def learning_resets(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """(ts, part) of the events after which the engine learns anew, the oldest first: what was asked for, and each
    sweep that was noted."""
    query = (
        "SELECT since_ts, value FROM Setting WHERE key = 'learned.reset'"
        " UNION ALL SELECT ts, 'flue' FROM Annotation WHERE kind = 'cleaning' ORDER BY 1"
    )
    return connection.execute(query).fetchall()


def reset_learning(connection: sqlite3.Connection, ts: int, part: str, by: str) -> None:
    """Keeps the event of the instant `ts` after which `part` is learned anew."""
    statement = "INSERT INTO Setting (key, since_ts, value, by) VALUES ('learned.reset', ?, ?, ?)"
    connection.execute(statement, (ts, part, by))


def alerts_open_at(connection: sqlite3.Connection, ts: int) -> list[tuple[str, int, str]]:
    """(kind, opened_ts, evidence) of the alerts opened before the minute `ts` and not closed before it."""
    query = "SELECT kind, opened_ts, evidence FROM Alert WHERE opened_ts < ? AND (closed_ts IS NULL OR closed_ts >= ?)"
    return connection.execute(query, (ts, ts)).fetchall()


def open_evidence(connection: sqlite3.Connection) -> list[tuple[str, int, str]]:
    """(kind, opened_ts, evidence) of the open alerts."""
    return connection.execute("SELECT kind, opened_ts, evidence FROM Alert WHERE closed_ts IS NULL").fetchall()


def measured_before(connection: sqlite3.Connection, ts: int) -> Row | None:
    """The newest minute before `ts` with readings of its own, within the last 31 days."""
    query = f"SELECT {_ROW} FROM ChaudiereMinute WHERE ts < ? AND ts >= ? AND samples > 0 ORDER BY ts DESC LIMIT 1"
    found = connection.execute(query, (ts, ts - 31 * 86400)).fetchone()
    return Row._make(found) if found else None


def alert_between(connection: sqlite3.Connection, kind: str, start_ts: int, end_ts: int) -> int | None:
    """The alert of that kind opened last in [start_ts, end_ts]."""
    query = "SELECT id FROM Alert WHERE kind = ? AND opened_ts >= ? AND opened_ts <= ? ORDER BY opened_ts DESC LIMIT 1"
    found = connection.execute(query, (kind, start_ts, end_ts)).fetchone()
    return found and int(found[0])


_NOT_OWN = "NOT EXISTS (SELECT 1 FROM Alert WHERE Alert.id = alert_id AND kind = 'delivery') AND reason <> 'test' "
# The message that says that messages do not leave must not keep its own alert open.


def stuck(connection: sqlite3.Connection, now: int, waiting: int) -> tuple[int, int, str, str]:
    """(messages tried and not left after `waiting` seconds, messages given up within a day on an address that got none
    since, the channel of the newest of these, its gateway's words)."""
    late = (
        "SELECT id, channel FROM Delivery WHERE sent_ts IS NULL AND failed_ts IS NULL AND due_ts <= ? AND "
        + _NOT_OWN
        + "AND EXISTS (SELECT 1 FROM Attempt WHERE delivery_id = Delivery.id) ORDER BY id DESC"
    )
    waits = connection.execute(late, (now - waiting,)).fetchall()
    lost = (
        "SELECT id, channel FROM Delivery WHERE failed_ts > ? AND "
        + _NOT_OWN
        + "AND NOT EXISTS (SELECT 1 FROM Delivery AS later WHERE later.channel = Delivery.channel "
        "AND later.address = Delivery.address AND later.sent_ts > Delivery.failed_ts) ORDER BY id DESC"
    )
    fails = connection.execute(lost, (now - 86400,)).fetchall()
    newest = max(waits[:1] + fails[:1], default=None)
    if newest is None:
        return 0, 0, "", ""
    query = "SELECT words FROM Attempt WHERE delivery_id = ? ORDER BY id DESC LIMIT 1"
    said = connection.execute(query, newest[:1]).fetchone()
    return len(waits), len(fails), newest[1], said[0] if said else ""


def newest_balance(connection: sqlite3.Connection) -> float | None:
    """What the SMS gateway said last that is left."""
    query = "SELECT balance FROM Attempt WHERE balance IS NOT NULL ORDER BY id DESC LIMIT 1"
    found = connection.execute(query).fetchone()
    return found and float(found[0])


def newest_proofs(connection: sqlite3.Connection) -> dict[str, int]:
    """When the newest proof of the whole path was due, by channel."""
    query = "SELECT channel, MAX(due_ts) FROM Delivery WHERE reason = 'self_test' GROUP BY channel"
    return dict(connection.execute(query).fetchall())


# --- deliver


class Due(NamedTuple):
    """One delivery to try, with what its words are made of and its tries so far."""

    id: int
    reason: str
    channel: str
    address: str
    due_ts: int
    expires_ts: int
    alert_id: int | None
    kind: str | None
    opened_ts: int | None
    closed_ts: int | None
    acknowledged_by: str | None
    evidence: str | None
    tries: int
    last_try_ts: int | None
    last_outcome: str | None


def due_deliveries(connection: sqlite3.Connection, now: int, only: Sequence[int] = ()) -> list[Due]:
    """What is neither sent nor given up and due at `now`, oldest first; `only` these ids, if any."""
    query = (
        "SELECT Delivery.id, reason, channel, address, due_ts, expires_ts, alert_id, kind, opened_ts, closed_ts, "
        "acknowledged_by, evidence, "
        "(SELECT COALESCE(SUM(tries), 0) FROM Attempt WHERE delivery_id = Delivery.id), "
        "(SELECT MAX(COALESCE(until_ts, ts)) FROM Attempt WHERE delivery_id = Delivery.id), "
        "(SELECT outcome FROM Attempt WHERE delivery_id = Delivery.id ORDER BY id DESC LIMIT 1) "
        "FROM Delivery LEFT JOIN Alert ON Alert.id = alert_id "
        "WHERE sent_ts IS NULL AND failed_ts IS NULL AND due_ts <= ? ORDER BY due_ts, Delivery.id"
    )
    found = map(Due._make, connection.execute(query, (now,)))
    return [delivery for delivery in found if not only or delivery.id in only]


def anything_due(connection: sqlite3.Connection, now: int) -> bool:
    """Whether a delivery waits that is due at `now`."""
    query = "SELECT 1 FROM Delivery WHERE sent_ts IS NULL AND failed_ts IS NULL AND due_ts <= ? LIMIT 1"
    return connection.execute(query, (now,)).fetchone() is not None


def sent_times(connection: sqlite3.Connection, channel: str, address: str, since_ts: int) -> list[int]:
    """When messages left for an address since then, each once however many alerts it told."""
    query = (
        "SELECT sent_ts FROM Delivery WHERE channel = ? AND address = ? AND sent_ts >= ? AND told_by IS NULL "
        "AND reason <> 'test'"
    )
    return [ts for (ts,) in connection.execute(query, (channel, address, since_ts))]


class Try(NamedTuple):
    """How one try of one delivery ended."""

    delivery_id: int
    ts: int
    outcome: str
    words: str
    balance: float | None = None


def keep_attempt(connection: sqlite3.Connection, attempt: Try, ended: str | None, told_by: int | None = None) -> None:
    """Keeps one try; `ended` is sent_ts or failed_ts when it was the last, `told_by` the delivery that it left with.

    A try that ends as the one before it lengthens that one's row: a week without network is a row, not ten thousand.
    """
    number, ts, outcome, words, _balance = attempt
    statement = (
        "UPDATE Attempt SET tries = tries + 1, until_ts = ? WHERE id = "
        "(SELECT MAX(id) FROM Attempt WHERE delivery_id = ?) AND outcome = ? AND words = ? AND balance IS NULL"
    )
    if ended or not connection.execute(statement, (ts, number, outcome, words)).rowcount:
        columns = "delivery_id, ts, outcome, words, balance"
        connection.execute(f"INSERT INTO Attempt ({columns}) VALUES (?, ?, ?, ?, ?)", attempt)
    if ended is not None:
        connection.execute(f"UPDATE Delivery SET {ended} = ?, told_by = ? WHERE id = ?", (ts, told_by, number))


def newest_deliveries(connection: sqlite3.Connection, alert_id: int) -> list[tuple[str, str, str]]:
    """(reason, channel, address) of the newest message of an alert to each address; none for one not there."""
    query = (
        "SELECT reason, channel, address FROM Delivery WHERE id IN "
        "(SELECT MAX(id) FROM Delivery WHERE alert_id = ? GROUP BY channel, address) ORDER BY id"
    )
    return connection.execute(query, (alert_id,)).fetchall()


def has_alert(connection: sqlite3.Connection, alert_id: int) -> bool:
    """Whether there is such an alert."""
    return connection.execute("SELECT 1 FROM Alert WHERE id = ?", (alert_id,)).fetchone() is not None


def balance_since(connection: sqlite3.Connection, ts: int) -> bool:
    """Whether the SMS gateway said what is left since then."""
    query = "SELECT 1 FROM Attempt WHERE balance IS NOT NULL AND ts >= ? LIMIT 1"
    return connection.execute(query, (ts,)).fetchone() is not None


def keep_balance(connection: sqlite3.Connection, delivery_id: int, balance: float) -> None:
    """Writes what is left beside the newest try of a delivery."""
    statement = "UPDATE Attempt SET balance = ? WHERE id = (SELECT MAX(id) FROM Attempt WHERE delivery_id = ?)"
    connection.execute(statement, (balance, delivery_id))


def week(
    connection: sqlite3.Connection, start_ts: int, end_ts: int
) -> tuple[float, float | None, float | None, int, int, int, int, int, int, int]:
    """The facts of [start_ts, end_ts): share of the minutes measured, lowest and highest water, minutes in a low_water,
    minutes burning, ignitions, alerts, and messages that left, wait and failed."""
    span = (start_ts, end_ts)
    query = (
        "SELECT SUM(samples > 0), MIN(temp0), MAX(temp0), SUM(phase IN (6, 7, 8, 12)) "
        "FROM ChaudiereMinute WHERE ts >= ? AND ts < ?"
    )
    measured, lowest, highest, burning = connection.execute(query, span).fetchone()
    query = (
        "SELECT COUNT(*) FROM (SELECT phase, LAG(phase) OVER (ORDER BY ts) AS before FROM ChaudiereMinute "
        "WHERE ts >= ? AND ts < ?) WHERE phase = 7 AND before IS NOT 7"
    )
    ignitions = connection.execute(query, span).fetchone()[0]
    query = (
        "SELECT COALESCE(SUM(MIN(COALESCE(closed_ts, :end), :end) - MAX(opened_ts, :start)), 0) / 60 FROM Alert "
        "WHERE kind = 'low_water' AND opened_ts < :end AND COALESCE(closed_ts, :end) > :start"
    )
    below = connection.execute(query, {"start": start_ts, "end": end_ts}).fetchone()[0]
    alerts = connection.execute("SELECT COUNT(*) FROM Alert WHERE opened_ts >= ? AND opened_ts < ?", span).fetchone()[0]
    query = (
        "SELECT COALESCE(SUM(sent_ts IS NOT NULL), 0), COALESCE(SUM(sent_ts IS NULL AND failed_ts IS NULL), 0), "
        "COALESCE(SUM(failed_ts IS NOT NULL), 0) FROM Delivery WHERE due_ts >= ? AND due_ts < ?"
    )
    messages = connection.execute(query, span).fetchone()
    share = (measured or 0) * 60 / (end_ts - start_ts)
    return share, lowest, highest, below, burning or 0, ignitions, alerts, *messages


# --- the newest of everything: mqtt


def newest_reading(connection: sqlite3.Connection, until_ts: int) -> Row | None:
    """The newest reading at or before `until_ts`."""
    query = f"SELECT {_ROW} FROM Chaudiere WHERE ts <= ? ORDER BY ts DESC LIMIT 1"
    found = connection.execute(query, (until_ts,)).fetchone()
    return found and Row._make(found)


def newest_judged(connection: sqlite3.Connection, until_ts: int) -> Row | None:
    """The newest minute at or before `until_ts` whose phase is named."""
    query = f"SELECT {_ROW} FROM ChaudiereMinute WHERE ts <= ? AND phase IS NOT NULL ORDER BY ts DESC LIMIT 1"
    found = connection.execute(query, (until_ts,)).fetchone()
    return found and Row._make(found)


def newest_open_kinds(connection: sqlite3.Connection) -> tuple[Kind, ...]:
    """The kinds of the open alerts, the newest first."""
    from flask_app.boiler.alerts import Kind

    rows = connection.execute("SELECT kind FROM Alert WHERE closed_ts IS NULL ORDER BY opened_ts DESC").fetchall()
    return tuple(Kind(kind) for (kind,) in rows if kind in {known.value for known in Kind})


# --- fittings: the loop and the commissioning commands


def newest_value_ts(connection: sqlite3.Connection, column: str, now: int) -> int | None:
    """The time of the newest reading within a day before `now` that has a value in `column`."""
    query = f"SELECT MAX(ts) FROM Chaudiere WHERE ts > ? AND ts <= ? AND {column} IS NOT NULL"
    ts: int | None = connection.execute(query, (now - 86400, now)).fetchone()[0]
    return ts


_PROBE = "address, role, offset"
_CHANNEL = "role, input, turns, volts, power_factor, gate_amps, idle_amps, idle_spread, running_amps, learned_ts"


def probes(connection: sqlite3.Connection) -> list[Probe]:
    """The probes that the owner named."""
    from flask_app.boiler.fittings import Probe

    return list(map(Probe._make, connection.execute(f"SELECT {_PROBE} FROM Probe ORDER BY role")))


def channels(connection: sqlite3.Connection) -> list[Channel]:
    """The current clamps that the owner set."""
    from flask_app.boiler.fittings import Channel

    return list(map(Channel._make, connection.execute(f"SELECT {_CHANNEL} FROM Channel")))


def idles(connection: sqlite3.Connection) -> list[Idle]:
    """The idle currents that the loop learned."""
    from flask_app.boiler.fittings import Idle

    return list(map(Idle._make, connection.execute("SELECT role, ts, amps, spread FROM Idle")))


def keep_probe(connection: sqlite3.Connection, probe: Probe, ts: int) -> None:
    """Gives a probe its role and offset, in place of the probe that had the role."""
    connection.execute("DELETE FROM Probe WHERE role = ? OR address = ?", (probe.role, probe.address))
    connection.execute(f"INSERT INTO Probe ({_PROBE}, since_ts) VALUES (?, ?, ?, ?)", (*probe, ts))


def keep_channel(connection: sqlite3.Connection, channel: Channel) -> None:
    """Keeps what is known of a clamp."""
    slots = ", ".join("?" * len(channel))
    connection.execute(f"REPLACE INTO Channel ({_CHANNEL}) VALUES ({slots})", channel)


def keep_change(connection: sqlite3.Connection, key: str, ts: int, value: str, by: str) -> None:
    """Adds a line to the history of changes that the pages show."""
    connection.execute("INSERT INTO Setting (key, since_ts, value, by) VALUES (?, ?, ?, ?)", (key, ts, value, by))


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
