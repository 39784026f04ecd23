"""What an installation is fitted with: which probe measures what, and what is known of each current clamp."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flask_app.boiler.rows import MOTORS

PROBES_FOUND = "probes_found"
"""Key of the setting that says, as JSON, which probe the loop reads each role from (role: address)."""

FIRST_GATE = 0.08  # A at the clamp, until its idle current is learned
LEAST_GATE = 0.03  # A at the clamp: 1 mV, 8 steps of the converter
GATE_IDLES = 2.0  # times the idle current
GATE_SPREADS = 8.0  # of the idle current from window to window
GATE_CLOSES = 0.7  # of the current at which it opens
SEPARATION = 1.5  # times the gate: a motor that draws less is lost now and then
IDLE_MOST = 0.06  # A at the clamp: more is no noise, something runs
MOVED_LEAST = 1.0  # °C: a probe in a hand has moved by this


class Probe(NamedTuple):
    """A DS18B20 by its address (28-0123456789ab), the role it measures, and what is added to its degrees."""

    address: str
    role: str
    offset: float = 0.0  # °C


class Channel(NamedTuple):
    """A current clamp. Amperes are those at the clamp: of the wire, times its turns."""

    role: str
    input: int | None  # A0..A3 of the converter; None: no clamp is fitted
    turns: int = 1  # of the wire through the clamp
    volts: float = 230.0
    power_factor: float = 0.8  # small motors 0.5-0.9; no voltage is measured, so watts are estimated
    gate_amps: float | None = None  # what the motor must draw to count as running; None: from the idle current
    idle_amps: float | None = None  # what the clamp reads with the motor off; None: not learned
    idle_spread: float | None = None  # standard deviation of it from window to window
    running_amps: float | None = None  # what it read with the motor on, when the owner showed it
    learned_ts: int | None = None  # when the three above were learned


class Idle(NamedTuple):
    """An idle current that the loop learned by itself during a long stop."""

    role: str
    ts: int
    amps: float
    spread: float


class Fittings(NamedTuple):
    """All of it. `probes`: those that the owner named; `channels`: in the order of MOTORS."""

    probes: tuple[Probe, ...]
    channels: tuple[Channel, ...]
    mains_hz: float = 50.0


LIMITS = {
    "offset": (-10.0, 10.0),
    "input": (0, 3),
    "turns": (1, 50),
    "volts": (90.0, 260.0),
    "power_factor": (0.1, 1.0),
    "gate_amps": (0.005, 5.0),
}
"""What the owner may set, in the units above."""

DEFAULT_CHANNELS = tuple(
    Channel(role, number, power_factor=1.0 if role == "igniter" else 0.8) for number, role in enumerate(MOTORS)
)
"""Inputs A0 to A3 in the order of MOTORS; the igniter is a resistor."""


def fitted_channels(known: Iterable[Channel], idles: Iterable[Idle]) -> tuple[Channel, ...]:
    """The four channels in the order of MOTORS: the known ones, defaults for the others, each with its newest idle
    current, whoever learned it."""
    by_role = {channel.role: channel for channel in (*DEFAULT_CHANNELS, *known)}
    for idle in idles:
        channel = by_role.get(idle.role)
        if channel is not None and idle.ts >= (channel.learned_ts or 0):
            by_role[idle.role] = channel._replace(idle_amps=idle.amps, idle_spread=idle.spread)
    return tuple(by_role[role] for role in MOTORS)


def opens_at(channel: Channel) -> float:
    """The amperes at the clamp, idle current taken off, from which the motor counts as running.

    >>> opens_at(Channel("auger", 3)), opens_at(Channel("auger", 3, idle_amps=0.019, idle_spread=0.0016))
    (0.08, 0.038)
    """
    if channel.gate_amps is not None:
        return channel.gate_amps
    if channel.idle_amps is None:
        return FIRST_GATE
    idle = channel.idle_amps
    noise = math.sqrt((idle + GATE_SPREADS * (channel.idle_spread or 0.0)) ** 2 - idle**2)
    return max(LEAST_GATE, GATE_IDLES * idle, noise)


def runs(running: bool, amps: float, channel: Channel) -> bool:
    """Whether the motor runs at `amps` of the clamp; `running`: whether it did before. The gate has hysteresis.

    >>> channel = Channel("auger", 3, gate_amps=0.1)
    >>> runs(False, 0.08, channel), runs(True, 0.08, channel), runs(True, 0.06, channel)
    (False, True, False)
    """
    return amps >= opens_at(channel) * (GATE_CLOSES if running else 1.0)


def without_idle(amps: float, channel: Channel) -> float:
    """Amperes at the clamp with the idle current taken off in quadrature: noise is not in step with the mains."""
    return math.sqrt(max(0.0, amps**2 - (channel.idle_amps or 0.0) ** 2))


def separation(channel: Channel) -> float | None:
    """How many times the gate the running motor draws; None before the owner showed it running.

    >>> round(separation(Channel("auger", 3, idle_amps=0.019, idle_spread=0.0016, running_amps=0.2)), 1)
    5.2
    """
    if channel.running_amps is None:
        return None
    return without_idle(channel.running_amps, channel) / opens_at(channel)


def turns_needed(channel: Channel) -> int | None:
    """The turns of the wire that would tell the motor's running from its standing still; None: nothing is drawn.

    >>> turns_needed(Channel("primary_fan", 2, turns=2, idle_amps=0.003, running_amps=0.02))
    5
    """
    apart = separation(channel)
    return math.ceil(channel.turns * SEPARATION / apart) if apart else None


def moved(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """The probes that moved, the most moved first: by 1 °C or more, and by half as much as that one or more.

    >>> moved({"a": 20.0, "b": 60.0, "c": 30.0}, {"a": 26.0, "b": 61.5, "c": 30.0})
    ['a']
    """
    changes = {name: abs(now[name] - before[name]) for name in now if name in before}
    least = max(MOVED_LEAST, max(changes.values(), default=0.0) / 2)
    return sorted((name for name, change in changes.items() if change >= least), key=lambda name: -changes[name])


def described(channel: Channel) -> str:
    """A clamp in a line of no language, as the history of changes keeps it: input, turns, volts, power
    factor, a gate that was set, idle and running amperes.

    >>> described(Channel("auger", 3, idle_amps=0.003, running_amps=0.2)), described(Channel("auger", None))
    ('A3 ×1, 230 V, 0.8, 0.003 → 0.2 A', '–')
    """
    if channel.input is None:
        return "–"
    parts = [f"A{channel.input} ×{channel.turns}", f"{channel.volts:g} V", f"{channel.power_factor:g}"]
    parts += [f"≥ {channel.gate_amps:g} A"] if channel.gate_amps is not None else []
    amps = ("?" if value is None else f"{value:.3g}" for value in (channel.idle_amps, channel.running_amps))
    learned = channel.idle_amps is not None or channel.running_amps is not None
    return ", ".join([*parts, " → ".join(amps) + " A"] if learned else parts)
