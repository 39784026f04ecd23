"""What every test may ask for: an installation in a temporary folder, with a migrated database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings, load, make_folders
from flask_app.store import Database


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database made once by the real migrations; tests copy it."""
    from flask_app.web import create_app, doors

    settings = load({"CHAUDIERE_HOME": str(tmp_path_factory.mktemp("migrated"))})
    make_folders(settings)
    doors.upgrade(create_app(settings))
    return Path(settings.database)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of an installation in a folder of its own; a test adds to it before asking for `settings`."""
    return {"CHAUDIERE_HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}


@pytest.fixture
def settings(environ: dict[str, str], migrated_file: Path) -> Settings:
    """Settings of that installation, its folders made, its database migrated and empty."""
    settings = load(environ)
    make_folders(settings)
    shutil.copy(migrated_file, settings.database)
    return settings


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The writers' connection to that database."""
    database = Database(settings.database, settings.lock)
    yield database
    database.close()
