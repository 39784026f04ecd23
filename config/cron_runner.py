"""Runs a cron.d file in the foreground, by the rules of Debian's cron; `--check` refuses what that cron would refuse.

The demonstration and the tests run the very file that an installed machine gives to cron. Differences: the user column
is ignored (each command runs as whoever runs this), @reboot lines are not run, and what Debian's cron silently gets
wrong (an unescaped %, a carriage return) is refused.
"""

from __future__ import annotations

import argparse
import os
import pwd
import re
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from cronsim import CronSim, CronSimError

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@reboot": "",
}
ASSIGNMENT = re.compile(r"""\s*(?P<name>[A-Za-z_]\w*|"[^"]+"|'[^']+')\s*=\s*(?P<value>.*?)\s*$""")
# cronsim also takes L, LW, # and a step after a single number, which Debian's cron refuses.
FIELD = re.compile(r"(\*(/\d+)?|(\d+|[A-Za-z]{3})(-(\d+|[A-Za-z]{3})(/\d+)?)?)", re.ASCII)
HOUR = 60  # time counts in minutes of local time below, as in Debian's cron


class CronError(ValueError):
    """A file that Debian's cron would refuse or misread; the words begin with file and line."""


class Job(NamedTuple):
    """One line of the file, with the variables that the lines above it set."""

    line: int
    schedule: str  # five fields; empty for @reboot
    user: str
    command: str
    environment: tuple[tuple[str, str], ...]

    @property
    def repeated(self) -> bool:
        """Whether cron counts it as running all the time rather than at fixed times: a minute or hour of `*`."""
        minute, hour = self.schedule.split()[:2]
        return minute.startswith("*") or hour.startswith("*")


# --- reading the file


def parse(text: str, name: str) -> list[Job]:
    """The jobs of the cron.d file `text`, named `name`. Raises CronError with the number of the line."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", os.path.basename(name)):
        raise CronError(f"{name}: cron ignores a file whose name has other than letters, digits, - and _")
    if not text.endswith("\n"):
        raise CronError(f"{name}:{text.count(chr(10)) + 1}: the last line does not end: cron ignores the whole file")
    jobs: list[Job] = []
    environment: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if "\r" in line:
            raise CronError(f"{name}:{number}: a carriage return: save the file with Unix line ends")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        assignment = ASSIGNMENT.match(line)
        if assignment:
            environment[_unquoted(assignment["name"])] = _unquoted(assignment["value"])
        else:
            jobs.append(_job(line, number, name, environment))
    return jobs


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] in "\"'" and text[0] == text[-1] else text


def _job(line: str, number: int, name: str, environment: Mapping[str, str]) -> Job:
    words = 1 if line.lstrip().startswith("@") else 5
    parts = line.split(None, words + 1)
    if len(parts) < words + 2:
        raise CronError(f"{name}:{number}: too few fields; a line holds a schedule, a user and a command")
    schedule, user, command = " ".join(parts[:words]), parts[words], parts[words + 1]
    try:
        schedule = NICKNAMES[schedule] if words == 1 else _checked(schedule)
    except KeyError:
        raise CronError(f"{name}:{number}: {schedule}: no such nickname; there are {', '.join(NICKNAMES)}") from None
    except CronSimError as error:
        raise CronError(f"{name}:{number}: {error}: {schedule}") from None
    if re.search(r"(?<!\\)%", command):
        raise CronError(rf"{name}:{number}: cron cuts the command at %: write \%")
    return Job(number, schedule, user, command.replace(r"\%", "%"), tuple(environment.items()))


def _checked(schedule: str) -> str:
    for field in schedule.split():
        if not all(FIELD.fullmatch(part) for part in field.split(",")):
            raise CronSimError(f"Bad field {field}")
    CronSim(schedule, datetime(2000, 1, 1))
    return schedule


def check_system(path: str, jobs: Iterable[Job]) -> None:
    """Raises CronError when cron would refuse the installed file at `path`: owner, mode, link, unknown user."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode) or not stat.S_ISREG(found.st_mode):
        raise CronError(f"{path}: not a plain file: copy it, do not link it")
    if found.st_uid != 0:
        raise CronError(f"{path}: not owned by root: sudo chown root {path}")
    if found.st_mode & 0o022:
        raise CronError(f"{path}: others than root may write it: sudo chmod 644 {path}")
    for job in jobs:
        try:
            pwd.getpwnam(job.user)
        except KeyError:
            raise CronError(f"{path}:{job.line}: {job.user}: no such user; cron ignores the whole file") from None


# --- deciding what is due


def _matches(job: Job, minute: int) -> bool:
    moment = datetime(1970, 1, 1) + timedelta(minutes=minute)
    return bool(job.schedule) and next(CronSim(job.schedule, moment - timedelta(minutes=1))) == moment


def due(jobs: Iterable[Job], before: int, minute: int) -> tuple[list[Job], int]:
    """The jobs to start at local `minute` when all of `before` were, and the minute up to which fixed times are done.

    The four cases of Debian's cron (cron.c, "wakeupKind"): a late wake-up misses nothing; after a jump forward of
    3 hours at most (or the change to summer time) jobs of a fixed time are caught up and repeated ones are not; after
    a jump back, jobs of a fixed time are not run again; after a longer jump the new time counts at once.
    """
    gap = minute - before
    if -3 * HOUR < gap <= 0:
        return [job for job in jobs if job.schedule and job.repeated and _matches(job, minute)], before
    if not 0 < gap <= 3 * HOUR:
        return [job for job in jobs if _matches(job, minute)], minute
    missed = range(before + 1, minute + 1)
    caught_up = [
        job
        for job in jobs
        if _matches(job, minute)
        or (job.schedule and (gap <= 5 or not job.repeated) and any(_matches(job, one) for one in missed))
    ]
    return caught_up, minute


def run(
    jobs: list[Job],
    start: Callable[[Job], None],
    clock: Callable[[], float],
    offset: Callable[[float], int],
    wait: Callable[[float], bool],
    *,
    now: bool = False,
) -> None:
    """Starts each job at second 0 of its minutes until `wait` answers True.

    clock: UTC seconds. offset: seconds by which local time leads UTC at an instant. wait(seconds): waits so long at
    most, True to stop. now: starts what runs every minute at once, so that a demonstration shows life early.
    """

    def local_minute() -> int:
        ts = clock()
        return int(ts + offset(ts)) // 60

    seen = before = local_minute()
    for job in jobs:
        if now and job.schedule and job.repeated and _matches(job, seen):
            start(job)
    while not wait(60 - clock() % 60):
        if local_minute() == seen:
            continue
        seen = local_minute()
        started, before = due(jobs, before, seen)
        for job in started:
            start(job)


# --- the processes


class Processes:
    """The jobs that run, each a session of its own with the environment that Debian's cron gives."""

    def __init__(self, kept: Mapping[str, str]) -> None:
        """kept: variables that win over the file's, such as where this checkout and its state are."""
        self.kept = dict(kept)
        self.running: list[tuple[Job, subprocess.Popen[bytes]]] = []

    def environment(self, job: Job) -> dict[str, str]:
        """The variables of `job`: cron's few, then the file's, then those kept."""
        user = pwd.getpwuid(os.getuid())
        own = {"HOME": user.pw_dir, "LOGNAME": user.pw_name, "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
        return own | dict(job.environment) | self.kept

    def start(self, job: Job) -> None:
        """Starts `job`, even when its last run still runs, as cron does: a job that minds holds a lock."""
        environment = self.environment(job)
        home = environment["HOME"] if os.path.isdir(environment["HOME"]) else "/"
        process = subprocess.Popen(
            [environment["SHELL"], "-c", job.command],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.running.append((job, process))
        _log(f"{process.pid} started: {job.command}")

    def reap(self) -> None:
        """Tells of the jobs that ended since."""
        for job, process in self.running:
            if process.poll() is not None:
                _log(f"{process.pid} ended with {process.returncode}: {job.command}")
        self.running = [(job, process) for job, process in self.running if process.returncode is None]

    def stop(self, patience: float = 0.7) -> None:
        """Ends every job: asks, waits `patience` seconds for all of them together, then kills."""
        for _, process in self.running:
            _signal_group(process, signal.SIGTERM)
        give_up = time.monotonic() + patience
        for _, process in self.running:
            try:
                process.wait(max(0.0, give_up - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()
        self.reap()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # Once reaped, its id may be another's.
    if process.poll() is None:
        os.killpg(process.pid, number)


def _log(words: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {words}", flush=True)


def _waiter(processes: Processes) -> Callable[[float], bool]:
    """A wait that a signal ends: True for SIGTERM and SIGINT; at the end of a child it reaps and answers False."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)

    def wait(seconds: float) -> bool:
        ready, _, _ = select.select([reader], [], [], seconds)
        numbers = os.read(reader, 4096) if ready else b""
        processes.reap()
        return bool({signal.SIGTERM, signal.SIGINT} & set(numbers))

    return wait


def main(arguments: list[str]) -> int:
    """Exit status 0 when stopped or when the file is good, 1 with the reason on stderr when it is not."""
    parser = argparse.ArgumentParser(prog="cron_runner", description=__doc__)
    parser.add_argument("file", help="a file such as config/prod/chaudiere_cron_prod")
    parser.add_argument("--check", action="store_true", help="only say whether Debian's cron would take it")
    parser.add_argument("--system", action="store_true", help="with --check: owner, mode and users of this machine too")
    parser.add_argument("--keep", metavar="PREFIX", help="variables of this environment so named win over the file's")
    parser.add_argument("--now", action="store_true", help="start at once what runs every minute")
    options = parser.parse_args(arguments)
    try:
        with open(options.file, encoding="utf-8", newline="") as file:
            jobs = parse(file.read(), options.file)
        if options.system:
            check_system(options.file, jobs)
    except (CronError, OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.check:
        return 0
    prefix = options.keep
    processes = Processes({name: value for name, value in os.environ.items() if prefix and name.startswith(prefix)})
    wait = _waiter(processes)
    run(jobs, processes.start, time.time, lambda ts: time.localtime(ts).tm_gmtoff, wait, now=options.now)
    processes.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
