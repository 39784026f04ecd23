"""The listener: what it does after a look, supervisor's protocol, and the messages it sends itself."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.settings import Settings, load, make_folders
from flask_app.boiler.alerts import Kind
from flask_app.boiler.rows import Row
from flask_app.lock import hold
from flask_app.script.watch import (
    Deed,
    Memory,
    Seen,
    Watch,
    answers,
    decide,
    keep_people,
    kept_people,
    listen,
    look,
    restart_loop,
    tell,
)
from flask_app.store import Database, insert_readings, keep_state, newest_reading_ts, opened
from tests.damage import spoil_table
from tests.servers import Gateway, Mailbox, free_port

PROJECT = Path(__file__).parent.parent.parent

LONG_AGO = Memory(start=0.0, newest=5, changed=1000.0, life=1000.0)


def seen(monotonic: float, newest: int | None = 5, late: int = 0, storage: str = "", pages: bool = True) -> Seen:
    return Seen(monotonic, newest, late, storage, pages)


def keep_judged(database: Database, ts: int) -> None:
    """A reading at `ts`, and its minute judged."""
    with database.writing() as connection:
        insert_readings(connection, [Row(ts)])
        keep_state(connection, ts // 60 * 60, 1, "{}", ts)


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


def looks(settings: Settings, memory: Memory, minutes: int, cron: bool) -> list[Deed]:
    """What so many looks call for, a minute apart, while the loop is dead and cron runs process_phase or does not."""
    found: list[Deed] = []
    for number in range(minutes):
        if cron:
            mark = Path(settings.runtime, "ran-process_phase")
            mark.write_text("0\n")
            os.utime(mark, (6900 + 60 * number, 6900 + 60 * number))
        memory, deeds = decide(memory, look(settings, memory.start + 60.0 * number, 7000.0 + 60 * number))
        found += [deed for deed in deeds if deed not in (Deed.RESTART, Deed.TELL_PAGES)]
    return found


def test_a_loop_and_a_cron_that_are_both_dead_are_told_after_five_minutes(
    database: Database, settings: Settings
) -> None:
    keep_judged(database, 6600)
    start = Memory(start=0.0, newest=None, changed=0.0)

    assert looks(settings, start, 5, cron=False) == []
    assert looks(settings, start, 60, cron=False) == [Deed.TELL_JOBS] * 55


def test_while_cron_runs_a_dead_loop_is_not_the_jobs_fault(database: Database, settings: Settings) -> None:
    keep_judged(database, 6600)

    assert looks(settings, Memory(start=0.0, newest=None, changed=0.0), 60, cron=True) == []


def test_a_job_that_fails_each_minute_is_no_sign_of_life() -> None:
    memory, deeds = decide(LONG_AGO, seen(1010.0)._replace(ended=7))
    assert deeds == []

    assert decide(memory, seen(1309.0))[1] == [Deed.RESTART]
    assert Deed.TELL_JOBS in decide(memory, seen(1310.0))[1]


def test_a_database_that_could_not_be_read_tells_nothing_of_the_loop_and_the_jobs() -> None:
    memory, _deeds = decide(LONG_AGO, Seen(1900.0, None, 0, "its lock is held"))

    assert decide(memory, seen(1930.0))[1] == []


def test_pages_that_do_not_answer_for_five_looks_are_told() -> None:
    memory, told = LONG_AGO, []
    for look_number in range(6):
        memory, deeds = decide(memory, seen(1001.0 + look_number, newest=look_number, pages=False))
        told.append(Deed.TELL_PAGES in deeds)

    assert told == [False] * 4 + [True] * 2
    assert decide(memory, seen(1010.0, newest=9))[1] == []


def test_a_server_that_answers_anything_is_alive_and_a_silent_one_is_not(gateway: Gateway) -> None:
    port = int(gateway.url.rpartition(":")[2])

    assert answers(port)
    assert not answers(free_port())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not answers(silent.getsockname()[1], timeout=0.1)


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

    assert found._replace(pages=True) == Seen(1.0, 6600, 540, "", people=[])


def test_a_look_at_a_damaged_file_says_so(settings: Settings) -> None:
    Path(settings.database).write_bytes(b"no database" * 100)

    assert "cannot be read as a database" in look(settings, 1.0, 7000.0).storage


@pytest.mark.parametrize("table", ["ChaudiereMinute", "Alert", "TenMinutes"])
def test_a_damaged_table_that_a_job_stumbles_over_is_told_as_storage(settings: Settings, table: str) -> None:
    spoil_table(settings.database, table)
    for job, status in (("archive_minute", 0), ("process_phase", 1)):
        Path(settings.runtime, f"ran-{job}").write_text(f"{status}\n")

    found = look(settings, 1000.0, 7000.0)

    assert "`database restore` puts a copy back" in found.storage
    assert decide(LONG_AGO, found)[1] == [Deed.TELL_STORAGE]


def test_its_own_message_is_sent_once_an_hour(settings: Settings) -> None:
    Path(settings.simulator_script).write_text("{}")
    told = settings._replace(alert_emails=("house@example.org",))

    for now in (10_000.0, 13_500.0, 13_700.0):
        tell(told, Kind.STORAGE, "disk is full", now)

    caught = sorted(Path(settings.messages).iterdir())
    assert [path.name.split("-")[0] for path in caught] == ["10000", "13700"]
    assert "disk is full" in caught[0].read_text()


def test_a_message_that_could_not_leave_is_tried_again_and_once_sent_rests_for_an_hour(
    mailbox: Mailbox, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = settings._replace(mail=settings.mail._replace(port=free_port()))

    for minute in range(12):
        tell(lost, Kind.STORAGE, "disk is full", 10_000.0 + 60 * minute)
    assert capsys.readouterr().err.count("storage to house@example.org: retry") == 3
    for minute in range(12, 70):
        tell(settings, Kind.STORAGE, "disk is full", 10_000.0 + 60 * minute)

    assert [mail["To"] for mail in mailbox.mails] == ["house@example.org"]
    assert capsys.readouterr().err.count("storage to house@example.org: sent") == 1


def test_who_was_reached_gets_nothing_twice_while_another_is_tried_again(
    mailbox: Mailbox, gateway: Gateway, settings: Settings
) -> None:
    lost = settings._replace(sms=settings.sms._replace(url=f"http://127.0.0.1:{free_port()}"))

    for now, reached in ((10_000.0, lost), (10_300.0, lost), (10_600.0, settings), (10_900.0, settings)):
        tell(reached, Kind.JOBS, "7 min", now)

    assert len(mailbox.mails) == len(gateway.forms) == 1


def test_a_clock_set_back_does_not_silence_it(settings: Settings) -> None:
    Path(settings.simulator_script).write_text("{}")
    told = settings._replace(alert_emails=("house@example.org",))

    for now in (1_000_000.0, 10_000.0):
        tell(told, Kind.STORAGE, "disk is full", now)

    assert len(caught(settings)) == 2


def test_who_is_told_first_is_read_from_the_page_s_list(database: Database, settings: Settings) -> None:
    Path(settings.simulator_script).write_text("{}")
    with database.writing() as connection:
        people = [("mail", "bo@example.org", 2), ("mail", "ana@example.org", 1), ("sms", "+33639980001", 1)]
        connection.executemany("INSERT INTO Recipient (channel, address, position) VALUES (?, ?, ?)", people)

    tell(settings, Kind.JOBS, "7 min", 10_000.0)

    caught = " ".join(path.read_text() for path in Path(settings.messages).iterdir())
    assert "ana@example.org" in caught
    assert "+33639980001" in caught
    assert "bo@example.org" not in caught


def name(database: Database, *people: tuple[str, str, int]) -> None:
    with database.writing() as connection:
        connection.executemany("INSERT INTO Recipient (channel, address, position) VALUES (?, ?, ?)", people)


def caught(settings: Settings) -> list[str]:
    return [json.loads(path.read_text())["address"] for path in sorted(Path(settings.messages).iterdir())]


def test_a_tick_keeps_who_is_told_first_for_the_day_the_database_cannot_be_read(
    database: Database, settings: Settings
) -> None:
    Path(settings.simulator_script).write_text("{}")
    name(database, ("mail", "ana@example.org", 1), ("mail", "bo@example.org", 2))
    Watch(settings, f"unix://{settings.runtime}/none.sock").tick()
    Path(settings.database).write_bytes(b"no database" * 100)

    tell(settings, Kind.STORAGE, "damaged", 10_000.0)

    assert caught(settings) == ["ana@example.org"]
    (kept,) = Path(settings.runtime).glob("*people*")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_who_was_removed_from_the_page_is_told_no_more(database: Database, settings: Settings) -> None:
    named = settings._replace(alert_emails=("house@example.org",))
    keep_people(named, [("mail", "ana@example.org")])

    Watch(named, f"unix://{settings.runtime}/none.sock").tick()

    assert kept_people(named) == [("mail", "house@example.org")]


@pytest.mark.parametrize("kept", ["", "[1, 2]", '{"mail": 3}', "[[]]"])
def test_a_kept_list_that_cannot_be_read_is_none(settings: Settings, kept: str) -> None:
    keep_people(settings, [])
    (path,) = Path(settings.runtime).glob("*people*")
    path.write_text(kept)

    assert kept_people(settings) is None


@pytest.mark.proof
def test_a_lock_that_another_holds_hides_nobody(database: Database, settings: Settings) -> None:
    # The waits for the lock are real: half a minute for the write and as much for each close.
    Path(settings.simulator_script).write_text("{}")
    name(database, ("mail", "ana@example.org", 1))

    with hold(settings.lock, 0):
        found = look(settings, 1.0, 7000.0)
        tell(settings, Kind.STORAGE, found.storage, 10_000.0)

    assert "is held by another process" in found.storage
    assert found.people == [("mail", "ana@example.org")]
    assert caught(settings) == ["ana@example.org"]


# --- under a real supervisord


@contextmanager
def supervised(configuration: Path, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(configuration)]
    with subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


HUNG = """
[supervisord]
logfile={folder}/supervisord.log
pidfile={folder}/supervisord.pid
[unix_http_server]
file={folder}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:sensor]
command={python} -c "{hang}"
startsecs=0
stopwaitsecs=1
"""


HANG = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "open('{folder}/' + str(os.getpid()), 'w').close(); time.sleep(600)"
)


def started(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.iterdir() if path.name.isdecimal()}


def until(found: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


def test_a_hung_loop_that_ignores_being_asked_is_killed_and_started_again(tmp_path: Path) -> None:
    configuration = tmp_path / "supervisor.conf"
    configuration.write_text(HUNG.format(folder=tmp_path, python=sys.executable, hang=HANG.format(folder=tmp_path)))
    with supervised(configuration, dict(os.environ)):
        until(lambda: len(started(tmp_path)) == 1, 20)

        said = restart_loop(f"unix://{tmp_path}/supervisor.sock")
        until(lambda: len(started(tmp_path)) == 2, 20)

        assert said == "restarted"
        alive = [pid for pid in started(tmp_path) if os.path.exists(f"/proc/{pid}")]
        assert len(alive) == 1


def test_without_a_supervisor_the_restart_says_so(tmp_path: Path) -> None:
    assert "could not start it" in restart_loop(f"unix://{tmp_path}/supervisor.sock")


@pytest.mark.proof
def test_the_product_s_own_watch_restarts_the_product_s_hung_loop(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CHAUDIERE_DIR": str(PROJECT),
        "CHAUDIERE_HOME": str(tmp_path / "home"),
        "CHAUDIERE_RUNTIME": str(tmp_path / "run"),
        "CHAUDIERE_USER": "root" if os.getuid() == 0 else os.environ["USER"],
        "CHAUDIERE_SECRETS": "",
        "CHAUDIERE_PORT": str(free_port()),
    }
    manager = [sys.executable, "manager.py"]
    subprocess.run([*manager, "database", "upgrade"], cwd=PROJECT, env=environ, check=True)
    settings = load(environ)

    def newest() -> int:
        with opened(settings.database, settings.lock) as database:
            return newest_reading_ts(database.connection, 2**62) or 0

    make_folders(settings)
    with supervised(PROJECT / "config/dev/supervisor_dev.conf", environ):
        until(lambda: newest() > 0, 60)
        subprocess.run([*manager, "simulator", "fault", "loop_dead"], cwd=PROJECT, env=environ, check=True)
        hung_ts = time.time()

        until(lambda: newest() > hung_ts + 30, 300)

    back = newest() - hung_ts
    print(f"rows came again {back:.0f} s after the loop hung")
    assert "loop restarted" in (tmp_path / "home/logs/watch.log").read_text()
