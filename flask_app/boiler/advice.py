"""The setpoint to advise: just below the lowest water at which this boiler, when all is well, begins to heat again."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flask_app.boiler.options import LIMITS

MARGIN = 2.0  # °C below the lowest ordinary water: a cold start dips further (BOILER.md, the pump before the fire)
DAYS_ENOUGH = 3


def advised_setpoint(lows: Sequence[float]) -> float | None:
    """The setpoint (whole °C) below the lowest water of each ordinary day in `lows`; None while too few are known.

    >>> advised_setpoint([57.0, 46.2, 48.0]), advised_setpoint([60.0])
    (44.0, None)
    """
    if len(lows) < DAYS_ENOUGH:
        return None
    limits = LIMITS["setpoint"]
    return min(max(float(math.floor(min(lows) - MARGIN)), limits.low), limits.high)
