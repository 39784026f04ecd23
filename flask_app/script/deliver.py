"""Sends what is due: tries each delivery, keeps every try, and marks one sent only once its gateway has it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from zoneinfo import ZoneInfo

from config.settings import Settings, SettingsError, load, make_folders
from flask_app import lock, send_email_sms, store, words
from flask_app.boiler import deliveries
from flask_app.boiler.alerts import Kind
from flask_app.boiler.deliveries import Message, Occasion, Outcome
from flask_app.boiler.options import in_force

LONGEST = 50.0  # seconds of one run: the next one starts a minute later

Answer = tuple[Outcome, str]


def deliver(
    database: store.Database,
    settings: Settings,
    clock: Callable[[], float] = time.time,
    wait: Callable[[float], None] = time.sleep,
    only: Sequence[int] = (),
    really_send: bool = False,
) -> dict[int, Answer]:
    """Tries what is due at `clock()` (UTC seconds); returns the last (outcome, gateway's words) by delivery.

    One thread a channel; a second run beside it does nothing. A simulated boiler's messages are caught in files unless
    `really_send`. `only` limits it to those deliveries, whenever they were last tried.
    """
    with lock.alone(os.path.join(settings.runtime, "deliver.lock")) as first:
        if not first:
            return {}
        start = clock()
        due = [
            delivery
            for delivery in store.due_deliveries(database.connection, int(start), only)
            if only or deliveries.next_try_ts(delivery.tries, delivery.last_try_ts, delivery.id) <= start
        ]
        return _deliver(database, settings, due, clock, wait, start + LONGEST, really_send)


def _deliver(
    database: store.Database,
    settings: Settings,
    due: list[store.Due],
    clock: Callable[[], float],
    wait: Callable[[float], None],
    end: float,
    really_send: bool,
) -> dict[int, Answer]:
    answers: dict[int, Answer] = {}
    for pause in (0, *deliveries.QUICK_TRIES):
        if due and pause:
            if clock() + pause > end:
                break
            wait(pause)
        for delivery, answer in _try_all(database, settings, due, clock, really_send):
            answers[delivery.id] = answer
        due = [delivery for delivery in due if answers[delivery.id][0] is Outcome.RETRY]
    return answers


def _try_all(
    database: store.Database, settings: Settings, due: list[store.Due], clock: Callable[[], float], really_send: bool
) -> list[tuple[store.Due, Answer]]:
    """One try of each, the channels side by side; every answer is kept as soon as its message is handed over."""
    caught = database.world is store.World.SIMULATED and not really_send
    messages = [compose(database, settings, delivery, int(clock()), caught) for delivery in due]

    def attempt(pair: tuple[store.Due, Message]) -> Answer:
        delivery, message = pair
        if clock() >= delivery.expires_ts:
            return Outcome.EXPIRED, "too old to be of use: never sent"
        if caught:
            return send_email_sms.catch(message, settings, clock())
        return send_email_sms.send(message, settings)

    lanes = {name: ThreadPoolExecutor(1) for name in {delivery.channel for delivery in due}}
    tried = []
    tries = {
        lanes[delivery.channel].submit(attempt, (delivery, message)): delivery
        for delivery, message in zip(due, messages, strict=True)
    }
    for done in as_completed(tries):
        _keep(database, tries[done], done.result(), int(clock()))
        tried.append((tries[done], done.result()))
    for lane in lanes.values():
        lane.shutdown()
    return tried


def _keep(database: store.Database, delivery: store.Due, answer: Answer, ts: int) -> None:
    outcome, said = answer
    with database.writing(durable=True) as connection:
        store.keep_attempt(connection, (delivery.id, ts, outcome.value, said), deliveries.next_step(outcome))


def compose(database: store.Database, settings: Settings, delivery: store.Due, now: int, simulated: bool) -> Message:
    """The words of one delivery, in the installation's language and zone."""
    options = in_force(settings.options, store.option_changes(database.connection), delivery.due_ts)
    translate = words.translator(options.language)
    zone = ZoneInfo(options.timezone)

    def when(ts: float, form: str) -> str:
        return datetime.fromtimestamp(ts, zone).strftime(form)

    story = words.Story(
        occasion=Occasion(delivery.reason),
        kind=Kind(delivery.kind) if delivery.kind else None,
        opened_ts=delivery.opened_ts or delivery.due_ts,
        closed_ts=delivery.closed_ts,
        evidence=json.loads(delivery.evidence or "{}"),
        late=now - delivery.due_ts > 900,
        url=settings.url,
        simulated=simulated or database.world is store.World.SIMULATED,
    )
    if delivery.channel == deliveries.Channel.SMS.value:
        return Message(delivery.channel, delivery.address, "", words.sms(story, translate, when), str(delivery.id))
    subject, text = words.mail(story, translate, when)
    return Message(delivery.channel, delivery.address, subject, text, str(delivery.id))


def main(environ: Mapping[str, str]) -> int:
    """Runs once; returns the exit code."""
    try:
        settings = load(environ)
        make_folders(settings)
        with store.opened(settings.database, settings.lock) as database:
            deliver(database, settings)
    except (SettingsError, store.StoreError, lock.LockBusyError, OSError) as error:
        print(f"deliver: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
