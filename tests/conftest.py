"""What every test may ask for: an installation in a temporary folder, with a migrated database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from config.settings import Settings, load, make_folders
from flask_app.store import Database
from tests.servers import Gateway, Mailbox, sms, smtp

# A shared machine may stand still for longer than hypothesis allows one example.
hypothesis.settings.register_profile("shared", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("shared")


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


@pytest.fixture
def mailbox(environ: dict[str, str]) -> Iterator[Mailbox]:
    """A real SMTP server, which this installation's mail goes to."""
    with smtp() as mailbox:
        environ |= {
            "CHAUDIERE_MAIL_SERVER": "127.0.0.1",
            "CHAUDIERE_MAIL_PORT": str(mailbox.port),
            "CHAUDIERE_MAIL_SECURITY": "none",
            "CHAUDIERE_MAIL_SENDER": "boiler@example.org",
            "CHAUDIERE_ALERT_EMAILS": "house@example.org",
        }
        yield mailbox


@pytest.fixture
def gateway(environ: dict[str, str]) -> Iterator[Gateway]:
    """A gateway that speaks Nexmo's protocol, which this installation's SMS go to."""
    with sms() as gateway:
        environ |= {
            "CHAUDIERE_NEXMO_URL": gateway.url,
            "CHAUDIERE_NEXMO_API_KEY": "key",
            "CHAUDIERE_NEXMO_API_SECRET": "secret",
            "CHAUDIERE_ALERT_PHONES": "+33639980001",
        }
        yield gateway
