"""A year of minutes judged again, as after a change of the rules: time and memory, reading and writing included."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from bench.jobs import PROJECT, START, installation
from bench.series import past
from flask_app import store

WEEKS = 52
MINUTES = 365 * 1440


def report() -> Iterator[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as home:
        settings = installation(home)
        past(settings, WEEKS + 4)
        with store.opened(settings.database, settings.lock) as database, database.writing() as connection:
            # As other rules would have judged: all that is written is written.
            connection.execute("UPDATE ChaudiereMinute SET phase = 1")
        yield "| a year of 525,600 minutes judged again | CPU | memory |"
        yield "|---|---|---|"
        for name in ("by other rules than before", "by the same rules"):
            seconds, megabytes = _cost(home, START, START + MINUTES * 60)
            yield f"| {name} | {seconds:.2f} s | {megabytes:.0f} MB |"


def _cost(home: str, start: int, end: int) -> tuple[float, float]:
    """Seconds of CPU and peak MB of one run of the command."""
    words = [sys.executable, "-m", "flask_app.script.process_phase", "--from", str(start), "--to", str(end)]
    environ = {**os.environ, "CHAUDIERE_HOME": home}
    child = subprocess.Popen(words, cwd=PROJECT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"process_phase --from {start} ended with {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    for line in report():
        print(line, flush=True)
