"""What another threshold would have done: stored minutes through the engine once more, and nobody is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from flask_app.boiler.alerts import Kind, Opening
from flask_app.boiler.engine import State, advance
from flask_app.boiler.options import Options
from flask_app.boiler.rows import Row

THRESHOLDS = {"setpoint": Kind.LOW_WATER, "low_indoor": Kind.LOW_INDOOR}
"""The options that can be tried, and the alert that each decides."""

WARM_UP = 2 * 86400
"""Seconds of minutes before the first that counts: whether the water stood below the setpoint is known by then."""


class Rehearsed(NamedTuple):
    """An alert that would have been."""

    opened_ts: int
    closed_ts: int | None  # None: it would still be open
    coldest: float  # °C while it was open, of the water or of the room


def rehearse(
    minutes: Iterable[Row], from_ts: int, options_at: Callable[[int], Options], name: str, value: float
) -> list[Rehearsed]:
    """The alerts from `from_ts` on, had the threshold `name` (of THRESHOLDS) been `value`.

    minutes: rising, from WARM_UP before `from_ts`. options_at: what was in force at an instant, for all the rest.
    """
    kind = THRESHOLDS[name]
    state, found = State(), [Rehearsed(0, 0, 0.0)]
    tried: dict[str, Any] = {name: value}
    for minute in minutes:
        _, changes = advance(state, minute, options_at(minute.ts)._replace(**tried))
        degrees = minute.water if kind is Kind.LOW_WATER else minute.spare
        for change in changes:
            if change.kind is kind:
                last = found[-1]
                if isinstance(change, Opening):
                    found.append(Rehearsed(minute.ts, None, degrees or 0.0))
                else:
                    found[-1] = last._replace(closed_ts=minute.ts)
        if found[-1].closed_ts is None and degrees is not None:
            found[-1] = found[-1]._replace(coldest=min(found[-1].coldest, degrees))
    return [one for one in found if one.opened_ts >= from_ts]
