"""The engine's word on minutes: of one day for process_phase, of any run of them for a rework or another's history."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flask_app import store
from flask_app.boiler import engine
from flask_app.boiler.alerts import Change, Evidence, Kind
from flask_app.boiler.habits import Part
from flask_app.boiler.options import Options
from flask_app.boiler.rows import MINUTE, Row
from flask_app.boiler.upkeep import Gap, gap

if TYPE_CHECKING:
    import sqlite3

DAY = 86400
WARM_UP = 2 * DAY  # of minutes that an engine with no saved state looks at before it speaks


class Judged(NamedTuple):
    """What the engine said of a run of minutes."""

    phases: list[tuple[int, int]]  # (phase, ts) that differ from what is stored
    changes: list[Change]
    state: engine.State
    last_ts: int
    gap: Gap | None = None  # a silence that ended among them
    measured: list[int] = []  # noqa: RUF012 the minutes with readings of their own; never changed


class Ahead(NamedTuple):
    """What was told by a clock that was ahead and is set right now, at its true time: the engine's states of then are
    about to be forgotten."""

    seconds: int  # that the clock was ahead
    opened: list[tuple[Kind, int, Evidence]]  # what is still open
    cold_ts: int | None  # the last low_water, open or not


def ahead(database: store.Database, first: int, until: int) -> Ahead | None:
    """What was told of the time after `until`, when the minute `first` is the next to be judged; None if nothing was.

    A clock that was never set (1970) says nothing about the one before it.
    """
    newest = store.newest_state_ts(database.connection)
    if newest is None or newest <= until:
        return None
    from flask_app.script.archive_minute import FIRST_TS  # a clock is set back once in years

    if until < FIRST_TS:
        return None
    seconds = newest + MINUTE - first
    told = store.alerts_after(database.connection, until)
    opened = [(Kind(kind), ts - seconds, json.loads(said)) for kind, ts, closed_ts, said in told if closed_ts is None]
    cold = [ts - seconds for kind, ts, *_ in told if kind == Kind.LOW_WATER.value]
    return Ahead(seconds, opened, max(cold, default=None))


def judge_day(
    database: store.Database,
    first: int,
    options_at: Callable[[int], Options],
    until: int,
    told: Ahead | None = None,
) -> Judged:
    """Judges from the minute `first` to the end of its UTC day or `until`, from the newest saved state before it; it
    goes on with what was `told` of later."""
    saved = store.state_before(database.connection, first, engine.VERSION)
    state = engine.restore(saved[1]) if saved else engine.State()
    start = saved[0] + MINUTE if saved else first
    if not saved:
        # Of other rules, or none yet: it warms up unheard, then goes on with the alerts that stand open.
        judge(state, store.minutes(database.connection, first - WARM_UP, first), first, options_at)
        engine.adopt(state, alerts_open_at(database.connection, first))
    resets = store.learning_resets(database.connection)
    if told is not None:
        # The states just before `first` may have been thinned out by those of later.
        judge(state, store.minutes(database.connection, start, first), first, options_at, resets)
        start = first
        engine.adopt(state, [*alerts_open_at(database.connection, first), *told.opened])
        if told.cold_ts is not None:
            state.spell.generated_ts = told.cold_ts
    # A day ends with its 00:00 minute: the states that outlive 48 h are those of that minute.
    end = min((first - MINUTE) // DAY * DAY + DAY + MINUTE, until + 1)
    minutes = store.minutes(database.connection, start, end)
    judged = judge(state, minutes, first, options_at, resets)
    new = [row for row in minutes if row.ts >= first]
    silence = gap(store.measured_before(database.connection, first), new)
    return judged._replace(gap=silence, measured=[row.ts for row in new if row.samples])


def alerts_open_at(connection: sqlite3.Connection, ts: int) -> list[tuple[Kind, int, Evidence]]:
    """(kind, opened_ts, evidence) of the alerts opened before the minute `ts` and not closed before it."""
    found = store.alerts_open_at(connection, ts)
    return [(Kind(kind), opened_ts, json.loads(evidence)) for kind, opened_ts, evidence in found]


def judge(
    state: engine.State,
    minutes: Iterable[Row],
    first: int,
    options_at: Callable[[int], Options],
    resets: Sequence[tuple[int, str]] = (),
) -> Judged:
    """The engine's word on `minutes` from `first` on; earlier ones only bring its state there. `resets` are the events
    (ts, part) in rising order after which something is learned anew."""
    phases: list[tuple[int, int]] = []
    told: list[Change] = []
    last_ts = first
    for minute in minutes:
        for since_ts, part in resets:
            if state.reset_ts < since_ts <= minute.ts:
                engine.learn_anew(state, Part(part), since_ts)
        phase, changes = engine.advance(state, minute, options_at(minute.ts))
        last_ts = minute.ts
        if last_ts >= first:
            told += changes
            if phase != minute.phase:
                phases.append((phase.value, last_ts))
    return Judged(phases, told, state, last_ts)
