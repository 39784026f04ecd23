"""The listener: what it does after a look, supervisor's protocol, and the messages it sends itself."""

from __future__ import annotations

import io
from pathlib import Path

from config.settings import Settings
from flask_app.boiler.alerts import Kind
from flask_app.boiler.rows import Row
from flask_app.script.watch import Deed, Memory, Seen, decide, listen, look, tell
from flask_app.store import Database, insert_readings

LONG_AGO = Memory(start=0.0, newest=5, changed=1000.0)


def seen(monotonic: float, newest: int | None = 5, late: int = 0, storage: str = "") -> Seen:
    return Seen(monotonic, newest, late, storage)


def test_a_loop_without_a_new_row_for_a_minute_is_restarted_and_given_time() -> None:
    memory, deeds = decide(LONG_AGO, seen(1060.0))

    assert deeds == [Deed.RESTART]
    assert decide(memory, seen(1061.0))[1] == []


def test_a_loop_that_writes_is_left_alone_whatever_the_time_of_its_rows() -> None:
    memory, deeds = decide(LONG_AGO, seen(1060.0, newest=2))

    assert deeds == []
    assert memory.changed == 1060.0


def test_nothing_is_done_while_everything_starts() -> None:
    fresh = Memory(start=0.0, newest=None, changed=0.0)

    assert decide(fresh, seen(100.0, newest=None, storage="disk is full"))[1] == []


def test_late_jobs_and_a_refused_write_are_told() -> None:
    assert decide(LONG_AGO, seen(1010.0, late=301))[1] == [Deed.TELL_JOBS]
    assert decide(LONG_AGO, seen(1010.0, storage="disk is full"))[1] == [Deed.TELL_STORAGE]


def test_it_speaks_the_protocol_of_a_listener() -> None:
    ticks: list[int] = []
    events = io.StringIO("ver:3.0 eventname:TICK_60 len:15\nwhen:1201063880")
    answers = io.StringIO()

    listen(events, answers, lambda: ticks.append(1))

    assert ticks == [1]
    assert answers.getvalue() == "READY\nRESULT 2\nOKREADY\n"


def test_a_look_sees_the_newest_reading_and_how_late_its_judgement_is(database: Database, settings: Settings) -> None:
    with database.writing() as connection:
        insert_readings(connection, [Row(6000), Row(6600)])

    found = look(settings, 1.0, 7000.0)

    assert found == Seen(1.0, 6600, 540, "")


def test_a_look_at_a_damaged_file_says_so(settings: Settings) -> None:
    Path(settings.database).write_bytes(b"no database" * 100)

    assert "cannot be read as a database" in look(settings, 1.0, 7000.0).storage


def test_its_own_message_is_sent_once_an_hour(settings: Settings) -> None:
    Path(settings.simulator_script).write_text("{}")
    told = settings._replace(alert_emails=("house@example.org",))

    for now in (10_000.0, 13_500.0, 13_700.0):
        tell(told, Kind.STORAGE, "disk is full", now)

    caught = sorted(Path(settings.messages).iterdir())
    assert [path.name.split("-")[0] for path in caught] == ["10000", "13700"]
    assert "disk is full" in caught[0].read_text()
