"""Who is told what, when and how often it is tried: the plan of messages, pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from flask_app.boiler.alerts import Kind

if TYPE_CHECKING:
    from datetime import datetime


class Channel(Enum):
    """The ways a message leaves."""

    MAIL = "mail"
    SMS = "sms"
    APPRISE = "apprise"  # any other service, named by its URL


class Occasion(Enum):
    """Why a message is sent, as stored in `Delivery.reason`."""

    OPENED = "opened"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    ACKNOWLEDGED = "acknowledged"  # the others are told who looks after it
    RECOVERY = "recovery"
    TEST = "test"
    SELF_TEST = "self_test"  # the proof of the whole path, sent without anybody asking


class Outcome(Enum):
    """How one try to send ended, as stored in `Attempt.outcome`."""

    SENT = "sent"  # the gateway accepted it
    CAUGHT = "caught"  # kept in the local catcher: the boiler is simulated
    RETRY = "retry"  # may succeed later
    UNSURE = "unsure"  # it may have been taken: each further try may be a double
    LOCKED = "locked"  # the gateway refuses our login or our credit: the owner must act
    REFUSED = "refused"  # will never succeed as it is
    UNCONFIGURED = "unconfigured"  # nothing says where to send it
    EXPIRED = "expired"  # too old to be of use


Quiet = tuple[int, int]
"""Hours in which what is not urgent waits: (from, until) in minutes of the local day."""


class Recipient(NamedTuple):
    """One address on one channel. Those of the lowest `position` are told first."""

    channel: str
    address: str
    name: str = ""
    position: int = 1
    language: str = ""  # empty: the installation's
    kinds: tuple[str, ...] = ()  # empty: every kind
    quiet: Quiet | None = None


class Delivery(NamedTuple):
    """One message to be sent: the columns of the table that process_phase writes, in order."""

    reason: str
    channel: str
    address: str
    due_ts: int
    expires_ts: int


class Message(NamedTuple):
    """One message, composed: an SMS has no subject."""

    channel: str
    address: str
    subject: str
    text: str
    id: str = ""  # stable over every try, so that a double is seen as one by a mail reader
    html: str = ""
    picture: bytes = b""  # PNG, shown where `html` names cid:picture


class Told(NamedTuple):
    """One message of an alert that is planned already."""

    reason: str
    channel: str
    address: str
    due_ts: int
    sent_ts: int | None = None
    failed_ts: int | None = None


class Life(NamedTuple):
    """An alert as its messages see it."""

    kind: Kind
    opened_ts: int
    closed_ts: int | None = None
    acknowledged_ts: int | None = None
    acknowledged_by: str = ""
    told: Sequence[Told] = ()
    mild: bool = False  # blind for a value that the mission does not need: worth a mail, and an SMS only when it lasts


Local = Callable[[int], "datetime"]
"""UTC seconds -> the installation's local time."""


class Scene(NamedTuple):
    """What stands around an alert at `now` and says whether its messages leave."""

    now: int
    stopped: bool = False  # the boiler is off on purpose
    warm: bool = False  # the water is not below the setpoint of the hour
    lighting: bool = False  # an ignition is under way, or the flue rises, and nothing tells against it
    explains: bool = False  # this alert is the cause of another open one, which is told by itself


EXPIRY = {Channel.MAIL.value: 7 * 86400, Channel.SMS.value: 86400, Channel.APPRISE.value: 7 * 86400}
"""Seconds after which a message is of no use any more."""

URGENT = {
    Kind.LOW_WATER,
    Kind.FIRE_DYING,
    Kind.IGNITION_FAILED,
    Kind.JAM,
    Kind.POWER_CUT,
    Kind.BLIND,
    Kind.LOW_INDOOR,
    Kind.JOBS,
    Kind.STORAGE,
}
"""What a person can still act upon at once: by SMS too, at any hour, reminded and escalated."""

OWN = {Kind.BLIND, Kind.JOBS, Kind.STORAGE, Kind.CLOCK, Kind.DELIVERY, Kind.BALANCE}
"""The faults of the watch itself, which go on while the boiler is off on purpose."""

ANNOUNCING = (Occasion.OPENED.value, Occasion.ESCALATION.value)

FIRST_REMINDERS = (600, 1800, 3600)
LATER_REMINDERS = 4 * 3600
ESCALATION = 1800  # seconds without an acknowledgement
MILD_SECONDS = 1200  # after the ten minutes that opened it
UNHEARD = 300  # seconds in which no message of a level was accepted

QUICK_TRIES = (5, 10, 20)
"""Seconds between the tries of one run; later runs go on by `next_try_ts`."""


# --- the life of an alert


def messages(life: Life, people: Iterable[Recipient], scene: Scene, local: Local) -> list[Delivery]:
    """What is to be planned for an alert at `scene.now`, beyond what `life.told` holds. Asked again, nothing more."""
    told = [one for one in life.told if one.reason in ANNOUNCING]
    urgent = _urgent(life, scene.now)
    public = audience(life.kind, people, urgent)
    if life.closed_ts is not None:
        return _recovery(life, told)
    if not told:
        return [] if _held(life.kind, scene) else _level(life, public, Occasion.OPENED, scene.now, local)
    if life.acknowledged_ts is not None:
        return _acknowledged(life, told, public, life.acknowledged_ts)
    calm = scene.explains or (scene.lighting and life.kind is Kind.LOW_WATER)
    if calm or not urgent or _held(life.kind, scene):
        return []
    phones = [one for one in public if one.channel == Channel.SMS.value]
    if life.mild and phones and not any(one.channel == Channel.SMS.value for one in told):
        return _level(life, phones, Occasion.OPENED, scene.now, local)
    return _escalation(life, told, public, scene.now, local) + _reminder(life, told, scene.now)


def _urgent(life: Life, now: int) -> bool:
    return life.kind in URGENT and not (life.mild and now - life.opened_ts < MILD_SECONDS)


def audience(kind: Kind, people: Iterable[Recipient], urgent: bool) -> list[Recipient]:
    """Who wants to hear of that kind, and by which ways: an SMS for what is not urgent only where nothing else is."""
    wanting = [one for one in people if not one.kinds or kind.value in one.kinds]
    if urgent or kind is Kind.DELIVERY:  # mail may be the very thing that does not leave
        return wanting
    return [one for one in wanting if one.channel != Channel.SMS.value] or wanting


def _held(kind: Kind, scene: Scene) -> bool:
    return (scene.stopped and kind not in OWN) or (scene.warm and kind is Kind.LOW_WATER)


def _level(
    life: Life, public: Iterable[Recipient], occasion: Occasion, now: int, local: Local, above: int = 0
) -> list[Delivery]:
    """A message to each of the first position after `above`."""
    waiting = [one for one in public if one.position > above]
    first = min((one.position for one in waiting), default=0)
    urgent = _urgent(life, now)
    return [
        _delivery(occasion, one.channel, one.address, now if urgent else awake(now, one.quiet, local))
        for one in waiting
        if one.position == first
    ]


def _escalation(
    life: Life, told: Sequence[Told], public: Sequence[Recipient], now: int, local: Local
) -> list[Delivery]:
    """The next position, when nobody acknowledged in half an hour, or when nothing reached those told so far."""
    reached = {one.address for one in told}
    position = max((one.position for one in public if one.address in reached), default=0)
    newest_ts = max(one.due_ts for one in told)
    level = [one for one in told if one.due_ts == newest_ts]
    unheard = all(one.sent_ts is None for one in level)
    refused = all(one.failed_ts is not None for one in level)
    if refused or now - newest_ts >= (UNHEARD if unheard else ESCALATION):
        return _level(life, public, Occasion.ESCALATION, now, local, position)
    return []


def _reminder(life: Life, told: Sequence[Told], now: int) -> list[Delivery]:
    due_ts = reminder_ts(min(one.due_ts for one in told), now)
    if due_ts is None:
        return []
    late = {(one.channel, one.address) for one in life.told if one.sent_ts is None and one.failed_ts is None}
    reminded = {(one.channel, one.address) for one in life.told if one.due_ts >= due_ts}
    # Who has not got the last message yet needs no second one behind it.
    return [_delivery(Occasion.REMINDER, *one, due_ts) for one in _addresses(told) if one not in late | reminded]


def reminder_ts(announced_ts: int, now: int) -> int | None:
    """The last instant at or before `now` at which an alert announced at `announced_ts` is to be remembered.

    >>> [reminder_ts(0, now) for now in (599, 600, 1900, 3600, 17999, 18000, 40000)]
    [None, 600, 1800, 3600, 3600, 18000, 32400]
    """
    elapsed = now - announced_ts
    if elapsed >= FIRST_REMINDERS[-1]:
        later = (elapsed - FIRST_REMINDERS[-1]) // LATER_REMINDERS
        return announced_ts + FIRST_REMINDERS[-1] + later * LATER_REMINDERS
    return max((announced_ts + pause for pause in FIRST_REMINDERS if pause <= elapsed), default=None)


def _recovery(life: Life, told: Sequence[Told]) -> list[Delivery]:
    """To each that was told; by SMS only when the alert was worth one."""
    if life.closed_ts is None or any(one.reason == Occasion.RECOVERY.value for one in life.told):
        return []
    return [
        _delivery(Occasion.RECOVERY, channel, address, life.closed_ts + 60)
        for channel, address in _addresses(told)
        if life.kind in URGENT or channel != Channel.SMS.value
    ]


def _acknowledged(life: Life, told: Sequence[Told], public: Iterable[Recipient], ts: int) -> list[Delivery]:
    if any(one.reason == Occasion.ACKNOWLEDGED.value for one in life.told):
        return []
    takers = {one.address for one in public if life.acknowledged_by in (one.name, one.address)}
    return [_delivery(Occasion.ACKNOWLEDGED, *one, ts) for one in _addresses(told) if one[1] not in takers]


def _addresses(told: Iterable[Told]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((one.channel, one.address) for one in told))


def quiet(text: str) -> Quiet | None:
    """Quiet hours written as 22:00-07:00; None for none. Raises ValueError.

    >>> quiet("22:00-07:30"), quiet("")
    ((1320, 450), None)
    """
    if not text:
        return None
    start, end = (one.split(":") for one in text.split("-"))
    found = [int(hour) * 60 + int(minute) for hour, minute in (start, end)]
    if not all(0 <= one < 1440 for one in found) or found[0] == found[1]:
        raise ValueError(f"{text!r} names no hours such as 22:00-07:00")
    return found[0], found[1]


def awake(ts: int, quiet: Quiet | None, local: Local) -> int:
    """`ts`, or the end of the quiet hours that hold it."""
    if quiet is None:
        return ts
    start, end = quiet
    moment = local(ts)
    minute = moment.hour * 60 + moment.minute
    inside = start <= minute < end if start <= end else minute >= start or minute < end
    return ts - ts % 60 + (end - minute) % 1440 * 60 if inside else ts


def trial(recipient: Recipient, now: int, occasion: Occasion = Occasion.TEST) -> Delivery:
    """A test message, due now."""
    return _delivery(occasion, recipient.channel, recipient.address, now)


def _delivery(occasion: Occasion, channel: str, address: str, due_ts: int) -> Delivery:
    return Delivery(occasion.value, channel, address, due_ts, due_ts + EXPIRY[channel])


# --- trying


RETRY_PAUSE = 60
LOCKED_PAUSE = 900
UNSURE_PAUSE = {Channel.MAIL.value: 3600, Channel.SMS.value: 600}
"""Seconds from a try that may have succeeded to the next, by channel: each may be a double."""


def next_try_ts(
    tries: int, last_try_ts: int | None, delivery_id: int, locked: bool = False, unsure: str | None = None
) -> int:
    """When a delivery tried `tries` times may be tried again by a later run.

    At every run, each minute, so that what waits leaves within a minute of the network's return; where a login is
    refused (`locked`) after a minute, doubling up to a quarter of an hour, spread by a fifth by the delivery's id: a
    provider that sees a wrong password each minute for days shuts the account. Where it may have been taken, by the
    pause of the channel `unsure`.
    """
    if last_try_ts is None:
        return 0
    if unsure is not None:
        return last_try_ts + UNSURE_PAUSE.get(unsure, 0)
    if not locked:
        return last_try_ts
    delay = min(LOCKED_PAUSE, RETRY_PAUSE << min(10, max(0, tries - 1) // (1 + len(QUICK_TRIES))))
    return last_try_ts + delay * (90 + delivery_id * 7 % 21) // 100 - 10


def jitter(tries: int, delivery_id: int) -> float:
    """Seconds to wait before a later try, 0 to 6: many installations must not meet at a gateway that comes back."""
    return 0.0 if tries == 0 else (delivery_id * 7 + tries * 3) % 13 / 2


def room(sent: Sequence[int], now: int, hourly: int, daily: int | None = None) -> bool:
    """Whether one more message may go to an address that got some at the instants `sent`.

    >>> room([0, 100], 200, hourly=2), room([0, 100], 3700, hourly=2), room([0, 100], 3700, 2, daily=2)
    (False, True, False)
    """
    within_hour = sum(now - 3600 < ts <= now for ts in sent)
    within_day = sum(now - 86400 < ts <= now for ts in sent)
    return within_hour < hourly and (daily is None or within_day < daily)


def next_step(outcome: Outcome) -> str | None:
    """The column that ends a delivery after `outcome`; None when it is to be tried again.

    >>> next_step(Outcome.CAUGHT), next_step(Outcome.RETRY)
    ('sent_ts', None)
    """
    if outcome in (Outcome.SENT, Outcome.CAUGHT):
        return "sent_ts"
    return "failed_ts" if outcome in (Outcome.REFUSED, Outcome.EXPIRED) else None
