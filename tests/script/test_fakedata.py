"""The simulated past: written day by day by the jobs it is handed, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from config.settings import Settings
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.script.fakedata import Jobs, fill
from flask_app.store import Database

DAY = 86400
START = 20650 * DAY
END = START + 2 * DAY + 3600


class Told:
    """Jobs that note what they were told, and delete or send as the real ones do."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.jobs = Jobs(self.archive, self.process, self.deliver, self.rotate)

    def archive(self, database: Database, now: int) -> None:
        assert store.newest_reading_ts(database.connection, END) is not None
        self.calls.append(("archive", now))

    def process(self, _database: Database, _settings: Settings) -> None:
        self.calls.append(("process", self.calls[-1][1]))

    def deliver(self, database: Database, _settings: Settings, clock: Callable[[], float]) -> None:
        self.calls.append(("deliver", int(clock())))
        with database.writing() as connection:
            connection.execute("UPDATE Delivery SET sent_ts = ? WHERE due_ts <= ?", (int(clock()), clock()))

    def rotate(self, _database: Database, table: str, before_ts: int) -> None:
        self.calls.append((f"rotate {table}", before_ts))


@pytest.fixture
def told() -> Told:
    return Told()


def rows() -> list[Row]:
    return [Row(ts, water=70.0) for ts in range(START, END, 600)]


def count(database: Database) -> int:
    found: int = database.connection.execute("SELECT COUNT(*) FROM Chaudiere").fetchone()[0]
    return found


def due(database: Database, due_ts: int) -> None:
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO Delivery (reason, channel, address, due_ts, expires_ts) VALUES ('opened', 'mail', ?, ?, ?)",
            (f"{due_ts}@example.org", due_ts, due_ts + DAY),
        )


def test_each_day_is_archived_and_judged_at_its_end_before_the_next(
    database: Database, settings: Settings, told: Told
) -> None:
    counts = list(fill(database, settings, rows(), END, told.jobs))

    assert counts == [144, 144, 6]
    assert count(database) == 294
    ends = [START + DAY, START + 2 * DAY, END]
    assert told.calls == [
        *[(job, end) for end in ends for job in ("archive", "process")],
        ("rotate Chaudiere", END - 192 * 3600),
    ]


def test_messages_of_the_past_are_sent_when_they_were_due(database: Database, settings: Settings, told: Told) -> None:
    for due_ts in (START + 900, START + 300, START + 300 + DAY):
        due(database, due_ts)

    list(fill(database, settings, rows(), END, told.jobs))

    sent = [ts for job, ts in told.calls if job == "deliver"]
    assert sent == [START + 305, START + 905, START + 305 + DAY]


def test_a_second_run_adds_nothing(database: Database, settings: Settings, told: Told) -> None:
    list(fill(database, settings, rows(), END, told.jobs))

    list(fill(database, settings, rows(), END, told.jobs))

    assert count(database) == 294
