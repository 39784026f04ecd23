"""The sender's edges: the alphabet of an SMS, a mail with its picture, other services, and their failures."""

from __future__ import annotations

import pytest

from config.settings import load
from flask_app import send_email_sms
from flask_app.boiler.deliveries import Message, Outcome
from tests.servers import Gateway, Mailbox, free_port


@pytest.mark.parametrize(
    ("text", "kind"), [("Eau 55.8C", None), ("Feu éteint à 2h", None), ("5 € [x]", None), ("ça chauffe", "unicode")]
)
def test_an_sms_is_unicode_only_where_the_networks_alphabet_ends(
    text: str, kind: str | None, gateway: Gateway, environ: dict[str, str]
) -> None:
    send_email_sms.send(Message("sms", "+33639980001", "", text), load(environ))

    assert gateway.forms[0].get("type") == kind
    assert gateway.forms[0]["text"] == text
    assert len(gateway.forms[0]["from"]) <= 11


def test_the_balance_is_read_with_an_answer_and_when_asked(gateway: Gateway, environ: dict[str, str]) -> None:
    gateway.left, gateway.balance = "3.1", "2.9"

    assert send_email_sms.send(Message("sms", "+33639980001", "", "x"), load(environ)).balance == 3.1
    assert send_email_sms.balance(load(environ).sms) == 2.9
    gateway.balance = "lots"
    assert send_email_sms.balance(load(environ).sms) is None


def test_a_mail_has_text_and_the_same_as_html_with_its_picture(mailbox: Mailbox, environ: dict[str, str]) -> None:
    html = '<img src="cid:picture" alt="water">'
    message = Message("mail", "house@example.org", "Eau 55,8 °C", "texte é", "7", html, b"\x89PNG")

    answer = send_email_sms.send(message, load(environ))

    mail = mailbox.mails[0]
    assert answer.outcome is Outcome.SENT
    assert mail["Message-ID"] == "<chaudiere-7@example.org>"
    assert mail["Subject"] == "Eau 55,8 °C"
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "image/png"]
    picture = list(mail.walk())[-1]
    assert picture["Content-ID"] == "<picture>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_payload(decode=True) == b"\x89PNG"


def test_any_service_is_reached_by_its_url(gateway: Gateway, environ: dict[str, str]) -> None:
    url = gateway.url.replace("http", "json")

    answer = send_email_sms.send(Message("apprise", url, "Eau", "55.8"), load(environ))

    assert answer == (Outcome.SENT, "accepted by JSON", None)


def test_a_service_that_fails_is_tried_again_and_an_unknown_one_is_not(
    gateway: Gateway, environ: dict[str, str]
) -> None:
    gateway.status = 503
    failing = send_email_sms.send(Message("apprise", gateway.url.replace("http", "json"), "s", "t"), load(environ))
    gone = send_email_sms.send(Message("apprise", f"json://127.0.0.1:{free_port()}", "s", "t"), load(environ))
    unknown = send_email_sms.send(Message("apprise", "nothing://here", "s", "t"), load(environ))

    assert (failing.outcome, gone.outcome, unknown.outcome) == (Outcome.RETRY, Outcome.RETRY, Outcome.REFUSED)
    assert all(answer.words for answer in (failing, gone, unknown))


def test_a_mail_that_cannot_be_written_is_refused_and_not_a_crash(mailbox: Mailbox, environ: dict[str, str]) -> None:
    answer = send_email_sms.send(Message("mail", "a@example.org\nBcc: b@example.org", "s", "t"), load(environ))

    assert answer.outcome is Outcome.REFUSED
    assert mailbox.mails == []


def test_a_mail_is_sent_once_its_server_took_it_whatever_becomes_of_the_farewell(
    mailbox: Mailbox, environ: dict[str, str]
) -> None:
    mailbox.rude = True

    answer = send_email_sms.send(Message("mail", "house@example.org", "s", "t"), load(environ))

    assert answer.outcome is Outcome.SENT
    assert len(mailbox.mails) == 1


def test_a_server_that_closes_the_door_is_heard_before_it_does(mailbox: Mailbox, environ: dict[str, str]) -> None:
    mailbox.answer = "421 closing for the night"

    answer = send_email_sms.send(Message("mail", "house@example.org", "s", "t"), load(environ))

    assert answer == (Outcome.RETRY, "421 closing for the night", None)


def test_a_server_may_look_through_a_mail_for_longer_than_it_may_think_about_a_command(
    mailbox: Mailbox, environ: dict[str, str]
) -> None:
    mailbox.late = 0.6

    answer = send_email_sms.send(Message("mail", "house@example.org", "s", "t"), load(environ), timeout=0.3)

    assert answer.outcome is Outcome.SENT


@pytest.mark.parametrize(("late", "mute"), [(60.0, False), (0.0, True)])
def test_a_mail_handed_over_and_not_answered_is_said_to_be_perhaps_taken(
    late: float, mute: bool, mailbox: Mailbox, environ: dict[str, str]
) -> None:
    mailbox.late, mailbox.mute = late, mute

    answer = send_email_sms.send(Message("mail", "house@example.org", "s", "t"), load(environ), timeout=0.5, within=1.5)

    assert answer.outcome is Outcome.UNSURE


def test_no_mail_is_handed_over_whose_answer_could_not_be_heard(mailbox: Mailbox, environ: dict[str, str]) -> None:
    answer = send_email_sms.send(Message("mail", "house@example.org", "s", "t"), load(environ), within=4.0)

    assert answer.outcome is Outcome.RETRY
    assert mailbox.mails == []
