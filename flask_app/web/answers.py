"""What every answer carries: security headers, compression, and pages that say what went wrong and what to do."""

from __future__ import annotations

import gzip
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from flask_app import links
from flask_app.lock import LockBusyError
from flask_app.web import doors

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
COMPRESSED = {"text/html", "text/css", "text/javascript", "application/json", "image/svg+xml"}
UNCHECKED = {"static", "assets.uplot"}
"""Endpoints that read no database."""


def configure(app: Flask) -> None:
    """Gives `app` its secret key, its checks before each request, its headers and its error pages."""
    app.secret_key = links.secret_key(app.config["SETTINGS"])
    app.config["WTF_CSRF_TIME_LIMIT"] = 12 * 3600
    CSRFProtect(app)
    app.before_request(_check_database)
    app.after_request(_finish)
    for error in (HTTPException, doors.DatabaseNotReadyError, LockBusyError, DBAPIError, CSRFError):
        app.register_error_handler(error, _explain)


def _check_database() -> None:
    if request.endpoint not in UNCHECKED:
        g.simulated = doors.check_ready()


def _explain(error: Exception) -> Response:
    code, title, words = _reason(error)
    if request.path.startswith("/api/"):
        answer = make_response({"title": title, "detail": words}, code)
        answer.mimetype = "application/problem+json"
        return answer
    if request.path == "/healthz":
        return make_response({"database": False, "reason": words}, code)
    return make_response(render_template("error.html", title=title, words=words, code=code), code)


def _reason(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, doors.DatabaseNotReadyError):
        return 503, _("The database is not ready"), str(error)
    if isinstance(error, LockBusyError):
        return 503, _("The database is busy"), _("Another program is writing. Nothing was changed: try again shortly.")
    if isinstance(error, DBAPIError):
        return 503, _("The database cannot be used"), f"{error.orig}"
    if isinstance(error, CSRFError):
        return 400, _("This form is too old"), _("Go back, reload the page and send it again.")
    assert isinstance(error, HTTPException)  # noqa: S101 - what is registered above
    return _told(error)


def _told(error: HTTPException) -> tuple[int, str, str]:
    """A refusal in the visitor's language; the words that our own pages give it stay, not the library's."""
    titles = {
        400: (_("Not understood"), _("The address or the form holds something that this page does not take.")),
        403: (_("Not allowed"), ""),
        404: (_("Not found"), _("There is no page at this address.")),
        405: (_("Not understood"), _("This address does not do that.")),
        413: (_("Too long"), _("What was sent is longer than anything that a page here takes.")),
        429: (_("Too many requests"), _("Wait a minute, then try again.")),
        503: (_("Too busy"), _("Many are trying to log in. Try again shortly.")),
    }
    code = error.code or 500
    title, words = titles.get(code, (_("Something went wrong here"), _("The log of gunicorn tells what it was.")))
    ours = error.description != type(error).description
    return code, title, str(error.description) if ours and code in (400, 403) else words


def _finish(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.is_secure:
        # Ignored by browsers over a certificate that they do not trust (RFC 6797 8.1): nobody is locked out by it.
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if answer.mimetype == "text/html":
        answer.headers.setdefault("Cache-Control", "no-store" if request.path.startswith("/admin") else "no-cache")
        answer.vary.update(["Cookie", "Accept-Language"])
    return _compress(answer)


def _compress(answer: Response) -> Response:
    # Forms with a token are sent as they are: their size would tell of their secret (BREACH).
    if answer.mimetype not in COMPRESSED or request.path.startswith("/admin") or "csrf_token" in g:
        return answer
    answer.vary.add("Accept-Encoding")
    if answer.status_code != 200 or request.accept_encodings["gzip"] == 0 or "Content-Encoding" in answer.headers:
        return answer
    answer.direct_passthrough = False
    content: Any = answer.get_data()
    if len(content) > 500:
        answer.set_data(gzip.compress(content, 6, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
        etag, _weak = answer.get_etag()
        if etag is not None:
            answer.set_etag(etag, weak=True)
    return answer
