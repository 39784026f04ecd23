"""The first visit: six steps, each of which stays on the first screen until it is done."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Flask, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from flask_app.boiler.fittings import PROBES_FOUND
from flask_app.boiler.rows import TEMPERATURES
from flask_app.web import choices, explained, fittings, gate, notices, queries

pages = Blueprint("first", __name__, url_prefix="/admin/first")

STEPS = ("language", "timezone", "probes_seen", "setpoint", "recipients", "test_received")


def configure(app: Flask) -> None:
    """Hands the steps still to do to every template; `_unfinished.html` shows them."""
    app.context_processor(
        lambda: {"unfinished": unfinished() if hasattr(g, "simulated") else [], "unnamed_probes": fittings.unnamed}
    )


def unfinished() -> list[str]:
    """The steps still to do, for who may read; asked once a request."""
    if "unfinished" not in g:
        g.unfinished = [] if gate.level() < gate.Level.READER else _unfinished()
    found: list[str] = g.unfinished
    return found


def _unfinished() -> list[str]:
    # A step is done by a line of the history: that a default was looked at and confirmed is told by nothing else.
    done = queries.changed_keys()
    if notices.channels():
        done |= {"recipients"}
    # A probe that came later, or that nobody confirmed, has no name: another order gives its role to another.
    if fittings.unnamed():
        done -= {"probes_seen"}
    if queries.newest_value("test_received") != "yes":
        done -= {"test_received"}
    return [step for step in STEPS if step not in done]


@pages.get("/")
def read_steps() -> str:
    """The six steps."""
    reading = queries.newest_reading()
    return render_template(
        "first.html",
        steps=STEPS,
        left=unfinished(),
        choices={choice.name: choice for choice in choices.choices()},
        reading=reading,
        probes=probes_seen(reading),
        found=queries.newest_value(PROBES_FOUND),
        unnamed=fittings.unnamed(),
        told=notices.channels(),
        title=explained.title,
        sent=request.args.get("sent") == "1",
    )


def probes_seen(reading: Mapping[str, object]) -> list[str]:
    """The roles whose probe answers; at 0 °C too."""
    return [role for role in TEMPERATURES if reading.get(role) is not None]


@pages.post("/<step>")
def finish(step: str) -> Response | tuple[str, int]:
    """Confirms one step."""
    value = request.form.get("value", "").strip()
    if step in ("language", "timezone", "setpoint"):
        if not choices.keep_option(step, value):
            return read_steps(), 400
    elif step == "probes_seen":
        if request.form.get("found", "") != queries.newest_value(PROBES_FOUND):
            flash(_("Other probes were found in the meantime: look again."), "bad")
            return read_steps(), 400
        fittings.name_all()
        choices.keep_change(step, str(len(probes_seen(queries.newest_reading()))))
    elif step == "test_received" and value in ("yes", "no"):
        choices.keep_change(step, value)
        if value == "no":
            flash(_("Then look at what the gateway answered and at the junk mail, and correct the settings."), "bad")
    return redirect(url_for("first.read_steps"))
