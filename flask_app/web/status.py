"""The first screen: is all well, and since when."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import MINUTE
from flask_app.boiler.verdict import READING_LATE, State, judge
from flask_app.web import pictures, queries, wording

pages = Blueprint("status", __name__)

RIBBON = 6 * 3600
TREND_MINUTES = 15
STEADY = 0.5
"""Degrees in 15 minutes below which the water is called steady: eight steps of a DS18B20."""


@pages.get("/")
def read_status() -> str:
    """The first screen, complete without JavaScript."""
    reading, phased = queries.newest_reading(), queries.newest_phase()
    facts = queries.facts(reading, phased)
    verdict = judge(facts)
    last = queries.newest_alert()
    return render_template(
        "status.html",
        verdict=verdict,
        sentence=wording.sentence(verdict, facts),
        facts=facts,
        reading={} if verdict.state is State.BLIND and facts.reading_ts is None else reading,
        phased=phased,
        fresh=facts.minute_ts is not None and verdict.cause.value not in ("no_reading", "no_phase", "clock"),
        trend=_trend(phased),
        last=last,
        **_ribbon(facts.now),
    )


def _trend(phased: queries.Phased | None) -> str:
    """rising, falling or steady; empty when not known."""
    before = None if phased is None else queries.water_before(phased.ts, TREND_MINUTES)
    if phased is None or phased.water is None or before is None:
        return ""
    change = phased.water - before
    return "rising" if change >= STEADY else "falling" if change <= -STEADY else "steady"


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
        "hours": [((ts - start_ts) * 360 / RIBBON, ts) for ts in range(first, now, hour) if ts - start_ts > 1200],
    }
