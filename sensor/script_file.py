"""The simulated boiler's script: its seed and regime, the faults given to it, and how fast its time runs."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sensor.regimes import Regime

E = TypeVar("E", bound=StrEnum)


class ScriptError(ValueError):
    """A script, or a word for one, that cannot be used; the words say what is accepted."""


class Fault(StrEnum):
    """What can go wrong on demand."""

    SILO_EMPTY = "silo_empty"
    IGNITION_FAILURE = "ignition_failure"
    JAM = "jam"
    POWER_CUT = "power_cut"
    SENSOR_LOST = "sensor_lost"
    SENSOR_85 = "sensor_85"
    LOOP_DEAD = "loop_dead"


BOILER_FAULTS = frozenset({Fault.SILO_EMPTY, Fault.IGNITION_FAILURE, Fault.JAM, Fault.POWER_CUT})
"""Those of the boiler itself; the others blind its watch."""

SPEEDS = (1.0, 1000.0)


@dataclass(frozen=True, slots=True)
class GivenFault:
    """A fault given at `ts`, in boiler time (epoch seconds)."""

    name: Fault
    ts: int


@dataclass(frozen=True, slots=True)
class SpeedChange:
    """From the wall time `ts` (epoch seconds) the boiler's time runs `factor` times faster."""

    ts: int
    factor: float


@dataclass(frozen=True, slots=True)
class Script:
    """All that the simulated boiler's rows follow from. Faults and changes in rising order of time."""

    seed: int = 1
    regime: Regime = Regime.WINTER
    faults: tuple[GivenFault, ...] = ()
    speeds: tuple[SpeedChange, ...] = ()

    def boiler_time(self, wall: float) -> float:
        """The boiler's time at the wall time `wall`, both epoch seconds: the same until the first change."""
        time, since, factor = 0.0, 0.0, 1.0
        for change in self.speeds:
            if change.ts > wall:
                break
            time, since, factor = time + (change.ts - since) * factor, change.ts, change.factor
        return time + (wall - since) * factor

    def speed(self, wall: float) -> float:
        """How many times faster than the wall's the boiler's time runs at `wall`."""
        return next((change.factor for change in reversed(self.speeds) if change.ts <= wall), 1.0)


def load(path: str) -> Script:
    """The script at `path`, or the default one when there is none. Raises ScriptError for one that is not valid."""
    try:
        with open(path, encoding="utf-8") as file:
            return _script(json.load(file))
    except FileNotFoundError:
        return Script()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ScriptError(f"{path} is no script of a simulated boiler ({error}): delete it") from None


def save(path: str, script: Script) -> None:
    """Writes `script` to `path` in one step: a reader sees the former or this one, whole."""
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(asdict(script), file, indent=1)
        file.write("\n")
    os.replace(temporary, path)


def _script(values: Any) -> Script:
    faults = [GivenFault(named(Fault, fault["name"]), int(fault["ts"])) for fault in values["faults"]]
    speeds = [SpeedChange(int(change["ts"]), checked_speed(float(change["factor"]))) for change in values["speeds"]]
    return Script(
        seed=int(values["seed"]),
        regime=named(Regime, values["regime"]),
        faults=tuple(sorted(faults, key=lambda fault: fault.ts)),
        speeds=tuple(sorted(speeds, key=lambda change: change.ts)),
    )


def named(kind: type[E], name: str) -> E:
    """The member of the enumeration `kind` called `name`. Raises ScriptError listing the names."""
    try:
        return kind(name)
    except ValueError:
        raise ScriptError(f"{name!r} is not known; there are {', '.join(kind)}") from None


def checked_speed(factor: float) -> float:
    """`factor`, or ScriptError when the boiler cannot run so many times faster."""
    if not SPEEDS[0] <= factor <= SPEEDS[1]:
        raise ScriptError(f"{factor:g} is no speed; {SPEEDS[0]:g} to {SPEEDS[1]:g} are accepted")
    return factor


def fault_at_hours_ago(text: str, now: int) -> GivenFault:
    """The fault written NAME@HOURS_AGO. Raises ScriptError.

    >>> fault_at_hours_ago("silo_empty@30", 200_000)
    GivenFault(name=<Fault.SILO_EMPTY: 'silo_empty'>, ts=92000)
    """
    name, _, hours = text.partition("@")
    fault = named(Fault, name)
    try:
        ago = float(hours)
    except ValueError:
        ago = float("nan")
    if not 0 <= ago <= 24 * 366:
        raise ScriptError(f"{text!r} is no fault of the past; write NAME@HOURS_AGO, such as silo_empty@30")
    return GivenFault(fault, now - round(ago * 3600))
