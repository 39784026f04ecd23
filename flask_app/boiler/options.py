"""Every option of an installation: its name, default, unit, bounds, and which value is in force at an instant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any


class OptionError(ValueError):
    """A value that an option does not accept; the words name the option and what it accepts."""


def _number(default: float, unit: str, low: float, high: float) -> Any:
    return field(default=default, metadata={"unit": unit, "low": low, "high": high})


def _choice(default: str, *choices: str) -> Any:
    return field(default=default, metadata={"choices": choices})


@dataclass(frozen=True, slots=True)
class Options:
    """The options in force at one instant. Units and bounds are in each field's metadata."""

    setpoint: float = _number(56.0, "°C", 30, 90)
    timezone: str = field(default="Europe/Paris", metadata={"zone": True})
    language: str = _choice("fr", "fr", "en")
    sample_seconds: float = _number(4.0, "s", 3, 5)
    commit_seconds: float = _number(0.0, "s", 0, 60)  # 0: each reading is committed at once
    raw_hours: float = _number(192.0, "h", 24, 8784)  # how long readings are kept
    minute_days: float = _number(1827.0, "d", 35, 36525)  # how long minutes are kept: five years
    spare: str = _choice("indoor", "indoor", "return", "outdoor")  # what the fourth probe measures


OPTIONS = {option.name: option for option in fields(Options)}


def parse(name: str, text: str) -> Any:
    """The value of option `name` written as `text`. Raises OptionError for a name or value not accepted."""
    if name not in OPTIONS:
        raise OptionError(f"{name}: no such option; there are {', '.join(OPTIONS)}")
    limits = OPTIONS[name].metadata
    if "choices" in limits:
        if text not in limits["choices"]:
            raise OptionError(f"{name} is {text!r}; it accepts {' or '.join(limits['choices'])}")
        return text
    if "zone" in limits:
        return _zone(name, text)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not limits["low"] <= value <= limits["high"]:
        raise OptionError(f"{name} is {text!r}; it accepts {limits['low']} to {limits['high']} {limits['unit']}")
    return value


def _zone(name: str, text: str) -> str:
    # zoneinfo costs a cron job 3 ms and only an unusual zone needs looking up.
    if text == OPTIONS[name].default:
        return text
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise OptionError(f"{name} is {text!r}; it accepts a zone such as Europe/Paris") from None
    return text


def in_force(base: Options, changes: Iterable[tuple[str, int, str]], ts: int) -> Options:
    """The options at `ts`: `base` (defaults and environment), then the newest change (key, since_ts, value) at or
    before `ts` of each key. `changes` is in rising order of since_ts; keys that are no option are left alone."""
    newest = {key: value for key, since_ts, value in changes if since_ts <= ts and key in OPTIONS}
    return replace(base, **{key: parse(key, value) for key, value in newest.items()})
