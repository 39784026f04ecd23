"""The two cron jobs: what a cold start costs beside a bare python, and how fast a backlog is caught up."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from config.settings import Settings, load, make_folders
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.script.archive_minute import archive
from flask_app.script.process_phase import process
from sensor.script_file import Script
from sensor.simulator import readings

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROUNDS = 25
DAY = 86400
START = 2945 * 7 * DAY  # a UTC week's start


def installation(home: str) -> Settings:
    """An installation in `home` with an empty, migrated database."""
    environ = {**os.environ, "CHAUDIERE_HOME": home}
    subprocess.run(
        [sys.executable, "manager.py", "database", "upgrade"], env=environ, cwd=PROJECT, check=True, capture_output=True
    )
    settings = load(environ)
    make_folders(settings)
    return settings


def cpu(arguments: list[str], home: str) -> float:
    """Milliseconds of CPU of one run of python with `arguments`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env={**os.environ, "CHAUDIERE_HOME": home}, cwd=PROJECT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def cold(home: str) -> Iterator[str]:
    """Cold runs with nothing to do, interleaved with a bare python."""
    jobs = {
        "python -c pass": ["-c", "pass"],
        "archive_minute": ["-m", "flask_app.script.archive_minute"],
        "process_phase": ["-m", "flask_app.script.process_phase"],
    }
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, arguments in jobs.items():
            taken[name].append(cpu(arguments, home))
    least, middle = ({name: of(values) for name, values in taken.items()} for of in (min, statistics.median))
    yield "| cold run, nothing new | CPU, least | x bare python | CPU, median | x bare python |"
    yield "|---|---|---|---|---|"
    for name in jobs:
        parts = (f"{of[name]:.1f} ms | {of[name] / of['python -c pass']:.2f}" for of in (least, middle))
        yield f"| {name} | {' | '.join(parts)} |"


def backlog(settings: Settings, days: int) -> str:
    """Seconds of CPU to archive and judge `days` of readings, one each 4 s, in one run of each job."""
    rows = list(readings(Script(seed=1), START, START + days * DAY, 4.0))
    with store.opened(settings.database, settings.lock) as database:
        with database.writing() as connection:
            store.insert_readings(connection, rows)
        before = time.process_time()
        minutes = archive(database, START + days * DAY + 3)
        middle = time.process_time()
        process(database, settings)
        after = time.process_time()
    each = 1e6 * (after - before) / minutes
    return f"| {days} d, {minutes} minutes | {middle - before:.2f} s | {after - middle:.2f} s | {each:.0f} µs |"


def warm(settings: Settings, days: int) -> float:
    """Milliseconds of CPU, the median of `ROUNDS`, of both jobs for one new minute in a file of `days` of minutes."""
    taken = []
    with store.opened(settings.database, settings.lock) as database:
        _fill_minutes(database, START - days * DAY, START)
        for _ in range(days // 14 + 2):  # an older file's roll-ups are filled in stretches of 14 days
            process(database, settings)
        for number in range(ROUNDS):
            start = START + 60 * number
            with database.writing() as connection:
                store.insert_readings(connection, [Row(start + 4 * place, water=60.0) for place in range(15)])
            before = time.process_time()
            archive(database, start + 63)
            process(database, settings)
            taken.append(1000 * (time.process_time() - before))
    return statistics.median(taken)


def _fill_minutes(database: store.Database, start: int, end: int) -> None:
    """Minutes already judged, but for the newest two days: those the first run judges, and warms up by."""
    judged = end - 2 * DAY
    for day in range(start, end, DAY):
        with database.writing() as connection:
            minutes = (
                Row(ts, water=60.0, flue=45.0, primary_fan=0.0, auger=0.0, samples=15, phase=9 if ts < judged else None)
                for ts in range(day, min(day + DAY, end), 60)
            )
            store.insert_minutes(connection, minutes)


def report() -> Iterator[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as home:
        settings = installation(home)
        yield "| backlog | archive_minute, CPU | process_phase, CPU | a minute |"
        yield "|---|---|---|---|"
        yield backlog(settings, 7)
        yield ""
        yield from cold(home)
    yield ""
    yield "| warm pass, both jobs, one new minute | CPU, median |"
    yield "|---|---|"
    for days in (35, 365):
        with tempfile.TemporaryDirectory() as home:
            yield f"| in a file of {days} d | {warm(installation(home), days):.2f} ms |"
    with tempfile.TemporaryDirectory() as home:
        yield ""
        yield "| backlog | archive_minute, CPU | process_phase, CPU | a minute |"
        yield "|---|---|---|---|"
        yield backlog(installation(home), 1)


if __name__ == "__main__":
    for line in report():
        print(line, flush=True)
