"""Guessing passwords: few are computed, and nobody is locked out by who guesses."""

from __future__ import annotations

from collections.abc import Iterator

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import TooManyRequests

from flask_app.web import account
from tests.web.conftest import NOW, Clock

PASSWORD = "four plain unrelated words"
GUESSES = 10_000


class Counting(PasswordHasher):
    """The real hasher, which also counts."""

    verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.verified += 1
        return super().verify(hash, password)


@pytest.fixture
def hasher(app: Flask) -> Iterator[Counting]:
    """Fast parameters: this counts hashes, it does not weigh them."""
    app.config["WTF_CSRF_ENABLED"] = False
    before = account.HASHER
    account.HASHER = Counting(time_cost=1, memory_cost=8, parallelism=1)
    with app.test_request_context():
        account.create_user("Ana", PASSWORD)
    yield account.HASHER
    account.HASHER = before


def guess(client: FlaskClient, address: str, name: str = "Ana", password: str = "") -> int:
    data = {"name": name, "password": password}
    return client.post("/admin/login", data=data, environ_overrides={"REMOTE_ADDR": address}).status_code


def test_a_hundred_guesses_from_one_address_compute_ten_hashes(app: Flask, hasher: Counting) -> None:
    client = app.test_client()

    found = [guess(client, "203.0.113.7") for _ in range(100)]

    assert hasher.verified == 10
    assert found.count(429) == 90


def test_ten_thousand_guesses_from_everywhere_compute_forty_hashes_at_most(app: Flask, hasher: Counting) -> None:
    refused = 0

    # Below the page, whose own work is no part of this: the test above goes through it.
    for number in range(GUESSES):
        address = f"198.18.{number // 250}.{number % 250}"
        with app.test_request_context("/admin/login", environ_base={"REMOTE_ADDR": address}):
            try:
                account.matching(f"Ana{number % 7 or ''}", "wrong")
            except TooManyRequests:
                refused += 1

    assert 0 < hasher.verified <= 40
    assert refused == GUESSES - hasher.verified


def test_who_guesses_from_elsewhere_locks_nobody_out(app: Flask, hasher: Counting) -> None:
    owner, client = app.test_client(), app.test_client(use_cookies=False)
    guess(owner, "203.0.113.99", password=PASSWORD)
    for number in range(60):
        guess(client, f"203.0.113.{number}")

    known_browser = guess(owner, "203.0.113.99", password=PASSWORD)
    this_network = guess(client, "192.168.1.4", password=PASSWORD)

    assert (known_browser, this_network) == (302, 302)


def test_an_address_may_try_again_after_ten_minutes(app: Flask, hasher: Counting, clock: Clock) -> None:
    client = app.test_client(use_cookies=False)
    for _ in range(50):
        guess(client, "192.168.1.4")

    clock.now = NOW + 599
    early = guess(client, "192.168.1.4", password=PASSWORD)
    clock.now = NOW + 601
    later = guess(client, "192.168.1.4", password=PASSWORD)

    assert (early, later) == (429, 302)


def test_after_the_hour_s_tries_one_goes_through_every_thirty_seconds(
    app: Flask, hasher: Counting, clock: Clock
) -> None:
    client = app.test_client(use_cookies=False)
    for number in range(60):
        guess(client, f"203.0.113.{number}")
    before = hasher.verified

    for step in range(20):
        clock.now = NOW + 31 * (step + 1)
        guess(client, "198.51.100.1" + str(step))

    assert before <= 31
    assert hasher.verified == before + 20


def test_a_flood_of_addresses_fills_no_memory(app: Flask, hasher: Counting) -> None:
    counters = app.config["LIMITER"].storage

    for number in range(50_000):
        counters.incr(f"address {number}", 600)

    assert len(counters.counts) <= 4096


def test_an_ipv6_house_counts_as_one_address(app: Flask, hasher: Counting) -> None:
    client = app.test_client(use_cookies=False)

    for number in range(100):
        guess(client, f"2001:db8:1:2::{number:x}")

    assert hasher.verified == 10


def test_an_unknown_name_costs_what_a_known_one_costs(app: Flask, hasher: Counting) -> None:
    client = app.test_client(use_cookies=False)

    guess(client, "192.168.1.4", name="Nobody")

    assert hasher.verified == 1


def test_a_second_factor_is_asked_for_and_serves_once(app: Flask, hasher: Counting, clock: Clock) -> None:
    client = app.test_client()
    guess(client, "127.0.0.1", password=PASSWORD)
    client.post("/admin/account/totp/start")
    with client.session_transaction() as session:
        secret = session["new_totp"]
    shown = client.get("/admin/account").text
    counter = pyotp.TOTP(secret)
    client.post("/admin/account/totp", data={"now": PASSWORD, "new_code": counter.at(NOW)})
    clock.now = NOW + 60
    code = counter.at(NOW + 60)
    other = app.test_client()

    without = other.post("/admin/login", data={"name": "Ana", "password": PASSWORD}).status_code
    right = other.post("/admin/login", data={"name": "Ana", "password": PASSWORD, "code": code}).status_code
    again = other.post("/admin/login", data={"name": "Ana", "password": PASSWORD, "code": code}).status_code

    assert secret in shown
    assert "<svg" in shown
    assert (without, right, again) == (200, 302, 200)


def test_a_logged_out_session_and_its_copies_are_dead(app: Flask, hasher: Counting) -> None:
    client, thief, other = app.test_client(), app.test_client(), app.test_client()
    for one in (client, other):
        guess(one, "127.0.0.1", password=PASSWORD)
    stolen = client.get_cookie("session")
    assert stolen is not None
    thief.set_cookie("session", stolen.value)
    before = thief.get("/admin/").status_code

    client.post("/admin/logout")

    assert (before, thief.get("/admin/").status_code, other.get("/admin/").status_code) == (200, 302, 200)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/admin/account/password", {"now": PASSWORD, "password": "other words nobody thinks of"}),
        ("/admin/account/everywhere", {}),
    ],
)
def test_a_new_password_and_a_wish_end_every_other_session(
    app: Flask, hasher: Counting, path: str, fields: dict[str, str]
) -> None:
    client, other = app.test_client(), app.test_client()
    for one in (client, other):
        guess(one, "127.0.0.1", password=PASSWORD)

    client.post(path, data=fields)

    assert (client.get("/admin/").status_code, other.get("/admin/").status_code) == (200, 302)


def test_a_password_is_not_changed_without_the_present_one(app: Flask, hasher: Counting) -> None:
    client = app.test_client()
    guess(client, "127.0.0.1", password=PASSWORD)

    client.post("/admin/account/password", data={"now": "wrong", "password": "other words nobody thinks of"})

    assert guess(app.test_client(), "127.0.0.1", password=PASSWORD) == 302


@pytest.mark.parametrize(
    "password", ["password1234", "123456789012", "aaaaaaaaaaaaaaaa", "motdepasse12", "ChaudiereChaudiere"]
)
def test_a_password_of_a_list_is_refused(app: Flask, password: str) -> None:
    with app.test_request_context(), pytest.raises(account.AccountError):
        account.check_password(password, "Ana")


@pytest.mark.parametrize("asked", ["/state", "/charts/notes?from=1&to=2", "/api/v1/live"])
def test_a_page_that_asks_by_itself_keeps_no_session_awake(
    app: Flask, hasher: Counting, clock: Clock, asked: str
) -> None:
    client = app.test_client()
    guess(client, "127.0.0.1", password=PASSWORD)

    for minute in range(0, 31, 5):
        clock.now = NOW + minute * 60 + 1
        assert client.get(asked).status_code == 200

    assert client.get("/admin/").status_code == 302
