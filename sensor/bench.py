"""What the commissioning commands measure with: the probes and clamps of this computer, asked beside a running loop."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from config.settings import Settings
from flask_app import here
from flask_app.boiler.fittings import Channel
from flask_app.boiler.rows import Reason
from flask_app.lock import hold

if TYPE_CHECKING:
    from sensor.get_temp import Probes
    from sensor.get_watt import Current, Currents

GUARD_SECONDS = 2.0  # for the converter: the loop holds it for 0.2 s a window
BREATH_SECONDS = 0.1  # between two windows, so that a loop that waits for the converter gets it
ONE_WIRE = Path("/sys/bus/w1/devices")
I2C = Path("/dev/i2c-1")


class Deed(Enum):
    """What the owner is asked to do."""

    WARM = "warm"
    TURN_ON = "turn on"
    TURN_OFF = "turn off"


class Bench(Protocol):
    """Probes and clamps, as the commissioning commands ask them."""

    def probes(self) -> list[str]:
        """The addresses on the bus, in rising order."""

    def degrees(self, addresses: Sequence[str]) -> dict[str, float | Reason]:
        """What each probe says now, no offset added."""

    def current(self, channel: Channel) -> Current | Reason:
        """What the clamp of a channel reads now."""

    def pause(self, seconds: float) -> None:
        """Lets time pass."""

    def asked(self, deed: Deed, role: str) -> None:
        """The owner says that this is done to the probe or motor of `role`: a simulator does it."""

    def no_probes(self) -> str:
        """Why no probe can answer, with the remedy; empty when some do."""

    def no_clamps(self) -> str:
        """Why no clamp can answer, with the remedy; empty when the bus is there."""


class Hardware:
    """The real probes and clamps."""

    def __init__(
        self,
        probes: Probes,
        currents: Currents,
        pause: Callable[[float], None] = time.sleep,
        one_wire: Path = ONE_WIRE,
        i2c: Path = I2C,
    ) -> None:
        """one_wire, i2c: where the two buses show, when not there where Linux puts them."""
        self.pause = pause
        self.probes = probes.found
        self.degrees = probes.read_addresses
        self._currents = currents
        self._one_wire, self._i2c = one_wire, i2c

    def current(self, channel: Channel) -> Current | Reason:
        """What the clamp of a channel reads now."""
        self.pause(BREATH_SECONDS)
        return self._currents.current(channel)

    def asked(self, deed: Deed, role: str) -> None:
        """Nothing: the owner has done it."""

    def no_probes(self) -> str:
        """Why no probe can answer, with the remedy; empty when some do."""
        return "" if self.probes() else _one_wire_lack(self._one_wire)

    def no_clamps(self) -> str:
        """Why no clamp can answer, with the remedy; empty when the bus is there."""
        return _i2c_lack(self._i2c)


def _one_wire_lack(tree: Path) -> str:
    if not tree.exists():
        return (
            f"There is no 1-wire bus ({tree} is absent): put the line dtoverlay=w1-gpio into /boot/firmware/config.txt "
            "(or run `sudo raspi-config nonint do_onewire 0`), then start the computer again."
        )
    return (
        "No probe answers on the 1-wire bus: check the three wires of each probe, its data wire on GPIO 4 (pin 7) "
        "and the resistor of 4.7 kΩ from it to 3.3 V."
    )


def _i2c_lack(device: Path) -> str:
    if not device.exists():
        return (
            f"There is no I2C bus ({device} is absent): put the line dtparam=i2c_arm=on into /boot/firmware/config.txt "
            "(or run `sudo raspi-config nonint do_i2c 0`), then start the computer again."
        )
    if not os.access(device, os.R_OK | os.W_OK):
        return refused(device, pwd.getpwuid(os.geteuid()).pw_name)
    return ""


def refused(device: Path, user: str, folder: str = here.FOLDER) -> str:
    """Why `user`, who runs the programs in `folder`, cannot read the clamps, with the remedy."""
    then = f"`{here.restart(folder)}`" if here.installed(folder) else "log in again"
    return f"The user {user} may not use {device}: run `sudo adduser {user} i2c`, then {then}."


def open_hardware(settings: Settings, hz: float) -> Hardware:
    """The bench of this computer, on mains of that frequency."""
    from sensor.get_temp import Probes
    from sensor.get_watt import Currents

    currents = Currents(guard=lambda: hold(settings.converter_lock, GUARD_SECONDS))
    currents.fit((), hz)
    return Hardware(Probes(settings.probes), currents)


PROBE_WORDS: Mapping[Reason, str] = {
    Reason.ABSENT: "does not answer: check its plug and its wires",
    Reason.CRC: "answers garbled: a loose contact, or a cable too long",
    Reason.POWER_ON: "says 85 °C without having measured: its supply wire is loose",
    Reason.RANGE: "says what it cannot measure: a broken wire, or too little power on its supply wire",
    Reason.SHORT: "says nothing but zeros: the data wire touches the ground wire",
    Reason.BUS: "the bus answers with an error: check its wires and the resistor of 4.7 kΩ",
    Reason.LATE: "no answer in time: the bus hangs",
}
CLAMP_WORDS: Mapping[Reason, str] = {
    Reason.ABSENT: "the converter (ADS1115) does not answer at 0x48: check its four wires, and that ADDR is on GND",
    Reason.RANGE: "no bias of 1.65 V on this input: the clamp or its two resistors are not there",
    Reason.CLIPPED: "more current than the converter can show: fewer turns, or another clamp",
    Reason.RATE: "too few samples: the computer is busy, or the bus slow (dtparam=i2c_arm_baudrate=400000)",
    Reason.BUS: "the bus failed while sampling: check the wires of the converter",
    Reason.LATE: "the converter does not finish, or another program holds it",
}
"""Reasons in the owner's words, with what to do."""
