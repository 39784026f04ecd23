"""Takes over the history of the predecessor's databases: its minutes, named by today's rules; tells nobody."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, tzinfo
from heapq import merge
from itertools import groupby
from typing import Any, NamedTuple

from config.settings import Settings
from flask_app import store
from flask_app.boiler import engine, legacy
from flask_app.boiler.minutes import summarise
from flask_app.boiler.options import Options, every_option
from flask_app.boiler.rows import MINUTE, Row
from flask_app.script.archive_minute import FIRST_TS
from flask_app.script.judging import WARM_UP, judge
from flask_app.script.rollups import refresh

RAW, MINUTES = "chaudiere", "chaudiere_minute"
"""Its tables, each in a file of its own: chaudiere.db and chaudiere_minute.db."""

NEEDED = {"id", "dt", *legacy.COLUMNS}


class LegacyError(Exception):
    """A folder or file that cannot be taken over; the words name it and say what to do."""


class Table(NamedTuple):
    """One of its tables, open for reading."""

    name: str
    file: str
    connection: sqlite3.Connection
    rows: int
    millivolts: bool  # what its watt columns hold; its first hardware stored another unit


class Count(NamedTuple):
    """What became of its rows, in minutes, readings and values."""

    minutes: int = 0  # rows of its chaudiere_minute
    readings: int = 0  # rows of its chaudiere
    new: int = 0  # minutes that are kept now
    there: int = 0  # minutes that were kept already, and stay as they are
    no_time: int = 0  # rows whose local time cannot be read, or does not exist in the zone
    out_of_time: int = 0  # minutes of the future, or before any boiler was watched
    doubled: int = 0  # rows of a minute that another row told already
    values: int = 0  # temperatures refused: a lost probe, or what no probe can say
    from_ts: int | None = None  # of the minutes that are new
    to_ts: int | None = None


class Rules(NamedTuple):
    """What its minutes are judged by."""

    options_at: Callable[[int], Options]
    resets: Sequence[tuple[int, str]]  # events after which something is learned anew


Day = tuple[str, list[tuple[Any, ...]]]
"""A local date, and its rows as (id, dt, *legacy.COLUMNS)."""


def take(
    database: store.Database,
    settings: Settings,
    tables: Sequence[Table],
    zone: tzinfo,
    now: int,
    progress: Callable[[int], object] = lambda _rows: None,
) -> Count:
    """Keeps each minute of `tables` that is not kept yet, a local day a transaction, with its phase and roll-ups.

    A second run changes nothing; one cut short goes on. `progress` hears of the rows read. Raises LegacyError, and
    StoreError when the database is a simulated boiler's.
    """
    database.claim(store.World.REAL)
    rules = Rules(
        every_option(settings.options, store.option_changes(database.connection)),
        store.learning_resets(database.connection),
    )
    count, state = Count(), None
    days = merge(*(_days(table) for table in tables), key=lambda found: found[0][0])
    for _date, group in groupby(days, key=lambda found: found[0][0]):
        told: dict[int, Row] = {}
        for (_, rows), table in group:
            count, read = _minutes(table, rows, zone, count)
            told = {**read, **told}  # those of its readings first: they know what a mean has lost
            progress(len(rows))
        count = count._replace(out_of_time=count.out_of_time + sum(not FIRST_TS <= ts <= now for ts in told))
        minutes = [told[ts] for ts in sorted(told) if FIRST_TS <= ts <= now]
        state, count = _keep(database, minutes, state, rules, count)
    return count


def summary(count: Count, zone: tzinfo) -> Iterator[str]:
    """What became of its rows, in lines to show; times in `zone`."""
    yield f"{count.minutes} minutes and {count.readings} readings read"
    span = ""
    if count.from_ts is not None and count.to_ts is not None:
        first, last = (f"{datetime.fromtimestamp(ts, zone):%Y-%m-%d %H:%M}" for ts in (count.from_ts, count.to_ts))
        span = f", from {first} to {last}, their phases named by today's rules; nobody was told"
    yield f"{count.new} minutes kept{span}"
    reasons = {
        "minutes left out: kept here already": count.there,
        "minutes left out: of the future, or before 2018": count.out_of_time,
        "rows left out: of a minute that another row tells": count.doubled,
        "rows left out: their local time cannot be read, or does not exist in this zone (--zone)": count.no_time,
        "temperatures left empty: the probe was lost, or said what none can say": count.values,
    }
    yield from (f"{number} {words}" for words, number in reasons.items() if number)


@contextmanager
def opened(folder: str) -> Iterator[list[Table]]:
    """The predecessor's tables in `folder`, readings first, open for reading. Raises LegacyError when there is none, or
    one cannot be read."""
    with ExitStack() as stack:
        files = [(name, os.path.join(folder, f"{name}.db")) for name in (RAW, MINUTES)]
        tables = [_open(name, file, stack) for name, file in files if os.path.isfile(file)]
        if not tables:
            raise LegacyError(
                f"{folder} holds neither {MINUTES}.db nor {RAW}.db that this user may read: "
                "name the predecessor's folder `db`, or a copy of it"
            )
        yield tables


def _open(name: str, file: str, stack: ExitStack) -> Table:
    try:
        quoted = os.path.abspath(file).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        connection = stack.enter_context(closing(sqlite3.connect(f"file:{quoted}?mode=ro", uri=True)))
        if connection.execute("PRAGMA application_id").fetchone()[0] in {world.value for world in store.World}:
            raise LegacyError(f"{file} is a database of this program, not of its predecessor: name another folder")
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        if not columns >= NEEDED:
            lacking = ", ".join(sorted(NEEDED - columns)) if columns else f"the table {name}"
            raise LegacyError(f"{file} lacks {lacking}: it is not the predecessor's")
        rows = connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]
        peaks = ", ".join(f"MAX({clamp.column})" for clamp in legacy.CLAMPS.values())
        highest = [peak for peak in connection.execute(f"SELECT {peaks} FROM {name}").fetchone() if peak]
    except sqlite3.Error as error:
        raise LegacyError(f"{file} cannot be read ({error}): copy it again while its programs are stopped") from None
    return Table(name, file, connection, rows, not highest or max(highest) >= legacy.REST)


def _days(table: Table) -> Iterator[tuple[Day, Table]]:
    """Its rows a local date at a time, each date's in the order in which they were written."""
    query = f"SELECT id, CAST(dt AS TEXT), {', '.join(legacy.COLUMNS)} FROM {table.name} ORDER BY 2, 1"
    try:
        for date, group in groupby(table.connection.execute(query), key=lambda row: (row[1] or "")[:10]):
            yield (date, sorted(group)), table
    except sqlite3.Error as error:
        raise LegacyError(f"{table.file} cannot be read to its end ({error}): copy it again") from None


def _minutes(table: Table, rows: Sequence[tuple[Any, ...]], zone: tzinfo, count: Count) -> tuple[Count, dict[int, Row]]:
    """The minutes that one day's rows tell."""
    found = list(zip(legacy.instants((row[1] for row in rows), zone), rows, strict=True))
    count = count._replace(no_time=count.no_time + sum(ts is None for ts, _ in found))
    known = sorted((ts, row[2:]) for ts, row in found if ts is not None)
    if table.name == RAW:
        return count._replace(readings=count.readings + len(rows)), _folded(known) if table.millivolts else {}
    told: dict[int, Row] = {}
    for ts, values in known:
        start = ts // MINUTE * MINUTE
        told.setdefault(start, legacy.minute(start, values, table.millivolts))
    clean = legacy.without_dips(list(told.values()))
    count = count._replace(minutes=count.minutes + len(rows), doubled=count.doubled + len(known) - len(told))
    return count, {row.ts: row for row in clean}


def _folded(readings: Sequence[tuple[int, Sequence[object]]]) -> dict[int, Row]:
    """Minutes made of its readings. `samples` stays empty, as in all its minutes: this installation measured none."""
    groups = {
        start: [legacy.reading(ts, values) for ts, values in group]
        for start, group in groupby(readings, key=lambda reading: reading[0] // MINUTE * MINUTE)
    }
    return {start: summarise(start, group)._replace(samples=None) for start, group in groups.items()}


def _keep(
    database: store.Database, given: Sequence[Row], state: engine.State | None, rules: Rules, count: Count
) -> tuple[engine.State | None, Count]:
    """Keeps one day's minutes that are not kept yet. `state`: the engine's after the day before, if that was judged;
    returns it after this one. Alerts that it opens and closes are not kept: that time is past."""
    if not given:
        return state, count
    connection, first = database.connection, given[0].ts
    kept = store.minutes(
        connection, first if state is None or state.ts is None else state.ts + MINUTE, given[-1].ts + 1
    )
    there = {row.ts for row in kept}
    new = [row for row in given if row.ts not in there]
    count = count._replace(there=count.there + len(given) - len(new))
    if not new:
        return None, count
    if state is None:
        state = engine.State()
        judge(state, store.minutes(connection, first - WARM_UP, first), first, rules.options_at, rules.resets)
    judged = judge(state, sorted([*kept, *new], key=lambda row: row.ts), first, rules.options_at, rules.resets)
    phases = {ts: phase for phase, ts in judged.phases}
    with database.writing():
        store.insert_minutes(connection, (row._replace(phase=phases[row.ts]) for row in new))
        closed_ts = (store.newest_minute_ts(connection, store.ALWAYS) or 0) + MINUTE
        refresh(connection, new[0].ts, new[-1].ts + MINUTE, closed_ts, rules.options_at(closed_ts).timezone)
    refused = sum(row.quality is not None and row.quality.count("{") - 1 for row in new)
    return state, count._replace(
        new=count.new + len(new),
        values=count.values + refused,
        from_ts=new[0].ts if count.from_ts is None else count.from_ts,
        to_ts=new[-1].ts,
    )
