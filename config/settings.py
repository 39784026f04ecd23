"""The only reader of the environment: one frozen `Settings`, and a refusal by name of what makes no sense."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from flask_app.boiler.options import OptionError, Options, parse

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class SettingsError(ValueError):
    """A variable of the environment that cannot be used; the words name it and what it accepts."""


class Mail(NamedTuple):
    """Where mail leaves. An empty `server` means that none is configured."""

    server: str
    port: int
    security: str  # none, starttls or ssl
    username: str
    password: str
    sender: str


class Sms(NamedTuple):
    """Where SMS leave: Vonage (formerly Nexmo) or a gateway that speaks its protocol."""

    api_key: str
    api_secret: str
    url: str
    sender: str  # 11 characters at most when it has letters: a limit of the networks


class Settings(NamedTuple):
    """One installation's configuration, as the environment gives it. Paths are absolute."""

    home: str
    runtime: str
    database: str
    port: int
    url: str  # the address of the pages, as written in messages; no slash at its end
    secret_key: str  # empty: the web room makes and keeps one in `home`
    heartbeat_url: str
    mail: Mail
    sms: Sms
    alert_emails: tuple[str, ...]
    alert_phones: tuple[str, ...]
    probes: tuple[str, ...]  # ids of the DS18B20 as water, flue, box, spare; empty: those found, sorted
    options: Options  # defaults, then the environment; the Setting table overrides them

    @property
    def lock(self) -> str:
        """The lock file of the database (flask_app/lock.py)."""
        return os.path.join(self.runtime, "database.lock")

    @property
    def converter_lock(self) -> str:
        """The lock file of the current clamps' converter: one process at a time chooses its input."""
        return os.path.join(self.runtime, "converter.lock")

    @property
    def logs(self) -> str:
        """The folder of every service's log."""
        return os.path.join(self.home, "logs")

    @property
    def messages(self) -> str:
        """The local catcher: where the messages of a simulated boiler go instead of to people."""
        return os.path.join(self.home, "messages")

    @property
    def simulator_script(self) -> str:
        """The file of the simulated boiler's seed, faults and speed."""
        return os.path.join(self.home, "simulator.json")


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from `environ`; an empty variable counts as absent. Raises SettingsError naming the variable."""
    home = os.path.abspath(_text(environ, "HOME", os.path.join(PROJECT, "var")))
    port = _port(environ, "PORT", 5007)
    return Settings(
        home=home,
        runtime=os.path.abspath(_text(environ, "RUNTIME", os.path.join(home, "run"))),
        database=os.path.abspath(_text(environ, "DATABASE", os.path.join(home, "chaudiere.db"))),
        port=port,
        url=_url(environ, "URL", f"http://localhost:{port}").rstrip("/"),
        secret_key=_secret_key(environ),
        heartbeat_url=_url(environ, "HEARTBEAT_URL", ""),
        mail=_mail(environ),
        sms=_sms(environ),
        alert_emails=_addresses(environ),
        alert_phones=_phones(environ),
        probes=_probes(environ),
        options=_options(environ),
    )


def make_folders(settings: Settings) -> None:
    """Makes the folders of state that are absent, readable by their owner's group alone."""
    for folder in (settings.home, settings.runtime, settings.logs):
        os.makedirs(folder, mode=0o750, exist_ok=True)


def _text(environ: Mapping[str, str], name: str, default: str) -> str:
    value = environ.get(f"CHAUDIERE_{name}", "").strip() or default
    # A line break in a name, an address or a sender would end up in the headers of a mail.
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise SettingsError(f"CHAUDIERE_{name} holds a control character; it accepts one line of text")
    return value


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = _text(environ, name, str(default))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535):
        raise SettingsError(f"CHAUDIERE_{name} is {text!r}; it accepts a port from 1 to 65535")
    return int(text)


def _url(environ: Mapping[str, str], name: str, default: str) -> str:
    text = _text(environ, name, default)
    if text and not (text.startswith(("http://", "https://")) and " " not in text and len(text) > 8):
        raise SettingsError(f"CHAUDIERE_{name} is {text!r}; it accepts an address that begins with http:// or https://")
    return text


def _secret_key(environ: Mapping[str, str]) -> str:
    key = _text(environ, "SECRET_KEY", "")
    if key and len(key) < 16:
        raise SettingsError("CHAUDIERE_SECRET_KEY is too short; it accepts 16 characters or more, or leave it empty")
    return key


def _mail(environ: Mapping[str, str]) -> Mail:
    security = _text(environ, "MAIL_SECURITY", "starttls")
    if security not in ("none", "starttls", "ssl"):
        raise SettingsError(f"CHAUDIERE_MAIL_SECURITY is {security!r}; it accepts none, starttls or ssl")
    username = _text(environ, "MAIL_USERNAME", "")
    sender = _text(environ, "MAIL_SENDER", username)
    if sender and "@" not in sender:
        raise SettingsError(f"CHAUDIERE_MAIL_SENDER is {sender!r}; it accepts an address such as boiler@example.org")
    return Mail(
        server=_text(environ, "MAIL_SERVER", ""),
        port=_port(environ, "MAIL_PORT", {"none": 25, "starttls": 587, "ssl": 465}[security]),
        security=security,
        username=username,
        password=environ.get("CHAUDIERE_MAIL_PASSWORD", ""),
        sender=sender,
    )


def _sms(environ: Mapping[str, str]) -> Sms:
    sender = _text(environ, "NEXMO_SENDER", "Chaudiere")
    limit = 15 if sender.lstrip("+").isdecimal() else 11
    if len(sender.lstrip("+")) > limit:
        raise SettingsError(f"CHAUDIERE_NEXMO_SENDER is {sender!r}; it accepts 11 letters and digits, or a number")
    return Sms(
        api_key=_text(environ, "NEXMO_API_KEY", ""),
        api_secret=_text(environ, "NEXMO_API_SECRET", ""),
        url=_url(environ, "NEXMO_URL", "https://rest.nexmo.com").rstrip("/"),
        sender=sender,
    )


def _list(environ: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in _text(environ, name, "").split(",") if part.strip()]


def _addresses(environ: Mapping[str, str]) -> tuple[str, ...]:
    addresses = _list(environ, "ALERT_EMAILS")
    for address in addresses:
        name, at, domain = address.rpartition("@")
        if not (name and at and domain) or any(character.isspace() for character in address):
            raise SettingsError(
                f"CHAUDIERE_ALERT_EMAILS holds {address!r}; it accepts addresses such as you@example.org, with commas"
            )
    return tuple(dict.fromkeys(addresses))


def _phones(environ: Mapping[str, str]) -> tuple[str, ...]:
    phones = [
        phone.translate({ord(character): None for character in " .-()"}) for phone in _list(environ, "ALERT_PHONES")
    ]
    for phone in phones:
        digits = phone.removeprefix("+")
        # ITU-T E.164: a country code that is not 0, and 15 digits at most.
        if not (digits.isdecimal() and digits.isascii() and 8 <= len(digits) <= 15 and not digits.startswith("0")):
            raise SettingsError(
                f"CHAUDIERE_ALERT_PHONES holds {phone!r}; it accepts international numbers such as +33639980000"
            )
    return tuple(dict.fromkeys(phones))


def _probes(environ: Mapping[str, str]) -> tuple[str, ...]:
    probes = tuple(part.lower() for part in _list(environ, "PROBES"))
    for probe in probes:
        digits = probe.removeprefix("28-")
        if len(digits) != 12 or any(digit not in "0123456789abcdef" for digit in digits):
            raise SettingsError(
                f"CHAUDIERE_PROBES holds {probe!r}; it accepts ids such as 28-0123456789ab, with commas"
            )
    if len(probes) > 4 or len(set(probes)) < len(probes):
        raise SettingsError("CHAUDIERE_PROBES accepts four different ids at most: water, flue, box, spare")
    return probes


def _options(environ: Mapping[str, str]) -> Options:
    values = {}
    for option in Options._fields:
        text = _text(environ, option.upper(), "")
        if not text:
            continue
        try:
            values[option] = parse(option, text)
        except OptionError as error:
            raise SettingsError(f"CHAUDIERE_{option.upper()}: {error}") from None
    return Options(**values)
