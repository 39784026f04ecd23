"""The commands on the database: what they show, keep and refuse."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import manager
from config.settings import Settings
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.store import Database

OLD = 1_700_000_000 // 60 * 60
YEAR = 365 * 86400


def run(environ: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(manager.cli, words, env=environ)


def keep(database: Database, readings: int, minutes: int) -> None:
    with database.writing() as connection:
        store.insert_readings(connection, [Row(OLD + 4 * number, water=60.0) for number in range(readings)])
        store.insert_minutes(connection, [Row(OLD + 60 * number, water=60.0) for number in range(minutes)])


def count(database: Database, table: str) -> int:
    found: int = database.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
    return found


def test_old_readings_go_but_never_those_that_no_minute_holds(
    environ: dict[str, str], settings: Settings, database: Database
) -> None:
    environ["CHAUDIERE_RAW_HOURS"] = "24"
    keep(database, readings=15 * 1550, minutes=100 + 1440)

    answer = run(environ, "database", "rotate", "Chaudiere")

    assert answer.exit_code == 0, answer.output
    assert "1500 rows" in answer.output
    assert count(database, "Chaudiere") == 15 * 1450


def test_old_minutes_are_kept_for_their_years(environ: dict[str, str], settings: Settings, database: Database) -> None:
    keep(database, readings=0, minutes=100)

    assert run(environ, "database", "rotate", "ChaudiereMinute").exit_code == 0

    assert count(database, "ChaudiereMinute") == 100


@pytest.mark.parametrize("ahead", [0, 60])
def test_a_clock_years_ahead_deletes_nothing_though_the_loop_wrote_by_it(
    environ: dict[str, str], settings: Settings, database: Database, ahead: int
) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO Setting (key, since_ts, value, by) VALUES ('minute_days', 0, '35', 'ana')")
        store.insert_minutes(connection, [Row(OLD + 10 * YEAR + 60 * number) for number in range(ahead)])
        store.insert_readings(connection, [Row(OLD + 60 * (35 * 1440 - number), water=60.0) for number in range(200)])
    keep(database, readings=0, minutes=35 * 1440 - ahead)

    said = [run(environ, "database", "rotate", table).output for table in store.ROTATED]

    assert said == ["0 rows of Chaudiere deleted\n", "0 rows of ChaudiereMinute deleted\n"]


def test_a_minute_goes_for_each_that_comes_once_all_are_there(
    environ: dict[str, str], settings: Settings, database: Database
) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO Setting (key, since_ts, value, by) VALUES ('minute_days', 0, '35', 'ana')")
    keep(database, readings=0, minutes=35 * 1440 + 3)

    assert "3 rows" in run(environ, "database", "rotate", "ChaudiereMinute").output


def test_an_unknown_table_is_refused_by_name(environ: dict[str, str], settings: Settings) -> None:
    answer = run(environ, "database", "rotate", "Alert")

    assert answer.exit_code == 1
    assert "Chaudiere and ChaudiereMinute" in answer.output


def test_a_backup_holds_everything_and_replaces_nothing(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    keep(database, readings=100, minutes=10)
    file = tmp_path / "copy.db"

    assert run(environ, "database", "backup", str(file)).exit_code == 0

    copy = Database(str(file), settings.lock)
    assert count(copy, "Chaudiere") == 100
    copy.close()
    again = run(environ, "database", "backup", str(file))
    assert again.exit_code == 1
    assert "exists already" in again.output


def test_a_database_of_an_older_version_is_copied_too_for_an_update_copies_before_it_changes(
    environ: dict[str, str], settings: Settings, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(settings.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")

    answer = run(environ, "database", "backup", str(tmp_path / "copy.db"))

    assert answer.exit_code == 0, answer.output
    absent = run({**environ, "CHAUDIERE_DATABASE": str(tmp_path / "none.db")}, "database", "backup")
    assert absent.exit_code == 1
    assert "does not exist" in absent.output


def test_the_statistics_name_sqlite_and_its_worth(environ: dict[str, str], settings: Settings) -> None:
    answer = run(environ, "database", "stats")

    assert answer.exit_code == 0
    assert "SQLite 3." in answer.output


@pytest.mark.parametrize("words", [[], ["--to", "60"]])
def test_a_rework_without_a_span_is_refused(words: list[str], environ: dict[str, str], settings: Settings) -> None:
    assert run(environ, "phases", "rework", *words).exit_code == 2


@pytest.mark.parametrize("words", [["--hours", "1"], ["--from", f"{datetime.fromtimestamp(OLD, UTC):%Y-%m-%d}"]])
def test_a_rework_says_what_changed(
    words: list[str], environ: dict[str, str], settings: Settings, database: Database
) -> None:
    with database.writing() as connection:
        store.insert_minutes(connection, [Row(OLD, water=60.0, primary_fan=0, phase=6)])

    answer = run(environ, "phases", "rework", *words)

    assert answer.exit_code == 0
    assert "1 minutes changed" in answer.output
