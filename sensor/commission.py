"""The commissioning of an installation: what answers, which probe is which, what each clamp reads with its motor off
and on. Every step is kept at once, so that the walk can be left and gone on with another day."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from flask_app import store
from flask_app.boiler.fittings import LIMITS, Channel, Probe, opens_at
from flask_app.boiler.options import Options
from flask_app.boiler.rows import COLUMNS, MOTORS, TEMPERATURES, Reason
from sensor.bench import Bench
from sensor.create_data import fittings
from sensor.get_temp import roles_of
from sensor.get_watt import Current, idle_of, watts, without_idle

RISE = 2.0  # °C by which a warmed probe must rise
APART = 1.0  # °C that it must rise more than any other
LOOKS = 30  # conversions in which it may do so
PAUSE = 1.0  # s between two
ROUNDS = 5  # readings of a check
IDLE_ROUNDS, RUNNING_ROUNDS = 25, 15  # windows of 0.2 s
CLEAR = 2.0  # how far above its gate a running motor must be, to be seen every time
MOST_OFFSET = LIMITS["offset"][1]


REASONS = {
    Reason.ABSENT: "nothing answers: look at its plug and wire, and at config.txt",
    Reason.CRC: "garbled: a long or loose wire; a pull-up of 4.7 kΩ, 2.2 kΩ on a long one",
    Reason.POWER_ON: "85 °C, not converted: it loses its power, look at the red wire",
    Reason.RANGE: "outside what it can say: wire pulled, or no clamp and bias on that input",
    Reason.SHORT: "all zero: the data wire touches ground",
    Reason.BUS: "the bus answers with an error: look at the wiring",
    Reason.LATE: "no answer in time: a bus that hangs; start the computer again if it lasts",
    Reason.CLIPPED: "more than 30 A, or the bias is wrong: the top of the wave is cut",
    Reason.RATE: "too few samples: the computer is too busy, or the I2C bus slower than 100 kHz",
}
"""What to look at, by the reason of a value refused."""


class Line(NamedTuple):
    """What a check says of one probe or clamp."""

    role: str  # empty: a probe that serves nothing
    place: str  # address or input
    value: str
    noise: str  # spread of the readings
    age: str  # since the newest stored value
    quality: str  # `good`, or why there is no value
    well: bool


class AnswerError(Exception):
    """An answer that the walk cannot go on with; its text names the line of the file and what is accepted."""


class Talk:
    """Questions and answers: in a terminal asked again until understood, from a file taken line by line."""

    def __init__(self, say: Callable[[str], None], read: Callable[[str], str], lines: Sequence[str] | None = None):
        """read: shows its words and gives what was typed. lines: the answers of a file, in place of it."""
        self.say = say
        self._read = read
        self._lines = None if lines is None else iter(enumerate(lines, 1))

    def ask(self, words: str, accept: Callable[[str], str | None]) -> str:
        """The first answer for which `accept` gives no complaint."""
        while True:
            number, answer = self._next(words)
            complaint = accept(answer)
            if complaint is None:
                return answer
            if number:
                raise AnswerError(f"line {number}: {answer!r} to {words!r}: {complaint}")
            self.say(f"  {complaint}")

    def _next(self, words: str) -> tuple[int, str]:
        if self._lines is None:
            return 0, self._read(f"{words} ").strip()
        found = next(self._lines, None)
        if found is None:
            raise AnswerError(f"the answers end before the question {words!r}")
        self.say(f"{words} {found[1].strip()}")
        return found[0], found[1].strip()

    def choose(self, words: str, choices: Sequence[str]) -> str:
        """One of the choices; the first one for an empty answer."""
        options = "/".join(choices)
        answer = self.ask(
            f"{words} [{options}]",
            lambda given: None if given in ("", *choices) else f"it accepts {', '.join(choices)}",
        )
        return answer or choices[0]

    def number(self, words: str, limits: tuple[float, float], default: float | None) -> float | None:
        """A number within limits; the default for an empty answer."""
        shown = "empty: none" if default is None else f"{default:g}"

        def accept(given: str) -> str | None:
            try:
                value = float(given.replace(",", ".")) if given else limits[0]
            except ValueError:
                value = math.nan
            return None if limits[0] <= value <= limits[1] else f"it accepts {limits[0]:g} to {limits[1]:g}"

        answer = self.ask(f"{words} [{shown}]", accept)
        return float(answer.replace(",", ".")) if answer else default


# --- check


def check(bench: Bench, database: store.Database, options: Options, now: int) -> Iterator[Line]:
    """A line for each probe seen or named, and each clamp."""
    fitted = fittings(database.connection, options)
    newest = {role: store.newest_value_ts(database.connection, COLUMNS[role], now) for role in COLUMNS}
    roles = roles_of(fitted.probes, bench.found())
    of = {address: role for role, address in roles.items()}
    addresses = sorted({*roles.values(), *bench.found()})
    offsets = {probe.address: probe.offset for probe in fitted.probes}
    rounds = [bench.degrees(addresses) for _ in range(ROUNDS)] if addresses else []
    for address in addresses:
        seen = [answers[address] for answers in rounds]
        good = [value + offsets.get(address, 0.0) for value in seen if not isinstance(value, Reason)]
        role = of.get(address, "")
        yield _line(role, address, good, seen[-1], "°C", newest.get(role), now)
    for channel in fitted.channels:
        if channel.input is None:
            yield Line(channel.role, "-", "-", "-", "-", "not fitted", well=True)
            continue
        windows = [bench.current(channel.input, fitted.mains_hz) for _ in range(ROUNDS)]
        amps = [without_idle(one.amps, channel) for one in windows if isinstance(one, Current)]
        last = windows[-1]
        line = _line(channel.role, f"A{channel.input}", amps, last, "A", newest[channel.role], now)
        if amps:
            running = amps[-1] >= opens_at(channel)
            words = f"runs, about {watts(amps[-1], channel):.0f} W" if running else "does not run"
            line = line._replace(value=f"{amps[-1]:.3f} A, {words}")
        yield line


def _line(role: str, place: str, good: Sequence[float], last: object, unit: str, newest: int | None, now: int) -> Line:
    value = f"{good[-1]:.2f} {unit}" if good else "-"
    noise = f"{statistics.stdev(good):.3f} {unit}" if len(good) > 1 else "-"
    age = "-" if newest is None else f"{max(0, now - newest)} s"
    quality = REASONS.get(last, last.value) if isinstance(last, Reason) else "good"
    return Line(role, place, value, noise, age, quality, well=not isinstance(last, Reason))


# --- setup


class Setup:
    """The walk: probes by the warmth of a hand, motors by being switched off and on."""

    def __init__(self, bench: Bench, database: store.Database, options: Options, talk: Talk, now: int) -> None:
        self._bench, self._database, self._talk, self._now = bench, database, talk, now
        self._options = options

    def run(self) -> None:
        """Everything that is not known yet, and what the owner wants to do again."""
        self.probes()
        for role in MOTORS:
            self.motor(role)
        self._talk.say("Done. `manager.py sensors check` shows what is fitted; the loop follows within a minute.")

    def probes(self) -> None:
        """Names each probe."""
        bench, talk = self._bench, self._talk
        found = bench.found()
        if not found:
            talk.say("No probe answers on the 1-wire bus: is dtoverlay=w1-gpio in config.txt, and the wiring right?")
            return
        named = {probe.address: probe for probe in store.probes(self._database.connection)}
        for address, value in bench.degrees(found).items():
            shown = value.value if isinstance(value, Reason) else f"{value:.1f} °C"
            talk.say(f"  {address}  {shown}  {named[address].role if address in named else 'not named yet'}")
        words = "Name the probes?" if len(named) < len(found) else "The probes are named. Again?"
        if talk.choose(words, ("yes", "no") if len(named) < len(found) else ("no", "yes")) == "no":
            return
        while self._name_one(found):
            pass

    def _name_one(self, found: Sequence[str]) -> bool:
        talk, before = self._talk, self._bench.degrees(found)
        if talk.choose("Take one probe in your warm hand, then", ("warm", "finish")) == "finish":
            return False
        self._bench.told("warm")
        address = self._warmed(before)
        if address is None:
            talk.say(f"  None rose by {RISE:g} °C more than the others. Hold it tighter, or for longer.")
            return True
        role = talk.choose(f"  {address} rises. What does it measure?", (*TEMPERATURES, "nothing"))
        if role == "nothing":
            return True
        offset = talk.number("  Degrees to add to what it says", LIMITS["offset"], 0.0) or 0.0
        with self._database.writing(durable=True) as connection:
            store.keep_probe(connection, Probe(address, role, offset), self._now)
        talk.say(f"  Kept: {address} measures {role}.")
        return True

    def _warmed(self, first: dict[str, float | Reason]) -> str | None:
        """The probe that rises above what it said first, and no other."""
        for _ in range(LOOKS):
            self._bench.wait(PAUSE)
            rises = sorted(
                (value - before, address)
                for address, value in self._bench.degrees(list(first)).items()
                if not isinstance(value, Reason) and not isinstance(before := first[address], Reason)
            )
            if rises and rises[-1][0] >= RISE and (len(rises) < 2 or rises[-1][0] - rises[-2][0] >= APART):
                return rises[-1][1]
        return None

    def motor(self, role: str) -> None:
        """Asks what is fitted for a motor, and learns its currents."""
        talk = self._talk
        known = next(one for one in fittings(self._database.connection, self._options).channels if one.role == role)
        if known.learned_ts is not None or known.input is None:
            state = "no clamp" if known.input is None else f"learned, {known.running_amps or 0:.2f} A when it runs"
            if talk.choose(f"{role}: {state}. Again?", ("no", "yes")) == "no":
                return
        place = "none" if known.input is None else f"A{known.input}"
        others = [each for each in ("A0", "A1", "A2", "A3", "none", "later") if each != place]
        place = talk.choose(f"{role}: which input has its clamp?", (place, *others))
        if place == "later":
            return
        if place == "none":
            self._keep(Channel(role, None))
            return
        channel = Channel(
            role,
            int(place[1:]),
            turns=int(talk.number("  Turns of its wire through the clamp", LIMITS["turns"], known.turns) or 1),
            volts=talk.number("  Volts of the mains", LIMITS["volts"], known.volts) or known.volts,
            power_factor=talk.number("  Power factor", LIMITS["power_factor"], known.power_factor) or 1.0,
        )
        learned = self._learn(channel)
        if learned is not None:
            self._keep(learned)

    def _learn(self, channel: Channel) -> Channel | None:
        talk = self._talk
        if talk.choose(f"  Switch the {channel.role} off, then", ("off", "later")) == "later":
            return None
        channel = learn_idle(self._bench, channel, float(self._options.mains_hz), self._now)
        talk.say(f"  Idle current {channel.idle_amps:.3f} A; it counts as running from {opens_at(channel):.3f} A.")
        if talk.choose(f"  Switch the {channel.role} on, then", ("on", "later")) == "later":
            return channel
        self._bench.told(f"on {channel.role}")
        running = [without_idle(amps, channel) for amps in _amps(self._bench, channel, self._options, RUNNING_ROUNDS)]
        self._bench.told(f"off {channel.role}")
        amps = statistics.median(running)
        for line in _advice(amps, channel):
            talk.say(f"  {line}")
        return channel._replace(running_amps=round(amps, 4))

    def _keep(self, channel: Channel) -> None:
        with self._database.writing(durable=True) as connection:
            store.keep_channel(connection, channel)
        self._talk.say(f"  Kept: {channel.role}.")


def learn_idle(bench: Bench, channel: Channel, hz: float, now: int) -> Channel:
    """The channel with its idle current measured now, the motor being off. Raises AnswerError when nothing is read."""
    bench.told(f"off {channel.role}")
    idle, spread = idle_of(_windows(bench, channel, hz, IDLE_ROUNDS))
    return channel._replace(idle_amps=round(idle, 5), idle_spread=round(spread, 5), learned_ts=now)


def _amps(bench: Bench, channel: Channel, options: Options, rounds: int) -> list[float]:
    return _windows(bench, channel, float(options.mains_hz), rounds)


def _windows(bench: Bench, channel: Channel, hz: float, rounds: int) -> list[float]:
    if channel.input is None:
        raise AnswerError(f"{channel.role} has no clamp: `manager.py sensors setup` names its input")
    seen = [bench.current(channel.input, hz) for _ in range(rounds)]
    good = [one.amps for one in seen if isinstance(one, Current)]
    if len(good) < rounds // 2:
        reason = next(one.value for one in seen if isinstance(one, Reason))
        raise AnswerError(
            f"{channel.role}: the converter gives no value on A{channel.input} ({reason}); check its wiring"
        )
    return good


def _advice(amps: float, channel: Channel) -> Iterator[str]:
    gate = opens_at(channel)
    yield f"Running current {amps:.3f} A, about {watts(amps, channel):.0f} W (estimated: the voltage is not measured)."
    if amps < CLEAR * gate:
        turns = math.ceil(channel.turns * CLEAR * gate / amps) if amps > gate / 10 else 0
        more = f"{turns} turns of its wire through the clamp would do" if turns else "is the clamp round ONE conductor?"
        yield f"Too near to the idle current to be seen every time: {more}."


# --- calibrate


def calibrate(
    bench: Bench, database: store.Database, options: Options, role: str, reference: float | None, now: int
) -> str:
    """Keeps a probe's offset or a clamp's idle current as measured now; what was done, in words.

    Raises AnswerError when the role is not known or not fitted, or the reference is missing or too far off.
    """
    if role in TEMPERATURES:
        return _calibrate_probe(bench, database, options, role, reference, now)
    if role not in MOTORS:
        raise AnswerError(f"{role!r} is no role; the roles are {', '.join((*TEMPERATURES, *MOTORS))}")
    channel = next(one for one in fittings(database.connection, options).channels if one.role == role)
    learned = learn_idle(bench, channel, float(options.mains_hz), now)
    with database.writing(durable=True) as connection:
        store.keep_channel(connection, learned)
    return f"{role}: idle current {learned.idle_amps:.3f} A, counts as running from {opens_at(learned):.3f} A"


def _calibrate_probe(
    bench: Bench, database: store.Database, options: Options, role: str, reference: float | None, now: int
) -> str:
    if reference is None:
        raise AnswerError(f"{role} is a probe: say what a good thermometer beside it says, by --reference DEGREES")
    address = roles_of(fittings(database.connection, options).probes, bench.found()).get(role)
    if address is None:
        raise AnswerError(f"no probe measures {role}: `manager.py sensors setup` names them")
    values = [bench.degrees([address])[address] for _ in range(ROUNDS)]
    good = [value for value in values if not isinstance(value, Reason)]
    if not good:
        raise AnswerError(f"{role}: the probe {address} gives no value ({values[-1].value})")  # type: ignore[union-attr]
    offset = round(reference - statistics.median(good), 2)
    low, high = LIMITS["offset"]
    if not low <= offset <= high:
        raise AnswerError(
            f"{role} says {good[-1]:.1f} °C: an offset of {offset:+.1f} is no calibration, look at the probe"
        )
    with database.writing(durable=True) as connection:
        store.keep_probe(connection, Probe(address, role, offset), now)
    return f"{role}: {offset:+.2f} °C are added to what {address} says"
