"""Finds the probe that repeats itself: unchanged while the boiler burns, for longer than ever seen.

A lost conversion returns the value before it, silently (raspberrypi/linux #2099), and a clone can hold one for ever.
At rest that is no sign: whole-degree logs repeat the water for 298 minutes. While a fire burns, the longest run of one
value in two real boilers' logs was 153 minutes in steps of 1 °C and 1 minute in steps of 0.1 °C.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_app.boiler.rows import Reason

JUDGED = ("water", "flue")  # the house and the box may well keep their temperature
STILL_MINUTES = {16: 300.0, 8: 150.0, 4: 90.0, 2: 60.0, 1: 45.0}  # by the step seen, in sixteenths of a degree
LONGER = 1.5  # times the longest run that ended after all
BURNING_SECONDS = 300  # since the auger last turned, or, with none to ask, a fan
PASS_SECONDS = 10  # a longer silence between two passes counts as this

Values = dict[str, float | Reason]
NO_OFFSETS: Mapping[str, float] = {}


class Still:
    """How long one probe has repeated itself while the boiler burned, and what it has shown before."""

    def __init__(self) -> None:
        self.value: int | None = None  # in sixteenths of a degree
        self.seconds = 0.0
        self.longest = 0.0  # of the runs that ended
        self.step = 16  # between its values, in the same: the finest seen

    def look(self, value: float, seconds: float) -> bool:
        """Whether `value` is frozen; `seconds` of fire went by since the last look."""
        sixteenths = round(value * 16)
        if sixteenths != self.value:
            while sixteenths % self.step:
                self.step //= 2
            self.longest = max(self.longest, self.seconds)
            self.value, self.seconds = sixteenths, 0.0
            return False
        self.seconds += seconds
        return self.seconds > max(STILL_MINUTES[self.step] * 60, LONGER * self.longest)


class Frozen:
    """The probes of a loop, watched from pass to pass."""

    def __init__(self) -> None:
        self._still = {role: Still() for role in JUDGED}
        self._burnt = float("-inf")
        self._last: float | None = None

    def judge(self, monotonic: float, values: Values, offsets: Mapping[str, float] = NO_OFFSETS) -> Values:
        """`values` of a pass, with FROZEN in place of a temperature that repeats itself.

        offsets: what is added to what the probes say, in °C; their steps show without it.
        """
        if _fed(values):
            self._burnt = monotonic
        seconds = 0.0 if self._last is None else min(monotonic - self._last, PASS_SECONDS)
        self._last = monotonic
        if monotonic - self._burnt > BURNING_SECONDS:
            seconds = 0.0
        found: Values = {}
        for role, still in self._still.items():
            value = values.get(role)
            if isinstance(value, float) and still.look(value - offsets.get(role, 0.0), seconds):
                found[role] = Reason.FROZEN
        return {**values, **found}


def _fed(values: Values) -> bool:
    auger = values.get("auger")
    if isinstance(auger, float):
        return auger > 0
    fans = (values.get("primary_fan"), values.get("secondary_fan"))
    return any(isinstance(fan, float) and fan > 0 for fan in fans)
