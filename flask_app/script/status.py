"""Whether an installation is healthy, in lines for `manager.py status`."""

from __future__ import annotations

from flask_app.system import Check

REASONS = {
    "newest_row": "the sensor loop writes no rows",
    "newest_minute": "archive_minute does not run",
    "judged_until": "process_phase does not run",
    "messages_waiting": "a message waits for more than ten minutes",
    "messages_failed": "messages could not be sent",
    "disk_left": "the disk is nearly full",
    "memory_left": "the memory is nearly full",
    "cpu_temperature": "the processor is too hot",
    "throttled": "the processor is slowed down: heat or a weak power supply",
    "clock_synchronised": "the clock is not synchronised",
    "sms_balance": "the credit of the SMS account is low",
    "alerting_proven": "no message has arrived for a season",
    "last_backup": "the last copy of the database is old",
}


def report(checks: list[Check]) -> tuple[list[str], list[str]]:
    """The lines to show, and the reasons why all is not well, none when it is."""
    lines = [f"{check.name.replace('_', ' '):<24}{_shown(check)}" for check in checks]
    return lines, [REASONS.get(check.name, _reason(check)) for check in checks if check.well is False]


def _reason(check: Check) -> str:
    kind, _, name = check.name.partition("_")
    return f"the {'program' if kind == 'service' else kind} {name} is not well: {_shown(check)}"


def _shown(check: Check) -> str:
    value = check.value
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if check.unit == "s":
        return _duration(value) if check.name == "uptime" else _age(value)
    if check.unit.startswith("B"):
        return f"{value / 1e6:.1f} M{check.unit}"
    return f"{value} {check.unit}".rstrip()


def _age(seconds: int) -> str:
    return f"{_duration(seconds)} ago" if seconds >= 0 else f"{_duration(-seconds)} ahead of this machine's clock"


def _duration(seconds: int) -> str:
    """Seconds in the unit that a person would use.

    >>> _duration(59), _duration(7200), _duration(200_000)
    ('59 s', '120 min', '55 h')
    """
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds <= 7200 else f"{seconds // 3600} h"
