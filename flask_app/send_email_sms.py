"""Sends: one message in, one outcome out; mail by Flask-Mail, SMS by nexmo, or the catcher of a simulated boiler."""

from __future__ import annotations

import json
import logging
import os
import smtplib
import socket
import time
import zlib
from collections.abc import Mapping
from typing import Any

from config.settings import Mail, Settings, Sms
from flask_app.boiler.deliveries import Channel, Message, Outcome

TIMEOUT = 10.0  # seconds: neither Flask-Mail nor nexmo has one, and a silent server would hold a job for ever

RETRIED = {"1", "5", "8", "9"}
"""Vonage's statuses that may pass: throttled, internal error, no route now, no credit (https://developer.vonage.com
/en/messaging/sms/guides/troubleshooting-sms). Every other but 0 says that this message will never be accepted."""


def send(message: Message, settings: Settings, timeout: float = TIMEOUT) -> tuple[Outcome, str]:
    """Hands `message` to its gateway; returns how it ended and the gateway's words. No error leaves this function."""
    if message.channel == Channel.MAIL.value:
        return _mail(message, settings.mail, timeout)
    return _sms(message, settings.sms, timeout)


def catch(message: Message, settings: Settings, now: float | None = None) -> tuple[Outcome, str]:
    """Keeps `message` in the folder `settings.messages`, one JSON file a message, instead of sending it.

    A file holds {"delivery_id", "ts", "channel", "address", "subject", "text"}; the page of alerts shows them.
    """
    ts = int(time.time() if now is None else now)
    os.makedirs(settings.messages, exist_ok=True)
    name = message.id or f"{zlib.crc32(message.address.encode()):08x}"
    path = os.path.join(settings.messages, f"{ts}-{name}.json")
    fields = {"delivery_id": int(message.id) if message.id.isdecimal() else None, "ts": ts, **message._asdict()}
    fields.pop("id")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(fields, file, ensure_ascii=False, indent=1)
    os.replace(path + ".new", path)
    return Outcome.CAUGHT, f"kept in {os.path.basename(path)}"


def _mail(message: Message, mail: Mail, timeout: float) -> tuple[Outcome, str]:
    if not mail.server:
        return Outcome.UNCONFIGURED, "CHAUDIERE_MAIL_SERVER is not set: no mail can leave"
    if not mail.sender:
        return Outcome.UNCONFIGURED, "CHAUDIERE_MAIL_SENDER is not set: no mail can leave"
    former = socket.getdefaulttimeout()
    socket.setdefaulttimeout(timeout)
    try:
        _hand_over(message, mail)
    except smtplib.SMTPRecipientsRefused as error:
        return _smtp_outcome(*error.recipients[message.address])
    except smtplib.SMTPAuthenticationError as error:
        # A provider that changed its login rules: the owner must act, and what waits leaves when he has.
        return Outcome.RETRY, f"login refused: {error.smtp_code} {_plain(error.smtp_error)}"
    except smtplib.SMTPResponseException as error:
        return _smtp_outcome(error.smtp_code, error.smtp_error)
    except (smtplib.SMTPException, OSError) as error:
        return Outcome.RETRY, f"{mail.server}:{mail.port}: {error or type(error).__name__}"
    finally:
        socket.setdefaulttimeout(former)
    return Outcome.SENT, f"accepted by {mail.server}"


def _hand_over(message: Message, mail: Mail) -> None:
    import flask_mail
    from flask import Flask

    app = Flask("mail")
    app.config.update(
        MAIL_SERVER=mail.server,
        MAIL_PORT=mail.port,
        MAIL_USE_TLS=mail.security == "starttls",
        MAIL_USE_SSL=mail.security == "ssl",
        MAIL_USERNAME=mail.username or None,
        MAIL_PASSWORD=mail.password or None,
        MAIL_DEFAULT_SENDER=mail.sender,
        MAIL_SUPPRESS_SEND=False,
    )
    sender = flask_mail.Mail(app)
    with app.app_context():
        letter = flask_mail.Message(message.subject, recipients=[message.address], body=message.text)
        if message.id:
            letter.msgId = f"<chaudiere-{message.id}@{mail.sender.rpartition('@')[2]}>"
        sender.send(letter)


def _smtp_outcome(code: int, words: bytes | str) -> tuple[Outcome, str]:
    # RFC 5321 4.2.1: 4yz is a transient refusal, 5yz a permanent one.
    return Outcome.REFUSED if code >= 500 else Outcome.RETRY, f"{code} {_plain(words)}"


def _plain(words: bytes | str) -> str:
    return (words.decode("utf-8", "replace") if isinstance(words, bytes) else words).strip()


def _sms(message: Message, sms: Sms, timeout: float) -> tuple[Outcome, str]:
    if not (sms.api_key and sms.api_secret):
        return Outcome.UNCONFIGURED, "CHAUDIERE_NEXMO_API_KEY and _API_SECRET are not set: no SMS can leave"
    import nexmo
    import requests

    # At DEBUG this logger prints the secret.
    logging.getLogger("nexmo").setLevel(logging.INFO)
    client = nexmo.Client(key=sms.api_key, secret=sms.api_secret)
    client.session.mount("https://", _adapter(sms.url, timeout))
    form = {"from": sms.sender, "to": message.address.lstrip("+"), "text": message.text}
    if not message.text.isascii():
        form["type"] = "unicode"
    try:
        answer = nexmo.Sms(client=client).send_message(form)
    except nexmo.AuthenticationError:
        return Outcome.RETRY, "the gateway refuses CHAUDIERE_NEXMO_API_KEY and _API_SECRET"
    except (nexmo.Error, requests.RequestException, AttributeError, ValueError) as error:
        # AttributeError: nexmo reads a header that a broken proxy may leave out.
        return Outcome.RETRY, f"{sms.url}: {error}"
    finally:
        client.session.close()
    return _sms_outcome(answer, sms.url)


def _adapter(url: str, timeout: float) -> Any:
    from requests.adapters import HTTPAdapter

    class Gateway(HTTPAdapter):
        """Sends nexmo's requests, whose host cannot name a port, to `url`, with the timeout that nexmo lacks."""

        def send(self, request: Any, *_: Any, **options: Any) -> Any:
            request.url = url + request.path_url
            return super().send(request, **{**options, "timeout": timeout})

    return Gateway()


def _sms_outcome(answer: Any, url: str) -> tuple[Outcome, str]:
    parts = answer.get("messages") if isinstance(answer, Mapping) else None
    if not parts:
        return Outcome.RETRY, f"{url} did not answer as an SMS gateway does"
    refusals = [part for part in parts if part.get("status") != "0"]
    if not refusals:
        return Outcome.SENT, f"accepted, {len(parts)} part(s)"
    words = "; ".join(f"status {part.get('status')}: {part.get('error-text', '')}" for part in refusals)
    passing = all(part.get("status") in RETRIED for part in refusals)
    return Outcome.RETRY if passing else Outcome.REFUSED, words
