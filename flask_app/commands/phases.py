"""The commands of the phases: named again, scored, and what was learned for them."""

from __future__ import annotations

import sys

import click

from flask_app.commands import installation


@click.group()
def phases() -> None:
    """The phases of the minutes kept."""


@phases.command(name="rework", epilog="Example: manager.py phases rework --hours 48")
@click.option("--from", "start", type=installation.Instant(), metavar="DATE", help="From this day, or epoch second.")
@click.option(
    "--to",
    "end",
    type=installation.Instant(),
    metavar="DATE",
    help="Up to its beginning; by default the newest minute.",
)
@click.option("--hours", type=installation.Number(0, 1e6, min_open=True), help="The last HOURS.")
@click.option("--resume", is_flag=True, help="Go on with a rework that was cut short.")
def rework_phases(start: int | None, end: int | None, hours: float | None, resume: bool) -> None:
    """Name the phases of a span again with today's rules, in place; nothing is sent. After a change of the rules,
    `--from 0` also makes the engine learn this boiler by them. It can be cut short: --resume goes on."""
    from flask_app.script.rework import Span, run

    if start is None and hours is None and not resume:
        raise click.UsageError("name the span: --from or --hours; or --resume")
    if resume and (start, end, hours) != (None, None, None):
        raise click.UsageError("--resume goes on with the span that was begun: give it alone")
    if end is not None and start is None:
        raise click.UsageError("--to needs --from: name where to begin")
    if end is not None and start is not None and end <= start:
        raise click.UsageError("--to must be later than --from")
    sys.exit(run(installation.settings(), None if resume else Span(start, end, hours)))


@phases.command(name="score")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...", type=click.Path(exists=True, dir_okay=False))
def score_phases(logs: tuple[str, ...]) -> None:
    """Score the phases against logs with a controller's own status (docs/phases.md says how)."""
    from bench import score

    for log in logs:
        try:
            score.report(log)
        except (KeyError, ValueError):
            raise click.ClickException(
                f"{log} is no log with a controller's status: docs/phases.md says which"
            ) from None


@phases.command(name="learned")
def show_learned() -> None:
    """Show what has been learned of this boiler."""
    from flask_app import store
    from flask_app.boiler import engine
    from flask_app.words import LEARNED

    with installation.opened() as (_settings, database):
        saved = store.state_before(database.connection, store.ALWAYS, engine.VERSION)
    if saved is None:
        raise click.ClickException("nothing is learned yet: no minute was judged by today's rules")
    for name, value, unit in engine.restore(saved[1]).habits.figures():
        click.echo(f"{LEARNED[name]}: " + ("not learned yet" if value is None else f"{value:.0f} {unit}"))


@phases.command(name="reset", epilog="Example: manager.py phases reset flue (the boiler was swept)")
@click.argument("part", type=click.Choice(["all", "flue", "igniter"]), default="all")
def reset_learned(part: str) -> None:
    """Learn anew: the flue's level after a sweep, the igniter's time after a new one, or all."""
    from flask_app import store

    with installation.opened() as (_settings, database), database.writing() as connection:
        store.reset_learning(connection, installation.now(), part, "manager")
    click.echo(f"learns anew from the next minute on: {part}")
