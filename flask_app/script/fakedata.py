"""Fills a simulated database with a past, by the product's own walk: readings, minutes, phases, alerts, messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import NamedTuple

from config.settings import Settings
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.store import Database

DAY = 86400
SENT_AFTER = 5.0  # seconds: when a message of the past is sent, once due


class Jobs(NamedTuple):
    """The product's own jobs, each told the time it shall believe in."""

    archive: Callable[[Database, int], object]
    process: Callable[[Database, Settings], object]
    deliver: Callable[[Database, Settings, Callable[[], float]], object]
    rotate: Callable[[Database, str, int], object]


def fill(database: Database, settings: Settings, rows: Iterable[Row], end_ts: int, jobs: Jobs) -> Iterator[int]:
    """Keeps `rows` (rising, before end_ts) day by day, with all that follows from them; yields the rows of each day.

    What is already kept is left as it is. At the end readings older than the option raw_hours are rotated away.
    """
    for day, group in groupby(rows, key=lambda row: row.ts // DAY):
        readings = list(group)
        with database.writing() as connection:
            store.insert_readings(connection, readings)
        _follow(database, settings, min(day * DAY + DAY, end_ts), jobs)
        yield len(readings)
    jobs.rotate(database, "Chaudiere", end_ts - int(settings.options.raw_hours * 3600))


def _follow(database: Database, settings: Settings, now: int, jobs: Jobs) -> None:
    jobs.archive(database, now)
    jobs.process(database, settings)
    for due_ts in store.unsent_due_times(database.connection, now):
        jobs.deliver(database, settings, partial(float, due_ts + SENT_AFTER))
    database.checkpoint()
