"""The fold of stored minutes to the columns of a chart: WEB.md's contract, before it becomes JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask_app.boiler import rollups
from flask_app.boiler.rows import COLUMNS, MINUTE, TEMPERATURES
from flask_app.web import levels, queries

STEPS = (60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200)
"""Seconds a column may stand for; longer ones are whole local days."""

DAY = 86400
COARSE = 21600
"""Seconds: in longer columns hardly any run of a phase can be drawn; each is told by its gravest phase."""

NO_PHASES: dict[str, Any] = {"t": [], "p": [], "merged": False}
FLAGS = 500


class Grid(NamedTuple):
    """The columns: `step` seconds each from `start_ts`, or whole local days that begin at `days`."""

    start_ts: int
    step: int
    days: tuple[int, ...] | None = None


def grid(from_ts: int, to_ts: int, width: int, zone: str) -> Grid:
    """The finest columns of which [from_ts, to_ts) holds `width` at most."""
    finest = levels.finest(from_ts, ZoneInfo(zone))
    for step in STEPS[STEPS.index(finest) :]:
        start_ts = from_ts - from_ts % step
        if to_ts - start_ts <= step * width:
            return Grid(start_ts, step)
    days = 1
    while to_ts - from_ts > days * DAY * width:
        days += 1
    return _local_days(from_ts, to_ts, days, ZoneInfo(zone))


def _local_days(from_ts: int, to_ts: int, days: int, zone: ZoneInfo) -> Grid:
    starts = rollups.days(from_ts, to_ts, zone, days)
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
    local = ZoneInfo(zone)
    held = levels.covers(local)
    last_ts = held[levels.MINUTES].end_ts if levels.MINUTES in held else None
    end_ts = columns.start_ts if last_ts is None else max(columns.start_ts, min(to_ts, last_ts))
    buckets, values = _read(columns, end_ts, roles, local)
    number = _count(columns, end_ts) if buckets else 0
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
        "series": _series(roles, buckets, values, number, columns.step == MINUTE),
        "phases": _phases(columns, end_ts, width, buckets, values, local) if buckets else NO_PHASES,
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


def _tables(columns: Grid) -> tuple[str, ...]:
    """Where to read, the finest first: rows as long as the columns or shorter, so that six at most make one."""
    if columns.days is not None:
        return (levels.MINUTES, "TenMinutes", "Hour", "Day")
    return tuple(table for table, seconds in levels.SECONDS.items() if seconds <= columns.step)


Columns = tuple[Sequence[int], Sequence[Sequence[int | None]]]
"""The numbers of the columns that hold anything, rising, and for each value of them one list."""


def _read(columns: Grid, end_ts: int, roles: Sequence[str], zone: ZoneInfo) -> Columns:
    pieces = levels.pieces(_tables(columns), columns.start_ts, end_ts, zone)
    if not pieces:
        return (), ()
    if columns.step == MINUTE:
        found = _raw(columns, end_ts, roles)
    else:
        grave = columns.step >= COARSE
        bucket = _bucket(columns, end_ts, zone)
        rows = levels.source(pieces, roles, levels.GRAVEST if grave else None)
        more = ", MAX(gravest)" if grave else ""
        found = levels.ask(f"SELECT {bucket} AS bucket, {levels.totals(roles)}{more} FROM ({rows}) GROUP BY bucket")
    if not found:
        return (), ()
    buckets, *values = zip(*found, strict=True)
    return buckets, values


def _raw(columns: Grid, end_ts: int, roles: Sequence[str]) -> Sequence[tuple[Any, ...]]:
    values = ", ".join(f"100 * {COLUMNS[role]}" for role in roles)
    sql = f"SELECT (ts - :start) / 60, {values} FROM ChaudiereMinute WHERE ts >= :start AND ts < :end ORDER BY ts"
    return levels.ask(sql, {"start": columns.start_ts, "end": end_ts})


def _bucket(columns: Grid, end_ts: int, zone: ZoneInfo) -> str:
    """The number of the column that a row belongs to, in SQL."""
    if columns.days is None:
        return f"(ts - {columns.start_ts:d}) / {columns.step:d}"
    # Local midnight is a multiple of 86,400 once the zone's offset of that instant is added.
    offsets = _offsets(columns.days, end_ts, zone)
    cases = " ".join(f"WHEN ts < {until_ts:d} THEN {offset:d}" for until_ts, offset in offsets)
    first = (columns.start_ts + offsets[0][1]) // DAY
    return f"((ts + CASE {cases} END) / 86400 - {first:d}) / {columns.step // DAY:d}"


def _series(
    roles: Sequence[str], buckets: Sequence[int], values: Sequence[Sequence[float | None]], number: int, raw: bool
) -> dict[str, Any]:
    """Each role's columns; a temperature is read in hundredths of a degree and told in tenths."""
    taken = iter(values) if number else iter([()] * (3 * len(roles)))
    parts = ("v",) if raw else ("v", "lo", "hi")
    series: dict[str, Any] = {}
    for role in roles:
        if role in TEMPERATURES:
            read = {part: _column(buckets, next(taken), number, 10) for part in parts}
            series[role] = {"unit": "°C", "scale": 10, **read}
        else:
            series[role] = {"unit": "%", "scale": 1, "v": _column(buckets, next(taken), number, 1)}
    return series


def _column(buckets: Sequence[int], values: Sequence[float | None], number: int, parts: int) -> list[int | None]:
    column: list[int | None] = [None] * number
    for i, value in zip(buckets, values, strict=True) if number else ():
        if value is not None:
            column[i] = round(value / parts)
    return column


# --- phases


def _phases(
    columns: Grid, end_ts: int, width: int, buckets: Sequence[int], values: Sequence[Any], zone: ZoneInfo
) -> dict[str, Any]:
    merged = columns.step >= COARSE
    if merged:
        changes = _gravest(columns, _count(columns, end_ts), buckets, values[-1])
    else:
        changes = levels.phase_runs(columns.start_ts, end_ts, zone)
        merged = len(changes) > width / 2
        if merged:
            changes = merge(changes, end_ts, columns.step)
    return {
        "t": [ts - columns.start_ts for ts, _phase in changes],
        "p": [phase for _ts, phase in changes],
        "merged": merged,
    }


def _gravest(columns: Grid, number: int, buckets: Sequence[int], ranks: Sequence[int]) -> list[tuple[int, int]]:
    codes = [0] * number
    for i, rank in zip(buckets, ranks, strict=True):
        codes[i] = levels.GRAVITY[-rank]
    changes: list[tuple[int, int]] = []
    for i, code in enumerate(codes):
        levels.append(changes, columns.days[i] if columns.days else columns.start_ts + i * columns.step, code)
    return changes


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
            levels.append(merged, ts, phase)
            continue
        start_ts, gravest = pending or (ts, phase)
        pending = (start_ts, max(gravest, phase, key=levels.rank))
        if run_end - start_ts >= step:
            levels.append(merged, *pending)
            pending = None
    if pending is not None:
        levels.append(merged, *pending)
    return merged


def _flag(alert: Any, start_ts: int) -> dict[str, Any]:
    return {
        "t": alert.opened_ts - start_ts,
        "end": None if alert.closed_ts is None else alert.closed_ts - start_ts,
        "kind": alert.kind,
        "phase": alert.phase,
        "id": alert.id,
    }
