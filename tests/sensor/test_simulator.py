"""The simulated boiler: the same whoever reads it, as real boilers are, and ill in the ways that were asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

import pytest

from config.settings import Settings
from flask_app.boiler.rows import MOTORS, Row
from sensor.outlook import foresee
from sensor.regimes import Regime
from sensor.script_file import Fault, GivenFault, Script, ScriptError, SpeedChange, load, save
from sensor.simulator import Course, judged_readings, open_reader, readings
from sensor.truth import Mode, Truth
from sensor.weeks import WEEK

FRIDAY = 2950 * WEEK + 86400  # 2026-07-17: the date is nothing to the house, which has its own season
THURSDAY = 2951 * WEEK  # a week begins
HOUR = 3600

# Ranges over both real logs (okofen_60s: an ÖkoFEN, 14 hours of 2023-01-26; froeling_p2_10s: a Fröling P2, eight days
# of October and November 2022), measured on whole segments of the controller's own status as `figures` does here, with
# cleaning counted as combustion and a hot bed as off.
IGNITION_MINUTES = (4.0, 15.0)
BURN_MINUTES = (76.8, 183.0)
RUN_ON_MINUTES = (9.9, 16.0)
FLUE_RISE = (77.0, 541.0)  # °C, the most within 20 minutes of the ignition's start, above its lowest
FLUE_COOL_DOWN = (0.64, 0.96)  # share of its height over the next off phase's lowest, lost 30 min after the last feed
WATER_COOL_DOWN = (2.1, 4.8)  # K/h while off, from half an hour on, when that is at least an hour
WATER_DURING_IGNITION = (-1.6, 0.6)  # K/min
OFF_MINUTES = (37.0, 1096.0)


class Segment(NamedTuple):
    mode: Mode
    truths: list[tuple[int, float, float]]  # ts, water, flue

    def minutes(self, following: Segment) -> float:
        return (following.truths[0][0] - self.truths[0][0]) / 60


def segments(course: Course, start: int, end: int) -> list[Segment]:
    found: list[Segment] = []
    for ts in range(start, end, 12):
        machine = course.to(ts)
        mode = Mode.COMBUSTION if machine.mode is Mode.CLEANING else machine.mode
        if not found or found[-1].mode is not mode:
            found.append(Segment(mode, []))
        found[-1].truths.append((ts, machine.water, machine.flue))
    return found


@pytest.fixture(scope="module", params=[1, 2, 7])
def winter_week(request: pytest.FixtureRequest) -> list[Segment]:
    script = Script(seed=request.param)
    start = THURSDAY + request.param * 5 * WEEK
    return segments(Course(script, start), start, start + WEEK)


def figures(week: list[Segment]) -> Iterator[tuple[tuple[float, float], float]]:
    """Each figure of the week's whole segments, with the range that it must lie in."""
    minutes = {
        Mode.IGNITION: IGNITION_MINUTES,
        Mode.COMBUSTION: BURN_MINUTES,
        Mode.BURN_OUT: RUN_ON_MINUTES,
        Mode.OFF: OFF_MINUTES,
    }
    for segment, following in islice(pairwise(week), 1, None):
        yield minutes[segment.mode], segment.minutes(following)
        start = segment.truths[0][0]
        if segment.mode is Mode.IGNITION:
            flues = [flue for ts, _, flue in segment.truths + following.truths if ts <= start + 1200]
            yield FLUE_RISE, max(flues) - min(flue for _, _, flue in segment.truths)
            yield WATER_DURING_IGNITION, (segment.truths[-1][1] - segment.truths[0][1]) / segment.minutes(following)
        late = [truth for truth in segment.truths if truth[0] >= start + 1800]
        if segment.mode is Mode.OFF and late and late[-1][0] - late[0][0] >= HOUR:
            yield WATER_COOL_DOWN, (late[0][1] - late[-1][1]) / (late[-1][0] - late[0][0]) * HOUR
        if segment.mode is Mode.BURN_OUT and following.minutes(following) == 0:
            flues = [flue for ts, _, flue in following.truths if ts >= start + 1800]
            height = segment.truths[0][2] - min(flue for _, _, flue in following.truths)
            if flues:
                yield FLUE_COOL_DOWN, (segment.truths[0][2] - flues[0]) / height


def given(*faults: tuple[Fault, int], regime: Regime = Regime.WINTER, seed: int = 1) -> Script:
    return Script(seed, regime, tuple(GivenFault(name, ts) for name, ts in faults))


def judged(script: Script, start: int, hours: float) -> list[tuple[Row, Truth]]:
    return list(judged_readings(script, start, start + int(hours * HOUR), 4.0))


# --- the same rows, whoever reads


def test_the_same_script_gives_the_same_rows() -> None:
    first, second = (list(readings(Script(seed=3), FRIDAY, FRIDAY + HOUR, 4.0)) for _ in range(2))

    assert first == second
    assert len(first) == 900


def test_another_seed_gives_another_boiler() -> None:
    first, second = (list(readings(Script(seed=seed), FRIDAY, FRIDAY + 60, 4.0)) for seed in (1, 2))

    assert [row.water for row in first] != [row.water for row in second]


def test_the_course_does_not_depend_on_how_often_it_is_read() -> None:
    often = {row.ts: row for row in readings(Script(), FRIDAY, FRIDAY + HOUR, 3.0)}
    rarely = {row.ts: row for row in readings(Script(), FRIDAY, FRIDAY + HOUR, 5.0)}

    common = often.keys() & rarely.keys()

    assert len(common) == 240
    assert all(often[ts] == rarely[ts] for ts in common)


def test_rows_start_anywhere_with_the_same_values() -> None:
    whole = list(readings(Script(), THURSDAY - 600, THURSDAY + 600, 4.0))

    parts = [*readings(Script(), THURSDAY - 600, THURSDAY, 4.0), *readings(Script(), THURSDAY, THURSDAY + 600, 4.0)]

    assert parts == whole


def test_the_live_reader_gives_the_rows_made_in_advance(settings: Settings) -> None:
    script = given((Fault.SENSOR_LOST, THURSDAY + 40), (Fault.POWER_CUT, THURSDAY - 20 * HOUR))
    save(settings.simulator_script, script)

    read = open_reader(settings)
    live = [read(ts + 0.25) for ts in range(THURSDAY - 200, THURSDAY + 200, 4)]

    assert live == list(readings(script, THURSDAY - 200, THURSDAY + 200, 4.0))


def test_a_fault_given_to_the_running_reader_is_followed_and_changes_nothing_before(settings: Settings) -> None:
    read = open_reader(settings)
    script = given((Fault.SENSOR_85, FRIDAY + 80))

    before = [read(ts) for ts in range(FRIDAY, FRIDAY + 80, 4)]
    save(settings.simulator_script, script)
    after = [read(ts) for ts in range(FRIDAY + 80, FRIDAY + 160, 4)]

    assert before + after == list(readings(script, FRIDAY, FRIDAY + 160, 4.0))
    assert before[-1].water is not None
    assert after[0].water is None


def test_a_clock_set_back_is_followed(settings: Settings) -> None:
    read = open_reader(settings)

    first = read(FRIDAY)
    read(FRIDAY + 8000)

    assert read(FRIDAY) == first


# --- where two weeks meet


@pytest.mark.parametrize("regime", Regime)
def test_no_jump_is_seen_where_two_weeks_meet(regime: Regime) -> None:
    around = judged(Script(seed=5, regime=regime), THURSDAY - 60, 1 / 30)

    for (before, truth), (after, next_truth) in pairwise(around):
        assert truth.mode is next_truth.mode
        assert abs(next_truth.water - truth.water) < 0.15
        assert before.flue is not None
        assert after.flue is not None
        assert abs(after.flue - before.flue) < 1.0


@pytest.mark.parametrize("hours_before", [1, 47])
@pytest.mark.parametrize("fault", [Fault.SILO_EMPTY, Fault.IGNITION_FAILURE, Fault.POWER_CUT])
def test_no_jump_is_seen_with_a_fault_across_two_weeks(fault: Fault, hours_before: float) -> None:
    script = given((fault, int(THURSDAY - hours_before * HOUR)))

    around = judged(script, THURSDAY - 60, 1 / 30)

    for (_, truth), (_, next_truth) in pairwise(around):
        assert abs(next_truth.water - truth.water) < 0.15
        assert next_truth.fault is truth.fault


# --- as real boilers are


def test_its_figures_lie_in_the_ranges_of_real_boilers(winter_week: list[Segment]) -> None:
    found = list(figures(winter_week))

    outside = [(limits, value) for limits, value in found if not limits[0] <= value <= limits[1]]

    assert outside == []
    assert {limits for limits, _ in found} >= {FLUE_RISE, FLUE_COOL_DOWN, WATER_COOL_DOWN, BURN_MINUTES}


def test_a_winter_week_is_healthy(winter_week: list[Segment]) -> None:
    truths = [truth for segment in winter_week for truth in segment.truths]
    ignitions = [segment.truths[0][0] for segment in winter_week if segment.mode is Mode.IGNITION]

    assert min(water for _, water, _ in truths) > 58
    assert max(water for _, water, _ in truths) < 80
    assert max(flue for _, _, flue in truths) < 125  # what a DS18B20 can say
    for day in range(truths[0][0], truths[-1][0], 86400):
        assert 2 <= sum(day <= ts < day + 86400 for ts in ignitions) <= 5


def test_probes_count_in_sixteenths_and_motors_at_rest_are_exactly_zero() -> None:
    rows = list(readings(Script(), FRIDAY, FRIDAY + 8 * HOUR, 4.0))

    resting = [row for row in rows if row.primary_fan == 0]
    burning = [row for row in rows if row.primary_fan]

    assert all(row.water is not None and row.water * 16 == int(row.water * 16) for row in rows)
    assert resting
    assert all(getattr(row, motor) == 0 for row in resting for motor in MOTORS)
    assert all(20 <= (row.primary_fan or 0) <= 65 for row in burning)
    assert {840 < row.igniter < 890 for row in burning if row.igniter} == {True}
    assert {35 < row.auger < 55 for row in burning if row.auger} == {True}


def test_every_minute_of_a_steady_fire_has_some_feed() -> None:
    rows = judged(Script(), FRIDAY, 12)
    minutes: dict[int, list[float]] = {}
    for row, truth in rows:
        if truth.mode is Mode.COMBUSTION:
            minutes.setdefault(row.ts // 60, []).append(row.auger or 0)

    shares = [sum(watts > 0 for watts in minute) / 15 for minute in minutes.values() if len(minute) == 15]

    assert min(shares) > 0
    assert max(shares) < 0.8


def test_a_wood_chip_boiler_keeps_its_fire_by_bouts() -> None:
    rows = judged(Script(regime=Regime.WOODCHIP), FRIDAY, 24)

    bouts = sum(not before.primary_fan and bool(after.primary_fan) for (before, _), (after, _) in pairwise(rows))

    assert 47 <= bouts <= 48
    assert all(truth.burning and row.igniter == 0 for row, truth in rows)
    assert min(truth.water for _, truth in rows) > 58


def test_in_summer_the_boiler_rests_most_of_the_day() -> None:
    rows = judged(Script(regime=Regime.SUMMER), FRIDAY, 48)

    assert sum(truth.burning for _, truth in rows) / len(rows) < 0.15
    assert min(truth.water for _, truth in rows) > 58


def test_a_buffer_lets_the_boiler_cool_far_below_the_setpoint() -> None:
    rows = judged(Script(regime=Regime.BUFFER), FRIDAY, 72)

    assert min(truth.water for _, truth in rows) < 50
    assert max(truth.water for _, truth in rows) > 75


def test_strong_modulation_has_long_fires_and_grate_cleanings() -> None:
    rows = judged(Script(regime=Regime.MODULATION), FRIDAY, 30)
    cleanings = [row for row, truth in rows if truth.mode is Mode.CLEANING]
    powers = [truth.power for _, truth in rows if truth.mode is Mode.COMBUSTION]

    assert cleanings
    assert all(row.auger == 0 and (row.primary_fan or 0) > 50 for row in cleanings)
    assert max(powers) > 2 * min(power for power in powers if power > 1)


# --- faults of the boiler


def course_of(fault: Fault, seed: int, regime: Regime = Regime.WINTER, hours: float = 20) -> list[tuple[Row, Truth]]:
    return judged(given((fault, FRIDAY + 7 * HOUR), seed=seed, regime=regime), FRIDAY + 6 * HOUR, hours + 1)


def in_force(rows: list[tuple[Row, Truth]]) -> list[tuple[Row, Truth]]:
    return [each for each in rows if each[1].fault is not None]


def share_on(rows: list[tuple[Row, Truth]], motor: str) -> float:
    return [getattr(row, motor) > 0 for row, _ in rows].count(True) / len(rows)


@pytest.mark.parametrize("seed", [1, 4])
def test_an_empty_silo_lets_the_fire_die_under_a_turning_auger_then_someone_fills_it(seed: int) -> None:
    rows = course_of(Fault.SILO_EMPTY, seed)
    ill = in_force(rows)
    began = ill[0][1].ts
    out = next(truth.ts for _, truth in ill if not truth.burning)
    cold = next(truth.ts for _, truth in ill if truth.water < 56)
    healthy = [each for each in rows if each[1].ts < began and each[1].mode is Mode.COMBUSTION][-90:]
    dying = [each for each in ill if each[1].ts < out]

    assert ill[0][1].water > 61
    assert 10 <= (out - began) / 60 <= 20
    assert 0.5 <= (cold - began) / HOUR <= 2.3
    assert share_on(dying, "auger") >= share_on(healthy, "auger")
    assert (dying[-1][0].primary_fan or 0) > max(row.primary_fan or 0 for row, _ in healthy)
    assert {truth.last_feed_ts for _, truth in ill[2:]} == {ill[2][1].last_feed_ts}
    assert any(row.igniter for row, _ in ill)
    assert ill[-1][1].mode is Mode.LOCKED_OUT
    assert 4 * HOUR <= ill[-1][1].ts - began <= 6 * HOUR
    assert rows[-1][1].water > 58


@pytest.mark.parametrize("seed", [1, 4])
def test_a_failed_ignition_glows_several_times_and_nothing_rises(seed: int) -> None:
    rows = course_of(Fault.IGNITION_FAILURE, seed)
    ill = in_force(rows)
    attempts = sum(not before.igniter and bool(after.igniter) for (before, _), (after, _) in pairwise(ill))
    flues = [row.flue for row, _ in ill if row.flue is not None]

    assert attempts == 3
    assert max(flues) - flues[0] < 3
    assert not any(truth.burning for _, truth in ill)
    assert any(truth.water < 56 for _, truth in ill)
    assert rows[-1][1].water > 58


def test_a_jam_stalls_the_auger_or_silences_it_while_the_fan_runs() -> None:
    kinds = set()
    for seed in range(1, 6):
        ill = in_force(course_of(Fault.JAM, seed, hours=12))
        first = [each for each in ill if each[1].ts < ill[0][1].ts + 2000]
        watts = [row.auger or 0 for row, _ in first]
        kinds.add(max(watts) > 100)

        assert share_on(first, "primary_fan") == 1
        assert not any(0 < watt < 100 for watt in watts)
        assert not any(watts[40:])

    assert kinds == {True, False}


def test_a_freed_auger_draws_its_usual_watts_again() -> None:
    rows = [course_of(Fault.JAM, seed=seed) for seed in (6, 7, 8, 9)]
    stalled = next(course for course in rows if any((row.auger or 0) > 100 for row, _ in course))

    after = stalled[1 + max(number for number, (_, truth) in enumerate(stalled) if truth.fault) :]

    assert 0 < max(row.auger or 0 for row, _ in after) < 100


def test_a_power_cut_stops_all_motors_at_once_under_a_hot_flue() -> None:
    rows = course_of(Fault.POWER_CUT, 1)
    ill = in_force(rows)

    assert all(getattr(row, motor) == 0 for row, _ in ill for motor in MOTORS)
    assert (ill[0][0].flue or 0) > 70
    assert HOUR - 60 <= ill[-1][1].ts - ill[0][1].ts <= 2 * HOUR
    assert min(truth.water for _, truth in rows) > 56


def test_a_fire_kept_by_bouts_dies_of_an_empty_silo_and_is_lit_again_by_hand() -> None:
    rows = course_of(Fault.SILO_EMPTY, 1, Regime.WOODCHIP, hours=10)

    assert any(not truth.burning for _, truth in rows)
    assert all(row.igniter == 0 for row, _ in rows)
    assert rows[-1][1].burning


def test_two_faults_come_one_after_the_other() -> None:
    both = given((Fault.JAM, FRIDAY), (Fault.POWER_CUT, FRIDAY + 60))

    names = [truth.fault for _, truth in judged(both, FRIDAY, 24)]

    assert set(names) == {None, Fault.JAM, Fault.POWER_CUT}
    assert names.index(Fault.JAM) < names.index(Fault.POWER_CUT)


# --- faults of the watch


def test_a_lost_probe_costs_the_water_for_an_hour_and_says_why() -> None:
    rows = list(readings(given((Fault.SENSOR_LOST, FRIDAY + 60)), FRIDAY, FRIDAY + 2 * HOUR, 4.0))

    lost = [row for row in rows if row.water is None]

    assert len(lost) == 900
    assert {row.quality for row in lost} == {'{"water": {"absent": 1}}'}
    assert all(row.flue is not None for row in lost)
    assert {row.quality for row in rows if row.water is not None} == {None}


def test_a_power_on_value_is_refused_with_its_own_reason() -> None:
    rows = list(readings(given((Fault.SENSOR_85, FRIDAY)), FRIDAY, FRIDAY + HOUR, 4.0))

    assert {row.quality for row in rows if row.water is None} == {'{"water": {"power_on": 1}}'}


def test_a_dead_loop_leaves_twenty_minutes_without_rows() -> None:
    rows = list(readings(given((Fault.LOOP_DEAD, FRIDAY + 60)), FRIDAY, FRIDAY + HOUR, 4.0))

    gaps = [after.ts - before.ts for before, after in pairwise(rows)]

    assert max(gaps) == 1204
    assert sorted(gaps)[-2] == 4


def test_a_dead_loop_hangs_the_reader_until_it_is_started_again(settings: Settings) -> None:
    hung: list[str] = []
    read = open_reader(settings, lambda: hung.append("hung"))
    read(FRIDAY)
    save(settings.simulator_script, given((Fault.LOOP_DEAD, FRIDAY + 4)))

    read(FRIDAY + 4)
    again = open_reader(settings, lambda: hung.append("hung again"))(FRIDAY + 60)

    assert hung == ["hung"]
    assert again == next(readings(Script(), FRIDAY + 60, FRIDAY + 64, 4.0))


# --- the demonstration's story


@pytest.mark.parametrize("now", [THURSDAY + hours * HOUR for hours in (2, 33, 60, 95)])
def test_the_story_of_the_demonstration_is_told_whenever_it_is_started(now: int) -> None:
    script = given((Fault.IGNITION_FAILURE, now - 144 * HOUR), (Fault.SILO_EMPTY, now - 30 * HOUR))
    start = now - 150 * HOUR
    course = Course(script, start)
    spells: list[tuple[float, float]] = []
    since = None

    for ts in range(start, now, 60):
        water = course.to(ts).water
        if water < 56 and since is None:
            since = ts
        if water >= 58 and since is not None:
            spells.append(((since - now) / HOUR, (ts - now) / HOUR))
            since = None

    assert since is None
    assert len(spells) == 2
    assert -144 < spells[0][0] < -136
    assert spells[0][1] < -132
    assert -30 < spells[1][0] < -25
    assert spells[1][1] < -19


# --- time and script


def test_boiler_time_runs_on_without_a_jump_when_its_speed_changes() -> None:
    script = Script(speeds=(SpeedChange(1000, 10), SpeedChange(1100, 1)))

    times = [script.boiler_time(wall) for wall in (999, 1000, 1010, 1100, 1101)]

    assert times == [999, 1000, 1100, 2000, 2001]
    assert [script.speed(wall) for wall in (999, 1000, 1100)] == [1, 10, 1]


def test_a_hurried_boiler_keeps_the_wall_time_of_its_rows(settings: Settings) -> None:
    script = Script(speeds=(SpeedChange(FRIDAY, 60),))
    save(settings.simulator_script, script)

    read = open_reader(settings)
    live = [read(ts) for ts in range(FRIDAY, FRIDAY + 120, 4)]
    late = next(readings(Script(), FRIDAY + 60 * 60, FRIDAY + 60 * 60 + 4, 4.0))

    assert live == list(readings(script, FRIDAY, FRIDAY + 120, 4.0))
    assert live[15] == late._replace(ts=FRIDAY + 60)


def test_a_script_is_read_as_it_was_written(settings: Settings) -> None:
    script = Script(7, Regime.BUFFER, (GivenFault(Fault.JAM, 5),), (SpeedChange(3, 2.5),))

    save(settings.simulator_script, script)

    assert load(settings.simulator_script) == script
    assert os.listdir(settings.home).count("simulator.json") == 1


def test_no_script_is_the_default_one(settings: Settings) -> None:
    assert load(settings.simulator_script) == Script(seed=1)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", json.dumps({"seed": 1, "regime": "tropics", "faults": [], "speeds": []})],
)
def test_a_script_that_makes_no_sense_is_refused_by_its_path(settings: Settings, text: str) -> None:
    with open(settings.simulator_script, "w") as file:
        file.write(text)

    with pytest.raises(ScriptError, match=r"simulator\.json"):
        load(settings.simulator_script)


# --- what is foretold


def test_what_is_foretold_of_a_fault_is_what_comes() -> None:
    fault = GivenFault(Fault.SILO_EMPTY, FRIDAY + 7 * HOUR)
    script = Script(faults=(fault,))

    events = foresee(script, fault, 56.0)
    cold = next(ts for ts, words in events if "below 56" in words)
    machine = Course(script, cold).machine

    assert [ts for ts, _ in events] == sorted(ts for ts, _ in events)
    assert len(events) == 5
    assert 55.9 < machine.water < 56


def test_a_fault_that_cannot_come_is_foretold_as_such() -> None:
    fault = GivenFault(Fault.IGNITION_FAILURE, FRIDAY)

    events = foresee(Script(regime=Regime.WOODCHIP, faults=(fault,)), fault, 56.0)

    assert len(events) == 1
    assert "nothing" in events[0][1]
