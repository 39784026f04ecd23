"""What a threshold would have done before it is kept, the setpoint advised, and what the boiler has taught."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from flask_app.boiler.advice import advised_setpoint, worth_saying
from flask_app.boiler.habits import Part
from flask_app.boiler.options import LIMITS, OptionError, every_option, parse
from flask_app.boiler.rehearsal import THRESHOLDS, WARM_UP, Rehearsed, rehearse
from flask_app.web import choices, explained, gate, queries
from flask_app.words import LEARNED

pages = Blueprint("trial", __name__, url_prefix="/admin/boiler")

SPANS = (7, 30)
"""Days that can be looked at: thirty take a small Pi a few seconds."""

DECLINED = "advice.declined"
RESET = "learned.reset"


class Outcome(NamedTuple):
    """What one value of the threshold would have done."""

    value: float
    alerts: list[Rehearsed]


@pages.get("/")
def read_trial() -> str:
    """A threshold tried on the minutes kept, and what was learned."""
    name, value, days = _asked()
    habits = queries.learned()
    return render_template(
        "boiler.html",
        names=_names(),
        name=name,
        value=value,
        days=days,
        spans=SPANS,
        now=getattr(queries.options(), name),
        advised=advised_setpoint(queries.ordinary_lows()),
        outcomes=[] if value is None else outcomes(name, value, days),
        learned=[] if habits is None else [(_(LEARNED[key]), *rest) for key, *rest in habits.figures()],
        parts=list(Part),
        part_name=explained.PARTS,
        title=explained.title,
    )


def _names() -> list[str]:
    """The thresholds that this installation has."""
    indoor = queries.options().spare == "indoor"
    return [name for name in THRESHOLDS if name != "low_indoor" or indoor]


def _asked() -> tuple[str, float | None, int]:
    """The threshold, the value to try (None: none yet) and the days, as the address names them."""
    name = request.args.get("name", "setpoint")
    name = name if name in _names() else "setpoint"
    days = request.args.get("days", SPANS[0], type=int)
    words = request.args.get("value", "").strip().replace(",", ".")
    try:
        value = parse(name, words) if words else None
    except OptionError:
        flash(_("%(title)s accepts %(range)s.", title=explained.title(name), range=explained.accepts(name)), "bad")
        value = None
    return name, value, days if days in SPANS else SPANS[0]


def outcomes(name: str, value: float, days: int) -> list[Outcome]:
    """What the value in force and the one tried would have done in the last days; None of it where nothing is kept."""
    end = queries.now()
    start = end - days * 86400
    minutes = queries.minutes(start - WARM_UP, end)
    if not minutes or minutes[-1].ts < start:
        return []
    changes = [change for change in queries.setting_changes() if change[0] in LIMITS]
    options_at = every_option(current_app.config["SETTINGS"].options, changes)
    values = dict.fromkeys((getattr(queries.options(), name), value))
    return [Outcome(one, rehearse(minutes, start, options_at, name, one)) for one in values]


# --- the advice of the first screen


def proposal() -> float | None:
    """The setpoint to propose on the first screen; None when there is nothing worth a word."""
    advised = advised_setpoint(queries.ordinary_lows())
    declined = queries.newest_value(DECLINED)
    worth = worth_saying(advised, queries.options().setpoint, float(declined) if declined else None)
    return advised if worth and gate.level() >= gate.Level.READER else None


@pages.post("/decline")
def decline() -> Response:
    """Keeps the setpoint in force: the proposal is not shown again until it differs."""
    advised = advised_setpoint(queries.ordinary_lows())
    if advised is not None:
        choices.keep_change(DECLINED, choices.written(advised))
    return redirect(url_for("status.read_status"))


# --- what was learned


@pages.post("/learn")
def learn_anew() -> Response:
    """Makes the engine learn a part anew from the next minute on."""
    part = request.form.get("part", "")
    if part not in {known.value for known in Part}:
        flash(_("Not understood."), "bad")
    else:
        choices.keep_change(RESET, part)
        flash(_("Learned anew from the next minute on."), "good")
    return redirect(url_for("trial.read_trial", _anchor="learned"))
