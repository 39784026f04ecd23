"""The settings, behind a login: who is told, the setpoint, a test message; and the owner's first visit."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import logout_user
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from config.settings import Settings, SettingsError, load
from flask_app.boiler.options import OptionError, parse
from flask_app.models import Recipient, Setting
from flask_app.web import account, doors, notices, queries

pages = Blueprint("admin", __name__, url_prefix="/admin")

CHANNELS = {"mail": "CHAUDIERE_ALERT_EMAILS", "sms": "CHAUDIERE_ALERT_PHONES"}


OPEN = {"admin.login", "admin.owner"}


@pages.before_request
def _guard() -> Response | None:
    """Everything here asks for a login, what is added later too."""
    if request.endpoint in OPEN or account.visitor() is not None:
        return None
    return redirect(url_for("admin.login"))


@pages.get("/")
def read_admin() -> str:
    """The settings."""
    return render_template(
        "admin.html",
        recipients=queries.recipients(),
        told=notices.channels(),
        setpoint=queries.options().setpoint,
    )


# --- coming and going


@pages.route("/login", methods=["GET", "POST"])
def login() -> Response | str:
    """The login; the owner's first visit when there is no user yet."""
    if not queries.has_user():
        return redirect(url_for("admin.owner"))
    if request.method == "POST":
        user = account.matching(request.form.get("name", ""), request.form.get("password", ""))
        if user is not None:
            account.begin_session(user)
            return redirect(url_for("admin.read_admin"))
        flash(_("Wrong name or password."), "bad")
    return render_template("login.html")


@pages.route("/owner", methods=["GET", "POST"])
def owner() -> Response | str:
    """The first visit: who has the code that the start printed becomes the owner."""
    if queries.has_user():
        return redirect(url_for("admin.login"))
    if request.method == "POST" and (refusal := _become_owner()):
        flash(refusal, "bad")
    elif request.method == "POST":
        return redirect(url_for("admin.read_admin"))
    return render_template("owner.html", shortest=account.SHORTEST)


def _become_owner() -> str:
    """What is wrong; empty when the owner was made and is logged in."""
    settings: Settings = current_app.config["SETTINGS"]
    if not account.accept_code(settings, request.form.get("code", "")):
        return _("This is not the code. `python manager.py users code` prints it.")
    try:
        user = account.create_user(request.form.get("name", ""), request.form.get("password", ""))
    except account.AccountError:
        return _("A name, and a password of 12 characters or more, are needed.")
    account.forget_code(settings)
    account.begin_session(user)
    return ""


@pages.post("/logout")
def logout() -> Response:
    """Ends the session."""
    logout_user()
    session.clear()
    return redirect(url_for("status.read_status"))


# --- who is told


@pages.post("/recipients")
def add_recipient() -> Response:
    """Adds an address or a number."""
    channel = request.form.get("channel", "")
    address = _checked(channel, request.form.get("address", ""))
    if address is None:
        flash(_("Not understood: an address such as you@example.org, or a number such as +33639980001."), "bad")
        return _back()
    try:
        with doors.writing() as database:
            database.add(Recipient(channel=channel, address=address))
    except IntegrityError:
        flash(_("%(address)s is in the list already.", address=address), "bad")
        return _back()
    flash(_("%(address)s will be told of every alert.", address=address), "good")
    return _back()


@pages.post("/recipients/<int:recipient_id>/remove")
def remove_recipient(recipient_id: int) -> Response:
    """Removes one."""
    with doors.writing() as database:
        database.execute(delete(Recipient).where(Recipient.id == recipient_id))
    flash(_("Removed."), "good")
    return _back()


def _checked(channel: str, address: str) -> str | None:
    """The address as the settings' own checks accept it; None when they refuse it."""
    if channel not in CHANNELS or "," in address or not address.strip() or len(address) > 254:
        return None
    try:
        found = load({CHANNELS[channel]: address})
    except SettingsError:
        return None
    return (found.alert_emails + found.alert_phones)[0]


# --- the setpoint


@pages.post("/setpoint")
def set_setpoint() -> Response:
    """Changes the setpoint from now on."""
    words = request.form.get("setpoint", "").strip().replace(",", ".")
    try:
        value = parse("setpoint", words)
    except OptionError:
        flash(_("The setpoint accepts 30 to 90 °C."), "bad")
        return _back()
    with doors.writing() as database:
        database.add(Setting(key="setpoint", since_ts=queries.now(), value=f"{value:g}", by=account.visitor() or ""))
    flash(_("The setpoint is now %(value)s °C.", value=f"{value:g}"), "good")
    return _back()


# --- a test message


@pages.post("/test")
def send_test() -> Response:
    """Sends one test message to each who is told, and shows what the gateway answered."""
    # Mail and SMS libraries cost 0.3 s to load, and only this button needs them.
    from flask_app import send_email_sms
    from flask_app.boiler.deliveries import Message

    settings: Settings = current_app.config["SETTINGS"]
    for channel, address in notices.channels():
        message = Message(
            channel=channel,
            address=address,
            subject=_("Chaudiere: test message"),
            text=_("This is a test of the boiler's watch. %(url)s", url=settings.url),
        )
        send = send_email_sms.catch if g.simulated else send_email_sms.send
        answer = send(message, settings)
        flash(f"{address}: {answer.outcome.value} — {answer.words}", "plain")
    return _back()


def _back() -> Response:
    return redirect(url_for("admin.read_admin"))
