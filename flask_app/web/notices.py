"""What every page says beyond its own subject: a simulated boiler, nobody to tell, messages that do not leave."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask, current_app, g
from flask_babel import gettext as _

from config.settings import Settings
from flask_app.boiler.phases import Phase
from flask_app.web import assets, explained, gate, queries, wording

RECENT = 7 * 86400


def configure(app: Flask) -> None:
    """Hands the notices and the words to every template."""
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    ready = hasattr(g, "simulated")
    return {
        "simulated": ready and g.simulated,
        "notices": notices() if ready and gate.level() >= gate.Level.READER else [],
        "asset_version": assets.version(),
        "uplot_url": assets.uplot_url,
        "phase_name": wording.phase,
        "kind_name": wording.kind,
        "channel_name": wording.channel,
        "occasion_name": wording.occasion,
        "outcome_name": wording.outcome,
        "masked": wording.masked,
        "doer": wording.doer,
        "spare_name": wording.spare,
        "role_name": wording.role,
        "step_title": _step,
        "choice_name": explained.choice,
        "accepts": explained.accepts,
        "unit_name": explained.unit,
        "phase_sign": wording.SIGNS,
        "Phase": Phase,
    }


def _step(step: str) -> str:
    return _("Who is told of alerts") if step == "recipients" else explained.title(step)


def channels() -> list[tuple[str, str]]:
    """(channel, address) of all who are told: the page's list, else the environment's."""
    if found := queries.recipients():
        return found
    settings: Settings = current_app.config["SETTINGS"]
    return [("mail", address) for address in settings.alert_emails] + [
        ("sms", phone) for phone in settings.alert_phones
    ]


class Notice(NamedTuple):
    """A sentence, and where its remedy is."""

    words: str
    url: str
    place: str


def notices() -> list[Notice]:
    """What to show on every page."""
    found = [Notice(words, "/admin/", _("Settings")) for words in _lacking()]
    if queries.undelivered(queries.now() - RECENT):
        words = _("Some messages of the last days did not leave: the alerts page tells which and why.")
        found.append(Notice(words, "/alerts/", _("Alerts")))
    return found


def _lacking() -> list[str]:
    told = {channel for channel, _address in channels()}
    if not told:
        return [_("Nobody will be told of an alert: add an e-mail address or a phone number in the settings.")]
    return [] if g.simulated else _unconfigured(told)


def _unconfigured(told: set[str]) -> list[str]:
    settings: Settings = current_app.config["SETTINGS"]
    found = []
    if "mail" in told and not settings.mail.server:
        found.append(_("No mail can leave: name a mail server in the settings."))
    if "sms" in told and not (settings.sms.api_key and settings.sms.api_secret):
        found.append(_("No SMS can leave: give the key and the secret of the SMS account in the settings."))
    return found
