"""The statistics of a window: lowest, highest, mean, hours of the motors, time in each phase, ignitions."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask_app.boiler import rollups
from flask_app.boiler.rows import TEMPERATURES, VALUES
from flask_app.web import levels

# An ignition begins where the last named phase of the ten minutes before was another one, as in rollups.fold.
_BEGINS = (
    f"CASE WHEN phase = {rollups.IGNITION} THEN (SELECT before.phase FROM ChaudiereMinute AS before "
    f"WHERE before.ts < ChaudiereMinute.ts AND before.ts >= ChaudiereMinute.ts - {rollups.SAME_IGNITION} "
    f"AND before.phase > 0 ORDER BY before.ts DESC LIMIT 1) IS NOT {rollups.IGNITION} ELSE 0 END"
)
_COUNTED = {
    "minutes": ("1", "minutes"),
    "ignitions": (_BEGINS, "ignitions"),
    **{f"phase{code}": (f"COALESCE(phase, 0) = {code}", f"phase{code}") for code in rollups.PHASES},
}


def reckon(from_ts: int, to_ts: int, zone: str) -> dict[str, Any]:
    """The body of /api/v1/statistics for the minutes of [from_ts, to_ts): °C, hours, minutes; None where none is."""
    tables = (levels.MINUTES, "TenMinutes", "Hour", "Day")
    found = levels.pieces(tables, from_ts, to_ts, ZoneInfo(zone))
    totals = [part for role in VALUES for part in _totals(role)] + [f"SUM({name})" for name in _COUNTED]
    row = iter(levels.ask(f"SELECT {', '.join(totals)} FROM ({levels.source(found, VALUES, _COUNTED)})")[0])
    series: dict[str, Any] = {}
    for role in VALUES:
        if role in TEMPERATURES:
            series[role] = {"unit": "°C", "min": next(row), "max": next(row), "mean": next(row)}
        else:
            series[role] = {"unit": "h", "on": next(row)}
    counts = {name: next(row) or 0 for name in _COUNTED}
    return {
        "v": 1,
        "from": from_ts,
        "to": to_ts,
        "tz": zone,
        "minutes": counts["minutes"],
        "series": series,
        "phases": {str(code): counts[f"phase{code}"] for code in rollups.PHASES if counts[f"phase{code}"]},
        "ignitions": counts["ignitions"],
    }


def _totals(role: str) -> list[str]:
    if role not in TEMPERATURES:
        return [f"CASE WHEN SUM({role}_count) > 0 THEN ROUND(SUM({role}_sum) / 3600.0, 2) END"]
    mean = f"0.01 * SUM({role}_sum) / SUM({role}_count)"
    return [f"ROUND({value}, 2)" for value in (f"0.01 * MIN({role}_min)", f"0.01 * MAX({role}_max)", mean)]
