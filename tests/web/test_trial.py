"""A threshold tried before it is kept, the setpoint proposed on the first screen, and what was learned."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from flask_app.boiler.engine import VERSION, State, dump
from tests.web.conftest import MINUTE_NOW, NOW, Rows
from tests.web.test_admin import owner, post, stored

__all__ = ["owner"]

DAY = 86400


def page(client: FlaskClient, path: str = "/admin/boiler/") -> str:
    return client.get(path).get_data(as_text=True)


def ordinary_days(rows: Rows, *lows: float) -> None:
    """A day of hourly roll-ups for each of `lows`, its coldest hour; yesterday's first."""
    today = NOW // DAY * DAY
    for number, low in enumerate(lows, 1):
        for hour in range(24):
            degrees = round(100 * (low if hour == 5 else low + 8))
            ts = today - number * DAY + hour * 3600
            rows.add("Hour", ts=ts, minutes=60, temp0_min=degrees, temp0_count=60, phase6=20)


def test_a_setpoint_is_tried_on_the_last_days_before_it_is_kept(
    owner: FlaskClient, rows: Rows, settings: Settings
) -> None:
    for ago in (50, 30, 10):
        rows.minutes(MINUTE_NOW - ago * 3600, MINUTE_NOW - (ago - 6) * 3600, water=62.0)
        rows.minutes(MINUTE_NOW - (ago - 6) * 3600, MINUTE_NOW - (ago - 7) * 3600, water=51.5)
        rows.minutes(MINUTE_NOW - (ago - 7) * 3600, MINUTE_NOW - (ago - 9) * 3600, water=62.0)

    tried = page(owner, "/admin/boiler/?value=50")

    assert "56 °C <small>(en vigueur)</small> – 3 alertes" in tried.replace("\n", " ")
    assert "50 °C – aucune alerte" in tried
    assert tried.count("au plus froid 51,5 °C") == 3
    post(owner, "/admin/options/setpoint", "/admin/boiler/?value=50", value="50")
    assert stored(settings, "SELECT key, value FROM Setting WHERE key = 'setpoint'") == [("setpoint", "50")]


def test_where_nothing_is_kept_nothing_is_pretended(owner: FlaskClient) -> None:
    assert "Aucune minute" in page(owner, "/admin/boiler/?value=50")


@pytest.mark.parametrize("value", ["20", "cold", "nan", "1e9"])
def test_a_value_that_no_threshold_accepts_is_said(owner: FlaskClient, value: str) -> None:
    assert "accepte 30 à 90" in page(owner, f"/admin/boiler/?value={value}")


def test_a_stranger_span_or_threshold_falls_back(owner: FlaskClient) -> None:
    found = page(owner, "/admin/boiler/?name=timezone&days=99999&value=50")

    assert "7 derniers jours" in found


def test_after_seven_ordinary_days_a_setpoint_is_advised(owner: FlaskClient, rows: Rows) -> None:
    assert "Après sept jours" in page(owner)
    ordinary_days(rows, 58.0, 47.5, 51.0, 52.0, 50.0, 49.0, 53.0)
    ordinary_days_before = NOW // DAY * DAY - 8 * DAY
    rows.add("Hour", ts=ordinary_days_before, minutes=60, temp0_min=2000, temp0_count=720, phase6=5)
    rows.alert(kind="jam", opened=ordinary_days_before, closed=ordinary_days_before + 43200)

    assert "Conseillé : 45 °C" in page(owner)


def test_the_first_screen_proposes_it_until_it_is_declined(
    owner: FlaskClient, client: FlaskClient, rows: Rows, settings: Settings
) -> None:
    rows.well()
    assert "est conseillée" not in page(client, "/")
    ordinary_days(rows, *[47.5] * 7)

    assert "une consigne de 45 °C est conseillée" in page(client, "/")
    post(owner, "/admin/boiler/decline", "/")
    assert "est conseillée" not in page(client, "/")
    assert stored(settings, "SELECT value FROM Setting WHERE key = 'advice.declined'") == [("45",)]


def test_what_was_learned_is_shown_and_learned_anew_on_demand(
    owner: FlaskClient, rows: Rows, settings: Settings
) -> None:
    state = State()
    state.habits.usual_rise = 62.0
    rows.add("EngineState", ts=MINUTE_NOW, version=VERSION, state=dump(state))

    shown = page(owner)
    post(owner, "/admin/boiler/learn", "/admin/boiler/", part="igniter")
    refused = post(owner, "/admin/boiler/learn", "/admin/boiler/", part="house")

    assert "62 °C" in shown
    assert "pas encore appris" in shown
    assert stored(settings, "SELECT key, value FROM Setting") == [("learned.reset", "igniter")]
    assert "Pas compris" in refused
