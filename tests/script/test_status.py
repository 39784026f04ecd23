"""`manager.py status`: healthy, not healthy, and what it cannot tell."""

from __future__ import annotations

import time
from pathlib import Path

from click.testing import CliRunner, Result

from config.settings import Settings
from flask_app.boiler.rows import Row
from flask_app.script.status import report
from flask_app.store import Database, Health, health, insert_readings
from manager import cli

NOW = 1_767_139_200
WELL = Health(NOW - 4, NOW - 120, NOW - 120, waiting=0, oldest_due_ts=None, failed=0)


def status(environ: dict[str, str]) -> Result:
    return CliRunner().invoke(cli, ["status"], env=environ)


def test_an_installation_with_fresh_rows_minutes_and_judgements_is_healthy() -> None:
    lines, reasons = report(WELL, NOW)

    assert lines[:2] == ["newest row     4 s ago", "newest minute  60 s ago"]
    assert reasons == []


def test_no_row_for_three_minutes_is_not_well() -> None:
    assert report(WELL._replace(reading_ts=NOW - 180), NOW)[1] == []
    assert report(WELL._replace(reading_ts=NOW - 181), NOW)[1] == ["the sensor loop writes no rows"]


def test_a_minute_not_folded_five_minutes_after_its_end_is_not_well() -> None:
    assert report(WELL._replace(minute_ts=NOW - 361), NOW)[1] == ["archive_minute does not run"]


def test_a_minute_not_judged_five_minutes_after_its_end_is_not_well() -> None:
    assert report(WELL._replace(state_ts=None), NOW)[1] == ["process_phase does not run"]


def test_a_message_that_waits_or_failed_is_not_well() -> None:
    waiting = WELL._replace(waiting=1, oldest_due_ts=NOW - 601)

    assert report(waiting, NOW)[1] == ["a message waits since 10 min"]
    assert report(WELL._replace(failed=2), NOW)[1] == ["messages could not be sent"]


def test_a_row_ahead_of_the_clock_is_said_to_be_so() -> None:
    assert report(WELL._replace(reading_ts=NOW + 30), NOW)[0][0] == "newest row     30 s ahead of this machine's clock"


def delivery(database: Database, due_ts: int, sent_ts: int | None = None, failed_ts: int | None = None) -> None:
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO Delivery (reason, channel, address, due_ts, expires_ts, sent_ts, failed_ts) "
            "VALUES ('test', 'mail', 'you@example.org', ?, ?, ?, ?)",
            (due_ts, due_ts + 3600, sent_ts, failed_ts),
        )


def test_health_counts_the_messages_that_are_due_and_still_of_use(database: Database) -> None:
    delivery(database, NOW - 100)
    delivery(database, NOW - 200)
    delivery(database, NOW + 1)  # not due yet
    delivery(database, NOW - 3601)  # expired
    delivery(database, NOW - 300, sent_ts=NOW)
    delivery(database, NOW - 400, failed_ts=NOW)

    found = health(database.connection, NOW)

    assert found == Health(None, None, None, waiting=2, oldest_due_ts=NOW - 200, failed=1)


def test_the_command_fails_on_an_empty_database_and_names_each_reason(
    environ: dict[str, str], settings: Settings
) -> None:
    result = status(environ)

    assert result.exit_code == 1
    assert "not well: the sensor loop writes no rows" in result.output


def test_the_command_succeeds_when_all_is_well(environ: dict[str, str], database: Database) -> None:
    now = int(time.time())
    minute = now - now % 60 - 60
    with database.writing() as connection:
        insert_readings(connection, [Row(now)])
        connection.execute("INSERT INTO ChaudiereMinute (ts) VALUES (?)", (minute,))
        connection.execute("INSERT INTO EngineState VALUES (?, 1, '{}')", (minute,))

    result = status(environ)

    assert result.exit_code == 0, result.output
    assert result.output.endswith("healthy\n")


def test_the_command_cannot_tell_without_a_database(environ: dict[str, str]) -> None:
    result = status(environ)

    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_the_command_cannot_tell_with_a_file_that_is_no_database(environ: dict[str, str], settings: Settings) -> None:
    Path(settings.database).write_bytes(b"rubbish" * 1000)

    result = status(environ)

    assert result.exit_code == 2
    assert "cannot be read as a database" in result.output


def test_the_command_cannot_tell_with_a_wrong_setting(environ: dict[str, str]) -> None:
    result = status(environ | {"CHAUDIERE_PORT": "high"})

    assert result.exit_code == 2
    assert "CHAUDIERE_PORT" in result.output
