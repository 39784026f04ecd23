"""The job that names each minute's phase, opens and closes alerts, and plans their messages."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from config.settings import Settings, load, make_folders
from flask_app import lock, store
from flask_app.boiler.alerts import Change
from flask_app.boiler.deliveries import Delivery
from flask_app.boiler.options import Options, every_option
from flask_app.boiler.rows import MINUTE
from flask_app.log import line
from flask_app.reasons import KNOWN, reason
from flask_app.script import announce

if TYPE_CHECKING:
    import sqlite3

TEN_MINUTES = 600  # the shortest roll-up
AGAIN = 2 * 3600  # archive_minute folds the last 30 minutes again: their phases are looked for this far back


def process(database: store.Database, settings: Settings, now: int | None = None) -> int:
    """Judges every minute not judged yet, a day a transaction, and plans the messages; returns how many it named.

    `now` (UTC seconds) is what reminders go by; None: the end of the newest minute. What a clock once set too far ahead
    has left after `now` waits for its time, and keeps no minute of the present from being judged; its open alerts get
    their true time. Harmless again.
    """
    changes = store.option_changes(database.connection)
    options_at = every_option(settings.options, changes)
    home = announce.house(database, settings, changes, options_at)
    count, late = 0, 0
    fresh: set[int] = set()
    until = store.ALWAYS if now is None else now - MINUTE
    before = store.newest_state_ts(database.connection, until) or 0
    first = store.unjudged_ts(database.connection, before - AGAIN, until)
    while first is not None:
        # 1 ms of CPU that a run with no new minute need not pay.
        from flask_app.boiler import engine
        from flask_app.script.judging import ahead, judge_day

        told = ahead(database, first, until)
        judged = judge_day(database, first, options_at, until, told)
        end = max(before, judged.last_ts) + MINUTE
        with database.writing(durable=True) as connection:
            store.name_phases(connection, judged.phases)
            if told is not None:
                store.date_back(connection, until, told.seconds)
            store.keep_state(connection, judged.last_ts, engine.VERSION, engine.dump(judged.state), first)
            _roll_up(connection, first, end, options_at)
            fresh |= announce.keep_changes(database, judged.changes, home)
            if judged.gap is not None:
                announce.keep_gap(database, judged.gap, now, home)
            if now is not None and before:
                late += sum(before < ts < now - announce.JOBS_LATE for ts in judged.measured)
            first = store.unjudged_ts(connection, judged.last_ts + MINUTE, until)
            if first is None and now is not None and late * MINUTE >= announce.JOBS_LATE:
                fresh |= announce.keep_late_jobs(database, before + MINUTE, now, home)
            if first is None:
                _keep(database, _timely(database, home, now, judged.last_ts + MINUTE, fresh), home)
        count += len(judged.phases)
    if not count and now is not None and any(timely := _timely(database, home, now, now, fresh)):
        with database.writing(durable=True):
            _keep(database, timely, home)
    if _fill_rollups(database, options_at) or count:
        database.checkpoint()
    return count


class Timely(NamedTuple):
    """What time itself calls for, minutes or not."""

    changes: list[Change]  # of the watch's own faults
    messages: list[tuple[int, list[Delivery]]]  # by alert
    proofs: list[Delivery]


def _timely(database: store.Database, home: announce.House, now: int | None, minute_ts: int, fresh: set[int]) -> Timely:
    messages = announce.pending(database, minute_ts if now is None else now, home, fresh)
    if now is None:
        return Timely([], messages, [])
    return Timely(announce.own_changes(database, now, home), messages, announce.due_proofs(database, now, home))


def _keep(database: store.Database, timely: Timely, home: announce.House) -> None:
    announce.keep_pending(database, timely.messages)
    announce.keep_changes(database, timely.changes, home)
    store.insert_deliveries(database.connection, None, timely.proofs)


def _roll_up(connection: sqlite3.Connection, first: int, end: int, options_at: Callable[[int], Options]) -> None:
    """Writes the roll-ups that the minutes from `first` on touch, closed at `end`."""
    newest = store.newest_minute_ts(connection, first)
    # From the last minute before: ten minutes that a silence cut short are closed by what comes after it.
    start = first if newest is None else newest + MINUTE
    if start // TEN_MINUTES == end // TEN_MINUTES:
        return
    # 5 ms of CPU that nine runs of ten, in which nothing closes, need not pay.
    from flask_app.script.rollups import refresh

    refresh(connection, start, end, end, options_at(end).timezone)


def _fill_rollups(database: store.Database, options_at: Callable[[int], Options]) -> bool:
    """Rolls up older minutes that are not yet, a bounded stretch a run, the newest first; False when all are."""
    oldest = store.oldest_rollup_ts(database.connection)
    if oldest is None or store.newest_minute_ts(database.connection, oldest) is None:
        return False
    from flask_app.script.rollups import fill

    fill(database, oldest, options_at(oldest).timezone)
    return True


def send_due(database: store.Database, settings: Settings, clock: Callable[[], float] = time.time) -> None:
    """Sends what is due, if anything is; the database's lock is not held."""
    if store.anything_due(database.connection, int(clock())):
        # Mail and SMS cost 400 ms of CPU to import: only a run that sends pays it.
        from flask_app.script.deliver import deliver

        deliver(database, settings, clock)


def main(environ: Mapping[str, str], words: Sequence[str] = ()) -> int:
    """Runs the job once; returns its exit code. A second run beside it does nothing. With words: a rework."""
    try:
        settings = load(environ)
        make_folders(settings)
        if words:
            # Cron gives none: it need not pay for argparse.
            from flask_app.script import rework

            return rework.run(settings, rework.arguments(words))
        with lock.alone(settings.lock + ".process_phase") as first:
            if first:
                with store.opened(settings.database, settings.lock) as database:
                    _run(database, settings)
    except KNOWN as error:
        line("process_phase", reason(error))
        return 1
    return 0


def _run(database: store.Database, settings: Settings) -> None:
    process(database, settings, int(time.time()))
    send_due(database, settings)
    if settings.heartbeat_url and database.world is not store.World.SIMULATED:
        from flask_app.script.heartbeat import beat

        beat(database, settings)


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.argv[1:]))
