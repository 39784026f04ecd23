"""What an alert is: its kinds, and the openings and closings that the engine tells of."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """Everything this house can warn of, as stored in `Alert.kind` and shown in the API."""

    LOW_WATER = "low_water"
    FIRE_DYING = "fire_dying"
    IGNITION_FAILED = "ignition_failed"
    JAM = "jam"
    POWER_CUT = "power_cut"
    BLIND = "blind"
    LOW_INDOOR = "low_indoor"
    IGNITER_WEAR = "igniter_wear"
    FOULING = "fouling"
    SHORT_CYCLING = "short_cycling"
    CONDENSATION = "condensation"
    JOBS = "jobs"
    STORAGE = "storage"
    CLOCK = "clock"
    DELIVERY = "delivery"
    BALANCE = "balance"


class Opening(NamedTuple):
    """An alert begins at the minute `ts`; `evidence` holds the values it was judged by."""

    kind: Kind
    ts: int
    evidence: dict[str, float | int | str | None]


class Closing(NamedTuple):
    """The alert of that kind opened at `opened_ts` ends at the minute `ts`."""

    kind: Kind
    opened_ts: int
    ts: int


Change = Opening | Closing
