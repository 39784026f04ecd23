"""The cron.d file and its runner: what Debian's cron refuses is refused, and each minute starts what is due."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config.cron_runner import CronError, Job, Processes, check_system, due, parse, run

PROJECT = Path(__file__).parent.parent.parent
PROD = PROJECT / "config/prod/chaudiere_cron_prod"
MIDNIGHT = 1_767_139_200  # 2025-12-31 00:00 UTC


def jobs(*lines: str) -> list[Job]:
    return parse("".join(f"{line}\n" for line in lines), "demo")


def refusal(text: str, name: str = "demo") -> str:
    with pytest.raises(CronError) as refused:
        parse(text, name)
    return str(refused.value)


def debian_takes(schedule: str, folder: Path) -> bool:
    """Whether Debian's own crontab takes `schedule`; its files have no user column."""
    table = folder / "table"
    table.write_text(f"{schedule} true\n")
    return subprocess.run(["crontab", "-n", table], capture_output=True, check=False).returncode == 0


# --- the file of an installation


def test_debian_s_crontab_takes_the_installed_file_once_its_user_column_is_removed(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_text(re.sub(r"(?m)^((?:\S+ ){5}|@reboot )chaudiere ", r"\1", PROD.read_text()))

    answer = subprocess.run(["crontab", "-n", table], capture_output=True, text=True, check=False)

    assert "chaudiere $CHAUDIERE_DIR" not in table.read_text()
    assert answer.returncode == 0, answer.stderr


def test_the_runner_takes_the_installed_file() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "config.cron_runner", "--check", PROD],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr


def test_the_installed_file_runs_minute_each_minute_rotations_and_a_copy_daily_and_the_screen_at_reboot() -> None:
    found = parse(PROD.read_text(), PROD.name)

    assert [(job.schedule, job.command) for job in found] == [
        ("* * * * *", "$CHAUDIERE_DIR/config/job minute"),
        ("17 3 * * *", "$CHAUDIERE_DIR/config/job rotate Chaudiere"),
        ("27 3 * * *", "$CHAUDIERE_DIR/config/job rotate ChaudiereMinute"),
        ("37 3 * * *", "$CHAUDIERE_DIR/config/job backup"),
        ("", "CHAUDIERE_PORT=5007 $CHAUDIERE_DIR/local_gui.sh"),
    ]
    # Only root can become the desktop's user, whoever that is.
    assert [job.user for job in found] == ["chaudiere"] * 4 + ["root"]
    assert dict(found[0].environment)["MAILTO"] == ""


def test_the_installed_file_has_a_name_an_end_and_a_mode_that_cron_takes() -> None:
    text = PROD.read_text()

    assert re.fullmatch(r"[A-Za-z0-9_-]+", PROD.name)
    assert text.endswith("\n")
    assert "\r" not in text
    assert "%" not in text
    assert not PROD.is_symlink()
    assert PROD.stat().st_mode & 0o022 == 0


# --- what is refused


def test_a_name_with_a_dot_is_refused() -> None:
    assert "name" in refusal("* * * * * root true\n", "chaudiere.cron")


def test_a_last_line_without_an_end_is_refused_with_its_number() -> None:
    assert refusal("# words\n* * * * * root true").startswith("demo:2: the last line does not end")


def test_a_carriage_return_is_refused() -> None:
    assert refusal("* * * * * root true\r\n").startswith("demo:1: a carriage return")


def test_an_unescaped_percent_sign_is_refused() -> None:
    assert refusal("\n* * * * * root date +%s\n").startswith("demo:2: cron cuts the command at %")


def test_an_escaped_percent_sign_reaches_the_command_as_one() -> None:
    assert jobs(r"* * * * * root date +\%s")[0].command == "date +%s"


@pytest.mark.parametrize("line", ["* * * * *", "* * * * * root", "@daily root", "rubbish"])
def test_a_line_without_schedule_user_and_command_is_refused(line: str) -> None:
    assert refusal(f"A=1\n{line}\n").startswith("demo:2: too few fields")


def test_an_unknown_nickname_is_refused() -> None:
    assert "@weakly" in refusal("@weakly root true\n")


SCHEDULES = (
    "* * * * *",
    "*/2 * * * *",
    "0-30/5 3 * * *",
    "1,2,5-7 * * * *",
    "0 0 * jan-mar mon,fri",
    "0 0 * * 7",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "5/10 * * * *",
    "*/0 * * * *",
    "x * * * *",
    "1, * * * *",
    "* * L * *",
    "* * * * 5L",
    "-1 * * * *",
    "* * * foo *",
)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_is_taken_or_refused_as_debian_s_crontab_does(schedule: str, tmp_path: Path) -> None:
    taken = True
    try:
        jobs(f"{schedule} root true")
    except CronError:
        taken = False

    assert taken == debian_takes(schedule, tmp_path)


@pytest.mark.parametrize("schedule", ["30-10 * * * *", "* * * * 1#2"])
def test_a_schedule_that_debian_s_crontab_takes_and_misreads_is_refused(schedule: str) -> None:
    assert refusal(f"{schedule} root true\n").startswith("demo:1: Bad")


def test_variables_hold_for_the_lines_below_them_and_are_not_expanded() -> None:
    first, second = jobs('A="x y"', "* * * * * root true", "B = $A", "A=2", "* * * * * root true")

    assert dict(first.environment) == {"A": "x y"}
    assert dict(second.environment) == {"A": "2", "B": "$A"}


def test_an_installed_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "demo"
    path.write_text("* * * * * root true\n")
    path.chmod(0o666)

    with pytest.raises(CronError, match=r"not owned by root|others than root"):
        check_system(str(path), [])


def test_an_installed_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").symlink_to("/etc/crontab")

    with pytest.raises(CronError, match="not a plain file"):
        check_system(str(tmp_path / "demo"), [])


def test_an_installed_file_for_an_unknown_user_is_refused_by_line() -> None:
    unknown = jobs("A=1", "* * * * * nobody-of-this-name true")

    with pytest.raises(CronError, match="/etc/passwd:2: nobody-of-this-name: no such user"):
        check_system("/etc/passwd", unknown)


def test_the_command_line_says_what_is_wrong_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "demo"
    path.write_text("99 * * * * root true\n")

    answer = subprocess.run(
        [sys.executable, "-m", "config.cron_runner", "--check", path],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )

    assert answer.returncode == 1
    assert f"{path}:1: Bad minute" in answer.stderr


# --- what is due

EVERY, DAILY, REBOOT = jobs("* * * * * u every", "17 3 * * * u daily", "@reboot u screen")
ALL = [EVERY, DAILY, REBOOT]
NOON = 12 * 60  # a local minute; 1970-01-01 12:00


def names(found: tuple[list[Job], int]) -> list[str]:
    return [job.command for job in found[0]]


def test_the_next_minute_starts_what_is_due() -> None:
    assert names(due(ALL, 3 * 60 + 15, 3 * 60 + 16)) == ["every"]
    assert names(due(ALL, 3 * 60 + 16, 3 * 60 + 17)) == ["every", "daily"]


def test_a_late_wake_up_misses_no_job() -> None:
    assert names(due(ALL, 3 * 60 + 14, 3 * 60 + 18)) == ["every", "daily"]


def test_a_jump_of_an_hour_catches_up_the_fixed_times_it_skipped() -> None:
    assert names(due(ALL, 2 * 60 + 30, 3 * 60 + 30)) == ["every", "daily"]


def test_a_jump_of_an_hour_does_not_catch_up_repeated_jobs_not_due_now() -> None:
    (half,) = jobs("*/30 * * * * u half")

    assert names(due([half], NOON + 29, NOON + 45)) == []


def test_a_jump_of_half_a_day_counts_from_the_new_time_at_once() -> None:
    assert due(ALL, 60, NOON) == ([EVERY], NOON)


def test_after_a_jump_back_fixed_times_wait_until_time_has_caught_up() -> None:
    found = due(ALL, 3 * 60 + 40, 3 * 60 + 17)

    assert found == ([EVERY], 3 * 60 + 40)


def test_a_reboot_line_is_never_due() -> None:
    assert due([REBOOT], 0, NOON) == ([], NOON)


# --- the loop, on a clock of its own


class World:
    """A clock that only waiting moves, and the jobs started at each instant."""

    def __init__(self, ts: float, until_ts: float, offset: Callable[[float], int] = lambda _: 0) -> None:
        self.ts, self.until_ts, self.offset = ts, until_ts, offset
        self.started: list[tuple[float, str]] = []

    def wait(self, seconds: float) -> bool:
        self.ts += seconds
        return self.ts > self.until_ts

    def run(self, these: list[Job], *, now: bool = False) -> list[tuple[float, str]]:
        def start(job: Job) -> None:
            self.started.append((self.ts, job.command))

        run(these, start, lambda: self.ts, self.offset, self.wait, now=now)
        return self.started


def test_jobs_start_at_second_0_of_every_minute_over_midnight() -> None:
    midnight = jobs("0 0 * * * u night")[0]
    world = World(MIDNIGHT - 125.5, MIDNIGHT + 60)

    started = world.run([EVERY, midnight])

    assert started == [
        (MIDNIGHT - 120, "every"),
        (MIDNIGHT - 60, "every"),
        (MIDNIGHT, "every"),
        (MIDNIGHT, "night"),
        (MIDNIGHT + 60, "every"),
    ]


def test_now_starts_the_every_minute_jobs_at_once_and_no_other() -> None:
    world = World(MIDNIGHT + 20, MIDNIGHT + 20)

    assert world.run(ALL, now=True) == [(MIDNIGHT + 20, "every")]


def test_a_day_starts_1440_minutes_and_one_rotation() -> None:
    started = [name for _, name in World(MIDNIGHT - 1, MIDNIGHT + 86_399).run(ALL)]

    assert started.count("every") == 1440
    assert started.count("daily") == 1


SPRING = 1_774_746_000  # 2026-03-29 01:00 UTC: in Paris 2:00 becomes 3:00
AUTUMN = 1_792_890_000  # 2026-10-25 01:00 UTC: in Paris 3:00 becomes 2:00


@pytest.mark.parametrize(
    ("change", "offset"),
    [(SPRING, lambda ts: 7200 if ts >= SPRING else 3600), (AUTUMN, lambda ts: 3600 if ts >= AUTUMN else 7200)],
)
def test_a_fixed_time_runs_once_on_the_days_when_the_clock_changes(change: int, offset: Callable[[float], int]) -> None:
    (fixed,) = jobs("30 2 * * * u fixed")

    started = World(change - 6 * 3600 + 1, change + 6 * 3600, offset).run([fixed, EVERY])

    assert [name for _, name in started].count("fixed") == 1
    assert [name for _, name in started].count("every") == 720


# --- the processes


def ended(processes: Processes) -> None:
    for _, process in processes.running:
        process.wait(10)
    processes.reap()


def test_a_job_gets_the_few_variables_of_cron_then_the_file_s_then_those_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (job,) = jobs(f"HOME={tmp_path}", "CHAUDIERE_DIR=/opt/chaudiere", f"* * * * * u env > {out}; pwd >> {out}")
    processes = Processes({"CHAUDIERE_DIR": "/here"})

    processes.start(job)
    ended(processes)

    lines = out.read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    assert set(variables) - {"_", "OLDPWD"} == {"HOME", "LOGNAME", "PATH", "SHELL", "PWD", "CHAUDIERE_DIR"}
    assert variables["PATH"] == "/usr/bin:/bin"
    assert variables["CHAUDIERE_DIR"] == "/here"
    assert lines[-1] == str(tmp_path)


def test_a_job_that_fails_is_told_of_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    processes = Processes({})

    processes.start(jobs("* * * * * u exit 3")[0])
    ended(processes)

    started, finished = capsys.readouterr().out.splitlines()
    assert started.endswith("started: exit 3")
    assert finished.endswith("ended with 3: exit 3")


def test_stopping_ends_even_a_job_that_ignores_being_asked() -> None:
    processes = Processes({})
    processes.start(jobs("* * * * * u trap '' TERM; sleep 60 & wait; sleep 60")[0])
    (_, process) = processes.running[0]

    processes.stop(patience=0.1)

    assert processes.running == []
    assert process.returncode in (-signal.SIGTERM, -signal.SIGKILL)


def test_sigterm_stops_the_runner_and_its_jobs_at_once(tmp_path: Path) -> None:
    table, ready = tmp_path / "demo", tmp_path / "ready"
    os.mkfifo(ready)
    table.write_text(f"* * * * * u echo $$ > {ready}; exec sleep 60\n")
    command = [sys.executable, "-m", "config.cron_runner", "--now", str(table)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as runner:
        job = int(ready.read_text())

        runner.terminate()
        words, _ = runner.communicate(timeout=5)

    assert runner.returncode == 0
    assert "ended with -15" in words
    assert not Path(f"/proc/{job}").exists()
