"""What another threshold would have done: the same alerts as the engine's own, at any value tried."""

from __future__ import annotations

from flask_app.boiler.alerts import Kind
from flask_app.boiler.options import Options
from flask_app.boiler.rehearsal import Rehearsed, rehearse
from tests.boiler.log import START, Log, minute, told


def in_force(_ts: int) -> Options:
    return Options(setpoint=56.0, low_indoor=15.0)


def test_a_lower_setpoint_would_not_have_alerted() -> None:
    log = Log().rest(60, 62.0).rest(60, 50.0).add(60, water=66.0)

    assert len(rehearse(log.rows, START, in_force, "setpoint", 56.0)) == 1
    assert rehearse(log.rows, START, in_force, "setpoint", 45.0) == []


def test_it_finds_what_the_engine_found_and_how_cold_it_was() -> None:
    log = Log()
    for _ in range(3):
        log.rest(60, 50.0).add(60, water=66.0)
    opened = [one.ts for one in told(log.rows).opened(Kind.LOW_WATER)]

    found = rehearse(log.rows, START, in_force, "setpoint", 56.0)

    assert [one.opened_ts for one in found] == opened
    assert {one.coldest for one in found} == {50.0}
    assert all(one.closed_ts is not None for one in found)


def test_what_began_before_the_span_is_not_counted_and_what_lasts_is_open() -> None:
    rows = Log().rest(60, 50.0).add(60, water=66.0).rest(60, 50.0).rows

    (only,) = rehearse(rows, START + 3600, in_force, "setpoint", 56.0)

    assert only.opened_ts > START + 7200
    assert only.closed_ts is None


def test_the_room_s_threshold_is_tried_too() -> None:
    rows = [minute(START + 60 * n, spare=18.0 if n < 30 else 13.5) for n in range(90)]

    assert rehearse(rows, START, in_force, "low_indoor", 13.0) == []
    assert rehearse(rows, START, in_force, "low_indoor", 15.0) == [Rehearsed(START + 60 * 44, None, 13.5)]
