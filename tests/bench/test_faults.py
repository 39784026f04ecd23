"""The floors of the fault table, on a few seeds; the full size is a proof."""

from __future__ import annotations

import pytest

from bench.faults import EXPECTED, Case, cases, fault_lines, look, percentile, run
from flask_app.boiler.alerts import Kind
from sensor.regimes import Regime
from sensor.script_file import Fault


@pytest.mark.parametrize("fault", EXPECTED)
def test_each_fault_of_a_winter_boiler_is_named_before_the_water_is_cold(fault: Fault) -> None:
    result = look(Case(Regime.WINTER, 6000, fault))

    assert result.counted
    assert result.named is EXPECTED[fault]
    assert result.right
    assert result.false == ()


def test_a_kept_fire_without_fuel_is_told_before_the_water_is_cold() -> None:
    result = look(Case(Regime.WOODCHIP, 6000, Fault.SILO_EMPTY))

    assert result.named is Kind.FIRE_DYING
    assert result.before_low_water


@pytest.mark.parametrize("seed", [6000, 12009])  # a fire that burned for hours; a young one whose feed steps down
def test_a_modulated_fire_without_fuel_is_told_in_time(seed: int) -> None:
    result = look(Case(Regime.MODULATION, seed, Fault.SILO_EMPTY))

    assert result.named is Kind.FIRE_DYING
    assert (result.delay or 99) <= 20
    assert result.false == ()


@pytest.mark.proof
def test_the_whole_table_holds_its_floors() -> None:
    results = run(cases(range(6000, 6030), weeks=20))

    dying = [one for one in results if one.case.fault is Fault.SILO_EMPTY and one.counted]
    fires = [one.delay for one in dying if one.case.regime is not Regime.WOODCHIP and one.delay is not None]
    assert percentile(fires, 0.5) <= 12, "\n".join(fault_lines(results))
    assert percentile(fires, 0.95) <= 20
    assert sum(one.before_low_water for one in dying if one.low_water) >= 0.95 * sum(
        bool(one.low_water) for one in dying
    )
    assert sum(len(one.false) for one in results if one.case.fault is None) <= 1
