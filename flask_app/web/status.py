"""The first screen: is all well, since when, and what comes next; for a phone, a desk and the kiosk by the boiler."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, Response, current_app, make_response, render_template, request

from flask_app.boiler.alerts import READING_LATE
from flask_app.boiler.forecast import COLD, WINDOW, Forecast, time_to
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import MINUTE
from flask_app.boiler.verdict import Cause, judge
from flask_app.web import pictures, queries, statistics, trial, wording

pages = Blueprint("status", __name__)

RIBBON = 6 * 3600
TREND_MINUTES = 15
STEADY = 0.5
"""Degrees in 15 minutes below which the water is called steady: eight steps of a DS18B20."""

UNKNOWN = (Cause.NO_READING, Cause.NO_PHASE, Cause.CLOCK)
"""Verdicts under which the newest phase no longer tells the present."""


@pages.get("/")
def read_status() -> str:
    """The first screen, complete without JavaScript."""
    found = _found()
    boot = current_app.config["BOOT"]
    return render_template("status.html", age=_age(found), boot=boot, proposal=trial.proposal(), **found)


@pages.get("/kiosk")
def read_kiosk() -> str:
    """The first screen in large type, for a small screen on the wall."""
    found = _found()
    boot, zone = current_app.config["BOOT"], queries.options().timezone
    return render_template("kiosk.html", age=_age(found), boot=boot, zone=zone, **found)


@pages.get("/state")
def read_state() -> Response:
    """The living parts of the first screen, tagged; its age and the server's boot are headers, told by a 304 too.

    A reading comes every few seconds, its values seldom change: without the age a poll mostly costs a 304.
    """
    found = _found()
    answer = make_response(render_template("parts.html", age=None, **found))
    answer.add_etag(weak=True)
    answer.headers["Boot"] = current_app.config["BOOT"]
    age = _age(found)
    if age is not None:
        answer.headers["Reading-Age"] = str(age)
    answer.make_conditional(request)
    return answer


def _age(found: dict[str, Any]) -> int | None:
    reading_ts: int | None = found["facts"].reading_ts
    return None if reading_ts is None else max(0, found["facts"].now - reading_ts)


def _found() -> dict[str, Any]:
    reading, phased = queries.newest_reading(), queries.newest_phase()
    facts = queries.facts(reading, phased)
    verdict = judge(facts)
    fresh = facts.minute_ts is not None and verdict.cause not in UNKNOWN
    return {
        "verdict": verdict,
        "sentence": wording.sentence(verdict, facts),
        "facts": facts,
        "late": READING_LATE,
        "reading": reading,
        "phased": phased,
        "fresh": fresh,
        "trend": _trend(phased) if fresh else "",
        "cold": _cold(phased, facts.setpoint) if fresh else None,
        "gauge": _gauge(reading.get("water"), facts.setpoint),
        "last": queries.newest_alert(),
        "fill": _fill(facts.now),
        **_ribbon(facts.now),
    }


def _trend(phased: queries.Phased | None) -> str:
    """rising, falling or steady; empty when not known."""
    before = None if phased is None else queries.water_before(phased.ts, TREND_MINUTES)
    if phased is None or phased.water is None or before is None:
        return ""
    change = phased.water - before
    return "rising" if change >= STEADY else "falling" if change <= -STEADY else "steady"


OUT = (Phase.STOPPED, Phase.BURN_OUT)
TENS = 600
"""Seconds to which a forecast is rounded: its minutes would only pretend."""


class Cold(NamedTuple):
    """The next temperature that cooling water passes, and when."""

    degrees: float
    when: Forecast


def _cold(phased: queries.Phased | None, setpoint: float) -> Cold | None:
    """When the water will pass below its setpoint, or once it has, below COLD; None while a fire burns and when nobody
    can say."""
    if phased is None or phased.phase not in OUT or phased.water is None:
        return None
    degrees = setpoint if phased.water >= setpoint else COLD
    habits = queries.learned()
    # Only since the fire is out: the water that it still warmed says nothing about cooling.
    waters = queries.waters(max(phased.since_ts, phased.ts - 60 * WINDOW), phased.ts + MINUTE)
    found = time_to(degrees, waters, habits.cooling() if habits else None)
    return None if found is None else Cold(degrees, Forecast(*(round(ts / TENS) * TENS for ts in found)))


class Gauge(NamedTuple):
    """The water on a scale about its setpoint: both as shares of it in per cent."""

    water: float
    setpoint: float


GAUGE = (-12.0, 36.0)
"""Degrees below and above the setpoint that the scale shows: a boiler's water lives within."""


def _gauge(water: float | None, setpoint: float) -> Gauge | None:
    if water is None:
        return None
    low, high = GAUGE
    place = (water - setpoint - low) / (high - low)
    return Gauge(round(100 * min(1.0, max(0.02, place)), 1), round(-100 * low / (high - low), 1))


class Fill(NamedTuple):
    """The last filling of the silo, and the hours that the auger ran since."""

    ts: int
    hours: float


def _fill(now: int) -> Fill | None:
    ts = queries.last_fill_ts()
    if ts is None:
        return None
    fed = statistics.reckon(ts - ts % MINUTE, now + MINUTE, queries.options().timezone)["series"]["auger"]["on"]
    return Fill(ts, fed or 0.0)


def _ribbon(now: int) -> dict[str, Any]:
    start_ts = now - RIBBON - now % MINUTE
    changes = queries.phase_changes(start_ts, now)
    measured_ts = (queries.newest_minute_ts() or 0) + MINUTE
    if changes and now - measured_ts > READING_LATE:
        changes.append((measured_ts, Phase.UNDEFINED.value))
    hour = 3600
    first = start_ts - start_ts % hour + hour
    return {
        "ribbon": pictures.blocks(changes, start_ts, start_ts + RIBBON, 360),
        "hours": [
            ((ts - start_ts) * 360 / RIBBON, ts) for ts in range(first, now - 1200, hour) if ts - start_ts > 1200
        ],
    }
