"""The phases of a boiler, and how a minute gets its one."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """The codes of the column `phase`, stored for ever (BOILER.md's table; 12 is ours)."""

    UNDEFINED = 0
    COMBUSTION = 6
    IGNITION = 7
    FIRE_KEEPING = 8
    STOPPED = 9
    JAM_RISK = 10
    WATCH = 11
    BURN_OUT = 12
