"""Names the phases of a stretch of history again with today's rules, in place; sends nothing, and can be resumed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from config.settings import Settings
from flask_app import lock, store
from flask_app.boiler import engine
from flask_app.boiler.options import every_option
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import MINUTE
from flask_app.script.judging import DAY, WARM_UP, alerts_open_at, judge
from flask_app.script.rollups import refresh

if TYPE_CHECKING:
    import sqlite3

Went = dict[tuple[int | None, int], int]
"""How many minutes went from one phase to another."""


class ReworkError(Exception):
    """Nothing can be reworked; the words say why and what to do."""


class Mark(NamedTuple):
    """A rework under way: kept beside the database, so that one cut short can go on."""

    from_ts: int
    to_ts: int
    next_ts: int  # where it goes on
    to_present: bool = False  # it ends with the newest minute judged, whatever comes meanwhile
    went: Went = {}  # noqa: RUF012 never changed

    @property
    def done(self) -> float:
        """The share that is done, 0 to 1."""
        return 1.0 if self.to_ts <= self.from_ts else (self.next_ts - self.from_ts) / (self.to_ts - self.from_ts)


def rework(
    database: store.Database, settings: Settings, mark: Mark, progress: Callable[[Mark], object] = lambda _mark: None
) -> Went:
    """Judges from `mark` on, a UTC day a transaction; alerts and deliveries are left alone. `progress` is called after
    each day with the mark to go on from. Returns what changed, with what had changed before.

    The engine's states inside the stretch are replaced, the newest too when the stretch reaches it: what other rules
    learned of the boiler is then learned by today's, and the next run of process_phase goes on with it.
    """
    connection = database.connection
    options_at = every_option(settings.options, store.option_changes(connection))
    resets = store.learning_resets(connection)
    saved = store.state_before(connection, mark.next_ts, engine.VERSION)
    state = engine.restore(saved[1]) if saved else engine.State()
    start = saved[0] + MINUTE if saved else mark.next_ts - WARM_UP
    while start < mark.to_ts:
        end = min((start - MINUTE) // DAY * DAY + DAY + MINUTE, mark.to_ts)
        minutes = store.minutes(connection, start, end)
        judged = judge(state, minutes, mark.next_ts, options_at, resets)
        before = {minute.ts: minute.phase for minute in minutes}
        # What process_phase has not judged yet is its to judge: it alone may tell anybody.
        again = [(phase, ts) for phase, ts in judged.phases if before[ts] is not None]
        with database.writing():
            newest = store.newest_state_ts(connection) or 0
            store.name_phases(connection, again)
            if again:
                zone = options_at(newest).timezone
                refresh(connection, again[0][1], again[-1][1] + MINUTE, newest + MINUTE, zone)
            store.drop_states(connection, max(start, mark.from_ts), end, newest)
            if minutes and mark.from_ts <= minutes[-1].ts <= newest:
                _keep_state(connection, state, minutes[-1].ts, newest)
        went = dict(mark.went)
        for phase, ts in again:
            went[before[ts], phase] = went.get((before[ts], phase), 0) + 1
        to_ts = max(mark.to_ts, newest + MINUTE) if mark.to_present else mark.to_ts
        mark = mark._replace(next_ts=max(end, mark.next_ts), to_ts=to_ts, went=went)
        progress(mark)
        start = end
    return mark.went


def _keep_state(connection: sqlite3.Connection, state: engine.State, ts: int, newest: int) -> None:
    """Keeps what the engine knows after `ts`: each day's, and the newest, which goes on with the alerts open now."""
    if ts == newest:
        engine.adopt(state, alerts_open_at(connection, ts + MINUTE))
    elif ts % DAY:
        return
    store.replace_state(connection, ts, engine.VERSION, engine.dump(state))


# --- the command


class Span(NamedTuple):
    """What is to be judged again: from `start` to `end` (UTC seconds; None: the newest minute), or the last `hours`."""

    start: int | None = None
    end: int | None = None
    hours: float | None = None


def arguments(words: Sequence[str]) -> Span | None:
    """What the command line of process_phase asks for; None: to go on with what was cut short."""
    parser = argparse.ArgumentParser(
        "process_phase", description="Judge new minutes; or a span again, sending nothing."
    )
    parser.add_argument("--from", dest="start", type=int, metavar="TS", help="judge again from this UTC epoch second")
    parser.add_argument("--to", dest="end", type=int, metavar="TS", help="up to this one, by default the newest minute")
    parser.add_argument("--hours", type=float, help="judge the last HOURS again")
    parser.add_argument("--resume", action="store_true", help="go on with a rework that was cut short")
    found = parser.parse_args(words)
    if found.resume and len(words) > 1:
        parser.error("--resume goes on with the span that was begun: give it alone")
    if found.hours is not None and not 0 < found.hours < 1e6:
        parser.error("--hours accepts a number of hours above 0")
    if found.end is not None and found.start is None:
        parser.error("--to needs --from: name where to begin")
    if found.end is not None and found.end <= (found.start or 0):
        parser.error("--to must be later than --from")
    return None if found.resume else Span(found.start, found.end, found.hours)


def run(settings: Settings, asked: Span | None) -> int:
    """Judges `asked` again, or goes on (None); returns the exit code. process_phase goes on beside it."""
    with lock.alone(settings.lock + ".rework") as first, store.opened(settings.database, settings.lock) as database:
        if not first:
            print("another rework is under way: let it end", file=sys.stderr)
            return 1
        path = os.path.join(settings.home, "rework.json")
        try:
            mark = _kept(path) if asked is None else _span(database, asked)
        except ReworkError as error:
            print(error, file=sys.stderr)
            return 1
        return _run(database, settings, mark, path)


def _run(database: store.Database, settings: Settings, mark: Mark, path: str) -> int:
    def show(mark: Mark) -> None:
        _keep(path, mark)
        bar = "#" * int(40 * mark.done)
        print(f"\r[{bar:40}] {100 * mark.done:3.0f} %", end="", file=sys.stderr, flush=True)

    try:
        went = rework(database, settings, mark, show)
    except KeyboardInterrupt:
        print("\ncut short: what is done stays; `phases rework --resume` goes on with it", file=sys.stderr)
        return 130
    print(file=sys.stderr)
    if os.path.exists(path):
        os.remove(path)
    for (before, after), count in sorted(went.items(), key=lambda item: -item[1]):
        print(f"{count} minutes: {_name(before)} -> {_name(after)}")
    print(f"{sum(went.values())} minutes changed; no alert was opened and nothing sent")
    return 0


def _name(code: int | None) -> str:
    return Phase(code).name.lower() if code in set(Phase) else f"phase {code}"


def _span(database: store.Database, asked: Span) -> Mark:
    oldest, newest = store.minute_span(database.connection)
    end = (newest or 0) + MINUTE
    start = asked.start or 0
    if asked.hours is not None:
        start = end - int(asked.hours * 3600)
    start = max(start, oldest or 0)
    return Mark(start, end if asked.end is None else asked.end, start, to_present=asked.end is None)


def _keep(path: str, mark: Mark) -> None:
    went = [[before, after, count] for (before, after), count in mark.went.items()]
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump({**mark._asdict(), "went": went}, file)
    os.replace(path + ".part", path)


def _kept(path: str) -> Mark:
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        went = {(before, after): count for before, after, count in kept.pop("went")}
        return Mark(**kept, went=went)
    except FileNotFoundError:
        raise ReworkError("no rework was cut short: name a span, --from or --hours") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ReworkError(f"{path} cannot be read: name the span again, --from or --hours") from None
