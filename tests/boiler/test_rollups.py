"""The roll-ups, against the plainest reckoning of the same minutes."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from flask_app.boiler import rollups
from flask_app.boiler.phases import Phase
from flask_app.boiler.rollups import COLUMNS, days, fold, merge, start_among

HOUR = 2_000_000 * 3600 // 7200 * 7200
Minute = tuple[Any, ...]


def minute(ts: int, water: float | None = None, auger: float | None = None, phase: int | None = 6) -> Minute:
    ran = None if auger is None else int(auger > 0)
    return (ts, water, None, None, None, None, None, None, ran, None, None, None, auger, phase)


def named(rollup: rollups.Rollup) -> dict[str, Any]:
    return dict(zip(COLUMNS, rollup, strict=True))


minutes = st.lists(
    st.tuples(
        st.integers(0, 179),
        st.one_of(st.none(), st.floats(-40, 900)),
        st.one_of(st.none(), st.floats(0, 1)),
        st.one_of(st.none(), st.sampled_from(rollups.PHASES)),
    ),
    unique_by=lambda row: row[0],
    min_size=1,
).map(lambda rows: [minute(HOUR + 60 * row[0], row[1], row[2], row[3]) for row in sorted(rows, key=lambda row: row[0])])


@given(minutes)
def test_an_hour_says_of_its_minutes_what_they_say_themselves(rows: list[Minute]) -> None:
    tens = list(fold(rows, 0))

    found = [named(row) for row in merge(tens, lambda ts: ts // 3600 * 3600, 3600)]

    assert [row["ts"] for row in found] == sorted({row[0] // 3600 * 3600 for row in rows})
    for hour in found:
        within = [row for row in rows if row[0] // 3600 * 3600 == hour["ts"]]
        waters = [row[1] for row in within if row[1] is not None]
        augers = [row[12] for row in within if row[12] is not None]
        assert hour["minutes"] == len(within)
        assert hour["temp0_count"] == len(waters)
        if waters:
            assert hour["temp0_min"] == round(100 * min(waters))
            assert hour["temp0_max"] == round(100 * max(waters))
            assert abs(hour["temp0_mean"] - 100 * sum(waters) / len(waters)) <= 1.01
        else:
            assert hour["temp0_mean"] is None
        assert hour["watt3_count"] == len(augers)
        assert abs(hour["watt3_seconds"] - 60 * sum(augers)) <= 3.01
        for code in rollups.PHASES:
            assert hour[f"phase{code}"] == sum((row[-1] or 0) == code for row in within)


@given(minutes)
def test_the_runs_of_an_hour_give_each_minute_its_phase_again(rows: list[Minute]) -> None:
    phases = {row[0]: row[-1] or 0 for row in rows}

    for hour in map(named, merge(fold(rows, 0), lambda ts: ts // 3600 * 3600, 3600)):
        runs = rollups.read_runs(hour["runs"])
        starts = [offset for offset, _code in runs]
        codes = [code for _offset, code in runs]

        assert starts[0] == 0
        assert starts == sorted(set(starts))
        assert all(before != after for before, after in pairwise(codes))
        of = start_among(starts)
        for offset in range(60):
            assert dict(runs)[of(offset)] == phases.get(hour["ts"] + 60 * offset, 0)


@given(minutes)
def test_ignitions_are_counted_alike_whole_or_in_pieces(rows: list[Minute]) -> None:
    whole = {row["ts"]: row["ignitions"] for row in map(named, fold(rows, 0))}

    for ts, count in whole.items():
        piece = [row for row in rows if ts - 600 <= row[0] < ts + 600]
        assert named(next(fold(piece, ts)))["ignitions"] == count


def test_an_ignition_is_counted_once_though_it_is_lost_from_sight() -> None:
    phases = [9, 7, 7, 0, 7, 6, 6, 7, 9, 9, 7, 7]

    tens = [named(row) for row in fold([minute(HOUR + 60 * i, phase=phase) for i, phase in enumerate(phases)], 0)]

    assert [row["ignitions"] for row in tens] == [2, 1]
    assert tens[0]["runs"] == "0:9,1:7,3:0,4:7,5:6,7:7,8:9"


def test_a_motor_ran_for_its_share_of_each_minute_or_all_of_it() -> None:
    shared, whole = minute(HOUR, auger=0.25), (*minute(HOUR + 60)[:8], 1, None, None, None, None, 6)

    ten = named(next(fold([shared, whole], 0)))

    assert (ten["watt3_seconds"], ten["watt3_count"], ten["watt0_count"]) == (75, 2, 0)


def test_what_was_never_measured_is_no_value_at_any_length() -> None:
    day = named(next(merge(fold([minute(HOUR)], 0), lambda ts: ts // 86400 * 86400, None)))

    assert (day["temp0_min"], day["temp0_mean"], day["temp0_count"], day["runs"]) == (None, None, 0, None)


def test_days_are_as_long_as_they_are_where_the_clocks_change() -> None:
    zone = ZoneInfo("Europe/Paris")
    lengths = {}
    for month, date in ((3, 29), (10, 25), (6, 1)):
        noon = int(datetime(2026, month, date, 12, tzinfo=UTC).timestamp())
        start, end = days(noon, noon + 1, zone)
        lengths[month] = (end - start) // 3600

    assert lengths == {3: 23, 10: 25, 6: 24}


def test_a_day_that_has_no_midnight_begins_when_it_begins() -> None:
    zone = ZoneInfo("Africa/Cairo")  # the clocks go from 00:00 to 01:00
    noon = int(datetime(2026, 4, 24, 12, tzinfo=UTC).timestamp())

    starts = days(noon - 86400, noon + 86400, zone)

    assert [datetime.fromtimestamp(ts, zone).strftime("%d %H") for ts in starts] == ["23 00", "24 01", "25 00", "26 00"]


def test_every_phase_has_its_column() -> None:
    assert tuple(sorted(phase.value for phase in Phase)) == rollups.PHASES
    assert rollups.IGNITION == Phase.IGNITION
