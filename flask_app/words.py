"""The household's words, as English msgids that gettext translates: phases, alerts, causes, what to do, messages."""

from __future__ import annotations

import gettext
import os
from collections.abc import Callable

from flask_app.boiler.alerts import Kind
from flask_app.boiler.phases import Phase

TRANSLATIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "translations")

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

CAUSES: dict[Kind, str] = {
    Kind.LOW_WATER: "The boiler does not heat enough, or not at all.",
    Kind.FIRE_DYING: "Pellets no longer reach the fire: empty silo, or a bridge in it?",
    Kind.IGNITION_FAILED: "The igniter was on and no fire followed.",
    Kind.JAM: "The auger is blocked, or turns no more.",
    Kind.POWER_CUT: "Every motor stopped at once: mains, fuse or safety cut-out.",
    Kind.BLIND: "A sensor or the sensor loop gives no value.",
    Kind.LOW_INDOOR: "The heat does not reach the rooms.",
    Kind.IGNITER_WEAR: "Each ignition takes longer than the one before.",
    Kind.FOULING: "The flue gas leaves hotter than when the boiler was clean.",
    Kind.SHORT_CYCLING: "The boiler is too strong for what is asked of it, or its settings are.",
    Kind.CONDENSATION: "The water that returns is too cold while the fire burns.",
    Kind.JOBS: "The jobs of cron do not run.",
    Kind.STORAGE: "The database does not accept writes, or the card is nearly full.",
    Kind.CLOCK: "The clock of the little computer was set, or does not agree with its measurements.",
    Kind.DELIVERY: "A gateway refuses messages, or cannot be reached.",
    Kind.BALANCE: "The account of the SMS gateway is nearly empty.",
}
"""The probable cause of an alert, in words."""

CHECKS: dict[Kind, str] = {
    Kind.LOW_WATER: "Go and see the boiler: pellets, ash, its own display.",
    Kind.FIRE_DYING: "Refill the silo now: within ten minutes the fire is saved.",
    Kind.IGNITION_FAILED: "Clean the burner pot and start the boiler again.",
    Kind.JAM: "Switch the boiler off, then free the auger.",
    Kind.POWER_CUT: "Check the fuse and the safety thermostat of the boiler.",
    Kind.BLIND: "A sensor is missing or frozen: check its cable.",
    Kind.LOW_INDOOR: "The house gets cold: look at the boiler and the heating pump.",
    Kind.IGNITER_WEAR: "Have the igniter replaced before the cold season.",
    Kind.FOULING: "Clean the exchanger, or call the sweep.",
    Kind.SHORT_CYCLING: "Ask the installer to look at power, buffer and thermostat.",
    Kind.CONDENSATION: "Ask the installer to look at the return valve.",
    Kind.JOBS: "Start the little computer again; then look at the log of its jobs.",
    Kind.STORAGE: "The memory card does not write any more: replace it.",
    Kind.CLOCK: "Check its time and its network; the times around this moment may be wrong.",
    Kind.DELIVERY: "Look at the page of alerts: it shows what the gateway answered.",
    Kind.BALANCE: "Top up the account of the SMS gateway.",
}
"""What to do about an alert, first of all."""

MORE_CHECKS: dict[Kind, tuple[str, ...]] = {
    Kind.LOW_WATER: (
        "Is the silo empty, or do pellets hang in it?",
        "Does the boiler's display show a fault? Note it, then start again.",
        "Are fuse and safety thermostat on?",
    ),
    Kind.FIRE_DYING: ("Knock at the silo: a bridge falls in.", "Does the auger turn?"),
    Kind.IGNITION_FAILED: ("Is ash or clinker in the pot?", "Does the igniter glow?", "Do pellets fall into the pot?"),
    Kind.JAM: ("Never reach into an auger under power.", "Look for damp or broken pellets, or a foreign body."),
    Kind.POWER_CUT: ("Does the house have power?", "Press the reset of the safety thermostat once cool."),
    Kind.BLIND: ("Is the little computer powered and its lamp lit?", "Is the probe's plug in place?"),
    Kind.LOW_INDOOR: ("Are valves and thermostat open?", "Does the heating pump run?"),
    Kind.IGNITER_WEAR: (
        "Is ash or clinker in the pot?",
        "Is the igniter's tube clean? Ash keeps its heat from the fuel.",
    ),
    Kind.FOULING: (
        "Are the scrapers of the exchanger moved?",
        "Swept? Note it on the chart: the flue is then learned anew.",
    ),
    Kind.SHORT_CYCLING: ("Are radiators shut while the boiler fires?", "Is its power set higher than the house needs?"),
    Kind.CONDENSATION: ("Does tar or water show in the boiler or the flue?", "Does the return pump run?"),
}
"""What to look at next."""

LEARNED: dict[str, str] = {
    "usual_rise": "Usual flue rise of an ignition",
    "clean_flue": "Flue of a steady fire, the boiler clean",
    "usual_lighting": "Usual time of an ignition",
    "longest_burn_out": "Longest burn-out",
    "coldest_wait": "Lowest water ever waited at",
    "cooling": "Time constant of the cool-down",
}
"""What the boiler has taught (habits.figures)."""

BRIEF_CAUSES: dict[Kind, str] = {
    Kind.FIRE_DYING: "silo empty?",
    Kind.IGNITION_FAILED: "ignition failed?",
    Kind.JAM: "auger jammed?",
    Kind.POWER_CUT: "power cut?",
}
"""The probable cause, for an SMS and a subject."""

BRIEF_CHECKS: dict[Kind, str] = {
    Kind.LOW_WATER: "Go and see the boiler.",
    Kind.FIRE_DYING: "Check the silo, then restart.",
    Kind.IGNITION_FAILED: "Clean the pot, then restart.",
    Kind.JAM: "Power off, then free the auger.",
    Kind.POWER_CUT: "Check fuse and thermostat.",
}
"""What to do, for an SMS."""

EVIDENCE: dict[str, str] = {
    "water": "Water",
    "setpoint": "Setpoint",
    "flue": "Flue gas",
    "flue_before": "Flue gas before",
    "falling_per_hour": "Falling, °C an hour",
    "fire_out_ts": "Fire out since",
    "since_ts": "Since",
    "burning_since_ts": "Burning since",
    "last_feed_ts": "Last feed",
    "attempts": "Attempts",
    "cause": "Probable cause",
    "missing": "Missing",
    "watts": "Watts (estimated)",
    "usual_watts": "Watts usually",
    "usual_minutes": "Minutes usually",
    "coldest_before": "Coldest before",
    "minutes": "Minutes now",
    "starts": "Good starts of this igniter",
    "starts_a_day": "Starts a day",
    "burn_minutes": "Minutes a fire",
    "days": "Days of the last seven",
    "cold_minutes": "Minutes a day too cold",
    "flue_clean": "Flue gas when clean",
    "hotter": "Hotter by, °C",
    "fires": "Fires compared",
    "indoor": "Indoor",
    "limit": "Limit",
    "rebooted": "Power was off",
    "running": "Running again",
    "gap_from_ts": "Without measurement from",
    "gap_to_ts": "Measured again from",
    "water_before": "Water before",
    "water_after": "Water after",
    "balance": "Credit left",
    "waiting": "Messages waiting",
    "failed": "Messages given up",
    "channel": "Way",
    "said": "The gateway says",
    "free_mb": "Free space, MB",
    "ahead_seconds": "Seconds ahead",
    "step_seconds": "Clock set by, seconds",
}
"""The values an alert was judged by."""

ROLES: dict[str, str] = {
    "water": "Water",
    "flue": "Flue gas",
    "box": "Electronics box",
    "spare": "Fourth probe",
    "indoor": "Indoor",
    "return": "Return",
    "outdoor": "Outdoor",
    "secondary_fan": "Secondary fan",
    "igniter": "Igniter",
    "primary_fan": "Primary fan",
    "auger": "Auger",
}
"""What is measured, by role; the fourth probe by what it measures too."""

SOMEBODY, AT_HOME = "somebody", "somebody at home"
"""Who did something without a login, as it is written down: by a message's link, by a button at home."""

FORMERLY = {"quelqu’un": SOMEBODY, "kiosk": AT_HOME, "the screen at home": AT_HOME, "l’écran de la maison": AT_HOME}
"""What was written for them before, in whichever language the visitor read."""


Translate = Callable[[str], str]


def translator(language: str) -> Translate:
    """The gettext of that language; the English msgids themselves where a text or the catalogue is missing."""
    return gettext.translation("messages", TRANSLATIONS, [language], fallback=True).gettext


def named(name: str, say: Translate) -> str:
    """Who did something: by name as it is, without a login in the words of `say`.

    >>> named("Ana", str.upper), named("kiosk", str.upper)
    ('Ana', 'SOMEBODY AT HOME')
    """
    name = FORMERLY.get(name, name)
    return say(name) if name in (SOMEBODY, AT_HOME) else name
