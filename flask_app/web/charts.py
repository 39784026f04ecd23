"""The history: any stretch of it by address, drawn by uPlot, or plainly where there is no JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from flask_app.web import api, pictures, queries, series, wording
from flask_app.web.languages import day_time, long_day

pages = Blueprint("charts", __name__)

HOURS = (1, 6, 24, 168, 720)
YEAR = 8760
PLAIN_COLUMNS = 240
TABLE_ROWS = 48
SEASON_MONTH = 7
"""A season goes from July to July: it holds one whole winter."""

MODULES = (
    *("events.js", "exports.js", "gestures.js", "ghost.js", "lanes.js", "live.js"),
    *("paint.js", "plot.js", "readout.js", "statistics.js", "view.js", "zone.js"),
)
"""What charts.js imports: named in the page, they are fetched at once and not one after the other."""


class Window(NamedTuple):
    """The stretch of time on the page."""

    from_ts: int
    to_ts: int
    title: str
    before: str  # the addresses of its neighbours; `after` is empty at the present
    after: str
    live: bool = False  # it ends now and goes on


@pages.get("/charts/")
def read_charts() -> Response | str:
    """The last 24 hours; ?day=2026-01-31 goes to that day; ?from=&to= (epoch seconds) any stretch."""
    if request.args.get("day"):
        return redirect(url_for("charts.read_day", day=request.args["day"]))
    if "from" in request.args or "to" in request.args:
        return _page(_between(*stretch()))
    return _page(_last(24))


@pages.get("/charts/day/<day>")
def read_day(day: str) -> str:
    """One local day, such as 2026-01-31: 23 to 25 hours."""
    return _page(_day(day))


@pages.get("/charts/now/<int:hours>")
def read_now(hours: int) -> Response | str:
    """The last hours, going on live."""
    if not 1 <= hours <= 24 * 366 * 5:
        abort(404)
    if hours == 24 and not request.query_string:
        return redirect(url_for("charts.read_charts"))
    return _page(_last(hours))


@pages.get("/charts/season")
def read_present_season() -> Response:
    """The season of today."""
    today = datetime.fromtimestamp(queries.now(), _zone())
    return redirect(url_for("charts.read_season", year=today.year - (today.month < SEASON_MONTH)))


@pages.get("/charts/season/<int:year>")
def read_season(year: int) -> str:
    """From July of that year to July of the next, or to now."""
    if not 1971 <= year <= 2098:
        abort(404)
    start_ts, end_ts = (_midnight(date(y, SEASON_MONTH, 1)) for y in (year, year + 1))
    here = end_ts > queries.now() >= start_ts
    return _page(
        Window(
            start_ts,
            _present() if here else end_ts,
            _("Season %(first)s–%(last)s", first=year, last=year + 1),
            url_for("charts.read_season", year=year - 1),
            url_for("charts.read_season", year=year + 1) if end_ts <= queries.now() else "",
            here,
        )
    )


@pages.get("/charts/story/<int:alert_id>")
def read_story(alert_id: int) -> str:
    """What a flag of the chart tells: the alert, how it ended, what it was judged by."""
    alert = queries.alert(alert_id) if alert_id < 2**63 else None
    if alert is None:
        abort(404)
    return render_template("story.html", alert=alert, evidence=wording.evidence(queries.evidence(alert)))


# --- which stretch


def _zone() -> ZoneInfo:
    return ZoneInfo(queries.options().timezone)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=_zone()).timestamp())


def _present() -> int:
    # The end of the present minute, so that one address draws one picture for a minute.
    return queries.now() // 60 * 60 + 60


def _last(hours: int) -> Window:
    to_ts = _present()
    from_ts = to_ts - hours * 3600
    title = _("Last %(count)s hours", count=hours) if hours <= 48 else _("Last %(count)s days", count=hours // 24)
    return Window(from_ts, to_ts, title, _address(2 * from_ts - to_ts, from_ts), "", True)


def _day(words: str) -> Window:
    try:
        day = date.fromisoformat(words)
    except ValueError:
        abort(400, _("%(day)s is not a date such as 2026-01-31.", day=words[:40]))
    if not 1971 <= day.year <= 2099:
        abort(400, _("%(day)s is not a date such as 2026-01-31.", day=words[:40]))
    start_ts, end_ts = _midnight(day), _midnight(day + timedelta(days=1))
    before, after = (url_for("charts.read_day", day=day + timedelta(days=step)) for step in (-1, 1))
    now = queries.now()
    return Window(
        start_ts, end_ts, long_day(start_ts), before, after if end_ts <= now else "", start_ts <= now < end_ts
    )


def stretch() -> tuple[int, int]:
    """The stretch of time that the request names by from= and to=, in epoch seconds; 400 when it names none."""
    words = request.args.get("from", ""), request.args.get("to", "")
    if not all(part.isascii() and part.isdecimal() and len(part) < 12 for part in words):
        abort(400, _("from and to are whole seconds since 1970, from before to."))
    from_ts, to_ts = int(words[0]), int(words[1])
    if not (from_ts < to_ts <= api.LATEST and to_ts - from_ts <= api.LONGEST):
        abort(400, _("from and to are whole seconds since 1970, from before to."))
    return from_ts, to_ts


def _between(from_ts: int, to_ts: int) -> Window:
    length, now = to_ts - from_ts, queries.now()
    after = _address(to_ts, to_ts + length) if to_ts < now else ""
    title = f"{day_time(from_ts)} – {day_time(to_ts)}"
    return Window(from_ts, to_ts, title, _address(from_ts - length, from_ts), after, from_ts < now <= to_ts)


def _address(from_ts: int, to_ts: int) -> str:
    start_ts = max(0, from_ts)
    return url_for("charts.read_charts") + f"?from={start_ts}&to={max(start_ts + 60, to_ts)}"


# --- the page


def _page(window: Window) -> str:
    zone = queries.options().timezone
    columns = series.grid(window.from_ts, window.to_ts, PLAIN_COLUMNS, zone)
    body = series.fold(columns, window.to_ts, ["water", "flue"], PLAIN_COLUMNS, zone)
    changes = [(body["from"] + t, p) for t, p in zip(body["phases"]["t"], body["phases"]["p"], strict=True)]
    end_ts = max(min(window.to_ts, body["last"] or 0), body["from"])
    ribbon = pictures.blocks(
        changes, body["from"], end_ts, (end_ts - body["from"]) * 960 / (window.to_ts - body["from"])
    )
    return render_template(
        "charts.html",
        window=window,
        title=window.title,
        before=window.before,
        after=window.after,
        ranges=_ranges(),
        modules=MODULES,
        zone=zone,
        day=datetime.fromtimestamp(window.to_ts - 1, _zone()).date().isoformat(),
        local_now=datetime.fromtimestamp(queries.now(), _zone()).strftime("%Y-%m-%dT%H:%M"),
        drawing=pictures.drawing(body, ["water", "flue"], 960, 240),
        ribbon=ribbon if end_ts > body["from"] else [],
        table=_table(body, changes),
        setpoint=queries.options().setpoint,
    )


def _ranges() -> list[tuple[str, str, bool]]:
    """(address, words, whether it is this page) of the lengths of time on offer."""
    found = [(f"/charts/now/{hours}", f"{hours} h" if hours <= 24 else f"{hours // 24} " + _("d")) for hours in HOURS]
    found += [(url_for("charts.read_present_season"), _("Season")), (f"/charts/now/{YEAR}", _("1 year"))]
    here = "/charts/now/24" if request.path == "/charts/" and "from" not in request.args else request.path
    return [
        (url, words, here == url or (url.endswith("season") and here.startswith(url + "/"))) for url, words in found
    ]


class TableRow(NamedTuple):
    """A line of the table: a stretch of the chart in figures."""

    ts: int
    water: float | None
    low: float | None
    high: float | None
    flue: float | None
    phase: int | None


def _table(body: dict[str, Any], changes: Sequence[tuple[int, int]]) -> list[TableRow]:
    """The columns of the plain drawing, gathered to 48 lines at most."""
    each = -(-body["n"] // TABLE_ROWS) or 1
    return [_table_row(body, changes, i, min(i + each, body["n"])) for i in range(0, body["n"], each)]


def _table_row(body: dict[str, Any], changes: Sequence[tuple[int, int]], first: int, end: int) -> TableRow:
    ts = body["t"][first] if "t" in body else body["from"] + first * body["step"]
    water, flue = body["series"]["water"], body["series"]["flue"]
    means = _degrees(water["v"][first:end])
    lows, highs = _degrees(water.get("lo", water["v"])[first:end]), _degrees(water.get("hi", water["v"])[first:end])
    flues = _degrees(flue["v"][first:end])
    phase = next((code for start_ts, code in reversed(changes) if start_ts <= ts), None)
    return TableRow(ts, _mean(means), min(lows, default=None), max(highs, default=None), _mean(flues), phase)


def _degrees(column: Sequence[int | None]) -> list[float]:
    return [value / 10 for value in column if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
