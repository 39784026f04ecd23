"""One history, four walks through it: judged live in batches by fresh processes, at once, reworked, replayed."""

from __future__ import annotations

import csv
import io
import random

import pytest

from config.settings import Settings
from flask_app import store
from flask_app.boiler.alerts import Kind
from flask_app.boiler.engine import OURS
from flask_app.boiler.options import Options
from flask_app.boiler.phases import Phase
from flask_app.boiler.replay import HEADER, replay
from flask_app.boiler.rows import Row
from flask_app.script.process_phase import process
from flask_app.script.rework import Mark, rework
from flask_app.store import Database
from tests.boiler.test_engine import story
from tests.script.test_process_phase import START, keep

Said = tuple[list[str], set[tuple[int, str]]]
"""The phase of each minute in order, and the alerts opened: (ts, kind)."""


def history() -> list[Row]:
    """The story of the engine's tests up to its long silence, as the archive keeps it: a row each minute."""
    rows = story()
    end = next(number for number, row in enumerate(rows[1:], 1) if row.ts - rows[number - 1].ts > 60)
    return [
        row._replace(
            ts=START + 60 * number, samples=15 * any(value is not None for value in row[1:9]), auger_power=None
        )
        for number, row in enumerate(rows[:end])
    ]


def replayed(rows: list[Row]) -> Said:
    lines = [",".join(HEADER)]
    for row in rows:
        duties = (row.secondary_fan_duty, row.igniter_duty, row.primary_fan_duty, row.auger_duty)
        values = (row.ts, row.water, row.flue, row.box, row.spare, *duties)
        lines.append(",".join("" if value is None else str(value) for value in values))
    out = io.StringIO()
    replay(lines, out, Options())
    told = list(csv.DictReader(io.StringIO(out.getvalue())))
    alerts = {(int(line["ts"]), kind) for line in told for kind in line["alerts"].split(";") if kind}
    return [line["phase"] for line in told], alerts


def stored(database: Database) -> Said:
    phases = database.connection.execute("SELECT phase FROM ChaudiereMinute ORDER BY ts").fetchall()
    alerts = database.connection.execute("SELECT opened_ts, kind FROM Alert").fetchall()
    return [Phase(phase).name.lower() for (phase,) in phases], {(ts, kind) for ts, kind in alerts if Kind(kind) in OURS}


@pytest.mark.parametrize("seed", range(4))
def test_a_history_judged_in_any_batches_by_fresh_processes_reads_as_its_replay(
    seed: int, settings: Settings, database: Database
) -> None:
    draw = random.Random(seed)
    rows = history()
    expected = replayed(rows)

    left = rows
    while left:
        count = draw.choice([1, 2, 9, 61, 400, 1500])
        with store.opened(settings.database, settings.lock) as fresh:
            keep(fresh, left[:count])
            process(fresh, settings)
        left = left[count:]

    assert len({kind for _, kind in expected[1]}) >= 4
    assert stored(database) == expected


def test_a_history_reworked_from_any_day_reads_as_its_replay(settings: Settings, database: Database) -> None:
    rows = history()
    keep(database, rows)
    process(database, settings)
    expected = replayed(rows)
    assert stored(database) == expected

    for from_ts in (START, START + 86400, rows[-200].ts):
        with database.writing() as connection:
            connection.execute("UPDATE ChaudiereMinute SET phase = 11 WHERE ts >= ?", (from_ts,))
        rework(database, settings, Mark(from_ts, rows[-1].ts + 60, from_ts))
        assert stored(database) == expected
