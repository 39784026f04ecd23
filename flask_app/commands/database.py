"""The commands of the database: made, trimmed, copied, put back, filled with the predecessor's history."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from flask_app.commands import installation

if TYPE_CHECKING:
    from collections.abc import Callable

    from click._termui_impl import ProgressBar


@click.group()
def database() -> None:
    """Make, upgrade, trim, copy and restore the database."""


@database.command()
def upgrade() -> None:
    """Make the database, or bring its schema up to date. Harmless when it already is."""
    from flask_app.web import create_app, doors

    settings = installation.settings()
    try:
        doors.upgrade(create_app(settings))
    except doors.ForeignFileError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{settings.database} is up to date")


@database.command()
@click.argument("table")
def rotate(table: str) -> None:
    """Delete the old rows of TABLE: Chaudiere or ChaudiereMinute.

    How long they are kept are the options raw_hours and minute_days. A row goes once as many newer minutes are there as
    that time has: a clock set wrong and a boiler left off delete nothing. A reading that no minute holds yet is kept.
    """
    from flask_app import store

    with installation.opened() as (settings, database):
        options = installation.options(settings, database)
        kept = {"Chaudiere": options.raw_hours * 3600, "ChaudiereMinute": options.minute_days * 86400}
        seconds = int(kept.get(table, 0))
        counted_ts = store.counted_minute_ts(database.connection, seconds // 60) or 0
        count = store.rotate(database, table, min(installation.now() - seconds, counted_ts))
    click.echo(f"{count} rows of {table} deleted")


@database.command()
def stats() -> None:
    """Show what the database holds, its size, and what its SQLite is worth."""
    import sqlite3

    with installation.opened() as (settings, database):
        for table in ("Chaudiere", "ChaudiereMinute", "Alert", "Delivery"):
            count = database.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            click.echo(f"{table:16} {count:9} rows")
    size = os.path.getsize(settings.database) / 1e6
    click.echo(f"{size:.1f} MB in {settings.database}, {database.world.name.lower()}")
    fixed = sqlite3.sqlite_version_info >= (3, 51, 3)
    verdict = "sound" if fixed else "its WAL needs the one lock that every write here holds (fixed in 3.51.3)"
    click.echo(f"SQLite {sqlite3.sqlite_version}: {verdict}")


def _copying(bar: ProgressBar[int]) -> Callable[[int, int], None]:
    return lambda left, total: bar.update(100 - 100 * left // max(1, total) - bar.pos)


@database.command(epilog="Example: manager.py database backup /media/usb/chaudiere-before-winter.db")
@click.argument("file", type=click.Path(dir_okay=False), required=False)
def backup(file: str | None) -> None:
    """Copy the database into FILE while everything runs, and check the copy. FILE must not exist yet.

    Without FILE: today's copy in the folder `backups` of CHAUDIERE_HOME, where those of seven days and four Sundays
    are kept. cron does that each night.
    """
    from datetime import date

    from flask_app.script.backups import BackupError, make, make_daily

    settings = installation.settings()
    try:
        if file is None:
            file = make_daily(settings.database, settings.backups, date.today())
        else:
            with click.progressbar(length=100, label="Copying") as bar:
                make(settings.database, file, _copying(bar))
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{file} holds the database, checked")


@database.command(epilog="Example: manager.py database restore var/backups/chaudiere-2026-11-22.db")
@click.argument("file", type=click.Path(dir_okay=False))
def restore(file: str) -> None:
    """Put the copy FILE in the place of the database; what was there is kept beside it.

    Works while everything runs. A copy of an older version is brought up to date.
    """
    from flask_app import here
    from flask_app.script.backups import BackupError
    from flask_app.script.backups import restore as put_back
    from flask_app.web import create_app, doors

    settings = installation.settings()
    aside = f"{settings.database}.before-{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        with click.progressbar(length=100, label="Restoring") as bar:
            moved = put_back(file, settings.database, settings.lock, aside, _copying(bar))
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    doors.upgrade(create_app(settings))
    before = f"; what was there before is {aside}" if os.path.exists(aside) else ""
    click.echo(f"{settings.database} is as in {file}{before}")
    if moved:
        click.echo(f"the former file could not be read: start the programs again (`{here.restart()}`)")


@database.command(name="import-legacy", epilog="Example: manager.py database import-legacy /home/pi/Prod/db")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option("--zone", help="Of its local times, such as Europe/Paris; by default this installation's zone.")
def import_legacy(folder: str, zone: str | None) -> None:
    """Take over the history of the predecessor (github.com/cheperboy/chaudiere); nobody is told of the past.

    DIR holds its chaudiere_minute.db, its chaudiere.db or both: its folder `db`, or a copy. They are only read. Minutes
    that are kept already stay as they are; a second run changes nothing, and one cut short goes on.
    """
    from zoneinfo import ZoneInfo

    from flask_app.boiler.options import OptionError, parse
    from flask_app.script.legacy import LegacyError, opened, summary, take

    with installation.opened() as (settings, database):
        options = installation.options(settings, database)
        try:
            local = ZoneInfo(options.timezone if zone is None else parse("timezone", zone))
        except OptionError as error:
            raise click.BadParameter(str(error), param_hint="--zone") from None
        try:
            with opened(folder) as tables:
                rows = sum(table.rows for table in tables)
                with click.progressbar(length=rows, label="Rows", file=sys.stderr) as bar:
                    done = take(database, settings, tables, local, installation.now(), bar.update)
        except LegacyError as error:
            raise click.ClickException(str(error)) from None
    for line in summary(done, local):
        click.echo(line)
    if done.new:
        click.echo(
            f"minutes older than {options.minute_days:g} days go with the next rotation, their roll-ups stay; "
            "`phases rework --from 0` lets the engine learn from all of it"
        )
