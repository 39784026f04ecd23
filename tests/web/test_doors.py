"""The doors to the database: a page cannot write, and a database that cannot be read is said."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from flask_app.models import db
from flask_app.web import doors
from tests.web.conftest import NOW, Rows

PAGES = [
    "/",
    "/charts/",
    "/charts/now/168",
    "/alerts/",
    "/alerts/1",
    "/api/v1/live",
    f"/api/v1/series?from=1&to={NOW % 10**8}",
    "/healthz",
    "/admin/",
    "/admin/login",
    "/admin/owner",
]


def test_a_page_cannot_write(app: Flask) -> None:
    with app.app_context(), pytest.raises(OperationalError, match="readonly"):
        db.session.execute(text("INSERT INTO Recipient (channel, address) VALUES ('mail', 'a@example.org')"))


def test_reading_every_page_leaves_the_file_as_it_was(client: FlaskClient, rows: Rows, settings: Settings) -> None:
    rows.well()
    rows.alert()
    before = hashlib.sha256(Path(settings.database).read_bytes()).digest()

    for page in PAGES:
        assert client.get(page).status_code in (200, 302, 503)

    assert hashlib.sha256(Path(settings.database).read_bytes()).digest() == before


@pytest.mark.parametrize("page", PAGES)
def test_a_missing_database_is_said_with_the_remedy(client: FlaskClient, settings: Settings, page: str) -> None:
    os.remove(settings.database)

    answer = client.get(page)

    assert answer.status_code == 503
    assert "database upgrade" in answer.get_data(as_text=True)


def test_a_foreign_file_is_said(client: FlaskClient, settings: Settings) -> None:
    Path(settings.database).write_text("this is no database, it is a letter to somebody\n" * 100)

    answers = [client.get(page) for page in ("/", "/healthz", "/api/v1/live")]

    assert [answer.status_code for answer in answers] == [503, 503, 503]


def test_another_programs_database_is_said(client: FlaskClient, settings: Settings) -> None:
    os.remove(settings.database)
    connection = sqlite3.connect(settings.database)
    connection.execute("CREATE TABLE notes (words TEXT)")
    connection.close()

    answer = client.get("/")

    assert answer.status_code == 503
    assert "CHAUDIERE_DATABASE" in answer.get_data(as_text=True)


def test_another_schema_is_said(client: FlaskClient, rows: Rows) -> None:
    rows.run("UPDATE alembic_version SET version_num = ?", [("0000",)])

    answer = client.get("/")

    assert answer.status_code == 503
    assert "database upgrade" in answer.get_data(as_text=True)


def test_the_schema_asked_for_is_the_one_that_the_migrations_make() -> None:
    assert doors._schema() == ScriptDirectory(doors.MIGRATIONS).get_current_head()


def test_the_secret_key_is_kept_for_its_owner_alone(app: Flask, settings: Settings) -> None:
    path = Path(settings.home) / "secret_key"

    assert path.stat().st_mode & 0o777 == 0o600
    assert app.secret_key == path.read_text()
    assert len(path.read_text()) == 64
