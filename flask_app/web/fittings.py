"""What the installation is fitted with: which probe measures what, and what is known of each clamp.

What is measured (idle and running currents, which probe a hand warmed) is learned by command, beside the boiler; what
is only said can be said here too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import delete, select
from werkzeug.wrappers import Response

from flask_app.boiler.fittings import LIMITS, PROBES_FOUND, SEPARATION, described, fitted_channels, opens_at, separation
from flask_app.boiler.fittings import Channel as Clamp
from flask_app.boiler.fittings import Idle as Learned
from flask_app.boiler.rows import MOTORS, TEMPERATURES
from flask_app.models import Channel, Idle, Probe, db
from flask_app.web import choices, doors, explained, queries
from flask_app.web.languages import exact

pages = Blueprint("fittings", __name__, url_prefix="/admin/sensors")

CHANGES = 20
ADDRESS = re.compile(r"28-[0-9a-f]{12}")


class FittingError(ValueError):
    """What a form gave cannot be; the words say what can, in the visitor's language."""


@pages.get("/")
def read_fittings() -> str:
    """Probes and clamps, each beside its newest value."""
    named = {probe.role: probe for probe in db.session.execute(select(Probe)).scalars()}
    return render_template(
        "fittings.html",
        roles=TEMPERATURES,
        named=named,
        unnamed=unnamed(),
        clamps=clamps(),
        idle_ts={row.role: row.ts for row in db.session.execute(select(Idle)).scalars()},
        opens_at=opens_at,
        separation=separation,
        least=SEPARATION,
        limits=LIMITS,
        reading=queries.newest_reading(),
        changes=queries.changes(CHANGES, explained.SENSOR),
    )


def clamps() -> tuple[Clamp, ...]:
    """The four clamps, those not set by anybody as they are by default, each with its newest idle current."""
    known = [
        Clamp(**{name: getattr(row, name) for name in Clamp._fields})
        for row in db.session.execute(select(Channel)).scalars()
    ]
    idles = [Learned(row.role, row.ts, row.amps, row.spread) for row in db.session.execute(select(Idle)).scalars()]
    return fitted_channels(known, idles)


def unnamed() -> dict[str, str]:
    """The probe of each role that has it by the order found alone: another one could take its place."""
    found: dict[str, str] = json.loads(queries.newest_value(PROBES_FOUND) or "{}")
    if not found or current_app.config["SETTINGS"].probes:
        return {}
    named = {word for row in db.session.execute(select(Probe.role, Probe.address)) for word in row}
    return {role: address for role, address in found.items() if not named & {role, address}}


def name_all() -> None:
    """Gives each of them its role for good, as it is."""
    probes = unnamed()
    with doors.writing() as database:
        for role, address in probes.items():
            database.add(Probe(address=address, role=role, offset=0.0, since_ts=queries.now()))
            choices.note(database, explained.SENSOR + role, f"{address}, +0.00 °C")


# --- changes: the loop has them within a minute


@pages.post("/probes/<role>")
def change_probe(role: str) -> Response | tuple[str, int]:
    """Gives a role its probe and what is added to it; an empty address leaves the role to the order found."""
    if role not in TEMPERATURES:
        abort(404)
    address = request.form.get("address", "").strip().lower()
    try:
        offset = _number("offset", request.form) or 0.0
        if address and ADDRESS.fullmatch(address) is None:
            raise FittingError(_("A probe's address is written as 28-0123456789ab."))
    except FittingError as error:
        return _refused(str(error))
    with doors.writing() as database:
        # A probe measures one thing: where it was before, the order found decides again.
        database.execute(delete(Probe).where((Probe.role == role) | (Probe.address == address)))
        if address:
            database.add(Probe(address=address, role=role, offset=offset, since_ts=queries.now()))
        words = f"{address}, {offset:+.2f} °C" if address else "–"
        choices.note(database, explained.SENSOR + role, words)
    return _kept()


@pages.post("/clamps/<role>")
def change_clamp(role: str) -> Response | tuple[str, int]:
    """Says where a motor's clamp is and how its wire goes through it."""
    if role not in MOTORS:
        abort(404)
    now = {clamp.role: clamp for clamp in clamps()}
    try:
        wanted = asked_clamp(now[role], request.form, queries.now())
    except FittingError as error:
        return _refused(str(error))
    if wanted.input is not None and any(wanted.input == one.input for one in now.values() if one.role != role):
        return _refused(_("Another motor has that input: change it first."))
    with doors.writing() as database:
        database.merge(Channel(**wanted._asdict()))
        choices.note(database, explained.SENSOR + role, described(wanted))
    return _kept()


def asked_clamp(former: Clamp, form: Mapping[str, str], now: int) -> Clamp:
    """`former` as the form wants it; moved or wound otherwise, what was learned of it is forgotten. Raises
    FittingError."""
    place = form.get("input", "")
    if place == "none":
        return Clamp(former.role, None, learned_ts=now)
    if place not in ("0", "1", "2", "3"):
        raise FittingError(_("A clamp is on one of the inputs A0 to A3, or on none."))
    values = {name: _number(name, form) for name in ("turns", "volts", "power_factor")}
    if None in values.values() or values["turns"] != int(values["turns"] or 0):
        raise FittingError(_("The turns of the wire, the volts and the power factor are needed, the turns whole."))
    given: dict[str, Any] = values | {"input": int(place), "turns": int(values["turns"] or 0)}
    changed = former._replace(**given, gate_amps=_number("gate_amps", form))
    if (changed.input, changed.turns) == (former.input, former.turns):
        return changed
    return changed._replace(idle_amps=None, idle_spread=None, running_amps=None, learned_ts=now)


def _number(name: str, form: Mapping[str, str]) -> float | None:
    """A field's number; None when it is left empty. Raises FittingError for what is out of its bounds."""
    words = form.get(name, "").strip().replace(",", ".")
    if not words:
        return None
    low, high = LIMITS[name]
    try:
        value = float(words)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        titles = {
            "offset": _("Added to it"),
            "turns": _("Turns of the wire"),
            "volts": _("Volts of the mains"),
            "power_factor": _("Power factor"),
            "gate_amps": _("Counts as running from"),
        }
        raise FittingError(
            _(
                "%(title)s accepts %(range)s.",
                title=titles[name],
                range=_("%(low)s to %(high)s", low=exact(low), high=exact(high)),
            )
        )
    return value


def _kept() -> Response:
    flash(_("Kept: in force within a minute."), "good")
    return redirect(url_for("fittings.read_fittings"))


def _refused(words: str) -> tuple[str, int]:
    flash(words, "bad")
    return read_fittings(), 400
