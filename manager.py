"""The command line of Chaudiere. Each command imports what it needs inside itself: --help stays instant."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


# --- users


@cli.group()
def users() -> None:
    """Who may change things from a page."""


@contextmanager
def _web() -> Iterator[Settings]:
    """The web room's application, ready to read and write users."""
    from flask_app.lock import LockBusyError
    from flask_app.web import account, create_app, doors

    settings = _settings()
    app = create_app(settings)
    with app.test_request_context():
        try:
            doors.check_ready()
            yield settings
        except (account.AccountError, doors.DatabaseNotReadyError, LockBusyError) as error:
            raise click.ClickException(str(error)) from None


def _asked_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True))


_from_stdin = click.option("--password-stdin", "from_stdin", is_flag=True, help="Read it from the standard input.")


@users.command()
def code() -> None:
    """Print the one-time code of the first visit; nothing when there is a user."""
    from flask_app.web import account, queries

    with _web() as settings:
        if not queries.has_user():
            click.echo(f"First visit: {settings.url}/admin/owner with the code {account.owner_code(settings)}")


@users.command()
@click.argument("name", required=False)
@_from_stdin
def create(name: str | None, from_stdin: bool) -> None:
    """Make the administrator NAME. Without NAME and with no user yet: print the code of the first visit."""
    from flask_app.web import account, queries

    with _web() as settings:
        if name is None and queries.has_user():
            raise click.UsageError("name the user to make")
        if name is None:
            click.echo(f"First visit: {settings.url}/admin/owner with the code {account.owner_code(settings)}")
            return
        account.create_user(name, _asked_password(from_stdin))
        account.forget_code(settings)
        click.echo(f"{name} may log in at {settings.url}/admin/")


@users.command("list")
def list_users() -> None:
    """List the users and their roles."""
    from flask_app.web import queries

    with _web():
        for user in queries.users():
            click.echo(f"{user.name}\t{user.role}\t{time.strftime('%Y-%m-%d', time.gmtime(user.created_ts))}")


@users.command()
@click.argument("name")
@_from_stdin
def password(name: str, from_stdin: bool) -> None:
    """Give NAME a new password; sessions of the old one end."""
    from flask_app.web import account

    with _web():
        account.set_password(name, _asked_password(from_stdin))
        click.echo(f"the password of {name} is changed")


@users.command("delete")
@click.argument("name")
@click.option("--force", is_flag=True, help="The last administrator too.")
def delete_user(name: str, force: bool) -> None:
    """Remove the user NAME."""
    from flask_app.web import account

    with _web():
        account.delete_user(name, force)
        click.echo(f"{name} is removed")


if __name__ == "__main__":
    sys.exit(cli())
