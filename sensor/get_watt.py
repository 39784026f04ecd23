"""Opens the ADS1115 on the I2C bus, and samples motor currents into estimated watts, or the reason for none."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flask_app.boiler.rows import MOTORS, Reason

MAINS_HZ = 50
CYCLES = 10  # 200 ms a channel: about 73 samples on a 100 kHz bus, a spread of 0.4 %
SAMPLES_PER_CYCLE = 3  # at exactly 2, 1 A reads anything from 0.07 to 1.4 A
AMPS_PER_VOLT = 30.0  # SCT-013-030
SINC = 0.9944  # what the converter's own averaging over 1/860 s leaves of 50 Hz (TI ADS1115 datasheet)
DATA_RATE = 860
GAIN = 1  # ±4.096 V: the bias of 1.65 V and the peak of 30 A fit
SUPPLY_VOLTS = 3.3
CLIP_VOLTS = 0.02  # this near to either rail the wave has lost its top
CONVERSION_SECONDS = 0.05  # a conversion takes 1.2 ms; one that never ends must not hold the loop


class Channel(NamedTuple):
    """What an installation knows of one clamp."""

    turns: int = 1  # of the wire through the clamp
    power_factor: float = 0.8  # small motors 0.5-0.9; no voltage is measured, so watts are estimated
    volts: float = 230.0
    idle_amps: float = 0.003  # what the clamp reads with the motor off, in the wire's amperes times turns
    on_amps: float = 0.10  # the gate opens at this current
    off_amps: float = 0.07  # and closes below this one


DEFAULT_CHANNELS = (Channel(), Channel(power_factor=1.0), Channel(), Channel())
"""In the order of MOTORS, on inputs A0 to A3; the igniter is a resistor."""


class LinuxBus:
    """Bus /dev/i2c-N as the driver wants it, without `board`, which raises on a Pi that lacks gpiod."""

    def __init__(self, number: int = 1) -> None:
        """Raises RuntimeError or OSError when there is no such bus."""
        from adafruit_blinka.microcontroller.generic_linux.i2c import I2C  # 0.1 s, and only where there is a bus

        i2c = I2C(number)
        self._lock = threading.Lock()
        self.unlock = self._lock.release
        self.writeto = i2c.writeto
        self.readfrom_into = i2c.readfrom_into
        self.writeto_then_readfrom = i2c.writeto_then_readfrom

    def try_lock(self) -> bool:
        """True when the bus was free and now is ours."""
        return self._lock.acquire(blocking=False)


def open_converter(bus: Any, monotonic: Callable[[], float] = time.monotonic) -> Any:
    """The real driver on `bus`, with an end to its endless wait. Raises ValueError or OSError with no chip."""
    from adafruit_ads1x15 import ADS1115  # 0.14 s, and only a real installation needs it

    class Converter(ADS1115):
        def _read(self, pin: int) -> int:
            self.deadline = monotonic() + CONVERSION_SECONDS
            return int(super()._read(pin))

        def _conversion_complete(self) -> int:
            if monotonic() > self.deadline:
                raise TimeoutError("the conversion does not end")
            return int(super()._conversion_complete())

    # Mode.SINGLE is the default and must stay: 3.0.5 ignores the pin in continuous mode (adafruit issue 112).
    return Converter(bus, gain=GAIN, data_rate=DATA_RATE)


def amperes(volts: Sequence[float], channel: Channel) -> float:
    """True RMS amperes in the wire, of samples over whole mains cycles: bias, filter and idle noise taken off."""
    mean = sum(volts) / len(volts)
    rms = math.sqrt(sum((volt - mean) ** 2 for volt in volts) / len(volts))
    clamp = rms * AMPS_PER_VOLT / SINC
    return math.sqrt(max(0.0, clamp**2 - channel.idle_amps**2)) / channel.turns


def judge(volts: Sequence[float]) -> Reason | None:
    """Why a window of samples cannot be trusted; None when it can."""
    if len(volts) < SAMPLES_PER_CYCLE * CYCLES:
        return Reason.RATE
    if min(volts) < CLIP_VOLTS or max(volts) > SUPPLY_VOLTS - CLIP_VOLTS:
        return Reason.CLIPPED
    return None


def gate(running: bool, amps: float, channel: Channel) -> bool:
    """Whether the motor runs, with hysteresis: one noisy sample turns nothing on.

    >>> gate(False, 0.08, Channel()), gate(True, 0.08, Channel()), gate(True, 0.06, Channel())
    (False, True, False)
    """
    return amps >= (channel.off_amps if running else channel.on_amps)


class Currents:
    """The four clamps on one converter: opened once, and again only after an error."""

    def __init__(
        self,
        channels: Sequence[Channel] = DEFAULT_CHANNELS,
        open_bus: Callable[[], Any] = LinuxBus,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channels = dict(zip(MOTORS, channels, strict=True))
        self._open_bus = open_bus
        self._monotonic = monotonic
        self._bus: Any = None
        self._converter: Any = None
        self._running = dict.fromkeys(MOTORS, False)

    def read(self) -> dict[str, float | Reason]:
        """Each motor's estimated watts, exactly 0 when it does not run, or why there are none."""
        return {role: self._watts(pin, role) for pin, role in enumerate(MOTORS)}

    def _watts(self, pin: int, role: str) -> float | Reason:
        volts = self._window(pin)
        if isinstance(volts, Reason):
            return volts
        refused = judge(volts)
        if refused is not None:
            return refused
        channel = self._channels[role]
        amps = amperes(volts, channel)
        self._running[role] = gate(self._running[role], amps, channel)
        return round(amps * channel.volts * channel.power_factor, 1) if self._running[role] else 0.0

    def _window(self, pin: int) -> list[float] | Reason:
        try:
            if self._converter is None:
                self._open()
            return self._sample(pin)
        except TimeoutError:
            return Reason.LATE
        except (OSError, ValueError, RuntimeError):
            # The bus stays open: a new descriptor for each failure ends in "Too many open files".
            absent = self._converter is None
            self._converter = None
            return Reason.ABSENT if absent else Reason.BUS

    def _open(self) -> None:
        if self._bus is None:
            self._bus = self._open_bus()
        self._converter = open_converter(self._bus, self._monotonic)

    def _sample(self, pin: int) -> list[float]:
        volts_per_count = 4.096 / 32768
        volts = []
        end = self._monotonic() + CYCLES / MAINS_HZ
        while self._monotonic() < end:
            volts.append(self._converter.read(pin) * volts_per_count)
        return volts
