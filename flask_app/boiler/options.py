"""Every option of an installation: its name, default, unit, bounds, and which value is in force at an instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple


class OptionError(ValueError):
    """A value that an option does not accept; the words name the option and what it accepts."""


class Limits(NamedTuple):
    """What an option accepts: a number from `low` to `high`, or one of `choices`; neither: the name of a time zone."""

    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()


class Options(NamedTuple):
    """The options in force at one instant; `LIMITS` has their units and bounds.

    Named tuples here and in config/settings.py, not dataclasses: a cron job starts every minute, and the machinery of
    dataclasses takes half as long to load as python itself.
    """

    setpoint: float = 56.0
    timezone: str = "Europe/Paris"
    language: str = "fr"
    sample_seconds: float = 4.0
    commit_seconds: float = 0.0  # 0: each reading is committed at once
    raw_hours: float = 192.0  # how long readings are kept
    minute_days: float = 1827.0  # how long minutes are kept: five years
    spare: str = "indoor"  # what the fourth probe measures
    low_indoor: float = 15.0  # °C indoors below which an alert opens; 0: never
    setpoint_night: float = 0.0  # messages leave below it at night; 0: as by day
    night_from: float = 22.0
    night_to: float = 6.0
    setpoint_summer: float = 0.0  # ... and in the months from `summer_from` to `summer_to`; 0: as all year
    summer_from: float = 5.0
    summer_to: float = 9.0
    hourly_messages: float = 6.0  # to one address, whatever the boiler does
    daily_sms: float = 12.0  # to one number
    low_balance: float = 5.0  # of the SMS gateway's account, in its currency
    reading: str = "lan"  # who sees the pages without a login
    mains_hz: str = "50"  # of the current that the clamps measure


LIMITS = {
    "setpoint": Limits("°C", 30, 90),
    "timezone": Limits(),
    "language": Limits(choices=("fr", "en")),
    "sample_seconds": Limits("s", 3, 5),
    "commit_seconds": Limits("s", 0, 60),
    "raw_hours": Limits("h", 24, 8784),
    "minute_days": Limits("d", 35, 36525),
    "spare": Limits(choices=("indoor", "return", "outdoor")),
    "low_indoor": Limits("°C", 0, 25),
    "setpoint_night": Limits("°C", 0, 90),
    "night_from": Limits("h", 0, 24),
    "night_to": Limits("h", 0, 24),
    "setpoint_summer": Limits("°C", 0, 90),
    "summer_from": Limits("month", 1, 12),
    "summer_to": Limits("month", 1, 12),
    "hourly_messages": Limits("messages", 1, 60),
    "daily_sms": Limits("messages", 1, 50),
    "low_balance": Limits("currency", 0, 1000),
    "reading": Limits(choices=("lan", "login", "open")),
    "mains_hz": Limits(choices=("50", "60")),
}


def parse(name: str, text: str) -> Any:
    """The value of option `name` written as `text`. Raises OptionError for a name or value not accepted."""
    if name not in LIMITS:
        raise OptionError(f"{name}: no such option; there are {', '.join(LIMITS)}")
    limits = LIMITS[name]
    if limits.choices:
        if text not in limits.choices:
            raise OptionError(f"{name} is {text!r}; it accepts {' or '.join(limits.choices)}")
        return text
    if not limits.unit:
        return _zone(name, text)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not limits.low <= value <= limits.high:
        raise OptionError(f"{name} is {text!r}; it accepts {limits.low} to {limits.high} {limits.unit}")
    return value


def _zone(name: str, text: str) -> str:
    # zoneinfo costs a cron job 3 ms and only an unusual zone needs looking up.
    if text == Options._field_defaults[name]:
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
    newest = {key: value for key, since_ts, value in changes if since_ts <= ts and key in LIMITS}
    return base._replace(**{key: parse(key, value) for key, value in newest.items()})


def every_option(base: Options, changes: Sequence[tuple[str, int, str]]) -> Callable[[int], Options]:
    """The options in force at any instant, worked out once for each change."""
    instants = sorted({since_ts for _, since_ts, _ in changes})
    steps = [base, *(in_force(base, changes, ts) for ts in instants)]
    return lambda ts: steps[bisect_right(instants, ts)]
