"""When cooling water passes a temperature: Newton's law, fitted to this rest and learned from those before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log
from typing import NamedTuple

from flask_app.boiler.habits import AMBIENT

WINDOW = 180
"""Minutes of cooling that are fitted: a whole-degree probe says little in less."""

SHORTEST = 20
"""Minutes below which a rest's own fall is not believed."""

FARTHEST = 48 * 60
"""Minutes ahead beyond which nothing is foretold: the weather decides."""

COLD = 40.0
"""°C of the water at which radiators warm no more: what is foretold once the setpoint is passed."""

LEARNED_WEIGHT = 30_000.0
"""What a learned time constant weighs against this rest's own fit: minutes² about the mean, as 71 minutes have."""

BAND = (10.0, 0.25)
"""Half the band: minutes, and minutes a minute ahead. Of the real log's crossings 76 to 92 % fell inside."""


class Forecast(NamedTuple):
    """When a temperature is passed, and the band that holds four of five; UTC epoch seconds."""

    ts: int
    earliest_ts: int
    latest_ts: int


class Fit(NamedTuple):
    """A straight line through ln(water - AMBIENT), in minutes from the last of its points."""

    level: float  # at the last point's time
    slope: float  # a minute; below 0 when the water cools
    spread: float  # minutes², the sum of squares of the times about their mean


def time_to(target: float, waters: Sequence[tuple[int, float | None]], cooling: float | None = None) -> Forecast | None:
    """When water that cools will pass below `target` °C.

    waters: (ts, °C) of minutes in rising order, the newest last; what lies before their highest value is not looked at,
    so that the run-on of a burn spoils nothing. cooling: this boiler's time constant in minutes, once learned.
    None: already below, not cooling, too little known, or farther than FARTHEST.

    >>> from math import exp
    >>> falling = [(60 * minute, 25 + 45 * exp(-minute / 800)) for minute in range(121)]
    >>> round((time_to(56.0, falling).ts - 120 * 60) / 60)  # 800 * ln(45 / 31) - 120
    178
    """
    points = _cooling_points(waters)
    if not points or target <= AMBIENT or points[-1][1] < target:
        return None
    fit = _fitted(points, cooling)
    if fit is None or fit.slope >= 0:
        return None
    ahead = max(0.0, (log(target - AMBIENT) - fit.level) / fit.slope)
    if ahead > FARTHEST:
        return None
    now, half = points[-1][0], BAND[0] + BAND[1] * ahead
    first, middle, last = (now + round(60 * minutes) for minutes in (max(0.0, ahead - half), ahead, ahead + half))
    return Forecast(middle, first, last)


def time_constant(waters: Sequence[tuple[int, float | None]]) -> float | None:
    """The minutes in which a finished cool-down lost 63 % of its height above AMBIENT; None when it was too short."""
    points = _cooling_points(waters)
    if len(points) < 3 * SHORTEST:
        return None
    slope = fit_line(points).slope
    return -1 / slope if slope < 0 else None


def _cooling_points(waters: Iterable[tuple[int, float | None]]) -> list[tuple[int, float]]:
    """The minutes since the newest highest, of the last WINDOW."""
    present = [(ts, water) for ts, water in waters if water is not None and water > AMBIENT]
    present = [point for point in present if point[0] > present[-1][0] - 60 * WINDOW]
    if not present:
        return []
    top = max(range(len(present)), key=lambda place: (present[place][1], place))
    return present[top:]


def _fitted(points: list[tuple[int, float]], cooling: float | None) -> Fit | None:
    long_enough = points[-1][0] - points[0][0] >= 60 * SHORTEST and len(points) >= SHORTEST
    if not long_enough:
        return Fit(log(points[-1][1] - AMBIENT), -1 / cooling, 0.0) if cooling else None
    fit = fit_line(points)
    if not cooling:
        return fit
    slope = (fit.spread * fit.slope - LEARNED_WEIGHT / cooling) / (fit.spread + LEARNED_WEIGHT)
    # Turned about the middle of the points, where the level is known best.
    middle = sum(ts - points[-1][0] for ts, _ in points) / len(points) / 60
    return Fit(fit.level + (fit.slope - slope) * middle, slope, fit.spread)


def fit_line(points: Sequence[tuple[int, float]]) -> Fit:
    """Least squares through ln(water - AMBIENT) of two points or more, all above AMBIENT."""
    now = points[-1][0]
    times = [(ts - now) / 60 for ts, _ in points]
    heights = [log(water - AMBIENT) for _, water in points]
    mean_time, mean_height = sum(times) / len(times), sum(heights) / len(heights)
    spread = sum((time - mean_time) ** 2 for time in times)
    together = sum((time - mean_time) * (height - mean_height) for time, height in zip(times, heights, strict=True))
    slope = together / spread
    return Fit(mean_height - slope * mean_time, slope, spread)
