"""Languages, times and themes: French for every text, the installation's zone on both changeover days."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

import flask_app.web
from flask_app.web.languages import TRANSLATIONS, coded, size
from tests.web.conftest import Clock, Rows

ROOM = Path(flask_app.web.__file__).parent
FRENCH = Path(TRANSLATIONS) / "fr" / "LC_MESSAGES" / "messages.po"


def texts() -> set[str]:
    """Every text of the templates and the modules of the web room."""
    found = extract_from_dir(ROOM, [("**.py", "python"), ("**.html", "jinja2")])
    return {message for _file, _line, message, _comments, _context in found if isinstance(message, str)}


def test_every_text_of_the_pages_has_its_french() -> None:
    catalogue = read_po(BytesIO(FRENCH.read_bytes()), locale="fr")

    missing = {text for text in texts() if (found := catalogue.get(text)) is None or not found.string or found.fuzzy}

    assert not missing


@pytest.mark.parametrize(
    ("now", "since", "shown"),
    [
        (1_774_747_200, 1_774_744_800, "01:40"),  # 2026-03-29 01:20 UTC: 02:40 does not exist, it is 03:20
        (1_792_891_200, 1_792_887_600, "02:20"),  # 2026-10-25 01:20 UTC: 02:20 for the second time
    ],
)
def test_times_are_the_zones_own_on_both_changeover_days(
    client: FlaskClient, rows: Rows, clock: Clock, now: int, since: int, shown: str
) -> None:
    clock.now = now
    rows.minutes(since, now, water=66.0, flue=150.0, phase=6)
    rows.reading(now - 3, water=66.0)

    assert f"depuis {shown} " in client.get("/").get_data(as_text=True)


def test_a_day_of_the_changeover_is_shown_whole(client: FlaskClient, rows: Rows) -> None:
    rows.well()
    lengths = {"2026-03-29": 23, "2026-10-25": 25, "2026-11-02": 24}

    for day, hours in lengths.items():
        text = client.get(f"/charts/day/{day}").get_data(as_text=True)
        start, end = (int(text.split(f'data-{name}="')[1].split('"')[0]) for name in ("from", "to"))

        assert end - start == hours * 3600


def test_a_chosen_theme_is_remembered_and_given_back(client: FlaskClient, rows: Rows) -> None:
    rows.well()

    client.get("/?theme=dark")
    chosen = client.get("/").get_data(as_text=True)
    client.get("/?theme=auto")
    free = client.get("/").get_data(as_text=True)

    assert 'data-theme="dark"' in chosen
    assert "data-theme" not in free.split("<head>")[0]


def test_bytes_are_counted_in_the_visitors_unit(app: Flask) -> None:
    with app.test_request_context("/?lang=fr"):
        app.preprocess_request()
        french = size(378_800_000), size(82_912_200_000)
    with app.test_request_context("/?lang=en"):
        app.preprocess_request()
        english = size(82_912_200_000)

    assert french == ("378,8 Mo", "82,9 Go")
    assert english == "82.9 GB"


def test_what_stands_between_backticks_is_a_command_and_nothing_is_markup() -> None:
    assert coded("Run `a <b>` or `c`, not ` alone") == "Run <code>a &lt;b&gt;</code> or <code>c</code>, not ` alone"
