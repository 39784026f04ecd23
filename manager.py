"""The command line of Chaudiere. Each command imports what it needs inside itself: --help stays instant."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from config.settings import Settings, SettingsError, load, make_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flask_app.boiler.options import Options
    from flask_app.store import Database


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


# --- replay


@cli.command()
@click.argument("log", metavar="IN.csv", type=click.Path())
@click.option("--out", required=True, metavar="OUT.csv", type=click.Path(), help="Where phases and alerts are written.")
@click.option("--setpoint", default="56", show_default=True, help="Of the water, 30 to 90 °C.")
def replay(log: str, out: str, setpoint: str) -> None:
    """Replay a log of minutes through the engine; no database is touched.

    IN.csv has the header ts,water,flue,box,spare,secondary_fan,igniter,primary_fan,auger and a row a minute in
    rising order: UTC epoch seconds, °C, motors as the share of the minute in which they ran (0 to 1); empty = no
    value. OUT.csv gets ts,phase,alerts: a row for each row of IN.csv.
    """
    from flask_app.boiler.options import OptionError, Options, parse
    from flask_app.boiler.replay import ReplayError

    try:
        options = Options(setpoint=parse("setpoint", setpoint))
        count = _replay_file(log, out, options)
    except (OptionError, ReplayError) as error:
        raise click.ClickException(str(error)) from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{log} is not a text file in UTF-8") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or log}: {error.strerror}") from None
    click.echo(f"{count} rows replayed into {out}")


def _replay_file(log: str, out: str, options: Options) -> int:
    from flask_app.boiler.replay import ReplayError, replay

    target = os.path.realpath(out)
    if os.path.exists(target) and os.path.samefile(log, target):
        raise ReplayError(f"{out} is the log itself; name another file for --out")
    if os.path.exists(target) and not os.path.isfile(target):
        raise ReplayError(f"{out} is not a file; name a file for --out")
    part = f"{target}.{os.getpid()}.part"  # whole or not at all
    try:
        with open(log, encoding="utf-8-sig", newline="") as source, open(part, "w", encoding="utf-8") as result:
            size = os.fstat(source.fileno()).st_size
            with click.progressbar(length=size, label="Replaying", file=sys.stderr) as bar:
                count = replay(_told(source, bar.update), result, options)
        os.replace(part, target)
    finally:
        if os.path.exists(part):
            os.remove(part)
    return count


def _told(lines: Iterable[str], tell: Callable[[int], None], every: int = 10_000) -> Iterator[str]:
    """The same lines; `tell` hears of every so many by their length."""
    length = 0
    for number, line in enumerate(lines, 1):
        length += len(line)
        if number % every == 0:
            tell(length)
            length = 0
        yield line
    tell(length)


if __name__ == "__main__":
    sys.exit(cli())
