"""The web room: `create_app` builds the Flask application from settings."""

from __future__ import annotations

import os

from flask import Flask

from config.settings import Settings, load
from flask_app.web import doors


def create_app(settings: Settings | None = None) -> Flask:
    """The application for `settings`, by default those of the environment. Raises SettingsError."""
    settings = settings or load(os.environ)
    app = Flask(__name__)
    app.config["SETTINGS"] = settings
    doors.configure(app, settings)
    return app
