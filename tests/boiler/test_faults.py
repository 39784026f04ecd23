"""The faults: each opens early with its evidence, closes with the recovery, and ordinary life opens none."""

from __future__ import annotations

from typing import Any

import pytest

from flask_app.boiler.alerts import Kind, Opening
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import VALUES, Row
from tests.boiler.log import Log, minute, told


def lived() -> Log:
    """A boiler that has lived for three days, at the end of a rest."""
    return Log().cycles(16).rest()


def test_three_ordinary_days_open_nothing() -> None:
    answer = told(lived().rows)

    assert answer.opened() == []
    assert answer.counts()[Phase.JAM_RISK] == 0


# --- fire_dying


def dying() -> Log:
    log = lived().ignite().burn(60)
    return log.add(20, log.water - 3, 40.0, primary_fan=1.0, auger=0.55)


def test_an_empty_silo_is_told_within_twelve_minutes() -> None:
    log = dying()

    (opening,) = told(log.rows).opened()

    assert opening.kind is Kind.FIRE_DYING
    assert opening.ts <= log.rows[-20].ts + 12 * 60
    before, now = opening.evidence["flue_before"], opening.evidence["flue"]
    assert isinstance(before, float)
    assert isinstance(now, float)
    assert before > 100 > now
    assert opening.evidence["since_ts"] == log.rows[-21].ts


def test_a_fire_that_comes_back_closes_fire_dying() -> None:
    log = dying().burn_out().rest(240, 45.0).ignite().burn(60)

    answer = told(log.rows)

    assert [opening.kind for opening in answer.opened()] == [Kind.FIRE_DYING]
    assert len(answer.closed(Kind.FIRE_DYING)) == 1
    assert answer.state.book.opened.get(Kind.FIRE_DYING) is None


def test_the_cold_that_follows_names_its_cause() -> None:
    log = dying().burn_out().rest(240, 45.0)

    (opening,) = told(log.rows).opened(Kind.LOW_WATER)

    assert opening.evidence["cause"] == "fire_dying"
    assert opening.evidence["fire_out_ts"] is not None


def test_a_flue_that_falls_with_its_feed_is_modulation() -> None:
    log = lived().ignite().burn(60)
    log.add(60, log.water, 60.0, primary_fan=1.0, auger=0.15)

    assert told(log.rows).opened() == []


def test_a_normal_burn_out_is_no_dying_fire() -> None:
    log = lived().ignite().burn(60).burn_out(22)

    assert told(log.rows).opened() == []


# --- ignition_failed


def failing(igniter_minutes: int = 30) -> Log:
    return lived().add(igniter_minutes, 60.0, 31.0, igniter=1.0, primary_fan=1.0, auger=0.3)


def test_an_igniter_without_a_rise_of_the_flue_has_failed() -> None:
    log = failing()

    (opening,) = told(log.rows).opened()

    assert opening.kind is Kind.IGNITION_FAILED
    assert opening.ts - log.rows[-30].ts <= 20 * 60
    assert opening.evidence["since_ts"] == log.rows[-30].ts


def test_a_second_attempt_is_told_at_once() -> None:
    log = failing(8).add(5, 60.0, 30.0, primary_fan=1.0).add(4, 60.0, 30.0, igniter=1.0, primary_fan=1.0, auger=0.3)

    (opening,) = told(log.rows).opened()

    assert opening.kind is Kind.IGNITION_FAILED
    assert opening.evidence["attempts"] == 2


def test_a_boiler_that_gave_up_is_told_while_it_rests() -> None:
    log = failing(8).rest(30, 58.0)

    assert [opening.kind for opening in told(log.rows).opened()] == [Kind.IGNITION_FAILED]


def test_a_good_ignition_closes_it() -> None:
    log = failing().rest(60, 58.0).ignite().burn()

    answer = told(log.rows)

    assert len(answer.closed(Kind.IGNITION_FAILED)) == 1


def test_a_minute_of_noise_on_the_igniter_is_no_attempt() -> None:
    log = lived()
    log.rows[-100] = log.rows[-100]._replace(igniter=1, igniter_duty=1.0)

    assert told(log.rows).opened() == []


def test_without_a_flue_three_attempts_in_vain_have_failed() -> None:
    log = lived()
    for _ in range(3):
        log.add(8, 60.0, igniter=1.0, primary_fan=1.0, auger=0.3).add(5, 60.0, primary_fan=1.0)

    rows = [row._replace(flue=None) for row in log.rows]

    assert [opening.kind for opening in told(rows).opened()] == [Kind.IGNITION_FAILED]


def test_a_slow_ignition_that_the_flue_shows_in_time_is_good() -> None:
    log = Log().cycles(3).rest().ignite(19).burn()

    assert told(log.rows).opened() == []


# --- jam


def test_a_fan_that_blows_without_feed_for_long_is_a_jam() -> None:
    log = Log().cycles(3).rest().ignite().burn(60)
    log.add(40, log.water, 50.0, primary_fan=1.0)

    (opening,) = told(log.rows).opened()

    assert opening.kind is Kind.JAM
    assert opening.ts == log.rows[-40].ts + 34 * 60
    assert opening.evidence["last_feed_ts"] == log.rows[-41].ts


def test_a_boiler_known_for_short_burn_outs_tells_a_jam_sooner() -> None:
    log = lived().ignite().burn(60)
    log.add(30, log.water, 50.0, primary_fan=1.0)

    (opening,) = told(log.rows).opened()

    assert opening.kind is Kind.JAM
    assert opening.ts <= log.rows[-30].ts + 25 * 60


def test_an_igniter_that_glows_without_feed_is_a_jam() -> None:
    log = lived().add(30, 60.0, 31.0, igniter=1.0, primary_fan=1.0)

    assert [opening.kind for opening in told(log.rows).opened()] == [Kind.JAM]


def with_watts(rows: list[Row], watts: float) -> list[Row]:
    return [row._replace(auger_power=watts if row.auger_duty else None) for row in rows]


def test_a_stalled_auger_is_told_at_once_and_closes_when_it_turns_again() -> None:
    rows = with_watts(lived().ignite().burn(60).rows, 45.0)
    after = Log(water=70.0, flue=110.0)
    after.rows.append(rows[-1])
    after.add(3, primary_fan=1.0, auger=0.5)
    stalled = with_watts(after.rows[1:], 140.0)
    after.add(60, primary_fan=1.0, auger=0.5)

    answer = told(rows + stalled + with_watts(after.rows[4:], 45.0))

    (opening,) = answer.opened()
    assert opening.kind is Kind.JAM
    assert opening.ts == stalled[1].ts
    assert len(answer.closed(Kind.JAM)) == 1


def test_a_stronger_motor_that_feeds_a_good_fire_is_learned() -> None:
    rows = with_watts(lived().ignite().burn(60).burn_out().rows, 45.0)
    after = Log(water=70.0, flue=50.0)
    after.rows.append(rows[-1])
    after.cycles(3)

    answer = told(rows + with_watts(after.rows[1:], 140.0))

    assert len(answer.opened(Kind.JAM)) == 1
    assert Kind.JAM not in answer.state.book.opened


def test_bouts_of_fire_keeping_without_feed_are_a_jam() -> None:
    log = Log(water=68.0, flue=85.0)
    for _ in range(20):
        log.add(2, 69.0, 92.0, primary_fan=1.0, auger=0.5).add(28, 68.0, 85.0)
    log.add(2, 66.0, 80.0, primary_fan=1.0).add(28, 64.0, 70.0).add(2, 64.0, 60.0, primary_fan=1.0)

    assert [opening.kind for opening in told(log.rows).opened()] == [Kind.JAM]


# --- power_cut


def test_a_fire_whose_motors_all_stop_at_once_is_a_power_cut() -> None:
    log = lived().ignite().burn(60)
    cut_ts = log.ts
    log.add(30, log.water, 90.0)

    (opening,) = told(log.rows).opened()

    assert opening.kind is Kind.POWER_CUT
    assert opening.ts == cut_ts + 2 * 60
    assert opening.evidence["since_ts"] == cut_ts


def test_the_next_run_closes_a_power_cut() -> None:
    log = lived().ignite().burn(60)
    log.add(30, log.water, 90.0).ignite().burn()

    assert len(told(log.rows).closed(Kind.POWER_CUT)) == 1


def test_a_boiler_whose_fans_never_run_on_stops_without_alarm() -> None:
    log = Log()
    for _ in range(12):
        log.rest().ignite().burn()

    assert told(log.rows).opened() == []


def test_a_wait_colder_than_ever_below_the_setpoint_is_a_power_cut() -> None:
    log = lived().rest(120, 52.0)

    answer = told(log.rows)

    (opening,) = answer.opened()
    assert opening.kind is Kind.POWER_CUT
    assert abs(opening.ts - answer.opened(Kind.LOW_WATER)[0].ts) <= 300


def test_a_boiler_that_often_waits_cold_is_left_in_peace() -> None:
    log = Log()
    for _ in range(18):
        log.rest(300, 45.0).ignite().burn().burn_out()

    assert told(log.rows, setpoint=56).opened() == []


# --- blind


@pytest.mark.parametrize(("role", "minutes"), [("water", 5), ("flue", 10), ("auger", 10), ("spare", 10)])
def test_a_fitted_value_that_goes_missing_blinds_the_watch(role: str, minutes: int) -> None:
    rows = [minute(60 * number, spare=20.0) for number in range(60)]
    blank: dict[str, Any] = {role: None} if role in ("water", "flue", "spare") else {role: None, f"{role}_duty": None}
    rows[30:] = [row._replace(**blank) for row in rows[30:]]

    (opening,) = told(rows).opened()

    assert opening.kind is Kind.BLIND
    assert opening.ts == 60 * (29 + minutes)
    assert opening.evidence == {"missing": role, "since_ts": 30 * 60}


def test_three_minutes_without_a_row_blind_it_and_rows_that_return_close_it() -> None:
    log = Log().rest(60).gap(3).rest(1)

    answer = told(log.rows)

    assert [opening.ts for opening in answer.opened()] == [log.rows[62].ts]
    assert [closing.ts for closing in answer.closed(Kind.BLIND)] == [log.rows[63].ts]


def test_two_minutes_without_a_row_do_not() -> None:
    log = Log().rest(60).gap(2).rest(10)

    assert told(log.rows).opened() == []


def test_a_value_never_fitted_is_not_missed() -> None:
    rows = [minute(60 * number, flue=None, igniter=None, spare=None) for number in range(600)]

    assert told(rows).opened() == []


def test_a_probe_taken_away_is_forgotten_after_three_days() -> None:
    rows = [minute(60 * number, spare=20.0 if number < 60 else None) for number in range(4 * 1440)]

    answer = told(rows)

    assert len(answer.opened(Kind.BLIND)) == 1
    assert len(answer.closed(Kind.BLIND)) == 1


def test_missing_water_is_never_ordinary() -> None:
    rows = [minute(60 * number, water=60.0 if number < 60 else None) for number in range(5 * 1440)]

    answer = told(rows)

    assert len(answer.opened(Kind.BLIND)) == 1
    assert answer.closed(Kind.BLIND) == []


def blinded(*spells: tuple[int, dict[str, Any] | None]) -> list[tuple[int, Any]]:
    """What `blind` says is missing, and from which minute on, after an hour of all and then so many minutes each
    without the values named; None: without a reading. "" where it ends."""
    rows = [minute(60 * number) for number in range(60)]
    for count, blank in spells:
        for _ in range(count):
            ts = rows[-1].ts + 60
            rows.append(Row(ts, samples=0) if blank is None else minute(ts, **blank)._replace(samples=15))
    found = []
    for change in told(rows).changes:
        if change.kind is Kind.BLIND:
            missing = change.evidence["missing"] if isinstance(change, Opening) else ""
            found.append((change.ts // 60 - 59, missing))
    return found


def test_what_is_graver_is_told_anew_and_so_is_what_remains() -> None:
    nothing: dict[str, Any] = {}
    spells = blinded((20, {"flue": None}), (20, {"flue": None, "water": None}), (10, None), (20, {"flue": None}))

    assert spells == [(10, "flue"), (25, ""), (25, "water"), (43, ""), (43, "row"), (51, ""), (51, "flue")]
    assert blinded((20, {"flue": None}), (20, {"flue": None, "auger": None}), (1, nothing)) == [(10, "flue"), (41, "")]


def test_a_house_of_which_every_value_is_missing_while_readings_come_misses_its_water() -> None:
    blank: dict[str, Any] = dict.fromkeys(VALUES)

    assert blinded((30, blank)) == [(5, "water")]


def test_after_a_day_of_silence_missing_water_is_told() -> None:
    rows = [minute(60 * number) for number in range(60)]
    rows += [minute(90_000 + 60 * number, water=None) for number in range(30)]

    (opening,) = told(rows).opened(Kind.BLIND)

    assert (opening.ts, opening.evidence["missing"]) == (90_000 + 4 * 60, "water")


def test_rows_absent_from_a_log_are_not_judged() -> None:
    log = Log().rest(60)
    after = minute(log.ts + 3600 * 24)

    assert told([*log.rows, after]).opened() == []


def test_a_chamber_that_overshoots_on_its_first_fuel_is_no_dying_fire() -> None:
    log = Log(water=40.0).cycles(3).rest(water=40.0)
    for _ in range(2):
        log.add(8, 38.0, 34.0, igniter=1.0, primary_fan=1.0, auger=0.3).add(5, 38.0, 220.0, primary_fan=1.0)
        log.add(3, 40.0, 590.0, primary_fan=1.0, auger=0.2).add(4, 43.0, 420.0, primary_fan=1.0, auger=0.16)
        log.add(20, 48.0, 375.0, primary_fan=1.0, auger=0.12).burn_out(20).rest(water=40.0)

    assert told(log.rows).opened(Kind.FIRE_DYING) == []


def test_a_feed_that_has_just_stepped_down_explains_any_fall() -> None:
    log = Log().cycles(2).rest().ignite()
    for _ in range(12):
        log.add(60, 74.0, 430.0, primary_fan=1.0, auger=0.15).add(70, 76.0, 600.0, primary_fan=1.0, auger=0.3)
    log.add(60, 78.0, 790.0, primary_fan=1.0, auger=0.55)
    log.add(5, 80.0, 570.0, primary_fan=1.0, auger=0.12).add(15, 80.0, 440.0, primary_fan=1.0, auger=0.12)

    assert told(log.rows).opened(Kind.FIRE_DYING) == []


def test_a_boiler_that_waits_at_any_water_is_not_cut_off_at_a_new_lowest_one() -> None:
    log = Log()
    for number in range(20):
        log.rest(120, water=46.0 + 7 * (number % 3)).ignite().burn().burn_out()
    log.rest(300, water=41.0)

    assert told(log.rows).opened(Kind.POWER_CUT) == []
