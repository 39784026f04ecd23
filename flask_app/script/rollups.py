"""Keeps the roll-ups true to the minutes: written when they close, and again when a minute of theirs changed."""

from __future__ import annotations

import sqlite3

from flask_app import store
from flask_app.boiler import rollups
from flask_app.boiler.rollups import COLUMNS, FIXED, MINUTE_COLUMNS, SAME_IGNITION, TEN_MINUTES
from flask_app.boiler.rows import MINUTE

QUARTER = 900
"""Seconds: every zone's midnight of today is a multiple of it in UTC."""

STRETCH = 14 * 86400  # of minutes that one run fills at most: about 0.1 s of CPU


def refresh(connection: sqlite3.Connection, from_ts: int, to_ts: int, closed_ts: int, zone: str) -> None:
    """Writes every roll-up that holds minutes of [from_ts, to_ts) and ends at `closed_ts` at the latest.

    `zone` names the zone of the local days. Inside a transaction.
    """
    # A minute tells whether the ignition of the ten minutes after it is the same one.
    to_ts = min(to_ts + SAME_IGNITION, closed_ts)
    start, end = _whole(from_ts, to_ts, TEN_MINUTES, closed_ts)
    if start >= end:
        return
    minutes = store.columns_between(connection, "ChaudiereMinute", MINUTE_COLUMNS, start - SAME_IGNITION, end)
    store.keep_rollups(connection, "TenMinutes", COLUMNS, rollups.fold(minutes, start))
    for table, seconds in FIXED.items():
        _merge_fixed(connection, table, seconds, *_whole(from_ts, to_ts, seconds, closed_ts))
    if closed_ts // QUARTER > from_ts // QUARTER:
        _merge_days(connection, from_ts, to_ts, closed_ts, zone)


def _whole(from_ts: int, to_ts: int, seconds: int, closed_ts: int) -> tuple[int, int]:
    return from_ts - from_ts % seconds, min(to_ts + -to_ts % seconds, closed_ts - closed_ts % seconds)


def _merge_fixed(connection: sqlite3.Connection, table: str, seconds: int, start: int, end: int) -> None:
    if start < end:
        tens = store.columns_between(connection, "TenMinutes", COLUMNS, start, end)
        merged = rollups.merge(tens, lambda ts: ts - ts % seconds, seconds)
        store.keep_rollups(connection, table, COLUMNS, merged)


def _merge_days(connection: sqlite3.Connection, from_ts: int, to_ts: int, closed_ts: int, zone: str) -> None:
    # 3 ms of CPU, for a run that may close a day.
    from zoneinfo import ZoneInfo

    local = ZoneInfo(zone)
    newest = store.newest_day_ts(connection)
    if newest is not None and rollups.days(newest, newest + 1, local)[0] != newest:
        # The installation's zone was changed: its days are told anew from the ten minutes, which are never rotated.
        store.forget_days(connection)
        from_ts = store.oldest_rollup_ts(connection) or from_ts
        to_ts = closed_ts
    starts = rollups.days(from_ts, to_ts, local)
    while starts and starts[-1] > closed_ts:
        starts.pop()
    if len(starts) > 1:
        tens = store.columns_between(connection, "TenMinutes", COLUMNS, starts[0], starts[-1])
        store.keep_rollups(connection, "Day", COLUMNS, rollups.merge(tens, rollups.start_among(starts), None))


def fill(database: store.Database, oldest: int, zone: str) -> None:
    """Rolls up the newest stretch of minutes before `oldest`, the oldest ten minutes that are rolled up."""
    newest = store.newest_minute_ts(database.connection, oldest)
    judged = store.newest_state_ts(database.connection)
    if newest is not None and judged is not None:
        # From the start of a UTC day: no hour and no six hours are cut in two by a stretch's end.
        start = (newest - STRETCH) // 86400 * 86400
        with database.writing() as connection:
            refresh(connection, start, newest + MINUTE, judged + MINUTE, zone)
