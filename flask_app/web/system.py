"""The system page, the same as JSON, and as metrics for Prometheus."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template
from flask_babel import gettext as _

from config.settings import Settings
from flask_app import system
from flask_app.models import db
from flask_app.web import languages, queries

pages = Blueprint("system", __name__)


def checks() -> list[system.Check]:
    """Every line, as of now."""
    settings: Settings = current_app.config["SETTINGS"]
    place = system.Place(settings.database, settings.home, settings.runtime)
    connection: Any = db.session.connection().connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - the one engine here
    return system.checks(place, system.facts(connection, queries.now()), queries.now(), system.today(queries.now()))


@pages.get("/system/")
def read_system() -> str:
    """Good or bad at a glance."""
    found = checks()
    return render_template(
        "system.html",
        wrong=[check for check in found if check.well is False],
        groups=[(title, [check for check in found if check.name.startswith(names)]) for title, names in _groups()],
        name=name,
        shown=shown,
    )


@pages.get("/api/v1/system")
def read_api() -> Response:
    """{"well", "checks": [{"name", "value", "unit", "well"}]}."""
    found = checks()
    return _fresh({"well": all(one.well is not False for one in found), "checks": [one._asdict() for one in found]})


@pages.get("/metrics")
def read_metrics() -> Response:
    """For Prometheus: one gauge a line that is a number, one for whether it is well, and the boiler's values."""
    # 0.6 MB, for who has a Prometheus.
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

    registry, found = CollectorRegistry(), checks()
    units = {"s": "_seconds", "B": "_bytes", "B/d": "_bytes_per_day", "°C": "_celsius"}
    for one in found:
        if isinstance(one.value, int | float) and not one.name.startswith("service_"):
            metric = f"chaudiere_{one.name}{units.get(one.unit, '')}"
            Gauge(metric, one.name.replace("_", " "), registry=registry).set(one.value)
    well = Gauge("chaudiere_well", "1 where all is well, 0 where not", ["check"], registry=registry)
    for one in found:
        if one.well is not None:
            well.labels(one.name).set(one.well)
    value = Gauge("chaudiere_value", "The newest reading: degrees, watts", ["role"], registry=registry)
    for role, measured in queries.newest_reading().items():
        if isinstance(measured, int | float) and role != "ts":
            value.labels(role).set(measured)
    phased = queries.newest_phase()
    Gauge("chaudiere_phase", "The code of the phase", registry=registry).set(phased.phase if phased else 0)
    answer = make_response(generate_latest(registry))
    answer.headers["Content-Type"] = CONTENT_TYPE_LATEST
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _fresh(body: dict[str, Any]) -> Response:
    answer = make_response(body)
    answer.headers["Cache-Control"] = "no-store"
    return answer


# --- in words


def _groups() -> list[tuple[str, tuple[str, ...]]]:
    return [
        (_("Measurements"), ("newest_", "judged_", "rows_")),
        (_("Programs"), ("service_", "supervisor", "job_")),
        (_("Messages and copies"), ("messages_", "sms_", "alerting_", "last_backup")),
        (_("Disk and database"), ("disk_", "database_", "written_")),
        (_("Machine"), ("memory_", "cpu_", "throttled", "clock_", "uptime", "addresses")),
        (_("Versions"), ("version", "python", "sqlite", "kernel")),
    ]


def name(check: system.Check) -> str:
    """What a line is called."""
    kind, _line, one = check.name.partition("_")
    if kind in ("service", "job"):
        return _("Program %(name)s", name=one) if kind == "service" else _("Job %(name)s", name=one)
    return {
        "newest_row": _("Newest reading"),
        "newest_minute": _("Newest minute"),
        "judged_until": _("Judged until"),
        "rows_per_minute": _("Readings a minute, last hour"),
        "supervisor": _("Supervisor"),
        "messages_waiting": _("Messages waiting"),
        "messages_failed": _("Messages that failed within a day"),
        "sms_balance": _("Credit of the SMS account"),
        "alerting_proven": _("Last message that arrived"),
        "last_backup": _("Last copy of the database"),
        "disk_left": _("Free disk"),
        "database_size": _("Size of the database"),
        "database_growth": _("Its growth a day"),
        "written_today": _("Written to the disk today"),
        "memory_left": _("Free memory"),
        "cpu_temperature": _("Temperature of the processor"),
        "throttled": _("Slowed down by heat or weak power"),
        "clock_synchronised": _("Clock synchronised"),
        "uptime": _("Running for"),
        "addresses": _("Addresses"),
        "version": "Chaudiere",
        "python": "Python",
        "sqlite": "SQLite",
        "sqlite_wal": _("SQLite's write-ahead log"),
        "kernel": _("Kernel"),
    }.get(check.name, check.name)


def shown(check: system.Check) -> str:
    """What a line says."""
    value = check.value
    if value is None:
        return _nothing(check)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if check.unit == "s":
        return languages.span(value) if check.name == "uptime" else _("%(time)s ago", time=languages.span(value))
    if check.unit in ("B", "B/d"):
        return languages.size(value)
    if check.name.startswith("service_"):
        return {"running": _("running"), "starting": _("starting"), "stopped": _("stopped")}.get(value, str(value))
    if check.name == "sqlite_wal":
        return _("sound") if value == "fixed" else _("kept sound by the one lock of every write (fixed in 3.51.3)")
    if check.name == "sms_balance":
        return languages.number(value, 2)
    if check.name == "rows_per_minute":
        return languages.number(value)
    return f"{languages.number(value)} {check.unit}" if isinstance(value, float) else str(value)


def _nothing(check: system.Check) -> str:
    """Why a line says nothing."""
    if check.name.startswith("job_"):
        return _("not yet since the start")
    return {
        "supervisor": _("does not answer"),
        "last_backup": _("not yet"),
        "alerting_proven": _("not yet"),
        "database_growth": _("known after a day"),
    }.get(check.name, _("not known"))
