"""The commands of the alerts: shown, rehearsed, and sent as a proof."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from config.settings import Settings, load
from flask_app.commands import installation

if TYPE_CHECKING:
    from flask_app.boiler.deliveries import Recipient
    from flask_app.boiler.rehearsal import Rehearsed
    from flask_app.store import Database


@click.group()
def alerts() -> None:
    """What was warned of, and proof that a warning arrives."""


@alerts.command(name="test", epilog="Example: manager.py alerts test --email you@example.org --sms +33639980000")
@click.option("--email", "emails", multiple=True, metavar="ADDRESS", help="A mail address; repeatable.")
@click.option("--sms", "phones", multiple=True, metavar="NUMBER", help="A phone, as +33639980000; repeatable.")
@click.option("--service", "services", multiple=True, metavar="URL", help="A service by apprise's URL; repeatable.")
@click.option("--really-send", is_flag=True, help="Send it even though the boiler is simulated.")
def test_alerts(emails: tuple[str, ...], phones: tuple[str, ...], services: tuple[str, ...], really_send: bool) -> None:
    """Send a test message and show what the gateway answers."""
    from flask_app import store
    from flask_app.boiler import deliveries

    given = {"CHAUDIERE_ALERT_EMAILS": ",".join(emails), "CHAUDIERE_ALERT_PHONES": ",".join(phones)}
    asked = load({**os.environ, **given})
    recipients = [deliveries.Recipient("mail", address) for address in asked.alert_emails]
    recipients += [deliveries.Recipient("sms", phone) for phone in asked.alert_phones]
    recipients += [deliveries.Recipient("apprise", url) for url in services]
    if not recipients:
        raise click.UsageError("nobody to send to: give --email, --sms or --service")
    with installation.opened() as (settings, database):
        with database.writing(durable=True) as connection:
            trials = [deliveries.trial(recipient, installation.now()) for recipient in recipients]
            ids = store.insert_deliveries(connection, None, trials)
        _show_answers(database, settings, dict(zip(ids, recipients, strict=False)), really_send)


def _show_answers(
    database: Database, settings: Settings, asked: dict[int, Recipient], really_send: bool = False
) -> None:
    """Sends those deliveries now and shows what each gateway answers; exit status 1 unless all are accepted."""
    from flask_app.boiler import deliveries
    from flask_app.script.deliver import deliver

    answers = deliver(database, settings, only=list(asked), really_send=really_send)
    for number, recipient in asked.items():
        answer = answers.get(number)
        said = (
            f"{answer.outcome.value}: {answer.words}" if answer else "waiting: another run is sending, and sends this"
        )
        click.echo(f"{recipient.channel} {recipient.address}: {said}")
    accepted = [answer for answer in answers.values() if deliveries.next_step(answer.outcome) == "sent_ts"]
    if len(accepted) < len(asked):
        sys.exit(1)


@alerts.command()
@click.argument("alert_id", type=click.IntRange(1, 2**62), metavar="ID")
@click.option("--really-send", is_flag=True, help="Send it even though the boiler is simulated.")
def resend(alert_id: int, really_send: bool) -> None:
    """Send the newest message of the alert ID again, to each who got one. `alerts list` shows the IDs."""
    from flask_app import store
    from flask_app.boiler import deliveries

    with installation.opened() as (settings, database):
        if not store.has_alert(database.connection, alert_id):
            raise click.ClickException(f"there is no alert {alert_id}: `alerts list` shows them")
        newest = store.newest_deliveries(database.connection, alert_id)
        if not newest:
            raise click.ClickException(f"nobody was told of alert {alert_id}: there is nothing to send again")
        people = [deliveries.Recipient(channel, address) for _reason, channel, address in newest]
        planned = [
            deliveries.trial(person, installation.now(), deliveries.Occasion(reason))
            for person, (reason, _, _) in zip(people, newest, strict=True)
        ]
        with database.writing(durable=True) as connection:
            ids = store.insert_deliveries(connection, alert_id, planned)
        _show_answers(database, settings, dict(zip(ids, people, strict=False)), really_send)


@alerts.command(epilog="Example: manager.py alerts rehearse --setpoint 52 --days 14")
@click.option("--setpoint", type=installation.Number(30, 90), metavar="°C", help="The water to warn below.")
@click.option("--low-indoor", type=installation.Number(0, 25), metavar="°C", help="The room to warn below.")
@click.option("--days", type=click.IntRange(1, 3660), default=7, show_default=True, help="How far back.")
def rehearse(setpoint: float | None, low_indoor: float | None, days: int) -> None:
    """Show when another threshold would have alerted, on the minutes kept; nothing is changed or sent."""
    from flask_app import store
    from flask_app.boiler import rehearsal
    from flask_app.boiler.options import every_option

    given = {"setpoint": setpoint, "low_indoor": low_indoor}
    tried = {name: value for name, value in given.items() if value is not None}
    if not tried:
        raise click.UsageError("name a threshold: --setpoint or --low-indoor")
    now = installation.now()
    start = now - days * 86400
    with installation.opened() as (settings, database):
        changes = store.option_changes(database.connection)
        minutes = store.minutes(database.connection, start - rehearsal.WARM_UP, now)
    if not any(minute.ts >= start for minute in minutes):
        raise click.ClickException(f"there are no minutes of the last {days} days to try it on")
    options_at = every_option(settings.options, changes)
    options = options_at(now)
    for name, value in tried.items():
        for number in dict.fromkeys((getattr(options, name), value)):
            found = rehearsal.rehearse(minutes, start, options_at, name, number)
            _show_rehearsed(options.timezone, name, number, found)


def _show_rehearsed(zone: str, name: str, value: float, found: list[Rehearsed]) -> None:
    click.echo(f"{name} {value:g} °C: {len(found) or 'no'} alert{'s' * (len(found) > 1)}")
    for one in found:
        until = "still open" if one.closed_ts is None else f"to {installation.local(zone, one.closed_ts)}"
        click.echo(f"  {installation.local(zone, one.opened_ts)} {until}, coldest {one.coldest:.1f} °C")


@alerts.command(name="list")
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="How far back.")
def list_alerts(days: int) -> None:
    """List the alerts, newest first."""
    query = (
        "SELECT id, kind, opened_ts, closed_ts, acknowledged_by FROM Alert WHERE opened_ts >= ? ORDER BY opened_ts DESC"
    )
    with installation.opened() as (_settings, database):
        found = database.connection.execute(query, (installation.now() - days * 86400,)).fetchall()
    for number, kind, opened_ts, closed_ts, by in found:
        opened, closed = (ts and time.strftime("%Y-%m-%d %H:%MZ", time.gmtime(ts)) for ts in (opened_ts, closed_ts))
        click.echo(f"{number:6} {kind:16} {opened} to {closed or '(open)'}{f', {by} looks after it' if by else ''}")
