"""The hidden truth of the simulated boiler: for judging what the product says of it, and for nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from sensor.script_file import Fault


class Mode(StrEnum):
    """What the controller is doing: the hidden truth that no rule may read."""

    OFF = "off"
    IGNITION = "ignition"
    COMBUSTION = "combustion"
    CLEANING = "cleaning"
    BURN_OUT = "burn_out"
    FIRE_KEEPING = "fire_keeping"
    LOCKED_OUT = "locked_out"
    CUT = "cut"


class Truth(NamedTuple):
    """The machine's true state at `ts` (boiler time), for judging alone."""

    ts: int
    mode: Mode
    burning: bool
    power: float  # kW of the fire
    water: float  # °C, without the probe's noise and steps
    last_feed_ts: int | None  # the last fuel that fell on a fire
    fault: Fault | None  # the one in force, from the instant it takes effect
