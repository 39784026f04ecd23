"""Delivery over real servers: at least once, every try kept, nothing marked sent before its gateway has it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from config.settings import Settings, load
from flask_app import send_email_sms, store
from flask_app.boiler import deliveries
from flask_app.boiler.deliveries import Message, Outcome, Recipient, Scene
from flask_app.script.deliver import deliver
from flask_app.store import Database, World
from tests.servers import Gateway, Mailbox

NOW = 1_800_000_060
MAIL = Recipient("mail", "house@example.org")
SMS = Recipient("sms", "+33639980001")


class Clock:
    """A clock that waiting moves."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def plan(database: Database, *recipients: Recipient) -> list[int]:
    with database.writing() as connection:
        alert_id = store.open_alert(connection, "low_water", NOW - 60, '{"water": 55.8, "setpoint": 56.0}', 600)
        life = store.life(connection, alert_id or 0)
        planned = deliveries.messages(life, recipients, Scene(NOW), lambda ts: datetime.fromtimestamp(ts, UTC))
        return store.insert_deliveries(connection, alert_id, planned)


def ended(database: Database) -> list[tuple[object, ...]]:
    return database.connection.execute("SELECT channel, sent_ts, failed_ts FROM Delivery ORDER BY id").fetchall()


def outcomes(database: Database) -> list[str]:
    rows = database.connection.execute("SELECT outcome, tries FROM Attempt ORDER BY id")
    return [outcome for outcome, tries in rows for _ in range(tries)]


def said(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def run(database: Database, settings: Settings, clock: Clock) -> None:
    deliver(database, settings, clock, clock.wait)


def test_an_alert_reaches_its_mail_and_its_phone_and_is_not_sent_twice(
    mailbox: Mailbox, gateway: Gateway, database: Database, settings: Settings
) -> None:
    plan(database, MAIL, SMS)

    run(database, settings, Clock())
    run(database, settings, Clock(NOW + 3600))

    assert [mail["To"] for mail in mailbox.mails] == ["house@example.org"]
    assert "Eau 55,8 °C" in said(mailbox.mails[0])
    assert [form["to"] for form in gateway.forms] == ["33639980001"]
    assert gateway.forms[0]["api_secret"] == "secret"
    assert ended(database) == [("mail", NOW, None), ("sms", NOW, None)]


def test_a_busy_server_is_tried_again_in_the_same_run_and_by_later_ones(
    mailbox: Mailbox, database: Database, settings: Settings
) -> None:
    plan(database, MAIL)
    mailbox.answer = "451 try later"

    run(database, settings, Clock())
    mailbox.answer = "250 OK"
    run(database, settings, Clock(NOW + 120))

    assert outcomes(database) == ["retry"] * 4 + ["sent"]
    sent_ts = database.connection.execute("SELECT sent_ts FROM Delivery").fetchone()[0]
    assert NOW + 120 <= sent_ts <= NOW + 127


def test_a_refusal_for_ever_ends_the_delivery_with_the_servers_words(
    mailbox: Mailbox, database: Database, settings: Settings
) -> None:
    plan(database, MAIL)
    mailbox.answer = "550 no such house"

    run(database, settings, Clock())

    assert ended(database) == [("mail", None, NOW)]
    assert database.connection.execute("SELECT words FROM Attempt").fetchone() == ("550 no such house",)


def test_without_credentials_the_row_says_which_variable_is_missing_and_waits(
    database: Database, settings: Settings
) -> None:
    plan(database, MAIL, SMS)

    run(database, settings, Clock())

    said = " ".join(words for (words,) in database.connection.execute("SELECT words FROM Attempt"))
    assert "CHAUDIERE_MAIL_SERVER" in said
    assert "CHAUDIERE_NEXMO_API_KEY" in said
    assert [row[1:] for row in ended(database)] == [(None, None), (None, None)]


def test_what_a_clock_ahead_has_tried_is_tried_again_once_it_is_set(
    mailbox: Mailbox, database: Database, settings: Settings
) -> None:
    plan(database, MAIL)
    mailbox.answer = "451 try later"
    run(database, settings, Clock(NOW + 86400))
    mailbox.answer = "250 OK"

    run(database, settings, Clock())

    assert len(mailbox.mails) == 1


def test_what_is_too_old_is_given_up(mailbox: Mailbox, database: Database, settings: Settings) -> None:
    plan(database, MAIL)

    run(database, settings, Clock(NOW + 8 * 86400))

    assert mailbox.mails == []
    assert outcomes(database) == ["expired"]


def test_a_simulated_boiler_reaches_nobody(
    mailbox: Mailbox, gateway: Gateway, database: Database, settings: Settings
) -> None:
    database.claim(World.SIMULATED)
    plan(database, MAIL, SMS)

    run(database, settings, Clock())

    caught = [json.loads(path.read_text()) for path in sorted(Path(settings.messages).iterdir())]
    assert not mailbox.mails
    assert not gateway.forms
    assert {message["channel"] for message in caught} == {"mail", "sms"}
    assert all("SIMULATION" in message["subject"] + message["text"] for message in caught)
    assert outcomes(database) == ["caught", "caught"]


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        (["0"], "sent"),
        (["0", "0"], "sent"),
        (["1"], "retry"),
        (["5"], "retry"),
        (["9"], "locked"),
        (["4"], "locked"),
        (["29"], "refused"),
        (["0", "7"], "refused"),
        (["1", "9"], "locked"),
    ],
)
def test_every_status_of_the_gateway_is_understood(
    statuses: list[str], outcome: str, gateway: Gateway, environ: dict[str, str]
) -> None:
    gateway.statuses = statuses

    found = send_email_sms.send(Message("sms", "+33639980001", "", "Bonjour"), load(environ))

    assert found.outcome.value == outcome


def _html(gateway: Gateway) -> None:
    gateway.body, gateway.kind = b"<html>log in to the hotel</html>", "text/html"


def _broken(gateway: Gateway) -> None:
    gateway.status = 503


def _unauthorised(gateway: Gateway) -> None:
    gateway.status = 401


@pytest.mark.parametrize("spoil", [_html, _broken, _unauthorised])
def test_a_gateway_that_lies_or_fails_is_tried_again(
    spoil: Callable[[Gateway], None], gateway: Gateway, environ: dict[str, str]
) -> None:
    spoil(gateway)

    answer = send_email_sms.send(Message("sms", "+33639980001", "", "Bonjour"), load(environ))

    assert answer.outcome in (Outcome.RETRY, Outcome.LOCKED)
    assert answer.words


@pytest.mark.parametrize(
    ("channel", "outcome"),
    [("mail", Outcome.RETRY), ("sms", Outcome.UNSURE)],  # a mail was not handed over; an SMS was asked for
)
def test_a_silent_server_costs_the_timeout_and_no_more(channel: str, outcome: Outcome, environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        environ |= {
            "CHAUDIERE_MAIL_SERVER": "127.0.0.1",
            "CHAUDIERE_MAIL_PORT": str(port),
            "CHAUDIERE_MAIL_SECURITY": "none",
            "CHAUDIERE_MAIL_SENDER": "boiler@example.org",
            "CHAUDIERE_NEXMO_URL": f"http://127.0.0.1:{port}",
            "CHAUDIERE_NEXMO_API_KEY": "key",
            "CHAUDIERE_NEXMO_API_SECRET": "secret",
        }

        answer = send_email_sms.send(Message(channel, "+33639980001", "s", "t"), load(environ), timeout=0.2)

    assert answer.outcome is outcome
    assert "timed out" in answer.words.lower()


def test_a_mail_that_may_have_been_taken_is_tried_again_once_an_hour(
    mailbox: Mailbox, database: Database, settings: Settings
) -> None:
    plan(database, MAIL)
    mailbox.mute = True

    for minute in range(119):
        run(database, settings, Clock(NOW + 60 * minute))

    assert len(mailbox.mails) == 2
    mailbox.mute = False
    run(database, settings, Clock(NOW + 7260))
    assert len(mailbox.mails) == 3
    assert outcomes(database) == ["unsure", "unsure", "sent"]
