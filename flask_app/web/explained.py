"""What each setting is called, what it is for and what it accepts, in the visitor's language."""

from __future__ import annotations

import json

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from flask_app.boiler.alerts import Kind
from flask_app.boiler.fittings import PROBES_FOUND
from flask_app.boiler.options import LIMITS
from flask_app.boiler.timetable import NOTE_KEY, STOP_KEY
from flask_app.web import wording
from flask_app.web.languages import day_time, exact

SENSOR = "sensor_"
"""What the history calls a change of a probe or clamp begins so; the role follows."""

CONNECTIONS = {
    "mail": ("MAIL_SERVER", "MAIL_PORT", "MAIL_SECURITY", "MAIL_USERNAME", "MAIL_PASSWORD", "MAIL_SENDER"),
    "sms": ("NEXMO_API_KEY", "NEXMO_API_SECRET", "NEXMO_SENDER"),
    "mqtt": ("MQTT_HOST", "MQTT_PORT", "MQTT_TLS", "MQTT_USERNAME", "MQTT_PASSWORD"),
    "heartbeat": ("HEARTBEAT_URL",),
}
"""The groups of the page that go into the secret file."""

ACCEPTED = {"MAIL_SECURITY": ("starttls", "ssl", "none"), "MQTT_TLS": ("none", "tls")}
"""Those that are one of a list."""

# Lazy: each is looked up when it is shown, and no other with it.

KINDS = {kind.value for kind in Kind}
STOPS = {"summer": _("summer"), "sweep": _("sweep or service"), "absence": _("absence")}
PARTS = {
    "all": _("everything: another boiler or fuel"),
    "flue": _("the flue: the probe was moved"),
    "igniter": _("the igniter: it is new"),
}
ANSWERS = {"yes": _("yes"), "no": _("no")}

UNITS = {"d": _("d"), "month": "", "messages": _("messages"), "currency": _("in the account's currency")}

TITLES = {
    "setpoint": _("Setpoint of the water"),
    "timezone": _("Time zone"),
    "language": _("Language"),
    "sample_seconds": _("Time between two readings"),
    "commit_seconds": _("Time between two writes of the readings"),
    "raw_hours": _("How long readings are kept"),
    "minute_days": _("How long minutes are kept"),
    "spare": _("What the fourth probe measures"),
    "low_indoor": _("Indoor temperature to warn below"),
    "setpoint_night": _("Setpoint at night"),
    "night_from": _("Night begins"),
    "night_to": _("Night ends"),
    "setpoint_summer": _("Setpoint in summer"),
    "summer_from": _("First month of summer"),
    "summer_to": _("Last month of summer"),
    "hourly_messages": _("Messages an hour at most"),
    "daily_sms": _("SMS a day at most"),
    "low_balance": _("Low credit of the SMS account"),
    "mains_hz": _("Frequency of the mains"),
    "reading": _("Who sees the pages without a login"),
    "MAIL_SERVER": _("Mail server"),
    "MAIL_PORT": _("Port of the mail server"),
    "MAIL_SECURITY": _("Encryption of mail"),
    "MAIL_USERNAME": _("User of the mail server"),
    "MAIL_PASSWORD": _("Password of the mail server"),
    "MAIL_SENDER": _("Address of the sender"),
    "NEXMO_API_KEY": _("Key of the SMS account"),
    "NEXMO_API_SECRET": _("Secret of the SMS account"),
    "NEXMO_SENDER": _("Sender of the SMS"),
    "MQTT_HOST": _("MQTT broker"),
    "MQTT_PORT": _("Port of the broker"),
    "MQTT_TLS": _("Encryption of the broker"),
    "MQTT_USERNAME": _("User of the broker"),
    "MQTT_PASSWORD": _("Password of the broker"),
    "HEARTBEAT_URL": _("Address called while all is well"),
    "probes_seen": _("Probes"),
    PROBES_FOUND: _("Probes found"),
    "test_received": _("Test message received"),
    "stop": _("The boiler is off on purpose"),
    "advice.declined": _("Setpoint advised and not taken"),
    "learned.reset": _("Learn anew"),
    "recipient": _("Who is told of alerts"),
    "user": _("People"),
    "token": _("Tokens of scripts"),
}

WORDS = {
    "setpoint": _(
        "An alert leaves when the water falls below, where its probe sits: on the flow before the mixing valve, "
        "or in the buffer."
    ),
    "timezone": _("Every time shown or sent is of this zone."),
    "language": _("Of messages, and of pages for a browser that asks for neither French nor English."),
    "sample_seconds": _("Shorter sees more, longer spares the processor."),
    "commit_seconds": _("0 writes each reading at once; 20 spares the memory card, and a crash costs 20 s."),
    "raw_hours": _("The readings of every few seconds; minutes are kept longer."),
    "minute_days": _("The minutes that charts are drawn from."),
    "spare": _("The probe's name in charts and messages."),
    "low_indoor": _("Where the fourth probe measures indoors; 0: never."),
    "setpoint_night": _("Messages leave when the water falls below it at night; 0: as by day."),
    "night_from": _("Hour of the day; half past is .5."),
    "night_to": _("Hour of the day; half past is .5."),
    "setpoint_summer": _("Messages leave when the water falls below it in summer; 0: as all year."),
    "summer_from": _("1 is January."),
    "summer_to": _("1 is January; the month is summer too."),
    "hourly_messages": _(
        "To one address, whatever the boiler does; a third is kept for cold water, a cold house and their causes. "
        "What is held back goes into the next message."
    ),
    "daily_sms": _("To one number: an SMS costs money. A third is kept in the same way."),
    "low_balance": _("A message says when less is left."),
    "mains_hz": _("Of the current that the clamps measure."),
    "reading": _("Changing anything asks for a login always."),
}

CHOICES = {
    ("language", "fr"): "Français",
    ("language", "en"): "English",
    ("spare", "indoor"): _("a room"),
    ("spare", "return"): _("the return of the heating"),
    ("spare", "outdoor"): _("outdoors"),
    ("mains_hz", "50"): "50 Hz",
    ("mains_hz", "60"): "60 Hz",
    ("reading", "lan"): _("who is in this network"),
    ("reading", "login"): _("nobody: login or token"),
    ("reading", "open"): _("everybody"),
    ("MAIL_SECURITY", "none"): _("no encryption"),
    ("MAIL_SECURITY", "starttls"): "STARTTLS",
    ("MAIL_SECURITY", "ssl"): "TLS",
    ("MQTT_TLS", "none"): _("no encryption"),
    ("MQTT_TLS", "tls"): "TLS",
}


def title(name: str) -> str:
    """The name of an option, a connection, a step or another line of the history; one that has none keeps its own."""
    if name.startswith(SENSOR):
        return gettext("Sensors, %(role)s", role=wording.role(name.removeprefix(SENSOR)))
    if name.startswith(NOTE_KEY):
        about = name.removeprefix(NOTE_KEY)
        return gettext("Words of this house") + (f" – {wording.kind(about)}" if about in KINDS else "")
    return str(TITLES.get(name, name))


def changed(name: str, value: str) -> str:
    """What a line of the history says that a setting was changed to."""
    if name == STOP_KEY:
        until, _space, reason = value.partition(" ")
        return f"{STOPS[reason]}, → {day_time(int(until))}" if reason in STOPS and until.isdecimal() else "–"
    if name == "learned.reset":
        return str(PARTS.get(value, value))
    if name == PROBES_FOUND:
        return ", ".join(f"{wording.role(role)} {address}" for role, address in json.loads(value).items())
    if value in ANSWERS and name == "test_received":
        return str(ANSWERS[value])
    if name in LIMITS and LIMITS[name].unit:
        return f"{exact(float(value))} {unit(name)}".rstrip()
    return choice(name, value) or "–"


def words(name: str) -> str:
    """What an option is for."""
    return str(WORDS.get(name, ""))


def accepts(name: str) -> str:
    """What an option accepts."""
    limits = LIMITS.get(name)
    if limits is None:
        return gettext("nothing: there is no such setting")
    if limits.choices:
        return gettext(" or ").join(choice(name, one) for one in limits.choices)
    if not limits.unit:
        return gettext("a zone such as Europe/Paris")
    return gettext(
        "%(low)s to %(high)s %(unit)s", low=exact(limits.low), high=exact(limits.high), unit=unit(name)
    ).rstrip()


def accepts_connection(name: str) -> str:
    """What a connection accepts, and what an empty one means; empty where there is nothing to say."""
    if name in ACCEPTED:
        return ""
    return {
        "MAIL_PORT": gettext("1 to 65535; empty: 587 for STARTTLS, 465 for TLS, 25 without"),
        "MQTT_PORT": gettext("1 to 65535; empty: 1883, or 8883 for TLS"),
        "MAIL_SENDER": gettext("an address such as boiler@example.org; empty: the user"),
        "NEXMO_SENDER": gettext("11 letters and digits, or a number"),
        "HEARTBEAT_URL": gettext("an address that begins with http:// or https://"),
    }.get(name, "")


def unit(name: str) -> str:
    """The unit of an option, in words where it is no sign."""
    written = LIMITS[name].unit if name in LIMITS else ""
    return str(UNITS.get(written, written))


def choice(name: str, value: str) -> str:
    """One of the values of an option that has a list."""
    return str(CHOICES.get((name, value), value))
