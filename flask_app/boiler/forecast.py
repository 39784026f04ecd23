"""When the water will have cooled down to a temperature, from how it fell within the last hour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

ROOM = 18.0  # °C that cooling tends to: the house, not the frost outside
SPANS = (20, 40, 60)  # minutes: three looks back, whose spread is the doubt
SLOWEST = 0.3  # °C an hour: less is rest
FARTHEST = 48 * 3600  # seconds: beyond, a forecast is a guess


class Forecast(NamedTuple):
    """An instant to come (UTC seconds) and the bounds of its doubt."""

    ts: float
    earliest_ts: float
    latest_ts: float


def time_to(target: float, waters: Sequence[tuple[int, float]], cooling: float | None = None) -> Forecast | None:
    """When water that falls will reach `target` °C; None when it does not fall, or not within two days.

    `waters` are (ts, °C) in rising order, the last hour of them; `cooling` is what this house is known to lose, in °C
    an hour for each °C above the room. Newton's law: the fall slows down as the water nears the room.
    """
    if not waters:
        return None
    now, water = waters[-1]
    if water <= target or target <= ROOM:
        return None
    shares = [share for minutes in SPANS if (share := _share(waters, now - 60 * minutes)) is not None]
    if cooling is not None and cooling > 0:
        shares.append(cooling)
    if not shares:
        return None
    waits = sorted(math.log((water - ROOM) / (target - ROOM)) / share * 3600 for share in shares)
    likely = waits[len(waits) // 2]
    return Forecast(now + likely, now + waits[0], now + waits[-1]) if likely <= FARTHEST else None


def _share(waters: Sequence[tuple[int, float]], since_ts: int) -> float | None:
    """What was lost of each °C above the room in an hour since then; None when that is hardly anything."""
    first_ts, first = next((one for one in waters if one[0] >= since_ts), waters[-1])
    now, water = waters[-1]
    hours = (now - first_ts) / 3600
    if hours < 0.25 or (first - water) / hours < SLOWEST:
        return None
    return math.log((first - ROOM) / (water - ROOM)) / hours
