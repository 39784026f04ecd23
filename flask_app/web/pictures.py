"""Plain drawings for pages without JavaScript: numbers for inline SVG, all in the units of its view box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Block(NamedTuple):
    """One run of a phase: where it begins, how wide it is, and its code."""

    x: float
    width: float
    phase: int


def blocks(changes: Sequence[tuple[int, int]], start_ts: int, end_ts: int, width: float) -> list[Block]:
    """The runs of `changes` (ts, code) over [start_ts, end_ts), drawn `width` wide; code 0 is drawn too."""
    if not changes:
        return []
    scale = width / (end_ts - start_ts)
    ends = [ts for ts, _phase in changes[1:]] + [end_ts]
    return [
        Block(round((ts - start_ts) * scale, 1), round((end - ts) * scale, 1), phase)
        for (ts, phase), end in zip(changes, ends, strict=True)
    ]


class Curve(NamedTuple):
    """One temperature as the `d` of an SVG path."""

    role: str
    path: str


class Drawing(NamedTuple):
    """A chart of temperatures: its curves and the lines of its axis as (y, degrees)."""

    curves: list[Curve]
    lines: list[tuple[float, int]]


def drawing(body: dict[str, Any], roles: Sequence[str], width: float, height: float) -> Drawing:
    """The temperatures of a body of /api/v1/series."""
    columns = {role: body["series"][role]["v"] for role in roles}
    values = [value / 10 for column in columns.values() for value in column if value is not None]
    if not values:
        return Drawing([], [])
    step = next(step for step in (5, 10, 20, 50, 100, 200) if max(values) - min(values) <= 6 * step or step == 200)
    low = int(min(values) // step) * step
    high = int(-(-max(values) // step)) * step + (step if max(values) == low else 0)
    across = width / max(1, (body["to"] - body["from"]) / body["step"])
    rise = height / (high - low)
    curves = [Curve(role, _path(column, across, rise, low, height)) for role, column in columns.items()]
    lines = [(round(height - (degrees - low) * rise, 1), degrees) for degrees in range(low, high + 1, step)]
    return Drawing(curves, lines)


def _path(column: Sequence[int | None], across: float, rise: float, low: int, height: float) -> str:
    """A gap in the column lifts the pen."""
    parts: list[str] = []
    pen = "M"
    for i, value in enumerate(column):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{i * across:.1f} {height - (value / 10 - low) * rise:.1f}")
        pen = "L"
    return "".join(parts)
