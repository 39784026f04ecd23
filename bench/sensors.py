"""The sensors and their loop: what each fault leaves in a row, how true currents are, the time of a pass, its cost.

Real parts above the wires: w1thermsensor on a tree of files, the ADS1115's driver on a chip emulated by its registers.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench.jobs import installation
from flask_app import lock, store
from flask_app.boiler.fittings import Channel, opens_at, runs, without_idle
from flask_app.boiler.rows import TEMPERATURES, Row
from sensor.create_data import Hardware, sway
from sensor.get_temp import Probes
from sensor.get_watt import VOLTS_PER_COUNT, Current, Currents, Window, idle_of, measure
from tests.sensor.ads1115 import Ads1115Bus, RealTimeBus, Wave, ac, at_times, dimmed, noisy
from tests.sensor.rig import delays, running
from tests.sensor.w1 import OneWire, scratchpad

PROBE = "28-000000000001"
PLAIN = 60.0
DAY_WINDOWS = 21_600  # at 4 s


# --- what a fault leaves in the row


def faults() -> Iterator[str]:
    """A table row for each fault of a probe or of the converter."""
    yield "| fault | the row holds |"
    yield "|---|---|"
    for name, text in FILES.items():
        yield f"| {name} | {_held(_probe_row(text), 'water')} |"
    yield f"| probe gone, and back | {' → '.join(_held(row, 'water') for row in _gone_and_back())} |"
    hung = _hung_row()
    yield f"| probe that never answers | {_held(hung, 'water')}; the flue beside it: {_held(hung, 'flue')} |"
    yield f"| a lost conversion: the same value again and again | {_frozen()} |"
    for chip in CHIPS:
        yield f"| {chip.name} | {_pass_of(chip)} |"


FILES = {
    "a good reading": scratchpad(PLAIN),
    "true 85 °C": scratchpad(85.0),
    "85 °C of a probe that never measured": scratchpad(85.0, "0c"),
    "wire pulled, −110 °C with a good CRC": scratchpad(-110.0, "0c"),
    "too little power, 127.94 °C": scratchpad(127.9375, "0c"),
    "data wire at ground, all zeros": " ".join(["00"] * 9) + " : crc=00 YES\n" + " ".join(["00"] * 9) + " t=0\n",
    "CRC failed": scratchpad(PLAIN, crc="NO"),
    "an empty file": "",
    "one line only": scratchpad(PLAIN).splitlines()[0],
}


def _place(tree: Path, text: str) -> Path:
    (tree / PROBE).mkdir(parents=True)
    (tree / PROBE / "w1_slave").write_text(text)
    return tree / PROBE


def _reading(tree: Path, deadline: float = 1.8) -> Hardware:
    return Hardware(Probes((), tree, deadline).read, dict)


def _probe_row(text: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        _place(Path(folder), text)
        return _reading(Path(folder)).read(0)


def _gone_and_back() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        place = _place(Path(folder) / "w1", scratchpad(PLAIN))
        hardware = _reading(Path(folder) / "w1")
        rows = [hardware.read(0)]
        place.rename(Path(folder) / "away")
        rows.append(hardware.read(4))
        (Path(folder) / "away").rename(place)
        return [*rows, hardware.read(8)]


def _hung_row() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        _place(Path(folder), scratchpad(PLAIN))
        (Path(folder) / PROBE / "w1_slave").unlink()
        os.mkfifo(Path(folder) / PROBE / "w1_slave")
        (Path(folder) / "28-000000000002").mkdir()
        (Path(folder) / "28-000000000002" / "w1_slave").write_text(scratchpad(90.0))
        row = _reading(Path(folder), 0.1).read(0)
        with open(Path(folder) / PROBE / "w1_slave", "w", encoding="ascii"):
            return row


def _frozen() -> str:
    clock = [0.0]
    hardware = Hardware(lambda: {"water": 60.0625}, lambda: {"auger": 40.0}, lambda: clock[0])
    while hardware.read(clock[0]).water is not None:
        clock[0] += 4
    return f"{_held(hardware.read(clock[0]), 'water')}, after {clock[0] / 60:.0f} min of fire in steps of 1/16 °C"


def _held(row: Row, role: str) -> str:
    value = getattr(row, role)
    if value is None:
        return f"None, `{next(iter(json.loads(row.quality or '{}')[role]))}`"
    return f"{value:g} {'°C' if role in TEMPERATURES else 'W'}"


class Chip(NamedTuple):
    """A converter whose input A0 carries `wave`, and what happens to it: (s, fault), readings of the rail at s."""

    name: str
    wave: Wave = ac(1.0)
    faults: tuple[tuple[float, str], ...] = ()
    rails: tuple[float, ...] = ()
    wire_seconds: float = 0.0002


CHIPS = (
    Chip("a motor of 1 A"),
    Chip("more current than the input can show, 45 A", ac(45.0)),
    Chip("clamp or its resistors not there", ac(0.0, bias=0.0)),
    Chip("converter absent", faults=((0.0, "absent"),)),
    Chip("conversion that never ends", faults=((0.05, "stuck"), (0.3, ""))),
    Chip("NACK within a window", faults=((0.05, "nack"), (0.25, ""))),
    Chip("converter that resets, eight times in a pass", faults=tuple((at / 10, "reset") for at in range(1, 9))),
    Chip("bus too slow to trust, 100 readings/s", wire_seconds=0.0025),
    Chip("one reading of the rail in each window, motor off", ac(0.0), rails=tuple(0.01 + at / 10 for at in range(40))),
)


def _pass_of(chip: Chip) -> str:
    bus = Ads1115Bus([chip.wave, ac(0), ac(0), ac(0)], chip.wire_seconds)
    bus.faults, bus.spikes = list(chip.faults), list(chip.rails)
    hardware = Hardware(dict, Currents(open_bus=lambda: bus, monotonic=bus.monotonic).read)
    row = hardware.read(0)
    seconds = bus.now
    bus.now += 3
    return f"{_held(row, 'secondary_fan')}, pass of {seconds:.2f} s; next {_held(hardware.read(4), 'secondary_fan')}"


# --- currents


AMPERES = (0.1, 0.2, 0.5, 1.0, 5.0, 10.0, 20.0, 25.0, 28.0)
WIRES = (0.0002, 0.00045, 0.0012)  # s a transaction
WINDOWS = 40


def accuracy() -> Iterator[str]:
    """A table row for each current: the worst error of its windows at three rates, pure and with harmonics."""
    rates = [f"{_rate(wire)} readings/s" for wire in WIRES]
    heads = [*rates, *(f"{rate}, distorted" for rate in rates)]
    yield f"| true RMS | {' | '.join(heads)} |"
    yield "|---" * (len(heads) + 1) + "|"
    for amps in AMPERES:
        cells = [_worst(amps, wire, 0.0, 0.0) for wire in WIRES] + [_worst(amps, wire, 0.3, 0.15) for wire in WIRES]
        yield f"| {amps:g} A | {' | '.join(cells)} |"
    yield ""
    yield f"The worst of {3 * WINDOWS} windows, mains at 49.5, 50 and 50.5 Hz, noise of 0.6 steps (0.125 mV each);"
    yield "distorted: with 30 % of third and 15 % of fifth harmonic. Clipped: the wave's peak is beyond the input."


def _rate(wire: float) -> int:
    bus = Ads1115Bus([ac(1)] * 4, wire)
    current = Currents(open_bus=lambda: bus, monotonic=bus.monotonic).current(Channel("auger", 0))
    assert isinstance(current, Current)
    return round(current.samples * 5 / 10) * 10


def _worst(amps: float, wire: float, third: float, fifth: float) -> str:
    shape = math.sqrt(1 + third**2 + fifth**2)
    if amps * (1 + third + fifth) > 31 * shape:
        return "clipped"
    errors = []
    for hz in (49.5, 50.0, 50.5):
        bus = Ads1115Bus([noisy(ac(amps / shape, hz, third=third, fifth=fifth), 0.6)] * 4, wire)
        clamps = Currents(open_bus=lambda bus=bus: bus, monotonic=bus.monotonic)  # type: ignore[misc]  # bound now
        channel = Channel("auger", 0, idle_amps=0.003, idle_spread=0.0003)
        for _ in range(WINDOWS):
            bus.now += 0.0137
            current = clamps.current(channel)
            assert isinstance(current, Current), current
            errors.append(abs(without_idle(current.amps, channel) - amps))
    return f"{100 * max(errors) / amps:.1f} %, {1000 * max(errors):.0f} mA"


MOTORS_SEEN: tuple[tuple[str, int, Callable[[int], Wave]], ...] = (
    ("auger of 40 W, 1 turn", 1, lambda turns: ac(turns * 40 / 230)),
    ("auger of 25 W, 1 turn", 1, lambda turns: ac(turns * 25 / 230)),
    ("fan of 63 W at 10 %, 1 turn", 1, lambda turns: dimmed(turns * 0.28, 0.15)),
    ("fan of 63 W at 10 %, 5 turns", 5, lambda turns: dimmed(turns * 0.28, 0.15)),
)
NOISES = (0.6, 2.0, 5.0)
SEEN_WINDOWS = 500


def confidence() -> Iterator[str]:
    """A table row for each small motor: in how many windows it is seen, at three levels of noise."""
    yield f"| motor | {' | '.join(f'noise {counts:g} steps' for counts in NOISES)} |"
    yield "|---" * (len(NOISES) + 1) + "|"
    for name, turns, wave in MOTORS_SEEN:
        yield f"| {name} | {' | '.join(_seen(wave(turns), turns, counts) for counts in NOISES)} |"
    yield f"| any, standing still | {' | '.join(_false(counts) for counts in NOISES)} |"
    yield ""
    yield f"Of {SEEN_WINDOWS} windows of 0.2 s those that tell it from rest, and its current beside the learned gate;"
    yield "the augers' watts at a power factor of 1, so the least current they can draw. A step is 0.125 mV."


def _learned(counts: float, turns: int = 1) -> Channel:
    bus = Ads1115Bus([noisy(ac(0), counts, 7)] * 4)
    clamps = Currents(open_bus=lambda: bus, monotonic=bus.monotonic)
    channel = Channel("auger", 0, turns)
    windows = [current.amps for current in (clamps.current(channel) for _ in range(75)) if isinstance(current, Current)]
    amps, spread = idle_of(windows)
    return channel._replace(idle_amps=amps, idle_spread=spread)


def _seen(wave: Wave, turns: int, counts: float) -> str:
    channel = _learned(counts, turns)
    bus = Ads1115Bus([noisy(wave, counts)] * 4)
    clamps = Currents(open_bus=lambda: bus, monotonic=bus.monotonic)
    seen, levels = 0, []
    for _ in range(SEEN_WINDOWS):
        current = clamps.current(channel)
        assert isinstance(current, Current)
        levels.append(without_idle(current.level, channel))
        seen += runs(False, levels[-1], channel)  # each from rest: a motor seen before is kept by the hysteresis
    return f"{100 * seen / SEEN_WINDOWS:.1f} %, {statistics.median(levels) / opens_at(channel):.1f} × gate"


def _false(counts: float, days: int = 4) -> str:
    """Windows of pure noise at the instants of an emulated one: those that turn a motor on."""
    channel = _learned(counts)
    dice = Random(11)
    seconds = [number * 0.2 / 110 for number in range(110)]
    on = 0
    for _ in range(days * DAY_WINDOWS):
        volts = [
            round((1.65 + dice.gauss(0, counts * VOLTS_PER_COUNT)) / VOLTS_PER_COUNT) * VOLTS_PER_COUNT for _ in seconds
        ]
        current = measure(Window(volts, seconds), 50.0)
        assert isinstance(current, Current)
        on += runs(False, without_idle(current.level, channel), channel)
    return f"seen running {on} times in {days} days"


def duty() -> str:
    """The duty that ten minutes of rows give of an auger that turns for 2 s in each 20 s, over all beginnings."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for swaying, duties in found.items():
        for phase in range(0, 20, 2):
            bus = Ads1115Bus([at_times(noisy(ac(0.2), 1), noisy(ac(0), 1), every=20.0, lasting=2.0)] * 4)
            clamps = Currents([Channel("auger", 0, idle_amps=0.004, idle_spread=0.0004)], lambda: bus, bus.monotonic)  # noqa: B023
            ran = 0
            for number in range(150):
                bus.now = phase + 4.0 * number + (sway(number, 4.0) if swaying else 0.0)
                ran += clamps.read()["auger"] != 0
            duties.append(ran / 150)
    (least, most), (least_fixed, most_fixed) = ((min(duties), max(duties)) for duties in found.values())
    return (
        f"An auger that turns for 2 s in each 20 s, by ten minutes of rows, whenever they begin: duty {least:.2f} to "
        f"{most:.2f} (sampled each 4 s on the dot: {least_fixed:.2f} to {most_fixed:.2f})."
    )


# --- the time of a pass, and the loop


PASSES = 12
CPU_SECONDS = 60
DISTURBANCES = ("undisturbed", "1-wire bus hung for 30 s", "database locked for 30 s")


def passes() -> Iterator[str]:
    """A table row for each way to convert: four probes that take 0.75 s, four clamps of 0.2 s, at once."""
    yield "| pass over 4 probes and 4 clamps | median | longest | conversions |"
    yield "|---|---|---|---|"
    for name, bulk in (("bulk trigger", True), ("a thread for each probe", False)):
        with tempfile.TemporaryDirectory() as folder:
            wires = OneWire(Path(folder), {f"28-00000000000{n}": scratchpad(60.0 + n) for n in range(4)}, bulk)
            chip = RealTimeBus([noisy(ac(1), 1.0)] * 4, 0.0)
            hardware = Hardware(Probes((), Path(folder)).read, Currents(open_bus=lambda: chip).read)  # noqa: B023
            taken = []
            for _ in range(PASSES):
                begun = time.monotonic()
                hardware.read(0)
                taken.append(time.monotonic() - begun)
            wires.close()
        middle = statistics.median(taken)
        yield f"| {name} | {middle:.3f} s | {max(taken):.3f} s | {middle / 0.75:.2f} |"


class Sleeper:
    """A thread that only sleeps: how much later than asked this computer wakes it, in seconds."""

    def __init__(self) -> None:
        self._latest = 0.0
        self._ended = False
        threading.Thread(target=self._sleep, daemon=True).start()

    def _sleep(self) -> None:
        while not self._ended:
            begun = time.monotonic()
            time.sleep(0.005)
            self._latest = max(self._latest, time.monotonic() - begun - 0.005)

    def latest(self) -> float:
        """Of the wake-ups since the last call."""
        latest, self._latest = self._latest, 0.0
        return latest

    def end(self) -> None:
        """Sleeps no more."""
        self._ended = True


def loop() -> Iterator[str]:
    """The loop's own process at 4 s, buses in another: undisturbed, with a hung bus, with a locked database."""
    with tempfile.TemporaryDirectory() as folder:
        settings = installation(folder)
        with running(Path(folder), {**os.environ, "CHAUDIERE_HOME": folder}) as rig:
            time.sleep(8)
            sleeper = Sleeper()
            cpu, memory, files = rig.cpu_seconds(), rig.memory(), rig.descriptors()
            time.sleep(CPU_SECONDS)
            cost = (rig.cpu_seconds() - cpu) / CPU_SECONDS
            slept = [sleeper.latest()]
            quiet = len(rig.passes)
            rig.say("hang")
            time.sleep(30)
            rig.say("free")
            time.sleep(4)
            hung = len(rig.passes)
            slept.append(sleeper.latest())
            with lock.hold(settings.lock, 5.0):
                time.sleep(30)
            slept.append(sleeper.latest())
            sleeper.end()
            grown, more = rig.memory() - memory, rig.descriptors() - files
            time.sleep(5)
            late = delays(rig.passes, 4.0)
        with store.opened(settings.database, settings.lock) as database:
            rows = database.connection.execute("SELECT COUNT(*), SUM(temp0 IS NULL) FROM Chaudiere").fetchone()
    yield "| loop, real parts, each 4 s | |"
    yield "|---|---|"
    yield f"| CPU | {100 * cost:.2f} % of one core |"
    yield f"| memory, and what two minutes added | {memory:.1f} MB, {grown:+.2f} MB |"
    yield f"| open files, and what two minutes added | {files}, {more:+d} |"
    yield f"| passes begun, rows kept, of them without water | {len(late)}, {rows[0]}, {rows[1]} |"
    yield ""
    yield "| how late samples are | median | latest | a thread that only sleeps, latest |"
    yield "|---|---|---|---|"
    parts = (late[1:quiet], late[quiet:hung], late[hung:])
    for name, part, latest in zip(DISTURBANCES, parts, slept, strict=True):
        cells = (statistics.median(part), max(part), latest)
        yield f"| {name} | {' | '.join(f'{1000 * seconds:.1f} ms' for seconds in cells)} |"


def report() -> Iterator[str]:
    """The lines of the report."""
    with contextlib.redirect_stderr(io.StringIO()):  # the loop's log of what is done to it here
        for table in (faults, accuracy, confidence):
            yield from table()
            yield ""
        yield duty()
    for timed in (passes, loop):
        yield ""
        yield from timed()


if __name__ == "__main__":
    for line in report():
        print(line, flush=True)
