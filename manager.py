"""The command line of Chaudiere. Each command imports what it needs inside itself: --help stays instant."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click

from config.settings import Settings, SettingsError, load, make_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from click._termui_impl import ProgressBar

    from flask_app.boiler.deliveries import Recipient
    from flask_app.boiler.fittings import Fittings, Probe
    from flask_app.boiler.options import Options
    from flask_app.boiler.rehearsal import Rehearsed
    from flask_app.store import Database
    from sensor.bench import Bench
    from sensor.kept import Kept
    from sensor.script_file import GivenFault, Script


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


def _options(settings: Settings, database: Database) -> Options:
    """The options in force now: the environment's, then what was set on the page."""
    from flask_app import store
    from flask_app.boiler.options import in_force

    return in_force(settings.options, store.option_changes(database.connection), _now())


def _now() -> int:
    return int(time.time())


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Watch a pellet or wood-chip boiler: database, alerts, simulator, replay.

    Settings come from the environment: config/prod/secret.env.template lists them all.
    """


# --- simulator


def _simulated_database(settings: Settings) -> Database:
    from flask_app.store import StoreError, World

    database = _database(settings)
    try:
        database.claim(World.SIMULATED)
    except StoreError as error:
        database.close()
        raise click.ClickException(f"no simulation here: {error}") from None
    return database


def _check_simulated(settings: Settings) -> None:
    from flask_app.store import World

    database = _database(settings)
    world = database.world
    database.close()
    if world is World.REAL:
        raise click.ClickException(
            f"{settings.database} holds a real boiler's rows: only a simulated boiler can be given faults or speed"
        )


def _script(settings: Settings) -> Script:
    from sensor.script_file import ScriptError, load

    try:
        return load(settings.simulator_script)
    except ScriptError as error:
        raise click.ClickException(str(error)) from None


@cli.group()
def simulator() -> None:
    """Give faults to the simulated boiler, or hurry it; a running loop follows within one reading."""


@simulator.command()
@click.argument("name")
def fault(name: str) -> None:
    """Let the fault NAME happen from now on, and say what will be seen and when.

    NAME: silo_empty, ignition_failure, jam, power_cut, sensor_lost, sensor_85 or loop_dead.
    """
    from dataclasses import replace

    from sensor.outlook import foresee
    from sensor.script_file import Fault, GivenFault, ScriptError, named, save

    settings = _settings()
    _check_simulated(settings)
    now, script = _now(), _script(settings)
    try:
        given = GivenFault(named(Fault, name), int(script.boiler_time(now)))
    except ScriptError as error:
        raise click.ClickException(str(error)) from None
    script = replace(script, faults=(*script.faults, given))
    save(settings.simulator_script, script)
    for ts, words in foresee(script, given, settings.options.setpoint):
        click.echo(f"{_local(settings, now + (ts - given.ts) / script.speed(now))}  {words}")


def _local(settings: Settings, ts: float) -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return f"{datetime.fromtimestamp(ts, ZoneInfo(settings.options.timezone)):%Y-%m-%d %H:%M}"


@simulator.command()
@click.argument("factor", type=float, metavar="N")
def speed(factor: float) -> None:
    """Let the simulated boiler's time run N times faster from now on (1 to 1000; 1: as the clock)."""
    from dataclasses import replace

    from sensor.script_file import ScriptError, SpeedChange, checked_speed, save

    settings = _settings()
    _check_simulated(settings)
    script = _script(settings)
    try:
        change = SpeedChange(_now(), checked_speed(factor))
    except ScriptError as error:
        raise click.ClickException(str(error)) from None
    save(settings.simulator_script, replace(script, speeds=(*script.speeds, change)))
    click.echo(
        f"from now on an hour of the boiler takes {3600 / factor:.0f} s; rows keep the true time. "
        "A minute shows the mean of what the boiler did in it."
    )


@cli.command()
@click.option("--days", type=click.IntRange(1, 3660), required=True, help="How much past to make.")
@click.option("--seed", type=click.IntRange(0), required=True, help="Another seed, another past.")
@click.option("--fault", "faults", multiple=True, metavar="NAME@HOURS_AGO", help="A fault of the past; repeatable.")
@click.option("--end", type=click.IntRange(0), help="Where the past ends, epoch seconds; by default now.")
def fakedata(days: int, seed: int, faults: tuple[str, ...], end: int | None) -> None:
    """Fill the database with a simulated boiler's past, which the loop started with --fake goes on from.

    In a database that has a simulated past already, only what is missing since its last reading is added.
    """
    from sensor.script_file import Script, ScriptError, fault_at_hours_ago, save

    settings = _settings()
    end = _now() if end is None else end
    try:
        given = sorted((fault_at_hours_ago(text, end) for text in faults), key=lambda fault: fault.ts)
    except ScriptError as error:
        raise click.ClickException(str(error)) from None
    database = _simulated_database(settings)
    try:
        newest = _newest_reading(database)
        if newest is None:
            script = Script(seed=seed, faults=tuple(given))
            save(settings.simulator_script, script)
        else:
            script = _script(settings)
            _check_continues(settings, script, seed, given)
        _fill(database, settings, script, max(end - days * 86400, (newest or 0) + 1), end)
    finally:
        database.close()


def _newest_reading(database: Database) -> int | None:
    from flask_app import store

    return store.newest_reading_ts(database.connection, 2**62)


def _check_continues(settings: Settings, script: Script, seed: int, given: list[GivenFault]) -> None:
    if script.seed != seed:
        raise click.ClickException(
            f"{settings.database} holds the past of seed {script.seed}: one boiler, one seed. "
            "Name another folder by CHAUDIERE_HOME"
        )
    if given:
        click.echo("This past is written already: the faults are left out. For a new one: simulator fault NAME")


def _fill(database: Database, settings: Settings, script: Script, start: int, end: int) -> None:
    from flask_app.script.archive_minute import archive
    from flask_app.script.deliver import deliver
    from flask_app.script.fakedata import Jobs, fill
    from flask_app.script.process_phase import process
    from flask_app.store import rotate
    from sensor.simulator import readings

    jobs = Jobs(archive=archive, process=process, deliver=deliver, rotate=rotate)
    period = settings.options.sample_seconds
    rows = readings(script, start, end, period)
    kept = 0
    with click.progressbar(length=max(0, int((end - start) / period)), label="Readings") as bar:
        for count in fill(database, settings, rows, end, jobs):
            kept += count
            bar.update(count)
    click.echo(f"{kept} readings, from {_local(settings, start)} to {_local(settings, end)}")


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


@database.command()
@click.argument("table")
def rotate(table: str) -> None:
    """Delete the old rows of TABLE: Chaudiere or ChaudiereMinute.

    How long they are kept are the options raw_hours and minute_days. A reading that no minute holds yet is kept.
    """
    from flask_app import lock, store

    settings = _settings()
    database = _database(settings)
    options = _options(settings, database)
    kept = {"Chaudiere": options.raw_hours * 3600, "ChaudiereMinute": options.minute_days * 86400}
    try:
        count = store.rotate(database, table, _now() - int(kept.get(table, 0)))
    except (store.StoreError, lock.LockBusyError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        database.close()
    click.echo(f"{count} rows of {table} deleted")


@database.command()
def stats() -> None:
    """Show what the database holds, its size, and what its SQLite is worth."""
    import sqlite3

    settings = _settings()
    database = _database(settings)
    for table in ("Chaudiere", "ChaudiereMinute", "Alert", "Delivery"):
        count = database.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        click.echo(f"{table:16} {count:9} rows")
    database.close()
    click.echo(
        f"{os.path.getsize(settings.database) / 1e6:.1f} MB in {settings.database}, {database.world.name.lower()}"
    )
    fixed = sqlite3.sqlite_version_info >= (3, 51, 3)
    verdict = "sound" if fixed else "its WAL needs the one lock that every write here holds (fixed in 3.51.3)"
    click.echo(f"SQLite {sqlite3.sqlite_version}: {verdict}")


def _copying(bar: ProgressBar[int]) -> Callable[[int, int], None]:
    return lambda left, total: bar.update(100 - 100 * left // max(1, total) - bar.pos)


@database.command()
@click.argument("file", type=click.Path(dir_okay=False), required=False)
def backup(file: str | None) -> None:
    """Copy the database into FILE while everything runs, and check the copy. FILE must not exist yet.

    Without FILE: today's copy in the folder `backups` of CHAUDIERE_HOME, where those of seven days and four Sundays
    are kept. cron does that each night.
    """
    from datetime import date

    from flask_app.script.backups import BackupError, make, make_daily

    settings = _settings()
    try:
        if file is None:
            file = make_daily(settings.database, settings.backups, date.today())
        else:
            with click.progressbar(length=100, label="Copying") as bar:
                make(settings.database, file, _copying(bar))
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{file} holds the database, checked")


@database.command()
@click.argument("file", type=click.Path(dir_okay=False))
def restore(file: str) -> None:
    """Put the copy FILE in the place of the database; what was there is kept beside it.

    Works while everything runs. A copy of an older version is brought up to date.
    """
    from flask_app.lock import LockBusyError
    from flask_app.script.backups import BackupError
    from flask_app.script.backups import restore as put_back
    from flask_app.web import create_app, doors

    settings = _settings()
    aside = f"{settings.database}.before-{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        with click.progressbar(length=100, label="Restoring") as bar:
            moved = put_back(file, settings.database, settings.lock, aside, _copying(bar))
    except (BackupError, LockBusyError) as error:
        raise click.ClickException(str(error)) from None
    doors.upgrade(create_app(settings))
    click.echo(f"{settings.database} is as in {file}; what was there before is {aside}")
    if moved:
        click.echo("the former file could not be read: start the programs again (supervisorctl restart all)")


@database.command(name="import-legacy")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option("--zone", help="Of its local times, such as Europe/Paris; by default this installation's zone.")
def import_legacy(folder: str, zone: str | None) -> None:
    """Take over the history of the predecessor (github.com/cheperboy/chaudiere); nobody is told of the past.

    DIR holds its chaudiere_minute.db, its chaudiere.db or both: its folder `db`, or a copy. They are only read. Minutes
    that are kept already stay as they are; a second run changes nothing, and one cut short goes on.
    """
    from zoneinfo import ZoneInfo

    from flask_app import lock, store
    from flask_app.boiler.options import OptionError, parse
    from flask_app.script.legacy import LegacyError, opened, summary, take

    settings = _settings()
    database = _database(settings)
    try:
        options = _options(settings, database)
        local = ZoneInfo(options.timezone if zone is None else parse("timezone", zone))
        with opened(folder) as tables:
            rows = sum(table.rows for table in tables)
            with click.progressbar(length=rows, label="Rows", file=sys.stderr) as bar:
                done = take(database, settings, tables, local, _now(), bar.update)
    except OptionError as error:
        raise click.BadParameter(str(error), param_hint="--zone") from None
    except (LegacyError, store.StoreError, lock.LockBusyError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        database.close()
    for line in summary(done, local):
        click.echo(line)
    if done.new:
        click.echo(
            f"minutes older than {options.minute_days:g} days go with the next rotation, their roll-ups stay; "
            "`phases rework --from 0` lets the engine learn from all of it"
        )


# --- minutes


@cli.group()
def minutes() -> None:
    """The minutes kept, as a CSV file: UTC and local time, °C, shares of the minute, phase names."""


class _Instant(click.ParamType):  # type: ignore[type-arg]  # of no argument at run time
    """A date of the installation's zone, its midnight; or UTC epoch seconds."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from datetime import date, datetime
        from zoneinfo import ZoneInfo

        if value.isascii() and value.isdecimal() and len(value) < 12:
            return int(value)
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a date such as 2026-01-31 nor epoch seconds", param, ctx)
        settings = _settings()
        database = _database(settings)
        zone = ZoneInfo(_options(settings, database).timezone)
        database.close()
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


@minutes.command(name="export")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--from", "start", type=_Instant(), default="0", metavar="DATE", help="From this day, or epoch second.")
@click.option("--to", "end", type=_Instant(), default="4102444800", metavar="DATE", help="Up to its beginning.")
def export_minutes(file: str, start: int, end: int) -> None:
    """Write the minutes into FILE, which must not exist yet."""
    from zoneinfo import ZoneInfo

    from flask_app.script.minutes_file import export

    if os.path.exists(file):
        raise click.ClickException(f"{file} exists already: name another file")
    settings = _settings()
    database = _database(settings)
    part, count = f"{file}.{os.getpid()}.part", -1  # whole or not at all; the heading is no minute
    try:
        with open(part, "w", encoding="utf-8", newline="") as out:
            for line in export(database, start, end, ZoneInfo(_options(settings, database).timezone)):
                out.write(line)
                count += 1
        os.replace(part, file)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    finally:
        database.close()
        if os.path.exists(part):
            os.remove(part)
    click.echo(f"{count} minutes written into {file}")


@minutes.command(name="import")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--replace", is_flag=True, help="Write over minutes kept that differ.")
def import_minutes(file: str, replace: bool) -> None:
    """Read the minutes of FILE, as `export` writes them; opens no alert and sends nothing.

    Every line is checked first: one that cannot be used, and nothing is kept.
    """
    from flask_app import lock
    from flask_app.boiler.minutes_csv import MinuteError
    from flask_app.script.minutes_file import FileError, check, keep

    settings = _settings()
    database = _database(settings)
    try:
        with open(file, encoding="utf-8", newline="") as lines:
            total = check(database, lines, _now(), replace)
            if database.world is database.world.UNCLAIMED:
                database.claim(database.world.REAL)  # so that no simulated past joins it
            lines.seek(0)
            with click.progressbar(length=total, label="Minutes", file=sys.stderr) as bar:
                done = keep(database, lines, _options(settings, database).timezone, bar.update)
    except (FileError, MinuteError, lock.LockBusyError) as error:
        raise click.ClickException(f"{file}: nothing was kept\n{error}") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not a text file in UTF-8") from None
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    finally:
        database.close()
    click.echo(f"{done.new} new, {done.replaced} replaced, {done.same} the same")
    if done.unnamed:
        click.echo(f"{done.unnamed} had no phase and are undefined: `phases rework` names them, sending nothing")


# --- phases


@cli.group()
def phases() -> None:
    """The phases of the minutes kept."""


@phases.command(name="rework")
@click.option("--from", "start", type=click.IntRange(0), metavar="TS", help="From this UTC epoch second.")
@click.option("--to", "end", type=click.IntRange(1), metavar="TS", help="Up to this one; by default the newest minute.")
@click.option("--hours", type=click.FloatRange(0, 1e6, min_open=True), help="The last HOURS.")
@click.option("--resume", is_flag=True, help="Go on with a rework that was cut short.")
def rework_phases(start: int | None, end: int | None, hours: float | None, resume: bool) -> None:
    """Name the phases of a span again with today's rules, in place; nothing is sent. After a change of the rules,
    `--from 0` also makes the engine learn this boiler by them. It can be cut short: --resume goes on."""
    from flask_app.script import process_phase

    if start is None and hours is None and not resume:
        raise click.UsageError("name the span: --from or --hours; or --resume")
    if resume and (start, end, hours) != (None, None, None):
        raise click.UsageError("--resume goes on with the span that was begun: give it alone")
    if end is not None and start is None:
        raise click.UsageError("--to needs --from: name where to begin")
    given = {"--from": start, "--to": end, "--hours": hours}
    words = [word for name, value in given.items() if value is not None for word in (name, str(value))]
    sys.exit(process_phase.main(os.environ, [*words, *["--resume"] * resume]))


@phases.command(name="score")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...", type=click.Path(exists=True, dir_okay=False))
def score_phases(logs: tuple[str, ...]) -> None:
    """Score the phases against logs with a controller's own status (docs/phases.md says how)."""
    from bench import score

    for log in logs:
        score.report(log)


@phases.command(name="learned")
def show_learned() -> None:
    """Show what has been learned of this boiler."""
    from flask_app import store
    from flask_app.boiler import engine
    from flask_app.words import LEARNED

    database = _database(_settings())
    saved = store.state_before(database.connection, store.ALWAYS, engine.VERSION)
    database.close()
    if saved is None:
        raise click.ClickException("nothing is learned yet: no minute was judged by today's rules")
    for name, value, unit in engine.restore(saved[1]).habits.figures():
        click.echo(f"{LEARNED[name]}: " + ("not learned yet" if value is None else f"{value:g} {unit}"))


@phases.command(name="reset")
@click.argument("part", type=click.Choice(["all", "flue", "igniter"]), default="all")
def reset_learned(part: str) -> None:
    """Learn anew: the flue's level after a sweep, the igniter's time after a new one, or all."""
    from flask_app import lock, store

    database = _database(_settings())
    try:
        with database.writing() as connection:
            store.reset_learning(connection, _now(), part, "manager")
    except lock.LockBusyError as error:
        raise click.ClickException(str(error)) from None
    finally:
        database.close()
    click.echo(f"learns anew from the next minute on: {part}")


# --- alerts


@cli.group()
def alerts() -> None:
    """What was warned of, and proof that a warning arrives."""


@alerts.command(name="test")
@click.option("--email", "emails", multiple=True, metavar="ADDRESS", help="A mail address; repeatable.")
@click.option("--sms", "phones", multiple=True, metavar="NUMBER", help="A phone, as +33639980000; repeatable.")
@click.option("--service", "services", multiple=True, metavar="URL", help="A service by apprise's URL; repeatable.")
@click.option("--really-send", is_flag=True, help="Send it even though the boiler is simulated.")
def test_alerts(emails: tuple[str, ...], phones: tuple[str, ...], services: tuple[str, ...], really_send: bool) -> None:
    """Send a test message and show what the gateway answers."""

    from flask_app import store
    from flask_app.boiler import deliveries

    given = {"CHAUDIERE_ALERT_EMAILS": ",".join(emails), "CHAUDIERE_ALERT_PHONES": ",".join(phones)}
    try:
        asked: Settings = load({**os.environ, **given})
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    recipients = [deliveries.Recipient("mail", address) for address in asked.alert_emails]
    recipients += [deliveries.Recipient("sms", phone) for phone in asked.alert_phones]
    recipients += [deliveries.Recipient("apprise", url) for url in services]
    if not recipients:
        raise click.UsageError("nobody to send to: give --email, --sms or --service")
    settings = _settings()
    database = _database(settings)
    with database.writing(durable=True) as connection:
        trials = [deliveries.trial(recipient, _now()) for recipient in recipients]
        ids = store.insert_deliveries(connection, None, trials)
    _show_answers(database, settings, dict(zip(ids, recipients, strict=False)), really_send)


def _show_answers(
    database: Database, settings: Settings, asked: dict[int, Recipient], really_send: bool = False
) -> None:
    """Sends those deliveries now and shows what each gateway answers; exit status 1 unless all are accepted."""
    from flask_app.boiler import deliveries
    from flask_app.script.deliver import deliver

    answers = deliver(database, settings, only=list(asked), really_send=really_send)
    database.close()
    for number, recipient in asked.items():
        answer = answers.get(number)
        said = (
            f"{answer.outcome.value}: {answer.words}" if answer else "waiting: another run is sending, and sends this"
        )
        click.echo(f"{recipient.channel} {recipient.address}: {said}")
    if any(deliveries.next_step(answer.outcome) != "sent_ts" for answer in answers.values()) or not answers:
        sys.exit(1)


@alerts.command()
@click.argument("alert_id", type=click.IntRange(1), metavar="ID")
@click.option("--really-send", is_flag=True, help="Send it even though the boiler is simulated.")
def resend(alert_id: int, really_send: bool) -> None:
    """Send the newest message of the alert ID again, to each who got one. `alerts list` shows the IDs."""
    from flask_app import store
    from flask_app.boiler import deliveries

    settings = _settings()
    database = _database(settings)
    if not store.has_alert(database.connection, alert_id):
        database.close()
        raise click.ClickException(f"there is no alert {alert_id}: `alerts list` shows them")
    newest = store.newest_deliveries(database.connection, alert_id)
    if not newest:
        database.close()
        raise click.ClickException(f"nobody was told of alert {alert_id}: there is nothing to send again")
    people = [deliveries.Recipient(channel, address) for _reason, channel, address in newest]
    planned = [
        deliveries.trial(person, _now(), deliveries.Occasion(reason))
        for person, (reason, _, _) in zip(people, newest, strict=True)
    ]
    with database.writing(durable=True) as connection:
        ids = store.insert_deliveries(connection, alert_id, planned)
    _show_answers(database, settings, dict(zip(ids, people, strict=False)), really_send)


@alerts.command()
@click.option("--setpoint", type=click.FloatRange(30, 90), metavar="°C", help="The water to warn below.")
@click.option("--low-indoor", type=click.FloatRange(0, 25), metavar="°C", help="The room to warn below.")
@click.option("--days", type=click.IntRange(1, 3660), default=7, show_default=True, help="How far back.")
def rehearse(setpoint: float | None, low_indoor: float | None, days: int) -> None:
    """Show when another threshold would have alerted, on the minutes kept; nothing is changed or sent."""
    from flask_app import store
    from flask_app.boiler import rehearsal
    from flask_app.boiler.options import every_option

    given = {"setpoint": setpoint, "low_indoor": low_indoor}
    tried = {name: value for name, value in given.items() if value is not None}
    if not tried:
        raise click.UsageError("name a threshold: --setpoint or --low-indoor")
    settings = _settings()
    database = _database(settings)
    changes = store.option_changes(database.connection)
    start = _now() - days * 86400
    minutes = store.minutes(database.connection, start - rehearsal.WARM_UP, _now())
    database.close()
    if not any(minute.ts >= start for minute in minutes):
        raise click.ClickException(f"there are no minutes of the last {days} days to try it on")
    options_at = every_option(settings.options, changes)
    for name, value in tried.items():
        for number in dict.fromkeys((getattr(options_at(_now()), name), value)):
            _show_rehearsed(settings, name, number, rehearsal.rehearse(minutes, start, options_at, name, number))


def _show_rehearsed(settings: Settings, name: str, value: float, found: list[Rehearsed]) -> None:
    click.echo(f"{name} {value:g} °C: {len(found) or 'no'} alert{'s' * (len(found) > 1)}")
    for one in found:
        until = "still open" if one.closed_ts is None else f"to {_local(settings, one.closed_ts)}"
        click.echo(f"  {_local(settings, one.opened_ts)} {until}, coldest {one.coldest:.1f} °C")


@alerts.command(name="list")
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="How far back.")
def list_alerts(days: int) -> None:
    """List the alerts, newest first."""
    database = _database(_settings())
    query = (
        "SELECT id, kind, opened_ts, closed_ts, acknowledged_by FROM Alert WHERE opened_ts >= ? ORDER BY opened_ts DESC"
    )
    for number, kind, opened_ts, closed_ts, by in database.connection.execute(
        query, (_now() - days * 86400,)
    ).fetchall():
        opened, closed = (ts and time.strftime("%Y-%m-%d %H:%MZ", time.gmtime(ts)) for ts in (opened_ts, closed_ts))
        click.echo(f"{number:6} {kind:16} {opened} to {closed or '(open)'}{f', {by} looks after it' if by else ''}")
    database.close()


# --- status


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Say whether all is well: exit status 0 healthy, 1 not, 2 when it cannot tell."""
    import json
    import sqlite3

    from flask_app import lock, store, system
    from flask_app.script.status import report

    try:
        settings = load(os.environ)
        database = store.Database(settings.database, settings.lock)
        place = system.Place(settings.database, settings.home, settings.runtime)
        told = system.facts(database.connection, _now())
        checks = system.checks(place, told, _now(), system.today(_now()))
        database.close()
    except (SettingsError, store.StoreError, lock.LockBusyError, sqlite3.Error, OSError) as error:
        click.echo(f"cannot tell: {error}", err=True)
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


# --- sensors


@cli.group()
def sensors() -> None:
    """Probes and current clamps: see them, name them, calibrate them; no file is edited.

    Works beside the running loop, which follows within a minute. With --fake the simulated boiler stands in for the
    hardware.
    """


_fake = click.option("--fake", is_flag=True, help="Ask the simulated boiler instead of the hardware.")


@contextmanager
def _commissioning(fake: bool) -> Iterator[tuple[Settings, Database, Fittings, Bench]]:
    """An installation's database, what it is fitted with, and what measures it."""
    import sqlite3

    from flask_app.lock import LockBusyError
    from flask_app.store import StoreError, World
    from sensor.create_data import fittings
    from sensor.script_file import ScriptError

    settings = _settings()
    database = _database(settings)
    if database.world is (World.REAL if fake else World.SIMULATED):
        database.close()
        remedy = "leave --fake out" if fake else "add --fake"
        raise click.ClickException(f"{settings.database} holds a {database.world.name.lower()} boiler: {remedy}")
    try:
        options = _options(settings, database)
        yield (
            settings,
            database,
            fittings(database.connection, options),
            _bench(settings, float(options.mains_hz), fake),
        )
    except (ScriptError, StoreError, LockBusyError, sqlite3.Error) as error:
        raise click.ClickException(str(error)) from None
    finally:
        database.close()


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

    NOISE is the standard deviation over the readings; KEPT, how long ago the loop kept a value of it, within a
    day. Exit status 1
    when something fitted gives no value, with its remedy. Takes about two seconds a reading.
    """
    from flask_app.boiler.rows import COLUMNS
    from flask_app.store import newest_value_ts
    from sensor.check import lines, look

    with _commissioning(fake) as (settings, database, fittings, bench):
        report = look(bench, fittings, () if fake else settings.probes, readings)
        now = _now()

        def age(role: str) -> int | None:
            kept = newest_value_ts(database.connection, COLUMNS[role], now)
            return None if kept is None else max(0, now - kept)

        click.echo("\n".join(lines(report, age)))
    if not report.well:
        sys.exit(1)


def _kept(database: Database, fake: bool) -> Kept:
    """What keeps a commissioning command's changes; the database becomes a real or a simulated boiler's."""
    import getpass

    from flask_app.store import World
    from sensor.kept import Kept

    database.claim(World.SIMULATED if fake else World.REAL)
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return Kept(database, f"manager.py ({user})")


@sensors.command()
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
        spare = _options(settings, database).spare
        questions = Questions(click.echo, given)
        try:
            walk(bench, questions, _kept(database, fake), spare, wanted)
        except AnswerError as error:
            raise click.ClickException(str(error)) from None
        except (LeftError, KeyboardInterrupt):
            click.echo("\nLeft. What was answered is kept: `sensors setup` asks for the rest.")
            sys.exit(130)


@sensors.command(context_settings={"ignore_unknown_options": True})
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
            raise click.ClickException(str(error)) from None
        _keep_offset(changed, database, fake)


@sensors.command()
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
            raise click.ClickException(str(error)) from None
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
