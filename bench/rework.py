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


# A process counts what its parent held when it was forked: this small one stands between.
_MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def _cost(home: str, start: int, end: int) -> tuple[float, float]:
    """Seconds of CPU and peak MB of one run of the command."""
    job = [sys.executable, "-m", "flask_app.script.process_phase", "--from", str(start), "--to", str(end)]
    words = [sys.executable, "-c", _MEASURED, *job]
    environ = {**os.environ, "CHAUDIERE_HOME": home}
    said = subprocess.run(words, cwd=PROJECT, env=environ, check=True, capture_output=True, text=True).stdout
    seconds, megabytes = map(float, said.split())
    return seconds, megabytes


if __name__ == "__main__":
    for line in report():
        print(line, flush=True)
