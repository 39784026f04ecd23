"""What each setting is called, what it is for and what it accepts, in the visitor's language."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from flask_app.boiler.options import LIMITS
from flask_app.web import wording

SENSOR = "sensor_"
"""What the history calls a change of a probe or clamp begins so; the role follows."""

CONNECTIONS = {
    "mail": ("MAIL_SERVER", "MAIL_PORT", "MAIL_SECURITY", "MAIL_USERNAME", "MAIL_PASSWORD", "MAIL_SENDER"),
    "sms": ("NEXMO_API_KEY", "NEXMO_API_SECRET", "NEXMO_SENDER"),
    "mqtt": ("MQTT_HOST", "MQTT_PORT", "MQTT_TLS", "MQTT_USERNAME", "MQTT_PASSWORD"),
    "heartbeat": ("HEARTBEAT_URL",),
}
"""The groups of the page that go into the secret file."""

# Lazy: each is looked up when it is shown, and no other with it.

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
    "MAIL_SECURITY": _("Encryption: none, starttls or ssl"),
    "MAIL_USERNAME": _("User of the mail server"),
    "MAIL_PASSWORD": _("Password of the mail server"),
    "MAIL_SENDER": _("Address of the sender"),
    "NEXMO_API_KEY": _("Key of the SMS account"),
    "NEXMO_API_SECRET": _("Secret of the SMS account"),
    "NEXMO_SENDER": _("Sender of the SMS"),
    "MQTT_HOST": _("MQTT broker"),
    "MQTT_PORT": _("Port of the broker"),
    "MQTT_TLS": _("Encryption: none or tls"),
    "MQTT_USERNAME": _("User of the broker"),
    "MQTT_PASSWORD": _("Password of the broker"),
    "HEARTBEAT_URL": _("Address called while all is well"),
    "probes_seen": _("Probes"),
    "test_received": _("Test message received"),
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
    "hourly_messages": _("To one address, whatever the boiler does. What is held back goes into the next message."),
    "daily_sms": _("To one number: an SMS costs money."),
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
    ("reading", "lan"): _("whoever is in this network"),
    ("reading", "login"): _("nobody: a login or a token is needed"),
    ("reading", "open"): _("everybody who reaches the page"),
}


def title(name: str) -> str:
    """The name of an option, a connection or a step; one that has none keeps its own."""
    if name.startswith(SENSOR):
        return gettext("Sensors, %(role)s", role=wording.role(name.removeprefix(SENSOR)))
    return str(TITLES.get(name, name))


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
        "%(low)s to %(high)s %(unit)s", low=f"{limits.low:g}", high=f"{limits.high:g}", unit=unit(name)
    ).rstrip()


def unit(name: str) -> str:
    """The unit of an option, in words where it is no sign."""
    written = LIMITS[name].unit if name in LIMITS else ""
    return str(UNITS.get(written, written))


def choice(name: str, value: str) -> str:
    """One of the values of an option that has a list."""
    return str(CHOICES.get((name, value), value))
