"""What tests/test_storage.py starts and kills: a loop that writes readings, and the two jobs, as fast as they can.

Each line a process prints is a promise: the readings up to that second are committed, the minutes up to that one kept.
"""

from __future__ import annotations

import os
import sys

from config.settings import Settings, load
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.script.archive_minute import archive
from flask_app.script.process_phase import process

START = 1_700_000_040  # a minute's start, long past: the jobs' own clock is the true one
PERIOD = 4


def write(settings: Settings) -> None:
    """Readings for ever, one a transaction, from the second after the last kept."""
    with store.opened(settings.database, settings.lock) as database:
        ts = (store.newest_reading_ts(database.connection, 2**40) or START - PERIOD) + PERIOD
        while True:
            with database.writing() as connection:
                store.insert_readings(connection, [Row(ts, water=ts % 97 / 10 + 60)])
            print(ts, flush=True)
            ts += PERIOD


def hurry(settings: Settings, first: int, commits: int) -> None:
    """`commits` readings, each at its own second, and checkpoints between, at full speed."""
    with store.opened(settings.database, settings.lock) as database:
        for number in range(commits):
            with database.writing() as connection:
                store.insert_readings(connection, [Row(START + first + 4 * number, water=float(number))])
            if number % 7 == first:
                database.checkpoint()


def judge(settings: Settings) -> None:
    """Minutes for ever: whatever is there is folded, judged and told of."""
    with store.opened(settings.database, settings.lock) as database:
        while True:
            archive(database, store.newest_reading_ts(database.connection, 2**40) or 0)
            process(database, settings)
            print(store.newest_state_ts(database.connection) or 0, flush=True)


if __name__ == "__main__":
    part, *numbers = sys.argv[1:]
    {"write": write, "judge": judge, "hurry": hurry}[part](load(os.environ), *map(int, numbers))  # type: ignore[operator]
