"""The web's two doors to the database: pages read through one that cannot write; what writes holds the lock."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from flask import Flask, current_app, g
from flask_babel import gettext as _
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from config.settings import Settings
from flask_app import here, lock
from flask_app.models import db

UNCLAIMED = 0x43484155  # "CHAU", as in store.World: the web has its own door and no `store`
MIGRATIONS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "migrations")


MARKS = {UNCLAIMED, 0x43484152, 0x43484153}
SIMULATED = 0x43484153  # "CHAS"


class ForeignFileError(Exception):
    """The file named as the database is something else."""


class DatabaseNotReadyError(Exception):
    """The database cannot be read now; the words say why and what to do."""


def configure(app: Flask, settings: Settings) -> None:
    """Gives `app` its engines: the default one reads only, `writer` writes."""
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///file:{settings.database}?mode=ro&uri=true"
    app.config["SQLALCHEMY_BINDS"] = {"writer": f"sqlite:///{settings.database}"}
    # A connection a request, closed at its end: SQLite opens one in a fraction of a millisecond, and none is left open.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"poolclass": NullPool}
    app.config["LOCK_SECONDS"] = 5.0
    db.init_app(app)
    with app.app_context():
        event.listen(db.engines["writer"], "connect", _writer_pragmas)
        event.listen(db.engines["writer"], "begin", _begin_immediate)


@cache
def _schema() -> str:
    """The newest migration, the schema that this code needs: files are named by their number, in order."""
    # Alembic would say the same, for 11 MB of memory in the worker (`make bench`); a test keeps the two equal.
    return max(name for name in os.listdir(os.path.join(MIGRATIONS, "versions")) if name.endswith(".py"))[:-3]


def check_ready() -> bool:
    """True when the database holds a simulated boiler, False for a real or an empty one.

    Raises DatabaseNotReadyError for a missing, foreign or not migrated file.
    """
    path = current_app.config["SETTINGS"].database
    remedy = _("Run `%(command)s`.", command=here.command("database upgrade"))
    if not os.path.exists(path):
        raise DatabaseNotReadyError(_("There is no database yet.") + " " + remedy)
    try:
        mark = ask("PRAGMA application_id")
        if mark not in MARKS:
            raise DatabaseNotReadyError(
                _("The file named as the database is another program's: name another one by CHAUDIERE_DATABASE.")
            )
        schema = ask("SELECT version_num FROM alembic_version")
    except (DBAPIError, sqlite3.Error) as error:
        reason = getattr(error, "orig", error)
        raise DatabaseNotReadyError(
            _("The database cannot be read (%(reason)s).", reason=reason) + " " + remedy
        ) from error
    if schema != _schema():
        raise DatabaseNotReadyError(_("The database has the schema of another version.") + " " + remedy)
    return bool(mark == SIMULATED)


def ask(sql: str) -> Any:
    """The one value of a question of every request: past SQLAlchemy, whose part of it costs more than the answer.

    Raises DBAPIError when the file cannot be opened, sqlite3.Error when it cannot be read.
    """
    connection: Any = db.session.connection().connection.driver_connection
    row = connection.execute(sql).fetchone()
    return row and row[0]


def _writer_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    # isolation_level None: the driver begins nothing by itself, `_begin_immediate` does.
    connection.isolation_level = None
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def writing() -> Iterator[Session]:
    """A session that may write, in one transaction under the lock. Raises lock.LockBusyError after LOCK_SECONDS."""
    settings: Settings = current_app.config["SETTINGS"]
    with lock.hold(settings.lock, current_app.config["LOCK_SECONDS"]):
        try:
            with Session(db.engines["writer"]) as session, session.begin():
                yield session
        finally:
            # The connection closes inside the lock: the last one to close checkpoints.
            db.engines["writer"].dispose()
            # What this request had read before is old (queries.once).
            g.pop("asked", None)


def upgrade(app: Flask) -> None:
    """Makes the database or brings its schema up to date. Raises ForeignFileError for a file that is not ours."""
    import flask_migrate  # with Alembic 11 MB: only this command needs them

    flask_migrate.Migrate(app, db, directory=MIGRATIONS)
    settings: Settings = app.config["SETTINGS"]
    with lock.hold(settings.lock, 30.0):
        _prepare_file(settings.database)
        with app.app_context():
            flask_migrate.upgrade(directory=MIGRATIONS)
            db.engines["writer"].dispose()


def _prepare_file(path: str) -> None:
    """Makes an empty database in WAL mode from the start: changing the mode later is not crash-safe everywhere."""
    try:
        connection = sqlite3.connect(path, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise ForeignFileError(f"{path} cannot be opened ({error}): check the folder and its owner") from error
    try:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        filled = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if filled and mark >> 8 != UNCLAIMED >> 8:
            raise ForeignFileError(f"{path} is another program's database: name another file by CHAUDIERE_DATABASE")
        connection.execute("PRAGMA journal_mode=WAL")
        if not mark:
            connection.execute(f"PRAGMA application_id={UNCLAIMED}")
    except sqlite3.OperationalError as error:
        raise ForeignFileError(f"{path} cannot be written ({error}): check the folder and its owner") from error
    except sqlite3.DatabaseError as error:
        raise ForeignFileError(f"{path} is not a database ({error}): move it away or restore a backup") from error
    finally:
        connection.close()
