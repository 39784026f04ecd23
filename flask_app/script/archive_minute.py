"""The job that folds complete minutes of readings into ChaudiereMinute."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator

from flask_app import lock, store
from flask_app.boiler.minutes import summarise
from flask_app.boiler.rows import MINUTE, Row

SETTLE = 3  # seconds after a minute's end, for its last reading to be kept
AHEAD = 300  # a reading later than this is a wrong clock's, and pulls no minute
DAY = 86400
AGAIN = 30 * MINUTE


def archive(database: store.Database, now: int) -> int:
    """Folds every complete minute not yet folded and the changed ones of the last 30; returns how many it wrote."""
    connection = database.connection
    newest = store.newest_reading_ts(connection, now + AHEAD)
    if newest is None:
        return 0
    end = min((now - SETTLE) // MINUTE * MINUTE, newest // MINUTE * MINUTE + MINUTE)
    last = store.newest_minute_ts(connection, end)
    start = store.next_reading_ts(connection, 0) if last is None else last + MINUTE
    written = _again(database, end - AGAIN, min(start or 0, end))
    while start is not None and (start := start // MINUTE * MINUTE) < end:
        stop = min(start + DAY, end)
        minutes = list(_fold(database, start, stop))
        if not any(minute.samples for minute in minutes) and stop < end:
            start = store.next_reading_ts(connection, stop)
        else:
            start = stop
        with database.writing() as connection:
            written += store.insert_minutes(connection, minutes)
    return written


def _fold(database: store.Database, start: int, stop: int) -> Iterator[Row]:
    groups: dict[int, list[tuple[object, ...]]] = {}
    for reading in store.readings(database.connection, start, stop):
        groups.setdefault(reading[0] // MINUTE * MINUTE, []).append(reading)
    return (summarise(ts, groups.get(ts, ())) for ts in range(start, stop, MINUTE))


def _again(database: store.Database, start: int, stop: int) -> int:
    """Folds again the minutes of [start, stop) whose readings changed; those rotated away are left as they are."""
    with database.writing() as connection:
        changed = store.changed_minutes(connection, start, stop)
        folded = [minute for ts in changed for minute in _fold(database, ts, ts + MINUTE)]
        store.replace_minutes(connection, folded)
    return len(folded)


def main(
    environ: dict[str, str], clock: Callable[[], float] = time.time, wait: Callable[[float], None] = time.sleep
) -> int:
    """Runs the job once; returns its exit code. A second run beside it does nothing."""
    from config.settings import load, make_folders

    settings = load(environ)
    make_folders(settings)
    early = SETTLE - clock() % MINUTE
    try:
        with lock.hold(settings.lock + ".archive_minute", 0):
            if early > 0:
                wait(early)
            database = store.Database(str(settings.database), str(settings.lock))
            try:
                archive(database, int(clock()))
            finally:
                database.close()
    except lock.LockBusyError:
        return 0
    except store.StoreError as error:
        print(f"archive_minute: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(dict(os.environ)))
