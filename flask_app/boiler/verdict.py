"""Is the boiler all right? One decision from the newest values, shared by the pages, the API and the command line."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from flask_app.boiler.alerts import CLOCK_AHEAD, READING_LATE, Kind
from flask_app.boiler.phases import Phase

PHASE_LATE = 300
"""Seconds after which the newest named minute no longer tells the present: the rule of the kind `jobs`."""

GRAVE = (
    Kind.POWER_CUT,
    Kind.JAM,
    Kind.IGNITION_FAILED,
    Kind.FIRE_DYING,
    Kind.LOW_WATER,
    Kind.LOW_INDOOR,
    Kind.STORAGE,
)
"""Alerts that need somebody now; causes before their consequences: the first one open is the one told."""


class State(Enum):
    """The four answers, as the API says them."""

    OK = "ok"
    WATCH = "watch"
    FAULT = "fault"
    BLIND = "blind"


class Cause(Enum):
    """Why the answer is what it is."""

    BURNING = "burning"
    WAITING = "waiting"  # out, with warm water
    COLD = "cold"  # water below its setpoint, no alert open
    ALERT = "alert"  # `Verdict.kind` says which
    PHASE = "phase"  # the phase itself is worth a look
    NO_READING = "no_reading"
    NO_PHASE = "no_phase"
    NO_WATER = "no_water"
    CLOCK = "clock"


class Facts(NamedTuple):
    """What is known at `now` (all times in epoch seconds). None: not known."""

    now: int
    reading_ts: int | None = None  # the newest raw reading
    minute_ts: int | None = None  # the newest minute that has a phase
    phase: Phase | None = None
    water: float | None = None  # °C
    setpoint: float = 56.0  # °C
    open_kinds: tuple[Kind, ...] = ()


class Verdict(NamedTuple):
    """The answer, why, and the alert it is about when it is about one."""

    state: State
    cause: Cause
    kind: Kind | None = None


def judge(facts: Facts) -> Verdict:
    """The verdict on `facts`. What is old or missing is never called well.

    >>> judge(Facts(now=1000, reading_ts=100, minute_ts=60, phase=Phase.COMBUSTION, water=70.0)).state
    <State.BLIND: 'blind'>
    """
    blind = _blind(facts)
    grave = next((kind for kind in GRAVE if kind in facts.open_kinds), None)
    if blind is not None and blind.cause is not Cause.NO_WATER:
        return blind
    if grave is not None:
        return Verdict(State.FAULT, Cause.ALERT, grave)
    if blind is not None:
        return blind
    if facts.open_kinds:
        return Verdict(State.WATCH, Cause.ALERT, facts.open_kinds[0])
    return _calm(facts)


def _blind(facts: Facts) -> Verdict | None:
    if facts.reading_ts is None or facts.now - facts.reading_ts > READING_LATE:
        return Verdict(State.BLIND, Cause.NO_READING)
    if facts.reading_ts - facts.now > CLOCK_AHEAD:
        return Verdict(State.BLIND, Cause.CLOCK)
    if facts.minute_ts is None or facts.now - facts.minute_ts > PHASE_LATE:
        return Verdict(State.BLIND, Cause.NO_PHASE)
    if facts.water is None:
        return Verdict(State.BLIND, Cause.NO_WATER)
    if Kind.BLIND in facts.open_kinds:
        return Verdict(State.BLIND, Cause.ALERT, Kind.BLIND)
    return None


def _calm(facts: Facts) -> Verdict:
    if facts.phase in (Phase.WATCH, Phase.JAM_RISK, Phase.UNDEFINED, None):
        return Verdict(State.WATCH, Cause.PHASE)
    if facts.water is not None and facts.water < facts.setpoint:
        return Verdict(State.WATCH, Cause.COLD)
    if facts.phase is Phase.STOPPED:
        return Verdict(State.OK, Cause.WAITING)
    return Verdict(State.OK, Cause.BURNING)
