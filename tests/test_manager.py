"""Every command: it explains itself, and what it cannot do ends in words and a remedy, never in a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from config.settings import Settings
from flask_app.store import Database
from manager import cli

Run = Callable[..., Result]

NEEDING_THE_DATABASE = {
    "alerts list": "",
    "alerts rehearse": "--setpoint 50",
    "alerts resend": "1",
    "alerts test": "--email a@example.org",
    "database backup": "",
    "database import-legacy": "/",
    "database rotate": "Chaudiere",
    "database stats": "",
    "fakedata": "--days 1 --seed 1",
    "minutes export": "/nowhere/minutes.csv",
    "minutes import": "/nowhere/minutes.csv",
    "phases learned": "",
    "phases reset": "flue",
    "phases rework": "--hours 1",
    "sensors calibrate": "water --reference 50 --fake",
    "sensors check": "--fake",
    "sensors idle": "--fake",
    "sensors offset": "water 1 --fake",
    "sensors setup": "--fake",
    "simulator fault": "jam",
    "simulator speed": "2",
    "status": "",
    "users code": "",
    "users create": "ana --password-stdin",
    "users delete": "ana",
    "users list": "",
    "users no-totp": "ana",
    "users password": "ana --password-stdin",
}
NEEDING_NONE = {"database restore", "database upgrade", "phases score", "replay"}


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


EVERY = dict(commands(cli))


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    """A command of manager.py, its words in one text; what it raises but an exit fails the test."""

    def answer(words: str, **more: str) -> Result:
        found = CliRunner().invoke(cli, words.split(), env=environ | more, input="a long enough password\n")
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    return answer


def test_the_table_above_names_every_command() -> None:
    assert NEEDING_THE_DATABASE.keys() | NEEDING_NONE == EVERY.keys()


@pytest.mark.parametrize("name", EVERY)
def test_a_command_and_each_of_its_options_says_what_it_does(name: str, run: Run) -> None:
    answer = run(f"{name} --help")

    assert answer.exit_code == 0
    options = [param for param in EVERY[name].params if isinstance(param, click.Option) and param.name != "role"]
    assert EVERY[name].help
    assert all(option.help for option in options)


@pytest.mark.parametrize("name", NEEDING_THE_DATABASE)
def test_without_a_database_a_command_says_how_to_make_one(name: str, run: Run) -> None:
    answer = run(f"{name} {NEEDING_THE_DATABASE[name]}")

    assert answer.exit_code in (1, 2)
    assert "manager.py database upgrade" in answer.output


@pytest.mark.parametrize("name", NEEDING_THE_DATABASE)
def test_a_wrong_setting_is_named(name: str, run: Run) -> None:
    answer = run(f"{name} {NEEDING_THE_DATABASE[name]}", CHAUDIERE_PORT="high")

    assert answer.exit_code in (1, 2)
    assert "CHAUDIERE_PORT is 'high'" in answer.output


def test_a_folder_that_cannot_be_one_is_named_with_the_remedy(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    answer = run("database stats", CHAUDIERE_HOME=str(tmp_path / "file"))

    assert answer.exit_code == 1
    assert f"{tmp_path}/file/connections: Not a directory" in answer.output
    assert "CHAUDIERE_HOME" in answer.output


def test_a_file_that_cannot_be_opened_calls_for_no_backup(run: Run, settings: Settings) -> None:
    Path(settings.database).unlink()
    Path(settings.database).mkdir()

    for words in ("database stats", "status", "database upgrade"):
        answer = run(words)

        assert answer.exit_code in (1, 2)
        assert "unable to open" in answer.output
        assert "owner" in answer.output
        assert "backup" not in answer.output


def test_an_option_of_the_database_that_is_not_accepted_is_named(
    run: Run, settings: Settings, database: Database
) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO Setting (key, since_ts, value, by) VALUES ('setpoint', 1, 'hot', 'x')")

    assert "setpoint is 'hot'; it accepts 30 to 90" in run("database rotate Chaudiere").output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("phases rework --hours nan", "'nan' is no number"),
        ("phases rework --from 10 --to 5", "--to must be later"),
        ("phases rework --from 99999999999999999999", "neither a date such as 2026-01-31 nor epoch seconds"),
        ("alerts rehearse --setpoint nan", "'nan' is no number"),
        ("alerts resend 99999999999999999999", "not in the range"),
        ("alerts resend 7", "`alerts list` shows them"),
        ("fakedata --days 1 --seed 1 --end 99999999999999999999", "not in the range"),
        ("minutes export /nowhere/a.csv", "/nowhere/a.csv: No such file or directory"),
        ("minutes export a.csv --from yesterday", "a date such as 2026-01-31"),
        ("minutes import /nowhere/a.csv", "/nowhere/a.csv: No such file or directory"),
        ("database backup /nowhere/a.db", "/nowhere/a.db: No such file or directory"),
        ("database restore /nowhere/a.db", "/nowhere/a.db is no file"),
        ("phases score tests/test_manager.py", "docs/phases.md says which"),
        ("replay /nowhere/a.csv --out a.csv", "/nowhere/a.csv: No such file or directory"),
        ("replay tests/data/okofen_60s.csv --out /nowhere/a.csv", "/nowhere/a.csv: No such file or directory"),
    ],
)
def test_what_cannot_be_used_is_named(run: Run, settings: Settings, words: str, told: str) -> None:
    answer = run(words)

    assert answer.exit_code in (1, 2)
    assert told in answer.output
