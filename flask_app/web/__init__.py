"""The web room: `create_app` builds the Flask application from settings."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable

from flask import Flask

from config.settings import Settings, load
from flask_app.web import (
    account,
    admin,
    alerts,
    answers,
    api,
    assets,
    charts,
    doors,
    languages,
    notes,
    notices,
    openapi,
    status,
)


def create_app(settings: Settings | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """The application for `settings`, by default those of the environment; `clock` gives epoch seconds.

    Touches no database: a missing or foreign one is said by each page (503). Raises SettingsError.
    """
    settings = settings or load(os.environ)
    app = Flask(__name__, static_url_path=f"/static/{assets.version()}")
    app.config["SETTINGS"] = settings
    app.config["CLOCK"] = clock
    app.config["BOOT"] = secrets.token_hex(4)
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = assets.FOR_EVER
    doors.configure(app, settings)
    for part in (answers, languages, account, notices):
        part.configure(app)
    for pages in (status, charts, notes, alerts, api, openapi, admin, assets):
        app.register_blueprint(pages.pages)
    return app
