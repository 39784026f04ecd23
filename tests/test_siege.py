"""The running product under siege: slow clients and a login storm, and the loop and the jobs that must not feel it."""

from __future__ import annotations

import http.client
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bench import slow_clients
from tests.test_run import PROJECT, environ, free_port, logs

__all__ = ["environ"]

SECONDS = 190  # two whole minutes at least are measured, folded and judged within
PERIOD = 4
PASSWORD = "four plain unrelated words"
STORMERS = 4


@pytest.fixture
def behind(environ: dict[str, str]) -> dict[str, str]:
    """The environment of an installation that nginx is in front of."""
    return environ | {"CHAUDIERE_PROXIES": "1", "CHAUDIERE_SAMPLE_SECONDS": str(PERIOD)}


@pytest.fixture
def product(behind: dict[str, str], tmp_path: Path) -> Iterator[int]:
    """Supervisor with loop, cron and gunicorn, and nginx in front; the port that nginx listens on."""
    manage = [sys.executable, "manager.py"]
    subprocess.run([*manage, "database", "upgrade"], cwd=PROJECT, env=behind, check=True)
    created = [*manage, "users", "create", "Ana", "--password-stdin"]
    subprocess.run(created, cwd=PROJECT, env=behind, check=True, input=f"{PASSWORD}\n", text=True)
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", "config/dev/supervisor_dev.conf"]
    outer, inner = free_port(), int(behind["CHAUDIERE_PORT"])
    (tmp_path / "nginx").mkdir()
    with (
        subprocess.Popen(command, cwd=PROJECT, env=behind, stdout=subprocess.DEVNULL) as supervisord,
        slow_clients.nginx(str(tmp_path / "nginx"), outer, inner),
    ):
        try:
            slow_clients.ready(inner)
            yield outer
        finally:
            supervisord.terminate()


class Storm:
    """Logins with wrong passwords, as fast as they are answered, each from another address of this machine."""

    def __init__(self, port: int) -> None:
        self.port, self.answers = port, {200: 0, 429: 0}
        self.over, self.guard = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self._guess, args=(number,)) for number in range(STORMERS)]

    def __enter__(self) -> Storm:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _guess(self, number: int) -> None:
        cookie, token = self._form()
        tried = 0
        while not self.over.is_set():
            tried += 1
            source = f"127.{1 + number}.{tried // 250 % 250}.{1 + tried % 250}"
            status = self._post(source, cookie, {"csrf_token": token, "name": "Ana", "password": f"wrong {tried}"})
            with self.guard:
                self.answers[status] = self.answers.get(status, 0) + 1

    def _form(self) -> tuple[str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/admin/login", headers={"Host": "localhost"})
        answer = connection.getresponse()
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.read().decode())
        connection.close()
        assert found is not None
        return str(answer.headers["Set-Cookie"]).partition(";")[0], found[1]

    def _post(self, source: str, cookie: str, form: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(source, 0))
        headers = {"Host": "localhost", "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request("POST", "/admin/login", urlencode(form), headers)
            return connection.getresponse().status
        finally:
            connection.close()


def besiege(port: int, seconds: float) -> list[float]:
    """The sorted times of normal requests, ten a second, while 250 slow clients hold on; those shed come again."""
    times, end, dripped = [], time.monotonic() + seconds, 0.0
    with ExitStack() as stack:
        clients = slow_clients.crawl(port, stack)
        while time.monotonic() < end:
            times.append(slow_clients.ask(port))
            if time.monotonic() - dripped > 2:
                alive, dripped = slow_clients.drip(clients), time.monotonic()
                if alive < slow_clients.SLOW:
                    clients = clients[-slow_clients.SLOW :] + slow_clients.crawl(port, stack, slow_clients.SLOW - alive)
            # A request each tenth of a second: how fast the product is besieged is part of the test.
            threading.Event().wait(0.1)
    return sorted(times)


@pytest.mark.proof
def test_slow_clients_and_a_login_storm_cost_no_reading_and_no_minute(behind: dict[str, str], product: int) -> None:
    database = Path(behind["CHAUDIERE_HOME"], "chaudiere.db")

    with Storm(product) as storm:
        times = besiege(product, SECONDS)
    # The last minute is folded and judged within a few seconds of its end.
    now = int(time.time())
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    readings = [ts for (ts,) in connection.execute("SELECT ts FROM Chaudiere ORDER BY ts")]
    minutes = connection.execute("SELECT ts, samples, phase FROM ChaudiereMinute ORDER BY ts").fetchall()
    connection.close()

    found = f"{storm.answers}, {logs(behind['CHAUDIERE_HOME'])}"
    p99 = times[len(times) * 99 // 100]
    # One in each period: a busy machine may wake the loop a second late, and no reading is missed by that.
    beats = [ts // PERIOD for ts in readings]
    assert beats == list(range(beats[0], beats[-1] + 1)), found
    assert now - readings[-1] <= 2 * PERIOD, found
    assert len(readings) >= SECONDS / PERIOD - 2, found
    whole = {ts: samples for ts, samples, _phase in minutes if ts >= readings[0]}
    assert list(whole) == list(range(-(-readings[0] // 60) * 60, (now - 15) // 60 * 60, 60)), found
    assert all(abs(samples - 60 // PERIOD) <= 1 for samples in whole.values()), found
    assert len(whole) >= 2, found
    assert all(phase is not None for _ts, _samples, phase in minutes), found
    assert p99 <= 1, f"p50 {times[len(times) // 2]:.3f} s, p99 {p99:.3f} s, {found}"
    assert set(storm.answers) == {200, 429}, found
    assert storm.answers[429] > 100, found
    assert 0 < storm.answers[200] <= 40, found
    print(f"{len(readings)} readings, {len(whole)} minutes, p99 {p99 * 1000:.0f} ms, {storm.answers}")
