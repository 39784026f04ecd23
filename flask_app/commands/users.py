"""The commands of the users: who may change things from a page."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from config.settings import Settings
from flask_app.commands import installation


@click.group()
def users() -> None:
    """Who may change things from a page."""


@contextmanager
def _web() -> Iterator[Settings]:
    """The web room's application, ready to read and write users."""
    from flask_app.web import account, create_app, doors

    settings = installation.settings()
    app = create_app(settings)
    with app.test_request_context():
        try:
            doors.check_ready()
            yield settings
        except (account.AccountError, doors.DatabaseNotReadyError) as error:
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


@users.command(epilog="Example: manager.py users create ana --role viewer")
@click.argument("name", required=False)
@click.option("--role", type=click.Choice(["admin", "viewer"]), default="admin", show_default=True)
@_from_stdin
def create(name: str | None, role: str, from_stdin: bool) -> None:
    """Make the user NAME. Without NAME and with no user yet: print the code of the first visit."""
    from flask_app.web import account, queries

    with _web() as settings:
        if name is None and queries.has_user():
            raise click.UsageError("name the user to make")
        if name is None:
            click.echo(f"First visit: {settings.url}/admin/owner with the code {account.owner_code(settings)}")
            return
        account.create_user(name, _asked_password(from_stdin), role)
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


@users.command("no-totp")
@click.argument("name")
def drop_totp(name: str) -> None:
    """Take the second factor of NAME away: for who has lost the phone."""
    from flask_app.web import account

    with _web():
        account.set_totp(name, None)
        click.echo(f"{name} logs in with the password alone")


@users.command("delete")
@click.argument("name")
@click.option("--force", is_flag=True, help="The last administrator too.")
def delete_user(name: str, force: bool) -> None:
    """Remove the user NAME."""
    from flask_app.web import account

    with _web():
        account.delete_user(name, force)
        click.echo(f"{name} is removed")
