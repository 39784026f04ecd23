"""Who is told and with which words, behind a login: people, tests with the gateway's answer, the house's own notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config.settings import Settings, SettingsError, load
from flask_app import letters, links
from flask_app.boiler.alerts import Kind
from flask_app.boiler.deliveries import Channel, Message, Occasion, next_step, quiet, trial
from flask_app.boiler.deliveries import Recipient as Person
from flask_app.boiler.timetable import NOTE_KEY, notes_at
from flask_app.models import Alert, Attempt, Delivery, Recipient, db
from flask_app.web import account, choices, doors, first, queries, taps, wording
from flask_app.words import translator

pages = Blueprint("told", __name__, url_prefix="/admin/told")

CHANNELS = {"mail": "CHAUDIERE_ALERT_EMAILS", "sms": "CHAUDIERE_ALERT_PHONES"}
LONGEST_NOTE = 200
TEST_REST = 60  # seconds between two tests of one address: an SMS costs money
NOTED = [
    Kind.LOW_WATER,
    Kind.FIRE_DYING,
    Kind.IGNITION_FAILED,
    Kind.JAM,
    Kind.POWER_CUT,
    Kind.BLIND,
    Kind.LOW_INDOOR,
]
"""The kinds that a house has words of its own for."""


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


# --- people


@pages.get("/")
def read_told() -> str:
    """Everyone who is told, when each way was last proven, and the house's notes."""
    return render_template(
        "told.html",
        recipients=people(),
        named=_named_by_environment(),
        proven=proven(),
        balance=newest_balance(),
        kinds=list(Kind),
        noted=NOTED,
        notes=notes_at(queries.setting_changes(), queries.now()),
    )


def people() -> Sequence[Recipient]:
    """Those named on the page, in the order in which they are told."""
    query = select(Recipient).order_by(Recipient.position, Recipient.channel, Recipient.id)
    return db.session.execute(query).scalars().all()


def _named_by_environment() -> list[tuple[str, str]]:
    settings = _settings()
    mails = [("mail", address) for address in settings.alert_emails]
    return mails + [("sms", phone) for phone in settings.alert_phones]


@pages.post("/people")
def add_person() -> Response | tuple[str, int]:
    """Adds one."""
    return _keep_person(None)


@pages.post("/people/<int:recipient_id>")
def change_person(recipient_id: int) -> Response | tuple[str, int]:
    """Changes one; its address stays, when the form leaves it empty."""
    return _keep_person(recipient_id)


def _keep_person(recipient_id: int | None) -> Response | tuple[str, int]:
    fields, refusal = checked(request.form, recipient_id is None)
    if fields is None:
        return _refused(refusal)
    try:
        with doors.writing() as database:
            if recipient_id is None:
                database.add(Recipient(**fields))
                choices.note(database, "recipient", f"+ {_line(fields['channel'], fields['address'])}")
            elif former := database.get(Recipient, recipient_id):
                choices.note(database, "recipient", f"± {_line(former.channel, former.address)}")
                database.execute(update(Recipient).where(Recipient.id == recipient_id).values(**fields))
    except IntegrityError:
        return _refused(_("%(address)s is in the list already.", address=fields["address"]))
    flash(_("Kept."), "good")
    return _back()


@pages.post("/people/<int:recipient_id>/remove")
def remove_person(recipient_id: int) -> Response:
    """Removes one."""
    with doors.writing() as database:
        if former := database.get(Recipient, recipient_id):
            choices.note(database, "recipient", f"− {_line(former.channel, former.address)}")
            database.delete(former)
    flash(_("Removed."), "good")
    return _back()


def _line(channel: str, address: str) -> str:
    """Who it is about, for the history."""
    return f"{channel} {wording.masked(channel, address)}"


def checked(form: Any, new: bool) -> tuple[dict[str, Any] | None, str]:
    """The columns of a recipient as the form gives them, or what is not understood."""
    fields: dict[str, Any] = {}
    if new:
        channel = form.get("channel", "")
        address = checked_address(channel, form.get("address", ""))
        if address is None:
            return None, _(
                "Not understood: an address such as you@example.org, a number such as +33639980001, "
                "or a service such as ntfy://ntfy.sh/your-topic."
            )
        fields |= {"channel": channel, "address": address}
    name, position, language = (form.get(field, "").strip() for field in ("name", "position", "language"))
    kinds = [kind for kind in form.getlist("kinds") if kind in {known.value for known in Kind}]
    try:
        hours = form.get("quiet", "").strip()
        quiet(hours)
    except ValueError:
        return None, _("Quiet hours are written as 22:00-07:00.")
    if len(name) > 40 or not name.isprintable() or language not in ("", "fr", "en"):
        return None, _("The name accepts 40 characters at most.")
    if position and not (position.isascii() and position.isdecimal() and 1 <= int(position) <= 9):
        return None, _("The turn accepts 1 to 9.")
    chosen = "" if len(kinds) == len(Kind) else ",".join(kinds)
    fields |= {"name": name, "position": int(position or 1), "language": language, "kinds": chosen, "quiet": hours}
    return fields, ""


def checked_address(channel: str, address: str) -> str | None:
    """The address as its way accepts it; None when it does not."""
    address = address.strip()
    if not address or len(address) > 254 or not address.isprintable():
        return None
    if channel == Channel.APPRISE.value:
        # 0.4 s, once when an address is entered: what no plug-in knows must not wait for an alert to be found out.
        import apprise

        return address if "://" in address and apprise.Apprise.instantiate(address) is not None else None
    if channel not in CHANNELS or "," in address:
        return None
    try:
        found = load({CHANNELS[channel]: address})
    except SettingsError:
        return None
    return (found.alert_emails + found.alert_phones)[0]


# --- tests


@pages.post("/people/<int:recipient_id>/test")
def send_test(recipient_id: int) -> Response:
    """Sends one test message and shows what the gateway answered; it is kept with the other deliveries."""
    one = db.session.get(Recipient, recipient_id)
    if one is None:
        abort(404)
    _try(_person(one))
    return _back()


@pages.post("/test")
def send_tests() -> Response:
    """Sends a test message to each who is told."""
    named = [Person(channel, address) for channel, address in _named_by_environment()]
    for person in [_person(one) for one in people()] or named:
        _try(person)
    return _back()


def _person(one: Recipient) -> Person:
    return Person(one.channel, one.address, one.name, one.position, one.language)


def _try(person: Person) -> None:
    address = wording.masked(person.channel, person.address)
    if _tested_since(person, queries.now() - TEST_REST):
        flash(_("A test went to %(address)s within the last minute: wait a little.", address=address), "bad")
        return
    # Mail and SMS libraries cost 0.3 s to load, and only this button needs them.
    from flask_app import send_email_sms

    send = send_email_sms.catch if g.simulated else send_email_sms.send
    answer = send(_test_message(person), _settings())
    with doors.writing() as database:
        _keep_test(database, person, answer)
    flash(f"{address} – {wording.outcome(answer.outcome.value)} – {answer.words}", "plain")


def _tested_since(person: Person, ts: int) -> bool:
    query = select(Delivery.id).where(
        Delivery.reason == Occasion.TEST.value,
        Delivery.channel == person.channel,
        Delivery.address == person.address,
        Delivery.due_ts > ts,
    )
    return db.session.execute(query.limit(1)).first() is not None


def _test_message(person: Person) -> Message:
    settings, options, now = _settings(), queries.options(), queries.now()
    language = person.language or options.language
    frame = letters.Frame(now, language, settings.url, links.home_only(settings.url), bool(g.simulated))
    zone = ZoneInfo(options.timezone)
    words = letters.Words(frame, translator(language), lambda ts, form: datetime.fromtimestamp(ts, zone).strftime(form))
    story = [letters.Story(Occasion.TEST, None, now)]
    if person.channel == Channel.SMS.value:
        return Message(person.channel, person.address, "", letters.sms(story, words))
    return Message(person.channel, person.address, letters.subject(story, words), letters.text(story, words))


def _keep_test(database: Session, person: Person, answer: Any) -> None:
    now = queries.now()
    columns = trial(person, now)._asdict()
    # Sent or not, a test is over: nobody wants it an hour later.
    ended = next_step(answer.outcome) or "failed_ts"
    tested = Delivery(**columns, **{ended: now})
    database.add(tested)
    database.flush()
    database.add(
        Attempt(
            delivery_id=tested.id,
            ts=now,
            outcome=answer.outcome.value,
            words=answer.words,
            balance=answer.balance,
        )
    )


class Proof(NamedTuple):
    """When a way was last seen to work, and when it last failed."""

    channel: str
    sent_ts: int | None
    failed_ts: int | None


def proven() -> list[Proof]:
    """The last hand-over and the last failure of each way that anybody is told by."""
    ways = {one.channel for one in people()} or {channel for channel, _address in _named_by_environment()}
    query = select(Delivery.channel, func.max(Delivery.sent_ts), func.max(Delivery.failed_ts)).group_by(
        Delivery.channel
    )
    found = {channel: Proof(channel, sent_ts, failed_ts) for channel, sent_ts, failed_ts in db.session.execute(query)}
    return [found.get(way, Proof(way, None, None)) for way in sorted(ways)]


def newest_balance() -> tuple[float, int] | None:
    """(what is left on the account of the SMS gateway, when it said so)."""
    query = select(Attempt.balance, Attempt.ts).where(Attempt.balance.is_not(None)).order_by(Attempt.id.desc())
    found = db.session.execute(query.limit(1)).first()
    return (found.balance, found.ts) if found else None


# --- the house's own words


@pages.post("/notes")
def keep_notes() -> Response | tuple[str, int]:
    """Keeps what changed of the installer and the notes by cause."""
    before = notes_at(queries.setting_changes(), queries.now())
    names = ["installer", *(kind.value for kind in NOTED)]
    given = {name: " ".join(request.form.get(name, "").split()) for name in names}
    if any(len(words) > LONGEST_NOTE or not words.isprintable() for words in given.values()):
        return _refused(_("A note accepts 200 characters."))
    with doors.writing() as database:
        for name, words in given.items():
            if words != before.get(name, ""):
                choices.note(database, NOTE_KEY + name, words)
    flash(_("Kept."), "good")
    return _back()


# --- alerts


@pages.post("/alerts/<int:alert_id>/acknowledge")
def acknowledge(alert_id: int) -> Response:
    """Acknowledges an open alert in one's own name."""
    with doors.writing() as database:
        done = taps.take(database, alert_id, account.visitor() or "")
    flash(_("Thank you: the others are told.") if done else _("Somebody looks after it, or it is over."), "good")
    return redirect(url_for("alerts.read_alert", alert_id=alert_id))


@pages.post("/deliveries/<int:delivery_id>/resend")
def resend(delivery_id: int) -> Response:
    """Plans a message again, for the next minute's run to send."""
    one = db.session.get(Delivery, delivery_id)
    if one is None or one.alert_id is None or db.session.get(Alert, one.alert_id) is None:
        abort(404)
    try:
        with doors.writing() as database:
            database.add(again(one, queries.now()))
    except IntegrityError:
        pass  # tapped twice within a second: once is what was meant
    flash(_("It leaves within a minute."), "good")
    return redirect(url_for("alerts.read_alert", alert_id=one.alert_id))


def again(one: Delivery, now: int) -> Delivery:
    """The same message, due now."""
    return Delivery(
        alert_id=one.alert_id,
        reason=one.reason,
        channel=one.channel,
        address=one.address,
        due_ts=now,
        expires_ts=now + one.expires_ts - one.due_ts,
    )


def _on_first_visit() -> bool:
    """Whether the form stands among the steps of the first visit, and not on this page."""
    return request.form.get("back") == "first"


def _back() -> Response:
    return redirect(url_for("first.read_steps" if _on_first_visit() else "told.read_told"))


def _refused(words: str) -> tuple[str, int]:
    flash(words, "bad")
    return first.read_steps() if _on_first_visit() else read_told(), 400
