"""`make screenshots`: every page, in both languages, light and dark, on a phone, a desk and the kiosk's screen.

A simulated boiler's three weeks in a folder of their own, its pages served from a still clock, looked at by Chromium.
The pictures go to screenshots/, which git ignores; the README's own is written beside the documentation.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from config.settings import Settings, load, make_folders
from flask_app.web import account, create_app

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / "screenshots"
PICTURE = PROJECT / "docs" / "screenshot.png"
HEAVIEST = 150_000
PAST = ("--days", "21", "--seed", "1", "--fault", "silo_empty@30", "--fault", "ignition_failure@144")
SIZES = {"phone": (360, 640), "desk": (1280, 800)}
KIOSK = {"kiosk": (800, 480)}
NAME, PASSWORD = "Ana", "a quite long password"

PAGES = {
    "state": "/",
    "hour": "/charts/now/1",
    "day": "/charts/",
    "week": "/charts/now/168",
    "compared": "/charts/now/24?with=day",
    "season": "/charts/season",
    "alerts": "/alerts/",
    "alert": "/alerts/1",
    "settings": "/admin/",
    "missing": "/nowhere",
}
STATES = {
    "well": (),
    "fault": ("UPDATE Alert SET closed_ts = NULL WHERE id = (SELECT MAX(id) FROM Alert)",),
    "silent": ("DELETE FROM Chaudiere WHERE ts > (SELECT MAX(ts) FROM Chaudiere) - 840",),
    "empty": ("DELETE FROM Chaudiere", "DELETE FROM ChaudiereMinute", "DELETE FROM Alert"),
}
"""Name -> what is changed in the database, each on top of the one before."""


def main() -> int:
    """Takes all pictures; returns the exit code."""
    FOLDER.mkdir(exist_ok=True)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as home, served(home) as (address, settings):
        code = account.owner_code(settings)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
            )
            _shoot_all(browser, address, settings, code)
            browser.close()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")
    if PICTURE.stat().st_size > HEAVIEST:
        print(f"{PICTURE} has {PICTURE.stat().st_size} bytes; it accepts {HEAVIEST}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def served(home: str) -> Iterator[tuple[str, Settings]]:
    """A simulated installation in `home` and the address of its pages; its clock stands at the newest reading."""
    environ = {
        "CHAUDIERE_HOME": home,
        "CHAUDIERE_ALERT_EMAILS": "famille@example.org",
        "CHAUDIERE_ALERT_PHONES": "+33639980001",
    }
    for words in (("database", "upgrade"), ("fakedata", *PAST)):
        subprocess.run(
            [sys.executable, "manager.py", *words], cwd=PROJECT, env={**os.environ, **environ}, check=True, stdout=2
        )
    settings = load(environ)
    make_folders(settings)
    with sqlite3.connect(settings.database) as connection:
        newest: int = connection.execute("SELECT MAX(ts) FROM Chaudiere").fetchone()[0]
        connection.execute(
            "INSERT INTO Annotation (ts, kind, words, by) VALUES (?, 'fill', '', ?)", (newest - 93_000, NAME)
        )
    connection.close()
    server = make_server("127.0.0.1", 0, create_app(settings, lambda: newest + 4.0), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}", settings
    finally:
        server.shutdown()
        thread.join()


def _shoot_all(browser: Browser, address: str, settings: Settings, code: str) -> None:
    session = _log_in(browser, address, code)
    for language in ("fr", "en"):
        for theme in ("light", "dark"):
            for where, size in SIZES.items():
                for name, path in PAGES.items():
                    _shoot(browser, address + path, language, theme, where, size, name, session)
            for path, name in (("/kiosk", "kiosk"), ("/admin/login", "login")):
                size = KIOSK["kiosk"] if name == "kiosk" else SIZES["phone"]
                _shoot(browser, address + path, language, theme, "kiosk" if name == "kiosk" else "phone", size, name)
    _shoot(browser, address + "/charts/now/48", "en", "light", "readme", (1200, 900), "history", target=PICTURE)
    for state, changes in STATES.items():
        with sqlite3.connect(settings.database) as connection:
            for change in changes:
                connection.execute(change)
        connection.close()
        for path, where, size in (("/", "phone", SIZES["phone"]), ("/kiosk", "kiosk", KIOSK["kiosk"])):
            _shoot(browser, address + path, "fr", "light", where, size, f"state-{state}")


def _log_in(browser: Browser, address: str, code: str) -> Any:
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    page.goto(address + "/admin/owner")
    for field, words in (("code", code), ("name", NAME), ("password", PASSWORD)):
        page.fill(f'[name="{field}"]', words)
    page.click("button.main")
    page.wait_for_url("**/admin/")
    found = context.storage_state()
    context.close()
    return found


def _shoot(
    browser: Browser,
    url: str,
    language: str,
    theme: Any,
    where: str,
    size: tuple[int, int],
    name: str,
    session: Any = None,
    target: Path | None = None,
) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme, locale=language, storage_state=session
    )
    page = context.new_page()
    # By day: at night the kiosk is dim.
    page.clock.set_fixed_time("2026-11-24T11:00:00Z") if where == "kiosk" else None
    page.goto(url)
    if "/charts/" in url:
        page.wait_for_selector("#statistics:not([hidden])")
    path = target or FOLDER / f"{name}-{where}-{language}-{theme}.png"
    page.screenshot(path=path, full_page=where in SIZES)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
