"""What every command starts from: settings, database, options; and the words for what cannot be used."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from config.settings import Settings, load, make_folders

if TYPE_CHECKING:
    from flask_app.boiler.options import Options
    from flask_app.store import Database

LAST_TS = 4_102_444_800  # 2100


class Explaining(click.Group):
    """The commands as one: where the installation is the reason, they end in words and not in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:  # all that are not known here go on as they are
            from flask_app.reasons import KNOWN, reason

            error = getattr(error, "orig", error)  # the web's door wraps what SQLite says
            if not isinstance(error, KNOWN):
                raise
            raise click.ClickException(reason(error)) from None


class Number(click.FloatRange):
    """A number within a range; nan, which no comparison refuses, is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        found = float(super().convert(value, param, ctx))
        if math.isnan(found):
            self.fail(f"{value!r} is no number", param, ctx)
        return found


class Instant(click.ParamType):  # type: ignore[type-arg]  # of no argument at run time
    """A date of the installation's zone, its midnight; or UTC epoch seconds."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Epoch seconds; where they do not fit, an end of the command."""
        from datetime import date, datetime
        from zoneinfo import ZoneInfo

        if value.isascii() and value.isdecimal() and len(value) < 12 and int(value) <= LAST_TS:
            return int(value)
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a date such as 2026-01-31 nor epoch seconds", param, ctx)
        with opened() as (settings, database):
            zone = ZoneInfo(options(settings, database).timezone)
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


@contextmanager
def whole(file: str) -> Iterator[str]:
    """A path beside `file` to write to, which takes its place at the end: whole or not at all."""
    part = f"{file}.{os.getpid()}.part"
    try:
        yield part
        os.replace(part, file)
    except OSError as error:
        if error.filename in (None, part):  # a full disk names no file
            error.filename = file
        raise
    finally:
        if os.path.exists(part):
            os.remove(part)


def settings() -> Settings:
    """The installation's settings, its folders made."""
    try:
        found = load(os.environ)
        make_folders(found)
    except OSError as error:
        from flask_app.reasons import OWNER

        raise click.ClickException(
            f"{error.filename}: {error.strerror}: {OWNER}, or name another folder by CHAUDIERE_HOME"
        ) from None
    return found


@contextmanager
def opened() -> Iterator[tuple[Settings, Database]]:
    """The installation's settings and its database, closed at the end."""
    from flask_app import store

    found = settings()
    with store.opened(found.database, found.lock) as database:
        yield found, database


def options(settings: Settings, database: Database) -> Options:
    """The options in force now: the environment's, then what was set on the page."""
    from flask_app import store
    from flask_app.boiler.options import in_force

    return in_force(settings.options, store.option_changes(database.connection), now())


def now() -> int:
    """UTC epoch seconds."""
    return int(time.time())


def local(zone: str, ts: float) -> str:
    """A time as the household reads it."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return f"{datetime.fromtimestamp(ts, ZoneInfo(zone)):%Y-%m-%d %H:%M}"
