"""The simulated boiler in place of probes and clamps: a probe that is warmed rises, a motor turned on draws current."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from random import Random

from config.settings import Settings
from flask_app.boiler.fittings import DEFAULT_CHANNELS, Channel
from flask_app.boiler.rows import MOTORS, TEMPERATURES, Reason, Row
from sensor.bench import Deed
from sensor.get_watt import AMPS_PER_VOLT, CYCLES, Current, Window, measure

ADDRESSES = dict(zip(TEMPERATURES, (f"28-000000fa{number}0" for number in ("ce3", "ce1", "ce4", "ce2")), strict=True))
"""Not in the order of the roles: as in a house, only warming tells which is which."""

AMPS = {"secondary_fan": 0.28, "igniter": 3.75, "primary_fan": 0.31, "auger": 0.245}  # of a motor turned on by hand
NOISE_VOLTS = 0.0001  # of a sample: 3 mA
WARM_SECONDS = 8.0  # to come within a third of the hand's warmth
SAMPLES = 76


class Simulation:
    """A bench on the boiler's state in `row`; its time passes only in `pause`."""

    def __init__(self, row: Row, hz: float) -> None:
        self._row = row
        self._hz = hz
        self._noise = Random(row.ts)  # noqa: S311 - noise of a sensor
        self._now = 0.0
        self._warmed: dict[str, float] = {}  # address -> since: the one in the hand
        watts = {channel.role: channel.volts * channel.power_factor for channel in DEFAULT_CHANNELS}
        self._amps = {role: (getattr(row, role) or 0.0) / watts[role] for role in MOTORS}

    def probes(self) -> list[str]:
        """The addresses on the bus, in rising order."""
        return sorted(ADDRESSES.values())

    def degrees(self, addresses: Sequence[str]) -> dict[str, float | Reason]:
        """What each probe says now."""
        roles = {address: role for role, address in ADDRESSES.items()}
        self.pause(0.75)
        return {each: self._degrees(each, roles[each]) if each in roles else Reason.ABSENT for each in addresses}

    def _degrees(self, address: str, role: str) -> float | Reason:
        value: float | None = getattr(self._row, role)
        if value is None:
            return Reason(next(iter(json.loads(self._row.quality or "{}").get(role, {"absent": 1}))))
        if address in self._warmed:
            gained = 1 - math.exp((self._warmed[address] - self._now) / WARM_SECONDS)
            value += (max(34.0, value + 8.0) - value) * gained
        return round(value * 16 + self._noise.gauss(0.0, 0.4)) / 16

    def current(self, channel: Channel) -> Current | Reason:
        """What the clamp of a channel reads now: input by input in the order of MOTORS."""
        self.pause(CYCLES / self._hz)
        if channel.input is None:
            return Reason.ABSENT
        peak = self._amps[MOTORS[channel.input]] * channel.turns / AMPS_PER_VOLT * math.sqrt(2)
        seconds = [number / SAMPLES * CYCLES / self._hz for number in range(SAMPLES)]
        volts = [
            1.65 + peak * math.sin(2 * math.pi * self._hz * second) + self._noise.gauss(0.0, NOISE_VOLTS)
            for second in seconds
        ]
        return measure(Window(volts, seconds), self._hz)

    def pause(self, seconds: float) -> None:
        """Lets the simulated time pass, at once."""
        self._now += seconds

    def asked(self, deed: Deed, role: str) -> None:
        """Does it: from the first deed on the boiler's own controller is out of it."""
        if deed is Deed.WARM:
            self._warmed = {ADDRESSES[role]: self._now}
            return
        self._amps = {each: AMPS[each] if deed is Deed.TURN_ON and each == role else 0.0 for each in MOTORS}

    def no_probes(self) -> str:
        """Nothing: they answer."""
        return ""

    def no_clamps(self) -> str:
        """Nothing: the bus is there."""
        return ""


def open_simulation(settings: Settings, hz: float, wall: float) -> Simulation:
    """The bench of the simulated boiler as it is at `wall` (epoch seconds). Raises script_file.ScriptError."""
    from sensor.simulator import open_reader

    return Simulation(open_reader(settings, hang=lambda: None)(wall), hz)
