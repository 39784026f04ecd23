"""The whole walk under a clock that is set, forwards and backwards: no reading lost, nothing wedged, people told."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from config.settings import Settings
from flask_app import store
from flask_app.boiler.options import Options
from flask_app.boiler.rows import Row
from flask_app.script.archive_minute import archive
from flask_app.script.process_phase import process
from flask_app.store import Database
from sensor.create_data import Recorder, run

START = 1_700_000_040
HOUR, DAY = 3600, 86400


class SteppingClock:
    """A clock that is set by `steps[n]` seconds before its n-th sample, and calls cron after each minute."""

    def __init__(self, start: float, steps: dict[int, float], samples: int, cron: Callable[[int], object]) -> None:
        self.now, self.ahead, self.steps, self.samples, self.cron = 0.0, start, steps, samples, cron
        self.number = -1
        self.minute = 0

    def wall(self) -> float:
        return self.now + self.ahead

    def monotonic(self) -> float:
        return self.now

    def wait(self, until: float, stop: threading.Event) -> bool:
        self.now = max(self.now, until)
        self.number += 1
        if self.now // 60 != self.minute:
            self.minute = int(self.now // 60)
            self.cron(int(self.wall()))
        self.ahead += self.steps.get(self.number, 0)
        return self.number >= self.samples


class Walk:
    """The loop and cron under such a clock, each sample a row."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self.set = True

    def cron(self, now: int) -> None:
        archive(self.database, now)
        process(self.database, self.settings, now)

    def run(self, steps: dict[int, float], samples: int, start: float = START) -> SteppingClock:
        self.recorder = Recorder(self.database, Options(), lambda: self.set)
        clock = SteppingClock(start, steps, samples, self.cron)
        run(lambda wall: Row(int(wall), water=60.0, auger=0.0), self.recorder.receive, clock, threading.Event())
        self.cron(int(clock.wall()) + 63)
        return clock

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.connection.execute(sql).fetchall()


@pytest.fixture
def walk(database: Database, settings: Settings) -> Walk:
    return Walk(database, settings)


@pytest.mark.parametrize("step", [-DAY, -HOUR, -61, 61, HOUR, DAY])
def test_a_step_of_the_clock_loses_no_reading_wedges_nothing_and_is_told(walk: Walk, step: int) -> None:
    clock = walk.run({450: step}, samples=900)

    now = int(clock.wall())
    judged = walk.ask(f"SELECT COUNT(*) FROM ChaudiereMinute WHERE phase IS NOT NULL AND ts > {now - 1700}")[0][0]
    assert walk.ask("SELECT COUNT(*) FROM Chaudiere") == [(900,)]
    assert store.unjudged_ts(walk.database.connection, 0, now) is None
    assert judged >= 27
    kinds = [kind for (kind,) in walk.ask("SELECT kind FROM Alert")]
    assert kinds.count("clock") == 1
    evidence = walk.database.connection.execute("SELECT evidence FROM Alert WHERE kind = 'clock'").fetchone()[0]
    assert f'"step_seconds": {step}' in evidence


def test_a_clock_set_a_day_ahead_for_ten_minutes_and_back_wedges_nothing(walk: Walk) -> None:
    clock = walk.run({300: DAY, 450: -DAY}, samples=1200)

    now = int(clock.wall())
    recent = walk.ask(
        f"SELECT COUNT(*) FROM ChaudiereMinute WHERE phase IS NOT NULL AND ts BETWEEN {now - 2900} AND {now}"
    )
    assert walk.ask("SELECT COUNT(*) FROM Chaudiere") == [(1200,)]
    assert recent[0][0] >= 48
    newest = walk.ask(f"SELECT MAX(ts) FROM Chaudiere WHERE ts <= {now}")[0][0]
    assert store.newest_state_ts(walk.database.connection, now + 300) == newest // 60 * 60


def test_the_clock_s_alert_ends_an_hour_later(walk: Walk) -> None:
    walk.run({30: 90}, samples=1000)

    opened, closed = walk.ask("SELECT opened_ts, closed_ts FROM Alert WHERE kind = 'clock'")[0]

    assert closed - opened == HOUR


@pytest.mark.parametrize("step", [-59, 30, 59])
def test_a_smaller_step_is_no_news(walk: Walk, step: int) -> None:
    walk.run({30: step}, samples=60)

    assert walk.ask("SELECT COUNT(*) FROM Alert") == [(0,)]


def test_a_boot_in_1970_leaves_no_trace_once_the_clock_is_set(walk: Walk) -> None:
    walk.set = False
    clock = SteppingClock(100, {200: START}, 400, walk.cron)
    walk.recorder = Recorder(walk.database, Options(), lambda: clock.number >= 200)

    run(lambda wall: Row(int(wall), water=60.0), walk.recorder.receive, clock, threading.Event())
    walk.cron(int(clock.wall()) + 63)

    oldest = walk.ask("SELECT MIN(ts) FROM ChaudiereMinute")[0][0]
    readings, first, last = walk.ask("SELECT COUNT(*), MIN(ts), MAX(ts) FROM Chaudiere")[0]
    assert readings == 400
    assert 1592 < last - first < 1600
    assert oldest >= START
    assert store.unjudged_ts(walk.database.connection, 0) is None


def test_a_hundred_random_steps_lose_no_stored_row_and_wedge_nothing(walk: Walk) -> None:
    dice = random.Random(5)
    steps = {
        10 * number: dice.choice([1, -1]) * dice.choice([1, 30, 90, HOUR, 5 * HOUR, DAY]) * dice.random()
        for number in range(1, 101)
    }

    clock = walk.run(steps, samples=1500)

    now = int(clock.wall())
    stored = walk.ask("SELECT COUNT(*) FROM Chaudiere")[0][0]
    assert stored + walk.recorder.skipped == 1500
    assert walk.recorder.skipped < 15
    last = walk.ask(
        f"SELECT COUNT(*) FROM ChaudiereMinute WHERE phase IS NOT NULL AND ts > {now - 1800} AND ts <= {now}"
    )
    assert last[0][0] >= 29
    assert ("clock",) in walk.ask("SELECT kind FROM Alert")


def test_the_clock_set_soon_after_the_start_is_no_news(walk: Walk) -> None:
    clock = SteppingClock(START - 5 * HOUR, {20: 5 * HOUR}, 100, walk.cron)
    walk.recorder = Recorder(walk.database, Options(), lambda: clock.number >= 20)

    run(lambda wall: Row(int(wall), water=60.0), walk.recorder.receive, clock, threading.Event())
    walk.cron(int(clock.wall()) + 63)

    assert walk.ask("SELECT COUNT(*) FROM Alert") == [(0,)]
    readings, span = walk.ask("SELECT COUNT(*), MAX(ts) - MIN(ts) FROM Chaudiere")[0]
    assert readings == 100
    assert 392 < span < 400
    assert walk.ask("SELECT COUNT(*) FROM Chaudiere WHERE quality IS NOT NULL") == [(0,)]
