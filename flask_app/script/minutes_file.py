"""Writes the minutes to a CSV file and reads them back; what it reads opens no alert and sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import tzinfo
from itertools import groupby
from typing import NamedTuple

from flask_app import store
from flask_app.boiler import minutes_csv
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import MINUTE, Row
from flask_app.script.rollups import refresh

DAY = 86400
SHOWN = 20  # faults told in full


class FileError(ValueError):
    """A file that cannot be imported; the words name its lines."""


class Kept(NamedTuple):
    """What an import did, in minutes."""

    new: int
    replaced: int
    same: int
    unnamed: int  # without a phase in the file: kept as undefined


def export(database: store.Database, start_ts: int, end_ts: int, zone: tzinfo) -> Iterator[str]:
    """The lines of the minutes of [start_ts, end_ts), read a day at a time."""
    oldest, newest = store.minute_span(database.connection)
    yield minutes_csv.heading()
    if oldest is None or newest is None:
        return
    for day_ts in range(max(start_ts, oldest), min(end_ts, newest + MINUTE), DAY):
        minutes = store.minutes(database.connection, day_ts, min(day_ts + DAY, end_ts))
        yield from minutes_csv.written(minutes, zone)


def check(database: store.Database, lines: Iterable[str], now: int, replace: bool) -> int:
    """Reads every line and changes nothing; returns how many minutes there are.

    Raises FileError that names the lines that cannot be used, are of the future or, unless `replace`, say something
    else than the minute that is kept.
    """
    faults: list[str] = []
    count = total = 0

    def tell(number: int, words: str) -> None:
        nonlocal total
        total += 1
        if total <= SHOWN:
            faults.append(f"line {number}: {words}")

    for chunk in _days(minutes_csv.read(lines, tell)):
        kept = _kept(database, chunk)
        count += len(chunk)
        for number, minute in chunk:
            if minute.ts > now:
                tell(number, "this minute has not been yet")
            elif not replace and minute.ts in kept and _differ(minute, kept[minute.ts]):
                tell(number, "another minute of this time is kept; --replace writes over it")
    if total:
        more = [f"and {total - SHOWN} more"] if total > SHOWN else []
        raise FileError("\n".join([*faults, *more]))
    return count


def keep(
    database: store.Database, lines: Iterable[str], zone: str, progress: Callable[[int], object] = lambda _minutes: None
) -> Kept:
    """Writes the minutes of lines that `check` accepted, a day a transaction, with their roll-ups.

    Stopped half-way and started again it goes on: what is kept already is the same.
    """
    done = Kept(0, 0, 0, 0)
    for chunk in _days(minutes_csv.read(lines, lambda _number, _words: None)):
        kept = _kept(database, chunk)
        named = [minute for _number, minute in chunk]
        changed = [minute for minute in named if minute.ts not in kept or _differ(minute, kept[minute.ts])]
        if changed:
            _write(database, changed, zone)
        over = sum(minute.ts in kept for minute in changed)
        unnamed = sum(minute.phase is None for minute in changed)
        done = Kept(
            done.new + len(changed) - over,
            done.replaced + over,
            done.same + len(named) - len(changed),
            done.unnamed + unnamed,
        )
        progress(len(named))
    return done


def _write(database: store.Database, minutes: Sequence[Row], zone: str) -> None:
    with database.writing() as connection:
        # A minute with no phase would be judged as if it were now, and warned of.
        unnamed = Phase.UNDEFINED.value
        store.replace_minutes(
            connection, (minute._replace(phase=unnamed) if minute.phase is None else minute for minute in minutes)
        )
        closed = (store.newest_minute_ts(connection, store.ALWAYS) or 0) + MINUTE
        refresh(connection, minutes[0].ts, minutes[-1].ts + MINUTE, closed, zone)


def _days(minutes: Iterable[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    for _day, group in groupby(minutes, lambda found: found[1].ts // DAY):
        yield list(group)


def _kept(database: store.Database, chunk: Sequence[tuple[int, Row]]) -> dict[int, Row]:
    found = store.minutes(database.connection, chunk[0][1].ts, chunk[-1][1].ts + MINUTE)
    return {minute.ts: minute for minute in found}


def _differ(given: Row, kept: Row) -> bool:
    """Whether two minutes read differently; a phase that the file leaves open is no difference."""
    if given.phase is None:
        given = given._replace(phase=kept.phase)
    return minutes_csv.texts(given) != minutes_csv.texts(kept) or given.quality != kept.quality
