"""`manager.py status`: healthy, not healthy, and what it cannot tell."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from click.testing import CliRunner, Result

from config.settings import Settings
from flask_app import system
from flask_app.boiler.rows import Row
from flask_app.script.status import report
from flask_app.store import Database, insert_readings
from flask_app.system import Check, Facts
from manager import cli

NOW = 1_767_139_200
WELL = Facts(
    NOW - 4,
    NOW - 120,
    NOW - 120,
    rows_hour=900,
    waiting=0,
    oldest_due_ts=None,
    failed=0,
    proof_ts=NOW - 86400,
    simulated=False,
)


def status(environ: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(cli, ["status", *words], env=environ)


def reasons(told: Facts, settings: Settings) -> list[str]:
    """What is not well of what the database tells; the machine's own state is not this test's."""
    place = system.Place(settings.database, settings.home, settings.runtime)
    names = ("newest_", "judged_", "messages_", "alerting_", "rows_", "job_", "last_backup")
    return report([check for check in system.checks(place, told, NOW, "2025-12-31") if check.name.startswith(names)])[1]


def test_an_installation_with_fresh_rows_minutes_and_judgements_is_healthy(settings: Settings) -> None:
    assert reasons(WELL, settings) == []


def test_no_row_for_three_minutes_is_not_well(settings: Settings) -> None:
    assert reasons(WELL._replace(reading_ts=NOW - 180), settings) == []
    assert reasons(WELL._replace(reading_ts=NOW - 181), settings) == ["the sensor loop writes no rows"]


def test_a_minute_not_folded_five_minutes_after_its_end_is_not_well(settings: Settings) -> None:
    assert reasons(WELL._replace(minute_ts=NOW - 361), settings) == ["archive_minute does not run"]


def test_a_minute_not_judged_five_minutes_after_its_end_is_not_well(settings: Settings) -> None:
    assert reasons(WELL._replace(state_ts=None), settings) == ["process_phase does not run"]


def test_a_message_that_waits_or_failed_is_not_well(settings: Settings) -> None:
    waiting = WELL._replace(waiting=1, oldest_due_ts=NOW - 601)

    assert reasons(waiting, settings) == ["a message waits for more than ten minutes"]
    assert reasons(WELL._replace(failed=2), settings) == ["messages could not be sent"]


def test_a_job_that_failed_or_is_late_is_not_well(settings: Settings) -> None:
    for name, words, age in (("archive_minute", "1", 60), ("process_phase", "0", 181), ("rotate", "0", 86400)):
        mark = Path(settings.runtime, f"ran-{name}")
        mark.write_text(words)
        os.utime(mark, (NOW - age, NOW - age))

    assert reasons(WELL, settings) == [
        "the job archive_minute is not well: 60 s ago",
        "the job process_phase is not well: 3 min ago",
    ]


def test_a_season_without_proof_and_a_week_without_a_copy_are_not_well(settings: Settings) -> None:
    copy = Path(settings.home, "backups", "chaudiere.db")
    copy.parent.mkdir()
    copy.touch()
    os.utime(copy, (NOW - 9 * 86400, NOW - 9 * 86400))

    found = reasons(WELL._replace(proof_ts=NOW - 101 * 86400), settings)

    assert found == ["no message has arrived for a season", "the last copy of the database is old"]


def test_an_age_is_said_in_words() -> None:
    lines = report([Check("newest_row", 4, "s", True), Check("newest_row", -30, "s", True)])[0]

    assert lines[0].split(maxsplit=2)[2] == "4 s ago"
    assert lines[1].endswith("30 s ahead of this machine's clock")


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

    found = system.facts(database.connection, NOW)

    assert (found.waiting, found.oldest_due_ts, found.failed, found.proof_ts) == (2, NOW - 200, 1, NOW)


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

    result, told = status(environ), status(environ, "--json")

    found = json.loads(told.output)
    # The machine that runs the tests may have a clock that nobody sets.
    wrong = {check["name"] for check in found["checks"] if check["well"] is False} - {"clock_synchronised"}
    assert wrong == set()
    assert found["well"] == (result.exit_code == 0) == result.output.endswith("healthy\n")


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
