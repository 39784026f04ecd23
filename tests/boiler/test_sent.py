"""What would have been sent: two real boilers' logs through the engine and the plan of messages, and random water."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench.score import Minute, read
from flask_app.boiler.advice import DAYS_ENOUGH, advised_setpoint
from flask_app.boiler.alerts import CAUSES, Kind, Opening, Spell, low_water_due
from flask_app.boiler.deliveries import Delivery, Life, Recipient, Scene, Told, messages
from flask_app.boiler.engine import State, advance
from flask_app.boiler.options import Options
from flask_app.boiler.rows import Row
from flask_app.boiler.timetable import lighting

DATA = Path(__file__).parent.parent / "data"
LOGS = {name: read(str(DATA / name)) for name in ("okofen_60s.csv", "froeling_p2_60s.csv.gz")}
OWNER = [Recipient("mail", "ana@example.org")]
DAY = 86400
WARM = 60.0  # °C: before it was first reached, the boiler was being taken into service


def row(minute: Minute) -> Row:
    shares = {name: getattr(minute, name) for name in ("secondary_fan", "igniter", "primary_fan", "auger")}
    motors: dict[str, Any] = {name: None if share is None else float(share > 0) for name, share in shares.items()}
    motors |= {f"{name}_duty": share for name, share in shares.items()}
    return Row(minute.ts, minute.water, minute.flue, samples=15, **motors)


def in_service(log: list[Minute]) -> list[Minute]:
    """The log from the first warm water on."""
    first = next(number for number, minute in enumerate(log) if minute.water is not None and minute.water >= WARM)
    return log[first:]


def lows(log: list[Minute]) -> list[float]:
    """The lowest water of each day."""
    days: dict[int, float] = {}
    for minute in log:
        if minute.water is not None:
            days[minute.ts // DAY] = min(minute.water, days.get(minute.ts // DAY, 999.0))
    return list(days.values())


class Household:
    """One person told of one boiler, each message sent as soon as it is due."""

    def __init__(self, setpoint: float) -> None:
        self.options = Options(setpoint=setpoint)
        self.state = State()
        self.rows: list[Row] = []
        self.open: dict[Kind, Life] = {}
        self.sent: list[tuple[Kind, Delivery]] = []
        self.ended: Life | None = None

    def live(self, minute: Row) -> None:
        """One minute."""
        phase, changes = advance(self.state, minute, self.options)
        self.rows = [*self.rows[-14:], minute._replace(phase=int(phase))]
        for change in changes:
            if isinstance(change, Opening):
                going_on = self.ended if self.ended and self.ended.kind is change.kind else None
                told = going_on.told if going_on and going_on.closed_ts == change.ts else ()
                self.open[change.kind] = Life(change.kind, change.ts, told=told)
            elif change.kind in self.open:
                self.ended = self.open.pop(change.kind)._replace(closed_ts=change.ts)
                if not any(isinstance(one, Opening) and one.kind is change.kind for one in changes):
                    self._plan(self.ended, minute.ts + 60)
        for kind, life in list(self.open.items()):
            self.open[kind] = self._plan(life, minute.ts + 60)

    def _plan(self, life: Life, now: int) -> Life:
        water = next((one.water for one in reversed(self.rows) if one.water is not None), None)
        warm = water is not None and water >= self.options.setpoint
        lit = not any(kind in self.open for kind in CAUSES) and lighting(self.rows)
        explains = life.kind in CAUSES and Kind.LOW_WATER in self.open
        scene = Scene(now, warm=warm, lighting=lit, explains=explains)
        planned = messages(life, OWNER, scene, lambda ts: datetime.fromtimestamp(ts, UTC))
        self.sent += [(life.kind, one) for one in planned]
        return life._replace(told=(*life.told, *(Told(*one[:4], sent_ts=one.due_ts) for one in planned)))


def sent(log: Iterable[Minute], setpoint: float) -> list[tuple[str, str]]:
    household = Household(setpoint)
    for minute in log:
        household.live(row(minute))
    return [(kind.value, one.reason) for kind, one in household.sent]


@pytest.mark.parametrize("name", LOGS)
def test_a_healthy_boiler_with_the_advised_setpoint_sends_at_most_one_message_a_week(name: str) -> None:
    log = in_service(LOGS[name])
    ordinary = lows(log)
    setpoint = advised_setpoint(ordinary if len(ordinary) >= DAYS_ENOUGH else ordinary * DAYS_ENOUGH)
    assert setpoint is not None

    found = sent(log, setpoint)

    print(name, f"{len(log) / 1440:.1f} days of minutes, advised {setpoint} °C, sent {found}")
    assert len(found) <= max(1, len(log) // (7 * 1440))


# --- low_water on random water


def waters(chance: random.Random) -> list[float | None]:
    """Up to 90 minutes around the setpoint: wandering, jumping, missing, standing exactly on it."""
    found: list[float | None] = []
    water = chance.choice((54.0, 55.9, 56.0, 56.1, 60.0))
    for _ in range(chance.randrange(2, 90)):
        water += chance.choice((-2.0, -0.5, -0.1, 0.0, 0.0, 0.1, 0.5, 2.0)) + (56 - water) / 20
        found.append(None if chance.random() < 0.1 else round(water, 1))
    return found


def generated(series: list[float | None], steps: list[int]) -> list[int]:
    """When low_water was generated, by the engine's own rule."""
    spell, found = Spell(), []
    for ts, water in zip(steps, series, strict=True):
        if water is not None and low_water_due(spell, ts, water, 56.0):
            found.append(ts)
    return found


def expected(series: list[float | None], steps: list[int]) -> list[int]:
    """The same by the words of DESIGN: spells first, then each spell's one alert."""
    present = [(ts, water) for ts, water in zip(steps, series, strict=True) if water is not None]
    spells: list[list[int]] = []
    for (_, before), (ts, water) in pairwise(present):
        if water < 56 <= before:
            spells.append([ts])
        elif water < 56 and spells:
            spells[-1].append(ts)
    found: list[int] = []
    for spell in spells:
        late = [ts for ts in spell if not found or ts - found[-1] >= 600]
        found += late[:1]
    return found


@pytest.mark.parametrize("count", [3000, pytest.param(100_000, marks=pytest.mark.proof)])
def test_low_water_is_generated_once_a_spell_never_twice_in_ten_minutes_never_not_when_due(count: int) -> None:
    for seed in range(count):
        chance = random.Random(seed)
        series = waters(chance)
        # Minutes may be missing altogether.
        steps = sorted(chance.sample(range(0, 60 * 120, 60), len(series)))

        found = generated(series, steps)

        assert found == expected(series, steps), seed
        assert all(later - earlier >= 600 for earlier, later in pairwise(found)), seed
