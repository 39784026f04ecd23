"""What an alert is: its kinds, the book of open ones, and the spell rule of the alert of the mission."""

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


CAUSES = (Kind.FIRE_DYING, Kind.JAM, Kind.IGNITION_FAILED, Kind.POWER_CUT)
"""The faults that explain a cold boiler, the likeliest first."""

READING_LATE = 180
"""Seconds without a reading after which nothing is known any more: the rule of the kind `blind`."""

CLOCK_AHEAD = 300
"""Seconds by which a reading may be ahead of the clock, as for folding: the rule of the kind `clock`."""

Evidence = dict[str, float | int | str | None]
"""The values an alert was judged by: degrees as plain numbers, instants in keys ending `_ts`."""


def gravity(missing: object) -> int:
    """How blind a watch is that misses this: 2, every reading; 1, the water; 0, what the mission can do without."""
    return {"row": 2, "water": 1}.get(str(missing), 0)


class Opening(NamedTuple):
    """An alert begins at the minute `ts`; `evidence` holds the values it was judged by."""

    kind: Kind
    ts: int
    evidence: Evidence


class Closing(NamedTuple):
    """The alert of that kind opened at `opened_ts` ends at the minute `ts`."""

    kind: Kind
    opened_ts: int
    ts: int


Change = Opening | Closing


class Book:
    """The alerts that are open, one of a kind at most, and what this minute has changed."""

    __slots__ = ("changes", "opened")

    def __init__(self) -> None:
        """A book with nothing open."""
        self.opened: dict[Kind, int] = {}
        self.changes: list[Change] = []

    def open(self, kind: Kind, ts: int, evidence: Evidence) -> None:
        """Opens an alert, unless one of its kind is open already."""
        if kind not in self.opened:
            self.opened[kind] = ts
            self.changes.append(Opening(kind, ts, evidence))

    def close(self, kind: Kind, ts: int) -> None:
        """Closes the alert of that kind, if one is open."""
        opened_ts = self.opened.pop(kind, None)
        if opened_ts is not None:
            self.changes.append(Closing(kind, opened_ts, ts))


REPEAT_SECONDS = 600
"""Two low_water are never generated closer than this."""
WARM_MARGIN = 1.0
"""°C above the setpoint, over two present minutes, that close a low_water."""


class Spell:
    """Where the water stands against the setpoint: what `low_water_due` needs of the past."""

    __slots__ = ("below", "generated_ts", "waiting", "warm")

    def __init__(self) -> None:
        """Nothing measured yet: a history that starts cold has no crossing."""
        self.below: bool | None = None  # of the last present water, however old
        self.waiting = False  # this spell's alert is not generated yet
        self.generated_ts: int | None = None
        self.warm = 0  # present minutes in a row at or above the setpoint + 1


def low_water_due(spell: Spell, ts: int, water: float, setpoint: float) -> bool:
    """Whether this minute generates the alert of the mission: once per cold spell, at its first minute, or at its
    first minute that is 600 s or more after the one generated before."""
    below = water < setpoint
    spell.waiting = below and (spell.waiting or spell.below is False)
    spell.below = below
    spell.warm = spell.warm + 1 if water >= setpoint + WARM_MARGIN else 0
    if not spell.waiting:
        return False
    if spell.generated_ts is not None and ts - spell.generated_ts < REPEAT_SECONDS:
        return False
    spell.waiting, spell.generated_ts = False, ts
    return True
