"""The predecessor's databases, made here as it made them, taken over by command into a real database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

import manager
from config.settings import Settings
from flask_app import store
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row
from flask_app.script.archive_minute import archive
from flask_app.script.process_phase import process
from flask_app.store import Database, World

PARIS = ZoneInfo("Europe/Paris")
DAY = datetime(2022, 1, 10)
COLUMNS = (
    "id INTEGER PRIMARY KEY, dt DATETIME, temp0 FLOAT, temp1 FLOAT, temp2 FLOAT, temp3 FLOAT, watt0 INTEGER, "
    "watt1 INTEGER, watt2 INTEGER, watt3 INTEGER, phase INTEGER, change BOOLEAN, event VARCHAR(100)"
)
KEPT = "INSERT INTO {} (dt, temp0, temp1, temp2, watt0, watt1, watt2, watt3, phase) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 6)"

Values = tuple[float | None, ...]
BURNING: Values = (66.0, 110.0, 21.0, None, 0, 1660, 400.5)
RESTING: Values = (60.0, 60.0, 21.0, None, 0, 0, 0)


def left(folder: Path, table: str, rows: Iterable[tuple[datetime, Values]]) -> Path:
    """A file as the predecessor leaves it; its times are local, with microseconds."""
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / f"{table}.db")) as connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({COLUMNS})")
        texts = [(f"{moment:%Y-%m-%d %H:%M:%S.%f}", *values) for moment, values in rows]
        connection.executemany(KEPT.format(table), texts)
        connection.commit()
    return folder


def hours(count: float, values: Values = RESTING, start: datetime = DAY) -> list[tuple[datetime, Values]]:
    return [(start + timedelta(minutes=number), values) for number in range(int(60 * count))]


def run(environ: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(manager.cli, ["database", "import-legacy", *words], env=environ)


def held(database: Database) -> list[Row]:
    return store.minutes(database.connection, 0, store.ALWAYS)


def told(database: Database) -> list[int]:
    count = database.connection.execute
    return [count(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in ("Alert", "Delivery")]


def ts(moment: datetime) -> int:
    return int(moment.replace(tzinfo=PARIS).timestamp())


def test_its_minutes_become_ours_with_phases_and_roll_ups_and_nobody_is_told(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    rows = [*hours(6), *hours(2, BURNING, DAY + timedelta(hours=6)), *hours(30, RESTING, DAY + timedelta(hours=8))]
    folder = left(tmp_path / "db", "chaudiere_minute", rows)

    answer = run(environ, str(folder))

    assert answer.exit_code == 0, answer.output
    assert "2280 minutes kept, from 2022-01-10 00:00 to 2022-01-11 13:59" in answer.output
    minutes = held(database)
    assert [row.ts for row in minutes] == [ts(DAY) + 60 * number for number in range(2280)]
    burning = minutes[400]
    assert (burning.water, burning.primary_fan, burning.primary_fan_power, burning.secondary_fan) == (66, 1, 39.0, None)
    assert burning.auger_duty == pytest.approx(0.24, abs=0.001)
    assert (burning.phase, minutes[100].phase) == (Phase.COMBUSTION, Phase.STOPPED)
    burnt = sum(row.phase == Phase.COMBUSTION for row in minutes)
    for table in ("TenMinutes", "Hour", "Day"):
        found = database.connection.execute(f"SELECT SUM(phase6), MAX(temp0_max) FROM {table}").fetchone()
        assert found == (burnt, 6600)
    assert told(database) == [0, 0]
    assert store.newest_state_ts(database.connection) is None
    assert database.connection.execute("PRAGMA application_id").fetchone()[0] == World.REAL.value


def test_a_second_run_changes_nothing_and_one_cut_short_goes_on(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    folder = left(tmp_path / "db", "chaudiere_minute", hours(100))
    assert run(environ, str(folder)).exit_code == 0
    whole = held(database)

    again = run(environ, str(folder))

    assert "0 minutes kept" in again.output
    assert "6000 minutes left out: kept here already" in again.output
    assert held(database) == whole
    with database.writing() as connection:  # as if the power had gone after two of its days
        connection.execute("DELETE FROM ChaudiereMinute WHERE ts >= ?", (ts(DAY) + 2 * 86400,))
    assert "3120 minutes kept" in run(environ, str(folder)).output
    assert held(database) == whole


def test_minutes_of_ours_are_never_replaced(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    ours = [Row(ts(DAY) + 60 * number, water=42.0, samples=15, phase=9) for number in range(100, 120)]
    with database.writing() as connection:
        store.insert_minutes(connection, ours)
    folder = left(tmp_path / "db", "chaudiere_minute", hours(4))

    answer = run(environ, str(folder))

    assert "220 minutes kept" in answer.output
    assert "20 minutes left out: kept here already" in answer.output
    assert held(database)[100:120] == ours


def test_readings_tell_more_than_the_means_made_of_them(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    def readings(minute: datetime, *values: Values) -> list[tuple[datetime, Values]]:
        return [(minute + timedelta(seconds=7 * number), value) for number, value in enumerate(values)]

    lost, pulse = (-1.0, *RESTING[1:]), (*RESTING[:6], 1671)
    folder = left(tmp_path / "db", "chaudiere_minute", hours(1, (44.75, *RESTING[1:])))
    left(folder, "chaudiere", readings(DAY, RESTING, lost, pulse, RESTING))

    answer = run(environ, str(folder))

    assert answer.exit_code == 0, answer.output
    first, second = held(database)[:2]
    assert (first.water, first.auger, first.auger_duty, first.samples) == (60.0, 1, 0.25, None)
    assert first.auger_power == pytest.approx(94, rel=0.01)
    assert second.water == 44.75
    assert told(database) == [0, 0]


def test_the_hour_of_autumn_and_a_change_of_zone_lose_nothing(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    autumn = datetime(2021, 10, 31)
    rows = [*hours(3, start=autumn), *hours(2, start=autumn + timedelta(hours=2))]
    folder = left(tmp_path / "db", "chaudiere_minute", rows)

    assert run(environ, str(folder)).exit_code == 0
    assert [row.ts for row in held(database)] == [ts(autumn) + 60 * number for number in range(300)]
    assert "300 minutes left out" not in run(environ, str(folder), "--zone", "America/Montreal").output


def test_rows_that_cannot_be_used_are_counted(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    future = datetime.fromtimestamp(time.time() + 86400)
    rows = [*hours(1), *hours(0.5), *hours(0.1, start=future), *hours(0.1, start=datetime(1970, 1, 1, 1))]
    folder = left(tmp_path / "db", "chaudiere_minute", rows)
    with closing(sqlite3.connect(folder / "chaudiere_minute.db")) as connection:
        connection.execute("INSERT INTO chaudiere_minute (dt) VALUES (NULL), ('2022-03-27 02:30:00.000000')")
        connection.execute("UPDATE chaudiere_minute SET temp0 = -1, temp1 = 200 WHERE id <= 10")
        connection.commit()

    answer = run(environ, str(folder))

    lines = answer.output.splitlines()
    assert "60 minutes kept, from 2022-01-10 00:00 to 2022-01-10 00:59" in answer.output
    assert "12 minutes left out: of the future, or before 2018" in lines
    assert "30 rows left out: of a minute that another row tells" in lines
    assert any(line.startswith("2 rows left out: their local time") for line in lines)
    assert any(line.startswith("20 temperatures left empty") for line in lines)


def test_the_present_goes_on_beside_it_without_a_word_of_the_past(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    environ["CHAUDIERE_ALERT_EMAILS"] = "you@example.org"
    cold = (40.0, *RESTING[1:])
    folder = left(tmp_path / "db", "chaudiere_minute", [*hours(20), *hours(5, cold, DAY + timedelta(hours=20))])
    now = ts(DAY) + 40 * 3600

    assert run(environ, str(folder)).exit_code == 0
    with database.writing() as connection:
        store.insert_readings(connection, [Row(now + 4 * number, water=60.0) for number in range(150)])
    archive(database, now + 603)
    process(database, settings, now + 603)

    assert len(held(database)) == 1500 + 10  # no silence is told between the two
    assert told(database) == [0, 0]


def test_a_simulated_database_is_refused(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    database.claim(World.SIMULATED)

    answer = run(environ, str(left(tmp_path / "db", "chaudiere_minute", hours(1))))

    assert answer.exit_code == 1
    assert "holds simulated data" in answer.output
    assert held(database) == []


def test_what_is_not_its_folder_is_refused_with_the_remedy(
    environ: dict[str, str], settings: Settings, tmp_path: Path
) -> None:
    empty, foreign, broken, half = (tmp_path / name for name in ("empty", "foreign", "broken", "half"))
    for folder in (empty, foreign, broken, half):
        folder.mkdir()
    (broken / "chaudiere_minute.db").write_bytes(b"not a database, and long enough to be read as one" * 40)
    for folder, table in ((foreign, "other (id)"), (half, "chaudiere_minute (id, dt)")):
        with closing(sqlite3.connect(folder / "chaudiere_minute.db")) as connection:
            connection.execute(f"CREATE TABLE {table}")

    def answer(folder: Path) -> str:
        found = run(environ, str(folder))
        assert found.exit_code != 0
        return found.output

    assert "holds neither chaudiere_minute.db nor chaudiere.db" in answer(empty)
    assert "lacks the table chaudiere_minute" in answer(foreign)
    assert "cannot be read" in answer(broken)
    assert "lacks temp0, temp1" in answer(half)
    assert "of this program" in answer(Path(settings.home))
    assert "does not exist" in answer(tmp_path / "absent")


def test_a_zone_that_is_none_is_told(environ: dict[str, str], settings: Settings, tmp_path: Path) -> None:
    folder = left(tmp_path / "db", "chaudiere_minute", hours(1))

    answer = run(environ, str(folder), "--zone", "Europe/Nowhere")

    assert answer.exit_code == 2
    assert "such as Europe/Paris" in answer.output
