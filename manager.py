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


# --- status


@cli.command()
def status() -> None:
    """Say whether all is well: exit status 0 healthy, 1 not, 2 when it cannot tell."""
    import sqlite3

    from flask_app import lock, store
    from flask_app.script.status import report

    try:
        settings = load(os.environ)
        database = store.Database(settings.database, settings.lock)
        health = store.health(database.connection, _now())
        database.close()
    except (SettingsError, store.StoreError, lock.LockBusyError, sqlite3.Error, OSError) as error:
        click.echo(f"cannot tell: {error}", err=True)
        sys.exit(2)
    lines, reasons = report(health, _now())
    click.echo("\n".join([*lines, *(f"not well: {reason}" for reason in reasons)]))
    if reasons:
        sys.exit(1)
    click.echo("healthy")


if __name__ == "__main__":
    sys.exit(cli())
