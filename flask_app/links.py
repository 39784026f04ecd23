"""The signed links of messages and of the kiosk's buttons: who holds one may act without a login."""

from __future__ import annotations

import hashlib
import ipaddress
import os
from urllib.parse import urlsplit

from itsdangerous import BadSignature, Signer

from config.settings import Settings

TAP_STEP = 600
TAP_SECONDS = 3600
"""How long a page's button works: each time the page is drawn it gets a new one."""


def _signer(settings: Settings, salt: str) -> Signer:
    # By SHA-256: the library's own default is SHA-1.
    return Signer(secret_key(settings), salt=salt, digest_method=hashlib.sha256)


def secret_key(settings: Settings) -> str:
    """The installation's key: of the environment, else one that is made once and kept for its owner alone."""
    if settings.secret_key:
        return settings.secret_key
    path = os.path.join(settings.home, "secret_key")
    os.makedirs(settings.home, mode=0o750, exist_ok=True)
    try:
        # O_EXCL: of several that start together one makes the key and all read the same.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(32).hex())
    except FileExistsError:
        pass
    with open(path) as file:
        return file.read().strip()


def acknowledge_url(settings: Settings, alert_id: int, delivery_id: int) -> str:
    """The address of a page with one button, for the person that this delivery goes to."""
    signed = _signer(settings, "acknowledge").sign(f"{alert_id}-{delivery_id}").decode()
    return f"{settings.url}/a/{signed}"


def acknowledged(settings: Settings, token: str) -> tuple[int, int] | None:
    """(alert, delivery) of such an address; None for one that we did not sign."""
    try:
        alert_id, _, delivery_id = _signer(settings, "acknowledge").unsign(token).decode().partition("-")
    except BadSignature:
        return None
    return int(alert_id), int(delivery_id)


def tap_token(settings: Settings, deed: str, now: int) -> str:
    """What a page's button for a deed, such as `acknowledge-12`, sends back. The same for ten minutes at a time, so
    that a page which did not change is the same page."""
    return _signer(settings, "tap").sign(f"{deed}.{now // TAP_STEP}").decode()


def tapped(settings: Settings, token: str, now: int) -> str:
    """The deed of such a button; empty for one not ours, or more than an hour old."""
    try:
        deed, _dot, step = _signer(settings, "tap").unsign(token).decode().rpartition(".")
    except BadSignature:
        return ""
    return deed if 0 <= now - int(step) * TAP_STEP <= TAP_SECONDS else ""


def home_only(url: str) -> bool:
    """Whether an address works inside the house alone.

    >>> [home_only(url) for url in ("http://pi.local:5007", "http://192.168.1.9", "https://boiler.example.org")]
    [True, True, False]
    """
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".home", ".lan", ".home.arpa", ".internal"))
