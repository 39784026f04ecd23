"""Which options are in force at an instant."""

from __future__ import annotations

from flask_app.boiler.options import Options, every_option

START = 1_700_000_040


def test_the_setpoint_in_force_at_each_minute_is_used() -> None:
    options_at = every_option(Options(), [("setpoint", START + 600, "50"), ("setpoint", START + 1200, "40")])

    assert [options_at(START + ts).setpoint for ts in (0, 599, 600, 1199, 1200)] == [56, 56, 50, 50, 40]
