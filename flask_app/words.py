"""The household's words, as English msgids that gettext translates: phases, alerts, causes, what to do, messages."""

from __future__ import annotations

import gettext
import math
import os
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask_app.boiler.alerts import Kind
from flask_app.boiler.deliveries import Occasion
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
    Kind.JOBS: "The jobs of cron do not run.",
    Kind.STORAGE: "The database does not accept writes.",
    Kind.CLOCK: "The clock of the little computer was set by more than a minute.",
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
    Kind.STORAGE: "The memory card does not write any more: replace it.",
    Kind.CLOCK: "Check its time and its network; the times around this moment may be wrong.",
}
"""What to do about an alert."""

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
    "step_seconds": "Clock set by, seconds",
}
"""The values an alert was judged by."""

TEXTS: tuple[str, ...] = (
    "The fire is out since %(time)s.",
    "It falls by %(degrees)s °C an hour.",
    "SIMULATION",
    "BOILER",
    "Test message",
    "This is a test of the boiler's watch: nothing to do.",
    "back to normal",
    "Back to normal at %(time)s, after %(span)s.",
    "Since %(time)s.",
    "Water %(water)s °C, setpoint %(setpoint)s °C.",
    "Water %(water)s °C.",
    "Decided late: the watch had been interrupted.",
    "Probable cause: %(cause)s",
    "To do: %(check)s",
    "Water %(water)sC below %(setpoint)sC",
)
"""The other texts of messages, listed for the test that each has its French."""


class Story(NamedTuple):
    """What a message tells of."""

    occasion: Occasion
    kind: Kind | None  # None: a test
    opened_ts: int
    closed_ts: int | None
    evidence: Mapping[str, Any]  # what the engine judged by; any of it may be absent
    late: bool
    url: str
    simulated: bool


Translate = Callable[[str], str]
When = Callable[[float, str], str]  # (UTC seconds, strftime form) -> local time in words


def translator(language: str) -> Translate:
    """The gettext of that language; the English msgids themselves where a text or the catalogue is missing."""
    return gettext.translation("messages", TRANSLATIONS, [language], fallback=True).gettext


def mail(story: Story, translate: Translate, when: When) -> tuple[str, str]:
    """(subject of 60 characters at most, text) of a mail."""
    subject = f"{when(story.opened_ts, '%H:%M')} {_headline(story, translate)}"
    if story.simulated:
        subject = f"[{translate('SIMULATION')}] {subject}"
    lines = [_headline(story, translate), *_happened(story, translate, when), *_advice(story, translate)]
    return subject[:60], "\n".join([*lines, "", story.url + "/alerts/", ""])


def sms(story: Story, translate: Translate, when: When) -> str:
    """One SMS of 160 characters at most, without accents: they would halve what one part holds (3GPP TS 23.038)."""
    parts = [translate("SIMULATION") if story.simulated else translate("BOILER"), when(story.opened_ts, "%H:%M")]
    parts.append(_headline(story, translate) + ".")
    values = _values(story)
    if "setpoint" in values and story.occasion is Occasion.OPENED:
        parts.append(translate("Water %(water)sC below %(setpoint)sC") % values + ".")
    if story.kind in CHECKS and story.occasion is Occasion.OPENED:
        parts.append(translate(CHECKS[story.kind]))
    return _shortened(_ascii(" ".join(parts)), _ascii(story.url))


def _shortened(text: str, url: str) -> str:
    return f"{text[: 160 - 1 - len(url)]} {url}" if len(url) < 80 else text[:160]


def _ascii(text: str) -> str:
    text = text.replace("’", "'").replace("œ", "oe").replace("«", '"').replace("»", '"')
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _headline(story: Story, translate: Translate) -> str:
    if story.kind is None:
        return translate("Test message")
    name = translate(KINDS[story.kind])
    return f"{name}: {translate('back to normal')}" if story.occasion is Occasion.RECOVERY else name


def _values(story: Story) -> dict[str, str]:
    found = {name: story.evidence.get(name) for name in ("water", "setpoint")}
    # Rounded down: 55.96 °C is below 56 °C and must read so.
    return {
        name: f"{math.floor(value * 10) / 10:.1f}" for name, value in found.items() if isinstance(value, int | float)
    }


def _happened(story: Story, translate: Translate, when: When) -> list[str]:
    if story.kind is None:
        return ["", translate("This is a test of the boiler's watch: nothing to do.")]
    lines = ["", translate("Since %(time)s.") % {"time": when(story.opened_ts, "%d/%m/%Y %H:%M")}]
    values = _values(story)
    if "water" in values:
        text = "Water %(water)s °C, setpoint %(setpoint)s °C." if "setpoint" in values else "Water %(water)s °C."
        lines.append(translate(text) % values)
    if story.occasion is Occasion.OPENED:
        lines += _course(story, translate, when)
    if story.occasion is Occasion.RECOVERY and story.closed_ts is not None:
        minutes = (story.closed_ts - story.opened_ts) // 60
        span = f"{minutes // 60} h {minutes % 60:02}" if minutes >= 60 else f"{minutes} min"
        time = when(story.closed_ts, "%H:%M")
        lines.append(translate("Back to normal at %(time)s, after %(span)s.") % {"time": time, "span": span})
    if story.late:
        lines.append(translate("Decided late: the watch had been interrupted."))
    return lines


def _course(story: Story, translate: Translate, when: When) -> list[str]:
    lines = []
    falling, out_ts = story.evidence.get("falling_per_hour"), story.evidence.get("fire_out_ts")
    if isinstance(falling, int | float) and falling > 0:
        lines.append(translate("It falls by %(degrees)s °C an hour.") % {"degrees": f"{falling:.1f}"})
    if isinstance(out_ts, int):
        lines.append(translate("The fire is out since %(time)s.") % {"time": when(out_ts, "%H:%M")})
    return lines


def _cause(story: Story) -> Kind | None:
    """The kind that explains this one: what the engine found before it, else itself."""
    earlier = story.evidence.get("cause")
    return Kind(earlier) if earlier in {kind.value for kind in CAUSES} else story.kind


def _advice(story: Story, translate: Translate) -> list[str]:
    if story.kind is None or story.occasion is not Occasion.OPENED:
        return []
    lines, cause = [""], _cause(story)
    if cause in CAUSES:
        lines.append(translate("Probable cause: %(cause)s") % {"cause": translate(CAUSES[cause])})
    # The alert's own: hours after a fire died, a refill does not save it any more.
    if story.kind in CHECKS:
        lines.append(translate("To do: %(check)s") % {"check": translate(CHECKS[story.kind])})
    return lines
