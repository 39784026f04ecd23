"""A probe that repeats itself: frozen while the boiler burns, calm at rest."""

from __future__ import annotations

from flask_app.boiler.rows import Reason
from sensor.frozen import Frozen

Values = dict[str, float | Reason]


def minutes_until_frozen(values: list[float], auger: float | Reason = 40.0, hours: float = 12, **fans: float) -> float:
    """Minutes after which the water, which showed `values` and then the last of them, is refused; inf: never."""
    frozen = Frozen()
    for number in range(int(hours * 900)):
        water = values[min(number, len(values) - 1)]
        judged = frozen.judge(number * 4.0, {"water": water, "auger": auger, **fans})
        if judged["water"] is Reason.FROZEN:
            return number * 4 / 60
    return float("inf")


def test_a_sixteenth_degree_probe_is_frozen_after_45_minutes_of_fire() -> None:
    assert 44.9 < minutes_until_frozen([60.0, 60.0625]) < 45.3


def test_a_whole_degree_probe_may_stand_still_for_twice_the_longest_ever_seen() -> None:
    assert 299.9 < minutes_until_frozen([60.0, 61.0]) < 300.3


def test_an_offset_makes_no_coarse_probe_a_fine_one() -> None:
    frozen = Frozen()
    frozen.judge(0.0, {"water": 60.0 + 0.3, "auger": 40.0}, {"water": 0.3})

    judged = [
        frozen.judge(4.0 * number, {"water": 60.5 + 0.3, "auger": 40.0}, {"water": 0.3}) for number in range(2100)
    ]

    assert judged[-1]["water"] == 60.8  # 140 minutes; a probe in steps of 0.5 °C may stand for 150


def test_nothing_is_frozen_at_rest() -> None:
    assert minutes_until_frozen([60.0, 60.0625], auger=0.0, primary_fan=50.0) == float("inf")


def test_a_fan_tells_of_the_fire_where_no_auger_is_read() -> None:
    assert minutes_until_frozen([60.0, 60.0625], auger=Reason.ABSENT, primary_fan=50.0) < 46


def test_pulses_of_the_auger_are_one_fire_and_the_box_is_not_judged() -> None:
    frozen = Frozen()
    for number in range(900):
        values: Values = {"water": 60.0625, "box": 20.0625, "auger": 40.0 if number % 40 == 0 else 0.0}
        judged = frozen.judge(number * 4.0, values)

    assert judged["water"] is Reason.FROZEN
    assert judged["box"] == 20.0625


def test_a_value_that_moves_is_believed_at_once_and_a_longer_run_is_asked_next_time() -> None:
    frozen = Frozen()
    burning: Values = {"flue": 120.0625, "auger": 40.0}
    for number in range(1500):  # 100 minutes
        first = frozen.judge(number * 4.0, burning)
    moved = frozen.judge(6000.0, {**burning, "flue": 121.0625})

    for number in range(1501, 3600):  # 140 minutes: less than 1.5 times as long
        again = frozen.judge(number * 4.0, {**burning, "flue": 121.0625})

    assert (first["flue"], moved["flue"], again["flue"]) == (Reason.FROZEN, 121.0625, 121.0625)
