"""The statistics of a window, from the roll-ups, are those of its minutes."""

from __future__ import annotations

import random

from flask.testing import FlaskClient

from flask_app.store import Database
from tests.web.conftest import MINUTE_NOW, Rows
from tests.web.test_levels import END, START, boiler, plain

__all__ = ["boiler"]


def test_the_statistics_of_a_few_minutes(client: FlaskClient, rows: Rows) -> None:
    first = MINUTE_NOW - 7200
    rows.minutes(first, first + 300, water=60.0, igniter=1, phase=7)
    rows.minutes(first + 300, first + 900, water=70.0, igniter=0, auger=1, auger_duty=0.25, phase=6)

    body = client.get(f"/api/v1/statistics?from={first}&to={first + 3600}").get_json()

    assert body["minutes"] == 15
    assert body["series"]["water"] == {"unit": "°C", "min": 60.0, "max": 70.0, "mean": 66.67}
    assert body["series"]["flue"] == {"unit": "°C", "min": None, "max": None, "mean": None}
    assert body["series"]["igniter"] == {"unit": "h", "on": 0.08}
    assert body["series"]["auger"] == {"unit": "h", "on": 0.04}
    assert body["series"]["primary_fan"] == {"unit": "h", "on": None}
    assert (body["phases"], body["ignitions"]) == ({"7": 5, "6": 10}, 1)


def test_any_window_has_the_statistics_of_its_minutes(client: FlaskClient, boiler: Database) -> None:
    chance = random.Random(5)
    windows = [sorted(chance.sample(range(START - 86400, END + 86400), 2)) for _ in range(40)]
    addresses = [f"/api/v1/statistics?from={a}&to={b}" for a, b in windows]
    rolled = [client.get(address).get_json() for address in addresses]
    plain(boiler)

    for address, body in zip(addresses, rolled, strict=True):
        expected = client.get(address).get_json()
        for role, values in expected.pop("series").items():
            for name, value in values.items():
                found = body["series"][role][name]
                assert found == value or abs(found - value) <= 0.011, (address, role, name)
        del body["series"]
        assert body == expected


def test_an_empty_window_has_nothing_to_tell(client: FlaskClient) -> None:
    body = client.get(f"/api/v1/statistics?from={START}&to={END}").get_json()

    assert (body["minutes"], body["phases"], body["ignitions"]) == (0, {}, 0)
    assert body["series"]["water"]["mean"] is None


def test_statistics_are_not_sent_again_until_they_change(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(MINUTE_NOW - 600, MINUTE_NOW, water=60.0)
    address = f"/api/v1/statistics?from={MINUTE_NOW - 600}&to={MINUTE_NOW + 60}"
    tag = client.get(address).headers["ETag"]

    again = client.get(address, headers={"If-None-Match": tag})
    rows.minutes(MINUTE_NOW, MINUTE_NOW + 60, water=59.0)

    assert again.status_code == 304
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_minutes_are_streamed_as_csv(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(START, START + 3 * 86400, water=60.25, auger=1, phase=6)

    answer = client.get(f"/api/v1/minutes.csv?from={START + 60}&to={START + 2 * 86400}")

    lines = answer.get_data(as_text=True).split("\r\n")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == "attachment; filename=chaudiere-2026-10-20.csv"
    assert "Content-Length" not in answer.headers
    assert lines[0].startswith("\ufeffutc;local;water;flue;")
    assert lines[1].startswith("2026-10-20T05:38:00Z;2026-10-20T07:38:00+02:00;60.25;;;;;;;1;")
    assert ";combustion;" in lines[1]
    assert len(lines) == 1 + 2 * 1440 - 1 + 1


def test_a_csv_has_its_bounds(client: FlaskClient) -> None:
    answer = client.get("/api/v1/minutes.csv?from=0&to=99999999")

    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
