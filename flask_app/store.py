"""The writers' door to the database: one connection, the lock, and one function per statement.

Writers have sqlite3, not SQLAlchemy: a cron job starts every minute on a small Pi, and sqlite3 starts in 24 ms of CPU
where SQLAlchemy takes 400 to 700 (docs/performance.md).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum

from flask_app import lock
from flask_app.boiler.rows import COLUMNS, Row

SCHEMA = "0001"
"""The migration that this code needs (flask_app/migrations/versions)."""

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


def _open(path: str) -> sqlite3.Connection:
    if not os.path.exists(path):
        raise StoreError(f"{path} does not exist: run `python manager.py database upgrade`")
    try:
        # The lock file decides who writes; busy_timeout is for a stranger's connection, such as the sqlite3 shell.
        connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("SELECT name FROM sqlite_master LIMIT 1")
    except sqlite3.DatabaseError as error:
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


def insert_readings(connection: sqlite3.Connection, readings: Iterable[Row]) -> int:
    """Keeps `readings`; returns how many. A second already taken is skipped, never replaced."""
    before = connection.total_changes
    connection.executemany(f"INSERT OR IGNORE INTO Chaudiere ({_ROW}) VALUES ({_SLOTS})", readings)
    return connection.total_changes - before


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
