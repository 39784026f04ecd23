"""Passwords as people choose and type them, and sessions of who is no longer there."""

from __future__ import annotations

import re
import secrets

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config.settings import Settings
from flask_app.web import account, queries
from tests.web.conftest import Clock, Rows
from tests.web.test_gate import Enter, enter
from tests.web.test_throttle import PASSWORD, Counting, guess, hasher

__all__ = ["Counting", "enter", "hasher"]


@pytest.mark.parametrize(
    "password",
    [
        "only small letters of this house",
        "тёплая вода и сухие дрова",
        "  spaces at both ends  ",
        "é" * 3 + "🔥" * 4 + " wood",
        secrets.token_hex(128),
    ],
)
def test_a_password_of_any_characters_is_accepted(app: Flask, password: str) -> None:
    with app.test_request_context():
        assert account.check_password(password, "Ana") == password


@pytest.mark.parametrize("other", ["Mixed case of 4 words", "Mixed Case of 4 words ", "Mixed Case of 4 word", ""])
def test_a_password_is_compared_as_it_was_typed(app: Flask, hasher: Counting, other: str) -> None:
    with app.test_request_context():
        account.create_user("Bea", "Mixed Case of 4 words")

    assert guess(app.test_client(), "127.0.0.1", "Bea", "Mixed Case of 4 words") == 302
    assert guess(app.test_client(), "127.0.0.1", "Bea", other) == 200


def test_no_part_of_a_long_password_is_left_out(app: Flask, hasher: Counting) -> None:
    long = "".join(secrets.token_hex(1) for _ in range(128))
    with app.test_request_context():
        account.create_user("Bea", long)

    found = [guess(app.test_client(), "127.0.0.1", "Bea", typed) for typed in (long, long[:-1], long[:72])]

    assert found == [302, 200, 200]


def test_every_field_for_a_password_hides_it_and_lets_a_password_manager_fill_it(
    client: FlaskClient, rows: Rows, enter: Enter
) -> None:
    pages = [client.get("/admin/owner").text]
    owner = enter("Ana", "admin")
    pages += [owner.get(page).text for page in ("/admin/account", "/admin/people", "/admin/")]
    pages.append(client.get("/admin/login").text)

    fields = [field for page in pages for field in re.findall(r"<input[^>]*>", page)]
    secret = [field for field in fields if re.search(r'name="(password|now|[A-Z_]*(PASSWORD|SECRET))"', field)]

    assert len(secret) >= 7
    assert all('type="password"' in field for field in secret)
    assert all(re.search(r'autocomplete="(current|new)-password"', field) for field in secret)
    assert not any("onpaste" in page for page in pages)


def test_a_new_installation_has_no_account(app: Flask, settings: Settings) -> None:
    with app.test_request_context():
        assert not queries.has_user()


def test_a_login_ends_the_session_that_the_browser_had(app: Flask, hasher: Counting) -> None:
    client, thief = app.test_client(), app.test_client()
    guess(client, "127.0.0.1", password=PASSWORD)
    stolen = client.get_cookie("session")
    assert stolen is not None
    thief.set_cookie("session", stolen.value)
    before = thief.get("/admin/").status_code

    guess(client, "127.0.0.1", password=PASSWORD)

    assert (before, thief.get("/admin/").status_code, client.get("/admin/").status_code) == (200, 302, 200)


def test_who_is_removed_is_logged_out_at_once(enter: Enter) -> None:
    owner, viewer = enter("Ana", "admin"), enter("Bea", "viewer")
    before = viewer.get("/admin/account").status_code

    owner.post("/admin/people/users/2/remove")

    assert (before, viewer.get("/admin/account").status_code) == (200, 302)


def test_a_second_factor_that_was_not_begun_is_not_kept(app: Flask, hasher: Counting, clock: Clock) -> None:
    client = app.test_client()
    guess(client, "127.0.0.1", password=PASSWORD)

    client.post("/admin/account/totp", data={"now": PASSWORD, "new_code": "000000"})

    assert guess(app.test_client(), "127.0.0.1", password=PASSWORD) == 302


def test_a_session_s_number_has_128_bits_and_its_cookie_one_signature(app: Flask, hasher: Counting) -> None:
    clients = [app.test_client() for _ in range(3)]
    for one in clients:
        guess(one, "127.0.0.1", password=PASSWORD)
    numbers = set()
    for one in clients:
        with one.session_transaction() as session:
            numbers.add(session["id"])
    cookie = clients[0].get_cookie("session")
    assert cookie is not None

    signed, _dot, signature = cookie.value.rpartition(".")
    clients[0].set_cookie("session", f"{signed}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}")

    assert {len(number) for number in numbers} == {32}
    assert len(numbers) == 3
    assert clients[0].get("/admin/").status_code == 302


def test_a_logout_clears_what_the_browser_kept(enter: Enter) -> None:
    owner = enter("Ana", "admin")
    shown = owner.get("/admin/people")

    gone = owner.post("/admin/logout")

    assert shown.headers["Cache-Control"] == "no-store"
    assert gone.headers["Clear-Site-Data"] == '"cache", "storage"'
