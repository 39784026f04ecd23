"""The replay of a log through the engine: minutes as CSV in, phases and alerts as CSV out, no database touched."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from typing import TextIO

from flask_app.boiler.alerts import Opening
from flask_app.boiler.engine import State, advance, after_gap, start_over
from flask_app.boiler.options import Options
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import TEMPERATURES, VALUES, Row

HEADER = ("ts", *VALUES)
"""Of a log: UTC epoch seconds, °C, and motors as the share of the minute in which they ran; empty = no value."""
OUT_HEADER = ("ts", "phase", "alerts")

_FIRST_MOTOR = 1 + len(TEMPERATURES)
_DIGITS = 11  # of an instant in seconds, for the next 3,000 years; milliseconds have 13
_NAMES = {phase: phase.name.lower() for phase in Phase}


class ReplayError(ValueError):
    """A log that cannot be replayed; the words name the line and what it must hold."""


def replay(lines: Iterable[str], out: TextIO, options: Options) -> int:
    """Writes the phase of each row of a log, and the kinds of alert opened at it, to `out`. `lines` are those of a
    CSV file with HEADER. Returns the number of rows. Raises ReplayError naming the line that is not as it must be."""
    state = State()
    count = 0
    out.write(",".join(OUT_HEADER) + "\n")
    for minute in minutes(lines):
        if after_gap(state, minute.ts):
            state = start_over(state)  # a log may be of several boilers: what was learned is not carried on
        phase, changes = advance(state, minute, options)
        alerts = ";".join(change.kind.value for change in changes if isinstance(change, Opening)) if changes else ""
        out.write(f"{minute.ts},{_NAMES[phase]},{alerts}\n")
        count += 1
    return count


def minutes(lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a log as minutes; a motor ran where its share is above 0. Raises ReplayError."""
    reader = csv.reader(lines, strict=True)
    before = -1
    try:
        header = next(reader, [])
        if tuple(header) != HEADER:
            raise ReplayError(f"line 1: the header must be {','.join(HEADER)}; it is {','.join(header) or 'missing'}")
        for row in reader:
            if not row:
                continue
            minute = _minute(row, reader.line_num)
            if minute.ts <= before:
                raise ReplayError(
                    f"line {reader.line_num}: ts {minute.ts} is not after {before}; rows must be in rising order of ts"
                )
            before = minute.ts
            yield minute
    except csv.Error as error:
        raise ReplayError(f"line {reader.line_num}: not CSV ({error})") from None


def _minute(row: list[str], line: int) -> Row:
    if len(row) != len(HEADER):
        raise ReplayError(f"line {line}: {len(row)} values; a row has {len(HEADER)}: {','.join(HEADER)}")
    ts = row[0]
    if not (ts.isascii() and ts.isdigit() and len(ts) <= _DIGITS):
        raise ReplayError(f"line {line}: ts is {_short(ts)}; it must be whole seconds since 1970 (UTC)")
    water, flue, box, spare = [_number(row, index, line) if row[index] else None for index in range(1, _FIRST_MOTOR)]
    shares = [_share(row, index, line) if row[index] else None for index in range(_FIRST_MOTOR, len(HEADER))]
    second, igniter, first, auger = [None if share is None else float(share > 0) for share in shares]
    share2, share_igniter, share1, share_auger = shares
    return Row(
        int(ts), water, flue, box, spare, second, igniter, first, auger, share2, share_igniter, share1, share_auger
    )


def _number(row: list[str], index: int, line: int) -> float:
    text = row[index]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise ReplayError(
            f"line {line}: {HEADER[index]} is {_short(text)}; it must be a number such as 60.5, or empty for no value"
        )
    return value


def _short(text: str) -> str:
    return repr(text) if len(text) <= 40 else f"{text[:40]!r}..."


def _share(row: list[str], index: int, line: int) -> float:
    value = _number(row, index, line)
    if not 0 <= value <= 1:
        raise ReplayError(f"line {line}: {HEADER[index]} is {row[index]!r}; the share of a minute is from 0 to 1")
    return value
