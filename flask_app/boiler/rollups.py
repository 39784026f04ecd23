"""The roll-ups: what ten minutes, an hour, six hours and a local day of minutes come to, so that a year costs what a
day costs. Ten minutes are folded from minutes, all longer ones from ten minutes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any

from flask_app.boiler.rows import COLUMNS as ROW
from flask_app.boiler.rows import MINUTE, MOTORS, TEMPERATURES

TEN_MINUTES = 600
FIXED = {"Hour": 3600, "SixHours": 21600}
"""Tables of a fixed length, in seconds, counted from the epoch; `Day` has local days, `TenMinutes` is below them."""
TABLES = ("TenMinutes", *FIXED, "Day")

PHASES = (0, 6, 7, 8, 9, 10, 11, 12)
"""Every code of phases.Phase: a test holds the two together. phases.py is not loaded for them by the web's reader."""
IGNITION = 7
SAME_IGNITION = 600
"""Seconds in which an ignition that was lost from sight (no water, no row) is still the same one."""

MINUTE_COLUMNS = (
    "ts",
    *(ROW[role] for role in (*TEMPERATURES, *MOTORS)),
    *(ROW[f"{role}_duty"] for role in MOTORS),
    "phase",
)
"""What is folded of a minute, in this order."""

COLUMNS = (
    "ts",
    "minutes",
    *(f"{ROW[role]}_{part}" for role in TEMPERATURES for part in ("min", "max", "mean", "count")),
    *(f"{ROW[role]}_{part}" for role in MOTORS for part in ("seconds", "count")),
    *(f"phase{code}" for code in PHASES),
    "ignitions",
    "runs",
)
"""A roll-up's columns. min, max, mean: of the minutes' means, in hundredths of a degree, whole numbers: a year of
roll-ups then takes a third of the room. seconds: those in which the motor ran. count: minutes that had the value.
phaseN: minutes in that phase. ignitions: those that began. runs: the phases in order, as minute:code after the start,
for ten minutes and hours; None in longer ones."""

_FIRST_MOTOR = 2 + 4 * len(TEMPERATURES)
_FIRST_PHASE = _FIRST_MOTOR + 2 * len(MOTORS)
_IGNITIONS = _FIRST_PHASE + len(PHASES)

Rollup = tuple[Any, ...]
"""A row in the order of COLUMNS. A plain tuple, as SQLite binds and returns it: a rework folds a year of them."""


def fold(minutes: Iterable[Sequence[Any]], from_ts: int) -> Iterator[Rollup]:
    """The ten-minute roll-ups of `minutes`, rising tuples in MINUTE_COLUMNS' order; nothing for ten minutes of none.

    Minutes before `from_ts` only tell whether an ignition was under way.
    """
    lit_ts: int | None = None  # of the newest minute of ignition, while no other phase was seen since
    for number, group in groupby(minutes, lambda minute: minute[0] // TEN_MINUTES):
        rows = list(group)
        ignitions = 0
        for row in rows:
            phase = row[-1]
            if phase == IGNITION:
                ignitions += lit_ts is None or row[0] - lit_ts > SAME_IGNITION
                lit_ts = row[0]
            elif phase:
                lit_ts = None
        if number * TEN_MINUTES >= from_ts:
            yield _ten_minutes(number * TEN_MINUTES, rows, ignitions)


def _ten_minutes(ts: int, rows: Sequence[Sequence[Any]], ignitions: int) -> Rollup:
    columns = list(zip(*rows, strict=True))
    values: list[Any] = [ts, len(rows)]
    for column in columns[1:5]:
        values += _temperature([value for value in column if value is not None])
    for flags, duties in zip(columns[5:9], columns[9:13], strict=True):
        shares = [flag if duty is None else duty for flag, duty in zip(flags, duties, strict=True)]
        present = [share for share in shares if share is not None]
        values += (round(MINUTE * sum(present)), len(present))
    phases = [phase or 0 for phase in columns[13]]
    values += map(phases.count, PHASES)
    parts = (((row[0] - ts) // MINUTE, 1, ((0, phase),)) for row, phase in zip(rows, phases, strict=True))
    return (*values, ignitions, _written(_joined(parts, TEN_MINUTES // MINUTE)))


def _temperature(present: Sequence[float]) -> tuple[int | None, int | None, int | None, int]:
    if not present:
        return None, None, None, 0
    mean = 100 * sum(present) / len(present)
    return round(100 * min(present)), round(100 * max(present)), round(mean), len(present)


def merge(rollups: Iterable[Rollup], start_of: Callable[[int], int], seconds: int | None) -> Iterator[Rollup]:
    """Longer roll-ups made of ten-minute ones, in rising order: `start_of` tells the start of the one a time is in.

    `seconds` is their length; their runs of phases are kept only when it is known, and an hour at most.
    """
    for ts, group in groupby(rollups, lambda rollup: start_of(rollup[0])):
        yield _merged(ts, list(group), seconds)


def _merged(ts: int, rows: Sequence[Rollup], seconds: int | None) -> Rollup:
    columns = list(zip(*rows, strict=True))
    values: list[Any] = [ts, sum(columns[1])]
    for first in range(2, _FIRST_MOTOR, 4):
        values += _merged_temperature(*columns[first : first + 4])
    values += map(sum, columns[_FIRST_MOTOR : _IGNITIONS + 1])
    return (*values, _merged_runs(ts, rows, seconds) if seconds and seconds <= 3600 else None)


def _merged_temperature(
    lows: Sequence[int | None], highs: Sequence[int | None], means: Sequence[int | None], counts: Sequence[int]
) -> tuple[int | None, int | None, int | None, int]:
    total = sum(counts)
    if not total:
        return None, None, None, 0
    weighed = sum(mean * count for mean, count in zip(means, counts, strict=True) if mean is not None)
    low = min(value for value in lows if value is not None)
    return low, max(value for value in highs if value is not None), round(weighed / total), total


# --- runs of phases


def _merged_runs(ts: int, rows: Sequence[Rollup], seconds: int) -> str:
    length = TEN_MINUTES // MINUTE
    return _written(_joined((((row[0] - ts) // MINUTE, length, read_runs(row[-1])) for row in rows), seconds // MINUTE))


def _joined(parts: Iterable[tuple[int, int, Iterable[tuple[int, int]]]], length: int) -> list[tuple[int, int]]:
    """The runs of (start, length, runs) one after the other; what lies between them is in no phase, code 0."""
    joined: list[tuple[int, int]] = []
    end = 0
    for start, part_length, runs in parts:
        if start > end:
            _append(joined, end, 0)
        for offset, code in runs:
            _append(joined, start + offset, code)
        end = start + part_length
    if end < length:
        _append(joined, end, 0)
    return joined


def _append(runs: list[tuple[int, int]], offset: int, code: int) -> None:
    if not runs or runs[-1][1] != code:
        runs.append((offset, code))


def _written(runs: Iterable[tuple[int, int]]) -> str:
    return ",".join(f"{offset}:{code}" for offset, code in runs)


def read_runs(text: str) -> list[tuple[int, int]]:
    """The (minutes after the start, code) of a roll-up's `runs`.

    >>> read_runs("0:7,4:6")
    [(0, 7), (4, 6)]
    """
    return [(int(offset), int(code)) for offset, _, code in (part.partition(":") for part in text.split(","))]


# --- local days


def days(start_ts: int, end_ts: int, zone: tzinfo, each: int = 1) -> list[int]:
    """The local midnights around [start_ts, end_ts): from the last at or before its start to the first at or after
    its end, only every `each`-th of them. A day has 23 or 25 hours where the clocks change."""
    day = datetime.fromtimestamp(start_ts, zone)
    day = datetime(day.year, day.month, day.day, tzinfo=zone)
    starts = [int(day.timestamp())]
    while starts[-1] < end_ts:
        day += timedelta(days=each)
        starts.append(int(day.timestamp()))
    return starts


def start_among(starts: Sequence[int]) -> Callable[[int], int]:
    """Tells the last of `starts` at or before a time."""
    return lambda ts: starts[bisect_right(starts, ts) - 1]
