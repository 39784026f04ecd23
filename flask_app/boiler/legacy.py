"""What the rows of the predecessor (github.com/cheperboy/chaudiere) mean: its local times, lost probes, millivolts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from statistics import median
from typing import Any, NamedTuple

from flask_app.boiler.fittings import DEFAULT_CHANNELS
from flask_app.boiler.rows import Reason, Row

PROBES = {"water": "temp0", "flue": "temp1", "box": "temp2"}
"""Role -> its column. Its temp3 was meant for a setpoint and never written."""


class Clamp(NamedTuple):
    """What it read of a motor that is off, and of one that runs: peaks in mV (its sensor/sensor_values.txt)."""

    column: str
    off: float
    on: float


CLAMPS = {
    "igniter": Clamp("watt1", 1650, 1827),
    "primary_fan": Clamp("watt2", 1650, 1660),
    "auger": Clamp("watt3", 1647, 1671),
}
"""Its watt0 is left out: its notes call that clamp the circulator, and a circulator is no sign of a fire."""

COLUMNS = (*PROBES.values(), *(clamp.column for clamp in CLAMPS.values()))
CUT = 1654  # mV: it stored less as 0
REST = 1640  # mV: with its first cuts (1640, 1650) a clamp at rest was stored as it was
SUPPLY = 3300  # mV: the converter's end
AMPS_PER_VOLT = 30.0  # SCT-013-030, rms
DEGREES = (-55.0, 125.0)  # DS18B20
NEIGHBOURS = 5  # minutes on either side that a dip is held against
MOST_READINGS = 20  # in one of its minutes
LEAST_DIP = 0.5  # °C: eight steps of a DS18B20

_CHANNELS = {channel.role: channel for channel in DEFAULT_CHANNELS}


def instants(local: Iterable[object], zone: tzinfo) -> Iterator[int | None]:
    """The UTC second of each local time, in the order in which it was written; None for one that cannot be.

    That order tells the hour that autumn repeats: once the time goes back within it, the second one has begun.
    """
    before, second = None, False
    for text in local:
        moment = _moment(text)
        if moment is None:
            yield None
            continue
        first, last = (int(moment.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
        if first > last:  # in the hour that spring leaves out
            yield None
            continue
        twice = first < last
        second = twice and (second or (before is not None and moment < before))
        before = moment if twice else None
        yield last if second else first


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if moment.tzinfo else moment


def reading(ts: int, values: Sequence[object]) -> Row:
    """One of its readings, `values` in the order of COLUMNS, as one of ours: estimated watts, exactly 0 at rest."""
    fields, refused = _degrees(values)
    for (role, clamp), value in zip(CLAMPS.items(), values[len(PROBES) :], strict=True):
        peak = _peak(value)
        if peak is not None:
            fields[role] = 0.0 if peak < CUT else _watts(role, clamp, peak)
    return Row(ts, **fields, quality=_quality(refused))


def minute(ts: int, values: Sequence[object], millivolts: bool = True) -> Row:
    """One of its minutes, `values` in the order of COLUMNS: means of its readings, where rest is 0 and a run its peak.

    So a mean below CUT is a share of a run. `millivolts` False: another unit, of which only "it ran" can be told.
    """
    fields, refused = _degrees(values)
    for (role, clamp), value in zip(CLAMPS.items(), values[len(PROBES) :], strict=True):
        mean = _peak(value)
        if mean is None:
            continue
        running = mean > 0 and not REST <= mean < CUT
        fields[role] = float(running)
        if running and not millivolts:
            continue
        fields[f"{role}_duty"] = 1.0 if mean >= CUT else min(1.0, running * mean / clamp.on)
        if mean >= CUT:
            fields[f"{role}_power"] = _watts(role, clamp, mean)
    return Row(ts, **fields, quality=_quality(refused))


def _degrees(values: Sequence[object]) -> tuple[dict[str, Any], dict[str, Reason]]:
    fields: dict[str, Any] = {}
    refused = {}
    for role, value in zip(PROBES, values, strict=False):
        if not isinstance(value, int | float) or value in (-1, 0):  # what it wrote for a probe that did not answer
            refused[role] = Reason.ABSENT
        elif not DEGREES[0] <= value <= DEGREES[1]:
            refused[role] = Reason.RANGE
        else:
            fields[role] = float(value)
    return fields, refused


def _peak(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value <= SUPPLY else None


def _watts(role: str, clamp: Clamp, peak: float) -> float:
    amps = max(0.0, peak - clamp.off) / 1000 / math.sqrt(2) * AMPS_PER_VOLT
    channel = _CHANNELS[role]
    return max(0.1, round(amps * channel.volts * channel.power_factor, 1))


def _quality(refused: dict[str, Reason]) -> str | None:
    if not refused:
        return None
    return json.dumps({role: {reason.value: 1} for role, reason in refused.items()}, separators=(",", ":"))


def without_dips(minutes: Sequence[Row]) -> list[Row]:
    """Those minutes without the degrees that fall, for five minutes at most, as one lost reading in a mean makes them.

    A lost reading entered the mean as -1: of 20 readings at 60 °C, one lost takes 3 °C off.
    """
    found = list(minutes)
    for role in PROBES:
        present = [(place, value) for place, row in enumerate(minutes) if (value := getattr(row, role)) is not None]
        for number, (place, value) in enumerate(present):
            around = median(near for _, near in present[max(0, number - NEIGHBOURS) : number + NEIGHBOURS + 1])
            if around - value >= max(LEAST_DIP, (around + 1) / MOST_READINGS):
                row = found[place]
                refused = {**json.loads(row.quality or "{}"), role: {Reason.ABSENT.value: 1}}
                changes: dict[str, Any] = {role: None, "quality": json.dumps(refused, separators=(",", ":"))}
                found[place] = row._replace(**changes)
    return found
