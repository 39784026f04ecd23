"""The chart's answers: time, CPU and bytes of /api/v1/series from an hour to five years, all in one run."""

from __future__ import annotations

import gzip
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from typing import NamedTuple

from bench.jobs import DAY, START, installation
from config.settings import Settings
from flask_app import store
from flask_app.boiler.rollups import TABLES
from flask_app.boiler.rows import COLUMNS
from flask_app.script.archive_minute import archive
from flask_app.script.process_phase import process
from flask_app.script.rollups import refresh
from sensor.script_file import Script
from sensor.simulator import readings

WEEKS = 261  # five years
PATTERN = 4  # weeks of a simulated boiler, repeated
ROUNDS = 25
RANGES = {"1 h": 3600, "24 h": DAY, "7 d": 7 * DAY, "30 d": 30 * DAY, "1 y": 365 * DAY, "5 y": 5 * 365 * DAY}
GOAL = 24 * 1024


class Cost(NamedTuple):
    """What one range costs: milliseconds, columns and bytes."""

    wall: list[float]
    cpu: list[float]
    columns: int
    plain: int
    packed: int


def past(settings: Settings, weeks: int) -> int:
    """Fills the database with a simulated boiler's minutes and their roll-ups; returns where they end."""
    end = START + PATTERN * 7 * DAY
    with store.opened(settings.database, settings.lock) as database:
        with database.writing() as connection:
            store.insert_readings(connection, readings(Script(seed=1), START, end, 20.0))
        archive(database, end + 3)
        process(database, settings)
        names = ", ".join(name for name in COLUMNS.values() if name != "ts")
        for repeat in range(1, -(-weeks // PATTERN)):
            with database.writing() as connection:
                connection.execute(
                    f"INSERT INTO ChaudiereMinute (ts, {names}) SELECT ts + ?, {names} FROM ChaudiereMinute "
                    "WHERE ts < ?",
                    (repeat * PATTERN * 7 * DAY, end),
                )
        newest = store.minute_span(database.connection)[1] or 0
        for start in range(START, newest, 28 * DAY):
            with database.writing() as connection:
                refresh(connection, start, start + 28 * DAY, newest + 60, settings.options.timezone)
        store.rotate(database, "Chaudiere", newest - 8 * DAY)
        database.checkpoint()
    return newest + 60


def measured(settings: Settings, end: int) -> dict[str, Cost]:
    """The cost of each range: ROUNDS requests each through the whole application, the ranges taking turns."""
    from flask_app.web import create_app

    client = create_app(settings, lambda: end).test_client()
    costs = {name: Cost([], [], 0, 0, 0) for name in RANGES}
    for number in range(ROUNDS):
        for name, seconds in RANGES.items():
            address = f"/api/v1/series?from={end - seconds - 60 * number}&to={end - 60 * number}"
            wall, cpu = time.perf_counter(), time.process_time()
            answer = client.get(address, headers={"Accept-Encoding": "gzip"})
            costs[name].cpu.append(1000 * (time.process_time() - cpu))
            costs[name].wall.append(1000 * (time.perf_counter() - wall))
            plain = gzip.decompress(answer.data)
            costs[name] = costs[name]._replace(
                columns=plain.count(b",", plain.index(b'"v":['), plain.index(b"]", plain.index(b'"v":['))) + 1,
                plain=max(costs[name].plain, len(plain)),
                packed=max(costs[name].packed, len(answer.data)),
            )
    return costs


def report() -> Iterator[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as home:
        settings = installation(home)
        began = time.process_time()
        end = past(settings, WEEKS)
        yield f"Five years of minutes, made in {time.process_time() - began:.0f} s of CPU:"
        yield ""
        yield from stored(settings)
        yield ""
        yield "| range | columns | wall p50 | p95 | CPU p50 | CPU a column | x 24 h, wall | raw | gzip |"
        yield "|---|---|---|---|---|---|---|---|---|"
        costs = measured(settings, end)
        day = statistics.median(costs["24 h"].wall)
        for name, cost in costs.items():
            wall, cpu = statistics.median(cost.wall), statistics.median(cost.cpu)
            slow = sorted(cost.wall)[int(0.95 * len(cost.wall))]
            yield (
                f"| {name} | {cost.columns} | {wall:.1f} ms | {slow:.1f} ms | {cpu:.1f} ms | "
                f"{1000 * cpu / cost.columns:.1f} µs | {wall / day:.2f} | {cost.plain / 1024:.1f} KB | "
                f"{cost.packed / 1024:.1f} KB |"
            )


def stored(settings: Settings) -> Iterator[str]:
    """What each table holds, and the file."""
    yield "| table | rows | MB |"
    yield "|---|---|---|"
    with store.opened(settings.database, settings.lock) as database:
        for table in ("ChaudiereMinute", *TABLES):
            rows = database.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            size = database.connection.execute("SELECT SUM(pgsize) FROM dbstat WHERE name = ?", (table,)).fetchone()[0]
            yield f"| {table} | {rows} | {size / 1e6:.1f} |"
    yield f"| the file | | {os.path.getsize(settings.database) / 1e6:.1f} |"


if __name__ == "__main__":
    for line in report():
        print(line, flush=True)
