"""The settings: the owner's first visit, the login, and what it lets one change."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from config.settings import Settings
from flask_app import lock
from flask_app.web import account
from manager import cli
from tests.servers import Gateway, Mailbox
from tests.web.conftest import NOW, Clock, Rows

PASSWORD = "a quite long password"


def token(client: FlaskClient, page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).get_data(as_text=True))
    assert found
    return found[1]


def post(client: FlaskClient, path: str, page: str = "/admin/", /, **fields: str) -> str:
    fields["csrf_token"] = token(client, page)
    return client.post(path, data=fields, follow_redirects=True).get_data(as_text=True)


@pytest.fixture
def owner(client: FlaskClient, settings: Settings) -> FlaskClient:
    """A client logged in as the owner, by the first visit."""
    code = account.owner_code(settings)
    post(client, "/admin/owner", "/admin/owner", code=code, name="Ana", password=PASSWORD)
    return client


def stored(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(settings.database)
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def test_the_code_makes_one_owner_and_is_gone(owner: FlaskClient, settings: Settings) -> None:
    answer = owner.get("/admin/")

    assert answer.status_code == 200
    assert not (Path(settings.home) / "owner-code").exists()
    assert stored(settings, "SELECT name, role FROM User") == [("Ana", "admin")]
    assert stored(settings, "SELECT password_hash FROM User")[0][0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")  # type: ignore[attr-defined]


def test_the_code_is_for_its_owner_alone(settings: Settings) -> None:
    account.owner_code(settings)

    assert (Path(settings.home) / "owner-code").stat().st_mode & 0o777 == 0o600


def test_ten_wrong_codes_make_it_void(settings: Settings) -> None:
    code = account.owner_code(settings)

    wrong = [account.accept_code(settings, "0") for _ in range(10)]

    assert not any(wrong)
    assert not account.accept_code(settings, code)
    assert account.owner_code(settings) != code


def test_a_short_password_is_refused_and_the_code_stays(client: FlaskClient, settings: Settings) -> None:
    code = account.owner_code(settings)

    text = post(client, "/admin/owner", "/admin/owner", code=code, name="Ana", password="short")

    assert "12 caractères" in text
    assert account.accept_code(settings, code)


@pytest.mark.parametrize("address", ["told/people", "told/people/1/remove", "options/setpoint", "told/test", "logout"])
def test_nothing_is_changed_without_a_login(client: FlaskClient, address: str) -> None:
    answer = client.post(f"/admin/{address}", data={"csrf_token": token(client, "/admin/owner")})

    assert answer.status_code == 302
    assert answer.location == "/admin/login"


def test_nothing_is_changed_without_a_token(owner: FlaskClient) -> None:
    answer = owner.post("/admin/options/setpoint", data={"value": "60"})

    assert answer.status_code == 400


def test_a_wrong_password_is_refused(owner: FlaskClient) -> None:
    post(owner, "/admin/logout")

    text = post(owner, "/admin/login", "/admin/login", name="Ana", password="another long password")

    assert "incorrect" in text
    assert owner.get("/admin/").status_code == 302


def test_a_session_ends_when_idle_and_after_half_a_day(owner: FlaskClient, clock: Clock) -> None:
    clock.now = NOW + 29 * 60
    used = owner.get("/admin/").status_code
    clock.now += 31 * 60
    idle = owner.get("/admin/").status_code

    assert (used, idle) == (200, 302)


def test_a_session_cookie_is_out_of_reach(owner: FlaskClient) -> None:
    post(owner, "/admin/logout")

    answer = owner.post(
        "/admin/login", data={"name": "Ana", "password": PASSWORD, "csrf_token": token(owner, "/admin/login")}
    )

    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]


def test_recipients_are_added_and_removed(owner: FlaskClient, settings: Settings) -> None:
    post(owner, "/admin/told/people", channel="sms", address="+33 6 39 98 00 01")
    added = stored(settings, "SELECT channel, address FROM Recipient")
    post(owner, "/admin/told/people/1/remove")

    assert added == [("sms", "+33639980001")]
    assert stored(settings, "SELECT * FROM Recipient") == []


@pytest.mark.parametrize(
    ("channel", "address"),
    [("mail", "nobody"), ("sms", "0639980001"), ("fax", "+33639980001"), ("mail", "a@b.org,c@d.org")],
)
def test_what_is_no_address_is_refused(owner: FlaskClient, settings: Settings, channel: str, address: str) -> None:
    text = post(owner, "/admin/told/people", channel=channel, address=address)

    assert "Pas compris" in text
    assert stored(settings, "SELECT * FROM Recipient") == []


def test_the_setpoint_is_changed_from_now_on(owner: FlaskClient, settings: Settings) -> None:
    text = post(owner, "/admin/options/setpoint", value="58,5")

    assert "58,5 °C" in text
    assert stored(settings, "SELECT key, since_ts, value, by FROM Setting") == [("setpoint", NOW, "58.5", "Ana")]


def test_a_setpoint_out_of_bounds_is_refused(owner: FlaskClient, settings: Settings) -> None:
    text = post(owner, "/admin/options/setpoint", value="nan")

    assert "30 à 90" in text
    assert stored(settings, "SELECT * FROM Setting") == []


def test_a_busy_database_is_said_and_nothing_changed(owner: FlaskClient, app: Flask, settings: Settings) -> None:
    form = {"value": "58", "csrf_token": token(owner, "/admin/")}
    app.config["LOCK_SECONDS"] = 0.0

    with lock.hold(settings.lock, 0):
        answer = owner.post("/admin/options/setpoint", data=form)

    assert answer.status_code == 503
    assert "occupée" in answer.get_data(as_text=True)
    assert stored(settings, "SELECT * FROM Setting") == []


def test_a_test_message_reaches_each_recipient_and_shows_the_answer(
    mailbox: Mailbox, gateway: Gateway, owner: FlaskClient, rows: Rows
) -> None:
    rows.add("Recipient", channel="mail", address="you@example.org")
    rows.add("Recipient", channel="sms", address="+33639980001")

    text = post(owner, "/admin/told/test")

    assert [mail["To"] for mail in mailbox.mails] == ["you@example.org"]
    assert [form["to"] for form in gateway.forms] == ["33639980001"]
    assert "accepté" in text
    assert "you@example.org" in text


def test_a_test_message_of_a_simulation_is_caught(
    mailbox: Mailbox, owner: FlaskClient, rows: Rows, settings: Settings
) -> None:
    rows.simulated()
    rows.add("Recipient", channel="mail", address="you@example.org")

    text = post(owner, "/admin/told/test")

    assert mailbox.mails == []
    assert len(list(Path(settings.messages).iterdir())) == 1
    assert "gardé ici" in text


def manage(environ: dict[str, str], *words: str, typed: str = "") -> tuple[int, str]:
    answer = CliRunner().invoke(cli, ["users", *words], input=typed, env=environ)
    return answer.exit_code, answer.output


def test_the_code_is_printed_until_there_is_a_user(settings: Settings, environ: dict[str, str]) -> None:
    first, again = manage(environ, "code"), manage(environ, "create")
    made = manage(environ, "create", "Ana", "--password-stdin", typed=PASSWORD + "\n")

    assert account.TRIES == 10
    assert first == again
    assert "/admin/owner" in first[1]
    assert made[0] == 0
    assert manage(environ, "code") == (0, "")


def test_users_are_listed_changed_and_deleted(settings: Settings, environ: dict[str, str]) -> None:
    manage(environ, "create", "Ana", "--password-stdin", typed=PASSWORD + "\n")

    changed = manage(environ, "password", "Ana", "--password-stdin", typed="another long password\n")
    short = manage(environ, "password", "Ana", "--password-stdin", typed="short\n")
    last = manage(environ, "delete", "Ana")
    forced = manage(environ, "delete", "Ana", "--force")

    assert (changed[0], short[0], last[0], forced[0]) == (0, 1, 1, 0)
    assert "12" in short[1]
    assert "--force" in last[1]
    assert manage(environ, "list") == (0, "")
