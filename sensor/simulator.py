"""The readings of a believable boiler with faults on demand, at any instant: for demonstration, tests and `--fake`.

The same script gives the same rows, whether they are made in advance or read live.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from math import ceil
from random import Random

from config.settings import Settings
from flask_app.boiler.rows import Reason, Row
from flask_app.log import line
from sensor.machine import STEP, Machine
from sensor.regimes import PARAMETERS
from sensor.script_file import Fault, Script, ScriptError, load
from sensor.truth import Truth
from sensor.weeks import GLIDE, WEEK, goes_on

BLIND_SECONDS = {Fault.SENSOR_LOST: 3600, Fault.SENSOR_85: 900, Fault.LOOP_DEAD: 1200}

_LOST = json.dumps({"water": {Reason.ABSENT.value: 1}})
_POWER_ON = json.dumps({"water": {Reason.POWER_ON.value: 1}})

# Drawn once: a gauss() for each value of each row would take half of all the time.
_NOISE = tuple(max(-3.0, min(3.0, Random(f"noise/{number}").gauss(0.0, 1.0))) for number in range(4104))


class Course:
    """The machine of a script, taken from instant to instant of the boiler's time, forwards."""

    def __init__(self, script: Script, ts: int) -> None:
        """The machine at `ts`, from the start of the week; of an earlier one while a fault crosses it."""
        self.script = script
        week = ts // WEEK
        while goes_on(script.faults, week):
            week -= 1
        self._begin(week)
        self.to(ts)

    def _begin(self, week: int) -> None:
        # The last hours of a week are simulated to have the flue as well as the water where it begins.
        start = week * WEEK
        self.machine = Machine(self.script.seed, PARAMETERS[self.script.regime], self.script.faults, start - GLIDE)
        while self.machine.ts < start:
            self.machine.advance()
        self._week_end = start + WEEK

    def to(self, ts: int) -> Machine:
        """The machine at `ts`, which is not before the last one asked for."""
        machine, ts = self.machine, ts // STEP * STEP
        while machine.ts < ts:
            machine.advance()
            if machine.ts == self._week_end:
                machine = self._next_week()
        return machine

    def _next_week(self) -> Machine:
        week = self._week_end // WEEK
        if goes_on(self.script.faults, week):
            self._week_end += WEEK
        else:
            self._begin(week)
        return self.machine


def readings(script: Script, start_ts: int, end_ts: int, sample_seconds: float) -> Iterator[Row]:
    """The rows that a loop sampling every `sample_seconds` keeps in [start_ts, end_ts) of wall time."""
    for row, _ in _walk(script, start_ts, end_ts, sample_seconds):
        yield row


def judged_readings(script: Script, start_ts: int, end_ts: int, sample_seconds: float) -> Iterator[tuple[Row, Truth]]:
    """`readings`, each with the boiler's true state at its instant (whose ts is the boiler's time)."""
    blind = _blind_spans(script)
    for row, machine in _walk(script, start_ts, end_ts, sample_seconds):
        truth = machine.truth()
        if truth.fault is None and (fault := _blinding(blind, truth.ts)):
            truth = truth._replace(fault=fault)
        yield row, truth


def _walk(script: Script, start_ts: int, end_ts: int, sample_seconds: float) -> Iterator[tuple[Row, Machine]]:
    sample = ceil(start_ts / sample_seconds)
    course = Course(script, int(script.boiler_time(start_ts)))
    blind = _blind_spans(script)
    hurried = bool(script.speeds)
    while (ts := int(sample * sample_seconds)) < end_ts:
        sample += 1
        time = int(script.boiler_time(ts)) if hurried else ts
        fault = _blinding(blind, time) if blind else None
        if fault is Fault.LOOP_DEAD:
            continue
        machine = course.to(time)
        yield _reading(machine, ts, time, fault), machine


Span = tuple[int, int, Fault]


def _blind_spans(script: Script) -> list[Span]:
    given = [fault for fault in script.faults if fault.name in BLIND_SECONDS]
    return [(fault.ts, fault.ts + BLIND_SECONDS[fault.name], fault.name) for fault in given]


def _blinding(spans: list[Span], ts: int) -> Fault | None:
    """The fault that blinds the watch at `ts`; a dead loop hides all others."""
    faults = {fault for start, end, fault in spans if start <= ts < end}
    return min(faults, key=list(Fault)[::-1].index, default=None)


def _reading(machine: Machine, ts: int, time: int, fault: Fault | None) -> Row:
    """The row of the wall second `ts`, at the boiler's second `time`: what the probes and clamps would say."""
    noise = time * 2654435761 >> 9 & 4095
    row = Row(
        ts,
        round(machine.water * 16 + _NOISE[noise]) / 16,  # a DS18B20 counts in sixteenths of a degree
        round(machine.flue * 16 + _NOISE[noise + 1] * 2) / 16,
        round((machine.room * 0.8 + machine.water * 0.12 + 4) * 16 + _NOISE[noise + 2]) / 16,
        round(machine.indoor * 16 + _NOISE[noise + 3]) / 16,
        round((22 + 30 * machine.fan) * (1 + 0.03 * _NOISE[noise + 4]), 1) if machine.fan else 0.0,
        round(862 * (1 + 0.005 * _NOISE[noise + 5]), 1) if machine.igniter else 0.0,
        round((18 + 40 * machine.fan) * (1 + 0.03 * _NOISE[noise + 6]), 1) if machine.fan else 0.0,
        round((140 if machine.stall else 45) * (1 + 0.05 * _NOISE[noise + 7]), 1) if machine.auger else 0.0,
    )
    if fault is None:
        return row
    return row._replace(water=None, quality=_LOST if fault is Fault.SENSOR_LOST else _POWER_ON)


def open_reader(settings: Settings, hang: Callable[[], object] | None = None) -> Callable[[float], Row]:
    """A reader of the boiler of `settings.simulator_script`, followed when it changes: wall time -> row.

    hang: what a dead loop does; by default it waits until it is killed. Raises script_file.ScriptError.
    """
    return _Reader(settings.simulator_script, hang or threading.Event().wait).read


class _Reader:
    def __init__(self, path: str, hang: Callable[[], object]) -> None:
        self._path, self._hang = path, hang
        self._stamp: tuple[int, int] | None = None
        self._script = load(path)
        self._course: Course | None = None
        self._opened: int | None = None
        self._last = 0

    def read(self, wall: float) -> Row:
        """The row of the wall time `wall` (epoch seconds)."""
        self._follow()
        time = int(self._script.boiler_time(int(wall)))
        if self._opened is None:
            self._opened = time
        if self._course is None or time < self._last:
            self._course = Course(self._script, time)
        self._last = time
        fault = _blinding(_blind_spans(self._script), time)
        if fault is Fault.LOOP_DEAD:
            fault = self._die(time)
        return _reading(self._course.to(time), int(wall), time, fault)

    def _die(self, time: int) -> Fault | None:
        """Hangs, but for a loop that died already and was started again: for that one the fault is over."""
        spans = _blind_spans(self._script)
        dead = [start for start, end, fault in spans if fault is Fault.LOOP_DEAD and start <= time < end]
        if self._opened is None or max(dead) >= self._opened:
            self._hang()
        return _blinding([span for span in spans if span[2] is not Fault.LOOP_DEAD], time)

    def _follow(self) -> None:
        try:
            found = os.stat(self._path)
            stamp = (found.st_mtime_ns, found.st_ino)
        except FileNotFoundError:
            stamp = None
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                # The whole course is made anew: a fault may begin before the last reading.
                self._script, self._course = load(self._path), None
            except ScriptError as error:
                line("simulator", f"the former script goes on: {error}")
