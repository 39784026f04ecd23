"""The predecessor's rows, told in our terms: local times, lost probes, millivolts, dips of a mean."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from flask_app.boiler.legacy import instants, minute, reading, without_dips
from flask_app.boiler.rows import Row

PARIS = ZoneInfo("Europe/Paris")
TS = 1_640_000_040


def written(*spans: tuple[str, int]) -> list[str]:
    """Local times as it wrote them: each (start, minutes) a run of them."""
    return [
        str(datetime.fromisoformat(start) + timedelta(minutes=number))
        for start, count in spans
        for number in range(count)
    ]


def test_a_local_time_is_told_in_utc_summer_and_winter() -> None:
    assert list(instants(["2021-07-01 12:00:00.123456", "2021-12-01 12:00:00"], PARIS)) == [1625133600, 1638356400]


def test_the_hour_that_autumn_repeats_is_told_by_the_order_of_the_rows() -> None:
    local = written(("2021-10-31 01:00", 120), ("2021-10-31 02:00", 120))

    found = list(instants(local, PARIS))

    first = 1635634800  # 01:00 in summer's time
    assert found == [first + 60 * number for number in range(240)]


def test_an_hour_written_once_in_autumn_is_the_first_of_the_two() -> None:
    found = list(instants(written(("2021-10-31 02:58", 2), ("2021-10-31 03:00", 1)), PARIS))

    assert [later - found[0] for later in found if found[0] and later] == [0, 60, 3720]


@pytest.mark.parametrize("text", [None, "", "soon", "2021-03-28 02:30:00", "2021-07-01T12:00:00+02:00"])
def test_a_time_that_cannot_be_is_none(text: str | None) -> None:
    assert list(instants([text], PARIS)) == [None]


def test_a_lost_probe_is_no_value_and_its_reason_is_kept() -> None:
    row = reading(TS, (-1, 0.0, 140.0, None, None, None))

    assert (row.water, row.flue, row.box, row.igniter) == (None, None, None, None)
    assert row.quality == '{"water":{"absent":1},"flue":{"absent":1},"box":{"range":1}}'


def test_millivolts_become_estimated_watts_and_rest_becomes_0() -> None:
    row = reading(TS, (60.5, 120.0, 21.0, 1827, 1650, 4000))

    assert row.water == 60.5
    assert row.igniter == pytest.approx(864, rel=0.01)  # 3.75 A at 230 V
    assert (row.primary_fan, row.auger, row.quality) == (0.0, None, None)


@pytest.mark.parametrize(
    ("mean", "ran", "duty", "watts"),
    [
        (0, 0, 0.0, None),
        (1647, 0, 0.0, None),  # its first cut let rest pass
        (1671, 1, 1.0, pytest.approx(94, rel=0.01)),
        (417.75, 1, 0.25, None),
        (None, None, None, None),
        (5000, None, None, None),
    ],
)
def test_a_mean_of_millivolts_tells_whether_it_ran_and_for_how_long(
    mean: float | None, ran: int | None, duty: float | None, watts: float | None
) -> None:
    row = minute(TS, (60.0, 120.0, 21.0, 0, 0, mean))

    assert (row.auger, row.auger_duty, row.auger_power) == (ran, duty, watts)


def test_another_unit_tells_only_that_it_ran() -> None:
    row = minute(TS, (60.0, 120.0, 21.0, 300, 0, 8), millivolts=False)

    assert (row.igniter, row.igniter_duty, row.primary_fan, row.primary_fan_duty) == (1.0, None, 0.0, 0.0)


def test_a_dip_made_by_a_lost_reading_is_taken_out_and_a_true_fall_stays() -> None:
    falling = [Row(TS + 60 * number, water=60 - number / 10, flue=100.0) for number in range(30)]
    dipped = [row._replace(water=52.0) if 10 <= number < 12 else row for number, row in enumerate(falling)]

    clean = without_dips(dipped)

    assert [number for number, row in enumerate(clean) if row.water is None] == [10, 11]
    assert clean[10].quality == '{"water":{"absent":1}}'
    assert without_dips(falling) == falling
