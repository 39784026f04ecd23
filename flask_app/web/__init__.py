"""The web room: `create_app` builds the Flask application from settings."""

from __future__ import annotations

import os
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
    choices,
    doors,
    first,
    gate,
    languages,
    logs,
    notices,
    status,
    system,
    throttle,
)


def create_app(settings: Settings | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """The application for `settings`, by default those of the environment; `clock` gives epoch seconds.

    Touches no database: a missing or foreign one is said by each page (503). Raises SettingsError.
    """
    settings = settings or load(os.environ)
    app = Flask(__name__, static_url_path=f"/static/{assets.version()}")
    app.config["SETTINGS"] = settings
    app.config["CLOCK"] = clock
    # The largest form is a page of settings: what is longer is refused before it is read.
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = 64 * 1024
    app.config["MAX_FORM_PARTS"] = 100
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = assets.FOR_EVER
    doors.configure(app, settings)
    # A Host that is not ours is refused before anything else is looked at.
    app.before_request(gate.check_host)
    for part in (throttle, answers, languages, account, gate, notices, first):
        part.configure(app)
    for pages in (status, charts, alerts, api, admin, choices, first, system, logs, assets):
        app.register_blueprint(pages.pages)
    return app
