"""The floors of what carries over: the two real logs, changed as another boiler or installation would change them."""

from __future__ import annotations

import pytest

from bench.score import Minute
from bench.variants import VARIANTS, score, stretched
from tests.bench.test_score import FROELING, OKOFEN

FLOORS = {
    "flue x 0.4 above the room": (0.99, 0.93),
    "flue x 5": (0.99, 0.90),
    "flue + 30": (0.99, 0.95),
    "flue 2 minutes late": (0.99, 0.95),
    "flue slow (0.2 a minute)": (0.99, 0.93),
    "whole degrees that flicker": (0.99, 0.98),
    "no auger": (0.97, 0.96),
    "no flue": (0.99, 0.95),
    "no flue, no igniter": (0.88, 0.95),
    "one clamp for both fans": (0.99, 0.985),
    "auger in 1 minute of 4": (0.96, 0.95),
    "fans 10 minutes longer": (0.99, 0.98),
    "flue missing for minutes": (0.99, 0.98),
    "silences of 5 minutes": (0.99, 0.98),
    "time x 0.7": (0.99, 0.97),
    "cut every 3 hours": (0.99, 0.97),
    "minutes from :37 on": (0.99, 0.985),
}


@pytest.mark.parametrize("name", FLOORS)
def test_a_changed_log_is_judged_nearly_as_well_and_without_a_false_alarm(name: str) -> None:
    for log, floor in zip((OKOFEN, FROELING), FLOORS[name], strict=True):
        macro, _, alarms = score(log, name)

        assert macro >= floor
        assert alarms == []


def test_a_log_without_a_change_scores_as_it_does_elsewhere() -> None:
    assert VARIANTS["as measured"](OKOFEN) == OKOFEN


def test_a_stretched_log_keeps_its_silences() -> None:
    log = [Minute(ts, 60, 40, 0, 0, 0, 0, "off") for ts in (0, 60, 120, 180, 9000, 9060)]

    assert [minute.ts for minute in stretched(0.5)(log)] == [0, 60, 120 + 8760]
