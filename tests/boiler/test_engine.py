"""The engine: pure, streaming, the same answer however it is cut, and small when saved."""

from __future__ import annotations

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from flask_app.boiler.alerts import Change, Kind
from flask_app.boiler.engine import State, advance, dump, learn_anew, restore, step
from flask_app.boiler.habits import Part
from flask_app.boiler.options import Options
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row
from tests.boiler.log import Log, minute, told


def story() -> list[Row]:
    """Days with everything in them: fires, a dying one, a failed ignition, gaps, silence, a lost probe, a cut."""
    log = Log().cycles(6).rest().ignite().burn(60)
    log.add(20, log.water - 3, 40.0, primary_fan=1.0, auger=0.55).rest(120, 50.0).cycles(1).rest()
    log.add(30, 49.0, 31.0, igniter=1.0, primary_fan=1.0, auger=0.3).rest(60).gap(7).ignite().burn().gap(25).rest(90)
    log.cycles(2).ignite().burn(40).add(60, log.water, 50.0)
    rows = [row._replace(auger_power=45.0 if row.auger_duty else None) for row in log.rows]
    rows[300:320] = [row._replace(water=None) for row in rows[300:320]]
    later = [row._replace(ts=row.ts + 86400 * 3) for row in rows[:400]]
    return rows + [row._replace(ts=row.ts + len(rows) * 60) for row in later]


def test_the_story_of_these_tests_holds_every_kind_of_change() -> None:
    answer = told(story())

    kinds = {opening.kind for opening in answer.opened()} | {opening.kind for opening in answer.opened(Kind.LOW_WATER)}
    assert kinds == {Kind.LOW_WATER, Kind.FIRE_DYING, Kind.IGNITION_FAILED, Kind.BLIND, Kind.POWER_CUT}
    assert len(set(answer.phases)) >= 6


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 2500), max_size=12))
def test_restarts_from_the_saved_state_change_no_answer(cuts: list[int]) -> None:
    rows = story()
    whole = told(rows)

    phases: list[Phase] = []
    changes: list[Change] = []
    state = State()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(rows)], strict=True):
        answer = told(rows[start:end], state=state)
        phases += answer.phases
        changes += answer.changes
        state = restore(dump(answer.state))

    assert phases == whole.phases
    assert changes == whole.changes


def test_a_step_leaves_the_state_it_was_given_untouched() -> None:
    rows = story()
    state = told(rows[:2000]).state
    before = dump(state)

    after, phase, changes = step(state, rows[2000], Options())

    assert dump(state) == before
    assert (phase, changes) == advance(state, rows[2000], Options())
    assert dump(after) == dump(state)


def test_a_saved_state_is_a_few_kilobytes_of_json() -> None:
    text = dump(told(story()).state)

    assert len(text) < 4096
    assert json.loads(text)["course"]["mode"] in {int(phase) for phase in Phase}


def test_nothing_but_low_water_survives_a_gap_over_ten_minutes() -> None:
    rows = Log().cycles(3).rest().ignite().burn(30).rows
    after = [row._replace(ts=row.ts + 86400) for row in Log().ignite().burn().rows]
    shift = rows[-1].ts + 11 * 60 - after[0].ts
    after = [row._replace(ts=row.ts + shift) for row in after]

    answer = told(rows + after)

    assert answer.phases[len(rows) :] == told(after).phases


def test_a_gap_of_ten_minutes_is_bridged() -> None:
    rows = Log().rest().ignite().burn(60).rows

    answer = told(rows[:230] + rows[240:])

    assert answer.counts()[Phase.IGNITION] == 8


def test_a_gap_closes_what_was_open_but_not_low_water() -> None:
    log = Log().cycles(3).rest().ignite().burn(60)
    log.add(20, log.water - 3, 40.0, primary_fan=1.0, auger=0.55).rest(120, 50.0)

    answer = told([*log.rows, minute(log.ts + 86400, water=50.0)])

    assert set(answer.state.book.opened) == {Kind.LOW_WATER}
    assert len(answer.closed(Kind.FIRE_DYING)) == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_no_row_is_too_strange_for_it(seed: int) -> None:
    draw = random.Random(seed)
    shares = [None, 0.0, 0.07, 0.5, 1.0]
    rows, ts = [], 0
    for _ in range(400):
        ts += draw.choice([60, 60, 60, 60, 120, 600, 4000])
        names = ("secondary_fan", "igniter", "primary_fan", "auger")
        motors = {name: draw.choice(shares) for name in names}
        rows.append(minute(ts, draw.choice([None, -20, 55, 56, 90]), draw.choice([None, 0, 40, 200, 800]), **motors))

    answer = told(rows)

    assert len(answer.phases) == len(rows)
    assert told(rows).changes == answer.changes
    assert restore(dump(answer.state)).book.opened == answer.state.book.opened


def test_what_was_learned_outlives_an_outage() -> None:
    log = Log().cycles(6)
    learned = told(log.rows).state.habits

    after = told([*log.rows, minute(log.ts + 2 * 86400)]).state

    assert after.habits.rises == learned.rises
    assert after.habits.usual_rise is not None
    assert not after.course.running


def test_an_event_makes_it_learn_anew_once() -> None:
    state = told(Log().cycles(6).rows).state

    learn_anew(state, Part.FLUE, state.ts or 0)
    assert state.habits.clean == []
    assert state.habits.rises != []
    learn_anew(state, Part.ALL, (state.ts or 0) + 60)
    assert state.habits.rises == []
    state.habits.rises = [80.0]
    learn_anew(state, Part.ALL, (state.ts or 0) + 60)

    assert state.habits.rises == [80.0]
