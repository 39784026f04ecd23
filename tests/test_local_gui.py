"""local_gui.sh: waits for screen and page, shows the page, and starts the browser again when it dies."""

from __future__ import annotations

import http.server
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


PATIENCE = 60.0


class Page(http.server.BaseHTTPRequestHandler):
    """An installation that has a kiosk page."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/kiosk" else 404)
        self.end_headers()

    def log_message(self, format: str, *words: object) -> None:
        """Keeps quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def environ(tmp_path: Path, port: int) -> dict[str, str]:
    """A session with a screen, and a browser that says how it was started and dies at once."""
    with socket.socket(socket.AF_UNIX) as screen:
        screen.bind(str(tmp_path / "wayland-1"))
    os.mkfifo(tmp_path / "started")
    browser = tmp_path / "bin/chromium"
    browser.parent.mkdir()
    browser.write_text(f'#!/bin/sh\necho "$WAYLAND_DISPLAY $*" > {tmp_path}/started\nexit 137\n')
    browser.chmod(0o755)
    return {
        "PATH": f"{browser.parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "CHAUDIERE_PORT": str(port),
    }


@contextmanager
def shown(environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The script at work; in the end nothing of it is left."""
    with subprocess.Popen([PROJECT / "local_gui.sh"], env=environ, start_new_session=True) as script:
        try:
            yield script
        finally:
            os.killpg(script.pid, signal.SIGKILL)


def test_the_page_is_shown_full_screen_and_shown_again_when_the_browser_dies(
    tmp_path: Path, port: int, environ: dict[str, str]
) -> None:
    preferences = tmp_path / ".cache/chaudiere-kiosk/Default/Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text('{"profile":{"exit_type":"Crashed","exited_cleanly":false}}')
    with shown(environ):
        first = (tmp_path / "started").read_text()
        again = (tmp_path / "started").read_text()

    assert first.startswith(f"wayland-1 --kiosk --app=http://127.0.0.1:{port}/kiosk ")
    assert "--ozone-platform=wayland" in first
    assert again == first
    assert preferences.read_text() == '{"profile":{"exit_type":"Normal","exited_cleanly":true}}'


def test_it_waits_for_the_screen_and_a_second_start_leaves_the_first_alone(
    tmp_path: Path, port: int, environ: dict[str, str]
) -> None:
    (tmp_path / "wayland-1").unlink()
    (tmp_path / "sockets").mkdir()
    environ["X11_SOCKETS"] = str(tmp_path / "sockets")
    with shown(environ) as script:
        with pytest.raises(subprocess.TimeoutExpired):
            script.wait(0.5)
        with socket.socket(socket.AF_UNIX) as screen:
            screen.bind(str(tmp_path / "sockets" / "X7"))
        started = (tmp_path / "started").read_text()
        second = subprocess.run([PROJECT / "local_gui.sh"], env=environ, timeout=PATIENCE, check=False)

    assert "--ozone-platform=x11" in started
    assert second.returncode == 0


class Called(Page):
    """A page that tells who asked for it."""

    asked: threading.Semaphore

    def do_GET(self) -> None:
        super().do_GET()
        if "Chrome" in self.headers.get("User-Agent", ""):
            self.asked.release()


def browsers(profile: Path) -> list[int]:
    """The browser of that profile: the process whose parent is not one of it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}".encode() in words and not any(word.startswith(b"--type=") for word in words):
            found.append(int(process.name))
    return found


@pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("chromium")), reason="needs Xvfb and Chromium")
def test_a_killed_chromium_is_back_on_a_real_screen(tmp_path: Path) -> None:
    Called.asked = threading.Semaphore(0)
    (tmp_path / "run").mkdir(0o700)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Called) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        reader, writer = os.pipe()
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x480x24"],
            pass_fds=[writer],
            stderr=subprocess.DEVNULL,
        )
        os.close(writer)
        try:
            with os.fdopen(reader) as told:
                number = told.readline().strip()
            (tmp_path / "sockets").mkdir()
            (tmp_path / "sockets" / f"X{number}").symlink_to(f"/tmp/.X11-unix/X{number}")
            environ = {
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "XDG_RUNTIME_DIR": str(tmp_path / "run"),
                "X11_SOCKETS": str(tmp_path / "sockets"),
                "CHAUDIERE_PORT": str(server.server_address[1]),
                "KIOSK_FLAGS": "--no-sandbox --disable-gpu",
            }
            with shown(environ):
                first = Called.asked.acquire(timeout=PATIENCE)
                killed = browsers(tmp_path / ".cache/chaudiere-kiosk")
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
                again = Called.asked.acquire(timeout=PATIENCE)
        finally:
            screen.terminate()
            screen.wait()
            server.shutdown()
            thread.join()

    assert first
    assert len(killed) == 1
    assert again
