"""The commands of the simulated boiler: its faults, its pace, its past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from config.settings import Settings
from flask_app.commands import installation

if TYPE_CHECKING:
    from flask_app.store import Database
    from sensor.script_file import GivenFault, Script


@click.group()
def simulator() -> None:
    """Give faults to the simulated boiler, or hurry it; a running loop follows within one reading."""


@contextmanager
def _simulated() -> Iterator[tuple[Settings, Script, str]]:
    """The settings, the simulated boiler's script and the zone; a word that the script does not accept ends it."""
    from sensor.script_file import ScriptError, load

    with installation.opened() as (settings, database):
        if database.world is database.world.REAL:
            raise click.ClickException(
                f"{settings.database} holds a real boiler's rows: only a simulated boiler can be given faults or speed"
            )
        zone = installation.options(settings, database).timezone
    try:
        yield settings, load(settings.simulator_script), zone
    except ScriptError as error:
        raise click.ClickException(str(error)) from None


@simulator.command(epilog="Example: manager.py simulator fault silo_empty")
@click.argument("name")
def fault(name: str) -> None:
    """Let the fault NAME happen from now on, and say what will be seen and when.

    NAME: silo_empty, ignition_failure, jam, power_cut, sensor_lost, sensor_85 or loop_dead.
    """
    from dataclasses import replace

    from sensor.outlook import foresee
    from sensor.script_file import Fault, GivenFault, named, save

    with _simulated() as (settings, script, zone):
        now = installation.now()
        given = GivenFault(named(Fault, name), int(script.boiler_time(now)))
        changed = replace(script, faults=(*script.faults, given))
        save(settings.simulator_script, changed)
        for ts, words in foresee(changed, given, settings.options.setpoint):
            click.echo(f"{installation.local(zone, now + (ts - given.ts) / script.speed(now))}  {words}")


@simulator.command(epilog="Example: manager.py simulator speed 60 (an hour of the boiler in a minute)")
@click.argument("factor", type=float, metavar="N")
def speed(factor: float) -> None:
    """Let the simulated boiler's time run N times faster from now on (1 to 1000; 1: as the clock)."""
    from dataclasses import replace

    from sensor.script_file import SpeedChange, checked_speed, save

    with _simulated() as (settings, script, _zone):
        change = SpeedChange(installation.now(), checked_speed(factor))
        save(settings.simulator_script, replace(script, speeds=(*script.speeds, change)))
    click.echo(
        f"from now on an hour of the boiler takes {3600 / factor:.0f} s; rows keep the true time. "
        "A minute shows the mean of what the boiler did in it."
    )


@click.command(epilog="Example: manager.py fakedata --days 21 --seed 1 --fault silo_empty@30")
@click.option("--days", type=click.IntRange(1, 3660), required=True, help="How much past to make.")
@click.option("--seed", type=click.IntRange(0), required=True, help="Another seed, another past.")
@click.option("--fault", "faults", multiple=True, metavar="NAME@HOURS_AGO", help="A fault of the past; repeatable.")
@click.option(
    "--end", type=click.IntRange(0, installation.LAST_TS), help="Where the past ends, epoch seconds; by default now."
)
def fakedata(days: int, seed: int, faults: tuple[str, ...], end: int | None) -> None:
    """Fill the database with a simulated boiler's past, which the loop started with --fake goes on from.

    In a database that has a simulated past already, only what is missing since its last reading is added.
    """
    from sensor.script_file import Script, ScriptError, fault_at_hours_ago, load, save

    end = installation.now() if end is None else end
    with installation.opened() as (settings, database):
        try:
            given = sorted((fault_at_hours_ago(text, end) for text in faults), key=lambda fault: fault.ts)
            _claim(database)
            newest = _newest_reading(database)
            if newest is None:
                script = Script(seed=seed, faults=tuple(given))
                save(settings.simulator_script, script)
            else:
                script = load(settings.simulator_script)
                _check_continues(settings, script, seed, given)
        except ScriptError as error:
            raise click.ClickException(str(error)) from None
        _fill(database, settings, script, max(end - days * 86400, (newest or 0) + 1), end)


def _claim(database: Database) -> None:
    from flask_app.store import StoreError, World

    try:
        database.claim(World.SIMULATED)
    except StoreError as error:
        raise click.ClickException(f"no simulation here: {error}") from None


def _newest_reading(database: Database) -> int | None:
    from flask_app import store

    return store.newest_reading_ts(database.connection, store.ALWAYS)


def _check_continues(settings: Settings, script: Script, seed: int, given: list[GivenFault]) -> None:
    if script.seed != seed:
        raise click.ClickException(
            f"{settings.database} holds the past of seed {script.seed}: one boiler, one seed. "
            "Name another folder by CHAUDIERE_HOME"
        )
    if given:
        click.echo("This past is written already: the faults are left out. For a new one: simulator fault NAME")


def _fill(database: Database, settings: Settings, script: Script, start: int, end: int) -> None:
    from flask_app.script.archive_minute import archive
    from flask_app.script.deliver import deliver
    from flask_app.script.fakedata import Jobs, fill
    from flask_app.script.process_phase import process
    from flask_app.store import rotate
    from sensor.simulator import readings

    jobs = Jobs(archive=archive, process=process, deliver=deliver, rotate=rotate)
    period = settings.options.sample_seconds
    rows = readings(script, start, end, period)
    kept = 0
    with click.progressbar(length=max(0, int((end - start) / period)), label="Readings") as bar:
        for count in fill(database, settings, rows, end, jobs):
            kept += count
            bar.update(count)
    zone = installation.options(settings, database).timezone
    click.echo(f"{kept} readings, from {installation.local(zone, start)} to {installation.local(zone, end)}")
