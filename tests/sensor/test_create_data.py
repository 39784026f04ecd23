"""The loop: its beat, what it keeps, and what neither lock, clock nor bus can take from it."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from config.settings import Settings
from flask_app import lock, store
from flask_app.boiler.fittings import Channel, Fittings, Idle, Probe
from flask_app.boiler.options import Options
from flask_app.boiler.rows import Reason, Row
from flask_app.store import Database
from sensor.create_data import HELD_READINGS, Hardware, Recorder, Taken, offer, run

START = 1_700_000_000


class VirtualClock:
    def __init__(self, samples: int) -> None:
        self.now, self.ahead, self.left = 0.0, float(START), samples

    def wall(self) -> float:
        return self.now + self.ahead

    def monotonic(self) -> float:
        return self.now

    def wait(self, until: float, stop: threading.Event) -> bool:
        self.now = max(self.now, until)
        self.left -= 1
        return self.left < 0


def count(database: Database) -> int:
    number: int = database.connection.execute("SELECT COUNT(*) FROM Chaudiere").fetchone()[0]
    return number


def taken(number: int, ahead: float = START) -> Taken:
    return Taken(Row(int(number * 4 + ahead), water=50.0), number * 4.0, ahead)


def test_a_day_has_a_row_every_four_seconds_without_drift() -> None:
    clock, rows = VirtualClock(21600), list[Taken]()
    spent = random.Random(1)

    def read(wall: float) -> Row:
        clock.now += spent.uniform(0.1, 2.5)
        return Row(int(wall))

    run(read, rows.append, clock, threading.Event())

    assert len(rows) == 21600
    assert {late.row.ts - early.row.ts for early, late in itertools.pairwise(rows)} == {4}


def test_a_database_locked_for_ten_minutes_loses_no_row(database: Database) -> None:
    recorder = Recorder(database, Options(), lambda: True)
    with lock.hold(database.lock_path, 1.0):
        for number in range(2):
            recorder.receive(taken(number))
    database.connection.execute("PRAGMA query_only=ON")
    for number in range(2, 150):
        recorder.receive(taken(number))
    database.connection.execute("PRAGMA query_only=OFF")

    recorder.receive(taken(150))

    assert (count(database), recorder.dropped, recorder.skipped) == (151, 0, 0)


def test_rows_before_the_clock_is_set_move_once_to_their_true_second(database: Database) -> None:
    clock_set = threading.Event()
    recorder = Recorder(database, Options(), clock_set.is_set)
    for number in range(60):
        recorder.receive(taken(number, ahead=0))
    stored_early = count(database)
    clock_set.set()

    recorder.receive(taken(60))

    seconds = [row[0] for row in store.readings(database.connection, 0, 2 * START)]
    assert stored_early > 0
    assert seconds == [START + 4 * number for number in range(61)]


def test_no_step_of_the_clock_loses_a_stored_row(database: Database) -> None:
    steps = random.Random(2)
    recorder = Recorder(database, Options(), lambda: True)
    stored, ahead = 0, float(START)
    for number in range(100):
        ahead += steps.choice([-86400, -3600, -30, 30, 3600, 86400])
        recorder.receive(taken(number, ahead))
        assert count(database) >= stored
        stored = count(database)

    assert stored + recorder.skipped == 100


def test_a_bus_that_hangs_costs_its_own_values() -> None:
    release = threading.Event()

    def hang() -> dict[str, float | Reason]:
        release.wait()
        return {}

    row = Hardware(lambda: {"water": 50.0}, hang).read(START)
    release.set()

    assert (row.ts, row.water, row.auger) == (START, 50.0, None)
    assert '"auger": {"late": 1}' in str(row.quality)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_real_loop(settings: Settings, environ: dict[str, str], number: signal.Signals) -> None:
    command = [sys.executable, "-m", "sensor.create_data"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as loop:
        assert loop.stderr is not None
        lines = iter(loop.stderr.readline, "")
        assert any("auger: no value (absent)" in line for line in lines)

        loop.send_signal(number)

        assert loop.wait(timeout=10) == 0
    database = Database(settings.database, settings.lock)
    database.connection.execute("PRAGMA query_only=ON")
    kept = count(database)
    database.close()
    assert kept == 1


def test_a_writer_that_stands_still_costs_the_oldest_readings_alone() -> None:
    inbox = SimpleQueue[Taken | None]()

    dropped = sum(offer(inbox, taken(number)) for number in range(HELD_READINGS + 10))

    assert (dropped, inbox.qsize(), inbox.get()) == (10, HELD_READINGS, taken(10))


def test_the_word_to_stop_is_never_dropped() -> None:
    inbox = SimpleQueue[Taken | None]()
    inbox.put(None)

    for number in range(HELD_READINGS + 10):
        offer(inbox, taken(number))

    assert None in [inbox.get() for _ in range(inbox.qsize())]


def start_and_fail(environ: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "sensor.create_data", *words]
    ended = subprocess.run(command, env=environ, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    return ended.stderr


def test_a_script_that_makes_no_sense_ends_the_loop_with_its_name(settings: Settings, environ: dict[str, str]) -> None:
    Path(settings.simulator_script).write_text("{")

    said = start_and_fail(environ, "--fake")

    assert settings.simulator_script in said
    assert "Traceback" not in said


def test_a_second_loop_is_refused(settings: Settings, environ: dict[str, str]) -> None:
    with lock.alone(settings.lock + ".create_data"):
        said = start_and_fail(environ, "--fake")

    assert "another loop records already" in said


def test_a_folder_that_takes_no_lock_file_costs_no_reading(settings: Settings, database: Database) -> None:
    recorder = Recorder(database, Options(), lambda: True)
    elsewhere = Path(settings.runtime).rename(Path(settings.runtime).with_name("away"))
    recorder.receive(taken(0))
    elsewhere.rename(settings.runtime)

    recorder.receive(taken(1))

    assert count(database) == 2


class Bench:
    """What a recorder fits, kept; and what it is told to have learned."""

    def __init__(self) -> None:
        self.fittings: list[Fittings] = []
        self.news = [Idle("auger", 0, 0.02, 0.001)]

    def fit(self, fittings: Fittings) -> None:
        self.fittings.append(fittings)

    def learned(self) -> list[Idle]:
        news, self.news = self.news, []
        return news


def test_a_change_of_the_fittings_and_a_learned_idle_current_are_in_force_within_a_minute(database: Database) -> None:
    bench = Bench()
    recorder = Recorder(database, Options(mains_hz="60"), lambda: True, bench)
    recorder.receive(taken(0))
    with database.writing() as connection:
        store.keep_probe(connection, Probe("28-00000000000a", "water", 0.5), START)
        store.keep_channel(connection, Channel("auger", 2, turns=5, idle_amps=0.001, learned_ts=START - 60))

    for number in range(1, 32):
        recorder.receive(taken(number))

    first, later, last = bench.fittings
    assert (first.mains_hz, first.probes, first.channels[3].turns) == (60.0, (), 1)
    assert (later.probes, later.channels[3].turns) == ((Probe("28-00000000000a", "water", 0.5),), 5)
    assert (last.channels[3].input, last.channels[3].idle_amps) == (2, 0.02)
