"""The rework of history: the same phases in place, nothing sent, cut short and gone on with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.settings import Settings
from flask_app import store
from flask_app.boiler import engine
from flask_app.boiler.rows import Row
from flask_app.script.process_phase import main, process
from flask_app.script.rework import Mark, rework
from flask_app.store import Database
from tests.boiler.log import Log
from tests.script.test_process_phase import DAY, START, cooling, everything, keep


def lived(days: int) -> list[Row]:
    """Minutes of ordinary fires from START on."""
    rows = Log().cycles(6 * days).rows[: days * 1440 - 300]
    return [row._replace(ts=row.ts - rows[0].ts + START, samples=15) for row in rows]


def spoil(database: Database, before_ts: int) -> None:
    """What other rules might have said."""
    with database.writing() as connection:
        connection.execute("UPDATE ChaudiereMinute SET phase = 11 WHERE ts < ?", (before_ts,))
        connection.execute("DELETE FROM Delivery")
        connection.execute("DELETE FROM Alert")


class CutShortError(Exception):
    """The power goes."""


def test_phases_are_named_again_and_nobody_is_told(database: Database, settings: Settings) -> None:
    keep(database, cooling())
    process(database, settings)
    before = everything(database)
    spoil(database, START + 6000)

    went = rework(database, settings, Mark(START, START + DAY, START))

    assert sum(went.values()) == 100
    assert everything(database)[0] == before[0]
    assert everything(database)[1:3] == [[], []]


def test_one_cut_short_goes_on_and_comes_to_the_same(
    database: Database, settings: Settings, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    keep(database, lived(4))
    process(database, settings)
    phases = everything(database)[0]
    spoil(database, START + 4 * DAY)
    marks: list[Mark] = []

    def cut(mark: Mark) -> None:
        marks.append(mark)
        if len(marks) == 2:
            raise CutShortError

    with pytest.raises(CutShortError):
        rework(database, settings, Mark(START, START + 4 * DAY, START, to_present=True), cut)
    cut_short = marks[-1]._asdict()
    went = [[before, after, count] for (before, after), count in cut_short["went"].items()]
    Path(settings.home, "rework.json").write_text(json.dumps({**cut_short, "went": went}))

    assert main(environ, ["--resume"]) == 0

    said = capsys.readouterr().out
    assert everything(database)[0] == phases
    assert f"{4 * 1440 - 300} minutes changed" in said
    assert "watch -> stopped" in said
    assert not Path(settings.home, "rework.json").exists()
    assert main(environ, ["--resume"]) == 1


def test_what_today_s_rules_learn_of_the_past_is_what_the_next_run_goes_on_with(
    database: Database, settings: Settings
) -> None:
    rows = lived(3)
    keep(database, rows)
    process(database, settings)
    saved = store.state_before(database.connection, store.ALWAYS, engine.VERSION)
    with database.writing() as connection:
        connection.execute("UPDATE EngineState SET version = 1, state = '{}'")

    rework(database, settings, Mark(START, rows[-1].ts, START, to_present=True))

    learned = store.state_before(database.connection, store.ALWAYS, engine.VERSION)
    assert saved is not None
    assert learned is not None
    assert learned[0] == saved[0] == rows[-1].ts
    assert engine.restore(learned[1]).habits.usual_rise == engine.restore(saved[1]).habits.usual_rise is not None
    versions = database.connection.execute("SELECT DISTINCT version FROM EngineState").fetchall()
    assert versions == [(engine.VERSION,)]


def test_a_mark_that_cannot_be_read_is_said(
    settings: Settings, environ: dict[str, str], database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(settings.home, "rework.json").write_text('{"from_ts": 1')

    assert main(environ, ["--resume"]) == 1
    assert "name the span again" in capsys.readouterr().err
