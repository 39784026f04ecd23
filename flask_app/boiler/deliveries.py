"""Who is told what, when and how often it is tried: the plan of messages, pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from flask_app.boiler.alerts import Kind
from flask_app.boiler.rows import MINUTE


class Channel(Enum):
    """The ways a message leaves."""

    MAIL = "mail"
    SMS = "sms"


class Occasion(Enum):
    """Why a message is sent, as stored in `Delivery.reason`."""

    OPENED = "opened"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    RECOVERY = "recovery"
    TEST = "test"
    SELF_TEST = "self_test"


class Outcome(Enum):
    """How one try to send ended, as stored in `Attempt.outcome`."""

    SENT = "sent"  # the gateway accepted it
    CAUGHT = "caught"  # kept in the local catcher: the boiler is simulated
    RETRY = "retry"  # may succeed later
    REFUSED = "refused"  # will never succeed as it is
    UNCONFIGURED = "unconfigured"  # nothing says where to send it
    EXPIRED = "expired"  # too old to be of use


class Recipient(NamedTuple):
    """One address on one channel."""

    channel: str
    address: str


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


EXPIRY = {Channel.MAIL.value: 7 * 86400, Channel.SMS.value: 86400}
"""Seconds after which a message is of no use any more."""

URGENT = {Kind.LOW_WATER, Kind.FIRE_DYING, Kind.IGNITION_FAILED, Kind.JAM, Kind.POWER_CUT, Kind.BLIND, Kind.LOW_INDOOR}
"""What a person can still act upon at once: by SMS too."""

QUICK_TRIES = (5, 10, 20)
"""Seconds between the tries of one run; later runs go on by `next_try_ts`."""


def opening(kind: Kind, ts: int, recipients: Iterable[Recipient]) -> list[Delivery]:
    """What to send when an alert opens at the minute `ts`: due as soon as that minute is over."""
    return [
        _delivery(Occasion.OPENED, recipient, ts + MINUTE)
        for recipient in recipients
        if kind in URGENT or recipient.channel == Channel.MAIL.value
    ]


def recovery(ts: int, told: Iterable[Recipient]) -> list[Delivery]:
    """What to send when an alert closes at the minute `ts`: a mail to each mail address that was told it had opened."""
    return [
        _delivery(Occasion.RECOVERY, recipient, ts + MINUTE)
        for recipient in told
        if recipient.channel == Channel.MAIL.value
    ]


def trial(recipient: Recipient, now: int) -> Delivery:
    """A test message, due now."""
    return _delivery(Occasion.TEST, recipient, now)


def _delivery(occasion: Occasion, recipient: Recipient, due_ts: int) -> Delivery:
    return Delivery(occasion.value, recipient.channel, recipient.address, due_ts, due_ts + EXPIRY[recipient.channel])


def next_try_ts(tries: int, last_try_ts: int | None, delivery_id: int) -> int:
    """When a delivery tried `tries` times may be tried again by a later run: after a minute, doubling up to an hour,
    spread by a fifth so that many deliveries do not meet at the gateway (the spread is fixed by the delivery's id)."""
    if last_try_ts is None:
        return 0
    delay: int = min(3600, 60 << min(10, max(0, tries - 1) // (1 + len(QUICK_TRIES))))
    return last_try_ts + delay * (90 + delivery_id * 7 % 21) // 100 - 10


def next_step(outcome: Outcome) -> str | None:
    """The column that ends a delivery after `outcome`; None when it is to be tried again.

    >>> next_step(Outcome.CAUGHT), next_step(Outcome.RETRY)
    ('sent_ts', None)
    """
    if outcome in (Outcome.SENT, Outcome.CAUGHT):
        return "sent_ts"
    return "failed_ts" if outcome in (Outcome.REFUSED, Outcome.EXPIRED) else None
