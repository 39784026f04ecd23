"""The phases: BOILER.md's table, each flaw of the predecessor, and the regimes that a rule must survive."""

from __future__ import annotations

from typing import Any

import pytest

from flask_app.boiler.alerts import Kind
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row
from tests.boiler.log import Log, minute, told


def test_an_ordinary_fire_is_lit_burns_burns_out_and_stops() -> None:
    log = Log().rest(180).ignite(8).burn(80).burn_out(12).rest(60)

    phases = told(log.rows).phases

    assert phases == (
        [Phase.STOPPED] * 180
        + [Phase.IGNITION] * 8
        + [Phase.COMBUSTION] * 80
        + [Phase.BURN_OUT] * 12
        + [Phase.STOPPED] * 60
    )


def test_without_an_igniter_a_start_is_ignition_until_the_flue_has_risen() -> None:
    log = Log().rest(180).ignite(8, igniter=None).burn(80).burn_out(12).rest(60)

    phases = told(log.rows).phases

    assert phases[180:186] == [Phase.IGNITION] * 6
    assert phases[188:268] == [Phase.COMBUSTION] * 80
    assert phases[268:280] == [Phase.BURN_OUT] * 12


@pytest.mark.parametrize("hidden", ["flue", "auger", "igniter", "secondary_fan", "spare"])
def test_a_fire_is_known_whatever_is_not_fitted(hidden: str) -> None:
    log = Log().rest(180).ignite(8).burn(80).burn_out(12).rest(60)
    empty: dict[str, Any] = (
        {hidden: None, f"{hidden}_duty": None} if hidden not in ("flue", "spare") else {hidden: None}
    )

    answer = told([row._replace(**empty) for row in log.rows])

    assert answer.phases[:180] == [Phase.STOPPED] * 180
    assert answer.phases[200:260] == [Phase.COMBUSTION] * 60
    assert answer.phases[-60:] == [Phase.STOPPED] * 60
    assert answer.opened() == []


def test_motors_known_as_true_or_false_are_enough() -> None:
    log = Log().rest(180).ignite(8).burn(80).burn_out(12).rest(60)
    blank: dict[str, Any] = dict.fromkeys(("secondary_fan_duty", "igniter_duty", "primary_fan_duty", "auger_duty"))

    answer = told([row._replace(**blank) for row in log.rows])

    assert answer.phases == told(log.rows).phases


def test_the_flue_may_be_of_any_scale() -> None:
    log = Log().rest(180).ignite(8, igniter=None).burn(80).burn_out(12).rest(60)
    chamber = [row._replace(flue=70 + (row.flue - 30) * 7) for row in log.rows if row.flue is not None]
    skin = [row._replace(flue=25 + (row.flue - 30) * 0.6) for row in log.rows if row.flue is not None]

    for rows in (chamber, skin):
        phases = told(rows).phases
        assert phases[180] == Phase.IGNITION
        assert phases[195:268] == [Phase.COMBUSTION] * 73
        assert phases[268:280] == [Phase.BURN_OUT] * 12


@pytest.mark.parametrize("water", [35.0, 75.0])
def test_a_boiler_with_still_motors_is_stopped_cold_or_warm(water: float) -> None:
    log = Log(water=water).add(18 * 60, water)

    answer = told(log.rows)

    assert set(answer.phases) == {Phase.STOPPED}
    assert answer.changes == []


def test_an_unknown_water_is_undefined_and_the_fire_is_followed_all_the_same() -> None:
    log = Log().rest(180).ignite(8).burn(80)
    rows = log.rows
    rows[185:195] = [row._replace(water=None) for row in rows[185:195]]

    phases = told(rows).phases

    assert phases[185:195] == [Phase.UNDEFINED] * 10
    assert phases[195] == Phase.COMBUSTION


def test_unknown_motors_are_undefined() -> None:
    row = minute(secondary_fan=None, igniter=None, primary_fan=None, auger=None)

    assert told([row]).phases == [Phase.UNDEFINED]


# --- the predecessor's flaws


def test_a_fan_that_blows_on_an_empty_silo_alerts() -> None:
    log = Log().cycles(2).rest().ignite().burn(60)
    log.add(15, log.water - 2, 45.0, primary_fan=1.0, auger=0.5)

    answer = told(log.rows)

    assert [opening.kind for opening in answer.opened()] == [Kind.FIRE_DYING]
    assert answer.phases[-1] == Phase.JAM_RISK


def test_a_dead_sensor_is_not_silence() -> None:
    log = Log().rest(30)
    rows = log.rows + [minute(log.ts + 60 * number, water=None) for number in range(6)]

    answer = told(rows)

    assert [opening.kind for opening in answer.opened()] == [Kind.BLIND]


def test_a_missing_value_is_no_measurement() -> None:
    rows = [minute(60 * number, water=70 if number % 2 else None) for number in range(60)]

    answer = told(rows, setpoint=56)

    assert answer.opened(Kind.LOW_WATER) == []


def test_one_noisy_sample_does_not_make_a_minute_run() -> None:
    log = Log().rest(200)
    log.rows[150] = log.rows[150]._replace(igniter=1, igniter_duty=0.07, primary_fan=1, primary_fan_duty=0.07)

    answer = told(log.rows)

    assert set(answer.phases) == {Phase.STOPPED}


def test_the_hour_that_october_repeats_is_judged_twice() -> None:
    october = 1_698_537_600  # 2023-10-29 00:00 UTC: local clocks go back at 01:00 UTC
    rows = [minute(october + 60 * number, water=55.0 if 60 <= number < 70 else 60.0) for number in range(240)]

    answer = told(rows)

    assert len(answer.phases) == 240
    assert [opening.ts for opening in answer.opened(Kind.LOW_WATER)] == [october + 3600]


def test_a_slow_normal_cold_start_is_no_jam() -> None:
    log = Log(water=35.0).rest(180, water=32.0).ignite(12).burn(150, water=60.0).burn_out()

    answer = told(log.rows)

    assert answer.counts()[Phase.JAM_RISK] == 0
    assert answer.opened() == []


# --- regimes


def test_short_bouts_of_a_wood_chip_boiler_are_fire_keeping_for_a_week() -> None:
    log = Log(water=68.0, flue=85.0)
    for _ in range(7 * 48):
        log.add(2, 69.0, 92.0, primary_fan=1.0, auger=0.5).add(28, 68.0, 85.0)

    answer = told(log.rows)

    assert answer.counts()[Phase.FIRE_KEEPING] / len(answer.phases) > 0.99
    assert answer.counts()[Phase.IGNITION] == 0
    assert answer.changes == []


def test_a_bout_that_lasts_becomes_a_fire() -> None:
    log = Log(water=68.0, flue=85.0)
    for _ in range(10):
        log.add(2, 69.0, 92.0, primary_fan=1.0, auger=0.5).add(28, 68.0, 85.0)
    log.add(60, 72.0, 150.0, primary_fan=1.0, auger=0.5)

    phases = told(log.rows).phases

    assert phases[300:310] == [Phase.FIRE_KEEPING] * 10
    assert phases[-20:] == [Phase.COMBUSTION] * 20


def test_fire_keeping_ends_with_a_rest_too_long() -> None:
    log = Log(water=68.0, flue=85.0)
    for _ in range(10):
        log.add(2, 69.0, 92.0, primary_fan=1.0, auger=0.5).add(28, 68.0, 85.0)
    log.add(120, 60.0, 40.0)

    phases = told(log.rows).phases

    assert phases[300 + 30] == Phase.FIRE_KEEPING
    assert phases[-1] == Phase.STOPPED


def test_a_cleaning_of_the_grate_is_no_fault_and_the_fire_goes_on() -> None:
    log = Log().cycles(3).rest().ignite().burn(60)
    log.add(13, log.water, 75.0, primary_fan=1.0)
    log.add(3, log.water, 73.0, primary_fan=1.0, auger=0.5).add(30, 76.0, 112.0, primary_fan=1.0, auger=0.5)

    answer = told(log.rows)

    assert answer.phases[-33:] == [Phase.COMBUSTION] * 33
    assert answer.opened() == []


def test_a_pulsed_auger_is_one_fire() -> None:
    log = Log().rest(180).ignite(8).burn(20)
    for number in range(60):
        log.add(1, log.water, log.flue - 0.5 + number % 2, primary_fan=1.0, auger=0.2 if number % 3 == 0 else 0.0)

    phases = told(log.rows).phases

    assert phases[-50:] == [Phase.COMBUSTION] * 50


def test_strong_modulation_is_combustion_without_a_fault() -> None:
    log = Log().cycles(2).rest().ignite().burn(60)
    for _ in range(4):
        log.add(40, log.water, 70.0, primary_fan=1.0, auger=0.15)
        log.add(40, log.water, 110.0, primary_fan=1.0, auger=0.5)

    answer = told(log.rows)

    assert set(answer.phases[-300:]) == {Phase.COMBUSTION}
    assert answer.opened() == []


def test_a_pre_purge_belongs_to_the_ignition() -> None:
    log = Log().rest(180).add(4, 62.0, 29.0, primary_fan=1.0).ignite(8)

    phases = told(log.rows).phases

    assert phases[180:] == [Phase.IGNITION] * 12


def test_a_restart_from_embers_is_an_ignition_without_an_igniter_and_never_failed() -> None:
    log = Log().cycles(2).add(60, 70.0, 55.0)
    log.add(40, 69.0, 57.0, primary_fan=1.0, auger=0.4)

    answer = told(log.rows)

    assert Phase.IGNITION in answer.phases[-40:]
    assert answer.opened(Kind.IGNITION_FAILED) == []


def test_a_clamp_that_flickers_does_not_light_the_fire_anew() -> None:
    log = Log().rest(180).ignite(8).burn(80)
    still: dict[str, Any] = dict.fromkeys(("primary_fan", "primary_fan_duty", "auger", "auger_duty"), 0.0)
    for number in range(200, 260, 7):
        log.rows[number] = log.rows[number]._replace(**still)

    answer = told(log.rows)

    assert answer.counts()[Phase.IGNITION] == 8
    assert answer.opened() == []


def test_a_fire_below_the_setpoint_that_warms_nothing_is_watched() -> None:
    log = Log(water=50.0).rest(180, water=48.0).ignite(8).burn(90, water=48.5)

    answer = told(log.rows)

    assert answer.phases[-1] == Phase.WATCH
    assert answer.counts()[Phase.COMBUSTION] > 0


def test_a_log_that_begins_within_a_fire_says_combustion() -> None:
    log = Log(flue=110.0).add(30, 72.0, 111.0, primary_fan=1.0, auger=0.5)

    assert set(told(log.rows).phases) == {Phase.COMBUSTION}


def test_an_auger_alone_shows_a_fire_where_no_fan_is_measured() -> None:
    log = Log().rest(180).ignite(8).burn(80).burn_out(12).rest(60)
    blank: dict[str, Any] = dict.fromkeys(("secondary_fan", "primary_fan", "secondary_fan_duty", "primary_fan_duty"))

    phases = told([row._replace(**blank) for row in log.rows]).phases

    assert phases[200:268] == [Phase.COMBUSTION] * 68
    assert phases[-60:] == [Phase.STOPPED] * 60


def test_a_row_without_any_value_is_undefined() -> None:
    assert told([Row(0, samples=0)]).phases == [Phase.UNDEFINED]


# --- rules that a second boiler taught


def test_a_flue_that_comes_to_stand_above_the_water_is_a_fire_however_little_it_has_risen() -> None:
    log = Log(water=24.0, flue=26.0).add(120, 24.0, 26.0)
    log.add(5, 24.0, 34.0, primary_fan=1.0, auger=0.5).add(5, 25.0, 46.0, primary_fan=1.0, auger=0.6)

    phases = told(log.rows).phases

    assert phases[-10:-1] == [Phase.IGNITION] * 9
    assert phases[-1] == Phase.COMBUSTION  # 46 °C of flue, 25 °C of water


def test_a_flue_that_starts_hot_must_rise_like_any_other() -> None:
    log = Log(water=60.0, flue=95.0).add(120, 60.0, 95.0)
    log.add(6, 60.0, 110.0, primary_fan=1.0, auger=0.5)

    assert told(log.rows).phases[-6:] == [Phase.IGNITION] * 6


def test_the_end_of_a_steady_feed_is_burn_out_though_the_flue_still_climbs() -> None:
    log = Log().rest().ignite().burn(60).add(3, 76.0, 125.0, primary_fan=1.0).burn_out(10)

    assert told(log.rows).phases[-13:] == [Phase.BURN_OUT] * 13


def test_a_shake_of_the_auger_at_the_end_of_a_burn_out_is_no_fire_and_no_power_cut() -> None:
    log = Log().cycles(5)
    for _ in range(3):
        log.rest().ignite().burn().burn_out(12).add(1, log.water, 60.0, primary_fan=1.0, auger=1.0)

    answer = told(log.rest(30).rows)

    assert answer.phases[-43:] == [Phase.BURN_OUT] * 13 + [Phase.STOPPED] * 30
    assert answer.opened() == []


def test_a_late_feed_that_proved_a_fire_is_believed_at_once_the_next_time() -> None:
    log = Log().cycles(3).rest().ignite().burn(60)
    for _ in range(2):
        log.add(13, log.water, 75.0, primary_fan=1.0)
        log.add(3, log.water, 69.0, primary_fan=1.0, auger=0.5).add(30, 76.0, 112.0, primary_fan=1.0, auger=0.5)

    phases = told(log.rows).phases

    assert (
        phases[-92:]
        == [Phase.BURN_OUT] * 14 + [Phase.COMBUSTION] * 32 + [Phase.BURN_OUT] * 13 + [Phase.COMBUSTION] * 33
    )


def test_a_feed_that_steps_down_is_no_end_twice() -> None:
    log = Log().cycles(2).rest().ignite().burn(60)
    for _ in range(3):
        log.add(20, log.water, 90.0, primary_fan=1.0, auger=0.15).add(20, 76.0, 110.0, primary_fan=1.0, auger=0.5)

    phases = told(log.rows).phases

    assert phases[-120:].count(Phase.BURN_OUT) == 1
    assert phases[-119:] == [Phase.COMBUSTION] * 119


def test_a_pause_seen_once_is_no_habit() -> None:
    log = Log().rest().ignite().burn(40).add(3, 76.0, 112.0, primary_fan=1.0)
    log.add(30, 76.0, 112.0, primary_fan=1.0, auger=0.5).add(2, 76.0, 111.0, primary_fan=1.0)

    assert told(log.rows).phases[-2:] == [Phase.BURN_OUT] * 2


def test_a_fire_relit_from_a_hot_bed_that_is_fed_again_was_never_out() -> None:
    log = Log(water=62.0, flue=290.0).add(100, 62.0, 290.0)
    log.add(60, 78.0, 620.0, primary_fan=1.0, auger=0.4).add(6, 68.0, 300.0, primary_fan=1.0)
    log.add(5, 66.0, 330.0, primary_fan=1.0, auger=0.4)

    assert told(log.rows).phases[-11:] == [Phase.BURN_OUT] * 6 + [Phase.COMBUSTION] * 5


def test_a_start_soon_after_a_silence_is_an_ignition_where_the_flue_had_gone_cold() -> None:
    log = Log(water=57.0, flue=48.0).add(5, 57.0, 48.0).add(6, 57.5, 58.0, primary_fan=1.0, auger=0.6)

    assert told(log.rows).phases[-6:] == [Phase.IGNITION] * 6


def test_the_grate_is_cleaned_as_on_a_real_boiler_without_a_word() -> None:
    log = Log().cycles(2).rest().ignite().burn(30).add(20, 76.0, 156.0, primary_fan=1.0, auger=0.6)
    log.add(13, 75.0, 112.0, primary_fan=1.0)
    log.add(4, 75.0, 108.0, primary_fan=1.0, auger=0.6).add(60, 76.0, 156.0, primary_fan=1.0, auger=0.6)

    answer = told(log.rows)

    assert answer.phases[-63:] == [Phase.COMBUSTION] * 63
    assert answer.counts()[Phase.JAM_RISK] == 0
    assert answer.opened() == []


def test_a_fire_lit_by_hand_is_an_ignition_that_never_failed() -> None:
    log = Log().cycles(7).rest(600, water=45.0)
    log.add(30, 45.0, 31.0, primary_fan=1.0).add(10, 46.0, 40.0, primary_fan=1.0, auger=0.3).burn(60, water=60.0)

    answer = told(log.rows)

    assert answer.phases[-100:-70] == [Phase.IGNITION] * 30
    assert answer.phases[-50:] == [Phase.COMBUSTION] * 50
    assert answer.opened() == []


def test_a_night_set_back_below_the_setpoint_is_low_water_and_nothing_else() -> None:
    log = Log().cycles(2)
    for _ in range(20):
        log.add(500, 44.0, 28.0).ignite().burn(120, water=74.0).burn_out().add(400, 62.0, 30.0)

    answer = told(log.rows)

    assert answer.opened() == []
    assert len(answer.opened(Kind.LOW_WATER)) == 20
    assert answer.counts()[Phase.JAM_RISK] == 0
