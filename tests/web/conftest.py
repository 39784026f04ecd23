"""What the web's tests may ask for: an app with a clock of its own, rows, and a real browser on a real server."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from config.settings import Settings
from flask_app.boiler.rows import COLUMNS
from flask_app.models import db
from flask_app.web import create_app

NOW = 1_796_000_000
"""The tests' present: 2026-11-30 00:53:20 UTC, 01:53 in Paris."""

MINUTE_NOW = NOW // 60 * 60


class Clock:
    """A clock that tests set."""

    now = float(NOW)

    def __call__(self) -> float:
        return self.now


class Rows:
    """Builders: each adds what a test names and nothing else."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.database

    def run(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        connection = sqlite3.connect(self.path)
        with connection:
            connection.executemany(sql, rows)
        connection.close()

    def simulated(self) -> None:
        """Marks the database as a simulated boiler's."""
        connection = sqlite3.connect(self.path)
        connection.execute(f"PRAGMA application_id={0x43484153}")
        connection.close()

    def add(self, table: str, **values: Any) -> None:
        self.run(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", [(*values.values(),)]
        )

    def reading(self, ts: int = NOW - 3, **roles: float | None) -> None:
        self.add("Chaudiere", ts=ts, **{COLUMNS[role]: value for role, value in roles.items()})

    def minutes(self, start_ts: int, end_ts: int, **roles: float | None) -> None:
        columns = [COLUMNS[role] for role in roles]
        sql = f"INSERT INTO ChaudiereMinute (ts, {', '.join(columns)}) VALUES ({', '.join('?' * (len(columns) + 1))})"
        self.run(sql, [(ts, *roles.values()) for ts in range(start_ts, end_ts, 60)])

    def alert(
        self, alert_id: int = 1, kind: str = "low_water", opened: int = NOW - 7200, closed: int | None = None
    ) -> None:
        self.add(
            "Alert",
            id=alert_id,
            kind=kind,
            opened_ts=opened,
            closed_ts=closed,
            evidence='{"water": 55.9, "setpoint": 56}',
        )

    def well(self) -> None:
        """A boiler that burns well, measured until now, with somebody to tell."""
        self.minutes(MINUTE_NOW - 21600, MINUTE_NOW - 3600, water=66.0, flue=90.0, primary_fan=0, phase=9)
        self.minutes(MINUTE_NOW - 3600, MINUTE_NOW, water=67.6, flue=176.0, primary_fan=1, phase=6)
        self.reading(water=67.6, flue=176.0, box=31.0)
        self.add("Recipient", channel="mail", address="you@example.org")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return environ | {"CHAUDIERE_MAIL_SERVER": "mail.example.org"}


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[Flask]:
    app = create_app(settings, clock)
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def rows(settings: Settings) -> Rows:
    return Rows(settings)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; as root it runs only without its sandbox."""
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        yield browser
        browser.close()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where a real server serves `app`."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


Visit = Callable[..., Any]


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Opens a page in a fresh profile; in the end nothing was asked elsewhere and the console is clean."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_page(
        path: str, size: tuple[int, int] = (1280, 900), scheme: Any = "light", tolerated: str = "\0", **options: Any
    ) -> Any:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, locale="fr-FR", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: wrong.extend([request.url] * (not request.url.startswith(address))))
        page.on(
            "console",
            lambda message: wrong.extend(
                [message.text] * (message.type in ("error", "warning") and tolerated not in message.text)
            ),
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
