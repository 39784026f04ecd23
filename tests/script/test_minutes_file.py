"""Minutes out to a file and in again, by command, on a real database."""

from __future__ import annotations

import shutil
from pathlib import Path

from click.testing import CliRunner, Result

import manager
from config.settings import Settings
from flask_app import store
from flask_app.boiler.rollups import COLUMNS, TABLES
from flask_app.boiler.rows import Row
from flask_app.script.process_phase import process
from flask_app.store import Database

START = 20_500 * 86400


def run(environ: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(manager.cli, words, env=environ)


def filled(database: Database, settings: Settings, count: int = 2000) -> None:
    rows = [
        Row(
            START + 60 * n, water=round(70 - n / 100, 2), flue=100.0, primary_fan=1, primary_fan_duty=0.6667, samples=15
        )
        for n in range(count)
    ]
    with database.writing() as connection:
        store.insert_minutes(connection, rows)
    process(database, settings)


def held(database: Database) -> list[object]:
    connection = database.connection
    rollups = [store.columns_between(connection, table, COLUMNS, 0, 2**40).fetchall() for table in TABLES]
    return [store.minutes(connection, 0, 2**40), *rollups]


def told(database: Database) -> list[int]:
    return [
        database.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in ("Alert", "Delivery")
    ]


def test_an_export_fills_another_database_alike_and_tells_nobody(
    environ: dict[str, str], settings: Settings, database: Database, migrated_file: Path, tmp_path: Path
) -> None:
    filled(database, settings)
    file = tmp_path / "minutes.csv"
    (tmp_path / "other").mkdir()
    other = environ | {"CHAUDIERE_HOME": str(tmp_path / "other"), "CHAUDIERE_ALERT_EMAILS": "you@example.org"}
    shutil.copy(migrated_file, tmp_path / "other" / "chaudiere.db")

    out, into = run(environ, "minutes", "export", str(file)), run(other, "minutes", "import", str(file))

    assert (out.exit_code, into.exit_code) == (0, 0), out.output + into.output
    assert "2000 new, 0 replaced, 0 the same" in into.output
    copy = Database(str(tmp_path / "other" / "chaudiere.db"), str(tmp_path / "other.lock"))
    process(copy, settings)
    assert held(copy) == held(database)
    assert told(copy) == [0, 0]
    assert copy.world is store.World.REAL
    copy.close()


def test_a_file_of_what_is_kept_changes_nothing(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    filled(database, settings)
    before = held(database)
    run(environ, "minutes", "export", str(tmp_path / "a.csv"))

    answer = run(environ, "minutes", "import", str(tmp_path / "a.csv"))

    assert "0 new, 0 replaced, 2000 the same" in answer.output
    assert held(database) == before


def test_a_minute_that_differs_is_replaced_only_when_asked(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    filled(database, settings)
    file = tmp_path / "a.csv"
    run(environ, "minutes", "export", str(file))
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[700] = lines[700].replace(";100.00;", ";250.00;")
    file.write_text("".join(lines), encoding="utf-8", newline="")

    refused = run(environ, "minutes", "import", str(file))
    assert refused.exit_code == 1
    assert "line 701: another minute" in refused.output
    replaced = run(environ, "minutes", "import", str(file), "--replace")

    assert "0 new, 1 replaced, 1999 the same" in replaced.output
    highest = "SELECT MAX(temp1_max) FROM"
    assert [database.connection.execute(f"{highest} {table}").fetchone()[0] for table in TABLES] == [25000] * 4


def test_one_bad_line_and_nothing_is_kept(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    filled(database, settings)
    file = tmp_path / "a.csv"
    run(environ, "minutes", "export", str(file))
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[3] = lines[3].replace(";100.00;", ";hot;")
    lines.append(lines[-1].replace("2026-02", "2099-02"))
    file.write_text("".join(lines), encoding="utf-8", newline="")
    with database.writing() as connection:
        connection.execute("DELETE FROM ChaudiereMinute")

    answer = run(environ, "minutes", "import", str(file))

    assert answer.exit_code == 1
    assert "line 4: flue is 'hot'" in answer.output
    assert f"line {len(lines)}: this minute has not been yet" in answer.output
    assert store.minute_span(database.connection) == (None, None)


def test_minutes_without_a_phase_are_undefined_until_they_are_reworked(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    filled(database, settings, 600)
    named = [row.phase for row in store.minutes(database.connection, START + 21600, START + 36000)]
    file = tmp_path / "a.csv"
    run(environ, "minutes", "export", str(file))
    text = file.read_text(encoding="utf-8")
    for phase in ("combustion", "ignition", "watch", "stopped", "undefined", "burn_out", "fire_keeping", "jam_risk"):
        text = text.replace(f";{phase};", ";;")
    file.write_text(text, encoding="utf-8", newline="")
    with database.writing() as connection:
        connection.execute("DELETE FROM ChaudiereMinute")

    answer = run(environ, "minutes", "import", str(file))
    process(database, settings)
    told_before = told(database)
    rework = run(environ, "phases", "rework", "--from", str(START))

    assert "600 had no phase" in answer.output
    assert rework.exit_code == 0, rework.output
    assert [row.phase for row in store.minutes(database.connection, START + 21600, START + 36000)] == named
    assert told(database) == told_before


def test_an_export_is_of_the_days_named(
    environ: dict[str, str], settings: Settings, database: Database, tmp_path: Path
) -> None:
    filled(database, settings)

    answer = run(environ, "minutes", "export", str(tmp_path / "a.csv"), "--from", "2026-02-17", "--to", "2026-02-18")

    lines = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert answer.exit_code == 0, answer.output
    assert lines[1].split(";")[1].startswith("2026-02-17T00:00:00+01:00")
    again = run(environ, "minutes", "export", str(tmp_path / "a.csv"))
    assert "exists already" in again.output
    assert "neither a date" in run(environ, "minutes", "export", "b.csv", "--from", "today").output
