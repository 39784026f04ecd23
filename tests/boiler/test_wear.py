"""The slow faults: silent until learned, told when a boiler drifts from its own past, closed when it is well."""

from __future__ import annotations

import pytest

from flask_app.boiler.alerts import Kind
from flask_app.boiler.options import Options
from flask_app.boiler.rows import Row
from flask_app.boiler.wear import Slow, judge_indoor
from tests.boiler.log import Log, minute, told


def fires(log: Log, count: int, igniting: int = 8, flue: float = 112.0, burning: int = 60, rest: int = 120) -> Log:
    for _ in range(count):
        log.rest(rest).ignite(igniting)
        log.add(10, log.water + 1, flue - 2, primary_fan=1.0, auger=0.5)
        log.add(burning, 76.0, flue, primary_fan=1.0, auger=0.5).burn_out()
    return log


def test_an_igniter_that_needs_ever_longer_wears_out_and_a_new_one_closes_it() -> None:
    log = fires(fires(Log(), 30), 14, igniting=18)
    answer = told(log.rows)

    (opening,) = answer.opened(Kind.IGNITER_WEAR)
    minutes, usual = opening.evidence["minutes"], opening.evidence["usual_minutes"]
    assert isinstance(minutes, int | float)
    assert isinstance(usual, int | float)
    assert minutes > usual + 3
    assert len(told(fires(log, 14).rows).closed(Kind.IGNITER_WEAR)) == 1


def test_a_young_igniter_is_not_judged() -> None:
    assert told(fires(fires(Log(), 10), 14, igniting=18).rows).opened(Kind.IGNITER_WEAR) == []


def test_a_flue_hotter_than_when_clean_is_a_fouled_exchanger() -> None:
    log = fires(fires(Log(), 24), 14, flue=142.0)

    (opening,) = told(log.rows).opened(Kind.FOULING)

    assert opening.evidence["hotter"] == pytest.approx(30, abs=1)


def test_a_hotter_flue_at_a_higher_feed_is_no_fouling() -> None:
    log = fires(Log(), 24)
    rows = [
        row._replace(auger_duty=0.8) if row.auger_duty == 0.5 else row
        for row in fires(log, 14, flue=142.0).rows[-3000:]
    ]

    assert told([*log.rows[:-3000], *rows]).opened(Kind.FOULING) == []


def test_too_many_starts_are_told_once_a_week() -> None:
    log = fires(Log(), 70, burning=15, rest=60)

    assert len(told(log.rows).opened(Kind.SHORT_CYCLING)) == 1


def test_ordinary_days_are_no_short_cycling() -> None:
    assert told(fires(Log(), 30).rows).opened() == []


def test_water_that_stays_below_the_dew_point_condenses() -> None:
    rows = [row._replace(water=50.0) for row in fires(Log(), 50).rows]

    assert len(told(rows, setpoint=45).opened(Kind.CONDENSATION)) == 1


def test_a_house_that_was_warm_and_gets_cold_is_told_and_closed() -> None:
    def house(*degrees: float) -> list[Row]:
        return [minute(60 * number, spare=value) for number, value in enumerate(degrees)]

    answer = told(house(*[20.0] * 5, *[14.0] * 20, *[17.0] * 20))

    assert [one.ts for one in answer.opened(Kind.LOW_INDOOR)] == [60 * 19]
    assert len(answer.closed(Kind.LOW_INDOOR)) == 1
    assert told(house(*[12.0] * 60)).opened(Kind.LOW_INDOOR) == []  # it never was warm: a cellar


def test_zero_turns_the_indoor_rule_off() -> None:
    slow, book = Slow(), told([]).state.book
    for ts in range(0, 6000, 60):
        judge_indoor(slow, book, ts, 20.0 if ts < 600 else 2.0, 0.0)

    assert book.opened == {}
    assert Options().low_indoor == 15.0


def test_the_cool_down_is_learned_from_rests() -> None:
    log = Log()
    for _ in range(6):
        fires(log, 1, rest=180)

    assert told(log.rows).state.habits.cooling() is not None
    assert told(fires(Log(), 1).rows).state.habits.cooling() is None
