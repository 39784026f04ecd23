"""The command line of Chaudiere. Its commands, in flask_app/commands, import what they need inside themselves."""

from __future__ import annotations

import sys

import click

from flask_app.commands.alerts import alerts
from flask_app.commands.database import database
from flask_app.commands.installation import Explaining
from flask_app.commands.minutes import minutes
from flask_app.commands.phases import phases
from flask_app.commands.replay import replay
from flask_app.commands.sensors import sensors
from flask_app.commands.simulator import fakedata, simulator
from flask_app.commands.status import status
from flask_app.commands.users import users


@click.group(cls=Explaining, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Watch a pellet or wood-chip boiler: database, alerts, simulator, replay.

    Settings come from the environment: config/prod/secret.env.template lists them all.
    """


for command in (alerts, database, fakedata, minutes, phases, replay, sensors, simulator, status, users):
    cli.add_command(command)


if __name__ == "__main__":
    sys.exit(cli())
