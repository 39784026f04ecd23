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


class Mqtt(NamedTuple):
    """The broker that Home Assistant listens to. An empty `host` means none."""

    host: str
    port: int
    tls: bool
    username: str
    password: str
    prefix: str  # of Home Assistant's discovery


class Settings(NamedTuple):
    """One installation's configuration, as the environment gives it. Paths are absolute."""

    home: str
    runtime: str
    database: str
    port: int
    url: str  # the address of the pages, as written in messages; no slash at its end
    proxies: int  # how many reverse proxies stand in front of gunicorn and tell who asked
    secret_key: str  # empty: the web room makes and keeps one in `home`
    heartbeat_url: str
    mail: Mail
    sms: Sms
    mqtt: Mqtt
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
    def backups(self) -> str:
        """The folder of the nightly copies of the database."""
        return os.path.join(self.home, "backups")

    @property
    def messages(self) -> str:
        """The local catcher: where the messages of a simulated boiler go instead of to people."""
        return os.path.join(self.home, "messages")

    @property
    def simulator_script(self) -> str:
        """The file of the simulated boiler's seed, faults and speed."""
        return os.path.join(self.home, "simulator.json")


SECRETS = ("MAIL_PASSWORD", "NEXMO_API_SECRET", "MQTT_PASSWORD", "HEARTBEAT_URL")
"""What the pages write and never show again. Who knows the heartbeat's address can silence it."""

KEPT = (
    *("MAIL_SERVER", "MAIL_PORT", "MAIL_SECURITY", "MAIL_USERNAME", "MAIL_PASSWORD", "MAIL_SENDER"),
    *("NEXMO_API_KEY", "NEXMO_API_SECRET", "NEXMO_SENDER", "HEARTBEAT_URL"),
    *("MQTT_HOST", "MQTT_PORT", "MQTT_TLS", "MQTT_USERNAME", "MQTT_PASSWORD"),
)
"""What the file `connections` in the home may hold: the page writes it, and it goes before the environment."""


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from `environ` and from what the pages kept; an empty variable counts as absent.

    Raises SettingsError naming the variable, or the file that others can read.
    """
    home = os.path.abspath(_text(environ, "HOME", os.path.join(PROJECT, "var")))
    given = kept(home)
    return _settings(home, {**environ, **given} if given else environ)


def kept(home: str) -> dict[str, str]:
    """What the pages kept in `home`, by variable. Raises SettingsError when others than the owner can read it."""
    path = os.path.join(home, "connections")
    try:
        with open(path, encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise SettingsError(f"{path} holds passwords and others can read it; run: chmod 600 {path}")
            lines = file.read().splitlines()
    except FileNotFoundError:
        return {}
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    return {name: found[name] for name in (f"CHAUDIERE_{key}" for key in KEPT) if found.get(name)}


def keep(settings: Settings, values: Mapping[str, str]) -> Settings:
    """Keeps `values` (by variable) for every program's next turn, in a file that its owner alone reads.

    Returns `settings` with them. Raises SettingsError, and keeps nothing, when one is not accepted.
    """
    wanted = {f"CHAUDIERE_{key}": values.get(f"CHAUDIERE_{key}", "") for key in KEPT}
    for name in wanted:
        _text(wanted, name.removeprefix("CHAUDIERE_"), "")
    environ = {**os.environ, **{name: value for name, value in wanted.items() if value}}
    found = settings._replace(
        mail=_mail(environ), sms=_sms(environ), mqtt=_mqtt(environ), heartbeat_url=_url(environ, "HEARTBEAT_URL", "")
    )
    path = os.path.join(settings.home, "connections")
    with os.fdopen(os.open(f"{path}.part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in wanted.items() if value)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.part", path)
    return found


def _settings(home: str, environ: Mapping[str, str]) -> Settings:
    port = _port(environ, "PORT", 5007)
    return Settings(
        home=home,
        runtime=os.path.abspath(_text(environ, "RUNTIME", os.path.join(home, "run"))),
        database=os.path.abspath(_text(environ, "DATABASE", os.path.join(home, "chaudiere.db"))),
        port=port,
        url=_url(environ, "URL", f"http://localhost:{port}").rstrip("/"),
        proxies=_count(environ, "PROXIES", 0, 3),
        secret_key=_secret_key(environ),
        heartbeat_url=_url(environ, "HEARTBEAT_URL", ""),
        mail=_mail(environ),
        sms=_sms(environ),
        mqtt=_mqtt(environ),
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


def _count(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = _text(environ, name, str(default))
    if not (text.isdecimal() and text.isascii() and len(text) < 3 and int(text) <= most):
        raise SettingsError(f"CHAUDIERE_{name} is {text!r}; it accepts a number from 0 to {most}")
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


def _mqtt(environ: Mapping[str, str]) -> Mqtt:
    tls = _text(environ, "MQTT_TLS", "none")
    if tls not in ("none", "tls"):
        raise SettingsError(f"CHAUDIERE_MQTT_TLS is {tls!r}; it accepts none or tls")
    return Mqtt(
        host=_text(environ, "MQTT_HOST", ""),
        port=_port(environ, "MQTT_PORT", 8883 if tls == "tls" else 1883),
        tls=tls == "tls",
        username=_text(environ, "MQTT_USERNAME", ""),
        password=environ.get("CHAUDIERE_MQTT_PASSWORD", ""),
        prefix=_text(environ, "MQTT_PREFIX", "homeassistant").strip("/"),
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
