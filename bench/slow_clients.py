"""How long a normal request takes while many slow clients hold connections: gunicorn alone, and behind nginx."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config.settings import PROJECT

SLOW = 250
SECONDS = 30
WORST_P99 = 1.0  # s


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def gunicorn(home: str, port: int) -> Iterator[None]:
    """The pages as they are installed, by config/job, on an empty database."""
    environ = {"PATH": os.environ["PATH"], "CHAUDIERE_HOME": home, "CHAUDIERE_PORT": str(port), "CHAUDIERE_SECRETS": ""}
    subprocess.run([sys.executable, "manager.py", "database", "upgrade"], cwd=PROJECT, env=environ, check=True)
    with subprocess.Popen(["config/job", "gunicorn"], cwd=PROJECT, env=environ, stderr=subprocess.DEVNULL) as running:
        try:
            yield
        finally:
            running.terminate()


@contextmanager
def nginx(folder: str, port: int, behind: int) -> Iterator[None]:
    """nginx with the supplied server block, as any user."""
    server = Path(PROJECT, "config/prod/nginx.conf").read_text()
    server = server.replace("listen 80 default_server", f"listen 127.0.0.1:{port}").replace(
        "127.0.0.1:5007", f"127.0.0.1:{behind}"
    )
    server = "\n".join(line for line in server.splitlines() if "[::]" not in line)
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = Path(folder, "nginx.conf")
    conf.write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{ worker_connections 1024; }}\n"
        f"http {{\naccess_log off;\n{paths}{server}\n}}\n"
    )
    with subprocess.Popen(["nginx", "-c", str(conf), "-g", "daemon off;"]) as running:
        try:
            yield
        finally:
            running.terminate()


def crawl(port: int, stack: ExitStack, count: int = SLOW) -> list[socket.socket]:
    """Connections that have begun a request and do not end it: a third in the headers, a third in a body, the rest
    asked for a page and do not read it."""
    found = []
    for number in range(count):
        client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        begin = [
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            b"POST /admin/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\nname=",
            b"GET /admin/login HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ][number % 3]
        client.sendall(begin)
        found.append(client)
    return found


def drip(clients: list[socket.socket]) -> int:
    """One byte more on each; how many are still connected."""
    alive = 0
    for number, client in enumerate(clients):
        try:
            if number % 3 != 2:
                client.sendall(b"a")
            alive += 1
        except OSError:
            continue
    return alive


def ask(port: int) -> float:
    """Seconds that one normal request takes, a new connection included; 60 when it is not answered."""
    begin = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if not client.recv(100).startswith(b"HTTP/1.1"):
                return 60.0
    except OSError:
        return 60.0
    return time.monotonic() - begin


def measure(port: int, seconds: float, slow: int = SLOW) -> tuple[list[float], int]:
    """The sorted times of normal requests, ten a second, and how many slow clients were still held at the end."""
    times: list[float] = []
    with ExitStack() as stack:
        clients = crawl(port, stack, slow)
        end, dripped, alive = time.monotonic() + seconds, 0.0, slow
        while time.monotonic() < end:
            times.append(ask(port))
            if time.monotonic() - dripped > 2:
                alive, dripped = drip(clients), time.monotonic()
            time.sleep(0.1)
    return sorted(times), alive


def ready(port: int) -> None:
    """Waits until it answers."""
    end = time.monotonic() + 60
    while ask(port) >= 60 and time.monotonic() < end:
        time.sleep(0.2)


def report(seconds: float = SECONDS) -> Iterator[str]:
    """The lines of the report."""
    yield f"| {SLOW} slow clients, {seconds:g} s | p50 | p99 | worst | still held |"
    yield "|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder, gunicorn(folder, inner := free_port()):
        ready(inner)
        yield _line("gunicorn alone", *measure(inner, seconds))
        if shutil.which("nginx"):
            with nginx(folder, outer := free_port(), inner):
                ready(outer)
                yield _line("behind nginx", *measure(outer, seconds))


def _line(name: str, times: list[float], alive: int) -> str:
    p50, p99 = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
    return f"| {name} | {p50 * 1000:.0f} ms | {p99 * 1000:.0f} ms | {times[-1] * 1000:.0f} ms | {alive} |"


if __name__ == "__main__":
    for line in report():
        print(line, flush=True)
