"""The clock as a fault: it was set by more than a minute while readings were kept."""

from __future__ import annotations

import json

from flask_app.boiler.alerts import Book, Kind
from flask_app.boiler.rows import Reason, Row

CALM_SECONDS = 3600  # without another step, and the clock is believed again
_MARK = f'"{Reason.STEP.value}"'


def judge_clock(book: Book, minute: Row) -> None:
    """Opens `clock` at a minute whose readings say that the clock was set; closes it an hour later."""
    if minute.quality is not None and _MARK in minute.quality:
        seconds = json.loads(minute.quality).get("ts", {}).get(Reason.STEP.value)
        if seconds is not None:
            book.open(Kind.CLOCK, minute.ts, {"step_seconds": seconds, "since_ts": minute.ts})
            return
    opened_ts = book.opened.get(Kind.CLOCK)
    if opened_ts is not None and minute.ts - opened_ts >= CALM_SECONDS:
        book.close(Kind.CLOCK, minute.ts)
