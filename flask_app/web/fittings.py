"""What the installation is fitted with: which probe measures what, and what is known of each clamp. Changed by command,
beside the boiler; only shown here."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy import select

from flask_app.boiler.fittings import SEPARATION, fitted_channels, opens_at, separation
from flask_app.boiler.fittings import Channel as Clamp
from flask_app.boiler.fittings import Idle as Learned
from flask_app.boiler.rows import TEMPERATURES
from flask_app.models import Channel, Idle, Probe, db
from flask_app.web import explained, queries

pages = Blueprint("fittings", __name__, url_prefix="/admin/sensors")

CHANGES = 20


@pages.get("/")
def read_fittings() -> str:
    """Probes and clamps, each beside its newest value."""
    named = {probe.role: probe for probe in db.session.execute(select(Probe)).scalars()}
    return render_template(
        "fittings.html",
        roles=TEMPERATURES,
        named=named,
        clamps=clamps(),
        idle_ts={row.role: row.ts for row in db.session.execute(select(Idle)).scalars()},
        opens_at=opens_at,
        separation=separation,
        least=SEPARATION,
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
