"""The picture in a mail: the last six hours of water and flue over the phases, drawn by Pillow, readable on a phone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from flask_app.boiler.gsm import plain
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 64, 44, 84  # room for the two scales, the legend, the hours and the strip of phases
HOURS = 6
WATER, FLUE, SETPOINT, INK, GRID = "#0b5cad", "#b3402a", "#5a5a5a", "#222222", "#d9d9d9"
STRIP = {
    Phase.IGNITION: "#ffe45c",
    Phase.COMBUSTION: "#1d47b8",
    Phase.FIRE_KEEPING: "#4aa88a",
    Phase.STOPPED: "#05071c",
    Phase.JAM_RISK: "#a81418",
    Phase.WATCH: "#f56bf0",
    Phase.BURN_OUT: "#c3fff0",
}
"""The colours of the pages (web/static/app.css)."""

Scale = Callable[[float], float]


def draw(
    minutes: Sequence[Row], end_ts: int, setpoint: float, names: tuple[str, str], hour: Callable[[int], str]
) -> bytes:
    """A PNG of `minutes` (rising, of the six hours before `end_ts`); `names` are water's and the flue's.

    Pillow's own letters, the only ones there are on every machine, have no accents: the names lose theirs.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    font: Any = ImageFont.load_default(20)
    start_ts = end_ts - HOURS * 3600

    def across(ts: float) -> float:
        return LEFT + (ts - start_ts) * (WIDTH - LEFT - RIGHT) / (end_ts - start_ts)

    _hours(pen, font, start_ts, end_ts, across, hour)
    _phases(pen, minutes, across)
    flue = [(row.ts, row.flue) for row in minutes if row.flue is not None]
    water = [(row.ts, row.water) for row in minutes if row.water is not None]
    if flue:
        scale = _scale(pen, font, [value for _, value in flue], FLUE, right=True)
        _curve(pen, flue, across, scale, FLUE, 2)
    scale = _scale(pen, font, [value for _, value in water] + [setpoint], WATER, right=False)
    pen.line((LEFT, scale(setpoint), WIDTH - RIGHT, scale(setpoint)), fill=SETPOINT, width=2)
    pen.text((LEFT + 4, scale(setpoint) - 2), f"{setpoint:g}", fill=SETPOINT, font=font, anchor="lb")
    _curve(pen, water, across, scale, WATER, 4)
    pen.text((LEFT, 10), f"{plain(names[0])} °C", fill=WATER, font=font)
    pen.text((WIDTH - RIGHT, 10), f"{plain(names[1])} °C" if flue else "", fill=FLUE, font=font, anchor="ra")
    kept = BytesIO()
    image.quantize(32).save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _hours(
    pen: ImageDraw.ImageDraw, font: Any, start_ts: int, end_ts: int, across: Scale, hour: Callable[[int], str]
) -> None:
    first = -(-start_ts // 3600) * 3600
    for ts in range(first, end_ts + 1, 3600):
        pen.line((across(ts), TOP, across(ts), HEIGHT - BOTTOM), fill=GRID)
        pen.text((across(ts), HEIGHT - 30), hour(ts), fill=INK, font=font, anchor="ma")


def _phases(pen: ImageDraw.ImageDraw, minutes: Sequence[Row], across: Scale) -> None:
    for row in minutes:
        colour = STRIP.get(Phase(row.phase)) if row.phase in set(Phase) else None
        if colour:
            box = (across(row.ts), HEIGHT - BOTTOM + 14, across(row.ts + 60), HEIGHT - BOTTOM + 40)
            pen.rectangle(box, fill=colour)


def _scale(pen: ImageDraw.ImageDraw, font: Any, values: Sequence[float], colour: str, right: bool) -> Scale:
    """The vertical scale of `values`, with its figures written beside it."""
    low, high = min(values), max(values)
    step = next((size for size in (1, 2, 5, 10, 20, 50, 100, 200) if (high - low) / size <= 4), 500)
    bottom = low // step * step
    top = max(-(-high // step) * step, bottom + step)

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - (value - bottom) * (HEIGHT - BOTTOM - TOP) / (top - bottom)

    for number in range(round((top - bottom) / step) + 1):
        value = bottom + number * step
        place = (WIDTH - RIGHT + 8, up(value)) if right else (LEFT - 8, up(value))
        pen.text(place, f"{value:.0f}", fill=colour, font=font, anchor="lm" if right else "rm")
        if not right:
            pen.line((LEFT, up(value), WIDTH - RIGHT, up(value)), fill=GRID)
    return up


def _curve(
    pen: ImageDraw.ImageDraw, points: Sequence[tuple[int, float]], across: Scale, up: Scale, colour: str, width: int
) -> None:
    """Lines between points that are two minutes apart at most: a gap stays a gap."""
    for (ts, value), (later_ts, later) in itertools.pairwise(points):
        if later_ts - ts <= 120:
            line = (across(ts + 30), up(value), across(later_ts + 30), up(later))
            pen.line(line, fill=colour, width=width, joint="curve")
