"""What calibration measures: a probe beside a reference thermometer, a clamp with its motor off or on."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from flask_app.boiler.fittings import IDLE_MOST, LIMITS, Channel, Probe, opens_at
from flask_app.boiler.rows import Reason
from sensor.bench import CLAMP_WORDS, PROBE_WORDS, Bench, Deed
from sensor.get_temp import roles_of
from sensor.get_watt import Current, idle_of
from sensor.kept import Kept

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


def learn_idle(bench: Bench, channels: Iterable[Channel], kept: Kept, tell: Callable[[str], None]) -> bool:
    """Learns the idle currents of these channels' clamps, and keeps them; whether all with a clamp were learned."""
    fitted = [channel for channel in channels if channel.input is not None]
    if not fitted:
        tell("no clamp is fitted")
    if fitted and (lack := bench.no_clamps()):
        tell(lack)
        return False
    learned = []
    for channel in fitted:
        bench.asked(Deed.TURN_OFF, channel.role)
        try:
            idle = idle_current(bench, channel)
        except MeasureError as error:
            tell(f"{channel.role}: not learned: {error}")
            continue
        changed = channel._replace(idle_amps=idle.amps, idle_spread=idle.spread)
        kept.keep_channel(changed, learned=True)
        tell(f"{channel.role}: {idle.amps:.4f} A idle, it counts as running from {opens_at(changed):.3f} A")
        learned.append(channel.role)
    return bool(fitted) and len(learned) == len(fitted)


def with_offset(name: str, degrees: float, named: Sequence[Probe], ids: Sequence[str]) -> Probe:
    """The probe of that address or role, with its new offset in °C. Raises MeasureError with what is accepted.

    named: the probes that the owner named; ids: the others, which fill the roles that are left.
    """
    low, high = LIMITS["offset"]
    if not low <= degrees <= high:
        raise MeasureError(f"{degrees:g} is no offset; {low:g} to {high:g} °C are accepted")
    addresses = roles_of(named, ids)
    for role, address in addresses.items():
        if name.lower() in (role, address, address.removeprefix("28-")):
            return Probe(address, role, degrees)
    known = ", ".join(f"{address} ({role})" for role, address in addresses.items())
    raise MeasureError(f"{name!r} is no probe here; there {f'are {known}' if known else 'is none'}")


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
