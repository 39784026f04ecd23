"""The roll-ups on a real database: whatever the order in which minutes come, they say what the minutes say."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from config.settings import Settings
from flask_app import store
from flask_app.boiler import rollups
from flask_app.boiler.rollups import COLUMNS, MINUTE_COLUMNS, TABLES
from flask_app.boiler.rows import Row
from flask_app.script.process_phase import process
from flask_app.script.rework import Mark, rework
from flask_app.script.rollups import refresh
from flask_app.store import Database

PARIS = ZoneInfo("Europe/Paris")
DAY = 86400
START = int(datetime(2026, 3, 28, tzinfo=UTC).timestamp())  # the clocks change on the 29th


def minutes(start: int, count: int, seed: int = 1) -> list[Row]:
    """A boiler with every phase, and values missing here and there."""
    chance = random.Random(seed)
    return [
        Row(
            start + 60 * number,
            water=None if chance.random() < 0.05 else 60 + 10 * chance.random(),
            flue=100 + 80 * chance.random(),
            igniter=int(number % 200 < 8),
            primary_fan=int(number % 200 < 120),
            auger=int(number % 200 < 120),
            auger_duty=0.4 if number % 200 < 120 else 0.0,
            samples=15,
        )
        for number in range(count)
    ]


def keep(database: Database, rows: Iterable[Row]) -> None:
    with database.writing() as connection:
        store.insert_minutes(connection, rows)


def stored(database: Database) -> dict[str, list[rollups.Rollup]]:
    connection = database.connection
    return {table: store.columns_between(connection, table, COLUMNS, 0, 2**40).fetchall() for table in TABLES}


def reckoned(database: Database, zone: ZoneInfo = PARIS) -> dict[str, list[rollups.Rollup]]:
    """What should be stored: every roll-up that has ended, from all minutes at once."""
    connection = database.connection
    rows = store.columns_between(connection, "ChaudiereMinute", MINUTE_COLUMNS, 0, 2**40).fetchall()
    end = rows[-1][0] + 60
    tens = [ten for ten in rollups.fold(rows, 0) if ten[0] + 600 <= end]
    days = rollups.days(rows[0][0], end, zone)
    expected = {"TenMinutes": tens}
    for table, seconds in rollups.FIXED.items():
        merged = rollups.merge(tens, lambda ts, seconds=seconds: ts - ts % seconds, seconds)  # type: ignore[misc]
        expected[table] = [row for row in merged if row[0] + seconds <= end]
    whole = rollups.merge(tens, rollups.start_among(days), None)
    expected["Day"] = [row for row in whole if days[days.index(row[0]) + 1] <= end]
    return expected


def test_minute_by_minute_and_a_backlog_are_rolled_up_alike(database: Database, settings: Settings) -> None:
    rows = minutes(START + 18 * 3600, 8 * 60)
    for row in rows:
        keep(database, [row])
        process(database, settings)
    assert stored(database) == reckoned(database)

    keep(database, minutes(rows[-1].ts + 60, 3 * 1440, seed=2))
    process(database, settings)

    assert stored(database) == reckoned(database)
    assert [len(rows) for rows in stored(database).values()][2:] == [13, 4]


def test_a_day_of_the_change_of_clocks_has_its_own_length(database: Database, settings: Settings) -> None:
    keep(database, minutes(START - DAY, 4 * 1440))

    process(database, settings)

    found = [(row[0], row[1]) for row in stored(database)["Day"]]
    assert [datetime.fromtimestamp(ts, PARIS).hour for ts, _count in found] == [0] * len(found)
    assert [count for _ts, count in found] == [1380, 1440, 1380, 1440]  # the first began an hour after midnight


@pytest.mark.parametrize("silence", [1, 7, 40, 130, 1700, 5000])
def test_what_a_silence_cut_short_is_closed_by_what_comes_after(
    database: Database, settings: Settings, silence: int
) -> None:
    first = minutes(START, 127)
    keep(database, first)
    process(database, settings)

    for row in minutes(first[-1].ts + 60 * (1 + silence), 40):
        keep(database, [row])
        process(database, settings)

    assert stored(database) == reckoned(database)


def test_minutes_folded_again_correct_what_holds_them(database: Database, settings: Settings) -> None:
    rows = minutes(START + 22 * 3600, 75)  # an hour and Paris's midnight close within it
    keep(database, rows)
    process(database, settings)
    again = [row._replace(water=99.0, phase=None) for row in rows[45:]]
    with database.writing() as connection:
        store.replace_minutes(connection, again)

    process(database, settings)

    assert stored(database) == reckoned(database)
    assert max(row[3] for row in stored(database)["Hour"]) == 9900


def test_rework_corrects_what_it_touches(database: Database, settings: Settings) -> None:
    keep(database, minutes(START, 2 * 1440))
    process(database, settings)
    expected = stored(database)
    with database.writing() as connection:
        connection.execute("UPDATE ChaudiereMinute SET phase = 9 WHERE ts >= ? AND ts < ?", (START + 3e4, START + 1e5))

    rework(database, settings, Mark(START, START + 3 * DAY, START))

    assert stored(database) == expected
    with database.writing() as connection:
        connection.execute("UPDATE TenMinutes SET phase9 = 0, runs = '0:6' WHERE ts = ?", (START + 36000,))
        connection.execute("UPDATE ChaudiereMinute SET phase = 9 WHERE ts = ?", (START + 36060,))
    rework(database, settings, Mark(START, START + 3 * DAY, START))
    assert stored(database) == reckoned(database)


def test_a_database_from_before_the_roll_ups_is_filled_in_bounded_stretches(
    database: Database, settings: Settings
) -> None:
    keep(database, minutes(START, 40 * 1440))
    process(database, settings)
    expected = reckoned(database)
    with database.writing() as connection:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table}")

    runs = 0
    while stored(database) != expected and runs < 100:
        newest = store.newest_minute_ts(database.connection, 2**40) or 0
        keep(database, minutes(newest + 60, 1 if runs else 10))
        process(database, settings)
        expected = reckoned(database)
        runs += 1

    assert runs == 3
    before = database.connection.total_changes
    process(database, settings)
    assert database.connection.total_changes == before


def test_what_was_rotated_away_stays_rolled_up(database: Database, settings: Settings) -> None:
    keep(database, minutes(START, 3 * 1440))
    process(database, settings)
    before = stored(database)

    store.rotate(database, "ChaudiereMinute", START + DAY + 3600 + 300)
    with database.writing() as connection:
        connection.execute("UPDATE ChaudiereMinute SET phase = 9")
        refresh(connection, START, START + 3 * DAY, START + 3 * DAY, "Europe/Paris")

    for table, cut in (("TenMinutes", 4200), ("Hour", 3600), ("SixHours", 0), ("Day", -3600)):
        kept = [row for row in before[table] if row[0] < START + DAY + cut]
        assert stored(database)[table][: len(kept)] == kept
        assert [row[1] for row in stored(database)[table]] == [row[1] for row in before[table]]


def test_another_zone_has_other_days(database: Database, settings: Settings) -> None:
    keep(database, minutes(START, 3 * 1440))
    process(database, settings)
    moved = settings._replace(options=settings.options._replace(timezone="Asia/Tokyo"))

    keep(database, minutes(START + 3 * DAY, 1440, seed=3))
    process(database, moved)

    assert stored(database) == reckoned(database, ZoneInfo("Asia/Tokyo"))
