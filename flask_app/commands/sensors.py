"""The commands of commissioning: probes and clamps seen, named, calibrated."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click

from config.settings import Settings
from flask_app.commands import installation

if TYPE_CHECKING:
    from flask_app.boiler.fittings import Fittings, Probe
    from flask_app.store import Database
    from sensor.bench import Bench
    from sensor.kept import Kept


@click.group()
def sensors() -> None:
    """Probes and current clamps: see them, name them, calibrate them; no file is edited.

    Works beside the running loop, which follows within a minute. With --fake the simulated boiler stands in for the
    hardware.
    """


_fake = click.option("--fake", is_flag=True, help="Ask the simulated boiler instead of the hardware.")


@contextmanager
def _commissioning(fake: bool) -> Iterator[tuple[Settings, Database, Fittings, Bench]]:
    """An installation's database, what it is fitted with, and what measures it."""
    from flask_app.store import World
    from sensor.create_data import fittings
    from sensor.script_file import ScriptError

    with installation.opened() as (settings, database):
        if database.world is (World.REAL if fake else World.SIMULATED):
            remedy = "leave --fake out" if fake else "add --fake"
            raise click.ClickException(f"{settings.database} holds a {database.world.name.lower()} boiler: {remedy}")
        options = installation.options(settings, database)
        fitted = fittings(database.connection, options)
        try:
            yield settings, database, fitted, _bench(settings, float(options.mains_hz), fake)
        except ScriptError as error:
            raise click.ClickException(str(error)) from None


def _bench(settings: Settings, hz: float, fake: bool) -> Bench:
    if fake:
        from sensor.fake_bench import open_simulation

        return open_simulation(settings, hz, time.time())
    from sensor.bench import open_hardware

    return open_hardware(settings, hz)


@sensors.command()
@_fake
@click.option("--readings", type=click.IntRange(1, 100), default=5, show_default=True, help="How often each is asked.")
def check(fake: bool, readings: int) -> None:
    """Show every probe and clamp: what it says now, its noise, and what is wrong with it.

    NOISE is the standard deviation over the readings; KEPT, how long ago the loop kept a value of it, within a day.
    Exit status 1 when something fitted gives no value, with its remedy. Takes about two seconds a reading.
    """
    from flask_app.boiler.rows import COLUMNS
    from flask_app.store import newest_value_ts
    from sensor.check import lines, look

    with _commissioning(fake) as (settings, database, fittings, bench):
        report = look(bench, fittings, () if fake else settings.probes, readings)
        now = installation.now()

        def age(role: str) -> int | None:
            kept = newest_value_ts(database.connection, COLUMNS[role], now)
            return None if kept is None else max(0, now - kept)

        click.echo("\n".join(lines(report, age, _columns())))
    if not report.well:
        sys.exit(1)


def _kept(database: Database, fake: bool) -> Kept:
    """What keeps a commissioning command's changes; with the first the database is a real or a simulated boiler's."""
    import getpass

    from flask_app.store import World
    from sensor.kept import Kept

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return Kept(database, f"manager.py ({user})", world=World.SIMULATED if fake else World.REAL)


def _columns() -> int | None:
    """Of the terminal; None when this goes to a file or to another program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@sensors.command(epilog="Examples: manager.py sensors setup; manager.py sensors setup water auger")
@click.argument("roles", nargs=-1, metavar="[ROLE]...")
@_fake
@click.option("--answers", type=click.File(encoding="utf-8"), help="Take the answers from this file, one a line.")
def setup(roles: tuple[str, ...], fake: bool, answers: TextIO | None) -> None:
    """Find out together which probe is which and what each motor draws; Ctrl-C leaves, a new start goes on.

    Asks for what is missing; with ROLE (water, flue, box, spare, secondary_fan, igniter, primary_fan, auger, or all)
    for these again. In a file of answers an empty line is Enter and # begins a remark; an answer that is not
    understood ends the command with its line.
    """
    from flask_app.boiler.rows import VALUES
    from sensor.questions import AnswerError, LeftError, Questions
    from sensor.setup import walk

    for role in {*roles} - {*VALUES, "all"}:
        raise click.UsageError(f"{role!r} is no role; there are {', '.join(VALUES)}, and all")
    wanted = VALUES if "all" in roles else roles
    try:
        given = (answers.name, answers.read().splitlines()) if answers else None
    except UnicodeDecodeError:
        raise click.UsageError("--answers: the file is not text in UTF-8") from None
    with _commissioning(fake) as (settings, database, _fittings, bench):
        spare = installation.options(settings, database).spare
        questions = Questions(click.echo, given, _columns())
        try:
            walk(bench, questions, _kept(database, fake), spare, wanted)
        except AnswerError as error:
            raise click.ClickException(str(error)) from None
        except (LeftError, KeyboardInterrupt):
            click.echo("\nLeft. What was answered is kept; the same command asks for the rest.")
            sys.exit(130)


@sensors.command(
    context_settings={"ignore_unknown_options": True}, epilog="Example: manager.py sensors offset water -0.5"
)
@click.argument("probe", metavar="PROBE|ROLE")
@click.argument("degrees", type=float)
@_fake
def offset(probe: str, degrees: float, fake: bool) -> None:
    """Add DEGREES to what a probe says from now on: its address, or what it measures; -10 to 10, 0 takes it away.

    It takes the place of the former offset. `sensors calibrate ROLE --reference` finds it with a thermometer.
    """
    from sensor.calibrate import MeasureError, with_offset

    with _commissioning(fake) as (settings, database, fittings, bench):
        ids = bench.probes() if fake else settings.probes or bench.probes()
        try:
            changed = with_offset(probe, degrees, fittings.probes, ids)
        except MeasureError as error:
            raise click.ClickException("\n".join([str(error), bench.no_probes()]).strip()) from None
        _keep_offset(changed, database, fake)


@sensors.command(
    epilog="Examples: manager.py sensors calibrate water --reference 61.5; manager.py sensors calibrate auger"
)
@click.argument("role")
@click.option("--reference", type=float, metavar="DEGREES", help="What a good thermometer beside the probe says now.")
@_fake
def calibrate(role: str, reference: float | None, fake: bool) -> None:
    """Set the probe ROLE by a reference thermometer, or learn the idle current of the motor ROLE, switched off."""
    from flask_app.boiler.rows import MOTORS, TEMPERATURES
    from sensor.calibrate import MeasureError, learn_idle, offset_of, with_offset

    if role not in TEMPERATURES + MOTORS:
        raise click.UsageError(f"{role!r} is no role; there are {', '.join(TEMPERATURES + MOTORS)}")
    if role in TEMPERATURES and reference is None:
        raise click.UsageError(f"{role} is a probe: say what a thermometer beside it says, by --reference DEGREES")
    with _commissioning(fake) as (settings, database, fittings, bench):
        if reference is None or role in MOTORS:
            channels = [channel for channel in fittings.channels if channel.role == role]
            if not learn_idle(bench, channels, _kept(database, fake), click.echo):
                sys.exit(1)
            return
        ids = bench.probes() if fake else settings.probes or bench.probes()
        try:
            probe = with_offset(role, 0.0, fittings.probes, ids)
            probe = probe._replace(offset=offset_of(bench, probe.address, reference))
        except MeasureError as error:
            raise click.ClickException("\n".join([str(error), bench.no_probes()]).strip()) from None
        _keep_offset(probe, database, fake)


def _keep_offset(probe: Probe, database: Database, fake: bool) -> None:
    _kept(database, fake).keep_probe(probe)
    click.echo(f"{probe.offset:+.2f} °C is added to what {probe.address} ({probe.role}) says")


@sensors.command()
@click.argument("role", required=False)
@_fake
def idle(role: str | None, fake: bool) -> None:
    """Learn the idle current of ROLE's clamp again, or of every clamp. The motors must be off.

    The loop learns them by itself too, after half an hour without any motor. Exit status 1 when one was not learned.
    """
    from flask_app.boiler.rows import MOTORS
    from sensor.calibrate import learn_idle

    if role is not None and role not in MOTORS:
        raise click.UsageError(f"{role!r} is no motor; there are {', '.join(MOTORS)}")
    with _commissioning(fake) as (_settings, database, fittings, bench):
        channels = [channel for channel in fittings.channels if role in (None, channel.role)]
        if not learn_idle(bench, channels, _kept(database, fake), click.echo):
            sys.exit(1)
