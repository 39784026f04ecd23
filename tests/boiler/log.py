"""A hand-written log of minutes: stretches of a boiler's life one after the other, for tests of phases and faults."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from flask_app.boiler.alerts import Change, Closing, Kind, Opening
from flask_app.boiler.engine import State, advance
from flask_app.boiler.options import Options
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row

START = 1_700_000_040  # a whole minute


def minute(ts: int = START, water: float | None = 70.0, flue: float | None = 40.0, **values: float | None) -> Row:
    """A minute whose motors, given as shares of it, stand still unless said otherwise."""
    shares = {name: values.pop(name, 0.0) for name in ("secondary_fan", "igniter", "primary_fan", "auger")}
    ran = {name: None if share is None else float(share > 0) for name, share in shares.items()}
    duties = {f"{name}_duty": share for name, share in shares.items()}
    fields: dict[str, Any] = {**ran, **duties, **values}
    return Row(ts, water=water, flue=flue, **fields)


@dataclass
class Log:
    """Rows a minute apart; water and flue go straight from where they are to the end of each stretch."""

    rows: list[Row] = field(default_factory=list)
    water: float = 70.0
    flue: float = 30.0

    @property
    def ts(self) -> int:
        """The next row's."""
        return self.rows[-1].ts + 60 if self.rows else START

    def add(self, minutes: int, water: float | None = None, flue: float | None = None, **motors: float | None) -> Log:
        """`minutes` rows that end at `water` and `flue`; motors as shares."""
        water_step = (self.water if water is None else water) - self.water
        flue_step = (self.flue if flue is None else flue) - self.flue
        before = self.water, self.flue
        for number in range(1, minutes + 1):
            self.water = before[0] + water_step * number / minutes
            self.flue = before[1] + flue_step * number / minutes
            self.rows.append(minute(self.ts, self.water, self.flue, **motors))
        return self

    def rest(self, minutes: int = 180, water: float = 62.0) -> Log:
        """Nothing runs; the flue cools."""
        return self.add(minutes, water, 30.0)

    def ignite(self, minutes: int = 8, igniter: float | None = 1.0) -> Log:
        """A good ignition: the flue rises by 40 degrees in the second half."""
        self.add(minutes // 2, self.water - 0.5, 29.0, igniter=igniter, primary_fan=1.0, auger=0.3)
        return self.add(minutes - minutes // 2, self.water, 69.0, igniter=igniter, primary_fan=1.0, auger=0.3)

    def burn(self, minutes: int = 80, water: float = 76.0, feed: float | None = 0.5) -> Log:
        """A fire: up to its flue in ten minutes, then steady."""
        self.add(10, self.water + 1, 110.0, primary_fan=1.0, auger=feed)
        return self.add(minutes - 10, water, 112.0, primary_fan=1.0, auger=feed)

    def burn_out(self, minutes: int = 12) -> Log:
        """The fan runs on without feed."""
        return self.add(minutes, self.water, 62.0, primary_fan=1.0)

    def cycles(self, count: int = 8) -> Log:
        """`count` ordinary fires, each with its rest before it."""
        for _ in range(count):
            self.rest().ignite().burn().burn_out()
        return self

    def gap(self, minutes: int) -> Log:
        """Rows of None: the archive's word for minutes without a reading."""
        for _ in range(minutes):
            self.rows.append(Row(self.ts, samples=0))
        return self


@dataclass(frozen=True)
class Told:
    """What the engine said of a log."""

    phases: list[Phase]
    changes: list[Change]
    state: State

    def opened(self, kind: Kind | None = None) -> list[Opening]:
        """The openings, of one kind or of all but low_water."""
        openings = [change for change in self.changes if isinstance(change, Opening)]
        return [one for one in openings if one.kind is kind or (kind is None and one.kind is not Kind.LOW_WATER)]

    def closed(self, kind: Kind) -> list[Closing]:
        """The closings of a kind."""
        return [change for change in self.changes if isinstance(change, Closing) and change.kind is kind]

    def counts(self) -> Counter[Phase]:
        """Minutes by phase."""
        return Counter(self.phases)


def told(rows: list[Row], setpoint: float = 56.0, state: State | None = None) -> Told:
    """What the engine says of `rows`, from nothing or from a state that it goes on with."""
    state = State() if state is None else state
    options = Options(setpoint=setpoint)
    phases: list[Phase] = []
    changes: list[Change] = []
    for row in rows:
        phase, changed = advance(state, row, options)
        phases.append(phase)
        changes += changed
    return Told(phases, changes, state)
