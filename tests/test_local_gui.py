"""local_gui.sh: waits for screen and page, shows the page, and starts the browser again when it dies."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


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


def test_the_page_is_shown_full_screen_and_shown_again_when_the_browser_dies(
    tmp_path: Path, port: int, environ: dict[str, str]
) -> None:
    preferences = tmp_path / ".cache/chaudiere-kiosk/Default/Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text('{"profile":{"exit_type":"Crashed","exited_cleanly":false}}')
    with subprocess.Popen([PROJECT / "local_gui.sh"], env=environ, start_new_session=True) as script:
        try:
            first = (tmp_path / "started").read_text()
            again = (tmp_path / "started").read_text()
        finally:
            os.killpg(script.pid, signal.SIGKILL)

    assert first.startswith(f"wayland-1 --kiosk --app=http://127.0.0.1:{port}/kiosk ")
    assert "--ozone-platform=wayland" in first
    assert again == first
    assert preferences.read_text() == '{"profile":{"exit_type":"Normal","exited_cleanly":true}}'
