"""The loop: asks the probes and clamps every few seconds, and keeps each reading in the table Chaudiere."""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import os
import signal
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, Protocol

from config.settings import Settings, load, make_folders
from flask_app import store
from flask_app.boiler.fittings import PROBES_FOUND, Fittings, Idle, fitted_channels
from flask_app.boiler.options import OptionError, Options, in_force
from flask_app.boiler.rows import MINUTE, MOTORS, TEMPERATURES, VALUES, Reason, Row
from flask_app.lock import LockBusyError, alone, hold
from flask_app.log import line
from flask_app.reasons import KNOWN, reason
from sensor.frozen import Frozen
from sensor.script_file import ScriptError
from sensor.worker import Worker

if TYPE_CHECKING:
    from sensor.get_temp import Probes
    from sensor.get_watt import Currents

HELD_READINGS = 400  # 20 minutes of them at 3 s
LOCK_SECONDS = 0.2
LAST_LOCK_SECONDS = 4.0  # at the end, when nothing waits any more: supervisor kills after 10
DEADLINE_SECONDS = 2.5  # of one pass over both buses; the shortest period is 3 s
GUARD_SECONDS = 0.5  # for the converter, while a commissioning command reads it: 0.2 s a window
TRUST_SECONDS = 120  # how long readings wait for the clock to be set
UNSET_READINGS = 21600  # a day of those stored before the clock was set: older ones stay where they are
JUMP_SECONDS = 2.0
STEP_SECONDS = 60.0  # a jump that people should know of
PHASE_SECONDS = 0.25  # past the multiple of the period, so that an early wake-up never falls in the second before
SWAY_SECONDS = 0.37  # later in its period than the sample before, then earlier: 3.63 to 4.37 s apart at 4 s

Values = dict[str, float | Reason]


def log(words: str) -> None:
    """One line to the service's log."""
    line("create_data", words)


class Clock(Protocol):
    """The times of a loop; a test hands in its own."""

    def wall(self) -> float: ...
    def monotonic(self) -> float: ...
    def wait(self, until: float, stop: threading.Event) -> bool:
        """Waits until monotonic `until`; True when told to stop."""


class SystemClock:
    """The computer's own."""

    wall = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    def wait(self, until: float, stop: threading.Event) -> bool:
        """Waits until monotonic `until`; True when told to stop."""
        return stop.wait(max(0.0, until - time.monotonic()))


class Taken(NamedTuple):
    """A reading, when it was taken by the monotonic clock, and what the wall clock then was ahead of it."""

    row: Row
    monotonic: float
    ahead: float


def first_slot(wall: float, monotonic: float, period: float) -> float:
    """The monotonic time of the next period's first sample: just past a multiple of it by the wall clock.

    >>> first_slot(1001.0, 50.0, 4.0)
    53.25
    """
    return monotonic + period - (wall - PHASE_SECONDS) % period


def sway(number: int, period: float) -> float:
    """Seconds into its period of the sample of that number: forth and back through all but the last half second.

    An auger that turns for 2 s in each 20 s, sampled each 4 s on the dot, is seen in a fifth of all samples or in none,
    for hours: the boiler's timer is a crystal too. Swaying samples meet each part of its beat alike.

    >>> [round(sway(number, 4.0), 2) for number in (0, 1, 9, 10, 18, 19)]
    [0.0, 0.37, 3.33, 3.3, 0.34, 0.03]
    """
    width = period - 2 * PHASE_SECONDS
    return width - abs(number * SWAY_SECONDS % (2 * width) - width)


def run(
    read: Callable[[float], Row],
    write: Callable[[Taken], None],
    clock: Clock,
    stop: threading.Event,
    period: Callable[[], float] = lambda: 4.0,
) -> None:
    """Reads and hands on one row a period until told to stop; never waits for what comes after."""
    ahead = clock.wall() - clock.monotonic()
    seconds = period()
    beat, number = first_slot(clock.wall(), clock.monotonic(), seconds), 0
    while not clock.wait(beat + sway(number, seconds), stop):
        monotonic, wall = clock.monotonic(), clock.wall()
        jump = wall - monotonic - ahead
        ahead = wall - monotonic
        row = read(wall)
        write(Taken(mark_step(row, jump) if abs(jump) > STEP_SECONDS else row, monotonic, ahead))
        beat, number = beat + seconds, number + 1
        if abs(jump) > JUMP_SECONDS or period() != seconds:
            if abs(jump) > JUMP_SECONDS:
                log(f"the clock jumped by {jump:.0f} s")
            seconds = period()
            beat, number = first_slot(clock.wall(), clock.monotonic(), seconds), 0
        # A pass longer than the period skips the slots it missed, and keeps the beat.
        while beat + sway(number, seconds) < clock.monotonic():
            beat, number = beat + seconds, number + 1


class Fitted(Protocol):
    """What reads the hardware, as the recorder sees it."""

    def fit(self, fittings: Fittings) -> None:
        """From the next pass on, this is what is fitted."""

    def learned(self) -> list[Idle]:
        """The idle currents learned since the last call."""

    def found(self) -> dict[str, str]:
        """The address of the probe that each role was read from last."""


class Recorder:
    """Keeps readings in the database, holding them while it cannot: one thread's, the one that opened it."""

    def __init__(
        self, database: store.Database, base: Options, synchronised: Callable[[], bool], fitted: Fitted | None = None
    ) -> None:
        self.options = base
        self.skipped = 0  # their second was taken, and those beside it
        self._skipping = False
        self.dropped = 0  # the oldest held, when too many
        self._database = database
        self._base = base
        self._synchronised = synchronised
        self._fitted = fitted
        self._idles: list[Idle] = []  # learned, not kept yet
        self._found: tuple[int, str] | None = None  # (ts, which probe gives which role), not kept yet
        self._trusted = False
        self._first: float | None = None
        self._held: deque[Taken] = deque()
        self._unset: deque[tuple[int, float]] = deque(maxlen=UNSET_READINGS)  # (ts, ahead) stored before it was set
        self._shift: float | None = None
        self._failing = False
        self._options_at = -math.inf

    def receive(self, taken: Taken) -> None:
        """Holds a reading and writes what is due."""
        if self._first is None:
            self._first = taken.monotonic
        taken = self._judge_clock(taken)
        untrusted = not self._trusted
        self._hold(taken._replace(row=mark_clock(taken.row)) if untrusted else taken)
        waiting = untrusted and taken.monotonic - self._first < TRUST_SECONDS
        if not waiting and (self._failing or due(taken.row.ts, self.options)):
            self.flush()
        if taken.monotonic - self._options_at >= MINUTE:
            self._options_at = taken.monotonic
            self.look_up(taken.row.ts)

    def flush(self, wait: float = LOCK_SECONDS) -> None:
        """Writes what is held, or keeps it for the next sample; waits so many seconds for the lock."""
        if not self._held:
            return
        try:
            with self._database.writing(wait=wait) as connection:
                self._move(connection)
                for idle in self._idles:
                    store.keep_idle(connection, idle)
                if self._found is not None:
                    store.keep_change(connection, PROBES_FOUND, *self._found, "")
                free = max(0, int(self.options.sample_seconds) - 1)
                kept = store.keep_readings(connection, [taken.row for taken in self._held], free)
        except (LockBusyError, sqlite3.Error, OSError) as error:
            if not self._failing:
                log(f"cannot write, readings wait in memory: {error!r}")
            self._failing = True
            return
        if self._failing:
            log(f"writes again, {len(self._held)} readings kept, {self.dropped} dropped in all")
        self._failing = False
        self._idles.clear()
        self._found = None
        self._wrote(kept)

    def _wrote(self, kept: list[int | None]) -> None:
        if self._trusted:
            self._shift = None
            self._unset.clear()
        else:
            pairs = zip(kept, self._held, strict=True)
            self._unset.extend((ts, taken.ahead) for ts, taken in pairs if ts is not None)
        self._tell_skipped(kept.count(None))
        self._held.clear()

    def _tell_skipped(self, skipped: int) -> None:
        self.skipped += skipped
        if bool(skipped) != self._skipping:
            log(f"readings are skipped, their second is taken: {self.skipped} in all" if skipped else "none is skipped")
        self._skipping = bool(skipped)

    def _hold(self, taken: Taken) -> None:
        self._held.append(taken)
        if len(self._held) > HELD_READINGS:
            self._held.popleft()
            self.dropped += 1

    def _judge_clock(self, taken: Taken) -> Taken:
        if self._trusted or not self._synchronised():
            return taken
        self._trusted = True
        if not self._unset:
            # The clock was set at the start, as on every computer without one of its own: nothing to tell.
            taken = set_clock(taken, taken.ahead)
        # Readings still in memory get their true second and need no mark; those stored are moved once.
        self._held = deque(set_clock(held, taken.ahead) for held in self._held)
        self._shift = taken.ahead
        return taken

    def _move(self, connection: sqlite3.Connection) -> None:
        if self._shift is None:
            return
        moves = [(ts, ts + round(self._shift - ahead)) for ts, ahead in self._unset]
        store.move_readings(connection, [move for move in moves if move[0] != move[1]])

    def look_up(self, ts: int) -> None:
        """Takes the options in force at `ts` and what is fitted from the database, and dates what was learned."""
        connection = self._database.connection
        try:
            changes = store.option_changes(connection)
            self.options = in_force(self._base, changes, ts)
            if self._fitted is not None:
                # Learned ones are kept by the next commit, so they are in force from the minute after.
                self._idles += [idle._replace(ts=ts) for idle in self._fitted.learned()]
                self._found = _news(ts, self._fitted.found(), changes)
                self._fitted.fit(fittings(connection, self.options))
        except (sqlite3.Error, OptionError) as error:
            log(f"the former options and fittings stay in force: {error}")


def _news(ts: int, found: Mapping[str, str], changes: Sequence[tuple[str, int, str]]) -> tuple[int, str] | None:
    """Which probe gives which role, for the history; None when its newest line says so, or nothing was read yet."""
    words = json.dumps(found, sort_keys=True)
    newest = next((value for key, _ts, value in reversed(changes) if key == PROBES_FOUND), "")
    return (ts, words) if found and words != newest else None


def fittings(connection: sqlite3.Connection, options: Options) -> Fittings:
    """What the installation is fitted with, as the database says."""
    channels = fitted_channels(store.channels(connection), store.idles(connection))
    return Fittings(tuple(store.probes(connection)), channels, float(options.mains_hz))


def due(ts: int, options: Options) -> bool:
    """Whether the reading of `ts` is the last of its batch, or of its minute.

    >>> [second for second in range(0, 60, 4) if due(second, Options(commit_seconds=20))]
    [16, 36, 56]
    """
    second = ts % MINUTE
    batch = options.commit_seconds
    if batch <= 0 or second + options.sample_seconds >= MINUTE:
        return True
    return second % batch + options.sample_seconds >= batch


def mark_clock(row: Row) -> Row:
    """The row, marked as taken before the clock was set."""
    quality = json.loads(row.quality) if row.quality else {}
    return row._replace(quality=json.dumps({**quality, "ts": {Reason.CLOCK.value: 1}}))


def mark_step(row: Row, seconds: float) -> Row:
    """The row, marked as the first one after the clock was set by so many seconds."""
    quality = json.loads(row.quality) if row.quality else {}
    return row._replace(quality=json.dumps({**quality, "ts": {Reason.STEP.value: round(seconds)}}))


def set_clock(taken: Taken, ahead: float) -> Taken:
    """The reading at its true second, without its mark."""
    quality = json.loads(taken.row.quality) if taken.row.quality else {}
    quality.pop("ts", None)
    ts = taken.row.ts + round(ahead - taken.ahead)
    return Taken(taken.row._replace(ts=ts, quality=json.dumps(quality) if quality else None), taken.monotonic, ahead)


def row_of(ts: int, values: Values) -> Row:
    """The row of one pass: None where a value was refused, and why in its quality."""
    refused = {role: {value.value: 1} for role, value in values.items() if isinstance(value, Reason)}
    numbers = {role: value for role, value in values.items() if not isinstance(value, Reason)}
    return Row(ts, **numbers, quality=json.dumps(refused) if refused else None)  # type: ignore[arg-type]  # by role


class Hardware:
    """Both buses, each asked in a thread of its own within one deadline."""

    def __init__(
        self,
        temperatures: Callable[[], Values],
        watts: Callable[[], Values],
        monotonic: Callable[[], float] = time.monotonic,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        self._buses = (
            (TEMPERATURES, Worker("temperatures", temperatures)),
            (MOTORS, Worker("currents", watts)),
        )
        self._monotonic = monotonic
        self._deadline = deadline
        self._frozen = Frozen()
        self._offsets: dict[str, float] = {}
        self._reasons: dict[str, Reason | None] = dict.fromkeys(VALUES)

    def read(self, wall: float) -> Row:
        """The row of the instant `wall` (epoch seconds)."""
        asked = [worker.ask() for _, worker in self._buses]
        end = time.monotonic() + self._deadline
        values: Values = {}
        for (roles, worker), was_asked in zip(self._buses, asked, strict=True):
            values |= _answer(roles, worker, was_asked, end)
        values = self._frozen.judge(self._monotonic(), values, self._offsets)
        self._tell(values)
        return row_of(int(wall), values)

    def _tell(self, values: Values) -> None:
        for role, value in values.items():
            reason = value if isinstance(value, Reason) else None
            former = self._reasons[role]
            if (reason is None) != (former is None):
                log(f"{role}: no value ({reason.value})" if reason else f"{role}: has values again")
            self._reasons[role] = reason


def _answer(roles: tuple[str, ...], worker: Worker[Values], asked: bool, end: float) -> Values:
    if not asked:
        return dict.fromkeys(roles, Reason.LATE)
    try:
        return worker.answer(end - time.monotonic())
    except TimeoutError:
        return dict.fromkeys(roles, Reason.LATE)


def synchronised() -> bool:
    """Whether the computer's clock is known true: by timesyncd's marker, or by the kernel (chrony, ntpd)."""
    if os.path.exists("/run/systemd/timesync/synchronized"):
        return True
    state = ctypes.create_string_buffer(512)  # struct timex, zeroed: mode 0 only asks
    answer: int = ctypes.CDLL(None).adjtimex(state)
    return answer not in (-1, 5)  # TIME_ERROR: not synchronised


class Installation(Hardware):
    """The real probes and clamps; what is missing is asked again at each sample."""

    def __init__(self, probes: Probes, currents: Currents) -> None:
        super().__init__(probes.read, currents.read)
        self._probes, self._currents = probes, currents

    def fit(self, fittings: Fittings) -> None:
        """From the next pass on, this is what is fitted."""
        self._probes.fit(fittings.probes)
        self._offsets = {probe.role: probe.offset for probe in fittings.probes}
        self._currents.fit(fittings.channels, fittings.mains_hz)

    def learned(self) -> list[Idle]:
        """The idle currents learned since the last call."""
        return self._currents.learned()

    def found(self) -> dict[str, str]:
        """The address of the probe that each role was read from last."""
        return self._probes.roles


def open_installation(settings: Settings) -> Installation:
    """The probes and clamps of this computer."""
    from sensor.get_temp import Probes
    from sensor.get_watt import Currents

    return Installation(Probes(settings.probes), Currents(guard=lambda: hold(settings.converter_lock, GUARD_SECONDS)))


def offer(inbox: SimpleQueue[Taken | None], taken: Taken) -> int:
    """Puts a reading into the inbox, in place of the oldest when it holds too many; returns how many were dropped."""
    dropped = 0
    while inbox.qsize() >= HELD_READINGS:
        try:
            oldest = inbox.get_nowait()
        except Empty:
            break
        if oldest is None:
            inbox.put(None)  # the word to stop is never dropped
            break
        dropped += 1
    inbox.put(taken)
    return dropped


def record(recorder: Recorder, read: Callable[[float], Row], clock: Clock, inbox: SimpleQueue[Taken | None]) -> None:
    """Acquires in one thread and writes in this one until the inbox gives None, then writes what is held."""
    stop = threading.Event()
    failures: list[Exception] = []

    def put(taken: Taken) -> None:
        recorder.dropped += offer(inbox, taken)

    def acquire() -> None:
        try:
            run(read, put, clock, stop, lambda: recorder.options.sample_seconds)
        except Exception as error:  # noqa: BLE001 - raised again below, in the thread that can end the process
            failures.append(error)
        inbox.put(None)

    acquisition = threading.Thread(target=acquire, name="acquisition", daemon=True)
    acquisition.start()
    while (taken := inbox.get()) is not None:
        recorder.receive(taken)
    stop.set()
    acquisition.join(timeout=DEADLINE_SECONDS + 1)
    while not inbox.empty():
        taken = inbox.get()
        if taken is not None:
            recorder.receive(taken)
    recorder.flush(LAST_LOCK_SECONDS)
    if failures:
        raise failures[0]


def main() -> int:
    """Runs the loop until SIGTERM; 1 when it cannot start, with the reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m sensor.create_data", description=__doc__)
    parser.add_argument("--fake", action="store_true", help="read the simulated boiler")
    fake = parser.parse_args().fake
    try:
        settings = load(os.environ)
        make_folders(settings)
        with alone(settings.lock + ".create_data") as first:
            if not first:
                raise store.StoreError("another loop records already: two would take each other's seconds")
            _serve(settings, fake)
    except (ScriptError, *KNOWN) as error:
        log(reason(error))
        return 1
    return 0


def _serve(settings: Settings, fake: bool) -> None:
    inbox: SimpleQueue[Taken | None] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: inbox.put(None))  # SimpleQueue.put may be called from a signal handler
    database = store.Database(settings.database, settings.lock)
    try:
        database.claim(store.World.SIMULATED if fake else store.World.REAL)
        if fake:
            from sensor.simulator import open_reader

            read = open_reader(settings)
            recorder = Recorder(database, settings.options, lambda: True)
        else:
            installation = open_installation(settings)
            read = installation.read
            recorder = Recorder(database, settings.options, synchronised, installation)
        recorder.look_up(int(time.time()))
        log("recording")
        record(recorder, read, SystemClock(), inbox)
    finally:
        _close(database)


def _close(database: store.Database) -> None:
    try:
        database.close()
    except LockBusyError as error:
        log(f"left without closing, as a power cut would: {error}")  # what was committed is in the WAL


if __name__ == "__main__":
    sys.exit(main())
