"""The engine: one step from a minute to its phase and the alerts it opens or closes; live, rework and replay alike."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask_app.boiler.alerts import CAUSES, Book, Change, Evidence, Kind, Spell, low_water_due
from flask_app.boiler.clock import judge_clock
from flask_app.boiler.dying import SAVED_LOSS
from flask_app.boiler.fault_memory import Watch
from flask_app.boiler.faults import Fitted, forget_silence, judge, judge_fitted
from flask_app.boiler.habits import Habits, Part, forget
from flask_app.boiler.options import Options
from flask_app.boiler.phases import (
    BURN_OUT,
    COMBUSTION,
    IGNITION,
    JAM_RISK,
    UNDEFINED,
    WATCH,
    Course,
    Phase,
    Signals,
    follow,
)
from flask_app.boiler.rows import Row
from flask_app.boiler.wear import Slow, interrupt, judge_indoor, judge_slow

VERSION = 5
"""Of the state's shape and of the rules: a saved state of another version is not resumed but warmed up anew."""

GAP_MINUTES = 10
"""What was going on is not known after a longer silence; the spell of low_water and what was learned go on."""
LASTING = (Kind.LOW_WATER, Kind.LOW_INDOOR, Kind.IGNITER_WEAR, Kind.FOULING, Kind.SHORT_CYCLING, Kind.CONDENSATION)
"""Alerts that outlast a silence."""
OURS = (*LASTING, *CAUSES, Kind.BLIND)
"""The kinds that this engine opens and closes."""
ANCHOR_SECONDS = 600
WARM_MINUTES = 2
SLOW_SECONDS = 1800
SLOW_RISE = 1.0  # °C in 20 to 30 minutes of fire below the setpoint: less is worth a look
WEAK_LOSS = 1 / 3  # of the flue's rise


class Trend:
    """The water of the last half hour, every ten minutes: oldest first, [ts, °C]."""

    __slots__ = ("anchors",)

    def __init__(self) -> None:
        """No water yet."""
        self.anchors: list[list[float]] = []


class State:
    """What the engine remembers between two minutes. `advance` changes it in place; `step` leaves it alone."""

    __slots__ = (
        "book",
        "course",
        "fitted",
        "followed_ts",
        "habits",
        "reset_ts",
        "signals",
        "slow",
        "spell",
        "trend",
        "ts",
        "watch",
    )

    def __init__(self) -> None:
        """The state of an engine that has seen nothing."""
        self.ts: int | None = None  # of the last row
        self.followed_ts: int | None = None  # of the last row with a motor
        self.spell = Spell()
        self.book = Book()
        self.trend = Trend()
        self.fitted = Fitted()
        self.course = Course()
        self.watch = Watch()
        self.habits = Habits()
        self.slow = Slow()
        self.reset_ts = 0  # of the last event that made it learn anew
        self.signals = Signals()  # of the minute in hand: not part of what is saved


PARTS = ("spell", "trend", "fitted", "course", "watch", "habits", "slow")


def dump(state: State) -> str:
    """The state as JSON, for EngineState: a few KB."""
    parts: dict[str, Any] = {part: _values(getattr(state, part)) for part in PARTS}
    opened = {kind.value: ts for kind, ts in state.book.opened.items()}
    known = {"ts": state.ts, "followed_ts": state.followed_ts, "reset_ts": state.reset_ts}
    return json.dumps({**known, "opened": opened, **parts})


def _values(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__slots__}


def restore(text: str) -> State:
    """The state that `dump` wrote."""
    saved = json.loads(text)
    state = State()
    state.ts, state.followed_ts, state.reset_ts = saved["ts"], saved["followed_ts"], saved["reset_ts"]
    state.book.opened = {Kind(kind): ts for kind, ts in saved["opened"].items()}
    for part in PARTS:
        for name, value in saved[part].items():
            setattr(getattr(state, part), name, value)
    state.course.mode, state.course.mode_before = Phase(state.course.mode), Phase(state.course.mode_before)
    state.slow.mode = Phase(state.slow.mode)
    return state


def adopt(state: State, opened: Iterable[tuple[Kind, int, Evidence]]) -> None:
    """Makes the alerts that are open (kind, opened_ts, evidence) those of the book: an engine of other rules goes on
    with them, closes them in its turn, and tells what it alone finds."""
    state.book.opened = {}
    for kind, ts, evidence in opened:
        if kind in OURS or "step_seconds" in evidence:  # a clock ahead is not the engine's: boiler/upkeep.py
            state.book.opened[kind] = ts
        if kind is Kind.BLIND:
            state.fitted.told = str(evidence.get("missing", ""))
    state.fitted.calm = False


def learn_anew(state: State, part: Part, ts: int) -> None:
    """Forgets what the event of the instant `ts` has made untrue, once."""
    if ts > state.reset_ts:
        state.reset_ts = ts
        forget(state.habits, part)


def step(state: State, minute: Row, options: Options) -> tuple[State, Phase, tuple[Change, ...]]:
    """The state after `minute`, its phase and what it opens or closes. `state` is left as it was."""
    after = restore(dump(state))
    phase, changes = advance(after, minute, options)
    return after, phase, changes


def advance(state: State, minute: Row, options: Options) -> tuple[Phase, tuple[Change, ...]]:
    """`step` in place, for long runs: the phase of `minute` and what it opens or closes."""
    ts, book = minute.ts, state.book
    if after_gap(state, ts):
        _forget(state, ts)
    state.ts = ts
    judge_clock(book, minute)
    judge_fitted(state.fitted, book, minute)
    _look(state.signals, minute, options.setpoint)
    phase = _phase(state, minute, options)
    if minute.spare is not None and options.spare == "indoor":
        judge_indoor(state.slow, book, ts, minute.spare, options.low_indoor)
    if minute.water is not None:
        _judge_water(state, minute, minute.water, options.setpoint)
    if not book.changes:
        return phase, ()
    changes = tuple(book.changes)
    book.changes = []
    return phase, changes


def after_gap(state: State, ts: int) -> bool:
    """Whether the minute `ts` follows a silence over GAP_MINUTES."""
    return state.ts is not None and ts // 60 - state.ts // 60 > GAP_MINUTES


def start_over(state: State) -> State:
    """A new engine that knows of the old one the spell of low_water alone."""
    fresh = State()
    fresh.spell, fresh.spell.warm = state.spell, 0
    fresh.book.opened = {kind: ts for kind, ts in state.book.opened.items() if kind is Kind.LOW_WATER}
    return fresh


def _forget(state: State, ts: int) -> None:
    """What was going on before a gap is unknown after it: the spell of low_water, and its alert, go on; and what has
    been learned of this boiler, with what that alone tells."""
    for kind in [kind for kind in state.book.opened if kind not in LASTING]:
        state.book.close(kind, ts)
    state.followed_ts = None
    state.spell.warm = 0
    state.trend, state.fitted, state.course = Trend(), forget_silence(state.fitted), Course()
    state.watch = Watch()
    interrupt(state.slow)


def _phase(state: State, minute: Row, options: Options) -> Phase:
    signals, ts, water = state.signals, minute.ts, minute.water
    if signals.fan is None and signals.igniter is None and signals.feed is None:
        return UNDEFINED
    if state.followed_ts is not None and ts // 60 - state.followed_ts // 60 > GAP_MINUTES:
        state.course, state.watch = Course(), Watch()  # rows came, but no motor was read
        interrupt(state.slow)
    state.followed_ts = ts
    phase = follow(state.course, state.habits, signals)
    judge(state.watch, state.habits, state.course, state.book, signals)
    judge_slow(state.slow, state.habits, state.course, state.book, signals, minute, options)
    if water is None:
        return UNDEFINED
    if state.book.opened and phase in (COMBUSTION, BURN_OUT, IGNITION):
        return _suspect(state, phase)
    if phase is COMBUSTION and water < signals.setpoint and _weak(state, ts, water):
        return WATCH
    return phase


def _look(signals: Signals, minute: Row, setpoint: float) -> None:
    """Fills `signals`: a motor's share where it was measured, else whether it ran; the busier of the two fans."""
    signals.ts, signals.setpoint = minute.ts, setpoint
    signals.water, signals.flue = minute.water, minute.flue
    signals.igniter = minute.igniter if minute.igniter_duty is None else minute.igniter_duty
    signals.feed = minute.auger if minute.auger_duty is None else minute.auger_duty
    signals.feed_watts = minute.auger_power
    fan = minute.primary_fan if minute.primary_fan_duty is None else minute.primary_fan_duty
    second = minute.secondary_fan if minute.secondary_fan_duty is None else minute.secondary_fan_duty
    signals.fan = second if fan is None or (second is not None and second > fan) else fan


def _suspect(state: State, phase: Phase) -> Phase:
    """Jam risk while what an open alert was judged by still holds: not once the fire burns again."""
    opened, watch = state.book.opened, state.watch
    jammed = Kind.JAM in opened and (watch.stalled > 0 or phase is BURN_OUT)
    dying = Kind.FIRE_DYING in opened and phase is COMBUSTION and watch.lost >= SAVED_LOSS
    return JAM_RISK if jammed or dying else phase


def _weak(state: State, ts: int, water: float) -> bool:
    """Whether a fire below the setpoint fades, or does not warm the water."""
    if state.watch.lost >= WEAK_LOSS:
        return True
    if ts - state.course.burn_ts < SLOW_SECONDS or not state.trend.anchors:
        return False
    return water < state.trend.anchors[0][1] + SLOW_RISE


# --- low_water


def _judge_water(state: State, minute: Row, water: float, setpoint: float) -> None:
    spell, book, ts = state.spell, state.book, minute.ts
    anchors = state.trend.anchors
    if not anchors or ts - anchors[-1][0] >= ANCHOR_SECONDS:
        anchors.append([ts, water])
        if len(anchors) > 3:
            del anchors[0]
    if low_water_due(spell, ts, water, setpoint):
        book.close(Kind.LOW_WATER, ts)
        book.open(Kind.LOW_WATER, ts, _cold_evidence(state, ts, water, setpoint))
    elif spell.warm >= WARM_MINUTES and Kind.LOW_WATER in book.opened:
        book.close(Kind.LOW_WATER, ts)


def _cold_evidence(state: State, ts: int, water: float, setpoint: float) -> Evidence:
    since_ts, before = state.trend.anchors[0]
    falling = (before - water) * 3600 / (ts - since_ts) if ts > since_ts else None
    cause = next((kind.value for kind in CAUSES if kind in state.book.opened), None)
    burning = state.course.mode is COMBUSTION
    return {
        "water": water,
        "setpoint": setpoint,
        "falling_per_hour": None if falling is None else round(falling, 1),
        "fire_out_ts": None if burning else state.course.fire_ts,
        "cause": cause,
    }
