"""The one list of a row's fields: what a reading and a minute hold, and the column that keeps each.

`Chaudiere` (raw readings) and `ChaudiereMinute` have one shape, as the user asked. A motor's field holds
estimated watts in a reading (exactly 0 when it does not run) and 1 or 0 in a minute (it ran in any reading,
or in none). None is "no value", everywhere; 0 is a measurement.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

TEMPERATURES = ("water", "flue", "box", "spare")
MOTORS = ("secondary_fan", "igniter", "primary_fan", "auger")
VALUES = TEMPERATURES + MOTORS
"""The eight roles, in column order: temp0..3, then watt0..3. Also the series names of the API."""

MINUTE = 60


class Row(NamedTuple):
    """One reading, or one minute [ts, ts + 60). A named tuple, not a dataclass: it *is* the tuple that SQLite
    binds and returns, and a year of minutes must be read and judged within seconds."""

    ts: int  # UTC epoch seconds
    water: float | None = None  # °C
    flue: float | None = None
    box: float | None = None
    spare: float | None = None
    secondary_fan: float | None = None  # reading: watts; minute: 1 or 0
    igniter: float | None = None
    primary_fan: float | None = None
    auger: float | None = None
    secondary_fan_duty: float | None = None  # minutes only: share of the readings in which it ran, 0..1
    igniter_duty: float | None = None
    primary_fan_duty: float | None = None
    auger_duty: float | None = None
    secondary_fan_power: float | None = None  # minutes only: mean watts of the readings in which it ran
    igniter_power: float | None = None
    primary_fan_power: float | None = None
    auger_power: float | None = None
    samples: int | None = None  # minutes only: readings folded into it
    phase: int | None = None  # minutes only: a `Phase`, None until process_phase has named it
    quality: str | None = None  # None: all is well; else JSON {role: {reason: count}}


COLUMNS = {
    "ts": "ts",
    **{role: f"temp{number}" for number, role in enumerate(TEMPERATURES)},
    **{role: f"watt{number}" for number, role in enumerate(MOTORS)},
    **{f"{role}_duty": f"duty{number}" for number, role in enumerate(MOTORS)},
    **{f"{role}_power": f"power{number}" for number, role in enumerate(MOTORS)},
    **{name: name for name in ("samples", "phase", "quality")},
}
"""Field of `Row` -> column of both tables, in the order of both."""


class Reason(Enum):
    """Why a value was refused, as written in a row's `quality`."""

    ABSENT = "absent"  # no such probe, chip or bus answers
    CRC = "crc"  # the scratchpad did not survive the wire
    POWER_ON = "power_on"  # 85 °C, never converted
    RANGE = "range"  # outside what the sensor or its wiring can say
    SHORT = "short"  # an all-zero scratchpad: the data wire is held low
    BUS = "bus"  # the bus answered with an error
    LATE = "late"  # no answer within the deadline
    CLIPPED = "clipped"  # the converter's input is at its end
    RATE = "rate"  # too few samples a mains cycle to trust
    FROZEN = "frozen"  # unchanged while the boiler burns
    CLOCK = "clock"  # kept before the clock was known true
    STEP = "step"  # the clock was set since the reading before; counted in seconds, backwards below 0
