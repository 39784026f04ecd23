"""Minutes as CSV: one format for the download, the export and the import, with `;`, UTC and local time, phase names."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any

from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import MINUTE, MOTORS, TEMPERATURES, Row

HEADER = ("utc", "local", *Row._fields[1:])
_BOM = "\ufeff"  # without it Excel takes UTF-8 for another encoding
_NAMES = {phase.value: phase.name.lower() for phase in Phase}
_CODES = {name: code for code, name in _NAMES.items()}
_DIGITS = {
    **dict.fromkeys(TEMPERATURES, 2),
    **dict.fromkeys(MOTORS, 0),
    **{f"{role}_duty": 4 for role in MOTORS},
    **{f"{role}_power": 1 for role in MOTORS},
    "samples": 0,
}
_LIMITS = {
    **dict.fromkeys(TEMPERATURES, (-60.0, 1200.0)),
    **dict.fromkeys(MOTORS, (0.0, 1.0)),
    **{f"{role}_duty": (0.0, 1.0) for role in MOTORS},
    **{f"{role}_power": (0.0, 100_000.0) for role in MOTORS},
    "samples": (0.0, 10_000.0),
}


class MinuteError(ValueError):
    """A line that cannot be used; the words name it and what is wrong."""


def heading() -> str:
    """The first line."""
    return _BOM + ";".join(HEADER) + "\r\n"


def written(minutes: Iterable[Row], zone: tzinfo) -> Iterator[str]:
    """A line for each minute, with its local time in `zone`."""
    for minute in minutes:
        utc = datetime.fromtimestamp(minute.ts, UTC)
        local = utc.astimezone(zone).isoformat(timespec="seconds")
        # Only `quality`, JSON, ever needs quotes.
        quality = "" if minute.quality is None else '"' + minute.quality.replace('"', '""') + '"'
        yield f"{utc:%Y-%m-%dT%H:%M:%SZ};{local};{';'.join(texts(minute))};{quality}\r\n"


def texts(minute: Row) -> list[str]:
    """What is written of a minute between its times and its quality; two minutes that read alike are the same."""
    values = zip(_DIGITS.values(), minute[1:18], strict=True)
    numbers = ["" if value is None else f"{value:.{digits}f}" for digits, value in values]
    return [*numbers, "" if minute.phase is None else _NAMES.get(minute.phase, "undefined")]


def read(lines: Iterable[str], tell: Callable[[int, str], object]) -> Iterator[tuple[int, Row]]:
    """(number of the line, minute) of each line that can be used; `tell` hears (number, words) of each that cannot.

    Raises MinuteError for another header.
    """
    rows = csv.reader(lines, delimiter=";", strict=True)
    newest: int | None = None
    try:
        header = next(rows, [])
        if tuple(name.removeprefix(_BOM) for name in header) != HEADER:
            raise MinuteError(f"line 1: the header is not {';'.join(HEADER)}")
        for row in filter(None, rows):
            try:
                minute = _minute(row)
                if newest is not None and minute.ts <= newest:
                    raise MinuteError(f"utc is {row[0]!r}, not later than the line before")
            except MinuteError as error:
                tell(rows.line_num, str(error))
                continue
            newest = minute.ts
            yield rows.line_num, minute
    except csv.Error as error:
        tell(rows.line_num, str(error))


def _minute(row: list[str]) -> Row:
    if len(row) != len(HEADER):
        raise MinuteError(f"{len(row)} fields; a minute has {len(HEADER)}")
    given = dict(zip(HEADER, row, strict=True))
    values: dict[str, Any] = {name: _number(name, given[name]) for name in _DIGITS}
    if values["samples"] is not None:
        values["samples"] = int(values["samples"])
    return Row(ts=_ts(given["utc"]), **values, phase=_phase(given["phase"]), quality=_quality(given["quality"]))


def _ts(text: str) -> int:
    try:
        ts = int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise MinuteError(f"utc is {text[:40]!r}; it accepts a time such as 2026-01-31T07:30:00Z") from None
    if ts % MINUTE or ts < 0:
        raise MinuteError(f"utc is {text!r}; it accepts the start of a minute, since 1970")
    return ts


def _number(name: str, text: str) -> float | None:
    if not text:
        return None
    low, high = _LIMITS[name]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    whole = _DIGITS[name] == 0
    if not low <= value <= high or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise MinuteError(f"{name} is {text[:40]!r}; it accepts {kind} from {low:g} to {high:g}, or nothing")
    return value


def _phase(text: str) -> int | None:
    if text and text not in _CODES:
        raise MinuteError(f"phase is {text[:40]!r}; it accepts {', '.join(_CODES)}, or nothing")
    return _CODES[text] if text else None


def _quality(text: str) -> str | None:
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise MinuteError(f"quality is {text[:40]!r}; it accepts a JSON object, or nothing")
    return text
