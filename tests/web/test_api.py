"""The API: WEB.md's contract."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.web.conftest import MINUTE_NOW, NOW, Clock, Rows

START = MINUTE_NOW - MINUTE_NOW % 86400 - 86400


def series(client: FlaskClient, from_ts: int, to_ts: int, width: int = 1000, **more: str) -> dict[str, Any]:
    answer = client.get("/api/v1/series", query_string={"from": from_ts, "to": to_ts, "width": width, **more})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def test_an_hour_of_minutes_is_raw(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(START, START + 120, water=68.84, auger=1, auger_duty=0.4, phase=6)
    rows.minutes(START + 180, START + 240, water=None, auger=None, phase=0)

    body = series(client, START, START + 3600)

    assert (body["step"], body["agg"], body["n"], body["last"]) == (60, "raw", 4, START + 240)
    assert body["series"]["water"] == {"unit": "°C", "scale": 10, "v": [688, 688, None, None]}
    assert body["series"]["auger"] == {"unit": "%", "scale": 1, "v": [100, 100, None, None]}
    assert body["phases"] == {"t": [0, 120], "p": [6, 0], "merged": False}


def test_a_column_holds_mean_low_and_high(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(START, START + 60, water=60.0, auger=1, auger_duty=0.5, phase=6)
    rows.minutes(START + 60, START + 120, water=70.0, auger=0, auger_duty=0.0, phase=6)

    body = series(client, START, START + 86400, 720, s="water,auger")

    assert (body["step"], body["agg"], body["n"]) == (120, "mean-lo-hi", 1)
    assert list(body["series"]) == ["water", "auger"]
    assert body["series"]["water"] == {"unit": "°C", "scale": 10, "v": [650], "lo": [600], "hi": [700]}
    assert body["series"]["auger"]["v"] == [25]


@pytest.mark.parametrize(
    ("seconds", "width", "step"),
    [(3600, 1000, 60), (86400, 1440, 60), (86400, 1200, 120), (7 * 86400, 1200, 600), (30 * 86400, 390, 7200)],
)
def test_the_step_is_the_smallest_that_fits(
    client: FlaskClient, rows: Rows, seconds: int, width: int, step: int
) -> None:
    rows.minutes(START, START + 60, water=60.0)

    body = series(client, START + 86400 - seconds, START + 86400, width)

    assert body["step"] == step
    assert body["from"] % step == 0
    assert body["n"] <= width


def test_from_is_rounded_down_to_the_step(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(START, START + 600, water=60.0)

    body = series(client, START + 61, START + 300)

    assert body["from"] == START + 60
    assert body["n"] == 4


def test_days_are_local_and_as_long_as_they_are(client: FlaskClient, rows: Rows) -> None:
    spring, autumn = (int(datetime(2026, *day, tzinfo=UTC).timestamp()) for day in ((3, 27), (10, 23)))
    for start in (spring, autumn):
        rows.minutes(start - 7200, start + 6 * 86400, water=60.0, primary_fan=1)

    for start, odd in ((spring, 23), (autumn, 25)):
        body = series(client, start, start + 100 * 86400, 100)
        lengths = [(b - a) // 3600 for a, b in zip(body["t"], body["t"][1:], strict=False)][:5]

        assert body["step"] == 86400
        assert sorted(lengths) == sorted([24, 24, 24, 24, odd])
        assert all(datetime.fromtimestamp(ts, UTC).hour in (22, 23) for ts in body["t"])
        assert len(body["t"]) == body["n"] == len(body["series"]["water"]["v"])
        assert body["series"]["water"]["v"][:5] == [600] * 5


def test_the_gravest_of_many_short_runs_is_told(client: FlaskClient, rows: Rows) -> None:
    for i in range(200):
        rows.minutes(START + 60 * i, START + 60 * i + 60, water=60.0, phase=10 if i == 77 else 6 + i % 2)

    body = series(client, START, START + 86400, 50)

    assert body["phases"]["merged"] is True
    assert 10 in body["phases"]["p"]
    assert len(body["phases"]["t"]) <= 50
    assert body["phases"]["t"] == sorted(set(body["phases"]["t"]))


def test_a_gap_is_no_value_and_undefined(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(START, START + 120, water=60.0, phase=6)
    rows.minutes(START + 300, START + 420, water=61.0, phase=6)

    body = series(client, START, START + 420)

    assert body["series"]["water"]["v"] == [600, 600, None, None, None, 610, 610]
    assert body["phases"] == {"t": [0, 120, 300], "p": [6, 0, 6], "merged": False}


def test_flags_tell_every_alert_of_the_range(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(START, START + 7200, water=60.0, phase=10)
    rows.alert(7, "jam", opened=START + 600, closed=START + 1200)
    rows.alert(8, "low_water", opened=START + 660)

    flags = series(client, START, START + 7200)["flags"]

    assert flags == [
        {"t": 600, "end": 1200, "kind": "jam", "phase": 10, "id": 7},
        {"t": 660, "end": None, "kind": "low_water", "phase": 10, "id": 8},
    ]


def test_an_empty_range_has_no_column(client: FlaskClient) -> None:
    body = series(client, START, START + 86400)

    assert (body["n"], body["last"], body["phases"]["t"]) == (0, None, [])
    assert body["series"]["water"]["v"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "from"),
        ("from=1", "to"),
        ("from=NaN&to=2", "from"),
        ("from=1.5&to=2", "from"),
        ("from=-1&to=2", "from"),
        ("from=٣&to=9", "from"),
        ("from=5&to=5", "to"),
        ("from=9&to=5", "to"),
        ("from=1&to=99999999999999999999", "to"),
        ("from=0&to=1577836800", "to"),
        ("from=1&to=2&width=49", "width"),
        ("from=1&to=2&width=2001", "width"),
        ("from=1&to=2&width=inf", "width"),
        ("from=1&to=2&s=water,steam", "s"),
        ("from=1&to=2&s=", "s"),
    ],
)
def test_a_bad_argument_is_named(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"/api/v1/series?{query}")

    body = json.loads(answer.data)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert set(body) == {"title", "detail", "field"}
    assert body["field"] == field


words = st.one_of(st.text(max_size=12), st.integers().map(str), st.floats().map(str))


@given(first=words, second=words, third=words, name=st.sampled_from(["width", "s", "step", "after", "lang", "day"]))
@hypothesis_settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_argument_breaks_the_server(client: FlaskClient, first: str, second: str, third: str, name: str) -> None:
    for address in ("/api/v1/series", "/api/v1/live", "/charts/", "/alerts/"):
        answer = client.get(address, query_string={"from": first, "to": second, name: third, "before": first})

        assert answer.status_code in (200, 302, 304, 400)


def test_an_unchanged_chart_is_not_sent_again(client: FlaskClient, rows: Rows, clock: Clock) -> None:
    rows.minutes(START, MINUTE_NOW, water=60.0)
    address = f"/api/v1/series?from={START}&to={NOW}"
    first = client.get(address)
    clock.now += 5

    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    rows.minutes(MINUTE_NOW, MINUTE_NOW + 60, water=59.0)
    changed = client.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
    assert changed.status_code == 200
    assert "no-cache" in first.headers["Cache-Control"]


def test_the_past_may_be_kept_for_an_hour(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(START, MINUTE_NOW, water=60.0)

    answer = client.get(f"/api/v1/series?from={START}&to={START + 3600}")

    assert answer.headers["Cache-Control"] == "private, max-age=3600"


def test_an_answer_is_compressed_for_who_reads_that(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(START, MINUTE_NOW, water=60.0)
    address = f"/api/v1/series?from={START}&to={START + 3600}"

    plain, packed = client.get(address), client.get(address, headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_live_tells_the_state_and_the_newest_columns(client: FlaskClient, rows: Rows) -> None:
    rows.well()

    body = client.get(f"/api/v1/live?after={MINUTE_NOW - 120}&step=60").get_json()

    status = body["status"]
    assert (status["state"], status["phase"], status["since"]) == ("ok", 6, MINUTE_NOW - 3600)
    assert (status["water"], status["at"], status["stale"]) == (67.6, NOW - 3, False)
    assert body["tail"]["from"] == MINUTE_NOW - 120
    assert body["tail"]["series"]["water"]["v"] == [676, 676]


def test_live_is_not_sent_again_until_something_changes(client: FlaskClient, rows: Rows, clock: Clock) -> None:
    rows.well()
    address = f"/api/v1/live?after={MINUTE_NOW - 120}"
    tag = client.get(address).headers["ETag"]
    clock.now += 4

    again = client.get(address, headers={"If-None-Match": tag})
    rows.reading(NOW + 1, water=67.7)
    changed = client.get(address, headers={"If-None-Match": tag})

    assert again.status_code == 304
    assert changed.status_code == 200


@pytest.mark.parametrize("query", ["after=x", "step=61", "step=0", "after=5"])
def test_live_refuses_what_it_cannot_use(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/v1/live?{query}").status_code == 400


def test_health_is_good_only_when_all_is_young(client: FlaskClient, rows: Rows, clock: Clock) -> None:
    rows.well()

    well = client.get("/healthz")
    clock.now = NOW + 400
    late = client.get("/healthz")

    assert (well.status_code, well.get_json()["reading_age"], well.get_json()["phase"]) == (200, 3, "combustion")
    assert (late.status_code, late.get_json()["well"]) == (503, False)
