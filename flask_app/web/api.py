"""The API under /api/v1, as described by openapi.py, and /healthz. What guards reading is one `before_request` of
this blueprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, request, stream_with_context

from flask_app.boiler import minutes_csv
from flask_app.boiler.alerts import READING_LATE
from flask_app.boiler.rows import COLUMNS, MINUTE, VALUES, Row
from flask_app.boiler.verdict import PHASE_LATE, State, judge
from flask_app.web import gate, levels, queries, series, statistics

pages = Blueprint("api", __name__)

EARLIEST, LATEST = 0, 4_102_444_800  # 1970 and 2100: what a chart of a boiler may ask for
LONGEST = 20 * 366 * 86400
WIDTHS = (50, 2000)
WIDTH = 1000
LIVE_COLUMNS = 2000
LONGEST_CSV = 366 * 86400
DAY = 86400


class BadArgumentError(Exception):
    """An argument of a request that cannot be used."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


@pages.errorhandler(BadArgumentError)
def _problem(error: BadArgumentError) -> Response:
    answer = make_response({"title": "Bad argument", "detail": str(error), "field": error.field}, 400)
    answer.mimetype = "application/problem+json"
    return answer


@pages.get("/api/v1/series")
def read_series() -> Response:
    """The columns of a chart of [from, to): WEB.md 4."""
    from_ts, to_ts = _range(LONGEST)
    width = _whole("width", *WIDTHS, default=WIDTH)
    zone = queries.options().timezone
    columns = series.grid(from_ts, to_ts, width, zone)
    body = series.fold(columns, to_ts, _roles(), width, zone)
    return _cached(tagged(body, {"now": queries.now()}), to_ts + body["step"], body["last"])


@pages.get("/api/v1/statistics")
def read_statistics() -> Response:
    """What the minutes of [from, to) come to."""
    from_ts, to_ts = _range(LONGEST)
    zone = queries.options().timezone
    newest = queries.newest_minute_ts()
    return _cached(tagged(statistics.reckon(from_ts, to_ts, zone), {"now": queries.now()}), to_ts, newest)


@pages.get("/api/v1/minutes.csv")
def read_minutes() -> Response:
    """The minutes of [from, to) as they are kept, a line each, sent while they are read."""
    from_ts, to_ts = _range(LONGEST_CSV)
    zone = ZoneInfo(queries.options().timezone)
    answer = Response(stream_with_context(_lines(from_ts, to_ts, zone)), content_type="text/csv; charset=utf-8")
    day = datetime.fromtimestamp(from_ts, UTC).astimezone(zone).date()
    answer.headers["Content-Disposition"] = f"attachment; filename=chaudiere-{day.isoformat()}.csv"
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _lines(from_ts: int, to_ts: int, zone: tzinfo) -> Iterator[str]:
    """A day at a time: no question stays open while a slow reader takes its lines, which would hold up checkpoints."""
    yield minutes_csv.heading()
    sql = f"SELECT {', '.join(COLUMNS.values())} FROM ChaudiereMinute WHERE ts >= :start AND ts < :end ORDER BY ts"
    for start_ts in range(from_ts, to_ts, DAY):
        rows = levels.ask(sql, {"start": start_ts, "end": min(start_ts + DAY, to_ts)})
        yield "".join(minutes_csv.written(map(Row._make, rows), zone))


@pages.get("/api/v1/live")
def read_live() -> Response:
    """Whether all is well, and the columns from `after` on: WEB.md 4."""
    now = queries.now()
    step = _whole("step", series.STEPS[0], series.STEPS[-1], default=MINUTE)
    if step not in series.STEPS:
        raise BadArgumentError("step", f"step is {step}; it accepts one of {', '.join(map(str, series.STEPS))}")
    after = _whole("after", EARLIEST, LATEST, default=now - 3600)
    if now - after > step * LIVE_COLUMNS:
        raise BadArgumentError(
            "after", f"after is {after}; with step {step} it accepts the last {LIVE_COLUMNS} columns"
        )
    start_ts = after - after % step
    zone = queries.options().timezone
    tail = series.fold(series.Grid(start_ts, step), max(now, start_ts) + MINUTE, _roles(), LIVE_COLUMNS, zone)
    to_ts = tail.pop("to")
    answer = tagged({"v": 1, "status": _status(), "tail": tail}, {"now": now, "tail": {**tail, "to": to_ts}})
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@pages.get("/healthz")
def read_health() -> Response:
    """200 when readings, minutes and phases are all young, else 503; ages in seconds, None for none yet."""
    now = queries.now()
    reading, minute, phased = queries.newest_reading_ts(), queries.newest_minute_ts(), queries.newest_phase()
    ages = {
        "reading_age": None if reading is None else now - reading,
        "minute_age": None if minute is None else now - minute,
        "phase_age": None if phased is None else now - phased.ts,
    }
    limits = {"reading_age": READING_LATE, "minute_age": PHASE_LATE, "phase_age": PHASE_LATE}
    well = all(age is not None and age <= limits[name] for name, age in ages.items())
    body: dict[str, Any] = {"database": True, "well": well}
    # A monitor needs the verdict; what the boiler does is for who may read.
    if gate.level() >= gate.Level.READER:
        body |= {**ages, "phase": phased and phased.phase.name.lower()}
    answer = make_response(body, 200 if well else 503)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _status() -> dict[str, Any]:
    reading, phased = queries.newest_reading(), queries.newest_phase()
    verdict = judge(queries.facts(reading, phased))
    return {
        "state": verdict.state.value,
        "cause": verdict.cause.value,
        "kind": verdict.kind and verdict.kind.value,
        "phase": phased and phased.phase.value,
        "since": phased and phased.since_ts,
        "water": reading.get("water"),
        "flue": reading.get("flue"),
        "at": reading.get("ts"),
        "stale": verdict.state is State.BLIND,
        "setpoint": queries.options().setpoint,
    }


def _range(longest: int) -> tuple[int, int]:
    from_ts, to_ts = _whole("from", EARLIEST, LATEST), _whole("to", EARLIEST, LATEST)
    if from_ts >= to_ts:
        raise BadArgumentError("to", f"to is {to_ts}; it accepts a time after from, {from_ts}")
    if to_ts - from_ts > longest:
        raise BadArgumentError("to", f"to is {to_ts - from_ts} s after from; it accepts {longest} s at most")
    return from_ts, to_ts


def _whole(name: str, low: int, high: int, default: int | None = None) -> int:
    words = request.args.get(name)
    if words is None and default is not None:
        return default
    # isdecimal alone accepts digits of every script; the length keeps int() from huge texts.
    if words is None or not (words.isascii() and words.isdecimal() and len(words) < 12 and low <= int(words) <= high):
        shown = "missing" if words is None else repr(words[:40])
        raise BadArgumentError(name, f"{name} is {shown}; it accepts a whole number from {low} to {high}")
    return int(words)


def _roles() -> list[str]:
    words = request.args.get("s")
    if words is None:
        return list(VALUES)
    roles = list(dict.fromkeys(words.split(",")))
    for role in roles:
        if role not in VALUES:
            raise BadArgumentError("s", f"s holds {role[:40]!r}; it accepts {', '.join(VALUES)}")
    return roles


def _cached(answer: Response, end_ts: int, last_ts: int | None) -> Response:
    """What has ended may be kept for an hour; what goes on is asked for again, at the price of a 304."""
    ended = last_ts is not None and end_ts < last_ts
    answer.headers["Cache-Control"] = "private, max-age=3600" if ended else "private, no-cache"
    return answer


def tagged(lasting: dict[str, Any], passing: dict[str, Any]) -> Response:
    """The answer of both parts with a tag of the lasting one, and 304 for who has it."""
    answer = Response(mimetype="application/json")
    stable = _json(lasting)
    answer.set_etag(hashlib.sha256(stable.encode()).hexdigest()[:20], weak=True)
    answer.make_conditional(request)
    if answer.status_code == 200:
        once = not passing or lasting.keys() & passing.keys()
        answer.set_data(_json(lasting | passing) if once else _join(stable, _json(passing)))
    return answer


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def _join(first: str, second: str) -> str:
    """Two objects as one: writing a chart's thousands of numbers twice would cost more than reading them."""
    return f"{first[:-1]},{second[1:]}"
