"""The outbox under bad weather: a week without network, gateways that fail and lie, kills at random points."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.settings import Settings, load
from flask_app import store
from flask_app.boiler.deliveries import Delivery
from flask_app.script.deliver import deliver
from flask_app.store import Database
from tests.script.test_deliver import Clock, said
from tests.servers import Gateway, Mailbox

PROJECT = Path(__file__).parent.parent.parent
NOW = 1_800_000_060
DAY = 86400
KINDS = ("low_water", "fire_dying", "jam", "blind", "power_cut")
HOUSE = "house@example.org"
PHONE = "+33639980001"


def open_alert(database: Database, kind: str, ts: int, closed_ts: int | None = None) -> None:
    """An alert told to both addresses, and its end."""
    with database.writing() as connection:
        alert_id = store.open_alert(connection, kind, ts, '{"water": 55.8, "setpoint": 56.0}', 0)
        assert alert_id is not None
        reasons = [("opened", ts)] + ([("recovery", closed_ts)] if closed_ts else [])
        planned = [
            Delivery(reason, channel, address, due_ts, due_ts + (7 * DAY if channel == "mail" else DAY))
            for reason, due_ts in reasons
            for channel, address in (("mail", HOUSE), ("sms", PHONE))
        ]
        store.insert_deliveries(connection, alert_id, planned)
        if closed_ts:
            store.close_alerts(connection, kind, 0, closed_ts)


def run(database: Database, settings: Settings, now: float) -> None:
    clock = Clock(now)
    deliver(database, settings, clock, clock.wait)


def test_after_a_week_without_network_each_incident_is_told_once_in_one_mail_and_the_state_now_by_sms(
    mailbox: Mailbox, gateway: Gateway, database: Database, settings: Settings
) -> None:
    gone = settings._replace(mail=settings.mail._replace(port=1), sms=settings.sms._replace(url="http://127.0.0.1:1"))
    for day in range(6):
        open_alert(database, KINDS[day % 4], NOW + day * DAY, NOW + day * DAY + 6000)
        for minute in range(0, 3600, 600):
            run(database, gone, NOW + day * DAY + 6100 + minute)
    open_alert(database, "low_water", NOW + 6 * DAY)
    run(database, gone, NOW + 6 * DAY + 60)
    back = NOW + 6 * DAY + 20 * 3600

    for minute in range(0, 300, 60):
        run(database, settings, back + minute)

    assert len(mailbox.mails) == 1
    text = said(mailbox.mails[0])
    assert text.count("Depuis le") == 7
    assert text.startswith("Eau sous la consigne")
    assert len(gateway.forms) == 1
    assert "Eau 55.8C sous 56C" in gateway.forms[0]["text"]
    left = "SELECT COUNT(*) FROM Delivery WHERE sent_ts IS NULL AND failed_ts IS NULL"
    assert database.connection.execute(left).fetchone() == (0,)
    first, last = database.connection.execute("SELECT MIN(sent_ts), MAX(sent_ts) FROM Delivery").fetchone()
    assert back <= first <= last <= back + 60
    # A week of tries is a row or two a message, not thousands.
    tries, rows = database.connection.execute("SELECT SUM(tries), COUNT(*) FROM Attempt").fetchone()
    print(f"{tries} tries in {rows} rows; first and last {first - back:.0f} and {last - back:.0f} s after return")
    assert rows <= 4 * database.connection.execute("SELECT COUNT(*) FROM Delivery").fetchone()[0]


def test_a_message_due_while_another_waits_is_tried_at_once(
    mailbox: Mailbox, gateway: Gateway, database: Database, settings: Settings
) -> None:
    mailbox.answer = "535 5.7.8 the provider changed its rules"
    open_alert(database, "jam", NOW)
    run(database, settings, NOW + 60)
    mailbox.answer = "250 OK"

    open_alert(database, "low_water", NOW + 90)
    run(database, settings, NOW + 100)

    assert len(mailbox.mails) == 1
    assert "(+1)" in str(mailbox.mails[0]["Subject"])


def test_a_refused_login_waits_for_its_owner_and_the_mail_leaves_when_it_is_mended(
    mailbox: Mailbox, database: Database, settings: Settings
) -> None:
    mailbox.answer = "535 5.7.8 the provider changed its rules"
    open_alert(database, "jam", NOW)
    for minute in range(0, 7200, 60):
        run(database, settings, NOW + 60 + minute)
    query = "SELECT SUM(tries) FROM Attempt JOIN Delivery ON Delivery.id = delivery_id WHERE channel = 'mail'"
    assert database.connection.execute(query).fetchone()[0] <= 20

    mailbox.answer = "250 OK"
    for minute in range(0, 1000, 60):
        run(database, settings, NOW + 7300 + minute)

    assert len(mailbox.mails) == 1


def test_no_address_gets_more_than_is_stated_whatever_the_boiler_does(
    mailbox: Mailbox, gateway: Gateway, database: Database, settings: Settings
) -> None:
    for number in range(24 * 60 // 5):
        now = NOW + number * 300
        open_alert(database, KINDS[number % 5], now, now + 200)
        run(database, settings, now + 210)

    hours = Counter(int(ts - NOW) // 3600 for (ts,) in database.connection.execute(LEFT, ("mail",)))
    texts = [ts for (ts,) in database.connection.execute(LEFT, ("sms",))]
    assert max(hours.values()) <= 6
    assert len(texts) <= 12
    assert len(gateway.forms) == len(texts)


@pytest.mark.parametrize(("kind", "left"), [("low_water", True), ("fire_dying", True), ("fouling", False)])
def test_what_flaps_leaves_room_for_cold_water_and_its_causes(
    kind: str, left: bool, mailbox: Mailbox, gateway: Gateway, database: Database, settings: Settings
) -> None:
    for number in range(24 * 3):
        open_alert(database, "blind", NOW + number * 1200, NOW + number * 1200 + 600)
        run(database, settings, NOW + number * 1200 + 610)
    blinds = len(gateway.forms)

    open_alert(database, kind, NOW + DAY)
    run(database, settings, NOW + DAY + 1)

    query = "SELECT COUNT(*) FROM Delivery JOIN Alert ON Alert.id = alert_id WHERE kind = ? AND sent_ts IS NOT NULL"
    assert blinds == 8
    assert (len(gateway.forms) == 9, database.connection.execute(query, (kind,)).fetchone() == (2,)) == (left, left)


LEFT = "SELECT sent_ts FROM Delivery WHERE channel = ? AND sent_ts IS NOT NULL AND told_by IS NULL ORDER BY sent_ts"


def test_a_server_that_hangs_holds_back_no_other_channel(
    gateway: Gateway, environ: dict[str, str], database: Database, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mail = settings.mail._replace(
            server="127.0.0.1", port=silent.getsockname()[1], security="none", sender="b@example.org"
        )
        open_alert(database, "low_water", NOW)

        # The silent server takes longer than this run has: it is left behind, as cron's next run would find it.
        deliver(database, settings._replace(mail=mail), Clock(NOW + 60), lambda _seconds: None, longest=1.0)

    assert len(gateway.forms) == 1
    query = "SELECT channel, sent_ts IS NULL, failed_ts IS NULL FROM Delivery ORDER BY channel"
    assert database.connection.execute(query).fetchall() == [("mail", 1, 1), ("sms", 0, 1)]


def test_one_refused_address_does_not_keep_the_mail_from_the_others(
    mailbox: Mailbox, database: Database, settings: Settings
) -> None:
    mailbox.refused = {"gone@example.org"}
    with database.writing() as connection:
        alert_id = store.open_alert(connection, "jam", NOW, "{}", 0)
        planned = [Delivery("opened", "mail", who, NOW, NOW + DAY) for who in ("gone@example.org", HOUSE)]
        store.insert_deliveries(connection, alert_id, planned)

    run(database, settings, NOW + 60)

    query = "SELECT address, sent_ts IS NOT NULL, failed_ts IS NOT NULL FROM Delivery ORDER BY id"
    assert database.connection.execute(query).fetchall() == [("gone@example.org", 0, 1), (HOUSE, 1, 0)]


def test_the_account_s_balance_is_read_once_a_day_when_the_gateway_does_not_say_it(
    gateway: Gateway, database: Database, settings: Settings
) -> None:
    gateway.balance = "4.20"
    for number in range(3):
        open_alert(database, "jam", NOW + 3600 * number, NOW + 3600 * number + 60)
        run(database, settings, NOW + 3600 * number + 100)

    assert store.newest_balance(database.connection) == 4.2
    assert gateway.asked == 1


# --- kills

STORM = (
    "import os, random, sys, time\n"
    "from config.settings import load\n"
    "from flask_app import store\n"
    "from flask_app.script.deliver import deliver\n"
    "settings = load(os.environ)\n"
    "with store.opened(settings.database, settings.lock) as database:\n"
    "    print('ready', flush=True)\n"
    "    while True:\n"
    "        deliver(database, settings, wait=lambda seconds: time.sleep(seconds / 200))\n"
)


@contextmanager
def weather(mailbox: Mailbox, gateway: Gateway, chance: random.Random) -> Iterator[None]:
    """Servers that refuse, throttle, lie or accept, changing all the time."""
    over = threading.Event()

    def change() -> None:
        while not over.wait(0.02):
            mailbox.answer = chance.choice(("250 OK", "250 OK", "451 try later", "421 closing"))
            gateway.statuses = [chance.choice(("0", "0", "1", "5"))]
            gateway.body = chance.choice((None, None, None, b"<html>log in to the hotel</html>"))
        mailbox.answer, gateway.statuses, gateway.body = "250 OK", ["0"], None

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("kills", [15, pytest.param(300, marks=pytest.mark.proof)])
def test_no_kill_loses_a_message_and_each_sends_one_double_at_most(
    kills: int, mailbox: Mailbox, gateway: Gateway, environ: dict[str, str], database: Database, settings: Settings
) -> None:
    chance = random.Random(6)
    now = int(time.time())
    command = [sys.executable, "-c", STORM]
    world = {**os.environ, **environ, "CHAUDIERE_HOURLY_MESSAGES": "60", "CHAUDIERE_DAILY_SMS": "50"}
    with weather(mailbox, gateway, chance):
        for number in range(kills):
            with database.writing() as connection:
                alert_id = store.open_alert(connection, "jam", now - 100_000 + number * 60, "{}", 0)
                store.close_alerts(connection, "jam", 0, now - 100_000 + number * 60 + 30)
                planned = [
                    Delivery("opened", channel, address, now - 10, now + DAY)
                    for channel, address in (("mail", f"m{number}@example.org"), ("sms", f"+3363998{number:04}"))
                ]
                store.insert_deliveries(connection, alert_id, planned)
            victim = subprocess.Popen(command, env=world, cwd=PROJECT, stdout=subprocess.PIPE)
            assert victim.stdout is not None
            victim.stdout.readline()
            # Anywhere from before the first byte to after the commit.
            threading.Event().wait(chance.random() * 0.5)
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
    last = load(world)
    for _ in range(3):
        deliver(database, last, wait=lambda _seconds: None)

    to_mail = Counter(str(mail["To"]) for mail in mailbox.mails)
    to_phone = Counter(form["to"] for form in gateway.accepted)
    doubles = sum(count - 1 for count in (*to_mail.values(), *to_phone.values()))
    print(f"{kills} kills: {2 * kills} messages decided, {len(to_mail) + len(to_phone)} delivered, {doubles} doubles")
    assert set(to_mail) == {f"m{number}@example.org" for number in range(kills)}
    assert set(to_phone) == {f"3363998{number:04}" for number in range(kills)}
    assert doubles <= 2 * kills  # one for each lane of each kill
