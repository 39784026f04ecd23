"""The alert of the mission, minute by minute, against its wording."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flask_app.boiler.alerts import Closing, Kind, Opening
from flask_app.boiler.rows import Row
from tests.boiler.log import START, minute, told

Waters = list[tuple[int, float | None]]


def rows(waters: Waters) -> list[Row]:
    return [minute(START + 60 * number, water=water) for number, water in waters]


def opened(waters: Waters, setpoint: float = 56.0) -> list[int]:
    """The numbers of the minutes at which low_water opens."""
    answer = told(rows(waters), setpoint)
    return [(opening.ts - START) // 60 for opening in answer.opened(Kind.LOW_WATER)]


def numbered(*waters: float | None) -> Waters:
    return list(enumerate(waters))


def by_the_wording(waters: Waters, setpoint: float) -> list[int]:
    """The rule written the other way round: spells first, then the alert of each."""
    present = [(number, water) for number, water in waters if water is not None]
    spells: list[list[int]] = []
    for (_, before), (number, water) in pairwise(present):
        if water < setpoint <= before:
            spells.append([])
        if water < setpoint and spells:  # a history that starts cold: its minutes belong to no spell
            spells[-1].append(number)
    generated: list[int] = []
    for spell in spells:
        allowed = [number for number in spell if not generated or (number - generated[-1]) * 60 >= 600]
        generated += allowed[:1]
    return generated


def test_the_first_minute_below_the_setpoint_alerts() -> None:
    assert opened(numbered(57, 56, 55.9, 55, 54)) == [2]


def test_the_setpoint_itself_is_not_below() -> None:
    assert opened(numbered(57, 56, 56, 56)) == []


def test_a_history_that_starts_cold_has_no_crossing() -> None:
    assert opened(numbered(50, 49, 48)) == []


def test_missing_minutes_neither_begin_nor_end_a_spell() -> None:
    assert opened(numbered(57, None, None, 55, None, 54, None)) == [3]


def test_the_last_present_water_counts_however_old() -> None:
    assert opened([(0, 57.0), (5000, 55.0)]) == [5000]


def test_a_spell_soon_after_an_alert_waits_until_ten_minutes_have_passed() -> None:
    waters = numbered(57, 55, 57, *[55] * 20)

    assert opened(waters) == [1, 11]


def test_a_spell_that_ends_before_its_turn_is_never_told() -> None:
    assert opened(numbered(57, 55, 57, 55, 55, 57, *[57] * 20)) == [1]


def test_two_minutes_a_degree_above_close_it() -> None:
    answer = told(rows(numbered(57, 55, 57, 56.5, 57, None, 57.5)))

    assert answer.closed(Kind.LOW_WATER) == [Closing(Kind.LOW_WATER, START + 60, START + 360)]


def test_a_new_alert_closes_the_former_first() -> None:
    answer = told(rows(numbered(57, 55, 56.2, *[55.5] * 20)))

    now = START + 11 * 60
    assert [type(change) for change in answer.changes] == [Opening, Closing, Opening]
    assert answer.changes[1] == Closing(Kind.LOW_WATER, START + 60, now)
    assert answer.changes[2].ts == now


def test_the_evidence_says_how_fast_the_water_falls() -> None:
    waters: Waters = [(number, 60 - number * 0.1) for number in range(60)]

    evidence = told(rows(waters)).opened(Kind.LOW_WATER)[0].evidence

    assert evidence["setpoint"] == 56.0
    assert evidence["falling_per_hour"] == 6.0


@st.composite
def histories(draw: st.DrawFn) -> Waters:
    gaps = draw(st.lists(st.integers(1, 14), min_size=1, max_size=80))
    values = st.sampled_from([None, 54.0, 55.9, 56.0, 56.5, 57.0, 58.0])
    number, waters = 0, []
    for gap in gaps:
        waters.append((number, draw(values)))
        number += gap if gap > 8 else 1
    return waters


@given(histories())
def test_low_water_is_generated_exactly_as_its_wording_says(waters: Waters) -> None:
    found = opened(waters)

    assert found == by_the_wording(waters, 56.0)


@given(histories(), st.sampled_from([40.0, 54.0, 55.9, 56.5, 57.0, 60.0]))
def test_two_low_water_are_never_closer_than_ten_minutes(waters: Waters, setpoint: float) -> None:
    found = opened(waters, setpoint)

    assert all(after - before >= 10 for before, after in pairwise(found))
