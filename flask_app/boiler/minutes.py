"""How the readings of a minute become its one row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from flask_app.boiler.rows import MINUTE, MOTORS, TEMPERATURES, Row

_FIRST_MOTOR = 1 + len(TEMPERATURES)
SILENCE_LIMIT = 24 * 60
"""Silent minutes between two readings that get a row of None: a day of them. The rest of a longer silence is a gap."""

_THIRD = 3  # a mean needs a value from at least one reading in so many


def summarise(ts: int, readings: Sequence[tuple[object, ...]]) -> Row:
    """The minute that begins at `ts`, from its readings: plain tuples in `Row`'s order, possibly none.

    Temperatures are means in °C, duties shares 0..1, powers watts. A refused value (None) enters no mean.
    """
    if not readings:
        return Row(ts, samples=0)
    columns = list(zip(*readings, strict=True))
    means = [_mean(columns[1 + number], len(readings)) for number in range(len(TEMPERATURES))]
    motors = [_motor(columns[_FIRST_MOTOR + number]) for number in range(len(MOTORS))]
    flags, duties, powers = zip(*motors, strict=True)
    return Row._make((ts, *means, *flags, *duties, *powers, len(readings), None, _merged(columns[-1])))


def _mean(column: Sequence[object], count: int) -> float | None:
    present: list[float] = [value for value in column if value is not None]  # type: ignore[misc]  # a column of numbers
    return sum(present) / len(present) if present and len(present) * _THIRD >= count else None


def _motor(column: Sequence[object]) -> tuple[int | None, float | None, float | None]:
    """Whether it ran, its duty and the mean watts while it ran."""
    present: list[float] = [value for value in column if value is not None]  # type: ignore[misc]  # a column of numbers
    if not present:
        return None, None, None
    running = [watts for watts in present if watts > 0]
    if not running:
        return 0, 0.0, None
    return 1, len(running) / len(present), sum(running) / len(running)


def _merged(column: Sequence[object]) -> str | None:
    if not any(column):
        return None
    merged: dict[str, dict[str, int]] = {}
    for text in filter(None, column):
        for role, reasons in json.loads(str(text)).items():
            counts = merged.setdefault(role, {})
            for reason, count in reasons.items():
                counts[reason] = counts.get(reason, 0) + count
    return json.dumps(merged, separators=(",", ":"), sort_keys=True)


def silent_minutes(after_ts: int, before_ts: int) -> Iterator[Row]:
    """Rows of None for the minutes strictly between two minutes that have readings: the first 24 h of them at most."""
    end_ts = min(before_ts, after_ts + MINUTE * (1 + SILENCE_LIMIT))
    for ts in range(after_ts + MINUTE, end_ts, MINUTE):
        yield summarise(ts, ())
