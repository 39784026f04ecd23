"""The commands that write the minutes into a file and read them back."""

from __future__ import annotations

import os
import sys

import click

from flask_app.commands import installation


@click.group()
def minutes() -> None:
    """The minutes kept, as a CSV file: UTC and local time, °C, shares of the minute, phase names."""


@minutes.command(
    name="export", epilog="Example: manager.py minutes export winter.csv --from 2026-10-01 --to 2027-04-01"
)
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--from", "start", type=installation.Instant(), default="0", metavar="DATE", help="From this day, or epoch second."
)
@click.option(
    "--to",
    "end",
    type=installation.Instant(),
    default=str(installation.LAST_TS),
    metavar="DATE",
    help="Up to its beginning.",
)
def export_minutes(file: str, start: int, end: int) -> None:
    """Write the minutes into FILE, which must not exist yet."""
    from zoneinfo import ZoneInfo

    from flask_app.script.minutes_file import export

    if os.path.exists(file):
        raise click.ClickException(f"{file} exists already: name another file")
    count = -1  # the heading is no minute
    with installation.opened() as (settings, database), installation.whole(file) as part:
        zone = ZoneInfo(installation.options(settings, database).timezone)
        with open(part, "w", encoding="utf-8", newline="") as out:
            for line in export(database, start, end, zone):
                out.write(line)
                count += 1
    click.echo(f"{count} minutes written into {file}")


@minutes.command(name="import")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--replace", is_flag=True, help="Write over minutes kept that differ.")
def import_minutes(file: str, replace: bool) -> None:
    """Read the minutes of FILE, as `export` writes them; opens no alert and sends nothing.

    Every line is checked first: one that cannot be used, and nothing is kept.
    """
    from flask_app.boiler.minutes_csv import MinuteError
    from flask_app.script.minutes_file import FileError, check, keep

    with installation.opened() as (settings, database), open(file, encoding="utf-8", newline="") as lines:
        try:
            total = check(database, lines, installation.now(), replace)
            if database.world is database.world.UNCLAIMED:
                database.claim(database.world.REAL)  # so that no simulated past joins it
            lines.seek(0)
            zone = installation.options(settings, database).timezone
            with click.progressbar(length=total, label="Minutes", file=sys.stderr) as bar:
                done = keep(database, lines, zone, bar.update)
        except (FileError, MinuteError) as error:
            raise click.ClickException(f"{file}: nothing was kept\n{error}") from None
        except UnicodeDecodeError:
            raise click.ClickException(f"{file} is not a text file in UTF-8") from None
    click.echo(f"{done.new} new, {done.replaced} replaced, {done.same} the same")
    if done.unnamed:
        click.echo(f"{done.unnamed} had no phase and are undefined: `phases rework` names them, sending nothing")
