"""Whether an installation is healthy, for `manager.py status`: rows come, minutes are judged, messages leave."""

from __future__ import annotations

from flask_app.store import Health

SILENT = 180  # s without a row: from then on the installation is blind
LATE = 300  # s after a minute's end by which it must be folded and judged
OVERDUE = 600  # s a message may wait: the first retries are over


def report(health: Health, now: int) -> tuple[list[str], list[str]]:
    """The lines to show at `now` (UTC seconds), and the reasons why all is not well, none when it is."""
    facts = [
        ("newest row", health.reading_ts, SILENT, "the sensor loop writes no rows"),
        # A minute is named by its start: it could not be there before its end.
        ("newest minute", _end(health.minute_ts), LATE, "archive_minute does not run"),
        ("judged until", _end(health.state_ts), LATE, "process_phase does not run"),
    ]
    lines = [f"{name:<15}{_age(ts, now)}" for name, ts, _, _ in facts]
    reasons = [words for _, ts, limit, words in facts if ts is None or now - ts > limit]
    lines.append(f"{'messages':<15}{health.waiting} waiting, {health.failed} failed within a day")
    if health.oldest_due_ts is not None and now - health.oldest_due_ts > OVERDUE:
        reasons.append(f"a message waits since {_duration(now - health.oldest_due_ts)}")
    if health.failed:
        reasons.append("messages could not be sent")
    return lines, reasons


def _end(minute_ts: int | None) -> int | None:
    return None if minute_ts is None else minute_ts + 60


def _age(ts: int | None, now: int) -> str:
    if ts is None:
        return "none"
    return f"{_duration(now - ts)} ago" if ts <= now else f"{_duration(ts - now)} ahead of this machine's clock"


def _duration(seconds: int) -> str:
    """Seconds in the unit that a person would use.

    >>> _duration(59), _duration(7200), _duration(200_000)
    ('59 s', '120 min', '55 h')
    """
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds <= 7200 else f"{seconds // 3600} h"
