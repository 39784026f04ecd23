"""The verdict on a boiler."""

from __future__ import annotations

import pytest

from flask_app.boiler.alerts import Kind
from flask_app.boiler.phases import Phase
from flask_app.boiler.verdict import Cause, Facts, State, Verdict, judge

WELL = Facts(now=10_000, reading_ts=9_996, minute_ts=9_900, phase=Phase.COMBUSTION, water=67.0)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Verdict(State.OK, Cause.BURNING)),
        ({"phase": Phase.STOPPED}, Verdict(State.OK, Cause.WAITING)),
        ({"phase": Phase.STOPPED, "water": 50.0}, Verdict(State.WATCH, Cause.COLD)),
        ({"water": 56.0}, Verdict(State.OK, Cause.BURNING)),
        ({"phase": Phase.JAM_RISK}, Verdict(State.WATCH, Cause.PHASE)),
        ({"phase": Phase.UNDEFINED}, Verdict(State.WATCH, Cause.PHASE)),
        ({"open_kinds": (Kind.FOULING,)}, Verdict(State.WATCH, Cause.ALERT, Kind.FOULING)),
        ({"open_kinds": (Kind.LOW_WATER, Kind.JAM)}, Verdict(State.FAULT, Cause.ALERT, Kind.JAM)),
        ({"open_kinds": (Kind.JAM,), "water": None}, Verdict(State.FAULT, Cause.ALERT, Kind.JAM)),
        ({"open_kinds": (Kind.BLIND,)}, Verdict(State.BLIND, Cause.ALERT, Kind.BLIND)),
        ({"reading_ts": None}, Verdict(State.BLIND, Cause.NO_READING)),
        ({"reading_ts": 9_820}, Verdict(State.OK, Cause.BURNING)),
        ({"reading_ts": 9_819}, Verdict(State.BLIND, Cause.NO_READING)),
        ({"reading_ts": 10_301}, Verdict(State.BLIND, Cause.CLOCK)),
        ({"minute_ts": 9_699}, Verdict(State.BLIND, Cause.NO_PHASE)),
        ({"minute_ts": None}, Verdict(State.BLIND, Cause.NO_PHASE)),
        ({"water": None}, Verdict(State.BLIND, Cause.NO_WATER)),
    ],
)
def test_the_verdict_follows_the_facts(change: dict[str, object], verdict: Verdict) -> None:
    assert judge(WELL._replace(**change)) == verdict  # type: ignore[arg-type]
