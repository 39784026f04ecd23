"""Requests that nobody would make, who makes them, and what must hold after each: for test_storm.py."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from flask.testing import FlaskClient

from config.settings import load, make_folders
from flask_app.web import account, create_app
from flask_app.web.gate import Level, needs
from tests.web.conftest import NOW, Clock, Rows

PASSWORD = "four plain unrelated words"
FAR, NEAR = "203.0", "192.168"
SECRET = ("secret@example.org", "chaudiere.db", "PRAGMA", "Traceback")
ODD = [
    *("", "0", "1", "-1", "2", "60", "1e9", "NaN", "inf", "1795999980", "4102444800", "9" * 25, "٣", "1_0", "0x10"),
    *("a", "null", "true", "[]", "{}", "'", "' OR 1=1 --", '"><script>alert(1)</script>', "{{7*7}}", "${7*7}"),
    *("%00", "\0", "../../etc/passwd", "..%2f..%2fetc", "/etc/passwd", "\\\\host\\share", "é", "𝕏" * 40, "x" * 3000),
    *("\r\nSet-Cookie: a=b", "2026-11-29", "2026-02-30", "2026-11-29T12:00", "raw", "water", "water,flue", "mail"),
    *("sms", "apprise", "you@example.org", "+33639980002", "json://localhost", "low_water", "note", "fill", "fr"),
    *("Europe/Paris", "58", "yes", "gunicorn.log", "first", "\ud800", "22:00-07:00", "28-0123456789ab", "A0"),
]
NAMES = [
    *("from", "to", "width", "s", "after", "step", "q", "lang", "theme", "next", "with", "date", "sent", "days"),
    *("value", "name", "password", "code", "role", "channel", "address", "kinds", "position", "language", "quiet"),
    *("kind", "words", "at", "back", "token", "installer", "low_water", "MAIL_SERVER", "NEXMO_API_KEY", "new", "old"),
    *("part", "now", "new_code", "offset", "input", "turns", "volts", "power_factor", "csrf_token", "NEXMO_API_SECRET"),
]
HEADERS = [
    *("If-None-Match", "If-Modified-Since", "Range", "Accept-Language", "Accept-Encoding", "Authorization", "Cookie"),
    *("Content-Type", "Referer", "Origin", "X-Forwarded-For", "X-Forwarded-Proto", "X-HTTP-Method-Override", "Accept"),
]
HEADER_WORDS = [
    *('"a"', "*", "bytes=0-1", "bytes=9-1,-", "fr;q=2,*;q=x", "gzip;q=0", "Bearer a", "Basic YTpi", "session=a.b.c"),
    *("lang=xx; theme='; device=[1]", "application/json", "multipart/form-data", "text/plain; charset=none", "1.2.3.4"),
    *("https", "http://evil.example.com/", "DELETE", "Thu, 99 Foo 2026", "q" * 2000),
]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")
READING = ("GET", "HEAD", "OPTIONS")
ENDS_A_SESSION = {
    *("admin.logout", "admin.logout_everywhere", "admin.change_password", "admin.keep_totp", "admin.remove_user"),
    *("admin.login", "admin.owner"),
}
"""Not stormed by who is logged in; each has tests of its own (test_throttle.py, test_admin.py)."""


class Request(NamedTuple):
    """What is asked."""

    endpoint: str
    path: str
    method: str
    query: Mapping[str, str]
    form: Mapping[str, str] | None
    headers: Mapping[str, str]


class Visitor(NamedTuple):
    """Who asks, from where, and what that may reach."""

    client: FlaskClient
    where: str  # the first half of its address
    level: Level


class House:
    """An installation of its own with one visitor of each kind, and the watch over what their requests do.

    Its boiler is simulated: the test messages that the owner sends stay in a folder.
    """

    def __init__(self, folder: str, migrated_file: str) -> None:
        settings = load({"CHAUDIERE_HOME": folder})
        make_folders(settings)
        shutil.copy(migrated_file, settings.database)
        rows = Rows(settings)
        rows.well()
        rows.simulated()
        rows.alert(opened=NOW - 3000)
        rows.add("Recipient", channel="mail", address="secret@example.org")
        self.app = create_app(settings, Clock())
        self.app.config["WTF_CSRF_ENABLED"] = False
        self.rules = list(self.app.url_map.iter_rules())
        self.visitors = [
            Visitor(self.app.test_client(), FAR, Level.STRANGER),
            Visitor(self.app.test_client(), NEAR, Level.READER),
            Visitor(self._enter("Bea", "viewer"), FAR, Level.VIEWER),
            Visitor(self._enter("Ana", "admin"), NEAR, Level.ADMIN),
        ]
        self._watching = sqlite3.connect(settings.database)
        self._version = self._data_version()
        self._asked = 0

    def _enter(self, name: str, role: str) -> FlaskClient:
        client = self.app.test_client()
        with self.app.test_request_context():
            account.create_user(name, PASSWORD, role)
        assert client.post("/admin/login", data={"name": name, "password": PASSWORD}).status_code == 302
        return client

    def _data_version(self) -> int:
        found: int = self._watching.execute("PRAGMA data_version").fetchone()[0]
        return found

    def close(self) -> None:
        """Lets the file go."""
        self._watching.close()

    def may_ask(self, visitor: Visitor, endpoint: str) -> bool:
        """Whether the storm goes on after it."""
        return visitor.level < Level.VIEWER or endpoint not in ENDS_A_SESSION

    def ask(self, visitor: Visitor, request: Request) -> int:
        """Asks, and looks at what that did; returns the status."""
        begin = time.process_time()
        answer = self._open(visitor, request)
        body = answer.get_data()
        answer.close()
        seconds, path = time.process_time() - begin, answer.request.path
        where = f"{request} {path!r} as {visitor.level.name}: {answer.status}"
        assert answer.status_code < 500 or request.endpoint == "api.read_health", where
        assert seconds < 2, f"{where} after {seconds} s"
        assert answer.headers["X-Content-Type-Options"] == "nosniff", where
        before, self._version = self._version, self._data_version()
        changed = before != self._version
        assert not changed or request.method not in READING, f"{where} changed something"
        if visitor.level < needs(request.endpoint, request.method) and path != "/":
            assert closed(answer), where
            assert not changed, f"{where} changed something"
        # The owner is told of what the form held.
        if answer.status_code >= 400 and visitor.level < Level.ADMIN:
            assert not [word for word in SECRET if word.encode() in body], where
        return int(answer.status_code)

    def _open(self, visitor: Visitor, request: Request) -> Any:
        # From an address of its own each time: how often one may ask is another test's (test_throttle.py).
        self._asked += 1
        address = f"{visitor.where}.{self._asked // 250 % 250}.{1 + self._asked % 250}"
        return visitor.client.open(
            # "surrogatepass": bytes that are no text are sent too.
            quote(request.path, safe="/%", errors="surrogatepass"),
            method=request.method,
            query_string=urlencode(request.query, errors="surrogatepass"),
            data=None if request.form is None else urlencode(request.form, errors="surrogatepass").encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", **request.headers},
            environ_overrides={"REMOTE_ADDR": address},
        )


def closed(answer: Any) -> bool:
    """Whether it shows and did nothing: sent to the login, refused, or not there."""
    return answer.status_code in (400, 401, 403, 404, 405, 413, 429) or (
        answer.status_code in (302, 308) and "/admin/login" in answer.headers.get("Location", "/admin/login")
    )


def path_of(rule: Any, fillings: Iterator[str]) -> str:
    """An address of the rule, its parts filled in."""
    parts = [next(fillings) if is_dynamic else content.lstrip("|") for is_dynamic, content in rule._trace]
    return "".join(parts) or "/"


NUMBERS = ("0", "1", "24", "2026", "9223372036854775807", "9223372036854775808", "x")


def thrown(app_rules: list[Any], dice: random.Random) -> Request:
    """A request by dice."""
    rule = dice.choice(app_rules)
    usual = [method for method in rule.methods if method in METHODS]
    method = dice.choice(usual) if dice.random() < 0.9 else dice.choice(METHODS)
    numbers = any("id" in name or name in ("hours", "year") for name in rule.arguments)
    fillings = iter(lambda: dice.choice(NUMBERS) if numbers else dice.choice(ODD) or "x", None)
    headers = {dice.choice(HEADERS): dice.choice(HEADER_WORDS) for _ in range(dice.choice((0, 0, 0, 0, 1, 2)))}
    return Request(
        rule.endpoint,
        path_of(rule, fillings),
        method,
        {dice.choice(NAMES): dice.choice(ODD) for _ in range(dice.randrange(4))},
        {dice.choice(NAMES): dice.choice(ODD) for _ in range(dice.randrange(6))} if method not in READING else None,
        headers,
    )


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def storm(folder: str, migrated_file: str, count: int, seed: int) -> int:
    """`count` requests by dice in a house of their own; returns by how many bytes the process grew after the first
    fifth. Raises AssertionError at the first that does what it must not."""
    house, dice = House(folder, migrated_file), random.Random(seed)
    seen, grown_from, sent = set(), 0, 0
    while sent < count:
        visitor, request = house.visitors[sent % 4], thrown(house.rules, dice)
        if not house.may_ask(visitor, request.endpoint):
            continue
        house.ask(visitor, request)
        seen.add(request.endpoint)
        sent += 1
        grown_from = memory() if sent == count // 5 else grown_from
    house.close()
    assert seen == {rule.endpoint for rule in house.rules}
    return memory() - grown_from
