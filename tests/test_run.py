"""End to end: real supervisord with the development configuration, until a fresh minute is in the API."""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parent.parent
# A minute is folded 3 s after its end, so a start just after a full minute shows its first one 63 s later.
PATIENCE = 90


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What config/dev/run.sh sets, for an installation in a folder of its own on a free port."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CHAUDIERE_DIR": str(PROJECT),
        "CHAUDIERE_HOME": str(tmp_path / "home"),
        "CHAUDIERE_RUNTIME": str(tmp_path / "run"),
        "CHAUDIERE_USER": pwd.getpwuid(os.getuid()).pw_name,
        "CHAUDIERE_SECRETS": "",
        "CHAUDIERE_PORT": str(free_port()),
        "CHAUDIERE_SAMPLE_SECONDS": "3",
    }


@pytest.fixture
def supervisord(environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The product running, with an empty database; killed at the end, should a test leave it behind."""
    subprocess.run([sys.executable, "manager.py", "database", "upgrade"], cwd=PROJECT, env=environ, check=True)
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", "config/dev/supervisor_dev.conf"]
    with subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def series(port: str, from_ts: int) -> dict[str, Any]:
    """The minutes since `from_ts`, or nothing while gunicorn does not answer yet."""
    url = f"http://127.0.0.1:{port}/api/v1/series?from={from_ts}&to={from_ts + 600}&width=60"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError:
        raise
    except OSError:
        return {}


def fresh_water(port: str, from_ts: int) -> list[int]:
    """The water of each minute since `from_ts` that has one, in tenths of a degree."""
    values = series(port, from_ts).get("series", {}).get("water", {}).get("v", [])
    return [value for value in values if value is not None]


def left_running(home: str) -> list[str]:
    """The processes of this user whose environment names that installation."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"CHAUDIERE_HOME={home}\0".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def logs(home: str) -> str:
    return "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in sorted(Path(home, "logs").glob("*.log")))


def test_the_running_product_shows_a_fresh_minute_and_stops_leaving_nothing_behind(
    environ: dict[str, str], supervisord: subprocess.Popen[bytes]
) -> None:
    home, port = environ["CHAUDIERE_HOME"], environ["CHAUDIERE_PORT"]
    from_ts = int(time.time()) // 60 * 60
    give_up = time.monotonic() + PATIENCE
    water: list[int] = []

    while not water and time.monotonic() < give_up:
        water = fresh_water(port, from_ts)
        if not water:
            # The pause of this poll ends at once when supervisord dies.
            with pytest.raises(subprocess.TimeoutExpired):
                supervisord.wait(0.5)
    found = logs(home)
    supervisord.send_signal(signal.SIGINT)
    status = supervisord.wait(20)

    assert water, found
    assert 0 < water[0] < 1000
    assert status == 0
    assert left_running(home) == []
    # Each line of each log tells when, whichever program wrote it.
    lines = [text for log in Path(home, "logs").glob("*.log") for text in log.read_text().splitlines()]
    assert len(lines) > 5
    assert [text for text in lines if re.match(r"\[?20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d", text) is None] == []
