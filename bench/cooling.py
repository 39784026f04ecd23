"""The score of the time to cold: how wrong the forecast of a crossing was, 30, 60 and 120 minutes before it.

    python -m bench.cooling LOG...            a table for each log

A LOG is what bench.score reads. Each half degree crossed in a rest of the boiler is one crossing to foretell; the
boiler's time constant is learned from the rests before, as it would have been. The straight line beside it is fitted
to the last hour, as one would with a ruler.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from bench.score import Minute, read
from flask_app.boiler.forecast import SHORTEST, WINDOW, time_constant, time_to

HORIZONS = (30, 60, 120)
OUT = ("off", "ember", "burnout")
RULER = 3600  # seconds of the straight line
LEARNED = 3  # rests before which nothing is learned
Rest = list[tuple[int, float]]


@dataclass(frozen=True)
class Score:
    """Of the forecasts made so many minutes before: how many, minutes of error, and the share inside the band."""

    count: int
    error: float  # minutes, the median of the absolute values
    line_error: float  # the same of the straight line
    inside: float


def rests(minutes: Iterable[Minute]) -> Iterator[Rest]:
    """The water of each stretch without fire, from its highest on, if it is an hour long or more."""
    current: Rest = []
    for minute in minutes:
        if minute.truth in OUT and minute.water is not None:
            if current and minute.ts - current[-1][0] > 600:
                yield from _worth(current)
                current = []
            current.append((minute.ts, minute.water))
        else:
            yield from _worth(current)
            current = []
    yield from _worth(current)


def _worth(rest: Rest) -> Iterator[Rest]:
    if len(rest) > 60:
        yield rest[max(range(len(rest)), key=lambda place: rest[place][1]) :]


def crossings(rest: Rest) -> dict[float, int]:
    """When each half degree was first passed downwards."""
    found: dict[float, int] = {}
    for (_, before), (ts, after) in pairwise(rest):
        for whole in range(math.floor(after), math.floor(before) + 1):
            if after < whole + 0.5 <= before and whole + 0.5 > 38:
                found.setdefault(whole + 0.5, ts)
    return found


def straight(target: float, waters: Rest) -> int | None:
    """When a straight line through the last hour passes `target`."""
    points = [(ts, water) for ts, water in waters if ts > waters[-1][0] - RULER]
    mean_ts, mean = (sum(column) / len(points) for column in zip(*points, strict=True))
    spread = sum((ts - mean_ts) ** 2 for ts, _ in points)
    slope = sum((ts - mean_ts) * (water - mean) for ts, water in points) / spread
    return None if slope >= 0 else round(max(waters[-1][0], mean_ts + (target - mean) / slope))


def score(minutes: Iterable[Minute]) -> dict[int, Score]:
    """The score at each horizon at which the log has a crossing to foretell."""
    errors: dict[int, list[tuple[float, float, bool]]] = {horizon: [] for horizon in HORIZONS}
    constants: list[float] = []
    for rest in rests(minutes):
        cooling = median(constants) if len(constants) >= LEARNED else None
        for target, crossed in crossings(rest).items():
            for horizon in HORIZONS:
                errors[horizon] += _errors(rest, target, crossed, crossed - 60 * horizon, cooling)
        constants += filter(None, [time_constant(rest[:WINDOW])])
    return {
        horizon: Score(
            len(found),
            median(own for own, _, _ in found),
            median(line for _, line, _ in found),
            sum(inside for _, _, inside in found) / len(found),
        )
        for horizon, found in errors.items()
        if found
    }


def _errors(
    rest: Rest, target: float, crossed: int, now: int, cooling: float | None
) -> Iterator[tuple[float, float, bool]]:
    """Minutes of error of the forecast and of the straight line made at `now`, once the rest is long enough for both;
    one that says "never" is wrong by a day."""
    known = [point for point in rest if point[0] <= now]
    if len(known) < SHORTEST or known[-1][0] - known[0][0] < 60 * SHORTEST or known[-1][1] < target:
        return
    foretold, line = time_to(target, known, cooling), straight(target, known)
    yield (
        abs(foretold.ts - crossed) / 60 if foretold else 1440.0,
        abs(line - crossed) / 60 if line else 1440.0,
        foretold is not None and foretold.earliest_ts <= crossed <= foretold.latest_ts,
    )


def main() -> None:
    """Prints the table of each log named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+", metavar="LOG")
    for path in parser.parse_args().logs:
        print(
            f"\n{path}\n| ahead | crossings | error, median | straight line | inside the band |\n|---|---|---|---|---|"
        )
        for horizon, found in score(read(path)).items():
            print(
                f"| {horizon} min | {found.count} | {found.error:.1f} min | {found.line_error:.1f} min "
                f"| {100 * found.inside:.0f} % |"
            )


if __name__ == "__main__":
    main()
