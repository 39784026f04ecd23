"""A storm of requests nobody would make, at every address, by strangers, readers, viewers and the owner: no error of
ours, nothing open that should be closed, no reading that changes anything."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_app.web.gate import Level, needs
from tests.web.conftest import NOW, Rows
from tests.web.test_gate import enter

__all__ = ["enter"]

Enter = Callable[[str, str], FlaskClient]
FAR, NEAR = "203.0", "192.168"
SECRET = ("secret@example.org", "chaudiere.db", "PRAGMA", "Traceback")
ODD = [
    *("", "0", "1", "-1", "2", "60", "1e9", "NaN", "inf", "1795999980", "4102444800", "9" * 25, "٣", "1_0", "0x10"),
    *(
        "a",
        "null",
        "true",
        "[]",
        "{}",
        "'",
        "' OR 1=1 --",
        '"><script>alert(1)</script>',
        "{{7*7}}",
        "${7*7}",
        "%00",
        "\0",
    ),
    *(
        "../../etc/passwd",
        "..%2f..%2fetc",
        "/etc/passwd",
        "\\\\host\\share",
        "é",
        "𝕏" * 40,
        "x" * 3000,
        "\r\nSet-Cookie: a=b",
    ),
    *(
        "2026-11-29",
        "2026-02-30",
        "raw",
        "water",
        "water,flue",
        "mail",
        "sms",
        "apprise",
        "you@example.org",
        "+33639980002",
    ),
    *("low_water", "note", "fill", "fr", "Europe/Paris", "58", "yes", "gunicorn.log", "first"),
]
NAMES = [
    *("from", "to", "width", "s", "after", "step", "q", "lang", "theme", "next", "with", "date", "sent"),
    *("value", "name", "password", "code", "role", "channel", "address", "kinds", "position", "language", "quiet"),
    *("kind", "words", "at", "back", "token", "installer", "low_water", "MAIL_SERVER", "NEXMO_API_KEY", "new", "old"),
]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")
ENDS_A_SESSION = {
    *("admin.logout", "admin.logout_everywhere", "admin.change_password", "admin.keep_totp", "admin.remove_user"),
    *("admin.login", "admin.owner"),
}
"""Not stormed by who is logged in; each has tests of its own (test_throttle.py, test_admin.py)."""


class Visitor(NamedTuple):
    """Who asks, from where, and what that may reach."""

    client: FlaskClient
    where: str  # the first half of its address
    level: Level


def addresses(app: Flask) -> list[tuple[str, Any]]:
    """Every endpoint with its rule, but for files that a browser is given as they are."""
    return [(rule.endpoint, rule) for rule in app.url_map.iter_rules()]


def path_of(rule: Any, dice: random.Random) -> str:
    """An address of the rule, its parts filled in with something odd."""
    parts = []
    for is_dynamic, content in rule._trace:
        if not is_dynamic:
            parts.append(content.lstrip("|"))
        elif "id" in content or content in ("hours", "year"):
            parts.append(dice.choice(("0", "1", "24", "2026", "9223372036854775807", "9223372036854775808", "x")))
        else:
            parts.append(dice.choice(ODD) or "x")
    return "".join(parts) or "/"


def ask(visitor: Visitor, rule: Any, dice: random.Random) -> tuple[str, Any]:
    """One request: (method, answer)."""
    usual = [method for method in rule.methods if method in METHODS]
    method = dice.choice(usual) if dice.random() < 0.9 else dice.choice(METHODS)
    query = {dice.choice(NAMES): dice.choice(ODD) for _ in range(dice.randrange(4))}
    form = {dice.choice(NAMES): dice.choice(ODD) for _ in range(dice.randrange(6))} if method != "GET" else None
    headers = {"If-None-Match": dice.choice(ODD[:20])} if dice.random() < 0.1 else {}
    headers = {name: value for name, value in headers.items() if value.isprintable() and value.isascii()}
    # From an address of its own each time: how often one may ask is another test's (test_throttle.py).
    where = {"REMOTE_ADDR": f"{visitor.where}.{dice.randrange(256)}.{dice.randrange(1, 255)}"}
    answer = visitor.client.open(
        path_of(rule, dice),
        method=method,
        query_string=query,
        data=form,
        headers=headers,
        environ_overrides=where,
    )
    return method, answer


def closed(answer: Any) -> bool:
    """Whether it shows and did nothing: sent to the login, refused, or not there."""
    return answer.status_code in (400, 401, 403, 404, 405, 413, 429) or (
        answer.status_code in (302, 308) and "/admin/login" in answer.headers.get("Location", "/admin/login")
    )


def storm(app: Flask, visitors: list[Visitor], rows: Rows, count: int, seed: int) -> Iterator[tuple[str, Level, Any]]:
    """`count` requests; yields (endpoint, level of the visitor, answer) of each after looking at what it did."""
    dice, rules = random.Random(seed), addresses(app)
    watching = sqlite3.connect(rows.path)
    version = watching.execute("PRAGMA data_version").fetchone()[0]
    try:
        for number in range(count):
            visitor = visitors[number % len(visitors)]
            endpoint, rule = dice.choice(rules)
            if visitor.level >= Level.VIEWER and endpoint in ENDS_A_SESSION:
                continue
            method, answer = ask(visitor, rule, dice)
            where = f"{method} {answer.request.path!r} {endpoint} {visitor.level.name}: {answer.status}"
            assert answer.status_code < 500 or endpoint == "api.read_health", where
            now = watching.execute("PRAGMA data_version").fetchone()[0]
            assert now == version or method not in ("GET", "HEAD", "OPTIONS"), f"{where} changed something"
            if visitor.level < needs(endpoint, method) and answer.request.path != "/":
                assert closed(answer), where
                assert now == version, f"{where} changed something"
            version = now
            yield endpoint, visitor.level, answer
            answer.close()
    finally:
        watching.close()


def visitors(app: Flask, enter: Enter) -> list[Visitor]:
    """One of each."""
    owner, viewer = enter("Ana", "admin"), enter("Bea", "viewer")
    return [
        Visitor(app.test_client(), FAR, Level.STRANGER),
        Visitor(app.test_client(), NEAR, Level.READER),
        Visitor(viewer, FAR, Level.VIEWER),
        Visitor(owner, NEAR, Level.ADMIN),
    ]


def run(app: Flask, enter: Enter, rows: Rows, count: int, seed: int) -> None:
    everyone = visitors(app, enter)
    rows.alert(opened=NOW - 3000)
    rows.add("Recipient", channel="mail", address="secret@example.org")
    seen = set()
    for endpoint, level, answer in storm(app, everyone, rows, count, seed):
        seen.add(endpoint)
        # The owner is told of what the form held.
        if answer.status_code >= 400 and level < Level.ADMIN:
            body = answer.get_data(as_text=True)
            assert [word for word in SECRET if word in body] == [], (endpoint, answer.request.path)
    assert seen >= {endpoint for endpoint, _ in addresses(app)}


def test_a_storm_of_requests_finds_no_error_and_no_open_door(app: Flask, enter: Enter, rows: Rows) -> None:
    run(app, enter, rows, 8_000, seed=1)


@pytest.mark.proof
def test_a_great_storm_finds_none_either(app: Flask, enter: Enter, rows: Rows) -> None:
    run(app, enter, rows, 1_000_000, seed=2)
