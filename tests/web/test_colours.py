"""The phases' colours: told apart by every kind of sight, and legible."""

from __future__ import annotations

import re
from itertools import combinations
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt
from pathlib import Path

import pytest

import flask_app.web

CSS = (Path(flask_app.web.__file__).parent / "static" / "app.css").read_text()
Triple = tuple[float, float, float]

# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
SIGHTS: dict[str, tuple[Triple, Triple, Triple]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> Triple:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue))  # type: ignore[return-value]


def product(rows: tuple[Triple, Triple, Triple], vector: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in rows)
    return first, second, third


def lab(rgb: Triple) -> Triple:
    clipped = tuple(min(1.0, max(0.0, c)) for c in rgb)
    x, y, z = product(
        ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041)),
        clipped,  # type: ignore[arg-type]
    )
    fx, fy, fz = (
        t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x / 0.95047, y, z / 1.08883)
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one: Triple, other: Triple) -> float:
    """CIEDE2000 (Sharma, Wu, Dalal 2005)."""
    l1, a1, b1 = one
    l2, a2, b2 = other
    mean_c = (hypot(a1, b1) + hypot(a2, b2)) / 2
    g = 0.5 * (1 - sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = hypot(a1, b1), hypot(a2, b2)
    h1, h2 = degrees(atan2(b1, a1)) % 360, degrees(atan2(b2, a2)) % 360
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    dl, dc, dh = l2 - l1, c2 - c1, 2 * sqrt(c1 * c2) * sin(radians(turn / 2))
    ml, mc = (l1 + l2) / 2, (c1 + c2) / 2
    mh = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    t = (
        1
        - 0.17 * cos(radians(mh - 30))
        + 0.24 * cos(radians(2 * mh))
        + 0.32 * cos(radians(3 * mh + 6))
        - 0.20 * cos(radians(4 * mh - 63))
    )
    sl = 1 + 0.015 * (ml - 50) ** 2 / sqrt(20 + (ml - 50) ** 2)
    sc, sh = 1 + 0.045 * mc, 1 + 0.015 * mc * t
    rt = -sin(radians(60 * exp(-(((mh - 275) / 25) ** 2)))) * 2 * sqrt(mc**7 / (mc**7 + 25**7))
    return sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * dc / sc * dh / sh)


def seen(colour: str, sight: str) -> Triple:
    return lab(product(SIGHTS[sight], linear(colour)))


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def chips() -> dict[str, tuple[str, str]]:
    """Code -> background and text, of every phase but the hatched one."""
    found = re.findall(r"\.p(\d+)\{background:(#\w{6});color:(#\w{3})\}", CSS)
    return {code: (fill, text[0] + text[1] * 2 + text[2] * 2 + text[3] * 2) for code, fill, text in found}


def test_the_distance_is_the_published_one() -> None:
    one, other = (50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485)

    found = distance(one, other)

    assert found == pytest.approx(2.0425, abs=1e-4)


@pytest.mark.parametrize("sight", SIGHTS)
def test_every_two_phases_are_told_apart(sight: str) -> None:
    colours = {code: seen(fill, sight) for code, (fill, _text) in chips().items()}

    distances = {(a, b): distance(colours[a], colours[b]) for a, b in combinations(colours, 2)}

    assert len(colours) == 7
    assert min(distances.values()) >= 20, min(distances.items(), key=lambda item: item[1])


def test_the_text_on_a_phase_is_legible() -> None:
    for fill, text in chips().values():
        light, dark = sorted((luminance(fill), luminance(text)), reverse=True)

        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_drawings_have_the_colours_of_the_names() -> None:
    drawn = dict(re.findall(r"g\.p(\d+)\{fill:(#\w{6})\}", CSS))

    assert drawn == {code: fill for code, (fill, _text) in chips().items()}
