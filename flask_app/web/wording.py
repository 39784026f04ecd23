"""How the pages say a verdict, a phase, an alert and its evidence, in the visitor's language."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask_babel import gettext as _

from flask_app.boiler.alerts import Kind
from flask_app.boiler.phases import Phase
from flask_app.boiler.verdict import Cause, Facts, State, Verdict
from flask_app.web import queries
from flask_app.web.languages import day_time, degrees, number, span
from flask_app.words import CHECKS, EVIDENCE, KINDS, PHASES, ROLES, named

SIGNS = {
    Phase.UNDEFINED: "?",
    Phase.COMBUSTION: "●",
    Phase.IGNITION: "▲",
    Phase.FIRE_KEEPING: "◆",
    Phase.STOPPED: "■",
    Phase.JAM_RISK: "✖",
    Phase.WATCH: "!",
    Phase.BURN_OUT: "▼",
}
MARKS = {State.OK: "✓", State.WATCH: "!", State.FAULT: "✖", State.BLIND: "?"}


class Sentence(NamedTuple):
    """A verdict as the household reads it."""

    mark: str
    title: str
    advice: str  # what to do; empty when nothing is


def phase(code: int | None) -> str:
    """The phase's name."""
    return _(PHASES[Phase(code)]) if code in set(Phase) else _(PHASES[Phase.UNDEFINED])


def kind(value: str) -> str:
    """The name of an alert's kind; a kind of a later version keeps its own."""
    return _(KINDS[Kind(value)]) if value in {known.value for known in Kind} else value


def channel(name: str) -> str:
    """The way a message goes."""
    return {"mail": _("Mail"), "sms": _("SMS"), "apprise": _("Other service")}.get(name, name)


def occasion(reason: str) -> str:
    """Why a message was sent, when it was not the alert's beginning."""
    return {
        "reminder": _("Reminder"),
        "escalation": _("Next person"),
        "acknowledged": _("Somebody looks after it"),
        "recovery": _("Back to normal"),
        "test": _("Test message"),
        "self_test": _("Proof that alerts arrive"),
    }.get(reason, reason)


def outcome(code: str) -> str:
    """How one try to send ended."""
    return {
        "sent": _("accepted"),
        "caught": _("kept here: simulated boiler"),
        "retry": _("put off"),
        "unsure": _("no answer: perhaps taken"),
        "locked": _("put off: the account is refused"),
        "refused": _("refused for good"),
        "unconfigured": _("not set up"),
        "expired": _("too old to be of use"),
    }.get(code, code)


def masked(way: str, address: str) -> str:
    """An address to show: a service's URL holds its password."""
    if way != "apprise":
        return address
    scheme, _sep, rest = address.partition("://")
    return f"{scheme}://{rest[:3]}…"


def doer(name: str) -> str:
    """Who did something, as it is written down."""
    return named(name, _)


def role(name: str) -> str:
    """What a probe or a clamp measures."""
    return spare() if name == "spare" else _(ROLES[name])


def spare() -> str:
    """The name of the fourth probe, by what the option says that it measures."""
    return {"indoor": _("Indoors"), "return": _("Return"), "outdoor": _("Outdoors")}[queries.options().spare]


def sentence(verdict: Verdict, facts: Facts) -> Sentence:
    """What the first screen says."""
    return Sentence(MARKS[verdict.state], *_words(verdict, facts))


def _words(verdict: Verdict, facts: Facts) -> tuple[str, str]:
    if verdict.kind is not None:
        return kind(verdict.kind.value), advice(verdict.kind, facts)
    if verdict.cause is Cause.NO_READING:
        return _silence(facts), _("Look at the little computer by the boiler: is it powered, is its network up?")
    return {
        Cause.BURNING: (_("All is well"), ""),
        Cause.WAITING: (_("Waiting"), _("The fire is out and the water is warm: nothing to do.")),
        Cause.COLD: (_("Water below its setpoint"), _("Look whether the boiler heats again.")),
        Cause.PHASE: (_("To watch"), _("The phase is unusual: have a look if it lasts.")),
        Cause.NO_PHASE: (_("Measured, but not analysed"), _("The jobs of cron do not run: look at their log.")),
        Cause.NO_WATER: (_("The water probe does not answer"), _("Check the probe and its cable.")),
        Cause.CLOCK: (_("The clocks do not agree"), _("Check the date of the little computer.")),
    }[verdict.cause]


def _silence(facts: Facts) -> str:
    if facts.reading_ts is None:
        return _("No measurement yet")
    return _("No measurement for %(time)s", time=span(facts.now - facts.reading_ts))


def advice(about: Kind, facts: Facts) -> str:
    """What to do about an alert, as things stand."""
    gone = facts.phase is Phase.STOPPED or Kind.LOW_WATER in facts.open_kinds
    if about is Kind.FIRE_DYING and gone:  # no refill saves that fire any more
        return _("Check the silo, then start the boiler again.")
    return _(CHECKS[about]) if about in CHECKS else _("See its page for what was measured.")


def evidence(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The values an alert was judged by, as (name, value) in words."""
    return [
        (_(EVIDENCE[name]) if name in EVIDENCE else name.replace("_", " "), _value(name, value))
        for name, value in found.items()
        if value is not None
    ]


DEGREES = (
    "water",
    "setpoint",
    "flue",
    "flue_before",
    "coldest_before",
    "box",
    "spare",
    "water_before",
    "water_after",
    "flue_clean",
    "indoor",
    "limit",
)


def _value(name: str, value: Any) -> str:
    if name == "cause":
        return kind(str(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "channel":
        return channel(str(value))
    if name == "missing" and value == "row":
        return _("every value")
    if name == "missing" and value in ROLES:
        return _(ROLES[value])
    if not isinstance(value, int | float):
        return str(value)
    if name in DEGREES:
        return f"{degrees(value)} °C"
    if name.endswith("_ts"):
        return day_time(int(value))
    return f"{number(value, 0 if value == int(value) else 1)}"
