"""What the household notes: the silo filled by one tap, notes of any moment, and who may."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from flask_app.web import account
from tests.web.conftest import MINUTE_NOW, NOW, Clock, Rows
from tests.web.test_admin import PASSWORD, post, stored


@pytest.fixture
def owner(client: FlaskClient, settings: Settings) -> FlaskClient:
    """A client logged in as the owner."""
    post(client, "/admin/owner", "/admin/owner", code=account.owner_code(settings), name="Ana", password=PASSWORD)
    return client


def notes(client: FlaskClient) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get(f"/charts/notes?from={NOW - 86400}&to={NOW + 86400}").get_json()[
        "notes"
    ]
    return found


def test_one_tap_notes_the_fill_and_the_auger_counts_from_it(
    owner: FlaskClient, settings: Settings, rows: Rows, clock: Clock
) -> None:
    rows.well()

    post(owner, "/notes/fill", "/")
    clock.now = NOW + 7200
    rows.minutes(MINUTE_NOW, MINUTE_NOW + 7200, water=67.0, auger=1, auger_duty=0.25, phase=6)
    text = owner.get("/").get_data(as_text=True)

    assert stored(settings, "SELECT ts, kind, by FROM Annotation") == [(NOW, "fill", "Ana")]
    assert "<b>0,5</b> h" in text


def test_a_viewer_sees_nothing_of_a_fill_that_is_not_known(client: FlaskClient, rows: Rows) -> None:
    rows.well()

    before = client.get("/").get_data(as_text=True)
    rows.add("Annotation", ts=NOW - 600, kind="fill", words="", by="Ana")
    after = client.get("/").get_data(as_text=True)

    assert "remplissage" not in before
    assert "Vis depuis le remplissage" in after
    assert "/notes/fill" not in after


@pytest.mark.parametrize("address", ["/notes/fill", "/notes/", "/notes/1/remove"])
def test_only_who_is_logged_in_notes_anything(
    client: FlaskClient, rows: Rows, settings: Settings, address: str
) -> None:
    rows.well()
    rows.add("Annotation", id=1, ts=NOW - 600, kind="fill", words="", by="Ana")

    without_token = client.post(address)
    post(client, address, "/admin/owner", kind="note", words="hello", at="2026-11-30T01:00")

    assert without_token.status_code == 400
    assert stored(settings, "SELECT id FROM Annotation") == [(1,)]


def test_a_note_is_kept_at_its_local_moment_and_removed(owner: FlaskClient, rows: Rows) -> None:
    rows.well()

    post(owner, "/notes/", "/", kind="note", words="  new   pellets ", at="2026-11-30T01:00")
    [note] = notes(owner)
    post(owner, f"/notes/{note['id']}/remove", "/")

    assert (note["t"], note["words"]) == (1_795_996_800, "new pellets")
    assert notes(owner) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "note", "words": "", "at": "2026-11-30T01:00"},
        {"kind": "note", "words": "when", "at": "yesterday"},
        {"kind": "party", "words": "what", "at": "2026-11-30T01:00"},
    ],
)
def test_a_note_without_moment_or_words_is_refused(owner: FlaskClient, rows: Rows, fields: dict[str, str]) -> None:
    rows.well()

    text = post(owner, "/notes/", "/", **fields)

    assert "Pas compris" in text
    assert notes(owner) == []


def test_a_page_with_a_form_is_not_compressed(owner: FlaskClient, rows: Rows) -> None:
    rows.well()

    answer = owner.get("/", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers
