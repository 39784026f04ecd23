"""A chart read from roll-ups is the chart read from minutes."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config.settings import Settings
from flask_app import store
from flask_app.boiler.rollups import TABLES
from flask_app.boiler.rows import Row
from flask_app.script.rollups import refresh
from flask_app.store import Database
from flask_app.web import levels

DAY = 86400
START = int(datetime(2026, 10, 20, 5, 37, tzinfo=UTC).timestamp())  # the clocks change on the 25th
MINUTES = 9 * 1440 + 77
END = START + 60 * MINUTES


@pytest.fixture
def boiler(database: Database) -> Database:
    """Nine days of a boiler, with a silence of three hours, rolled up but for the last minutes."""
    chance = random.Random(4)
    rows = [
        Row(
            START + 60 * number,
            water=None if chance.random() < 0.02 else 60 + 8 * chance.random(),
            flue=90 + 100 * chance.random(),
            primary_fan=int(number % 100 < 60),
            primary_fan_duty=0.5 if number % 100 < 60 else 0.0,
            phase=(7, 6, 6, 6, 12, 8, 9, 10)[number // 23 % 8],
            samples=15,
        )
        for number in range(MINUTES)
        if not 4000 < number < 4180
    ]
    with database.writing() as connection:
        store.insert_minutes(connection, rows)
        refresh(connection, START, END, END, "Europe/Paris")
    return database


def series(client: FlaskClient, from_ts: int, to_ts: int, width: int) -> dict[str, Any]:
    answer = client.get("/api/v1/series", query_string={"from": from_ts, "to": to_ts, "width": width})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def plain(database: Database) -> None:
    with database.writing() as connection:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table}")


REQUESTS = [
    (START - 3000, END + 3000, 1500),
    (START - DAY, END + DAY, 400),
    (START + 777, END - 4000, 250),
    (START + 777, END - 4000, 100),
    (START + 100000, START + 500000, 60),
    (START - 3 * DAY, END, 50),
    (START - 60 * DAY, END, 75),
    (START - 200 * DAY, END, 110),
    (END - 1800, END + 60, 50),
]


def test_a_chart_from_roll_ups_is_the_chart_from_minutes(client: FlaskClient, boiler: Database) -> None:
    rolled = [series(client, *request) for request in REQUESTS]
    plain(boiler)

    steps = set()
    for body, request in zip(rolled, REQUESTS, strict=True):
        expected = series(client, *request)
        steps.add(body["step"])
        for role, values in expected.pop("series").items():
            for part in ("v", "lo", "hi"):
                pairs = list(zip(body["series"][role].get(part, []), values.get(part, []), strict=True))
                assert all((a is None) == (b is None) for a, b in pairs)
                assert all(abs(a - b) <= 1 for a, b in pairs if b is not None), (role, part, request)
        del body["series"]
        assert body | {"now": 0} == expected | {"now": 0}
    assert {60, 600, 1800, 3600, 7200, 21600, 86400, 2 * 86400} & steps >= {600, 3600, 86400}


def test_no_request_reads_more_than_six_rows_a_column(app: Flask, boiler: Database) -> None:
    zone = ZoneInfo("Europe/Paris")
    with app.test_request_context():
        for seconds in (1800, 3600, 10800, 21600):
            names = [name for name, length in levels.SECONDS.items() if length <= seconds]
            read: dict[str, int] = {}
            for table, first, last in levels.pieces(names, START, END, zone):
                read[table] = read.get(table, 0) + (last - first) // levels.SECONDS[table]

            assert max(read, key=read.__getitem__) == names[-1]
            assert sum(read.values()) <= 6 * (END - START) / seconds + 30


def test_pieces_leave_nothing_out_and_read_nothing_twice(app: Flask, boiler: Database) -> None:
    chance = random.Random(1)
    zone = ZoneInfo("Europe/Paris")
    with app.test_request_context():
        for _ in range(200):
            start, end = sorted(chance.sample(range(START - DAY, END + DAY), 2))

            found = levels.pieces((levels.MINUTES, "TenMinutes", "Hour", "Day"), start, end, zone)

            assert [piece.start_ts for piece in found] == [start, *(piece.end_ts for piece in found[:-1])]
            assert found[-1].end_ts == end


def test_days_of_another_zone_are_not_read(app: Flask, boiler: Database) -> None:
    with app.test_request_context():
        assert "Day" not in levels.covers(ZoneInfo("Asia/Tokyo"))
    with app.test_request_context():
        assert "Day" in levels.covers(ZoneInfo("Europe/Paris"))


def test_where_minutes_are_gone_the_chart_is_made_of_ten_minutes(client: FlaskClient, boiler: Database) -> None:
    store.rotate(boiler, "ChaudiereMinute", START + 5 * DAY)

    old, young = series(client, START, START + DAY, 1440), series(client, END - DAY, END, 1440)

    assert (old["step"], young["step"]) == (600, 60)
    assert sum(value is not None for value in old["series"]["water"]["v"]) == 144
    assert set(old["phases"]["p"]) - {0} == {6, 7, 8, 9, 10, 12}


def test_an_open_alert_is_told_at_any_zoom(client: FlaskClient, boiler: Database, settings: Settings) -> None:
    connection = sqlite3.connect(settings.database)
    with connection:
        connection.execute("INSERT INTO Alert (kind, opened_ts, evidence) VALUES ('jam', ?, '{}')", (START + 600,))
    connection.close()

    flags = [series(client, *request)["flags"] for request in REQUESTS[:8]]

    assert all(len(found) == 1 and found[0]["kind"] == "jam" for found in flags)
