"""The cookies: over TLS each is Secure, and says so by its name, which no plain page can then set (RFC 6265bis)."""

from __future__ import annotations

import hashlib

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface


class Cookies(SecureCookieSessionInterface):
    """The session's cookie: over TLS it is Secure, and bound to this host by its name."""

    digest_method = staticmethod(hashlib.sha256)  # of its signature: the library's own default is SHA-1

    def get_cookie_name(self, _app: Flask) -> str:
        """The name, for the request at hand."""
        return "__Host-session" if request.is_secure else "session"

    def get_cookie_secure(self, _app: Flask) -> bool:
        """Over plain HTTP a Secure cookie would not come back."""
        return request.is_secure


def configure(app: Flask) -> None:
    """Gives `app` its session's cookie."""
    app.session_interface = Cookies()
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = "Strict"


def kept(name: str) -> str:
    """What this browser was given under that name; empty when nothing."""
    return request.cookies.get(_name(name), "")


def keep(answer: Response, name: str, value: str, same_site: str = "Lax", path: str = "/") -> None:
    """Gives the browser `value` to keep for a year, out of reach of scripts."""
    answer.set_cookie(
        _name(name),
        value,
        max_age=365 * 86400,
        secure=request.is_secure,
        httponly=True,
        samesite=same_site,
        path=path,
    )


def _name(name: str) -> str:
    return f"__Secure-{name}" if request.is_secure else name
