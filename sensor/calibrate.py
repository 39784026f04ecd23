"""What calibration measures: a probe beside a reference thermometer, a clamp with its motor off or on."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from flask_app.boiler.fittings import IDLE_MOST, LIMITS, Channel
from flask_app.boiler.rows import Reason
from sensor.bench import CLAMP_WORDS, PROBE_WORDS, Bench
from sensor.get_watt import Current, idle_of

PASSES = 3
IDLE_WINDOWS = 25
RUNNING_WINDOWS = 10


class MeasureError(Exception):
    """What was measured cannot be used; the words say why."""


class Idle(NamedTuple):
    """The amperes at the clamp of a motor that is off, and their spread from window to window."""

    amps: float
    spread: float


def offset_of(bench: Bench, address: str, reference: float) -> float:
    """What to add to a probe beside a thermometer that says `reference` °C. Raises MeasureError."""
    seen = [bench.degrees([address])[address] for _ in range(PASSES)]
    values = [value for value in seen if not isinstance(value, Reason)]
    if not values:
        raise MeasureError(f"{address} {PROBE_WORDS.get(Reason(seen[-1]), 'gives no value')}")
    offset = round(reference - statistics.fmean(values), 2)
    low, high = LIMITS["offset"]
    if not low <= offset <= high:
        raise MeasureError(f"the probe says {values[-1]:.1f} °C, {abs(offset):.1f} °C from it: is it the same place?")
    return offset


def idle_current(bench: Bench, channel: Channel) -> Idle:
    """The idle current of a motor that is off. Raises MeasureError, also when something runs."""
    amps, spread = idle_of(_windows(bench, channel, IDLE_WINDOWS))
    if amps > IDLE_MOST:
        raise MeasureError(f"A{channel.input} reads {amps:.3f} A, more than any noise: is the motor off?")
    return Idle(round(amps, 5), round(spread, 5))


def running_current(bench: Bench, channel: Channel) -> float:
    """The amperes at the clamp of a motor that runs, the idle current still in them. Raises MeasureError."""
    return round(statistics.median(_windows(bench, channel, RUNNING_WINDOWS)), 4)


def _windows(bench: Bench, channel: Channel, count: int) -> list[float]:
    seen = [bench.current(channel) for _ in range(count)]
    amps = [current.amps for current in seen if isinstance(current, Current)]
    refused = [current for current in seen if isinstance(current, Reason)]
    if len(amps) <= count // 2:
        raise MeasureError(f"A{channel.input}: {CLAMP_WORDS.get(refused[-1], refused[-1].value)}")
    return amps
