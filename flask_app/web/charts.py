"""The history: any stretch of it by address, drawn by uPlot, or plainly where there is no JavaScript."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from flask_app.web import api, pictures, queries, series

pages = Blueprint("charts", __name__)

HOURS = (1, 6, 24, 168, 720)
PLAIN_COLUMNS = 240


class Window(NamedTuple):
    """The stretch of time on the page; `hours` when it ends now."""

    from_ts: int
    to_ts: int
    hours: int | None = None


@pages.get("/charts/")
def read_charts() -> Response | str:
    """The last 24 hours; ?day=2026-01-31 that day; ?from=&to= (epoch seconds) any stretch."""
    if request.args.get("day"):
        return _page(_day(request.args["day"], ZoneInfo(queries.options().timezone)))
    if "from" in request.args or "to" in request.args:
        return _page(stretch())
    return _page(_last(24))


@pages.get("/charts/day/<day>")
def read_day(day: str) -> str:
    """One local day, such as 2026-01-31: 23 to 25 hours."""
    return _page(_day(day, ZoneInfo(queries.options().timezone)))


@pages.get("/charts/now/<int:hours>")
def read_now(hours: int) -> Response | str:
    """The last hours, going on live."""
    if not 1 <= hours <= 24 * 366 * 5:
        abort(404)
    if hours == 24 and not request.query_string:
        return redirect(url_for("charts.read_charts"))
    return _page(_last(hours))


def _last(hours: int) -> Window:
    # Up to the end of the present minute, so that one address draws one picture for a minute.
    to_ts = queries.now() // 60 * 60 + 60
    return Window(to_ts - hours * 3600, to_ts, hours)


def _day(words: str, zone: ZoneInfo) -> Window:
    try:
        day = date.fromisoformat(words)
    except ValueError:
        abort(400, _("%(day)s is not a date such as 2026-01-31.", day=words[:40]))
    if not 1971 <= day.year <= 2099:
        abort(400, _("%(day)s is not a date such as 2026-01-31.", day=words[:40]))
    start, end = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in (day, day + timedelta(days=1)))
    return Window(int(start.timestamp()), int(end.timestamp()))


def stretch() -> Window:
    """The stretch of time that the request names by from= and to=, in epoch seconds; 400 when it names none."""
    words = request.args.get("from", ""), request.args.get("to", "")
    if not all(part.isascii() and part.isdecimal() and len(part) < 12 for part in words):
        abort(400, _("from and to are whole seconds since 1970, from before to."))
    from_ts, to_ts = int(words[0]), int(words[1])
    if not (from_ts < to_ts <= api.LATEST and to_ts - from_ts <= api.LONGEST):
        abort(400, _("from and to are whole seconds since 1970, from before to."))
    return Window(from_ts, to_ts)


def _page(window: Window) -> str:
    zone = queries.options().timezone
    columns = series.grid(window.from_ts, window.to_ts, PLAIN_COLUMNS, zone)
    body = series.fold(columns, window.to_ts, ["water", "flue"], PLAIN_COLUMNS, zone)
    changes = [(body["from"] + t, p) for t, p in zip(body["phases"]["t"], body["phases"]["p"], strict=True)]
    end_ts = max(min(window.to_ts, body["last"] or 0), body["from"])
    ribbon = pictures.blocks(
        changes, body["from"], end_ts, (end_ts - body["from"]) * 960 / (window.to_ts - body["from"])
    )
    length = window.to_ts - window.from_ts
    return render_template(
        "charts.html",
        window=window,
        hours=HOURS,
        zone=zone,
        day=datetime.fromtimestamp(window.to_ts - 1, ZoneInfo(zone)).date().isoformat(),
        before=(max(0, window.from_ts - length), max(length, window.to_ts - length)),
        after=(window.from_ts + length, window.to_ts + length) if window.to_ts < queries.now() else None,
        drawing=pictures.drawing(body, ["water", "flue"], 960, 240),
        ribbon=ribbon if end_ts > body["from"] else [],
        setpoint=queries.options().setpoint,
    )
