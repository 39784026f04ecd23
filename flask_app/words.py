"""The household's words: msgids, in English, of phases, alerts and what to do; the caller's gettext translates them."""

from __future__ import annotations

from flask_app.boiler.alerts import Kind
from flask_app.boiler.phases import Phase

PHASES: dict[Phase, str] = {
    Phase.UNDEFINED: "Undefined",
    Phase.COMBUSTION: "Combustion",
    Phase.IGNITION: "Ignition",
    Phase.FIRE_KEEPING: "Fire-keeping",
    Phase.STOPPED: "Stopped",
    Phase.JAM_RISK: "Jam risk",
    Phase.WATCH: "To watch",
    Phase.BURN_OUT: "Burn-out",
}

KINDS: dict[Kind, str] = {
    Kind.LOW_WATER: "Water below its setpoint",
    Kind.FIRE_DYING: "The fire is dying",
    Kind.IGNITION_FAILED: "Ignition failed",
    Kind.JAM: "The auger is jammed",
    Kind.POWER_CUT: "The boiler lost its power",
    Kind.BLIND: "The watch is blind",
    Kind.LOW_INDOOR: "The house is cold",
    Kind.IGNITER_WEAR: "The igniter wears out",
    Kind.FOULING: "The exchanger is fouled",
    Kind.SHORT_CYCLING: "Starts too often",
    Kind.CONDENSATION: "Too cold while burning",
    Kind.JOBS: "The analysis does not run",
    Kind.STORAGE: "The storage fails",
    Kind.CLOCK: "The clock is wrong",
    Kind.DELIVERY: "Messages do not leave",
    Kind.BALANCE: "The SMS credit runs out",
}
