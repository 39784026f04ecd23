"""`manager.py alerts`: a test of each way with its gateway's answer, the list, and a message sent again."""

from __future__ import annotations

import time

from click.testing import CliRunner, Result

from config.settings import Settings
from flask_app import store
from flask_app.boiler.deliveries import Delivery
from flask_app.store import Database, World
from manager import cli
from tests.boiler.log import Log
from tests.servers import Gateway, Mailbox

NOW = 1_796_000_000


def alerts(environ: dict[str, str], *words: str) -> Result:
    return CliRunner(env=dict(environ)).invoke(cli, ["alerts", *words])


def keep_alert(database: Database) -> None:
    with database.writing() as connection:
        alert_id = store.open_alert(connection, "jam", NOW, "{}", 0)
        planned = [
            Delivery(reason, channel, address, NOW + late, NOW + 86400)
            for late, reason in ((0, "opened"), (600, "reminder"))
            for channel, address in (("mail", "ana@example.org"), ("sms", "+33639980001"))
        ]
        store.insert_deliveries(connection, alert_id, planned)
        connection.execute("UPDATE Delivery SET sent_ts = due_ts")


def test_each_way_is_tested_and_says_what_its_gateway_answers(
    mailbox: Mailbox, gateway: Gateway, environ: dict[str, str], database: Database
) -> None:
    service = gateway.url.replace("http", "json")

    said = alerts(environ, "test", "--email", "a@example.org", "--sms", "+33639980002", "--service", service)

    assert said.exit_code == 0, said.output
    assert "mail a@example.org: sent: accepted by 127.0.0.1" in said.output
    assert "sms +33639980002: sent: accepted, 1 part(s)" in said.output
    assert f"apprise {service}: sent: accepted by JSON" in said.output


def test_a_way_that_refuses_fails_the_test_with_its_words(
    gateway: Gateway, environ: dict[str, str], database: Database
) -> None:
    gateway.statuses = ["29"]

    said = alerts(environ, "test", "--sms", "+33639980002")

    assert said.exit_code == 1
    assert "refused: status 29: text of 29" in said.output


def test_the_newest_message_of_an_alert_is_sent_again_to_each(
    mailbox: Mailbox, gateway: Gateway, environ: dict[str, str], database: Database, settings: Settings
) -> None:
    keep_alert(database)

    said = alerts(environ, "resend", "1")

    assert said.exit_code == 0, said.output
    assert [str(mail["To"]) for mail in mailbox.mails] == ["ana@example.org"]
    assert "rappel" in str(mailbox.mails[0]["Subject"])
    assert len(gateway.forms) == 1


def test_what_is_not_there_cannot_be_sent_again(environ: dict[str, str], database: Database) -> None:
    said = alerts(environ, "resend", "9")

    assert said.exit_code == 1
    assert "alerts list" in said.output


def test_a_simulated_boiler_s_message_is_caught_again(environ: dict[str, str], database: Database) -> None:
    database.claim(World.SIMULATED)
    keep_alert(database)

    assert "caught: kept in" in alerts(environ, "resend", "1").output


def test_the_list_says_who_looks_after_an_alert(environ: dict[str, str], database: Database) -> None:
    keep_alert(database)
    with database.writing() as connection:
        connection.execute("UPDATE Alert SET acknowledged_ts = 1, acknowledged_by = 'Ana'")

    assert "(open), Ana looks after it" in alerts(environ, "list", "--days", "3660").output


def test_another_threshold_is_rehearsed_on_the_minutes_kept(environ: dict[str, str], database: Database) -> None:
    log = Log(water=66.0).rest(120, 62.0).rest(60, 50.0).add(60, water=66.0)
    late = int(time.time()) // 60 * 60 - log.ts
    with database.writing() as connection:
        store.insert_minutes(connection, [row._replace(ts=row.ts + late) for row in log.rows])

    said = alerts(environ, "rehearse", "--setpoint", "45")

    assert said.exit_code == 0, said.output
    assert "setpoint 56 °C: 1 alert\n" in said.output
    assert "coldest 50.0 °C" in said.output
    assert "setpoint 45 °C: no alert" in said.output


def test_a_rehearsal_needs_a_threshold_and_minutes(environ: dict[str, str], database: Database) -> None:
    assert "name a threshold" in alerts(environ, "rehearse").output
    nothing = alerts(environ, "rehearse", "--setpoint", "45")
    assert nothing.exit_code == 1
    assert "no minutes of the last 7 days" in nothing.output
