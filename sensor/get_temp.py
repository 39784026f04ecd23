"""Opens the DS18B20 probes on the 1-wire bus, and reads degrees or the reason why there are none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from flask_app.boiler.fittings import Probe as Named
from flask_app.boiler.rows import TEMPERATURES, Reason
from sensor.worker import Worker

if TYPE_CHECKING:
    from w1thermsensor.core import W1ThermSensor

DEADLINE_SECONDS = 1.8  # a 12-bit conversion takes 0.75 s, and the kernel may try again once
LOWEST, HIGHEST = -55.0, 125.0  # DS18B20 datasheet
POWER_ON_DEGREES = 85.0
FRESH_SECONDS = 60  # of the value before, for an 85 to be its neighbour; an 85 that needed one is none itself
POWER_ON_BYTE = 0x0C  # byte 6 of a scratchpad that never converted: w1thermsensor#75, Linux w1_therm


def sensor_class() -> type[W1ThermSensor]:
    """The real package's class, imported without its modprobe (which waits 1 s, then fails where there is no bus)."""
    os.environ["W1THERMSENSOR_NO_KERNEL_MODULE"] = "1"
    from w1thermsensor.core import W1ThermSensor  # 0.08 s, and only a real installation needs it

    return W1ThermSensor


def judge(lines: list[str], last: float | None) -> float | Reason:
    """Degrees that the lines of `w1_slave` say, or why they are refused; `last` is the probe's last good value.

    >>> judge(["50 05 4b 46 7f ff 0c 10 1c : crc=1c YES", "50 05 4b 46 7f ff 0c 10 1c t=85000"], 20.0)
    <Reason.POWER_ON: 'power_on'>
    >>> judge(["50 05 4b 46 7f ff 10 10 1c : crc=1c YES", "50 05 4b 46 7f ff 10 10 1c t=85000"], 20.0)
    85.0
    """
    if not any(line.strip() for line in lines):
        return Reason.BUS  # since Linux 5.8 a failed read is an empty file
    scratchpad = _scratchpad(lines)
    if scratchpad is None:
        return Reason.CRC
    if not any(scratchpad):
        return Reason.SHORT
    degrees = int.from_bytes(scratchpad[:2], "little", signed=True) / 16
    if not LOWEST <= degrees <= HIGHEST:
        return Reason.RANGE
    if degrees == POWER_ON_DEGREES and scratchpad[6] == POWER_ON_BYTE and not _near(degrees, last):
        return Reason.POWER_ON
    return degrees


def _scratchpad(lines: list[str]) -> bytes | None:
    if len(lines) < 2 or not lines[0].strip().endswith("YES"):
        return None
    try:
        scratchpad = bytes.fromhex("".join(lines[0].split()[:9]))
    except ValueError:
        return None
    return scratchpad if len(scratchpad) == 9 else None


def _near(degrees: float, last: float | None) -> bool:
    # Clones keep byte 6 at 0x0c: water that was at 84 a moment ago is believed at 85.
    return last is not None and abs(degrees - last) <= 3


class Probe:
    """One DS18B20 by its id (without `28-`), opened when it answers and again after it was gone."""

    def __init__(self, sensor: type[W1ThermSensor], probe_id: str, monotonic: Callable[[], float]) -> None:
        self._sensor = sensor
        self._id = probe_id
        self._monotonic = monotonic
        self._open: W1ThermSensor | None = None
        self._last: float | None = None
        self._last_at = 0.0
        self.worker = Worker(f"probe {probe_id}", self.read)

    def read(self) -> float | Reason:
        """Degrees, or why there are none. Never raises for what a bus does."""
        from w1thermsensor.errors import NoSensorFoundError
        from w1thermsensor.sensors import Sensor

        try:
            if self._open is None:
                self._open = self._sensor(Sensor.DS18B20, self._id)
            # The package's own read says "not ready" for an empty file, a bad CRC and a shorted wire alike, and
            # asking again for the reason would cost a second conversion.
            lines = self._open.sensorpath.read_text().splitlines()
        except (NoSensorFoundError, FileNotFoundError):
            self._open = None
            return Reason.ABSENT
        except (OSError, UnicodeDecodeError):
            return Reason.BUS
        now = self._monotonic()
        alone = judge(lines, None)
        if isinstance(alone, float):
            self._last, self._last_at = alone, now
        # A probe that was away may have lost its power: what it said before is no neighbour of its 85.
        return alone if now - self._last_at >= FRESH_SECONDS else judge(lines, self._last)


class Probes:
    """The probes of an installation, by role, converted together."""

    def __init__(
        self,
        ids: tuple[str, ...],
        base: Path | None = None,
        deadline: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """ids: water, flue, box, spare; empty: those found on the bus, sorted. base: the tree, when not /sys."""
        # One try, not ten: the loop asks again at the next sample.
        tree = {"RETRY_ATTEMPTS": 1} if base is None else {"RETRY_ATTEMPTS": 1, "BASE_DIRECTORY": base}
        self._sensor: type[W1ThermSensor] = type("ProbeSensor", (sensor_class(),), tree)
        self._ids = ids
        self._deadline = deadline
        self._monotonic = monotonic
        self._seen: set[str] = set()
        self.roles: dict[str, str] = {}  # the address that each role was read from last
        self._named: tuple[Named, ...] = ()
        self._probes: dict[str, Probe] = {}

    def fit(self, named: Iterable[Named]) -> None:
        """From the next pass on, these probes have these roles and offsets; the others fill the roles that are left."""
        self._named = tuple(named)

    def read(self) -> dict[str, float | Reason]:
        """Each of the four temperature roles: its degrees, or why there are none."""
        named = self._named
        # A probe that is gone keeps its role, and one that comes late takes none: the flue's must not be taken for the
        # water's.
        self._seen.update(self.found())
        self.roles = roles = roles_of(named, self._ids or sorted(self._seen), self.roles)
        offsets = {probe.role: probe.offset for probe in named}
        answers = self.read_addresses(list(roles.values()))
        return {
            role: _shifted(answers[roles[role]], offsets.get(role, 0.0)) if role in roles else Reason.ABSENT
            for role in TEMPERATURES
        }

    def read_addresses(self, addresses: Sequence[str]) -> dict[str, float | Reason]:
        """What each probe says, converted together, no offset added."""
        probes = {address: self.probe(address.removeprefix("28-")) for address in addresses}
        self._trigger()
        asked = {address: probe.worker.ask() for address, probe in probes.items()}
        end = time.monotonic() + self._deadline
        return {address: _answer(probe, asked[address], end) for address, probe in probes.items()}

    def found(self) -> list[str]:
        """The addresses (28-0123456789ab) on the bus, in rising order."""
        try:
            return sorted(path.name for path in self._sensor.BASE_DIRECTORY.glob("28-*"))
        except OSError:
            return []

    def probe(self, probe_id: str) -> Probe:
        """The probe of that id (without `28-`), made when first asked for."""
        if probe_id not in self._probes:
            self._probes[probe_id] = Probe(self._sensor, probe_id, self._monotonic)
        return self._probes[probe_id]

    def _trigger(self) -> None:
        # Converts all probes at once (0.75 s); without the right to write, each probe's own thread converts it. On two
        # buses the threads are faster: each trigger blocks for its own conversion.
        buses = list(self._sensor.BASE_DIRECTORY.glob("w1_bus_master*"))
        bulk = buses[0] / "therm_bulk_read" if len(buses) == 1 else None
        if bulk is None or not os.access(bulk, os.W_OK):
            return
        try:
            descriptor = os.open(bulk, os.O_WRONLY)
            try:
                os.write(descriptor, b"trigger\n")  # exactly 8 bytes: w1_therm ignores any other size
            finally:
                os.close(descriptor)
        except OSError:
            return


NONE_GIVEN: Mapping[str, str] = MappingProxyType({})


def roles_of(named: Iterable[Named], ids: Iterable[str], given: Mapping[str, str] = NONE_GIVEN) -> dict[str, str]:
    """The address of each role: as the owner named them, then as `given` before, then the other `ids` in the order of
    the roles left.

    >>> roles_of([Named("28-00000000000b", "water")], ["28-00000000000a", "28-00000000000b"])
    {'water': '28-00000000000b', 'flue': '28-00000000000a'}
    >>> roles_of([], ["28-00000000000a", "28-00000000000b"], {"water": "28-00000000000b"})
    {'water': '28-00000000000b', 'flue': '28-00000000000a'}
    """
    roles = {probe.role: probe.address for probe in named}
    taken = set(roles.values())
    roles |= {role: address for role, address in given.items() if role not in roles and address not in taken}
    others = ["28-" + each.removeprefix("28-") for each in ids]
    left = [role for role in TEMPERATURES if role not in roles]
    return roles | dict(zip(left, [each for each in others if each not in roles.values()], strict=False))


def _shifted(value: float | Reason, offset: float) -> float | Reason:
    return value if isinstance(value, Reason) or not offset else round(value + offset, 4)


def _answer(probe: Probe, asked: bool, end: float) -> float | Reason:
    if not asked:
        return Reason.LATE
    try:
        return probe.worker.answer(end - time.monotonic())
    except TimeoutError:
        return Reason.LATE
