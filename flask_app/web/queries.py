"""Every question the pages put to the database, through the door that only reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from flask import current_app, g
from sqlalchemy import func, or_, select, text

from flask_app.boiler.alerts import CLOCK_AHEAD, Kind
from flask_app.boiler.engine import VERSION, restore
from flask_app.boiler.habits import Habits
from flask_app.boiler.options import Options, in_force
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import COLUMNS, MINUTE, Row
from flask_app.boiler.verdict import Facts
from flask_app.models import (
    Alert,
    Annotation,
    Attempt,
    Chaudiere,
    ChaudiereMinute,
    Delivery,
    EngineState,
    Recipient,
    Setting,
    Token,
    User,
    db,
)

Found = TypeVar("Found")


def now() -> int:
    """The present, in epoch seconds."""
    return int(current_app.config["CLOCK"]())


def once(name: str, ask: Callable[[], Found]) -> Found:
    """What `ask` finds, asked once a request: several parts of one page ask the same. A write forgets it (doors)."""
    asked: dict[str, Any] = g.setdefault("asked", {})
    if name not in asked:
        asked[name] = ask()
    found: Found = asked[name]
    return found


def options() -> Options:
    """The options in force now."""
    return once("options", lambda: in_force(current_app.config["SETTINGS"].options, setting_changes(), now()))


def setting_changes() -> list[tuple[str, int, str]]:
    """Every change of a setting (key, since_ts, value), in rising order of time."""
    return once("changes", _setting_changes)


def _setting_changes() -> list[tuple[str, int, str]]:
    query = text('SELECT key, since_ts, value FROM "Setting" ORDER BY since_ts, id')
    return [(key, since, value) for key, since, value in db.session.execute(query)]


# --- rows


def newest_reading_ts() -> int | None:
    """The time of the newest reading; one that a clock set too far ahead has left counts when there is no other."""
    return _newest_ts("Chaudiere")


def newest_minute_ts() -> int | None:
    """The start of the newest minute, in the same sense."""
    return _newest_ts("ChaudiereMinute")


def _newest_ts(table: str, which: str = "ts") -> int | None:
    newest = f"SELECT MAX(ts) FROM {table} WHERE {which} IS NOT NULL"
    query = text(f"SELECT COALESCE(({newest} AND ts <= :believed), ({newest}))")
    found: int | None = db.session.execute(query, {"believed": now() + CLOCK_AHEAD}).scalar()
    return found


def newest_reading() -> dict[str, Any]:
    """The newest reading's values by role; empty when there is none."""
    table = Chaudiere.__table__
    row = db.session.execute(select(table).where(table.c.ts == newest_reading_ts())).mappings().first()
    return {} if row is None else {role: row[column] for role, column in COLUMNS.items()}


class Phased(NamedTuple):
    """The newest minute that has a phase, and since when that phase lasts without a gap."""

    ts: int
    phase: Phase
    since_ts: int
    water: float | None


def newest_phase() -> Phased | None:
    """The present phase; None before any minute was named."""
    newest = db.session.execute(
        text("SELECT ts, phase, temp0 FROM ChaudiereMinute WHERE ts = :ts"),
        {"ts": _newest_ts("ChaudiereMinute", "phase")},
    ).first()
    if newest is None:
        return None
    # The index of the key is walked back from the newest minute to the first other phase, and no further.
    other = db.session.execute(
        text("SELECT ts FROM ChaudiereMinute WHERE ts < :ts AND phase IS NOT :phase ORDER BY ts DESC LIMIT 1"),
        {"ts": newest.ts, "phase": newest.phase},
    ).scalar()
    first = db.session.execute(
        text("SELECT MIN(ts) FROM ChaudiereMinute WHERE ts > :ts"), {"ts": -1 if other is None else other}
    ).scalar_one()
    return Phased(newest.ts, known_phase(newest.phase), first, newest.temp0)


def known_phase(code: int | None) -> Phase:
    """The phase of a stored code; what is not known is undefined."""
    return Phase(code) if code in set(Phase) else Phase.UNDEFINED


def water_before(ts: int, minutes: int) -> float | None:
    """The water's temperature of the minute that many minutes before `ts`."""
    return db.session.execute(
        text("SELECT temp0 FROM ChaudiereMinute WHERE ts = :ts"), {"ts": ts - minutes * MINUTE}
    ).scalar()


def waters(start_ts: int, end_ts: int) -> list[tuple[int, float]]:
    """The water's temperature of each minute of [start_ts, end_ts) that has one, in rising order."""
    rows = db.session.execute(
        text(
            "SELECT ts, temp0 FROM ChaudiereMinute WHERE ts >= :start AND ts < :end AND temp0 IS NOT NULL ORDER BY ts"
        ),
        {"start": start_ts, "end": end_ts},
    )
    return [(ts, water) for ts, water in rows]


def minutes(start_ts: int, end_ts: int) -> list[Row]:
    """The minutes of [start_ts, end_ts) in order."""
    table = ChaudiereMinute.__table__
    query = select(*(table.c[column] for column in COLUMNS.values())).where(table.c.ts >= start_ts, table.c.ts < end_ts)
    return [Row(*row) for row in db.session.execute(query.order_by(table.c.ts))]


def facts(reading: dict[str, Any], phased: Phased | None) -> Facts:
    """What the verdict is made of."""
    return Facts(
        now=now(),
        reading_ts=reading.get("ts"),
        minute_ts=phased.ts if phased else None,
        phase=phased.phase if phased else None,
        water=phased.water if phased else None,
        setpoint=options().setpoint,
        open_kinds=tuple(Kind(kind) for kind in _open_kinds()),
    )


def _open_kinds() -> list[str]:
    kinds = db.session.execute(select(Alert.kind).where(Alert.closed_ts.is_(None)).order_by(Alert.opened_ts.desc()))
    return [kind for kind in kinds.scalars() if kind in {known.value for known in Kind}]


# --- phases


def phase_changes(start_ts: int, end_ts: int) -> list[tuple[int, int]]:
    """(ts, code) where the phase of [start_ts, end_ts) changes; a minute that is missing or not yet named is 0."""
    rows = db.session.execute(
        text(
            "SELECT ts, phase, before_ts, before_phase FROM (SELECT ts, COALESCE(phase, 0) AS phase,"
            " LAG(ts) OVER (ORDER BY ts) AS before_ts, LAG(COALESCE(phase, 0)) OVER (ORDER BY ts) AS before_phase"
            " FROM ChaudiereMinute WHERE ts >= :start AND ts < :end)"
            " WHERE before_ts IS NULL OR phase <> before_phase OR ts <> before_ts + 60"
        ),
        {"start": start_ts, "end": end_ts},
    )
    changes: list[tuple[int, int]] = []
    for ts, phase, before_ts, _before_phase in rows:
        gap_ts = start_ts if before_ts is None else before_ts + MINUTE
        if ts > gap_ts:
            changes.append((gap_ts, 0))
        if not changes or changes[-1][1] != phase:
            changes.append((ts, phase))
    return changes


# --- advice

ADVICE_DAYS = 14


def ordinary_lows() -> list[float]:
    """The lowest water (°C) of each of the last fourteen days (UTC) that has half its minutes and a fire, hours of a
    fault left out. Of the hourly roll-ups: a few hundred rows."""
    rows = db.session.execute(
        text(
            "SELECT MIN(temp0_min) / 100.0 FROM Hour WHERE ts >= :start AND NOT EXISTS"
            " (SELECT 1 FROM Alert WHERE kind IN ('fire_dying', 'jam', 'ignition_failed', 'power_cut', 'blind')"
            " AND opened_ts - 3600 < Hour.ts + 3600 AND COALESCE(closed_ts, Hour.ts) + 10800 >= Hour.ts)"
            " GROUP BY ts / 86400 HAVING SUM(temp0_count) >= 720 AND SUM(phase6) > 0 ORDER BY 1"
        ),
        {"start": now() - ADVICE_DAYS * 86400},
    )
    return [float(low) for (low,) in rows]


def learned() -> Habits | None:
    """What the engine has learned of this boiler; None before it has spoken."""
    query = select(EngineState.state).where(EngineState.version == VERSION).order_by(EngineState.ts.desc()).limit(1)
    saved = db.session.execute(query).scalar()
    return None if saved is None else restore(saved).habits


# --- alerts


def alert(alert_id: int) -> Alert | None:
    """The alert of that id."""
    return db.session.get(Alert, alert_id)


def newest_alert() -> Alert | None:
    """The alert opened last."""
    return db.session.execute(select(Alert).order_by(Alert.opened_ts.desc()).limit(1)).scalar()


def alerts(limit: int, before_ts: int | None = None) -> Sequence[Alert]:
    """The newest alerts first, those opened before `before_ts` when it is given."""
    query = select(Alert).order_by(Alert.opened_ts.desc(), Alert.id.desc()).limit(limit)
    if before_ts is not None:
        query = query.where(Alert.opened_ts < before_ts)
    return db.session.execute(query).scalars().all()


def alerts_between(start_ts: int, end_ts: int, limit: int) -> tuple[Sequence[Any], int]:
    """Alerts that were open within [start_ts, end_ts) with the phase of their first minute, and how many there are."""
    within = (Alert.opened_ts < end_ts) & or_(Alert.closed_ts.is_(None), Alert.closed_ts > start_ts)
    minute = ChaudiereMinute.__table__
    query = (
        select(Alert.id, Alert.kind, Alert.opened_ts, Alert.closed_ts, minute.c.phase)
        .outerjoin(minute, minute.c.ts == Alert.opened_ts)
        .where(within)
        .order_by(Alert.opened_ts, Alert.id)
        .limit(limit)
    )
    count = db.session.execute(select(func.count()).select_from(Alert).where(within)).scalar_one()
    return db.session.execute(query).all(), count


def evidence(alert: Alert) -> dict[str, Any]:
    """What the alert was judged by."""
    found = json.loads(alert.evidence or "{}")
    return found if isinstance(found, dict) else {}


class Sent(NamedTuple):
    """A delivery and its attempts, oldest first."""

    delivery: Delivery
    attempts: list[Attempt]


def deliveries(alert_ids: Sequence[int]) -> dict[int, list[Sent]]:
    """The deliveries of those alerts, by alert."""
    rows = db.session.execute(
        select(Delivery).where(Delivery.alert_id.in_(alert_ids)).order_by(Delivery.due_ts, Delivery.id)
    ).scalars()
    found = {delivery.id: Sent(delivery, []) for delivery in rows}
    tries = select(Attempt).where(Attempt.delivery_id.in_(list(found))).order_by(Attempt.ts, Attempt.id)
    for attempt in db.session.execute(tries).scalars():
        found[attempt.delivery_id].attempts.append(attempt)
    by_alert: dict[int, list[Sent]] = {}
    for sent in found.values():
        by_alert.setdefault(sent.delivery.alert_id or 0, []).append(sent)
    return by_alert


def undelivered(since_ts: int) -> int:
    """How many messages of alerts due since then have failed, or were tried and have not left."""
    query = text(
        'SELECT COUNT(*) FROM "Delivery" AS one WHERE due_ts >= :since AND alert_id IS NOT NULL AND sent_ts IS NULL'
        ' AND (failed_ts IS NOT NULL OR EXISTS (SELECT 1 FROM "Attempt" WHERE delivery_id = one.id))'
    )
    found: int = db.session.execute(query, {"since": since_ts}).scalar_one()
    return found


# --- people


def recipients() -> list[tuple[str, str]]:
    """(channel, address) of those told, as entered on the page."""
    query = select(Recipient.channel, Recipient.address).order_by(Recipient.channel, Recipient.address)
    return once("recipients", lambda: [(channel, address) for channel, address in db.session.execute(query)])


def user_named(name: str) -> User | None:
    """The user of that name."""
    return db.session.execute(select(User).where(User.name == name)).scalar()


def user_numbered(user_id: int) -> User | None:
    """The user of that id."""
    return db.session.get(User, user_id)


def has_user() -> bool:
    """False until the owner was created."""
    return db.session.execute(select(User.id).limit(1)).first() is not None


def users() -> Sequence[User]:
    """All of them, by name."""
    return db.session.execute(select(User).order_by(User.name)).scalars().all()


def has_ended(session_id: str) -> bool:
    """Whether that session was logged out."""
    query = text('SELECT 1 FROM "EndedSession" WHERE id = :id')
    return db.session.execute(query, {"id": session_id}).first() is not None


def tokens() -> Sequence[Token]:
    """The tokens of scripts, oldest first."""
    return db.session.execute(select(Token).order_by(Token.created_ts, Token.id)).scalars().all()


def has_token(sha256: str) -> bool:
    """Whether a token with that hash was given out."""
    return db.session.execute(select(Token.id).where(Token.sha256 == sha256)).first() is not None


def changes(limit: int, beginning: str = "") -> Sequence[Setting]:
    """The newest changes of settings whose keys begin so."""
    query = select(Setting).where(Setting.key.startswith(beginning, autoescape=True))
    newest = query.order_by(Setting.since_ts.desc(), Setting.id.desc()).limit(limit)
    return db.session.execute(newest).scalars().all()


def changed_keys() -> set[str]:
    """The keys of settings that were changed from a page."""
    return {key for key, _since_ts, _value in setting_changes()}


def newest_value(key: str) -> str:
    """The value that a setting was given last; empty when never."""
    return next((value for one, _since_ts, value in reversed(setting_changes()) if one == key), "")


# --- notes


def notes(start_ts: int, end_ts: int, limit: int) -> Sequence[Annotation]:
    """What was noted of moments in [start_ts, end_ts), the oldest first."""
    within = (Annotation.ts >= start_ts) & (Annotation.ts < end_ts)
    query = select(Annotation).where(within).order_by(Annotation.ts, Annotation.id).limit(limit)
    return db.session.execute(query).scalars().all()


def last_fill_ts() -> int | None:
    """When the silo was filled last, as noted; None when never."""
    return db.session.execute(
        select(func.max(Annotation.ts)).where(Annotation.kind == "fill", Annotation.ts <= now())
    ).scalar()
