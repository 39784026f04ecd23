"""The setpoint to advise: just below the lowest water at which this boiler, when all is well, begins to heat again."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flask_app.boiler.habits import median
from flask_app.boiler.options import LIMITS

MARGIN = 2.0  # °C below the lowest ordinary water: a cold start dips further (BOILER.md, the pump before the fire)
DAYS_ENOUGH = 7
UNUSUAL = 20.0  # °C below the median low: a boiler that was off, not one that waits (the real logs: 17 at most)
WORTH = 2.0  # °C between the setpoint in force and the advised one that make it worth a word


def advised_setpoint(lows: Sequence[float]) -> float | None:
    """The setpoint (whole °C) below the lowest water of each day in `lows`; None while too few are known.

    A day on which the boiler was off or started from cold is not an ordinary one.

    >>> advised_setpoint([57.0, 46.2, 48.0, 50.1, 49.0, 51.5, 20.0]), advised_setpoint([60.0])
    (44.0, None)
    """
    if len(lows) < DAYS_ENOUGH:
        return None
    limits, usual = LIMITS["setpoint"], median(lows)
    lowest = min(low for low in lows if low >= usual - UNUSUAL)
    return min(max(float(math.floor(lowest - MARGIN)), limits.low), limits.high)


def worth_saying(advised: float | None, setpoint: float, declined: float | None) -> bool:
    """Whether to propose: it differs from the setpoint in force, and from what was declined."""
    if advised is None or abs(advised - setpoint) < WORTH:
        return False
    return declined is None or abs(advised - declined) >= WORTH
