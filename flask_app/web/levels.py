"""Which stored rows a stretch of time is read from: long roll-ups within, shorter ones and minutes at its edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import g

from flask_app.boiler import rollups
from flask_app.boiler.rows import COLUMNS, MINUTE, MOTORS, TEMPERATURES
from flask_app.models import db

MINUTES = "ChaudiereMinute"
SECONDS = {MINUTES: MINUTE, "TenMinutes": rollups.TEN_MINUTES, **rollups.FIXED}
"""The tables of a fixed length; `Day` is the one of none."""

GRAVITY = (10, 9, 11, 7, 12, 6, 8, 0)
"""Phase codes, the gravest first: what remains of runs too short to be drawn."""


class Cover(NamedTuple):
    """What a table holds: from the start of its oldest row to the end of its newest one."""

    start_ts: int
    end_ts: int


class Piece(NamedTuple):
    """A stretch [start_ts, end_ts) and the table to read it from, whose rows it holds whole."""

    table: str
    start_ts: int
    end_ts: int


def ask(sql: str, values: Mapping[str, int] | None = None) -> Sequence[tuple[Any, ...]]:
    """The rows of a question, as plain tuples: a chart reads a thousand of them."""
    cursor = db.session.connection().exec_driver_sql(sql, dict(values or {})).cursor
    assert cursor is not None  # noqa: S101 - a SELECT has one
    found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found


def covers(zone: ZoneInfo) -> dict[str, Cover]:
    """What each table holds, asked once a request; a table that is empty is left out."""
    if "covers" not in g:
        tables = (MINUTES, *rollups.TABLES)
        ends = ", ".join(f"(SELECT MIN(ts) FROM {table}), (SELECT MAX(ts) FROM {table})" for table in tables)
        found = ask(f"SELECT {ends}")[0]
        g.covers = {
            table: Cover(start_ts, newest_ts + SECONDS.get(table, 0))
            for table, start_ts, newest_ts in zip(tables, found[::2], found[1::2], strict=True)
            if start_ts is not None
        }
        _end_days(g.covers, zone)
    asked: dict[str, Cover] = g.covers
    return asked


def _end_days(found: dict[str, Cover], zone: ZoneInfo) -> None:
    days = found.pop("Day", None)
    if days is None:
        return
    start_ts, end_ts = rollups.days(days.end_ts, days.end_ts + 1, zone)
    # Days of the zone before the present one are not read; process_phase will write them anew.
    if start_ts == days.end_ts:
        found["Day"] = Cover(days.start_ts, end_ts)


def pieces(tables: Sequence[str], start_ts: int, end_ts: int, zone: ZoneInfo) -> list[Piece]:
    """[start_ts, end_ts) from the last, coarsest of `tables` where it holds whole rows of it, else from those before.

    The first of `tables` is the minutes, which are whole to a minute.
    """
    if start_ts >= end_ts:
        return []
    *finer, table = tables
    if not finer:
        return [Piece(table, start_ts, end_ts)]
    cover = covers(zone).get(table)
    if cover is None:
        return pieces(finer, start_ts, end_ts, zone)
    first = _first_start(table, max(start_ts, cover.start_ts), zone)
    last = _last_end(table, min(end_ts, cover.end_ts), zone)
    if first >= last:
        return pieces(finer, start_ts, end_ts, zone)
    before, after = pieces(finer, start_ts, first, zone), pieces(finer, last, end_ts, zone)
    return [*before, Piece(table, first, last), *after]


def _first_start(table: str, ts: int, zone: ZoneInfo) -> int:
    if table != "Day":
        return ts + -ts % SECONDS[table]
    start_ts, *rest = rollups.days(ts, ts + 1, zone)
    return start_ts if start_ts == ts else rest[0]


def _last_end(table: str, ts: int, zone: ZoneInfo) -> int:
    return rollups.days(ts, ts + 1, zone)[0] if table == "Day" else ts - ts % SECONDS[table]


def finest(from_ts: int, zone: ZoneInfo) -> int:
    """The shortest step, in seconds, that a chart from `from_ts` on can have: old minutes are rotated away."""
    held = covers(zone)
    minutes, tens = held.get(MINUTES), held.get("TenMinutes")
    if minutes is None or tens is None:
        return MINUTE
    gone = from_ts < minutes.start_ts and tens.start_ts <= minutes.start_ts - rollups.TEN_MINUTES
    return rollups.TEN_MINUTES if gone else MINUTE


# --- columns


def totals(roles: Sequence[str]) -> str:
    """What is read of a column's rows for `roles`: mean, lowest, highest of a temperature in hundredths of a degree,
    share in % of the time that a motor ran."""
    parts = []
    for role in roles:
        if role in TEMPERATURES:
            parts += [f"1.0 * SUM({role}_sum) / SUM({role}_count)", f"MIN({role}_min)", f"MAX({role}_max)"]
        else:
            parts.append(f"SUM({role}_sum) / (0.6 * SUM({role}_count))")
    return ", ".join(parts)


def source(found: Sequence[Piece], roles: Sequence[str], more: Mapping[str, tuple[str, str]] | None = None) -> str:
    """A table expression of the rows of `found`, with one shape whichever table they are from.

    `more`: further columns, by name, as read from a minute and from a roll-up.
    """
    return " UNION ALL ".join(
        f"SELECT {', '.join(('ts', *_values(piece.table == MINUTES, roles, more or {})))} FROM {piece.table} "
        f"WHERE ts >= {piece.start_ts:d} AND ts < {piece.end_ts:d}"
        for piece in found
    )


def _values(minute: bool, roles: Sequence[str], more: Mapping[str, tuple[str, str]]) -> list[str]:
    values: list[str] = []
    for role in roles:
        column, duty = COLUMNS[role], COLUMNS.get(f"{role}_duty")
        if role in MOTORS:
            run = f"60 * COALESCE({duty}, {column})" if minute else f"{column}_seconds"
            values.append(f"{run} AS {role}_sum")
        else:
            total = f"100 * {column}" if minute else f"{column}_mean * {column}_count"
            values += [f"{total} AS {role}_sum"]
            values += [
                f"{f'100 * {column}' if minute else f'{column}_{part}'} AS {role}_{part}" for part in ("min", "max")
            ]
        values.append(f"{f'{column} IS NOT NULL' if minute else f'{column}_count'} AS {role}_count")
    return values + [f"{parts[0 if minute else 1]} AS {name}" for name, parts in more.items()]


def rank(code: int) -> int:
    """How grave a phase is: the higher, the graver; a code not known is the least."""
    return len(GRAVITY) - GRAVITY.index(code) if code in GRAVITY else 0


GRAVEST = {
    "gravest": (
        f"CASE phase {' '.join(f'WHEN {code} THEN {rank(code)}' for code in GRAVITY)} ELSE {rank(0)} END",
        f"CASE {' '.join(f'WHEN phase{code} > 0 THEN {rank(code)}' for code in GRAVITY)} ELSE {rank(0)} END",
    )
}
"""For `source`: the rank of the gravest phase that a row holds."""


# --- phases


def phase_runs(start_ts: int, end_ts: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """(ts, code) where the phase of [start_ts, end_ts) changes; a minute that is missing or not yet named is 0."""
    changes: list[tuple[int, int]] = []
    for table, first, last in pieces((MINUTES, "TenMinutes", "Hour"), start_ts, end_ts, zone):
        column = "phase" if table == MINUTES else "runs"
        seconds, next_ts = SECONDS[table], first
        sql = f"SELECT ts, {column} FROM {table} WHERE ts >= :start AND ts < :end ORDER BY ts"
        for ts, value in ask(sql, {"start": first, "end": last}):
            if ts > next_ts:
                append(changes, next_ts, 0)
            if table == MINUTES:
                append(changes, ts, value or 0)
            else:
                for offset, code in rollups.read_runs(value):
                    append(changes, ts + MINUTE * offset, code)
            next_ts = ts + seconds
        if next_ts < last:
            append(changes, next_ts, 0)
    return changes


def append(changes: list[tuple[int, int]], ts: int, code: int) -> None:
    """Adds a run to `changes`, unless the one before is of the same phase."""
    if not changes or changes[-1][1] != code:
        changes.append((ts, code))
