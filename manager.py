"""The command line of Chaudiere. Each command imports what it needs inside itself: --help stays instant."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from config.settings import Settings, SettingsError, load, make_folders

if TYPE_CHECKING:
    from flask_app.store import Database
    from sensor.script_file import GivenFault, Script


def _settings() -> Settings:
    try:
        settings = load(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    make_folders(settings)
    return settings


def _database(settings: Settings) -> Database:
    from flask_app.store import Database, StoreError

    try:
        return Database(settings.database, settings.lock)
    except StoreError as error:
        raise click.ClickException(str(error)) from None


def _now() -> int:
    return int(time.time())


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Watch a pellet or wood-chip boiler: database, alerts, simulator, replay.

    Settings come from the environment: config/prod/secret.env.template lists them all.
    """


# --- simulator


def _simulated_database(settings: Settings) -> Database:
    from flask_app.store import StoreError, World

    database = _database(settings)
    try:
        database.claim(World.SIMULATED)
    except StoreError as error:
        database.close()
        raise click.ClickException(f"no simulation here: {error}") from None
    return database


def _check_simulated(settings: Settings) -> None:
    from flask_app.store import World

    database = _database(settings)
    world = database.world
    database.close()
    if world is World.REAL:
        raise click.ClickException(
            f"{settings.database} holds a real boiler's rows: only a simulated boiler can be given faults or speed"
        )


def _script(settings: Settings) -> Script:
    from sensor.script_file import ScriptError, load

    try:
        return load(settings.simulator_script)
    except ScriptError as error:
        raise click.ClickException(str(error)) from None


@cli.group()
def simulator() -> None:
    """Give faults to the simulated boiler, or hurry it; a running loop follows within one reading."""


@simulator.command()
@click.argument("name")
def fault(name: str) -> None:
    """Let the fault NAME happen from now on, and say what will be seen and when.

    NAME: silo_empty, ignition_failure, jam, power_cut, sensor_lost, sensor_85 or loop_dead.
    """
    from dataclasses import replace

    from sensor.outlook import foresee
    from sensor.script_file import Fault, GivenFault, ScriptError, named, save

    settings = _settings()
    _check_simulated(settings)
    now, script = _now(), _script(settings)
    try:
        given = GivenFault(named(Fault, name), int(script.boiler_time(now)))
    except ScriptError as error:
        raise click.ClickException(str(error)) from None
    script = replace(script, faults=(*script.faults, given))
    save(settings.simulator_script, script)
    for ts, words in foresee(script, given, settings.options.setpoint):
        click.echo(f"{_local(settings, now + (ts - given.ts) / script.speed(now))}  {words}")


def _local(settings: Settings, ts: float) -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return f"{datetime.fromtimestamp(ts, ZoneInfo(settings.options.timezone)):%Y-%m-%d %H:%M}"


@simulator.command()
@click.argument("factor", type=float, metavar="N")
def speed(factor: float) -> None:
    """Let the simulated boiler's time run N times faster from now on (1 to 1000; 1: as the clock)."""
    from dataclasses import replace

    from sensor.script_file import ScriptError, SpeedChange, checked_speed, save

    settings = _settings()
    _check_simulated(settings)
    script = _script(settings)
    try:
        change = SpeedChange(_now(), checked_speed(factor))
    except ScriptError as error:
        raise click.ClickException(str(error)) from None
    save(settings.simulator_script, replace(script, speeds=(*script.speeds, change)))
    click.echo(
        f"from now on an hour of the boiler takes {3600 / factor:.0f} s; rows keep the true time. "
        "A minute shows the mean of what the boiler did in it."
    )


@cli.command()
@click.option("--days", type=click.IntRange(1, 3660), required=True, help="How much past to make.")
@click.option("--seed", type=click.IntRange(0), required=True, help="Another seed, another past.")
@click.option("--fault", "faults", multiple=True, metavar="NAME@HOURS_AGO", help="A fault of the past; repeatable.")
@click.option("--end", type=click.IntRange(0), help="Where the past ends, epoch seconds; by default now.")
def fakedata(days: int, seed: int, faults: tuple[str, ...], end: int | None) -> None:
    """Fill the database with a simulated boiler's past, which the loop started with --fake goes on from.

    In a database that has a simulated past already, only what is missing since its last reading is added.
    """
    from sensor.script_file import Script, ScriptError, fault_at_hours_ago, save

    settings = _settings()
    end = _now() if end is None else end
    try:
        given = sorted((fault_at_hours_ago(text, end) for text in faults), key=lambda fault: fault.ts)
    except ScriptError as error:
        raise click.ClickException(str(error)) from None
    database = _simulated_database(settings)
    try:
        newest = _newest_reading(database)
        if newest is None:
            script = Script(seed=seed, faults=tuple(given))
            save(settings.simulator_script, script)
        else:
            script = _script(settings)
            _check_continues(settings, script, seed, given)
        _fill(database, settings, script, max(end - days * 86400, (newest or 0) + 1), end)
    finally:
        database.close()


def _newest_reading(database: Database) -> int | None:
    from flask_app import store

    return store.newest_reading_ts(database.connection, 2**62)


def _check_continues(settings: Settings, script: Script, seed: int, given: list[GivenFault]) -> None:
    if script.seed != seed:
        raise click.ClickException(
            f"{settings.database} holds the past of seed {script.seed}: one boiler, one seed. "
            "Name another folder by CHAUDIERE_HOME"
        )
    if given:
        click.echo("This past is written already: the faults are left out. For a new one: simulator fault NAME")


def _fill(database: Database, settings: Settings, script: Script, start: int, end: int) -> None:
    from pkgutil import resolve_name

    from flask_app.script.fakedata import Jobs, fill
    from sensor.simulator import readings

    jobs = Jobs(
        archive=resolve_name("flask_app.script.archive_minute:archive"),
        process=resolve_name("flask_app.script.process_phase:process"),
        deliver=resolve_name("flask_app.script.deliver:deliver"),
        rotate=resolve_name("flask_app.store:rotate"),
    )
    period = settings.options.sample_seconds
    rows = readings(script, start, end, period)
    kept = 0
    with click.progressbar(length=max(0, int((end - start) / period)), label="Readings") as bar:
        for count in fill(database, settings, rows, end, jobs):
            kept += count
            bar.update(count)
    click.echo(f"{kept} readings, from {_local(settings, start)} to {_local(settings, end)}")


# --- database


@cli.group()
def database() -> None:
    """Make, upgrade and trim the database."""


@database.command()
def upgrade() -> None:
    """Make the database, or bring its schema up to date. Harmless when it already is."""
    from flask_app.web import create_app, doors

    settings = _settings()
    try:
        doors.upgrade(create_app(settings))
    except doors.ForeignFileError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{settings.database} is up to date")


if __name__ == "__main__":
    sys.exit(cli())
