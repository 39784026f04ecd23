"""What every answer carries, whoever asks and whatever goes wrong: headers, cookies, and words in one language."""

from __future__ import annotations

import os
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config.settings import Settings
from flask_app.web import account
from flask_app.web.answers import HEADERS
from tests.web.conftest import Rows
from tests.web.test_gate import FAR, Enter, enter
from tests.web.visitors import path_of

__all__ = ["enter"]

TLS = "https://localhost"


def carried(answer: Any) -> dict[str, str | None]:
    return {name: answer.headers.get(name) for name in HEADERS}


@pytest.mark.parametrize("role", ["admin", "viewer", "reader", "stranger"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_address_answers_with_every_header(app: Flask, enter: Enter, role: str, method: str) -> None:
    client = enter("Ana", role) if role in account.ROLES else app.test_client()
    where = FAR if role == "stranger" else {}
    rules = list(app.url_map.iter_rules())

    for rule in rules:
        path = path_of(rule, iter(["1"] * 4))
        answer = client.open(
            path, method=method, environ_overrides=where, headers={"Origin": "http://evil.example.com"}
        )
        answer.close()

        assert carried(answer) == HEADERS, (method, path, answer.status)
        assert "Access-Control-Allow-Origin" not in answer.headers, path
        if answer.status_code == 200:
            kind = answer.headers["Content-Type"]
            assert not kind.startswith("text/") or "charset=utf-8" in kind, path

    assert len(rules) > 60


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        (400, {"path": "/", "headers": {"Host": "evil.example.com"}}),
        (400, {"path": "/admin/login", "method": "POST", "data": {"name": "Ana"}}),
        (404, {"path": "/nowhere"}),
        (404, {"path": "/static/nowhere.css"}),
        (405, {"path": "/admin/login", "method": "DELETE"}),
        (413, {"path": "/admin/login", "method": "POST", "data": b"x" * 70_000}),
    ],
)
def test_every_refusal_carries_them_and_is_said_in_the_visitors_language(
    client: FlaskClient, rows: Rows, code: int, asked: dict[str, Any]
) -> None:
    given = {"content_type": "application/x-www-form-urlencoded"} if "data" in asked else {}
    english = client.open(**asked | given | {"headers": {**asked.get("headers", {}), "Accept-Language": "en"}})
    french = client.open(**asked | given | {"headers": {**asked.get("headers", {}), "Accept-Language": "fr"}})

    assert (english.status_code, french.status_code) == (code, code)
    assert carried(english) == carried(french) == HEADERS
    assert title(english.text) != title(french.text)


def title(page: str) -> str:
    return page.partition("<title>")[2].partition(" – ")[0]


def test_an_error_of_ours_carries_them_and_shows_nothing_of_it(app: Flask, client: FlaskClient) -> None:
    # As an installed one: a test's app hands errors on.
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def broken() -> str:
        raise ZeroDivisionError("division")

    app.view_functions["admin.login"] = broken

    answer = client.get("/admin/login")

    assert answer.status_code == 500
    assert carried(answer) == HEADERS
    assert "journal" in answer.text
    assert "division" not in answer.text


def test_a_missing_database_and_too_many_requests_carry_them(client: FlaskClient, settings: Settings) -> None:
    os.remove(settings.database)

    answers = [client.get("/nowhere") for _ in range(1201)]

    assert (answers[0].status_code, answers[-1].status_code) == (503, 429)
    assert carried(answers[0]) == carried(answers[-1]) == HEADERS


def test_over_tls_every_cookie_is_secure_and_named_so_and_tls_is_remembered(app: Flask, enter: Enter) -> None:
    enter("Ana", "admin")
    client = app.test_client()

    answers = [
        client.get("/admin/login?lang=en&theme=dark", base_url=TLS),
        client.post("/admin/login", data={"name": "Ana", "password": "four plain unrelated words"}, base_url=TLS),
        client.get("/", base_url=TLS),
    ]
    cookies = [line for answer in answers for line in answer.headers.getlist("Set-Cookie")]

    assert {line.split("=")[0] for line in cookies} == {
        "__Secure-lang",
        "__Secure-theme",
        "__Secure-device",
        "__Host-session",
    }
    assert all(word in line for line in cookies for word in ("Secure", "HttpOnly", "SameSite=", "Path=/"))
    assert all(answer.headers["Strict-Transport-Security"] == "max-age=31536000" for answer in answers)
    assert 'lang="en"' in answers[2].text
    assert "Strict-Transport-Security" not in client.get("/").headers


@pytest.mark.parametrize(
    "path", ["/.git/HEAD", "/.git/config", "/manager.py", "/config/prod/secret.env", "/../manager.py", "/connections"]
)
def test_no_file_of_the_program_is_served(client: FlaskClient, rows: Rows, path: str) -> None:
    assert client.get(path).status_code == 404
