"""An ADS1115 by its registers, on a bus in virtual time: what the real driver talks to in tests."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from random import Random

Wave = Callable[[float], float]
WIRE_SECONDS = 0.0002
PARTS = 4  # of a conversion, averaged
RATES = (8, 16, 32, 64, 128, 250, 475, 860)
RANGES = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)


def ac(amps: float, hz: float = 50.0, bias: float = 1.65, third: float = 0.0, fifth: float = 0.0) -> Wave:
    """An SCT-013-030 on its bias: volts at a time, with shares of third and fifth harmonic."""
    peak = amps / 30 * math.sqrt(2)
    turn = 2 * math.pi * hz
    return lambda t: (
        bias + peak * (math.sin(turn * t) + third * math.sin(3 * turn * t) + fifth * math.sin(5 * turn * t))
    )


def dimmed(amps: float, share: float, hz: float = 50.0, bias: float = 1.65) -> Wave:
    """A motor on a phase-angle control that conducts the last `share` of each half wave; `amps` at full."""
    peak = amps / 30 * math.sqrt(2)

    def volts(t: float) -> float:
        half = 2 * hz * t % 1
        return bias + (peak * math.sin(2 * math.pi * hz * t) if half >= 1 - share else 0.0)

    return volts


def noisy(wave: Wave, counts: float, seed: int = 1) -> Wave:
    """The wave with noise of so many steps of the converter (0.125 mV) in each conversion."""
    noise = Random(seed)
    deviation = counts * 4.096 / 32768 * math.sqrt(PARTS)
    return lambda t: wave(t) + noise.gauss(0.0, deviation)


def at_times(wave: Wave, off: Wave, every: float, lasting: float) -> Wave:
    """The wave for `lasting` seconds at the beginning of each `every` seconds, else `off`."""
    return lambda t: wave(t) if t % every < lasting else off(t)


class Ads1115Bus:
    """The bus and its one chip; `fault` is one of absent, nack, stuck or empty."""

    def __init__(self, waves: list[Wave], wire_seconds: float = WIRE_SECONDS) -> None:
        self.waves = waves
        self.now = 0.0
        self.fault = ""
        self.spikes: list[float] = []  # times at which one conversion reads the rail
        self.faults: list[tuple[float, str]] = []  # (time, fault) to come; "reset" lasts an instant
        self._wire = wire_seconds
        self._pointer = 0
        self._registers = [0, 0x8583, 0x8000, 0x7FFF]
        self._done = 0.0

    def monotonic(self) -> float:
        self.now += 0.00001
        return self.now

    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        pass

    def writeto(self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None) -> None:
        self._transact(address)
        data = bytes(buffer[start:end])
        if not data:
            return
        self._pointer = data[0]
        if len(data) == 3:
            self._registers[self._pointer] = data[1] << 8 | data[2]
            if self._pointer == 1 and data[1] & 0x80:
                self._convert()

    def readfrom_into(self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None) -> None:
        self._transact(address)
        value = self._registers[self._pointer]
        if self._pointer == 1:
            ready = self.now >= self._done and self.fault != "stuck"
            value = value & 0x7FFF | (0x8000 if ready else 0)
        buffer[start : start + 2] = bytes((value >> 8, value & 0xFF))

    def writeto_then_readfrom(
        self, address: int, out: bytes, into: bytearray, *, in_start: int = 0, in_end: int | None = None, **_: object
    ) -> None:
        self.writeto(address, out)
        self.now -= self._wire
        self.readfrom_into(address, into, start=in_start, end=in_end)

    def _transact(self, address: int) -> None:
        self.now += self._wire
        while self.faults and self.faults[0][0] <= self.now:
            self.fault = self.faults.pop(0)[1]
            if self.fault == "reset":
                self._registers, self._pointer, self._done, self.fault = [0, 0x8583, 0x8000, 0x7FFF], 0, 0.0, ""
        if self.fault in ("absent", "nack") or address != 0x48:
            raise OSError(121, "Remote I/O error")

    def _convert(self) -> None:
        config = self._registers[1]
        seconds = 1 / RATES[config >> 5 & 7]
        wave = self.waves[(config >> 12 & 7) - 4]
        # The converter averages its input over the conversion.
        parts = [min(3.3, max(0.0, wave(self.now + seconds * (part + 0.5) / PARTS))) for part in range(PARTS)]
        volts = sum(parts) / PARTS
        if self.spikes and self.now >= self.spikes[0]:
            self.spikes.pop(0)
            volts = 3.2
        count = round(volts / RANGES[config >> 9 & 7] * 32768)
        self._registers[0] = max(-32768, min(32767, count)) & 0xFFFF
        self._done = self.now + seconds


class RealTimeBus(Ads1115Bus):
    """The same in this computer's own time: what takes time waits."""

    @property
    def now(self) -> float:  # it passes by itself
        return time.monotonic()

    @now.setter
    def now(self, until: float) -> None:
        time.sleep(max(0.0, until - time.monotonic()))

    monotonic = staticmethod(time.monotonic)
