"""Sends: one message in, one answer out; mail by Flask-Mail, SMS by nexmo, any other service by apprise, or the catcher
of a simulated boiler."""

from __future__ import annotations

import json
import logging
import math
import os
import smtplib
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from config.settings import Mail, Settings, Sms
from flask_app.boiler import gsm
from flask_app.boiler.deliveries import Channel, Message, Outcome

TIMEOUT = 10.0  # seconds: neither Flask-Mail nor nexmo has one, and a silent server would hold a job for ever
FAREWELL = 1.0  # seconds: nothing depends on it
WITHIN = 25.0  # seconds of one mail where nothing else is said, its server's answer included: a page waits no longer

PASSING = {"1", "5", "10"}
"""Vonage's statuses that may pass by themselves: throttled, internal error, too many connections
(https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms)."""

OWNERS = {"4", "8", "9", "11", "14", "32"}
"""... that pass once the owner acts: credentials, account barred, no credit left, not enabled, signature. Every other
but 0 says that this message will never be accepted: 2, 3, 6, 12 its form, 7, 29, 33 its number, 15 its sender."""


class Answer(NamedTuple):
    """How one try ended, and in the gateway's words why; what an SMS gateway says is left, in its currency."""

    outcome: Outcome
    words: str
    balance: float | None = None


def send(message: Message, settings: Settings, timeout: float = TIMEOUT, within: float = WITHIN) -> Answer:
    """Hands `message` to its gateway; returns how it ended and the gateway's words. No error leaves this function.

    `timeout` (seconds) is for each answer; for that to a whole mail, which its server may look through first, what is
    left of `within`.
    """
    if message.channel == Channel.MAIL.value:
        return _mail(message, settings.mail, timeout, time.monotonic() + within)
    if message.channel == Channel.APPRISE.value:
        return _apprise(message)
    return _sms(message, settings.sms, timeout)


def catch(message: Message, settings: Settings, now: float | None = None) -> Answer:
    """Keeps `message` in the folder `settings.messages`, one JSON file a message, instead of sending it.

    A file holds {"delivery_id", "ts", "channel", "address", "subject", "text"}; the page of alerts shows them. A mail's
    picture lies beside it as a PNG.
    """
    ts = int(time.time() if now is None else now)
    os.makedirs(settings.messages, exist_ok=True)
    name = message.id or f"{zlib.crc32(message.address.encode()):08x}"
    path = os.path.join(settings.messages, f"{ts}-{name}.json")
    first = message.id.partition("-")[0]
    fields = {"delivery_id": int(first) if first.isdecimal() else None, "ts": ts, **message._asdict()}
    for name in ("id", "html", "picture"):
        fields.pop(name)
    if message.picture:
        with open(path.removesuffix(".json") + ".png", "wb") as picture:
            picture.write(message.picture)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(fields, file, ensure_ascii=False, indent=1)
    os.replace(path + ".new", path)
    return Answer(Outcome.CAUGHT, f"kept in {os.path.basename(path)}")


# --- mail


class UnansweredError(smtplib.SMTPServerDisconnected):
    """The server has the whole mail and did not say what it does with it."""


class Session(smtplib.SMTP):
    """smtplib's, which waits longer for the answer to a mail: RFC 5321 4.5.3.2.6 would give it ten minutes."""

    until = math.inf  # of the monotonic clock
    handed_over = False

    def send(self, s: Any) -> None:
        """Sends a command, which is text, or the mail, which is bytes."""
        mail = isinstance(s, bytes)
        if mail and self.sock:
            left = self.until - time.monotonic()
            if left < self.timeout / 2:
                self.close()
                raise TimeoutError("too slow: no time is left to hand a mail over")
            self.sock.settimeout(left)
        super().send(s)
        self.handed_over = self.handed_over or mail

    def getreply(self) -> tuple[int, bytes]:
        """Reads an answer. Raises UnansweredError where the mail's does not come."""
        try:
            return super().getreply()
        except smtplib.SMTPServerDisconnected as error:
            if self.handed_over:
                raise UnansweredError(str(error)) from error
            raise


class SecureSession(Session, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


def _mail(message: Message, mail: Mail, timeout: float, until: float) -> Answer:
    if not mail.server:
        return Answer(Outcome.UNCONFIGURED, "CHAUDIERE_MAIL_SERVER is not set: no mail can leave")
    if not mail.sender:
        return Answer(Outcome.UNCONFIGURED, "CHAUDIERE_MAIL_SENDER is not set: no mail can leave")
    try:
        _hand_over(message, mail, timeout, until)
    except smtplib.SMTPRecipientsRefused as error:
        return _smtp_outcome(*next(iter(error.recipients.values())))
    except smtplib.SMTPAuthenticationError as error:
        # A provider that changed its login rules: the owner must act, and what waits leaves when he has.
        return Answer(Outcome.LOCKED, f"login refused: {error.smtp_code} {_plain(error.smtp_error)}")
    except smtplib.SMTPResponseException as error:
        return _smtp_outcome(error.smtp_code, error.smtp_error)
    except UnansweredError as error:
        words = "handed over and not answered: it may have been taken"
        return Answer(Outcome.UNSURE, f"{words} ({mail.server}:{mail.port}: {error})")
    except (smtplib.SMTPException, OSError) as error:
        return Answer(Outcome.RETRY, f"{mail.server}:{mail.port}: {str(error) or type(error).__name__}")
    except ValueError as error:
        # An address that cannot be written in a header, found by the library only now.
        return Answer(Outcome.REFUSED, str(error))
    return Answer(Outcome.SENT, f"accepted by {mail.server}")


def _hand_over(message: Message, mail: Mail, timeout: float, until: float) -> None:
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

    class Connection(flask_mail.Connection):
        """Flask-Mail's, which checks no certificate: a password would go to whoever answers."""

        def configure_host(self) -> Session:
            host = _connect(mail, timeout)
            host.until = until
            return host

        def __exit__(self, *_: object) -> None:
            # The mail is taken or refused by now: how the farewell goes changes nothing, and hides no error before it.
            if self.host is not None and self.host.sock:
                self.host.sock.settimeout(FAREWELL)
                with suppress(OSError):  # SMTPException is one
                    self.host.quit()

    with app.app_context():
        letter = flask_mail.Message(message.subject, recipients=[message.address], body=message.text)
        letter.html = message.html or None
        if message.picture:
            shown = {"Content-ID": "<picture>"}
            letter.attach("last-six-hours.png", "image/png", message.picture, "inline", shown)
        if message.id:
            letter.msgId = f"<chaudiere-{message.id}@{mail.sender.rpartition('@')[2]}>"
        try:
            with Connection(sender) as connection:
                letter.send(connection)
        except flask_mail.BadHeaderError:
            raise ValueError("an address or a subject with a line break cannot be sent") from None


def _connect(mail: Mail, timeout: float) -> Session:
    """A connection to the mail server, logged in; over TLS only to one whose certificate is trusted."""
    import ssl

    if mail.security == "ssl":
        context = ssl.create_default_context()
        host: Session = SecureSession(mail.server, mail.port, timeout=timeout, context=context)
    else:
        host = Session(mail.server, mail.port, timeout=timeout)
    try:
        if mail.security == "starttls":
            host.starttls(context=ssl.create_default_context())
        if mail.username and mail.password:
            host.login(mail.username, mail.password)
    except BaseException:
        host.close()
        raise
    return host


def _smtp_outcome(code: int, words: bytes | str) -> Answer:
    # RFC 5321 4.2.1: 4yz is a transient refusal, 5yz a permanent one; 530 and 535 are about the login, not the mail.
    outcome = Outcome.RETRY if code < 500 else Outcome.LOCKED if code in (530, 534, 535) else Outcome.REFUSED
    return Answer(outcome, f"{code} {_plain(words)}")


def _plain(words: bytes | str) -> str:
    return (words.decode("utf-8", "replace") if isinstance(words, bytes) else words).strip()


# --- SMS


def _sms(message: Message, sms: Sms, timeout: float) -> Answer:
    if not (sms.api_key and sms.api_secret):
        return Answer(Outcome.UNCONFIGURED, "CHAUDIERE_NEXMO_API_KEY and _API_SECRET are not set: no SMS can leave")
    form = {"from": sms.sender, "to": message.address.lstrip("+"), "text": message.text}
    if gsm.septets(message.text) is None:
        form["type"] = "unicode"
    answer = _ask(sms, timeout, lambda library, client: library.Sms(client=client).send_message(form))
    return answer if isinstance(answer, Answer) else _sms_outcome(answer, sms.url)


def balance(sms: Sms, timeout: float = TIMEOUT) -> float | None:
    """What is left on the account of the SMS gateway, in its currency; None when it does not say."""
    if not (sms.api_key and sms.api_secret):
        return None
    answer = _ask(sms, timeout, lambda _library, client: client.get_balance())
    return _number(answer.get("value")) if isinstance(answer, Mapping) else None


def _ask(sms: Sms, timeout: float, question: Callable[[Any, Any], Any]) -> Any:
    """The gateway's answer to `question` (of the library nexmo and its client), or an Answer why there is none."""
    import nexmo
    import requests

    # At DEBUG this logger prints the secret.
    logging.getLogger("nexmo").setLevel(logging.CRITICAL)
    client = nexmo.Client(key=sms.api_key, secret=sms.api_secret)
    client.session.mount("https://", _adapter(sms.url, timeout))
    try:
        return question(nexmo, client)
    except nexmo.AuthenticationError:
        return Answer(Outcome.LOCKED, "the gateway refuses CHAUDIERE_NEXMO_API_KEY and _API_SECRET")
    except requests.ReadTimeout as error:
        return Answer(Outcome.UNSURE, f"{sms.url}: {error}")
    except (nexmo.Error, requests.RequestException, AttributeError, ValueError) as error:
        # AttributeError: nexmo reads a header that a broken proxy may leave out.
        return Answer(Outcome.RETRY, f"{sms.url}: {error}")
    finally:
        client.session.close()


def _adapter(url: str, timeout: float) -> Any:
    from requests.adapters import HTTPAdapter

    class Gateway(HTTPAdapter):
        """Sends nexmo's requests, whose host cannot name a port, to `url`, with the timeout that nexmo lacks."""

        def send(self, request: Any, *_: Any, **options: Any) -> Any:
            request.url = url + request.path_url
            return super().send(request, **{**options, "timeout": timeout})

    return Gateway()


def _sms_outcome(answer: Any, url: str) -> Answer:
    parts = answer.get("messages") if isinstance(answer, Mapping) else None
    if not isinstance(parts, list) or not parts or not all(isinstance(part, Mapping) for part in parts):
        return Answer(Outcome.RETRY, f"{url} did not answer as an SMS gateway does")
    left = _number(parts[-1].get("remaining-balance"))
    refusals = [part for part in parts if str(part.get("status")) != "0"]
    if not refusals:
        return Answer(Outcome.SENT, f"accepted, {len(parts)} part(s)", left)
    words = "; ".join(f"status {part.get('status')}: {part.get('error-text', '')}" for part in refusals)
    statuses = {str(part.get("status")) for part in refusals}
    if statuses - PASSING - OWNERS:
        return Answer(Outcome.REFUSED, words, left)
    return Answer(Outcome.LOCKED if statuses & OWNERS else Outcome.RETRY, words, left)


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


# --- any other service


def _apprise(message: Message) -> Answer:
    # 400 ms, and some installations have no such recipient.
    import apprise

    service = apprise.Apprise.instantiate(message.address)
    if service is None:
        return Answer(Outcome.REFUSED, "not the address of a service that is known here")
    name = str(service.service_name or service.protocol)
    said = _Said()
    logger = logging.getLogger("apprise")
    logger.addHandler(said)
    try:
        done = service.notify(title=message.subject, body=message.text)
    except Exception as error:  # noqa: BLE001 a service is a plug-in of a hundred: none of its errors may stop the others
        return Answer(Outcome.RETRY, f"{name}: {type(error).__name__}")
    finally:
        logger.removeHandler(said)
    if done:
        return Answer(Outcome.SENT, f"accepted by {name}")
    return Answer(Outcome.RETRY, said.words or f"{name} did not accept it")


class _Said(logging.Handler):
    """The last thing that a service's plug-in says of its failure."""

    words = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a warning's words."""
        if record.levelno >= logging.WARNING:
            self.words = record.getMessage()
