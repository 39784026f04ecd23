"""When warm water is wanted: night, summer, a stop on purpose, and a fire being lit."""

from __future__ import annotations

from datetime import datetime

import pytest

from flask_app.boiler.options import Options
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row
from flask_app.boiler.timetable import Reason, Stop, lighting, setpoint_at, stop_at

OPTIONS = Options(setpoint=56, setpoint_night=45, night_from=22.5, night_to=6, setpoint_summer=40)


@pytest.mark.parametrize(
    ("moment", "setpoint"),
    [
        (datetime(2026, 1, 5, 12, 0), 56),
        (datetime(2026, 1, 5, 22, 29), 56),
        (datetime(2026, 1, 5, 22, 30), 45),
        (datetime(2026, 1, 5, 5, 59), 45),
        (datetime(2026, 1, 5, 6, 0), 56),
        (datetime(2026, 5, 1, 12, 0), 40),
        (datetime(2026, 9, 30, 23, 0), 40),
        (datetime(2026, 10, 1, 12, 0), 56),
    ],
)
def test_the_lowest_setpoint_of_the_hour_and_the_season_holds(moment: datetime, setpoint: float) -> None:
    assert setpoint_at(OPTIONS, moment) == setpoint


def test_without_a_timetable_the_setpoint_holds_at_any_hour() -> None:
    assert setpoint_at(Options(setpoint=60), datetime(2026, 7, 1, 3, 0)) == 60


def test_a_night_that_ends_as_it_begins_is_none() -> None:
    assert setpoint_at(OPTIONS._replace(night_from=22, night_to=22), datetime(2026, 1, 5, 12, 0)) == 56


def test_a_summer_across_the_new_year_is_one_of_the_south() -> None:
    south = OPTIONS._replace(summer_from=11, summer_to=2)

    assert setpoint_at(south, datetime(2026, 12, 20, 12, 0)) == 40
    assert setpoint_at(south, datetime(2026, 3, 1, 12, 0)) == 56


def test_a_stop_holds_until_its_end_or_until_it_is_ended() -> None:
    changes = [("setpoint", 50, "60"), ("stop", 100, "900 sweep")]

    assert stop_at(changes, 99) is None
    assert stop_at(changes, 100) == Stop(100, 900, Reason.SWEEP)
    assert stop_at(changes, 900) is None
    assert stop_at([*changes, ("stop", 300, "0")], 400) is None


def test_a_fire_is_being_lit_while_its_igniter_glows_or_its_flue_rises() -> None:
    cold = [Row(60 * number, flue=40.0, igniter=0, phase=Phase.STOPPED.value) for number in range(15)]
    rising = [row._replace(flue=40.0 + row.ts / 100) for row in cold]

    assert not lighting([])
    assert not lighting(cold)
    assert lighting([*cold, Row(900, flue=40.0, phase=Phase.IGNITION.value)])
    assert lighting(rising)
