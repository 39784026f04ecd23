"""The engine: one step from a minute to its phase and the alerts it opens or closes; live, rework and replay alike."""

from __future__ import annotations

import json

from flask_app.boiler.alerts import Change, Closing, Kind, Opening
from flask_app.boiler.options import Options
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row

VERSION = 1
"""Of the state's shape and of the rules: a saved state of another version is not resumed but warmed up anew."""


class State:
    """What the engine remembers between two minutes. `advance` changes it in place; `step` leaves it alone."""

    __slots__ = ("below", "generated_ts", "good_minutes", "open_ts", "waiting")

    def __init__(self) -> None:
        """The state of an engine that has seen nothing."""
        self.below: bool | None = None
        self.waiting = False
        self.generated_ts: int | None = None
        self.open_ts: int | None = None
        self.good_minutes = 0


def dump(state: State) -> str:
    """The state as JSON, for EngineState."""
    return json.dumps({name: getattr(state, name) for name in State.__slots__})


def restore(text: str) -> State:
    """The state that `dump` wrote."""
    state = State()
    for name, value in json.loads(text).items():
        setattr(state, name, value)
    return state


def step(state: State, minute: Row, options: Options) -> tuple[State, Phase, tuple[Change, ...]]:
    """The state after `minute`, its phase and what it opens or closes. `state` is left as it was."""
    after = restore(dump(state))
    phase, changes = advance(after, minute, options)
    return after, phase, changes


def advance(state: State, minute: Row, options: Options) -> tuple[Phase, tuple[Change, ...]]:
    """`step` in place, for long runs: the phase of `minute` and what it opens or closes."""
    if minute.water is None:
        return Phase.UNDEFINED, ()
    changes: list[Change] = []
    below = minute.water < options.setpoint
    if below and state.below is False:
        state.waiting = True
    if not below:
        state.waiting = False
    state.below = below
    if state.waiting and (state.generated_ts is None or minute.ts - state.generated_ts >= 600):
        if state.open_ts is not None:
            changes.append(Closing(Kind.LOW_WATER, state.open_ts, minute.ts))
        evidence: dict[str, float | int | str | None] = {"water": minute.water, "setpoint": options.setpoint}
        changes.append(Opening(Kind.LOW_WATER, minute.ts, evidence))
        state.waiting, state.generated_ts, state.open_ts = False, minute.ts, minute.ts
    state.good_minutes = state.good_minutes + 1 if minute.water >= options.setpoint + 1 else 0
    if state.open_ts is not None and state.good_minutes >= 2:
        changes.append(Closing(Kind.LOW_WATER, state.open_ts, minute.ts))
        state.open_ts = None
    return Phase.UNDEFINED, tuple(changes)
