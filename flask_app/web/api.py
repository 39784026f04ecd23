"""The API: /api/v1/series, /api/v1/live and /healthz."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import Blueprint, Response, make_response, request

from flask_app.boiler.rows import MINUTE, VALUES
from flask_app.boiler.verdict import PHASE_LATE, READING_LATE, State, judge
from flask_app.web import gate, queries, series

pages = Blueprint("api", __name__)

EARLIEST, LATEST = 0, 4_102_444_800  # 1970 and 2100: what a chart of a boiler may ask for
LONGEST = 20 * 366 * 86400
WIDTHS = (50, 2000)
LIVE_COLUMNS = 2000


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
    from_ts, to_ts = _whole("from", EARLIEST, LATEST), _whole("to", EARLIEST, LATEST)
    if from_ts >= to_ts:
        raise BadArgumentError("to", f"to is {to_ts}; it accepts a time after from, {from_ts}")
    if to_ts - from_ts > LONGEST:
        raise BadArgumentError("to", f"to is {to_ts - from_ts} s after from; it accepts {LONGEST} s at most")
    width = _whole("width", *WIDTHS, default=1000)
    zone = queries.options().timezone
    columns = series.grid(from_ts, to_ts, width, zone)
    body = series.fold(columns, to_ts, _roles(), width, zone)
    ended = body["last"] is not None and to_ts + body["step"] < body["last"]
    answer = _tagged({**body, "now": queries.now()}, json.dumps(body))
    answer.cache_control.private = True
    if ended:
        answer.cache_control.max_age = 3600
    else:
        answer.headers["Cache-Control"] = "private, no-cache"
    return answer


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
    stable = {"v": 1, "status": _status(), "tail": {**tail, "to": None}}
    answer = _tagged({**stable, "now": now, "tail": tail}, json.dumps(stable))
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


def _tagged(body: dict[str, Any], stable: str) -> Response:
    """The answer with a tag of its lasting part, and 304 for who has it."""
    answer = Response(json.dumps(body, separators=(",", ":"), ensure_ascii=False), mimetype="application/json")
    answer.set_etag(hashlib.sha256(stable.encode()).hexdigest()[:20], weak=True)
    answer.make_conditional(request)
    return answer
