"""The writers' door: what it refuses to open, what a transaction keeps, and how much a rotation locks at once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from config.settings import Settings
from flask_app import lock, store
from flask_app.boiler.rows import Row
from flask_app.store import Database, StoreError, World

NOW = 1_796_000_000


def readings(count: int) -> list[Row]:
    return [Row(NOW + 4 * number, water=60.0) for number in range(count)]


def test_an_absent_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="database upgrade"):
        Database(str(tmp_path / "none.db"), str(tmp_path / "lock"))

    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear boiler, " * 100)

    with pytest.raises(StoreError, match="cannot be read as a database"):
        Database(str(path), str(tmp_path / "lock"))

    assert path.read_text().startswith("Dear boiler")


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "other.db")
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (words)")
    connection.close()

    with pytest.raises(StoreError, match="not a Chaudiere database"):
        Database(path, str(tmp_path / "lock"))


def test_a_missing_migration_is_named_with_the_remedy(settings: Settings) -> None:
    connection = sqlite3.connect(settings.database)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()

    with pytest.raises(StoreError, match=r"0000.*database upgrade"):
        Database(settings.database, settings.lock)


def test_a_real_and_a_simulated_boiler_never_share_a_file(database: Database) -> None:
    database.claim(World.REAL)
    database.claim(World.REAL)

    with pytest.raises(StoreError, match="holds real data and not simulated data"):
        database.claim(World.SIMULATED)


def test_an_error_in_a_transaction_keeps_nothing_of_it(database: Database) -> None:
    rows = [("mail", "you@example.org"), ("mail", None)]

    with pytest.raises(sqlite3.IntegrityError), database.writing() as connection:
        connection.executemany("INSERT INTO Recipient (channel, address) VALUES (?, ?)", rows)

    assert database.connection.execute("SELECT * FROM Recipient").fetchall() == []


def test_a_second_already_taken_is_never_replaced(database: Database) -> None:
    with database.writing() as connection:
        kept = [store.insert_readings(connection, [Row(NOW, water=water)]) for water in (60.0, 61.0)]

    assert kept == [1, 0]
    assert next(store.readings(database.connection, NOW, NOW + 1))[1] == 60.0


def test_readings_moved_past_each_other_are_all_kept(database: Database) -> None:
    with database.writing() as connection:
        store.insert_readings(connection, [Row(NOW + second, water=60.0 + second) for second in range(0, 12, 4)])
        store.move_readings(connection, [(NOW + second, NOW + second + 4) for second in range(0, 12, 4)])

    found = [(row[0] - NOW, row[1]) for row in store.readings(database.connection, NOW, NOW + 60)]
    assert found == [(4, 60.0), (8, 64.0), (12, 68.0)]


def test_who_finds_the_lock_held_changes_nothing(database: Database) -> None:
    with lock.hold(database.lock_path, 0), pytest.raises(lock.LockBusyError), database.writing(wait=0):
        pytest.fail("written without the lock")


def test_only_a_durable_transaction_syncs_the_card(database: Database) -> None:
    modes = []
    for durable in (False, True):
        with database.writing(durable=durable) as connection:
            modes.append(connection.execute("PRAGMA synchronous").fetchone()[0])

    assert modes == [1, 2]  # NORMAL, FULL


def test_a_rotation_lets_the_loop_write_between_its_batches(database: Database) -> None:
    count = 3 * store.BATCH
    with database.writing() as connection:
        store.insert_readings(connection, readings(count))
        store.insert_minutes(connection, [Row(NOW // 60 * 60 + 60 * number) for number in range(count // 15 + 2)])
    longest = 0

    def watch(_statement: str) -> None:
        nonlocal longest
        longest = max(longest, database.connection.total_changes - seen[-1])
        seen.append(database.connection.total_changes)

    seen = [database.connection.total_changes]
    database.connection.set_trace_callback(watch)
    deleted = store.rotate(database, "Chaudiere", NOW + 4 * count)
    database.connection.set_trace_callback(None)

    assert deleted == count
    assert longest <= store.BATCH
