"""The seam of two simulated weeks: where each begins, and how long before its end the boiler is steered there.

A week (ts // WEEK) begins from a drawn state, so that any instant is reached by simulating a week. It ends with no
start from CALM on, no fire from EBB, and a steady cooling in GLIDE to the next one's first water. A fault of the boiler
less than TROUBLE before a week's end is left to take its course: the next week goes on from where the boiler is.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from sensor.regimes import Parameters
from sensor.script_file import BOILER_FAULTS, GivenFault

WEEK = 7 * 86400
CALM, EBB, GLIDE = 15600, 12000, 10800  # seconds before the end
TROUBLE = 2 * 86400


def week_water(seed: int, parameters: Parameters, week: int) -> float:
    """The water in °C at the first instant of `week` (ts // WEEK)."""
    return Random(f"{seed}/week/{week}").uniform(*parameters.week_water)


def goes_on(faults: Iterable[GivenFault], week: int) -> bool:
    """Whether `week` begins with the former one's end, a fault being so near."""
    start = week * WEEK
    return any(start - TROUBLE <= fault.ts < start for fault in faults if fault.name in BOILER_FAULTS)
