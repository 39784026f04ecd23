"""The job that folds complete minutes of readings into ChaudiereMinute."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from config.settings import load, make_folders
from flask_app import lock, store
from flask_app.boiler.minutes import silent_minutes, summarise
from flask_app.boiler.rows import MINUTE, Row
from flask_app.log import line
from flask_app.reasons import KNOWN, reason

SETTLE = 3  # seconds after a minute's end, for its last reading to be kept
FIRST_TS = 1_514_764_800  # 2018: a clock that says less was never set, as at a boot in 1970; no history is older
AHEAD = 300  # a reading later than this is a wrong clock's, and pulls no minute
DAY = 86400
AGAIN = 30 * MINUTE


def archive(database: store.Database, now: int) -> int:
    """Folds every complete minute not yet folded and the changed ones of the last 30; returns how many it wrote."""
    connection = database.connection
    if now >= FIRST_TS > (store.minute_span(connection)[0] or FIRST_TS):
        with database.writing():  # the loop has moved their readings to their true time
            store.drop_minutes(connection, FIRST_TS)
    newest = store.newest_reading_ts(connection, now + AHEAD)
    if newest is None:
        return 0
    end = min((now - SETTLE) // MINUTE * MINUTE, newest // MINUTE * MINUTE + MINUTE)
    written = _again(database, end - AGAIN, end)
    last = store.newest_folded_ts(connection, end)
    first = store.next_reading_ts(connection, 0 if last is None else last + MINUTE)
    while first is not None and first < end:
        minutes = list(_fold(database, last, first, min(first // MINUTE * MINUTE + DAY, end)))
        with database.writing():
            written += store.insert_minutes(connection, minutes)
        last = minutes[-1].ts
        first = store.next_reading_ts(connection, last + MINUTE)
    return written


def _fold(database: store.Database, last: int | None, start: int, stop: int) -> Iterator[Row]:
    """The minutes of the readings in [start, stop), each after the silent ones since the minute `last`."""
    readings = store.readings(database.connection, start, stop)
    for number, group in groupby(readings, key=lambda reading: int(reading[0]) // MINUTE):
        ts = number * MINUTE
        if last is not None:
            yield from silent_minutes(last, ts)
        yield summarise(ts, list(group))
        last = ts


def _again(database: store.Database, start: int, stop: int) -> int:
    """Folds again the minutes of [start, stop) whose readings changed; those rotated away are left as they are."""
    if not store.changed_minutes(database.connection, start, stop):
        return 0
    with database.writing() as connection:
        changed = store.changed_minutes(connection, start, stop)
        folded = [minute for ts in changed for minute in _fold(database, None, ts, ts + MINUTE)]
        store.replace_minutes(connection, folded)
    return len(folded)


def main(
    environ: Mapping[str, str],
    clock: Callable[[], float] = time.time,
    wait: Callable[[float], None] = time.sleep,
    words: Sequence[str] = (),
) -> int:
    """Runs the job once; returns its exit code. A second run beside it does nothing."""
    if words:
        # Cron gives none: it need not pay for argparse.
        from argparse import ArgumentParser

        ArgumentParser("archive_minute", description=f"{__doc__} It takes no words; cron starts it.").parse_args(words)
    try:
        settings = load(environ)
        make_folders(settings)
        with lock.alone(settings.lock + ".archive_minute") as first:
            if first:
                wait(max(0.0, SETTLE - clock() % MINUTE))
                with store.opened(settings.database, settings.lock) as database:
                    archive(database, int(clock()))
    except KNOWN as error:
        line("archive_minute", reason(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ, words=sys.argv[1:]))
