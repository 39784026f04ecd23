"""What a message says: one letter of the stories of one or more alerts, as a mail, an SMS or another service's text."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask_app.boiler.alerts import Kind
from flask_app.boiler.deliveries import Occasion
from flask_app.boiler.gsm import PLACES, plain, septets
from flask_app.boiler.phases import Phase
from flask_app.boiler.verdict import GRAVE
from flask_app.words import (
    BRIEF_CAUSES,
    BRIEF_CHECKS,
    CAUSES,
    CHECKS,
    KINDS,
    MORE_CHECKS,
    PHASES,
    ROLES,
    Translate,
    named,
)

SUBJECT = 60  # characters that a phone shows of a subject

TEXTS: tuple[str, ...] = (
    "SIMULATION",
    "BOILER",
    "Test message",
    "Proof that alerts arrive",
    "This is a test of the boiler's watch: nothing to do.",
    "The path from the boiler to you works: nothing to do.",
    "back to normal",
    "reminder",
    "nobody answered",
    "%(name)s looks after it",
    "Nobody has acknowledged this alert yet: you are the next to be told.",
    "Back to normal at %(time)s, after %(span)s.",
    "Since %(time)s.",
    "Water %(water)s °C, setpoint %(setpoint)s °C.",
    "Water %(water)s °C.",
    "It falls by %(degrees)s °C an hour.",
    "The fire is out since %(time)s.",
    "The ignition is under way: nothing to do.",
    "Decided late: the watch had been interrupted.",
    "%(first)s: %(rest)s",
    "Probable cause: %(cause)s",
    "To do: %(check)s",
    "In this house: %(note)s",
    "Installer: %(who)s",
    "At this pace the water is at %(degrees)s °C at about %(time)s (between %(earliest)s and %(latest)s).",
    "At this pace the water is at %(degrees)s °C at about %(time)s.",
    "Now (%(time)s): %(values)s.",
    "phase %(phase)s since %(time)s",
    "I look after it",
    "The address works at home only.",
    "Water %(water)sC below %(setpoint)sC",
    "falls %(degrees)sC/h",
    "Fire out since %(time)s",
    "%(degrees)sC at about %(time)s",
    "Ignition under way, nothing to do",
    "Normal again at %(time)s after %(span)s",
    "(and %(count)s more)",
    "Power was off",
    "No measurement",
    "water %(before)s → %(after)s °C",
    "boiler running again: %(answer)s",
    "yes",
    "not yet",
    "Credit left: %(balance)s.",
    "Last six hours",
    "%(role)s from %(first)s to %(last)s °C, lowest %(lowest)s, highest %(highest)s",
    "Measured: %(share)s %% of the minutes.",
    "Water: %(lowest)s to %(highest)s °C; below the setpoint for %(span)s.",
    "Fire: %(hours)s h; ignitions: %(ignitions)s.",
    "Alerts: %(count)s.",
    "Messages: %(sent)s left, %(waiting)s wait, %(failed)s failed.",
)
"""The texts of this module, listed for the test that each has its French."""

When = Callable[[float, str], str]  # (UTC seconds, strftime form) -> local time in words


class Cold(NamedTuple):
    """When the water is expected to be at `target` °C."""

    target: float
    ts: float
    earliest_ts: float | None = None
    latest_ts: float | None = None


class Story(NamedTuple):
    """What a letter tells of one alert, of a test, or of the proof of the whole path (`kind` None)."""

    occasion: Occasion
    kind: Kind | None
    opened_ts: int
    closed_ts: int | None = None
    evidence: Mapping[str, Any] = {}  # what the engine judged by; any of it may be absent
    late: bool = False
    taken_by: str = ""  # who acknowledged it
    note: str = ""  # the house's own, for its cause
    link: str = ""  # where it is acknowledged
    lighting: bool = False
    cold: Cold | None = None


class Week(NamedTuple):
    """The facts of the last seven days."""

    share: float  # of the minutes that were measured
    lowest: float | None  # °C of the water
    highest: float | None
    below_minutes: int
    burning_minutes: int
    ignitions: int
    alerts: int
    sent: int
    waiting: int
    failed: int


class Frame(NamedTuple):
    """What a letter holds around its stories."""

    now: int
    language: str
    url: str
    home_only: bool = False  # the address works at home only
    simulated: bool = False
    installer: str = ""
    values: tuple[tuple[str, float], ...] = ()  # (role, °C), the newest
    values_ts: int = 0
    phase: tuple[Phase, int] | None = None  # the present one and since when
    curves: tuple[tuple[str, float, float, float, float], ...] = ()  # (role, first, last, lowest, highest) of six hours
    week: Week | None = None
    has_picture: bool = False


class Words(NamedTuple):
    """How a letter is put into words."""

    frame: Frame
    say: Translate
    when: When

    def number(self, value: float, decimals: int = 1) -> str:
        """A number as the language writes it, rounded down: 55.96 °C is below 56 °C and must read so."""
        text = f"{math.floor(value * 10**decimals + 1e-6) / 10**decimals:.{decimals}f}"
        return text.replace(".", ",") if self.frame.language == "fr" else text

    def hour(self, ts: float) -> str:
        """The hour, with the day when it is not of the last or the next half day."""
        return self.when(ts, "%H:%M" if abs(self.frame.now - ts) < 43200 else "%d/%m %H:%M")


def ordered(stories: Sequence[Story]) -> list[Story]:
    """Open alerts first, causes before their consequences, then what is over, the newest first."""

    def rank(story: Story) -> tuple[bool, int, int]:
        grave = GRAVE.index(story.kind) if story.kind in GRAVE else len(GRAVE)
        return story.closed_ts is not None, grave if story.closed_ts is None else 0, -story.opened_ts

    return sorted(stories, key=rank)


# --- mail


def subject(stories: Sequence[Story], words: Words) -> str:
    """60 characters at most: the hour, what, how cold, why."""
    first, *others = ordered(stories)
    text = f"{words.hour(first.opened_ts)} {_headline(first, words)}"
    if words.frame.simulated:
        text = f"[{words.say('SIMULATION')}] {text}"
    more = [f"(+{len(others)})"] if others else []
    if _tells_cold(first):
        more.append(f"{words.number(first.evidence['water'])} °C")
        cause = _cause(first)
        if cause in BRIEF_CAUSES:
            more.append(words.say(BRIEF_CAUSES[cause]))
    for part in more:
        if len(text) + 1 + len(part) <= SUBJECT:
            text = f"{text} {part}"
    return text if len(text) <= SUBJECT else text[: SUBJECT - 1] + "…"


def text(stories: Sequence[Story], words: Words) -> str:
    """The plain text of a mail: every story, the values now, and where to go."""
    lines: list[str] = []
    for story in ordered(stories):
        lines += [_headline(story, words), "", *_story(story, words), ""]
    lines += _around(words)
    return "\n".join([*lines, words.frame.url + "/alerts/", *_home_only(words), ""])


def rich(stories: Sequence[Story], words: Words) -> str:
    """The same as HTML for a phone, with the picture of the last six hours."""
    pieces = []
    for story in ordered(stories):
        pieces.append(f"<h2>{html.escape(_headline(story, words))}</h2>")
        pieces += [f"<p>{html.escape(line)}</p>" for line in _story(story, words, link=False) if line]
        if story.link:
            label = html.escape(words.say("I look after it"))
            pieces.append(f'<p><a href="{html.escape(story.link)}"><b>{label}</b></a></p>')
    around = _around(words)
    if words.frame.has_picture:
        alternative = html.escape(" ".join(_curves(words)))
        pieces.append(f'<p><img src="cid:picture" alt="{alternative}" style="max-width:100%;height:auto"></p>')
    pieces += [f"<p>{html.escape(line)}</p>" for line in around if line]
    address = html.escape(words.frame.url + "/alerts/")
    pieces.append(f'<p><a href="{address}">{address}</a></p>')
    pieces += [f"<p>{html.escape(line)}</p>" for line in _home_only(words)]
    body = "\n".join(pieces)
    return (
        f'<!doctype html><html lang="{words.frame.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f'<body style="font:16px/1.5 sans-serif;max-width:40em">\n{body}\n</body></html>\n'
    )


def _home_only(words: Words) -> list[str]:
    return [words.say("The address works at home only.")] if words.frame.home_only else []


def pair(words: Words, first: str, rest: str) -> str:
    """Two parts and the colon between them, which French sets apart."""
    return words.say("%(first)s: %(rest)s") % {"first": first, "rest": rest}


def _headline(story: Story, words: Words) -> str:
    say = words.say
    if story.kind is None:
        return say("Proof that alerts arrive" if story.occasion is Occasion.SELF_TEST else "Test message")
    name = say(KINDS[story.kind])
    if story.closed_ts is not None:
        return pair(words, name, say("back to normal"))
    if story.occasion is Occasion.ACKNOWLEDGED and story.taken_by:
        return pair(words, name, say("%(name)s looks after it") % {"name": named(story.taken_by, say)})
    if story.occasion is Occasion.REMINDER:
        return f"{name} ({say('reminder')})"
    return f"{name} ({say('nobody answered')})" if story.occasion is Occasion.ESCALATION else name


def _tells_cold(story: Story) -> bool:
    found = story.evidence.get("water")
    return story.kind is Kind.LOW_WATER and story.closed_ts is None and isinstance(found, int | float)


def _story(story: Story, words: Words, link: bool = True) -> list[str]:
    say = words.say
    if story.kind is None:
        return _proof(story, words)
    lines = [say("Since %(time)s.") % {"time": words.when(story.opened_ts, "%d/%m/%Y %H:%M")}]
    lines += _missing(story, words) + _values(story, words)
    if story.occasion is Occasion.ESCALATION:
        lines.insert(0, say("Nobody has acknowledged this alert yet: you are the next to be told."))
    lines += outage(story, words)
    if story.closed_ts is not None:
        lines.append(
            say("Back to normal at %(time)s, after %(span)s.")
            % {"time": words.hour(story.closed_ts), "span": span(story.closed_ts - story.opened_ts)}
        )
    else:
        lines += _course(story, words) + _advice(story, words)
    if story.late:
        lines.append(say("Decided late: the watch had been interrupted."))
    if link and story.link:
        lines.append(pair(words, say("I look after it"), story.link))
    return lines


def span(seconds: int) -> str:
    """A length of time in words.

    >>> span(6000), span(540), span(90000)
    ('1 h 40', '9 min', '25 h 00')
    """
    minutes = seconds // 60
    return f"{minutes // 60} h {minutes % 60:02}" if minutes >= 60 else f"{minutes} min"


def _missing(story: Story, words: Words) -> list[str]:
    missing = str(story.evidence.get("missing", ""))
    name = "every value" if missing == "row" else ROLES.get(missing)
    return [pair(words, words.say("Missing"), words.say(name)) + "."] if name else []


def _values(story: Story, words: Words) -> list[str]:
    found = {name: story.evidence.get(name) for name in ("water", "setpoint")}
    values = {name: words.number(value) for name, value in found.items() if isinstance(value, int | float)}
    if "water" not in values:
        return []
    both = "setpoint" in values
    return [words.say("Water %(water)s °C, setpoint %(setpoint)s °C." if both else "Water %(water)s °C.") % values]


def _course(story: Story, words: Words) -> list[str]:
    lines = []
    falling, out_ts = story.evidence.get("falling_per_hour"), story.evidence.get("fire_out_ts")
    if isinstance(falling, int | float) and falling > 0:
        lines.append(words.say("It falls by %(degrees)s °C an hour.") % {"degrees": words.number(falling)})
    if isinstance(out_ts, int):
        lines.append(words.say("The fire is out since %(time)s.") % {"time": words.hour(out_ts)})
    if story.cold is not None:
        lines.append(_cold(story.cold, words))
    return lines


def _cold(cold: Cold, words: Words) -> str:
    given = {"degrees": words.number(cold.target, 0), "time": words.hour(cold.ts)}
    if cold.earliest_ts is None or cold.latest_ts is None:
        return words.say("At this pace the water is at %(degrees)s °C at about %(time)s.") % given
    return words.say(
        "At this pace the water is at %(degrees)s °C at about %(time)s (between %(earliest)s and %(latest)s)."
    ) % {**given, "earliest": words.hour(cold.earliest_ts), "latest": words.hour(cold.latest_ts)}


def outage(story: Story, words: Words) -> list[str]:
    """What happened while nothing was measured, once it is over: when, how the water fell, whether it burns again."""
    given, say = story.evidence, words.say
    start, end = given.get("gap_from_ts"), given.get("gap_to_ts")
    if not isinstance(start, int) or not isinstance(end, int):
        return []
    what = say("Power was off" if given.get("rebooted") else "No measurement")
    pieces = [f"{what} {words.hour(start)}-{words.hour(end)}"]
    before, after = given.get("water_before"), given.get("water_after")
    if isinstance(before, int | float) and isinstance(after, int | float):
        values = {"before": words.number(before, 0), "after": words.number(after, 0)}
        pieces.append(say("water %(before)s → %(after)s °C") % values)
    pieces.append(
        say("boiler running again: %(answer)s") % {"answer": say("yes" if given.get("running") else "not yet")}
    )
    return [", ".join(pieces) + "."]


def _cause(story: Story) -> Kind | None:
    """The kind that explains this one: what the engine found before it, else itself."""
    earlier = story.evidence.get("cause")
    return Kind(earlier) if earlier in {kind.value for kind in CAUSES} else story.kind


def _advice(story: Story, words: Words) -> list[str]:
    say, cause = words.say, _cause(story)
    if story.kind is None:
        return []
    if story.lighting:
        return [say("The ignition is under way: nothing to do.")]
    lines = []
    if cause in CAUSES:
        lines.append(say("Probable cause: %(cause)s") % {"cause": say(CAUSES[cause])})
    # The alert's own: hours after a fire died, a refill does not save it any more.
    lines.append(say("To do: %(check)s") % {"check": say(CHECKS[story.kind])})
    lines += [f"- {say(check)}" for check in MORE_CHECKS.get(story.kind, ())]
    if story.note:
        lines.append(say("In this house: %(note)s") % {"note": story.note})
    if words.frame.installer:
        lines.append(say("Installer: %(who)s") % {"who": words.frame.installer})
    balance = story.evidence.get("balance")
    if isinstance(balance, int | float):
        lines.append(say("Credit left: %(balance)s.") % {"balance": words.number(balance, 2)})
    said = story.evidence.get("said")
    return [*lines, *([str(said)] if said else [])]


def _around(words: Words) -> list[str]:
    """The newest values, and the last six hours in words."""
    frame, say = words.frame, words.say
    values = [f"{say(ROLES[role]).lower()} {words.number(value)} °C" for role, value in frame.values]
    if frame.phase is not None:
        phase, since_ts = frame.phase
        given = {"phase": say(PHASES[phase]).lower(), "time": words.hour(since_ts)}
        values.append(say("phase %(phase)s since %(time)s") % given)
    lines = []
    if values:
        given = {"time": words.hour(frame.values_ts), "values": ", ".join(values)}
        lines.append(say("Now (%(time)s): %(values)s.") % given)
    lines += _curves(words)
    return [*lines, ""] if lines else []


def _curves(words: Words) -> list[str]:
    if not words.frame.curves:
        return []
    pieces = []
    for role, *values in words.frame.curves:
        first, last, lowest, highest = (words.number(value, 0) for value in values)
        given = {"role": words.say(ROLES[role]).lower(), "first": first, "last": last}
        given |= {"lowest": lowest, "highest": highest}
        pieces.append(
            words.say("%(role)s from %(first)s to %(last)s °C, lowest %(lowest)s, highest %(highest)s") % given
        )
    return [pair(words, words.say("Last six hours"), "; ".join(pieces) + ".")]


def _proof(story: Story, words: Words) -> list[str]:
    say, week = words.say, words.frame.week
    if story.occasion is not Occasion.SELF_TEST:
        return [say("This is a test of the boiler's watch: nothing to do.")]
    lines = [say("The path from the boiler to you works: nothing to do.")]
    if week is None:
        return lines
    lowest, highest = ("?" if value is None else words.number(value, 0) for value in (week.lowest, week.highest))
    water = {"lowest": lowest, "highest": highest, "span": span(week.below_minutes * 60)}
    fire = {"hours": words.number(week.burning_minutes / 60, 0), "ignitions": week.ignitions}
    messages = {"sent": week.sent, "waiting": week.waiting, "failed": week.failed}
    return [
        *lines,
        "",
        say("Measured: %(share)s %% of the minutes.") % {"share": words.number(100 * week.share)},
        say("Water: %(lowest)s to %(highest)s °C; below the setpoint for %(span)s.") % water,
        say("Fire: %(hours)s h; ignitions: %(ignitions)s.") % fire,
        say("Alerts: %(count)s.") % {"count": week.alerts},
        say("Messages: %(sent)s left, %(waiting)s wait, %(failed)s failed.") % messages,
    ]


# --- SMS


def sms(stories: Sequence[Story], words: Words) -> str:
    """One SMS of 160 places: the gravest story as it stands now; what does not fit is left out, the last first."""
    first, *others = ordered(stories)
    say = words.say
    parts = [f"{say('SIMULATION' if words.frame.simulated else 'BOILER')} {words.hour(first.opened_ts)}"]
    parts += _brief(first, words)
    if others:
        parts.insert(2, say("(and %(count)s more)") % {"count": len(others)})
    text = ""
    for part in filter(None, parts):
        longer = plain(f"{text} {part}".strip())
        if (septets(longer) or PLACES + 1) <= PLACES:
            text = longer
    linked = f"{text} {first.link}"
    return linked if first.link and (septets(linked) or PLACES + 1) <= PLACES else text


def _brief(story: Story, words: Words) -> list[str]:
    say = words.say
    if story.closed_ts is not None:
        given = {"time": words.hour(story.closed_ts), "span": span(story.closed_ts - story.opened_ts)}
        return [
            f"{_headline(story, words)}.",
            *outage(story, words),
            say("Normal again at %(time)s after %(span)s") % given + ".",
        ]
    if _tells_cold(story):
        return [_brief_cold(story, words), *_brief_why(story, words), *_brief_advice(story, words)]
    return [
        f"{_headline(story, words)}.",
        *_missing(story, words),
        *_brief_why(story, words),
        *_brief_advice(story, words),
    ]


def _brief_cold(story: Story, words: Words) -> str:
    water, setpoint = story.evidence["water"], story.evidence.get("setpoint")
    # SMS keep the point of figures: a comma there parts the clauses.
    given = {"water": f"{math.floor(water * 10 + 1e-6) / 10:.1f}"}
    text = _headline(story, words)
    if isinstance(setpoint, int | float):
        text = words.say("Water %(water)sC below %(setpoint)sC") % {**given, "setpoint": f"{setpoint:g}"}
    if story.occasion is Occasion.ACKNOWLEDGED:
        text = f"{_headline(story, words)}"
    falling = story.evidence.get("falling_per_hour")
    if isinstance(falling, int | float) and falling >= 0.5:
        text += ", " + words.say("falls %(degrees)sC/h") % {"degrees": f"{falling:.0f}"}
    if story.occasion in (Occasion.REMINDER, Occasion.ESCALATION):
        label = "reminder" if story.occasion is Occasion.REMINDER else "nobody answered"
        text += f" ({words.say(label)})"
    return f"{text}."


def _brief_why(story: Story, words: Words) -> list[str]:
    out_ts, cause = story.evidence.get("fire_out_ts"), _cause(story)
    why = words.say(BRIEF_CAUSES[cause]) if cause in BRIEF_CAUSES and cause is not story.kind else ""
    if isinstance(out_ts, int):
        fire = words.say("Fire out since %(time)s") % {"time": words.hour(out_ts)}
        return [f"{fire}: {why}" if why else f"{fire}."]
    return [why[:1].upper() + why[1:]] if why else []


def _brief_advice(story: Story, words: Words) -> list[str]:
    say, cause = words.say, _cause(story)
    if story.lighting:
        return [say("Ignition under way, nothing to do") + "."]
    parts = []
    if cause in BRIEF_CHECKS and story.occasion is not Occasion.ACKNOWLEDGED:
        parts.append(say(BRIEF_CHECKS[cause]))
    if story.cold is not None:
        given = {"degrees": f"{story.cold.target:.0f}", "time": words.when(story.cold.ts + 1800, "%Hh")}
        parts.append(say("%(degrees)sC at about %(time)s") % given + ".")
    if story.note:
        parts.append(story.note.rstrip(".") + ".")
    return parts
