"""Plans the messages of alerts inside process_phase's transaction: what the domain decides, from what is stored."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Container, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from config.settings import Settings
from flask_app import store
from flask_app.boiler import deliveries
from flask_app.boiler.alerts import CAUSES, CLOCK_AHEAD, READING_LATE, Change, Closing, Evidence, Kind, Opening
from flask_app.boiler.deliveries import Delivery, Life, Local, Recipient, Scene
from flask_app.boiler.options import Options
from flask_app.boiler.rows import MINUTE, Row
from flask_app.boiler.upkeep import WAITING, Facts, Gap, Open, judge, proofs

if TYPE_CHECKING:
    from datetime import datetime

JOBS_LATE = 300  # seconds of measured minutes that nobody judged, or without a reading and a job: the jobs' fault
APART = {Kind.LOW_WATER.value: 600}  # seconds between two alerts of a kind: the mission's "never within 10 minutes"


class House(NamedTuple):
    """What an installation says of its messages: who is told, and the settings that hold them back."""

    people: list[Recipient]
    changes: Sequence[tuple[str, int, str]]  # of settings, in rising order of time
    options_at: Callable[[int], Options]
    local: Local


def house(
    database: store.Database,
    settings: Settings,
    changes: Sequence[tuple[str, int, str]],
    options_at: Callable[[int], Options],
) -> House:
    """The house at the start of a run."""
    return House(people(database, settings), changes, options_at, local_time(settings.options.timezone))


def people(database: store.Database, settings: Settings) -> list[Recipient]:
    """Everyone to be told: those named in the page, else those of the environment."""
    named = store.recipients(database.connection)
    return [_recipient(*one) for one in named] if named else named_by_environment(settings)


def named_by_environment(settings: Settings) -> list[Recipient]:
    """Everyone that the environment names, all told first."""
    mails = [Recipient("mail", address) for address in settings.alert_emails]
    return mails + [Recipient("sms", phone) for phone in settings.alert_phones]


def _recipient(
    channel: str, address: str, name: str, position: int, language: str, kinds: str, quiet: str
) -> Recipient:
    return Recipient(
        channel, address, name, position, language, tuple(kinds.split(",")) if kinds else (), deliveries.quiet(quiet)
    )


def local_time(zone: str) -> Local:
    """UTC seconds -> local time; the zone costs 3 ms to load, and most runs ask for no local time."""

    @cache
    def loaded() -> Local:
        from datetime import datetime
        from zoneinfo import ZoneInfo

        found = ZoneInfo(zone)
        return lambda ts: datetime.fromtimestamp(ts, found)

    def local(ts: int) -> datetime:
        return loaded()(ts)

    return local


def keep_changes(database: store.Database, changes: Sequence[Change], home: House) -> set[int]:
    """Opens and closes alerts, and plans the messages of each change as of the end of its minute; returns the ids of
    those opened."""
    going_on = {(change.kind, change.ts) for change in changes if isinstance(change, Opening)}
    opened = set()
    for change in changes:
        if isinstance(change, Opening):
            opened.add(_open(database, change, home))
        else:
            last = (change.kind, change.ts) not in going_on
            for alert_id in store.close_alerts(database.connection, change.kind.value, change.opened_ts, change.ts):
                if last:
                    _plan(database, alert_id, change.ts + MINUTE, home)
    return opened - {0}


def _open(database: store.Database, change: Opening, home: House) -> int:
    kind = change.kind.value
    evidence = json.dumps(change.evidence)
    alert_id = store.open_alert(database.connection, kind, change.ts, evidence, APART.get(kind, 0))
    if alert_id is not None:
        _plan(database, alert_id, change.ts + MINUTE, home)
    return alert_id or 0


def _plan(database: store.Database, alert_id: int, now: int, home: House) -> None:
    life = store.life(database.connection, alert_id)
    store.insert_deliveries(database.connection, alert_id, planned(database, life, now, home))


def planned(database: store.Database, life: Life, now: int, home: House) -> list[Delivery]:
    """What is to be planned for one alert at `now`."""
    return deliveries.messages(life, home.people, scene(database, life.kind, now, home), home.local)


def pending(
    database: store.Database, now: int, home: House, fresh: Container[int] = ()
) -> list[tuple[int, list[Delivery]]]:
    """(alert, messages) that time itself calls for at `now`: reminders, escalations, what was held back.

    Those of `fresh` had no chance yet to be sent: that they reached nobody tells nothing.
    """
    found = []
    for alert_id in store.open_alerts(database.connection):
        if alert_id in fresh:
            continue
        more = planned(database, store.life(database.connection, alert_id), now, home)
        if more:
            found.append((alert_id, more))
    return found


def keep_pending(database: store.Database, found: Sequence[tuple[int, list[Delivery]]]) -> None:
    """Keeps what `pending` found."""
    for alert_id, more in found:
        store.insert_deliveries(database.connection, alert_id, more)


# --- the watch itself


def facts(database: store.Database, now: int, home: House) -> Facts:
    """What this run sees of the watch itself."""
    connection = database.connection
    room = os.statvfs(os.path.dirname(database.path))
    return Facts(
        now,
        store.newest_reading_ts(connection, now + CLOCK_AHEAD) or store.newest_reading_ts(connection, store.ALWAYS),
        *store.stuck(connection, now, WAITING),
        store.newest_balance(connection),
        home.options_at(now).low_balance,
        room.f_bavail * room.f_frsize / 1e6,
    )


def own_changes(database: store.Database, now: int, home: House) -> list[Change]:
    """What opens and closes of the watch's own faults."""
    opened = {
        Kind(kind): Open(opened_ts, json.loads(evidence))
        for kind, opened_ts, evidence in store.open_evidence(database.connection)
    }
    return judge(facts(database, now, home), opened)


def due_proofs(database: store.Database, now: int, home: House) -> list[Delivery]:
    """The proofs of the whole path that are due."""
    newest = store.newest_proofs(database.connection)
    return proofs(now, home.people, newest, store.oldest_state_ts(database.connection), home.local)


def keep_late_jobs(database: store.Database, since_ts: int, now: int, home: House) -> set[int]:
    """Notes and tells that minutes measured from `since_ts` on were not judged before now: cron had stopped.

    The listener (watch.py) says so while it lasts; this is its story, and the word that it is over. Where no reading
    comes now, old minutes are a past being caught up with.
    """
    reading_ts = store.newest_reading_ts(database.connection, now)
    if reading_ts is None or now - reading_ts >= READING_LATE:
        return set()
    opened_ts = since_ts + JOBS_LATE
    found = keep_changes(database, [Opening(Kind.JOBS, opened_ts, {"since_ts": since_ts})], home)
    keep_changes(database, [Closing(Kind.JOBS, opened_ts, now // MINUTE * MINUTE)], home)
    return found


def keep_gap(database: store.Database, found: Gap, now: int | None, home: House) -> None:
    """Writes the story of a silence into its alert, which is made when nobody was there to open one."""
    connection = database.connection
    story = {"gap_from_ts": found.from_ts, "gap_to_ts": found.to_ts, "water_before": found.water_before}
    story |= {"water_after": found.water_after, "running": found.running, "rebooted": _rebooted(found, now)}
    alert_id = store.alert_between(connection, Kind.BLIND.value, found.from_ts, found.to_ts)
    if alert_id is None:
        opened_ts = found.from_ts + READING_LATE - MINUTE
        evidence: Evidence = {"missing": "row", "since_ts": found.from_ts}
        keep_changes(database, [Opening(Kind.BLIND, opened_ts, evidence)], home)
        alert_id = store.alert_between(connection, Kind.BLIND.value, found.from_ts, found.to_ts)
        keep_changes(database, [Closing(Kind.BLIND, opened_ts, found.to_ts)], home)
    if alert_id is not None:
        evidence = json.loads(store.evidence_of(connection, alert_id))
        store.keep_evidence(connection, alert_id, json.dumps({**evidence, **story}))


def _rebooted(found: Gap, now: int | None) -> bool:
    """Whether this machine was started during the silence: it had lost its power too."""
    if now is None:
        return False
    try:
        with open("/proc/uptime", encoding="ascii") as file:
            booted_ts = now - float(file.read().split()[0])
    except (OSError, ValueError):
        return False
    return found.from_ts - MINUTE < booted_ts < found.to_ts + MINUTE


# --- what stands around an alert


def scene(database: store.Database, kind: Kind, now: int, home: House) -> Scene:
    """What stands around an alert of that kind at `now`."""
    # 0.7 ms of CPU, for a run with an alert to tell of.
    from flask_app.boiler.timetable import LOOK_BACK, setpoint_at, stop_at, water_of

    stopped = stop_at(home.changes, now) is not None
    opened = store.open_kinds(database.connection, now)
    if kind is not Kind.LOW_WATER:
        return Scene(now, stopped, explains=kind in CAUSES and Kind.LOW_WATER.value in opened)
    minutes = store.minutes(database.connection, now - LOOK_BACK * MINUTE, now)
    water, options = water_of(minutes), home.options_at(now)
    limit = options.setpoint
    if options.setpoint_night or options.setpoint_summer:
        limit = setpoint_at(options, home.local(now))
    return Scene(now, stopped, water is not None and water >= limit, being_lit(database, minutes, now))


def being_lit(database: store.Database, minutes: Sequence[Row], now: int) -> bool:
    """Whether a fire is being lit that nothing tells against: an ignition into an empty silo heats nobody."""
    from flask_app.boiler.timetable import lighting  # as in `scene`

    opened = store.open_kinds(database.connection, now)
    return not any(kind.value in opened for kind in CAUSES) and lighting(minutes)
