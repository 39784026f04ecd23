"""When the installation wants warm water: the setpoint of the hour, the stop on purpose, and a fire being lit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from flask_app.boiler.options import Options
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row

if TYPE_CHECKING:
    from datetime import datetime

STOP_KEY = "stop"
"""The key of a stop in the table of settings: its value is "<until, UTC seconds> <reason>"."""

LOOK_BACK = 15
"""Minutes that `lighting` looks at."""
FLUE_RISE = 5.0  # °C in ten minutes: above the drift of a cooling flue's noise


class Reason(Enum):
    """Why a boiler is off on purpose."""

    SUMMER = "summer"
    SWEEP = "sweep"
    ABSENCE = "absence"


class Stop(NamedTuple):
    """The boiler is off on purpose from `since_ts` until `until_ts` (UTC seconds)."""

    since_ts: int
    until_ts: int
    reason: Reason


def setpoint_at(options: Options, moment: datetime) -> float:
    """The setpoint (°C) below which a message is sent at a local time: the lowest of those in force.

    The alert itself is generated below `options.setpoint`, whatever the hour.
    """
    found = [options.setpoint]
    hour = moment.hour + moment.minute / 60
    night = options.night_from != options.night_to and _between(hour, options.night_from, options.night_to)
    if options.setpoint_night and night:
        found.append(options.setpoint_night)
    # The months named are both part of the summer.
    if options.setpoint_summer and _between(moment.month, options.summer_from, options.summer_to + 1):
        found.append(options.setpoint_summer)
    return min(found)


def _between(value: float, start: float, end: float) -> bool:
    return start <= value < end if start < end else value >= start or value < end


def stop_at(changes: Iterable[tuple[str, int, str]], ts: int) -> Stop | None:
    """The stop on purpose that holds at `ts`, of the settings (key, since_ts, value) in rising order of time."""
    newest = None
    for key, since_ts, value in changes:
        if key == STOP_KEY and since_ts <= ts:
            until, _, reason = value.partition(" ")
            known = reason in {one.value for one in Reason} and until.isdecimal()
            newest = Stop(since_ts, int(until), Reason(reason)) if known else None
    return newest if newest is not None and ts < newest.until_ts else None


NOTE_KEY = "note."
"""Before a kind's name, the key of the house's own note for it; `note.installer` is who to call, with the number."""


def notes_at(changes: Iterable[tuple[str, int, str]], ts: int) -> dict[str, str]:
    """The notes in force at `ts` by what stands after NOTE_KEY, of the settings in rising order of time."""
    found = {}
    for key, since_ts, value in changes:
        if key.startswith(NOTE_KEY) and since_ts <= ts:
            found[key.removeprefix(NOTE_KEY)] = value
    return found


def lighting(minutes: Sequence[Row]) -> bool:
    """Whether the fire is being lit in the newest of `minutes` (15 of them are enough), or the flue rises."""
    if not minutes:
        return False
    newest = minutes[-1]
    if newest.phase == Phase.IGNITION.value or newest.igniter:
        return True
    before = next((row.flue for row in minutes if row.ts >= newest.ts - 600 and row.flue is not None), None)
    return newest.flue is not None and before is not None and newest.flue >= before + FLUE_RISE


def water_of(minutes: Sequence[Row]) -> float | None:
    """The newest water among `minutes`."""
    return next((row.water for row in reversed(minutes) if row.water is not None), None)
