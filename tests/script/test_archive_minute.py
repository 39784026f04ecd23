"""The job that folds minutes, on a real database file."""

from config.settings import Settings
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.lock import hold
from flask_app.script.archive_minute import archive, main
from flask_app.store import Database

START = 1_800_000_000


def keep(database: Database, *seconds: int) -> None:
    with database.writing() as connection:
        store.insert_readings(connection, [Row(START + second, water=60.0) for second in seconds])


def minutes(database: Database) -> list[tuple[int, int]]:
    return database.connection.execute("SELECT ts - ?, samples FROM ChaudiereMinute ORDER BY ts", (START,)).fetchall()


def test_a_second_run_changes_nothing(database: Database) -> None:
    keep(database, 0, 4, 60)

    first, second = archive(database, START + 123), archive(database, START + 123)

    assert (first, second, minutes(database)) == (2, 0, [(0, 2), (60, 1)])


def test_a_minute_is_folded_three_seconds_after_its_end(database: Database) -> None:
    keep(database, 0, 59)

    assert archive(database, START + 62) == 0
    assert archive(database, START + 63) == 1


def test_a_silent_minute_between_readings_gets_a_row_and_none_follows_the_last(database: Database) -> None:
    keep(database, 0, 120)

    archive(database, START + 600)

    assert minutes(database) == [(0, 1), (60, 0), (120, 1)]


def test_a_late_reading_folds_its_minute_again(database: Database) -> None:
    keep(database, 0, 60)
    archive(database, START + 123)
    keep(database, 8)

    written = archive(database, START + 124)

    assert (written, minutes(database)) == (1, [(0, 2), (60, 1)])


def test_a_reading_of_tomorrow_does_not_wedge_the_job(database: Database) -> None:
    keep(database, 0, 86400)

    archive(database, START + 63)

    assert minutes(database) == [(0, 1)]


def test_an_early_run_waits_for_the_minute_to_settle(database: Database, environ: dict[str, str]) -> None:
    keep(database, 0)
    times, waits = iter([START + 61.0, START + 63.0]), list[float]()

    code = main(environ, lambda: next(times), waits.append)

    assert (code, waits, minutes(database)) == (0, [2.0], [(0, 1)])


def test_a_run_beside_another_does_nothing(database: Database, environ: dict[str, str], settings: Settings) -> None:
    keep(database, 0)

    with hold(settings.lock + ".archive_minute", 0):
        code = main(environ, lambda: START + 70.0)

    assert (code, minutes(database)) == (0, [])
