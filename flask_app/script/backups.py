"""Copies of the whole database: made while everything runs, checked, kept in bounded number, and put back."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta

from flask_app import here, lock, store

DAILY, WEEKLY = 7, 4  # copies kept: of the last days, and of the last Sundays before them
NAME = re.compile(r"chaudiere-(\d{4}-\d{2}-\d{2})\.db")
UNFINISHED = re.compile(rf"{NAME.pattern}\.new(?:\.(\d+)\.part(?:-\w+)?)?")
PAGES = 500  # copied at a time: 2 MB, between which writers get their turn
LOCK_SECONDS = 30.0
SPARE = 1.2  # times the database's size that must be free

Progress = Callable[[int, int], object]
"""(pages left, pages in all)"""


class BackupError(Exception):
    """A copy that cannot be made or put back; its text says why and what to do."""


def make(database: str, file: str, progress: Progress = lambda _left, _all: None) -> None:
    """Copies the database at `database` into `file`, which must not exist, while everything runs; whole or not at all.

    Raises BackupError.
    """
    if os.path.exists(file):
        raise BackupError(f"{file} exists already: name another file")
    if not os.path.exists(database):
        raise BackupError(f"{database} does not exist: run `{here.command('database upgrade')}`")
    folder = os.path.dirname(os.path.abspath(file))
    part = f"{file}.{os.getpid()}.part"
    try:
        size = sum(os.path.getsize(name) for name in (database, f"{database}-wal") if os.path.exists(name))
        room = os.statvfs(folder)
        if room.f_bavail * room.f_frsize < SPARE * size:
            raise BackupError(
                f"{folder} has too little room for {size / 1e6:.0f} MB: free some, or name another folder"
            )
        with closing(_reading(database)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy, pages=PAGES, progress=lambda _status, left, total: progress(left, total))
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a WAL beside it
        _check(part)
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        os.chmod(part, 0o640)
        os.replace(part, file)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{file}: {error.strerror if isinstance(error, OSError) else error}") from None
    finally:
        for name in (part, f"{part}-journal"):
            if os.path.exists(name):
                os.remove(name)


def make_daily(database: str, folder: str, today: date) -> str:
    """The day's copy in `folder`, made anew when there is one, and those too old removed; returns its path."""
    os.makedirs(folder, mode=0o750, exist_ok=True)
    file = os.path.join(folder, f"chaudiere-{today.isoformat()}.db")
    fresh = f"{file}.new"
    _sweep(folder)
    make(database, fresh)
    os.replace(fresh, file)
    names = os.listdir(folder)
    for name in set(filter(NAME.fullmatch, names)) - kept(names, today):
        os.remove(os.path.join(folder, name))
    return file


def _sweep(folder: str) -> None:
    """Removes what a power cut left of the copies that it cut short; one that still goes on is another process's."""
    for name in os.listdir(folder):
        found = UNFINISHED.fullmatch(name)
        if found and not (found[2] and os.path.exists(f"/proc/{found[2]}")):
            os.remove(os.path.join(folder, name))


def kept(names: list[str], today: date) -> set[str]:
    """Of the files in `names`, the copies to keep: counted, for one night of a clock set wrong makes no copy old.

    Those dated after `today` may be all there is from before a clock went back. They are kept until copies up to
    `today` are as many as there can be; from then on what is dated farther ahead than a week is a wrong clock's.

    >>> names = [f"chaudiere-2026-11-{day}.db" for day in range(14, 25)] + ["chaudiere-2031-01-01.db"]
    >>> sorted(set(names) - kept(names, date(2026, 11, 24)))
    ['chaudiere-2026-11-14.db', 'chaudiere-2026-11-16.db', 'chaudiere-2026-11-17.db']
    """
    days = {date.fromisoformat(found[1]): name for name in names if (found := NAME.fullmatch(name))}
    recent = _newest([day for day in days if day <= today])
    later = [day for day in days if day > today]
    if len(recent) == DAILY + WEEKLY:
        later = [day for day in later if day <= today + timedelta(days=DAILY)]
    return {days[day] for day in recent | _newest(later)}


def _newest(days: list[date]) -> set[date]:
    ordered = sorted(days, reverse=True)
    return {*ordered[:DAILY], *[day for day in ordered[DAILY:] if day.weekday() == 6][:WEEKLY]}


def restore(
    file: str, database: str, lock_path: str, aside: str, progress: Progress = lambda _left, _all: None
) -> bool:
    """Puts the copy `file` in the place of the database; what was there is kept as `aside`.

    False: it was put in under the running programs, who see it from now on. True: what was there could not be read and
    was moved away, so that the programs must be started again. Raises BackupError or LockBusyError.
    """
    world, there = _check(file), os.path.exists(database)
    with lock.hold(lock_path, LOCK_SECONDS):
        readable = _readable(database)
        if readable is None:
            _move(database, aside)
        elif store.World.UNCLAIMED not in (world, readable) and readable is not world:
            raise BackupError(
                f"{file} is of a {world.name.lower()} boiler, {database} of a {readable.name.lower()} one"
            )
        else:
            make(database, aside)
        try:
            with closing(_reading(file)) as source, closing(sqlite3.connect(database, timeout=LOCK_SECONDS)) as target:
                source.backup(target, pages=-1, progress=lambda _status, left, total: progress(left, total))
                target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (sqlite3.Error, OSError) as error:
            raise BackupError(f"{database}: {error}; what was there is {aside}") from None
    return there and readable is None


def _reading(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{os.path.abspath(path).replace('?', '%3f').replace('#', '%23')}?mode=ro", uri=True)


def _check(path: str) -> store.World:
    """Whose rows the copy at `path` holds. Raises BackupError when absent, damaged, another program's or newer."""
    if not os.path.isfile(path):
        raise BackupError(f"{path} is no file")
    try:
        with closing(_reading(path)) as connection:
            mark = connection.execute("PRAGMA application_id").fetchone()[0]
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
            if mark not in {world.value for world in store.World}:
                raise BackupError(f"{path} is not a Chaudiere database")
            if verdict != "ok":
                raise BackupError(f"{path} is damaged ({verdict}): take an older copy")
            schema = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupError(f"{path} cannot be read as a database ({error}): take another copy") from None
    if schema > store.SCHEMA:
        raise BackupError(f"{path} was made by a newer version (schema {schema}): install that version first")
    return store.World(mark)


def _readable(database: str) -> store.World | None:
    try:
        return _check(database)
    except BackupError:
        return None


def _move(database: str, aside: str) -> None:
    for ending in ("", "-wal", "-shm"):
        if os.path.exists(database + ending):
            os.replace(database + ending, aside + ending)
