"""The settings: every option, how messages leave, and who changed what when."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config import settings as configuration
from config.settings import Settings, SettingsError
from flask_app.boiler.options import LIMITS, Limits, OptionError, parse
from flask_app.models import Setting
from flask_app.web import account, doors, explained, queries

pages = Blueprint("choices", __name__, url_prefix="/admin")

HISTORY = 200


class Choice(NamedTuple):
    """An option as the page shows it."""

    name: str
    title: str
    words: str  # what it is for
    limits: Limits
    value: str
    default: str
    origin: str  # page, environment or default


@pages.get("/")
def read_choices() -> str:
    """The settings."""
    return render_template(
        "choices.html",
        choices=choices(),
        secrets=connections(),
        accepts_connection=explained.accepts_connection,
    )


@pages.get("/history")
def read_history() -> str:
    """Who changed what when, newest first."""
    return render_template(
        "history.html", changes=queries.changes(HISTORY), title=explained.title, changed=explained.changed
    )


def written(value: object) -> str:
    """An option's value as one types it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def choices() -> list[Choice]:
    """Every option, in the order of boiler/options.py."""
    now, base = queries.options(), current_app.config["SETTINGS"].options
    changed = queries.changed_keys()
    found = []
    for name, limits in LIMITS.items():
        default = base._field_defaults[name]
        origin = "page" if name in changed else "environment" if getattr(base, name) != default else "default"
        value = written(getattr(now, name))
        found.append(
            Choice(name, explained.title(name), explained.words(name), limits, value, written(default), origin)
        )
    return found


# --- options


@pages.post("/options/<name>")
def set_option(name: str) -> Response | tuple[str, int]:
    """Changes one option from now on: jobs and loop see it at their next turn."""
    words = request.form.get("value", "").strip()
    if not keep_option(name, words):
        return read_choices(), 400
    value = explained.changed(name, queries.newest_value(name))
    flash(_("%(title)s: %(value)s from now on.", title=explained.title(name), value=value), "good")
    return redirect(url_for("choices.read_choices"))


def keep_option(name: str, words: str) -> bool:
    """Keeps a value typed for an option; False, and the page says why, when it is not accepted."""
    try:
        value = parse(name, words.replace(",", ".") if name in LIMITS and LIMITS[name].unit else words)
    except OptionError:
        flash(_("%(title)s accepts %(range)s.", title=explained.title(name), range=explained.accepts(name)), "bad")
        return False
    keep_change(name, written(value))
    return True


def keep_change(key: str, value: str) -> None:
    """Writes a line of the history; for an option, it is what is in force from now on."""
    with doors.writing() as database:
        note(database, key, value)


def note(database: Session, key: str, value: str) -> None:
    """The line of the history that belongs to a change, in that change's transaction."""
    database.add(Setting(key=key, since_ts=queries.now(), value=value, by=account.visitor() or ""))


# --- how messages leave


class Connection(NamedTuple):
    """One value of the secret file as the page shows it; a secret's value is never there."""

    name: str
    title: str
    secret: bool
    given: bool
    value: str
    accepted: tuple[str, ...]  # empty: any text


def connections() -> list[tuple[str, list[Connection]]]:
    """What the secret file may hold, by group; a secret only as given or not."""
    kept = configuration.kept(current_app.config["SETTINGS"].home)
    groups = []
    for group, names in explained.CONNECTIONS.items():
        rows = []
        for name in names:
            value, secret = kept.get(f"CHAUDIERE_{name}", ""), name in configuration.SECRETS
            rows.append(
                Connection(
                    name,
                    explained.title(name),
                    secret,
                    bool(value),
                    "" if secret else value,
                    explained.ACCEPTED.get(name, ()),
                )
            )
        groups.append((group, rows))
    return groups


@pages.post("/connections/<group>")
def set_connections(group: str) -> Response | tuple[str, int]:
    """Keeps the values of one group in the secret file; an empty secret stays as it is, "-" removes it."""
    settings: Settings = current_app.config["SETTINGS"]
    names = explained.CONNECTIONS.get(group, ())
    kept = configuration.kept(settings.home)
    wanted = dict(kept)
    for name in names:
        value = request.form.get(name, "").strip()
        if name in configuration.SECRETS and not value:
            continue
        wanted[f"CHAUDIERE_{name}"] = "" if value == "-" else value
    try:
        current_app.config["SETTINGS"] = configuration.keep(settings, wanted)
    except SettingsError as error:
        wrong = [explained.title(name) for name in names if f"CHAUDIERE_{name} " in str(error)]
        accepted = [explained.accepts_connection(name) for name in names if f"CHAUDIERE_{name} " in str(error)]
        flash(_("Not accepted: %(title)s.", title=", ".join(wrong)) + f" {' '.join(accepted)}", "bad")
        return read_choices(), 400
    for key in sorted(key for key in wanted if wanted[key] != kept.get(key, "")):
        name = key.removeprefix("CHAUDIERE_")
        keep_change(name, "•••" if name in configuration.SECRETS else wanted[key])
    sends = group in ("mail", "sms")
    words = _("Kept. The next message leaves that way: send a test.") if sends else _("Kept: in force within a minute.")
    flash(words, "good")
    return redirect(url_for("choices.read_choices"))
