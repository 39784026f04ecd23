"""The folding of readings into a minute."""

import json

from flask_app.boiler.minutes import summarise
from flask_app.boiler.rows import Row


def test_a_refused_value_enters_no_mean() -> None:
    readings = [Row(0, water=60.0), Row(4, water=None), Row(8, water=62.0)]

    minute = summarise(0, readings)

    assert (minute.water, minute.samples) == (61.0, 3)


def test_fewer_than_a_third_of_the_values_is_no_value() -> None:
    readings = [Row(0, water=60.0, flue=90.0), Row(4, flue=92.0), Row(8), Row(12)]

    minute = summarise(0, readings)

    assert (minute.water, minute.flue) == (None, 91.0)


def test_a_motor_that_ran_once_has_its_duty_and_its_watts_while_running() -> None:
    readings = [Row(0, auger=0.0), Row(4, auger=100.0), Row(8, auger=0.0), Row(12)]

    minute = summarise(0, readings)

    assert (minute.auger, minute.auger_duty, minute.auger_power) == (1, 1 / 3, 100.0)


def test_a_motor_never_read_is_not_a_motor_at_rest() -> None:
    minute = summarise(0, [Row(0, igniter=0.0)])

    assert (minute.igniter, minute.igniter_duty) == (0, 0.0)
    assert (minute.auger, minute.auger_duty, minute.auger_power) == (None, None, None)


def test_the_reasons_of_a_minute_are_counted_together() -> None:
    readings = [Row(0, quality='{"water":{"crc":1}}'), Row(4), Row(8, quality='{"water":{"crc":2,"late":1}}')]

    minute = summarise(0, readings)

    assert json.loads(minute.quality or "") == {"water": {"crc": 3, "late": 1}}


def test_a_minute_without_readings_has_no_values() -> None:
    assert summarise(60, []) == Row(60, samples=0)
