"""The picture of a mail: a PNG of a phone's size with both curves, whatever the minutes lack."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from flask_app import picture
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row

END = 6 * 3600
NAMES = ("Eau", "Fumées")


def hour(ts: int) -> str:
    return f"{ts // 3600:02}:00"


def drawn(minutes: list[Row]) -> Image.Image:
    image = Image.open(BytesIO(picture.draw(minutes, END, 56.0, NAMES, hour)))
    assert image.format == "PNG"
    return image.convert("RGB")


def colours(image: Image.Image) -> set[str]:
    found = image.getcolors(1 << 20) or []
    return {"#{:02x}{:02x}{:02x}".format(*colour) for _count, colour in found if isinstance(colour, tuple)}


def test_water_flue_setpoint_and_phases_are_drawn() -> None:
    burning = Phase.COMBUSTION.value
    minutes = [Row(ts, water=50 + ts / 2000, flue=40 + ts / 300, phase=burning) for ts in range(0, END, 60)]

    image = drawn(minutes)

    assert image.size == (720, 400)
    assert {picture.WATER, picture.FLUE, picture.SETPOINT, picture.STRIP[Phase.COMBUSTION]} <= colours(image)


@pytest.mark.parametrize(
    "minutes",
    [
        [Row(0, water=55.0)],
        [Row(ts, water=55.0) for ts in (0, 60, 7200, 7260)],
        [Row(ts, water=None if ts % 120 else 55.0, flue=None) for ts in range(0, END, 60)],
    ],
)
def test_what_is_missing_is_left_out(minutes: list[Row]) -> None:
    assert picture.FLUE not in colours(drawn(minutes))


def test_a_picture_is_light_enough_for_any_mailbox() -> None:
    minutes = [Row(ts, water=50 + ts % 1700 / 100, flue=40 + ts % 7001 / 10, phase=6) for ts in range(0, END, 60)]

    assert len(picture.draw(minutes, END, 56.0, NAMES, hour)) < 40_000
