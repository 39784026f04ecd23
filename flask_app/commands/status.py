"""The command that says whether all is well, for people and for monitors."""

from __future__ import annotations

import os
import sys

import click

from config.settings import load
from flask_app.commands import installation


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Say whether all is well: exit status 0 healthy, 1 not, 2 when it cannot tell."""
    import json

    from flask_app import store, system
    from flask_app.reasons import KNOWN, reason
    from flask_app.script.status import report

    now = installation.now()
    try:
        settings = load(os.environ)
        with store.opened(settings.database, settings.lock) as database:
            place = system.Place(settings.database, settings.home, settings.runtime)
            told = system.facts(database.connection, now)
            checks = system.checks(place, told, now, system.today(now))
    except KNOWN as error:
        click.echo(f"cannot tell: {reason(error)}", err=True)
        sys.exit(2)
    lines, reasons = report(checks)
    if as_json:
        click.echo(json.dumps({"well": not reasons, "checks": [check._asdict() for check in checks]}))
    else:
        click.echo("\n".join([*lines, *(f"not well: {reason}" for reason in reasons)]))
    if reasons:
        sys.exit(1)
    if not as_json:
        click.echo("healthy")
