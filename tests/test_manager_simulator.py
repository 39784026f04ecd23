"""The commands that act on the simulated boiler: what they write, what they say, what they refuse."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from config.settings import Settings
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.store import Database, World
from manager import cli
from sensor.script_file import Fault, load

Run = Callable[..., Result]


@pytest.fixture
def run(environ: dict[str, str], settings: Settings) -> Run:
    """A command of manager.py in the installation of `settings`."""
    return lambda *words: CliRunner().invoke(cli, words, env=environ)


def claim(settings: Settings, world: World) -> None:
    database = Database(settings.database, settings.lock)
    database.claim(world)
    database.close()


@pytest.mark.parametrize("name", Fault)
def test_a_fault_is_written_to_the_script_and_foretold(run: Run, settings: Settings, name: str) -> None:
    answer = run("simulator", "fault", name)

    assert answer.exit_code == 0, answer.output
    assert [fault.name for fault in load(settings.simulator_script).faults] == [name]
    assert answer.output.startswith("20")


def test_a_speed_is_written_to_the_script(run: Run, settings: Settings) -> None:
    answer = run("simulator", "speed", "60")

    assert "60 s" in answer.output
    assert [change.factor for change in load(settings.simulator_script).speeds] == [60]


@pytest.mark.parametrize("words", [("speed", "0.5"), ("speed", "1001"), ("speed", "nan"), ("speed", "fast")])
def test_a_speed_that_makes_no_sense_is_refused(run: Run, words: tuple[str, ...]) -> None:
    answer = run("simulator", *words)

    assert answer.exit_code != 0
    assert words[1] in answer.output


def test_an_unknown_fault_is_refused_with_the_names_that_are_known(run: Run) -> None:
    for words in (
        ("simulator", "fault", "gremlins"),
        ("fakedata", "--days", "1", "--seed", "1", "--fault", "gnomes@3"),
    ):
        answer = run(*words)

        assert answer.exit_code != 0
        assert "silo_empty" in answer.output
        assert "loop_dead" in answer.output


@pytest.mark.parametrize("text", ["jam", "jam@", "jam@soon", "jam@-1"])
def test_a_fault_of_the_past_needs_its_hours(run: Run, text: str) -> None:
    answer = run("fakedata", "--days", "1", "--seed", "1", "--fault", text)

    assert answer.exit_code != 0
    assert "NAME@HOURS_AGO" in answer.output


@pytest.mark.parametrize(
    "words", [("simulator", "fault", "jam"), ("simulator", "speed", "2"), ("fakedata", "--days", "1", "--seed", "1")]
)
def test_a_real_boilers_database_is_refused(run: Run, settings: Settings, words: tuple[str, ...]) -> None:
    claim(settings, World.REAL)

    answer = run(*words)

    assert answer.exit_code != 0
    assert settings.database in answer.output
    assert not os.path.exists(settings.simulator_script)


def test_another_seed_is_refused_in_a_database_that_has_a_past(run: Run, settings: Settings) -> None:
    database = Database(settings.database, settings.lock)
    database.claim(World.SIMULATED)
    with database.writing() as connection:
        store.insert_readings(connection, [Row(1000)])
    database.close()

    answer = run("fakedata", "--days", "1", "--seed", "2")

    assert answer.exit_code != 0
    assert "seed 1" in answer.output
    assert "CHAUDIERE_HOME" in answer.output
