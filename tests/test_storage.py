"""What is promised of the one file: kills, crowds and checkpoints lose nothing, double nothing, break nothing."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from typing import Any

import pytest

from config.settings import Settings
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.store import Database
from tests import storm


class Process:
    """A process of tests/storm.py and the newest thing it promised."""

    def __init__(self, part: str, environ: dict[str, str]) -> None:
        self.part, self.environ, self.promised = part, environ, 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.storm", self.part],
            env={**os.environ, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.said = threading.Event()
        self.reader = threading.Thread(target=self._read, args=(self.process,))
        self.reader.start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        for line in process.stdout:
            if line.endswith(b"\n"):
                self.promised = max(self.promised, int(line))
                self.said.set()

    def kill(self) -> bytes:
        """Kills it at once and returns what it complained of, which must be nothing."""
        self.process.send_signal(signal.SIGKILL)
        assert self.process.stderr
        words = self.process.stderr.read()
        self.process.wait()
        self.reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe
            pipe.close()
        return words


def stored(settings: Settings) -> tuple[list[tuple[int, float]], dict[int, Any]]:
    """The readings (ts, water) and the minutes {ts: [water, samples, phase]} of a file that is whole."""
    connection = sqlite3.connect(settings.database)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    readings = connection.execute("SELECT ts, temp0 FROM Chaudiere ORDER BY ts").fetchall()
    minutes = connection.execute("SELECT ts, temp0, samples, phase FROM ChaudiereMinute ORDER BY ts").fetchall()
    connection.close()
    return readings, {ts: rest for ts, *rest in minutes}


@pytest.mark.parametrize("kills", [60, pytest.param(1000, marks=pytest.mark.proof)])
def test_no_kill_loses_or_doubles_what_was_committed(kills: int, environ: dict[str, str], settings: Settings) -> None:
    chance = random.Random(4)
    processes = [Process("write", environ), Process("judge", environ)]
    for _ in range(kills):
        victim = chance.choice(processes)
        assert victim.said.wait(30), victim.kill()
        # A moment anywhere in what it does: none, or up to a few of its transactions later.
        victim.said.clear()
        for _more in range(chance.randrange(3)):
            victim.said.wait(chance.random() / 100)
        assert victim.kill() == b""
        victim.start()
    complaints = [process.kill() for process in processes]

    readings, minutes = stored(settings)
    writer, judge = processes
    assert complaints == [b"", b""]
    assert [ts for ts, _ in readings] == list(range(storm.START, readings[-1][0] + 1, storm.PERIOD))
    assert readings[-1][0] >= writer.promised > storm.START
    assert max(minutes) >= judge.promised > storm.START
    assert list(minutes) == list(range(storm.START, max(minutes) + 1, 60))
    values = dict(readings)
    for ts in range(storm.START, judge.promised, 60):
        mean = sum(values[ts + second] for second in range(0, 60, storm.PERIOD)) / 15
        assert minutes[ts] == [pytest.approx(mean), 15, minutes[ts][2]]
        assert minutes[ts][2] is not None


@pytest.mark.parametrize("crowd", [6, pytest.param(50, marks=pytest.mark.proof)])
def test_a_crowd_of_jobs_started_at_once_doubles_nothing(
    crowd: int, environ: dict[str, str], settings: Settings, database: Database
) -> None:
    with database.writing() as connection:
        store.insert_readings(connection, [Row(storm.START + 4 * number, water=55.0) for number in range(15 * 30)])
        connection.execute("INSERT INTO Recipient (channel, address) VALUES ('mail', 'you@example.org')")

    jobs = [
        subprocess.Popen(
            [sys.executable, "-m", f"flask_app.script.{name}"], env={**os.environ, **environ}, stderr=subprocess.PIPE
        )
        for name in ["archive_minute", "process_phase"] * crowd
    ]
    complaints = [job.communicate()[1] for job in jobs]

    assert [job.returncode for job in jobs] == [0] * len(jobs)
    assert complaints == [b""] * len(jobs)
    assert database.connection.execute("SELECT COUNT(*), MIN(samples) FROM ChaudiereMinute").fetchone() == (30, 15)


@pytest.mark.parametrize("commits", [1500, pytest.param(60000, marks=pytest.mark.proof)])
def test_writers_and_checkpointers_at_full_speed_leave_the_file_whole(
    commits: int, environ: dict[str, str], settings: Settings
) -> None:
    # SQLite before 3.51.3 breaks within 90 s of this without the one lock (flask_app/lock.py).
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.storm", "hurry", str(first), str(commits)],
            env={**os.environ, **environ},
            stderr=subprocess.PIPE,
        )
        for first in range(3)
    ]
    complaints = [writer.communicate()[1] for writer in writers]

    readings, _ = stored(settings)
    assert complaints == [b""] * 3
    expected = sorted(
        (storm.START + first + 4 * number, float(number)) for first in range(3) for number in range(commits)
    )
    assert readings == expected
