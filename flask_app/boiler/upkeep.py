"""The watch's own faults: silence of the loop, clock, disk, messages that do not leave, and the proofs of the path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from flask_app.boiler.alerts import CLOCK_AHEAD, READING_LATE, Change, Closing, Evidence, Kind, Opening
from flask_app.boiler.deliveries import Channel, Delivery, Local, Occasion, Recipient, trial
from flask_app.boiler.rows import MINUTE, Row

if TYPE_CHECKING:
    from datetime import datetime

WAITING = 600  # seconds in which a message that was tried has not left
FREE_MB, FREE_MB_AGAIN = 100.0, 150.0  # MB free on the card: told below the first, over above the second
GAP = 600  # seconds without measurement whose story is told

DAY = 86400
WEEKLY_HOUR, MONTHLY_HOUR = 9, 10  # local hours of the proofs: Monday, and the first day of the month
WEEKLY_REST, MONTHLY_REST = 6 * DAY, 27 * DAY


class Facts(NamedTuple):
    """What one run sees of the watch itself at `now` (UTC seconds). None: not known."""

    now: int
    reading_ts: int | None = None  # the newest reading
    waiting: int = 0  # messages tried, not left, due for WAITING seconds
    failed: int = 0  # messages given up within a day on an address that got none since
    channel: str = ""  # of the newest of those
    said: str = ""  # what its gateway said
    balance: float | None = None  # as the SMS gateway said last
    low_balance: float = 5.0
    free_mb: float | None = None


class Open(NamedTuple):
    """An open alert of the watch itself."""

    opened_ts: int
    evidence: Mapping[str, Any]


def judge(facts: Facts, opened: Mapping[Kind, Open]) -> list[Change]:
    """What opens and what closes."""
    minute_ts = facts.now // MINUTE * MINUTE
    changes: list[Change] = []
    for kind, found in _found(facts, opened).items():
        begun = opened.get(kind)
        opened_ts = _opened_ts(kind, facts, minute_ts)
        if found is not None and begun is not None and found.get("missing") != begun.evidence.get("missing"):
            changes += [Closing(kind, begun.opened_ts, opened_ts), Opening(kind, opened_ts, found)]
        elif found is not None and begun is None:
            changes.append(Opening(kind, opened_ts, found))
        elif found is None and begun is not None:
            changes.append(Closing(kind, begun.opened_ts, max(minute_ts - MINUTE, begun.opened_ts)))
    return changes


def _opened_ts(kind: Kind, facts: Facts, minute_ts: int) -> int:
    if kind is Kind.BLIND and facts.reading_ts is not None:
        # The third minute without a row: the very one at which the engine opens it when it judges that minute later.
        return facts.reading_ts // MINUTE * MINUTE + READING_LATE
    return minute_ts


def _found(facts: Facts, opened: Mapping[Kind, Open]) -> dict[Kind, Evidence | None]:
    """The evidence of each kind that holds now; None for one that does not. A kind that is not asked is left out."""
    found: dict[Kind, Evidence | None] = {Kind.DELIVERY: _delivery(facts)}
    # A clock that was set while the loop ran is the engine's to close.
    if Kind.CLOCK not in opened or "step_seconds" not in opened[Kind.CLOCK].evidence:
        found[Kind.CLOCK] = _clock(facts)
    # A blind of the engine's (a probe missing) is the engine's to close; no row at all is graver.
    silence = _silence(facts)
    if silence or Kind.BLIND not in opened or opened[Kind.BLIND].evidence.get("missing") == "row":
        found[Kind.BLIND] = silence
    if facts.balance is not None:
        low = facts.balance < facts.low_balance
        found[Kind.BALANCE] = {"balance": facts.balance} if low else None
    if facts.free_mb is not None:
        limit = FREE_MB_AGAIN if Kind.STORAGE in opened else FREE_MB
        found[Kind.STORAGE] = {"free_mb": round(facts.free_mb)} if facts.free_mb < limit else None
    return found


def _silence(facts: Facts) -> Evidence | None:
    if facts.reading_ts is None or facts.now - facts.reading_ts < READING_LATE:
        return None
    return {"missing": "row", "since_ts": facts.reading_ts // MINUTE * MINUTE + MINUTE}


def _clock(facts: Facts) -> Evidence | None:
    if facts.reading_ts is None or facts.reading_ts - facts.now <= CLOCK_AHEAD:
        return None
    return {"ahead_seconds": facts.reading_ts - facts.now}


def _delivery(facts: Facts) -> Evidence | None:
    if not facts.waiting and not facts.failed:
        return None
    return {"waiting": facts.waiting, "failed": facts.failed, "channel": facts.channel, "said": facts.said}


# --- the story of a silence that is over


class Gap(NamedTuple):
    """A silence of the measurements, over: from `from_ts` until `to_ts`, the first minute measured again."""

    from_ts: int
    to_ts: int
    water_before: float | None
    water_after: float | None
    running: bool  # a motor ran since


def gap(before: Row | None, minutes: Sequence[Row]) -> Gap | None:
    """The newest silence of more than ten minutes from `before` (the last measured minute) to the end of `minutes`."""
    found = None
    for row in minutes:
        if not row.samples:
            continue
        if before is not None and row.ts - before.ts > GAP:
            found = (before, row)
        before = row
    if found is None:
        return None
    last, first = found
    running = any(
        row.igniter or row.primary_fan or row.secondary_fan or row.auger for row in minutes if row.ts >= first.ts
    )
    return Gap(last.ts + MINUTE, first.ts, last.water, first.water, running)


# --- proofs


def proofs(
    now: int, people: Sequence[Recipient], newest: Mapping[str, int], since_ts: int | None, local: Local
) -> list[Delivery]:
    """The proofs of the whole path that are due: weekly by mail to the owner, monthly by day by the other ways.

    `newest` holds when the last proof of each channel was due, `since_ts` since when this installation measures.
    """
    if since_ts is None:
        return []
    due = []
    for channel in dict.fromkeys(one.channel for one in people):
        weekly = channel == Channel.MAIL.value
        last_ts = newest.get(channel, since_ts)
        if now - last_ts < (WEEKLY_REST if weekly else MONTHLY_REST) and channel in newest:
            continue  # no need of the local time, which costs a cron job 3 ms
        if last_ts < _proof_ts(now, weekly, local):
            owner = min((one for one in people if one.channel == channel), key=lambda one: one.position)
            due.append(trial(owner, now, Occasion.SELF_TEST))
    return due


def _proof_ts(now: int, weekly: bool, local: Local) -> int:
    """The last instant at or before `now` at which a proof was to be sent."""
    moment = local(now)
    hour = WEEKLY_HOUR if weekly else MONTHLY_HOUR
    planned = moment.replace(hour=hour, minute=0, second=0)
    planned = planned - timedelta(days=moment.weekday()) if weekly else planned.replace(day=1)
    if planned > moment:
        planned = planned - timedelta(days=7) if weekly else _month_before(planned)
    return int(planned.timestamp())


def _month_before(moment: datetime) -> datetime:
    return (moment - timedelta(days=1)).replace(day=1)
