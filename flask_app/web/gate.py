"""Who may ask for what: the Host, the roles, the tokens of scripts, and which address needs which of them."""

from __future__ import annotations

import hashlib
import socket
from enum import IntEnum
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, make_response, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as Answer

from config.settings import Settings
from flask_app.web import queries, throttle

SUFFIXES = ("", ".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain")
"""What this machine's name may end with: nobody can own such a name on the internet, and turn it against us."""


class Level(IntEnum):
    """What a visitor may do; each may all that is below."""

    STRANGER = 0
    READER = 1  # sees the boiler: by being near, by a token, or because reading is open
    VIEWER = 2  # has a login
    ADMIN = 3  # changes things


STRANGERS = {
    "static",
    "assets.uplot",
    "admin.login",
    "admin.owner",
    "api.read_health",
    # Their address is signed, and it came by mail.
    "taps.show_link",
    "taps.take_by_link",
}
READERS = {"taps.tap"}
"""What a reader may do: the button itself is signed, and given only to who is near or logged in."""
VIEWERS = {
    "admin.logout",
    "admin.read_account",
    "admin.change_password",
    "admin.start_totp",
    "admin.keep_totp",
    "admin.drop_totp",
    "admin.logout_everywhere",
    "told.acknowledge",
    "notes.add_fill",
    "notes.add_note",
    "notes.remove_note",
}
"""What everyone who has a login may do: one's own account, an alert one looks after, the household's notes."""
ADMINS = {"admin", "choices", "told", "logs", "first", "fittings", "trial"}
"""Blueprints that are the owner's alone."""


def needs(endpoint: str | None, method: str) -> Level:
    """The level that a request must have; what nobody thought of is closed."""
    if endpoint is None or endpoint in STRANGERS:
        return Level.STRANGER
    if endpoint in READERS:
        return Level.READER
    if endpoint in VIEWERS:
        return Level.VIEWER
    if endpoint.split(".")[0] in ADMINS or method not in ("GET", "HEAD", "OPTIONS"):
        return Level.ADMIN
    return Level.READER


def level() -> Level:
    """What the visitor of this request may do."""
    if "level" not in g:
        g.level = _level()
    found: Level = g.level
    return found


def _level() -> Level:
    role = getattr(current_user, "role", None)
    if role is not None:
        return Level.ADMIN if role == "admin" else Level.VIEWER
    return Level.READER if _has_token() or _reads_freely() else Level.STRANGER


def _reads_freely() -> bool:
    reading = queries.options().reading
    if reading == "open":
        return True
    if not throttle.near():
        return False
    # The screen beside the boiler has no keyboard to log in with.
    return reading == "lan" or (request.remote_addr or "") in ("127.0.0.1", "::1")


def _has_token() -> bool:
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return False
    return queries.has_token(hashlib.sha256(token.strip().encode()).hexdigest())


def configure(app: Flask) -> None:
    """Gives `app` its checks; behind as many proxies as the settings say, the visitor's address is what they tell."""
    settings: Settings = app.config["SETTINGS"]
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]  # as Flask says
    app.before_request(_check_visitor)
    app.context_processor(lambda: {"level": level() if hasattr(g, "simulated") else Level.STRANGER, "Level": Level})


def check_host() -> None:
    """Refuses a Host that is not ours: a stranger's name that was made to point here."""
    settings: Settings = current_app.config["SETTINGS"]
    if not _known(_host(request.headers.get("Host", "")), urlsplit(settings.url).hostname or ""):
        abort(400, _("This machine does not know itself by that name: set CHAUDIERE_URL to the address you use."))


def _host(words: str) -> str:
    try:
        return (urlsplit(f"//{words}").hostname or "").rstrip(".")
    except ValueError:
        return ""


@cache
def _machine() -> str:
    return socket.gethostname().split(".")[0].lower()


def _known(host: str, own: str) -> bool:
    if host in ("localhost", own.lower()):
        return bool(host)
    try:
        address = ip_address(host)
    except ValueError:
        return any(host == _machine() + suffix for suffix in SUFFIXES)
    return throttle.here(address)


def _check_visitor() -> Answer | None:
    needed = needs(request.endpoint, request.method)
    # Not asked when nothing is needed: a page that is missing is told whatever the state of the database.
    if needed is Level.STRANGER or level() >= needed:
        return None
    if level() >= Level.VIEWER:
        abort(403, _("Only an administrator may do this."))
    if request.path.startswith(("/api/", "/metrics")):
        return _unauthorised()
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("admin.login", next=wanted if wanted != "/admin/" else None))


def _unauthorised() -> Response:
    words = _("Log in, or send a token: Authorization: Bearer and the token.")
    answer = make_response({"title": _("Not allowed"), "detail": words}, 401)
    answer.headers["WWW-Authenticate"] = "Bearer"
    answer.mimetype = "application/problem+json"
    return answer
