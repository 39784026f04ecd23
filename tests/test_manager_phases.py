"""The commands about phases: what was learned, learning anew, the score of a log."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from config.settings import Settings
from flask_app import store
from flask_app.boiler import engine
from flask_app.script.process_phase import process
from flask_app.store import Database
from manager import cli
from tests.boiler.log import Log

LOG = Path(__file__).parent / "data" / "okofen_60s.csv"


@pytest.fixture(autouse=True)
def _installed(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


def test_what_was_learned_is_shown_and_an_event_makes_it_learn_anew(database: Database, settings: Settings) -> None:
    with database.writing() as connection:
        store.insert_minutes(connection, Log().cycles(6).rows)
    process(database, settings)

    shown = CliRunner().invoke(cli, ["phases", "learned"]).output
    assert "Usual flue rise of an ignition: 8" in shown
    assert "Lowest water ever waited at: not learned yet" in shown

    assert CliRunner().invoke(cli, ["phases", "reset", "all"]).exit_code == 0
    ((_, part),) = store.learning_resets(database.connection)
    assert part == "all"


def test_minutes_after_an_event_are_judged_by_what_is_learned_since(database: Database, settings: Settings) -> None:
    log = Log().cycles(6)
    with database.writing() as connection:
        store.insert_minutes(connection, log.rows)
        store.reset_learning(connection, log.ts - 600, "all", "a test")

    process(database, settings)

    saved = store.state_before(database.connection, store.ALWAYS, engine.VERSION)
    assert saved is not None
    assert engine.restore(saved[1]).habits.rises == []


def test_a_log_is_scored() -> None:
    result = CliRunner().invoke(cli, ["phases", "score", str(LOG)])

    assert result.exit_code == 0
    assert "as measured: macro F1 1.0000" in result.output


def test_an_end_without_a_beginning_is_refused() -> None:
    result = CliRunner().invoke(cli, ["phases", "rework", "--hours", "5", "--to", "5"])

    assert result.exit_code == 2
    assert "--to needs --from" in result.output


def test_a_sweep_noted_makes_it_learn_the_flue_anew(database: Database) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO Annotation (ts, kind, words, by) VALUES (60, 'cleaning', '', 'Ana')")
        store.reset_learning(connection, 30, "igniter", "a test")

    assert store.learning_resets(database.connection) == [(30, "igniter"), (60, "flue")]
