"""The time to cold: right on a known curve, silent where nothing can be known."""

from __future__ import annotations

from math import exp

import pytest

from flask_app.boiler.forecast import FARTHEST, time_constant, time_to
from flask_app.boiler.habits import AMBIENT

Waters = list[tuple[int, float | None]]


def cooling(minutes: int, start: float = 70.0, constant: float = 800.0) -> Waters:
    return [(60 * minute, AMBIENT + (start - AMBIENT) * exp(-minute / constant)) for minute in range(minutes)]


def crossing(target: float, start: float = 70.0, constant: float = 800.0) -> int:
    return next(ts for ts, water in cooling(FARTHEST, start, constant) if water is not None and water < target)


@pytest.mark.parametrize("known", [21, 60, 180])
@pytest.mark.parametrize("target", [56.0, 40.0])
def test_a_clean_cool_down_is_foretold_to_the_minute(known: int, target: float) -> None:
    found = time_to(target, cooling(known))

    assert found is not None
    assert abs(found.ts - crossing(target)) <= 60
    assert found.earliest_ts < found.ts < found.latest_ts


def test_a_probe_of_whole_degrees_is_foretold_within_a_tenth() -> None:
    whole: Waters = [(ts, float(round(water))) for ts, water in cooling(180) if water is not None]

    found = time_to(50.0, whole)

    assert found is not None
    assert abs(found.ts - crossing(50.0)) < 0.1 * crossing(50.0)


def test_the_rise_before_the_fall_spoils_nothing() -> None:
    rise: Waters = [(ts - 3600, 60.0 + ts / 360) for ts in range(0, 3600, 60)]

    found = time_to(56.0, rise + cooling(60))

    assert found is not None
    assert abs(found.ts - crossing(56.0)) <= 60


def test_minutes_without_a_value_are_left_out() -> None:
    holes: Waters = [(ts, None if ts // 60 % 3 == 0 else water) for ts, water in cooling(90)]

    found = time_to(56.0, holes)

    assert found is not None
    assert abs(found.ts - crossing(56.0)) <= 60


def test_the_first_minutes_of_a_rest_say_nothing_until_the_boiler_is_known() -> None:
    assert time_to(56.0, cooling(10)) is None

    found = time_to(56.0, cooling(10), cooling=800.0)

    assert found is not None
    assert abs(found.ts - crossing(56.0)) <= 60


def test_a_learned_constant_steadies_a_short_rest() -> None:
    bent: Waters = [(ts, water + (ts / 60 - 15) ** 2 / 300) for ts, water in cooling(31) if water is not None]

    alone, steadied = time_to(50.0, bent), time_to(50.0, bent, cooling=800.0)

    assert alone is not None
    assert steadied is not None
    assert abs(steadied.ts - crossing(50.0)) < abs(alone.ts - crossing(50.0))


@pytest.mark.parametrize(
    "waters",
    [
        [],
        [(0, None)],
        cooling(40, start=55.0),
        [(60 * minute, 60.0) for minute in range(60)],
        cooling(60, constant=1e6),
    ],
    ids=["nothing", "no value", "below already", "level", "too slow"],
)
def test_where_nothing_can_be_known_nothing_is_said(waters: Waters) -> None:
    assert time_to(56.0, waters) is None


def test_no_time_is_named_for_what_the_water_never_falls_to() -> None:
    assert time_to(AMBIENT, cooling(60)) is None


def test_a_long_rest_teaches_the_time_constant_and_a_short_one_nothing() -> None:
    assert time_constant(cooling(120)) == pytest.approx(800, rel=0.001)
    assert time_constant(cooling(30)) is None
    assert time_constant([(60 * minute, 50.0 + minute / 10) for minute in range(120)]) is None
