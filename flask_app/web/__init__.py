"""The web room: `create_app` builds the Flask application from settings."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter

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
    cookies,
    doors,
    first,
    fittings,
    forms,
    gate,
    languages,
    logs,
    notes,
    notices,
    openapi,
    status,
    system,
    taps,
    throttle,
    told,
    trial,
)


class RowNumber(IntegerConverter):
    """A number in an address: one that no table could hold is an address that does not exist."""

    def __init__(self, map: Any) -> None:
        super().__init__(map, max=2**63 - 1)


def create_app(settings: Settings | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """The application for `settings`, by default those of the environment; `clock` gives epoch seconds.

    Touches no database: a missing or foreign one is said by each page (503). Raises SettingsError.
    """
    settings = settings or load(os.environ)
    app = Flask(__name__, static_url_path=f"/static/{assets.version()}")
    app.config["SETTINGS"] = settings
    app.config["CLOCK"] = clock
    app.config["BOOT"] = secrets.token_hex(4)
    # The largest form is a page of settings: what is longer is refused before it is read.
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = 64 * 1024
    app.config["MAX_FORM_PARTS"] = 100
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = assets.FOR_EVER
    app.url_map.converters["int"] = RowNumber
    doors.configure(app, settings)
    # A Host that is not ours is refused before anything else is looked at.
    app.before_request(gate.check_host)
    for part in (throttle, answers, languages, cookies, account, gate, notices, first, taps, forms):
        part.configure(app)
    for pages in (
        status,
        charts,
        notes,
        alerts,
        api,
        openapi,
        admin,
        choices,
        first,
        fittings,
        told,
        trial,
        taps,
        system,
        logs,
        assets,
    ):
        app.register_blueprint(pages.pages)
    return app
