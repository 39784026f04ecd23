"""The judging job on a real database: phases, alerts, messages planned, states kept, and what a second run changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from config.settings import Settings
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.script.process_phase import process, rework, timetable
from flask_app.store import Database

DAY = 86400
START = 20_000 * DAY
PROJECT = Path(__file__).parent.parent.parent


def minute(ts: int, water: float | None = 65.0) -> Row:
    return Row(ts, water=water, flue=40.0, primary_fan=0, igniter=0, auger=0, samples=15)


def keep(database: Database, minutes: list[Row]) -> None:
    with database.writing() as connection:
        store.insert_minutes(connection, minutes)


def cooling(count: int = 240) -> list[Row]:
    """A boiler that is out: 65 °C, a quarter of a degree less each minute."""
    return [minute(START + 60 * number, 65 - number / 4) for number in range(count)]


def everything(database: Database) -> list[object]:
    tables = ("ChaudiereMinute", "Alert", "Delivery", "EngineState")
    return [database.connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables]


def low_water(database: Database) -> list[tuple[int, int | None]]:
    query = "SELECT opened_ts, closed_ts FROM Alert WHERE kind = 'low_water' ORDER BY opened_ts"
    return database.connection.execute(query).fetchall()


def test_every_minute_gets_a_phase_and_a_second_run_changes_nothing(database: Database, settings: Settings) -> None:
    keep(database, cooling())

    assert process(database, settings) == 240

    before = everything(database)
    assert store.unjudged_ts(database.connection, 0) is None
    assert process(database, settings) == 0
    assert everything(database) == before


def test_the_alert_opens_at_the_first_minute_below_and_tells_all_who_are_named(
    environ: dict[str, str], database: Database, settings: Settings
) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO Recipient (channel, address) VALUES ('mail', 'a@example.org')")
        connection.execute("INSERT INTO Recipient (channel, address) VALUES ('sms', '+33639980001')")
    keep(database, cooling())

    process(database, settings)

    cold_ts = START + 37 * 60
    assert low_water(database) == [(cold_ts, None)]
    query = (
        "SELECT channel, reason, due_ts FROM Delivery JOIN Alert ON Alert.id = alert_id "
        "WHERE kind = 'low_water' ORDER BY channel"
    )
    found = database.connection.execute(query).fetchall()
    assert found == [("mail", "opened", cold_ts + 60), ("sms", "opened", cold_ts + 60)]


def test_a_recovery_closes_the_alert_and_is_mailed(database: Database, settings: Settings) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO Recipient (channel, address) VALUES ('mail', 'a@example.org')")
    cold = cooling(60)
    warm_ts = cold[-1].ts + 60
    keep(database, cold + [minute(warm_ts + 60 * number, 60.0) for number in range(5)])

    process(database, settings)

    assert low_water(database) == [(START + 37 * 60, warm_ts + 60)]
    assert database.connection.execute("SELECT COUNT(*) FROM Delivery WHERE reason = 'recovery'").fetchone()[0] >= 1


def test_minutes_judged_again_open_no_second_alert(database: Database, settings: Settings) -> None:
    keep(database, cooling())
    process(database, settings)
    alerts = database.connection.execute("SELECT * FROM Alert ORDER BY id").fetchall()
    again = [row._replace(water=row.water and row.water - 1) for row in cooling()[-30:]]
    with database.writing() as connection:
        store.replace_minutes(connection, again)

    assert process(database, settings) >= 30
    assert database.connection.execute("SELECT * FROM Alert ORDER BY id").fetchall() == alerts


def test_live_minutes_and_a_backlog_end_alike(
    database: Database, settings: Settings, migrated_file: Path, tmp_path: Path
) -> None:
    other_file = tmp_path / "other.db"
    other_file.write_bytes(migrated_file.read_bytes())
    other = Database(str(other_file), str(tmp_path / "other.lock"))
    keep(database, cooling())
    process(database, settings)
    for row in cooling():
        keep(other, [row])
        process(other, settings)

    live, backlog = everything(other), everything(database)
    other.close()

    assert live[:2] == backlog[:2]


def test_the_setpoint_in_force_at_each_minute_is_used(database: Database, settings: Settings) -> None:
    options_at = timetable(settings.options, [("setpoint", START + 600, "50"), ("setpoint", START + 1200, "40")])

    assert [options_at(START + ts).setpoint for ts in (0, 599, 600, 1199, 1200)] == [56, 56, 50, 50, 40]


def test_rework_names_phases_again_and_tells_nobody(database: Database, settings: Settings) -> None:
    keep(database, cooling())
    process(database, settings)
    before = everything(database)
    with database.writing() as connection:
        connection.execute("UPDATE ChaudiereMinute SET phase = 6 WHERE ts < ?", (START + 6000,))
        connection.execute("DELETE FROM Delivery")
        connection.execute("DELETE FROM Alert")

    went = rework(database, settings, START, START + DAY)

    assert sum(went.values()) == 100
    assert everything(database)[0] == before[0]
    assert everything(database)[1:3] == [[], []]


def test_killed_at_any_point_and_run_again_nothing_is_lost_nor_doubled(
    environ: dict[str, str], database: Database, settings: Settings, migrated_file: Path, tmp_path: Path
) -> None:
    keep(database, cooling(600))
    process(database, settings)
    expected = everything(database)[:3]
    home = tmp_path / "killed"
    (home / "run").mkdir(parents=True)
    (home / "chaudiere.db").write_bytes(migrated_file.read_bytes())
    killed = Database(str(home / "chaudiere.db"), str(home / "run" / "database.lock"))
    keep(killed, cooling(600))
    job = [sys.executable, "-m", "flask_app.script.process_phase"]
    world = {**os.environ, "CHAUDIERE_HOME": str(home)}

    for milliseconds in (20, 40, 60, 80, 100, 120, 140, 160):
        process_run = subprocess.Popen(job, env=world, cwd=PROJECT)
        try:
            process_run.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            process_run.send_signal(signal.SIGKILL)
            process_run.wait()
    two = [subprocess.Popen(job, env=world, cwd=PROJECT) for _ in range(2)]

    assert [run.wait() for run in two] == [0, 0]
    assert subprocess.run(job, env=world, cwd=PROJECT, check=False).returncode == 0
    assert everything(killed)[:3] == expected
    killed.close()
