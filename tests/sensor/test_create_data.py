"""The loop: its beat, what it keeps, and what neither lock, clock nor bus can take from it."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest

from config.settings import Settings
from flask_app import lock, store
from flask_app.boiler.fittings import PROBES_FOUND, Channel, Fittings, Idle, Probe
from flask_app.boiler.options import Options
from flask_app.boiler.rows import MOTORS, TEMPERATURES, Reason, Row
from flask_app.store import Database
from sensor.create_data import HELD_READINGS, Hardware, Recorder, Taken, offer, record, run
from sensor.get_temp import Probes
from sensor.get_watt import Currents
from tests.sensor.ads1115 import RealTimeBus, ac
from tests.sensor.w1 import OneWire, scratchpad

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


def test_a_day_has_a_row_in_each_four_seconds_without_drift() -> None:
    clock, rows = VirtualClock(21600), list[Taken]()
    spent = random.Random(1)

    def read(wall: float) -> Row:
        clock.now += spent.uniform(0.1, 2.5)
        return Row(int(wall))

    run(read, rows.append, clock, threading.Event())

    assert [taken.row.ts // 4 for taken in rows] == [START // 4 + number for number in range(21600)]
    assert {late.row.ts - early.row.ts for early, late in itertools.pairwise(rows)} == {3, 4, 5}


class EndingClock(VirtualClock):
    """A virtual clock that tells when its last sample is taken."""

    def __init__(self, samples: int, at_end: Callable[[], object]) -> None:
        super().__init__(samples)
        self.at_end = at_end

    def wait(self, until: float, stop: threading.Event) -> bool:
        ended = super().wait(until, stop)
        if ended:
            self.at_end()
        return ended


HOLDERS = {
    "our lock": "import fcntl; held = open({lock!r}, 'a'); fcntl.flock(held, fcntl.LOCK_EX)",
    "SQLite's": "import sqlite3; held = sqlite3.connect({file!r}); held.execute('BEGIN IMMEDIATE')",
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_database_locked_by_another_for_ten_minutes_costs_and_delays_no_sample(
    holder: str, settings: Settings, database: Database
) -> None:
    hold = HOLDERS[holder].format(lock=settings.lock, file=settings.database)
    command = [sys.executable, "-c", f"{hold}; print(1, flush=True); input()"]
    stored_meanwhile = []

    def let_go() -> None:
        reader = sqlite3.connect(settings.database)
        stored_meanwhile.append(reader.execute("SELECT COUNT(*) FROM Chaudiere").fetchone())
        reader.close()
        other.communicate("\n")

    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "1\n"
        recorder = Recorder(database, Options(), lambda: True)

        # It is let go once 10 minutes of samples are taken: were one of them to wait for it, this would never end.
        record(recorder, lambda wall: Row(int(wall), water=50.0), EndingClock(150, let_go), SimpleQueue())

    assert stored_meanwhile == [(0,)]
    assert (count(database), recorder.dropped, recorder.skipped) == (150, 0, 0)


def test_a_database_that_refuses_writes_for_ten_minutes_loses_no_row(database: Database) -> None:
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


def test_a_commit_that_stands_still_delays_no_sample(database: Database) -> None:
    taken = threading.Event()
    recorder = Recorder(database, Options(), lambda: True)
    # SQLite calls this within COMMIT, as a card would hold it: it goes on once all samples are taken.
    database.connection.set_trace_callback(lambda words: words != "COMMIT" or taken.wait())

    record(recorder, lambda wall: Row(int(wall), water=50.0), EndingClock(150, taken.set), SimpleQueue())

    assert (count(database), recorder.dropped, recorder.skipped) == (150, 0, 0)


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


class Hanging:
    """A bus that does not answer from one virtual second to another, however long that is in this computer's time."""

    def __init__(self, clock: VirtualClock, values: dict[str, float | Reason], since: float, until: float) -> None:
        self.clock, self.values, self.since, self.until = clock, values, since, until
        self.freed = threading.Event()

    def read(self) -> dict[str, float | Reason]:
        if self.since <= self.clock.now < self.until:
            self.freed.wait()
        return self.values


@pytest.mark.parametrize("hung", ["water", "auger"])
def test_a_bus_that_hangs_for_thirty_seconds_costs_its_own_values_and_no_row(hung: str) -> None:
    clock, rows = VirtualClock(200), list[Row]()
    since, until = (20.0, 50.0) if hung == "water" else (1e9, 1e9)
    probes = Hanging(clock, dict.fromkeys(TEMPERATURES, 50.0), since, until)
    since, until = (20.0, 50.0) if hung == "auger" else (1e9, 1e9)
    clamps = Hanging(clock, dict.fromkeys(MOTORS, 0.0), since, until)
    hardware = Hardware(probes.read, clamps.read, deadline=0.5)  # of true seconds: this computer may be busy

    def read(wall: float) -> Row:
        if clock.now >= 50.0:
            probes.freed.set()
            clamps.freed.set()
        return hardware.read(wall)

    run(read, lambda taken: rows.append(taken.row), clock, threading.Event())

    assert {later.ts // 4 - row.ts // 4 for row, later in itertools.pairwise(rows)} == {1}
    blocked = [row for row in rows if 20 <= row.ts - START < 50]
    assert len(blocked) >= 7
    other = "auger" if hung == "water" else "water"
    assert {getattr(row, hung) for row in blocked} == {None}
    assert {json.loads(str(row.quality))[hung]["late"] for row in blocked} == {1}
    assert {getattr(row, other) is None for row in rows} == {False}
    assert getattr(rows[-1], hung) is not None


@pytest.mark.parametrize("bulk", [True, False], ids=["triggered", "by threads"])
def test_a_whole_pass_takes_no_more_than_one_conversion_and_a_seventh(tmp_path: Path, bulk: bool) -> None:
    wires = OneWire(tmp_path, {f"28-00000000000{number}": scratchpad(60 + number) for number in range(4)}, bulk)
    chip = RealTimeBus([ac(1)] * 4, wire_seconds=0.0)
    hardware = Hardware(Probes((), tmp_path).read, Currents(open_bus=lambda: chip).read)

    def timed() -> tuple[float, Row]:
        begun = time.monotonic()
        row = hardware.read(START)
        return time.monotonic() - begun, row

    passes = [timed()]
    while len(passes) < 10 and (passes[-1][0] > 0.8625 or passes[-1][1].quality):  # this computer may be busy
        passes.append(timed())
    wires.close()

    seconds, row = passes[-1]
    assert 0.75 <= seconds <= 0.8625, passes
    assert [getattr(row, role) for role in TEMPERATURES] == [60, 61, 62, 63]
    assert all(getattr(row, role) > 100 for role in MOTORS)


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


def test_readings_still_held_at_the_end_wait_for_the_lock(database: Database) -> None:
    recorder = Recorder(database, Options(), lambda: True)
    held = contextlib.ExitStack()
    held.enter_context(lock.hold(database.lock_path, 1.0))
    recorder.receive(taken(0))
    letting_go = threading.Timer(0.5, held.close)
    letting_go.start()

    record(recorder, lambda wall: Row(int(wall)), VirtualClock(0), SimpleQueue())

    letting_go.join()
    assert count(database) == 1


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
        self.probes = {"water": "28-00000000000b", "flue": "28-00000000000c"}

    def fit(self, fittings: Fittings) -> None:
        self.fittings.append(fittings)

    def learned(self) -> list[Idle]:
        news, self.news = self.news, []
        return news

    def found(self) -> dict[str, str]:
        return self.probes


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


def test_which_probe_gives_which_role_is_told_once_and_again_when_it_changes(database: Database) -> None:
    bench = Bench()
    recorder = Recorder(database, Options(), lambda: True, bench)

    for number in range(60):
        recorder.receive(taken(number))
    bench.probes = {**bench.probes, "box": "28-00000000000a"}
    for number in range(60, 120):
        recorder.receive(taken(number))
    bench.probes = {}
    started_again = Recorder(database, Options(), lambda: True, bench)
    for number in range(120, 180):
        started_again.receive(taken(number))

    told = [json.loads(value) for key, _ts, value in store.option_changes(database.connection) if key == PROBES_FOUND]
    assert told == [
        {"water": "28-00000000000b", "flue": "28-00000000000c"},
        {"water": "28-00000000000b", "flue": "28-00000000000c", "box": "28-00000000000a"},
    ]
