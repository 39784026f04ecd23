"""The API described: one OpenAPI document, made of the limits that the API itself holds to, shown as a page too."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from flask_app.boiler.alerts import Kind
from flask_app.boiler.rollups import PHASES
from flask_app.boiler.rows import MINUTE, TEMPERATURES, VALUES
from flask_app.boiler.verdict import Cause, State
from flask_app.web import api, series

pages = Blueprint("openapi", __name__)

Schema = dict[str, Any]


@pages.get("/api/")
def show_api() -> str:
    """The document as a page, in the visitor's language."""
    return render_template("api.html", document=document())


@pages.get("/api/v1/openapi.json")
def read_openapi() -> Response:
    """The document as programs read it, in English."""
    with force_locale("en"):
        answer = api.tagged(document(), {})
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def document() -> Schema:
    """The OpenAPI document in the language in force."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Chaudiere",
            "version": "1",
            "summary": _("What the pages of the boiler are drawn from."),
            "description": _(
                "Times are UTC epoch seconds; a range is [from, to). No value is null, never 0. Every answer has an "
                "ETag: ask again with If-None-Match, and 304 says that nothing changed."
            ),
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/api/v1/series": {"get": _series()},
            "/api/v1/live": {"get": _live()},
            "/api/v1/statistics": {"get": _statistics()},
            "/api/v1/minutes.csv": {"get": _minutes()},
            "/api/v1/openapi.json": {"get": _openapi()},
            "/api/v1/system": {"get": _system()},
            "/healthz": {"get": _health()},
        },
        "security": [{}, {"token": []}],
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": _("A token of the page of people and scripts, where reading is not open."),
                }
            },
        },
    }


# --- operations


def _series() -> Schema:
    low, high = api.WIDTHS
    width = {"type": "integer", "minimum": low, "maximum": high, "default": api.WIDTH}
    return {
        "operationId": "series",
        "summary": _("The columns of a chart, as many as it is wide at most."),
        "parameters": [*_range(), _query("width", _("How many columns are wanted."), width), _roles(), _known()],
        "responses": _answers(_json_answer("Series")),
    }


def _live() -> Schema:
    step = {"type": "integer", "enum": list(series.STEPS), "default": MINUTE}
    after = {"type": "integer", "minimum": api.EARLIEST, "maximum": api.LATEST}
    words = _("From when on columns are wanted, by default the last hour; %(count)s at most.", count=api.LIVE_COLUMNS)
    return {
        "operationId": "live",
        "summary": _("Whether all is well now, and the newest columns."),
        "parameters": [
            _query("after", words, after),
            _query("step", _("Seconds of a column."), step),
            _roles(),
            _known(),
        ],
        "responses": _answers(_json_answer("Live")),
    }


def _statistics() -> Schema:
    return {
        "operationId": "statistics",
        "summary": _("What a window comes to: lowest, highest, mean, hours of motors, time in each phase, ignitions."),
        "parameters": [*_range(), _known()],
        "responses": _answers(_json_answer("Statistics")),
    }


def _minutes() -> Schema:
    answer = {"description": _("A line a minute."), "content": {"text/csv": {"schema": {"type": "string"}}}}
    return {
        "operationId": "minutes",
        "summary": _("The minutes as a CSV file: UTC and local time, phase names; 366 days at most."),
        "parameters": _range(),
        "responses": {"200": answer, "400": _problem(), "default": _problem()},
    }


def _openapi() -> Schema:
    return {
        "operationId": "openapi",
        "summary": _("This document."),
        "parameters": [_known()],
        "responses": _answers({"description": "OpenAPI", "content": {"application/json": {"schema": {}}}}, bad=False),
    }


def _system() -> Schema:
    return {
        "operationId": "system",
        "summary": _("Whether programs, disk, messages and machine are well, a line each."),
        "responses": {"200": _json_answer("System"), "default": _problem()},
    }


def _health() -> Schema:
    return {
        "operationId": "health",
        "summary": _("For monitors: 200 while measurements, minutes and phases are young, else 503."),
        "responses": {"200": _json_answer("Health"), "503": _json_answer("Health")},
    }


# --- their parts


def _query(name: str, words: str, schema: Schema, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "required": required, "description": words, "schema": schema}


def _range() -> list[Schema]:
    ts = {"type": "integer", "minimum": api.EARLIEST, "maximum": api.LATEST}
    return [
        _query("from", _("Where the range begins."), ts, required=True),
        _query("to", _("Where it ends, after from."), ts, required=True),
    ]


def _roles() -> Schema:
    schema = {"type": "array", "items": {"enum": list(VALUES)}, "minItems": 1}
    words = _("Which series are wanted, with commas; by default all.")
    return {**_query("s", words, schema), "style": "form", "explode": False}


def _known() -> Schema:
    words = _("The ETag of the answer that is known already.")
    schema = {"type": "string"}
    return {"name": "If-None-Match", "in": "header", "required": False, "description": words, "schema": schema}


def _answers(good: Schema, bad: bool = True) -> Schema:
    etag = {"ETag": {"description": _("What to ask again with."), "schema": {"type": "string"}}}
    answers = {"200": {**good, "headers": etag}, "304": {"description": _("Nothing changed.")}}
    return {**answers, **({"400": _problem()} if bad else {}), "default": _problem()}


def _json_answer(name: str) -> Schema:
    return {
        "description": name,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
    }


def _problem() -> Schema:
    return {
        "description": _("What is wrong, and with which argument."),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


# --- schemas


def _object(properties: Schema, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(items: Schema, words: str = "") -> Schema:
    return {"type": "array", "items": items, **({"description": words} if words else {})}


def _maybe(kind: str, words: str = "") -> Schema:
    return {"type": [kind, "null"], **({"description": words} if words else {})}


def _schemas() -> Schema:
    return {
        "Series": _object(_series_fields({"type": "integer"}) | {"now": {"type": "integer"}}, ("t", "flags_more")),
        "Live": _object(
            {
                "v": {"const": 1},
                "now": {"type": "integer"},
                "status": _status_schema(),
                "tail": _object(_series_fields({"type": "integer"}), ("t", "flags_more")),
            }
        ),
        "Statistics": _statistics_schema(),
        "System": _object({"well": {"type": "boolean"}, "checks": _list(_check_schema())}),
        "Health": _health_schema(),
        "Problem": _object(
            {"title": {"type": "string"}, "detail": {"type": "string"}, "field": {"type": "string"}}, ("field",)
        ),
    }


def _series_fields(integer: Schema) -> Schema:
    values = _list(_maybe("integer"), _("Value times scale; null: no data."))
    column = _object(
        {"unit": {"enum": ["°C", "%"]}, "scale": integer, "v": values, "lo": values, "hi": values}, ("lo", "hi")
    )
    run = {
        "t": _list(integer, _("Seconds after from, rising.")),
        "p": _list(_code(), _("Codes of phases; a run ends where the next begins.")),
        "merged": {"type": "boolean", "description": _("Whether runs too short to draw were put together.")},
    }
    flag = {
        "t": {**integer, "description": _("Seconds after from.")},
        "end": _maybe("integer", _("Seconds after from; null: still open.")),
        "kind": {"enum": [kind.value for kind in Kind]},
        "phase": _maybe("integer"),
        "id": integer,
    }
    return {
        "v": {"const": 1},
        "from": {**integer, "description": _("Start of the first column: from, rounded down to the step.")},
        "to": integer,
        "step": {**integer, "description": _("Seconds of a column; of 86400 and more, local days, which t lists.")},
        "n": {**integer, "description": _("How many columns there are.")},
        "agg": {"enum": ["raw", "mean-lo-hi"]},
        "tz": {"type": "string"},
        "last": _maybe("integer", _("End of the newest minute kept.")),
        "series": {"type": "object", "propertyNames": {"enum": list(VALUES)}, "additionalProperties": column},
        "phases": _object(run),
        "flags": _list(_object(flag), _("Every alert of the range.")),
        "t": _list(integer, _("Starts of local days.")),
        "flags_more": {**integer, "description": _("How many alerts were left out.")},
    }


def _code() -> Schema:
    return {"enum": list(PHASES)}


def _status_schema() -> Schema:
    return _object(
        {
            "state": {"enum": [state.value for state in State]},
            "cause": {"enum": [cause.value for cause in Cause]},
            "kind": {"enum": [*(kind.value for kind in Kind), None]},
            "phase": {"enum": [*PHASES, None]},
            "since": _maybe("integer"),
            "water": _maybe("number"),
            "flue": _maybe("number"),
            "at": _maybe("integer", _("When the newest measurement was made.")),
            "stale": {"type": "boolean"},
            "setpoint": {"type": "number"},
        }
    )


def _statistics_schema() -> Schema:
    number = _maybe("number")
    of_temperature = _object({"unit": {"const": "°C"}, "min": number, "max": number, "mean": number})
    of_motor = _object({"unit": {"const": "h"}, "on": number})
    codes = {str(code): {"type": "integer"} for code in PHASES}
    return _object(
        {
            "v": {"const": 1},
            "now": {"type": "integer"},
            "from": {"type": "integer"},
            "to": {"type": "integer"},
            "tz": {"type": "string"},
            "minutes": {"type": "integer", "description": _("How many minutes are kept of it.")},
            "series": _object({role: of_temperature if role in TEMPERATURES else of_motor for role in VALUES}),
            "phases": {**_object(codes, tuple(codes)), "description": _("Minutes in each phase.")},
            "ignitions": {"type": "integer"},
        }
    )


def _check_schema() -> Schema:
    words = _("A number, words, yes or no; null: not known.")
    well = _maybe("boolean", _("null: nothing to judge."))
    value = {"type": ["number", "string", "boolean", "null"], "description": words}
    return _object({"name": {"type": "string"}, "value": value, "unit": {"type": "string"}, "well": well})


def _health_schema() -> Schema:
    ages = {name: _maybe("integer") for name in ("reading_age", "minute_age", "phase_age")}
    rest = {"well": {"type": "boolean"}, **ages, "phase": _maybe("string"), "reason": {"type": "string"}}
    return _object({"database": {"type": "boolean"}, **rest}, tuple(rest))
