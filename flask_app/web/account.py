"""Who may change things: passwords, sessions, and the one-time code that makes the first owner."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app, session
from flask_login import LoginManager, UserMixin, current_user, login_user
from sqlalchemy import func, select

from config.settings import Settings
from flask_app.models import User
from flask_app.web import doors, queries

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's first choice for argon2id: 19 MiB, 2 passes; 0.04 s on a desk machine, under 0.5 s on a small Pi."""

SHORTEST = 12
IDLE = 30 * 60
ABSOLUTE = 12 * 3600
TRIES = 10
ADMIN = "admin"


class AccountError(ValueError):
    """A name or password that is not accepted; the words say what is."""


class Account(UserMixin):
    """A logged-in user."""

    def __init__(self, user: User) -> None:
        self.number, self.name, self.role = user.id, user.name, user.role
        # A new password ends the sessions of the old one.
        self.stamp = hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]

    def get_id(self) -> str:
        """What the session keeps."""
        return f"{self.number}:{self.stamp}"


def configure(app: Flask) -> None:
    """Gives `app` its sessions and its login."""
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = "Strict"
    manager = LoginManager(app)
    manager.login_view = "admin.login"
    manager.login_message = ""
    manager.user_loader(_load)


def _load(key: str) -> Account | None:
    """The session's user, unless it sat idle for 30 minutes or is 12 hours old."""
    now = queries.now()
    if now - session.get("seen_ts", 0) > IDLE or now - session.get("began_ts", 0) > ABSOLUTE:
        return None
    number, _, _stamp = key.partition(":")
    user = queries.user_numbered(int(number)) if number.isdecimal() else None
    if user is None or not hmac.compare_digest(Account(user).get_id(), key):
        return None
    session["seen_ts"] = now
    return Account(user)


def begin_session(user: User) -> None:
    """Logs `user` in, in a session of its own: nothing of the visitor's before it stays."""
    session.clear()
    session["began_ts"] = session["seen_ts"] = queries.now()
    login_user(Account(user))


def visitor() -> str | None:
    """The name of who is logged in."""
    return getattr(current_user, "name", None)


def matching(name: str, password: str) -> User | None:
    """The user of that name and password. An unknown name takes as long as a wrong password."""
    user = queries.user_named(name)
    known = user.password_hash if user is not None else _nobody()
    try:
        HASHER.verify(known, password)
    except (VerificationError, InvalidHashError):
        return None
    return user


def _nobody() -> str:
    if "NOBODY" not in current_app.config:
        current_app.config["NOBODY"] = HASHER.hash(secrets.token_hex(16))
    found: str = current_app.config["NOBODY"]
    return found


# --- users, for the pages and manager.py


def check_password(password: str) -> str:
    """`password`, when it is long enough. Raises AccountError."""
    if not SHORTEST <= len(password) <= 256:
        raise AccountError(f"the password has {len(password)} characters; it accepts {SHORTEST} to 256")
    return password


def create_user(name: str, password: str) -> User:
    """Makes an administrator. Raises AccountError for a name or password not accepted or a name taken."""
    name = name.strip()
    if not (1 <= len(name) <= 40 and name.isprintable()):
        raise AccountError("the name accepts 1 to 40 characters")
    hashed = HASHER.hash(check_password(password))
    with doors.writing() as database:
        database.expire_on_commit = False
        if database.execute(select(User.id).where(User.name == name)).first() is not None:
            raise AccountError(f"there is a user {name} already")
        user = User(name=name, password_hash=hashed, role=ADMIN, created_ts=queries.now())
        database.add(user)
    return user


def set_password(name: str, password: str) -> None:
    """Gives `name` a new password. Raises AccountError."""
    hashed = HASHER.hash(check_password(password))
    with doors.writing() as database:
        _existing(database.execute(select(User).where(User.name == name)).scalar(), name).password_hash = hashed


def delete_user(name: str, last_too: bool = False) -> None:
    """Removes `name`; the last administrator only when `last_too`. Raises AccountError."""
    with doors.writing() as database:
        user = _existing(database.execute(select(User).where(User.name == name)).scalar(), name)
        admins = database.execute(select(func.count()).where(User.role == ADMIN)).scalar_one()
        if user.role == ADMIN and admins == 1 and not last_too:
            raise AccountError(f"{name} is the last administrator; --force removes it all the same")
        database.delete(user)


def _existing(user: User | None, name: str) -> User:
    if user is None:
        raise AccountError(f"there is no user {name}")
    return user


# --- the owner's one-time code


def owner_code(settings: Settings) -> str:
    """The code of the first visit, made when there is none yet: a file that its owner alone reads."""
    kept = _kept(settings)
    if kept is None:
        kept = {"code": "-".join(f"{secrets.randbelow(10_000):04}" for _ in range(3)), "tries": 0}
        _keep(settings, kept)
    return str(kept["code"])


def accept_code(settings: Settings, code: str) -> bool:
    """True for the right code. The tenth wrong one makes it void; `manager.py users code` makes another."""
    kept = _kept(settings)
    if kept is None:
        return False
    given, wanted = (str(text).replace("-", "").replace(" ", "").encode() for text in (code, kept["code"]))
    if hmac.compare_digest(given, wanted):
        return True
    kept["tries"] += 1
    if kept["tries"] >= TRIES:
        forget_code(settings)
    else:
        _keep(settings, kept)
    return False


def forget_code(settings: Settings) -> None:
    """Makes the code void."""
    if os.path.exists(_path(settings)):
        os.remove(_path(settings))


def _path(settings: Settings) -> str:
    return os.path.join(settings.home, "owner-code")


def _kept(settings: Settings) -> dict[str, Any] | None:
    try:
        with open(_path(settings)) as file:
            kept = json.load(file)
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and "code" in kept and isinstance(kept.get("tries"), int) else None


def _keep(settings: Settings, kept: dict[str, Any]) -> None:
    part = _path(settings) + ".part"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file)
    os.replace(part, _path(settings))
