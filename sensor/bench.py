"""What the commissioning commands measure with: the probes and clamps of this computer, or simulated ones to try it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Protocol

from config.settings import Settings
from flask_app.boiler.fittings import DEFAULT_CHANNELS, Channel
from flask_app.boiler.rows import MOTORS, Reason
from flask_app.lock import hold
from sensor.get_watt import CYCLES, Current

if TYPE_CHECKING:
    from sensor.get_temp import Probes
    from sensor.get_watt import Currents

GUARD_SECONDS = 3.0  # for the converter, which a running loop holds for one window at a time


class Bench(Protocol):
    """Probes and clamps as the commands see them."""

    def found(self) -> list[str]:
        """The addresses of the probes that answer, in rising order."""

    def degrees(self, addresses: Sequence[str]) -> dict[str, float | Reason]:
        """What each probe says, no offset added; takes a conversion, 0.75 s."""

    def current(self, number: int, hz: float) -> Current | Reason:
        """What the clamp on input A0 to A3 reads, the idle current still in it; takes 0.2 s."""

    def told(self, deed: str) -> None:
        """The owner was asked to do this: `warm`, or `on` or `off` and a motor."""

    def wait(self, seconds: float) -> None:
        """Lets that time pass."""


class Hardware:
    """The real ones, beside a running loop."""

    def __init__(self, probes: Probes, currents: Currents, wait: Callable[[float], None] = time.sleep) -> None:
        self._probes, self._currents = probes, currents
        self.wait = wait

    def found(self) -> list[str]:
        """The addresses of the probes that answer, in rising order."""
        return self._probes.found()

    def degrees(self, addresses: Sequence[str]) -> dict[str, float | Reason]:
        """What each probe says, no offset added."""
        return self._probes.read_addresses(addresses)

    def current(self, number: int, hz: float) -> Current | Reason:
        """What the clamp on that input reads."""
        self._currents.fit(DEFAULT_CHANNELS, hz)
        return self._currents.current(Channel("auger", number))

    def told(self, deed: str) -> None:
        """The owner does it, not we."""


def open_hardware(settings: Settings) -> Hardware:
    """The probes and clamps of this computer."""
    from sensor.get_temp import Probes
    from sensor.get_watt import Currents

    guard = Currents(guard=lambda: hold(settings.converter_lock, GUARD_SECONDS))
    return Hardware(Probes(settings.probes), guard)


ROOM, HAND = 21.0, 32.0  # °C
ADDRESSES = tuple(f"28-0000000000{number:02x}" for number in (0x1A, 0x2B, 0x3C, 0x4D))
IDLE = 0.012  # A
RUNNING = {"secondary_fan": 0.35, "igniter": 1.3, "primary_fan": 0.5, "auger": 0.26}  # A


class Simulated:
    """Four probes and four clamps of no boiler: a probe rises when one is to be warmed, a motor runs when told to."""

    def __init__(self, seed: int = 1) -> None:
        self._dice = Random(seed)  # noqa: S311 - noise
        self._degrees = dict.fromkeys(ADDRESSES, ROOM)
        self._warmed = -1
        self._on: set[str] = set()

    def found(self) -> list[str]:
        """All four."""
        return list(ADDRESSES)

    def degrees(self, addresses: Sequence[str]) -> dict[str, float | Reason]:
        """Degrees in sixteenths, the warmed probe on its way to a hand's warmth."""
        for place, address in enumerate(ADDRESSES):
            goal = HAND if place == self._warmed else ROOM
            self._degrees[address] += 0.35 * (goal - self._degrees[address])
        return {
            address: round(16 * (self._degrees[address] + self._dice.gauss(0, 0.03))) / 16
            if address in self._degrees
            else Reason.ABSENT
            for address in addresses
        }

    def current(self, number: int, hz: float) -> Current | Reason:  # noqa: ARG002 - simulated mains are true
        """A quiet clamp, or one round the wire of a motor that runs."""
        role = MOTORS[number]
        amps = RUNNING[role] if role in self._on else 0.0
        seen = (amps**2 + (IDLE * self._dice.uniform(0.9, 1.1)) ** 2) ** 0.5
        return Current(seen, seen, 7 * CYCLES)

    def told(self, deed: str) -> None:
        """Does it."""
        verb, _space, motor = deed.partition(" ")
        if verb == "warm":
            self._warmed = (self._warmed + 1) % len(ADDRESSES)
        elif verb == "on":
            self._on.add(motor)
        else:
            self._on.discard(motor)

    def wait(self, seconds: float) -> None:
        """No time passes for a simulated hand."""
