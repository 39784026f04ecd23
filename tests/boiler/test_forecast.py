"""When the water will be cold: water that follows Newton's law is foretold, water that does not fall is not."""

from __future__ import annotations

import math

import pytest

from flask_app.boiler.forecast import ROOM, time_to

HOUR = 3600


def cooled(start: float, share: float, minutes: int = 60) -> list[tuple[int, float]]:
    """(ts, °C) of water that loses `share` an hour of each degree above the room."""
    return [(60 * m, ROOM + (start - ROOM) * math.exp(-share * m / 60)) for m in range(minutes + 1)]


def test_water_that_cools_by_the_law_is_foretold_to_the_minute() -> None:
    found = time_to(40.0, cooled(58.0, 0.1))
    assert found is not None

    true_ts = math.log((58 - ROOM) / (40 - ROOM)) / 0.1 * HOUR
    assert found.ts == pytest.approx(true_ts, abs=60)
    assert found.earliest_ts <= found.ts <= found.latest_ts


def test_a_fall_that_slows_down_widens_the_doubt() -> None:
    waters = [(ts, 60 - ts / 600) for ts in range(0, 2400, 60)] + [
        (ts, 56 - (ts - 2400) / 2400) for ts in range(2400, 3660, 60)
    ]

    found = time_to(40.0, waters)

    assert found is not None
    assert found.latest_ts - found.earliest_ts > HOUR


@pytest.mark.parametrize(
    "waters",
    [
        [],
        [(0, 55.0)],
        [(60 * m, 55.0) for m in range(60)],
        [(60 * m, 50.0 + m / 10) for m in range(60)],
        cooled(39.0, 0.1),
        cooled(60.0, 0.006),
    ],
)
def test_what_does_not_fall_or_is_cold_or_takes_days_is_not_foretold(waters: list[tuple[int, float]]) -> None:
    assert time_to(40.0, waters) is None
