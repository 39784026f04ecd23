"""The fold of stored minutes to the columns of a chart: WEB.md's contract, before it becomes JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask_app.boiler.rows import MINUTE, TEMPERATURES
from flask_app.web import queries

STEPS = (60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200)
"""Seconds a column may stand for; longer ones are whole local days."""

DAY = 86400
GRAVITY = (10, 9, 11, 7, 12, 6, 8, 0)
"""Phase codes, the gravest first: what remains of runs too short to be drawn."""

FLAGS = 500


class Grid(NamedTuple):
    """The columns: `step` seconds each from `start_ts`, or whole local days that begin at `days`."""

    start_ts: int
    step: int
    days: tuple[int, ...] | None = None


def grid(from_ts: int, to_ts: int, width: int, zone: str) -> Grid:
    """The finest columns of which [from_ts, to_ts) holds `width` at most."""
    for step in STEPS:
        start_ts = from_ts - from_ts % step
        if to_ts - start_ts <= step * width:
            return Grid(start_ts, step)
    days = 1
    while to_ts - from_ts > days * DAY * width:
        days += 1
    return _local_days(from_ts, to_ts, days, ZoneInfo(zone))


def _local_days(from_ts: int, to_ts: int, days: int, zone: ZoneInfo) -> Grid:
    day = datetime.fromtimestamp(from_ts, zone).date()
    starts: list[int] = []
    while not starts or starts[-1] < to_ts:
        starts.append(int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()))
        day += timedelta(days=days)
    return Grid(starts[0], days * DAY, tuple(starts[:-1]))


def _offsets(days: Sequence[int], end_ts: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """(until_ts, seconds east of UTC), rising: the zone's offsets from the first of `days` to `end_ts`."""
    found: list[tuple[int, int]] = []
    ts, offset = days[0], _offset(days[0], zone)
    while ts < end_ts:
        ts = min(ts + DAY, end_ts)
        if _offset(ts, zone) != offset:
            found.append((_change(ts - DAY, ts, zone), offset))
            offset = _offset(ts, zone)
    return [*found, (end_ts + 1, offset)]


def _change(low: int, high: int, zone: ZoneInfo) -> int:
    """The second in (low, high] at which the offset changes."""
    before = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def _offset(ts: int, zone: ZoneInfo) -> int:
    return round((datetime.fromtimestamp(ts, UTC).astimezone(zone).utcoffset() or timedelta()).total_seconds())


def fold(columns: Grid, to_ts: int, roles: Sequence[str], width: int, zone: str) -> dict[str, Any]:
    """The body of /api/v1/series without its times of now and of the request."""
    newest = queries.newest_minute_ts()
    last_ts = None if newest is None else newest + MINUTE
    end_ts = columns.start_ts if last_ts is None else max(columns.start_ts, min(to_ts, last_ts))
    rows = _rows(columns, end_ts, roles, zone)
    number = _count(columns, end_ts) if rows else 0
    alerts, count = queries.alerts_between(columns.start_ts, to_ts, FLAGS)
    body: dict[str, Any] = {
        "v": 1,
        "from": columns.start_ts,
        "to": to_ts,
        "step": columns.step,
        "n": number,
        "agg": "raw" if columns.step == MINUTE else "mean-lo-hi",
        "tz": zone,
        "last": last_ts,
        "series": {role: _series(role, rows, number, columns.step == MINUTE) for role in roles},
        "phases": _phases(columns, end_ts, width) if rows else {"t": [], "p": [], "merged": False},
        "flags": [_flag(alert, columns.start_ts) for alert in alerts],
    }
    if columns.days is not None:
        body["t"] = list(columns.days[:number])
    if count > FLAGS:
        body["flags_more"] = count - FLAGS
    return body


def _count(columns: Grid, end_ts: int) -> int:
    if columns.days is not None:
        return sum(1 for start in columns.days if start < end_ts)
    return -(-(end_ts - columns.start_ts) // columns.step)


def _rows(columns: Grid, end_ts: int, roles: Sequence[str], zone: str) -> dict[int, Any]:
    start_ts, step, days = columns
    if end_ts <= start_ts:
        return {}
    if days is not None:
        offsets = _offsets(days, end_ts, ZoneInfo(zone))
        rows = queries.day_buckets(start_ts, end_ts, roles, step // DAY, offsets)
    elif step == MINUTE:
        return {(row["bucket"] - start_ts) // MINUTE: row for row in queries.minutes(start_ts, end_ts, roles)}
    else:
        rows = queries.buckets(start_ts, end_ts, roles, step)
    return {row["bucket"]: row for row in rows}


def _series(role: str, rows: dict[int, Any], number: int, raw: bool) -> dict[str, Any]:
    if role not in TEMPERATURES:
        return {"unit": "%", "scale": 1, "v": _column(rows, role, number, 1)}
    values = {"unit": "°C", "scale": 10, "v": _column(rows, role, number, 10)}
    if not raw:
        values["lo"] = _column(rows, f"{role}_lo", number, 10)
        values["hi"] = _column(rows, f"{role}_hi", number, 10)
    return values


def _column(rows: dict[int, Any], name: str, number: int, scale: int) -> list[int | None]:
    column: list[int | None] = [None] * number
    for i, row in rows.items():
        value = row[name]
        if value is not None:
            column[i] = round(value * scale)
    return column


def _phases(columns: Grid, end_ts: int, width: int) -> dict[str, Any]:
    changes = queries.phase_changes(columns.start_ts, end_ts)
    merged = len(changes) > width / 2
    if merged:
        changes = merge(changes, end_ts, columns.step)
    return {
        "t": [ts - columns.start_ts for ts, _phase in changes],
        "p": [phase for _ts, phase in changes],
        "merged": merged,
    }


def merge(changes: Sequence[tuple[int, int]], end_ts: int, step: int) -> list[tuple[int, int]]:
    """`changes` with the runs shorter than `step` put together, a step at least, under the gravest of them.

    >>> merge([(0, 6), (10, 8), (20, 10), (70, 6)], 200, 60)
    [(0, 10), (70, 6)]
    """
    merged: list[tuple[int, int]] = []
    pending: tuple[int, int] | None = None  # start and gravest phase of the short runs so far
    ends = [ts for ts, _phase in changes[1:]] + [end_ts]
    for (ts, phase), run_end in zip(changes, ends, strict=True):
        if pending is None and run_end - ts >= step:
            _append(merged, ts, phase)
            continue
        start_ts, gravest = pending or (ts, phase)
        pending = (start_ts, min(gravest, phase, key=_gravity))
        if run_end - start_ts >= step:
            _append(merged, *pending)
            pending = None
    if pending is not None:
        _append(merged, *pending)
    return merged


def _gravity(phase: int) -> int:
    return GRAVITY.index(phase) if phase in GRAVITY else len(GRAVITY)


def _append(changes: list[tuple[int, int]], ts: int, phase: int) -> None:
    if not changes or changes[-1][1] != phase:
        changes.append((ts, phase))


def _flag(alert: Any, start_ts: int) -> dict[str, Any]:
    return {
        "t": alert.opened_ts - start_ts,
        "end": None if alert.closed_ts is None else alert.closed_ts - start_ts,
        "kind": alert.kind,
        "phase": alert.phase,
        "id": alert.id,
    }
