"""What anyone of the house does in one tap, without a login: look after an alert, stop the boiler's messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config.settings import Settings
from flask_app import links, words
from flask_app.boiler.alerts import Kind
from flask_app.boiler.timetable import STOP_KEY, Reason, Stop, stop_at
from flask_app.models import Alert, Delivery, Recipient, Setting, db
from flask_app.web import account, doors, queries, throttle
from flask_app.web.languages import day_time

pages = Blueprint("taps", __name__)

BACK = ("/", "/kiosk", "/alerts/")
SWEEP = timedelta(hours=4)
ABSENCE = timedelta(days=7)
SUMMER_ENDS = (10, 1)  # month and day: the heating season of the house (BOILER.md) begins


def configure(app: Flask) -> None:
    """Hands the buttons to every template. Their own signature stands for the session's token: a phone that opens a
    mail's link has no session."""
    app.extensions["csrf"].exempt(pages)
    app.context_processor(lambda: {"open_alerts": open_alerts, "stop_taps": stop_taps, "stopped": stopped})


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def near() -> bool:
    """Whether the visitor is of the house: on its network, or logged in."""
    return account.visitor() is not None or throttle.near()


# --- the link of a message


@pages.get("/a/<token>")
def show_link(token: str) -> str:
    """What the alert is, and one button: looking changes nothing, mail programs look too."""
    alert, name = _linked(token)
    return render_template("acknowledge.html", alert=alert, name=name)


@pages.post("/a/<token>")
def take_by_link(token: str) -> str:
    """Acknowledges the alert for the person that the message went to."""
    alert, name = _linked(token)
    _take(alert.id, name)
    db.session.expire_all()
    return render_template("acknowledge.html", alert=queries.alert(alert.id), name=name)


def _linked(token: str) -> tuple[Alert, str]:
    """The alert of a link, or the one that goes on with its story, and who the message was for."""
    found = links.acknowledged(_settings(), token)
    alert = queries.alert(found[0]) if found else None
    if found is None or alert is None:
        abort(404)
    delivery = db.session.get(Delivery, found[1])
    name = _name_of(delivery) if delivery is not None and delivery.alert_id is not None else ""
    return _newest_of_story(alert), name or words.SOMEBODY


def _name_of(delivery: Delivery) -> str:
    query = select(Recipient.name).where(Recipient.channel == delivery.channel, Recipient.address == delivery.address)
    return db.session.execute(query).scalar() or delivery.address


def _newest_of_story(alert: Alert) -> Alert:
    while alert.closed_ts is not None and alert.kind == Kind.LOW_WATER.value:  # as store.life
        query = select(Alert).where(Alert.kind == alert.kind, Alert.opened_ts == alert.closed_ts, Alert.id != alert.id)
        later = db.session.execute(query).scalar()
        if later is None:
            break
        alert = later
    return alert


def _take(alert_id: int, name: str) -> bool:
    """Writes who looks after an open alert; False when somebody does already or it is over."""
    with doors.writing() as database:
        return take(database, alert_id, name)


def take(database: Session, alert_id: int, name: str) -> bool:
    """The statement of an acknowledgement: the first one holds."""
    statement = (
        update(Alert)
        .where(Alert.id == alert_id, Alert.acknowledged_ts.is_(None), Alert.closed_ts.is_(None))
        .values(acknowledged_ts=queries.now(), acknowledged_by=name)
        .returning(Alert.id)
    )
    return database.execute(statement).scalar() is not None


# --- the buttons of the pages and the kiosk


class Tap(NamedTuple):
    """A button: what it says, what it does, and what it sends back for that."""

    words: str
    deed: str
    token: str


class OpenAlert(NamedTuple):
    """An open alert, with its button while nobody looks after it."""

    alert: Any
    tap: Tap | None


def open_alerts() -> list[OpenAlert]:
    """For the template `_acknowledge.html`: the open alerts, those with a button first (the kiosk shows one), then the
    oldest first."""
    found: Sequence[Any] = (
        db.session.execute(select(Alert).where(Alert.closed_ts.is_(None)).order_by(Alert.opened_ts)).scalars().all()
    )
    may = near()
    listed = [
        OpenAlert(
            alert,
            _tap(_("I have seen it"), f"acknowledge-{alert.id}") if may and alert.acknowledged_ts is None else None,
        )
        for alert in found
    ]
    return sorted(listed, key=lambda one: one.tap is None)


def _tap(words: str, deed: str) -> Tap:
    return Tap(words, deed, links.tap_token(_settings(), deed, queries.now()))


def stopped() -> Stop | None:
    """The stop on purpose that holds now."""
    return stop_at(queries.setting_changes(), queries.now())


def stop_taps() -> list[Tap]:
    """For the template `_stop.html`: stops with an end each, or the end of the one that holds."""
    if not near():
        return []
    if stopped() is not None:
        return [_tap(_("The boiler runs again"), "run")]
    reasons = {
        Reason.SWEEP: _("Sweep or service: 4 hours"),
        Reason.ABSENCE: _("Absence: 7 days"),
        Reason.SUMMER: _("Summer: until 1 October"),
    }
    return [_tap(text, f"stop-{reason.value}") for reason, text in reasons.items()]


@pages.post("/tap")
def tap() -> Response:
    """Does what a page's button says."""
    deed, _dash, about = links.tapped(_settings(), request.form.get("token", ""), queries.now()).partition("-")
    if not near() or not deed:
        flash(_("This button is too old: load the page again."), "bad")
    elif deed == "acknowledge":
        _take(int(about), account.visitor() or words.AT_HOME)
        flash(_("Thank you: the others are told."), "good")
    elif deed == "stop":
        until_ts = stop_end(Reason(about), queries.now())
        _set_stop(f"{until_ts} {about}")
        flash(_("No message of the boiler until %(time)s.", time=day_time(until_ts)), "good")
    else:
        _set_stop("0")
        flash(_("Messages leave again."), "good")
    back = urlsplit(request.referrer or "").path
    return redirect(back if back in BACK else "/")


def stop_end(reason: Reason, now: int) -> int:
    """When a stop begun now ends (UTC seconds)."""
    moment = datetime.fromtimestamp(now, ZoneInfo(queries.options().timezone))
    if reason is not Reason.SUMMER:
        return int((moment + (SWEEP if reason is Reason.SWEEP else ABSENCE)).timestamp())
    month, day = SUMMER_ENDS
    end = moment.replace(month=month, day=day, hour=0, minute=0, second=0, microsecond=0)
    return int((end if end > moment else end.replace(year=end.year + 1)).timestamp())


def _set_stop(value: str) -> None:
    by = account.visitor() or words.AT_HOME
    with doors.writing() as database:
        database.add(Setting(key=STOP_KEY, since_ts=queries.now(), value=value, by=by))
