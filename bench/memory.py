"""What the whole running set weighs: the proportional set size (PSS) of every process, after a hundred charts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CHARTS = 100
DEADLINE = 120.0  # seconds for the pages to answer


def processes(root: int) -> dict[int, str]:
    """The process `root` and all below it, with their command lines."""
    parents = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
    found, newest = {root}, {root}
    while newest:
        newest = {pid for pid, parent in parents.items() if parent in newest} - found
        found |= newest
    return {pid: _command(pid) for pid in sorted(found)}


def _command(pid: int) -> str:
    with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
        return " ".join(file.read().split("\0")[1:4]).strip().replace(f"{PROJECT}/", "")


def pss(pid: int) -> float:
    """Megabytes of a process, memory shared with others divided among them."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024


def answered(url: str) -> bool:
    """Whether a page answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # our own http address
            answer.read()
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def report() -> Iterator[str]:
    """The lines of the report."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "CHAUDIERE_HOME": home, "CHAUDIERE_PORT": str(port)}
        running = subprocess.Popen(
            ["config/dev/run.sh"], cwd=PROJECT, env=environ, stdout=sys.stderr, start_new_session=True
        )
        try:
            yield from _weigh(running.pid, f"http://127.0.0.1:{port}/api/v1/series?from=")
        finally:
            os.kill(running.pid, signal.SIGTERM)
            running.wait()


def _weigh(root: int, url: str) -> Iterator[str]:
    end = time.monotonic() + DEADLINE
    while not answered(f"{url}0&to=60"):
        if time.monotonic() > end:
            raise SystemExit("the pages did not answer: see the log above")
        time.sleep(0.5)
    now = int(time.time())
    for number in range(CHARTS):
        answered(f"{url}{now - 3600 * (1 + number)}&to={now}")
    found = [(pss(pid), command) for pid, command in processes(root).items()]
    yield "| process | PSS |"
    yield "|---|---|"
    for weight, command in sorted(found, reverse=True):
        if weight >= 1:
            yield f"| {command} | {weight:.1f} MB |"
    # Goal 12 is of the pages and the loop: at most 100 MB.
    pages_and_loop = sum(weight for weight, command in found if "gunicorn" in command or "create_data" in command)
    yield f"| pages and loop, after {CHARTS} charts | {pages_and_loop:.1f} MB |"
    yield f"| all, after {CHARTS} charts | {sum(weight for weight, _ in found):.1f} MB |"


if __name__ == "__main__":
    for line in report():
        print(line, flush=True)
