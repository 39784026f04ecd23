"""Opens the ADS1115 on the I2C bus, and samples motor currents into estimated watts, or the reason for none."""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from flask_app.boiler.fittings import DEFAULT_CHANNELS, IDLE_MOST, Channel, Idle, runs, without_idle
from flask_app.boiler.rows import MOTORS, Reason
from flask_app.lock import LockBusyError

CYCLES = 10  # 200 ms a channel: about 73 samples on a 100 kHz bus, a spread of 0.4 %
CYCLES_ENOUGH = 6  # of them, with enough samples each: the others met a pause of this computer
SAMPLES_PER_CYCLE = 3  # at exactly 2, 1 A reads anything from 0.07 to 1.4 A
BURST = 4.0  # times the middle cycle's mean square: a switch's spark nearby, and no motor of ours
AMPS_PER_VOLT = 30.0  # SCT-013-030
DATA_RATE = 860
GAIN = 1  # ±4.096 V: the bias of 1.65 V and the peak of 30 A fit
VOLTS_PER_COUNT = 4.096 / 32768
SUPPLY_VOLTS = 3.3
CLIP_VOLTS = 0.02  # this near to either rail the wave has lost its top
CLIPPED_SAMPLES = 3  # fewer are one bad reading of the wire
BIAS_VOLTS = (0.8, 2.5)  # half of the supply, with room: outside it the clamp or its two resistors are not there
CONVERSION_SECONDS = 0.05  # a conversion takes 1.2 ms; one that never ends must not hold the loop

STOP_SECONDS = 1800  # with no motor at all: a long stop, in which idle currents may be learned
IDLE_WINDOWS = 75  # five minutes of them at 4 s


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


class Window(NamedTuple):
    """Samples of one input over whole mains cycles: volts, and the seconds since the window began."""

    volts: list[float]
    seconds: list[float]


class Current(NamedTuple):
    """What a window says, in amperes at the clamp, the idle current still in it."""

    amps: float  # true RMS
    level: float  # RMS of the middle one of its cycles: what one noisy sample, or a spark, cannot raise
    samples: int


def left_of(hz: float) -> float:
    """The share of a sine of `hz` that the converter's averaging over 1/860 s leaves (TI ADS1115 datasheet).

    >>> round(left_of(50), 4), round(left_of(60), 4)
    (0.9945, 0.992)
    """
    turn = math.pi * hz / DATA_RATE
    return math.sin(turn) / turn


def measure(window: Window, hz: float) -> Current | Reason:
    """The current of a window, or why it cannot be trusted."""
    volts = window.volts
    if len(volts) < SAMPLES_PER_CYCLE * CYCLES:
        return Reason.RATE
    mean = sum(volts) / len(volts)
    if not BIAS_VOLTS[0] <= mean <= BIAS_VOLTS[1]:
        return Reason.RANGE
    if sum(not CLIP_VOLTS <= volt <= SUPPLY_VOLTS - CLIP_VOLTS for volt in volts) >= CLIPPED_SAMPLES:
        return Reason.CLIPPED
    cycles = [cycle for cycle in _cycles(window, hz) if len(cycle) >= SAMPLES_PER_CYCLE]
    if len(cycles) < CYCLES_ENOUGH:
        return Reason.RATE
    # The middle of the cycles' own means: one sample far off must not shift the others.
    mean = statistics.median(sum(cycle) / len(cycle) for cycle in cycles)
    squares = [sum((volt - mean) ** 2 for volt in cycle) / len(cycle) for cycle in cycles]
    middle = statistics.median(squares)
    sound = [(square, len(cycle)) for square, cycle in zip(squares, cycles, strict=True) if square <= BURST * middle]
    samples = sum(count for _, count in sound)
    whole = sum(square * count for square, count in sound) / samples
    scale = AMPS_PER_VOLT / left_of(hz)
    return Current(math.sqrt(whole) * scale, math.sqrt(middle) * scale, len(volts))


def _cycles(window: Window, hz: float) -> list[list[float]]:
    cycles: list[list[float]] = [[] for _ in range(CYCLES)]
    for volt, second in zip(window.volts, window.seconds, strict=True):
        cycles[min(CYCLES - 1, int(second * hz))].append(volt)
    return cycles


def watts(amps: float, channel: Channel) -> float:
    """Estimated watts of the motor: amperes at the clamp, idle current taken off, over its turns."""
    return round(amps / channel.turns * channel.volts * channel.power_factor, 1)


def idle_of(windows: Sequence[float]) -> tuple[float, float]:
    """(idle current, its spread from window to window) of the RMS amperes of two or more quiet windows."""
    return math.sqrt(sum(amps**2 for amps in windows) / len(windows)), statistics.stdev(windows)


class Currents:
    """The clamps on one converter: opened once, and again only after an error."""

    def __init__(
        self,
        channels: Sequence[Channel] = DEFAULT_CHANNELS,
        open_bus: Callable[[], Any] = LinuxBus,
        monotonic: Callable[[], float] = time.monotonic,
        guard: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """guard: held over each window; it keeps two processes from changing the converter's input under another."""
        self.channels = tuple(channels)
        self.hz = 50.0
        self._open_bus = open_bus
        self._monotonic = monotonic
        self._guard = guard
        self._bus: Any = None
        self._converter: Any = None
        self._running = dict.fromkeys(MOTORS, False)
        self._quiet = Quiet()

    def fit(self, channels: Sequence[Channel], hz: float) -> None:
        """From the next pass on these channels, on mains of that frequency."""
        if [each[:3] for each in channels] != [each[:3] for each in self.channels]:
            self._quiet = Quiet()  # windows of another input or of other turns are no idle current of this one
        self.channels, self.hz = tuple(channels), hz

    def learned(self) -> list[Idle]:
        """The idle currents learned since the last call, not dated."""
        return self._quiet.learned()

    def read(self) -> dict[str, float | Reason]:
        """Each motor's estimated watts, exactly 0 when it does not run, or why there are none."""
        seen = {channel.role: self.current(channel) for channel in self.channels}
        values = {channel.role: self._watts(seen[channel.role], channel) for channel in self.channels}
        still = not any(self._running[role] for role, value in values.items() if not isinstance(value, Reason))
        self._quiet.look(self._monotonic(), still, seen)
        return {role: values.get(role, Reason.ABSENT) for role in MOTORS}

    def current(self, channel: Channel) -> Current | Reason:
        """What the clamp of a channel reads now, or why it reads nothing."""
        if channel.input is None:
            return Reason.ABSENT
        window = self._window(channel.input)
        return window if isinstance(window, Reason) else measure(window, self.hz)

    def _watts(self, current: Current | Reason, channel: Channel) -> float | Reason:
        if isinstance(current, Reason):
            return current
        running = runs(self._running[channel.role], without_idle(current.level, channel), channel)
        self._running[channel.role] = running
        # A motor that runs has watts above 0, whatever was taken off and rounded.
        return max(0.1, watts(without_idle(current.amps, channel), channel)) if running else 0.0

    def _window(self, pin: int) -> Window | Reason:
        try:
            with self._guard():
                if self._converter is None:
                    self._open()
                return self._sample(pin)
        except (TimeoutError, LockBusyError):
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

    def _sample(self, pin: int) -> Window:
        window = Window([], [])
        start = self._monotonic()
        length = CYCLES / self.hz
        while (begun := self._monotonic() - start) < length:
            window.volts.append(self._converter.read(pin) * VOLTS_PER_COUNT)
            window.seconds.append(begun)
        return window


class Quiet:
    """Learns the idle currents by itself: from windows of a long stop, in which no motor ran at all."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._windows: dict[str, list[float]] = {}
        self._learned: list[Idle] = []

    def look(self, monotonic: float, still: bool, seen: dict[str, Current | Reason]) -> None:
        """One pass over the clamps; `still`: no motor runs."""
        if not still:
            self._since = None
            self._windows.clear()
            return
        if self._since is None:
            self._since = monotonic
        if monotonic - self._since < STOP_SECONDS:
            return
        for role, current in seen.items():
            if isinstance(current, Current):
                self._windows.setdefault(role, []).append(current.amps)
        if max(map(len, self._windows.values()), default=0) >= IDLE_WINDOWS:
            self._learn()
            self._since = monotonic

    def _learn(self) -> None:
        for role, windows in self._windows.items():
            if len(windows) >= IDLE_WINDOWS // 2:
                amps, spread = idle_of(windows)
                if amps <= IDLE_MOST:
                    self._learned.append(Idle(role, 0, round(amps, 5), round(spread, 5)))
        self._windows.clear()

    def learned(self) -> list[Idle]:
        """What was learned since the last call."""
        learned, self._learned = self._learned, []
        return learned
