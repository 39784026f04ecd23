"""Who may change things: passwords, sessions, and the one-time code that makes the first owner."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import subprocess
import sys
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, Response, current_app, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete, func, select

from config.settings import Settings
from flask_app.models import EndedSession, Token, User
from flask_app.web import cookies, doors, queries, throttle

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's first choice for argon2id: 19 MiB, 2 passes; 0.04 s on a desk machine, under 0.5 s on a small Pi."""

SHORTEST = 12
IDLE = 30 * 60
ABSOLUTE = 12 * 3600
TRIES = 10
ADMIN = "admin"
ROLES = (ADMIN, "viewer")
DEVICE = "device"
"""The cookie by which a browser that logged in before is known: it has tries of its own (throttle.trying)."""

GUESSABLE = 8
"""Ten to the power of this many guesses find a password that is refused; zxcvbn estimates them."""

POLLED = ("api.", "assets.", "static", "notes.read_notes", "status.read_state")
"""Endpoints that a page asks by itself: they keep no session awake."""


class AccountError(ValueError):
    """A name or password that is not accepted; the words say what is."""


class Account(UserMixin):
    """A logged-in user."""

    def __init__(self, user: User) -> None:
        self.number, self.name, self.role, self.totp = user.id, user.name, user.role, user.totp is not None
        # A new password, a new second factor and "log out everywhere" end the sessions before them.
        known = f"{user.password_hash}:{user.totp}:{user.epoch}"
        self.stamp = hashlib.sha256(known.encode()).hexdigest()[:32]

    def get_id(self) -> str:
        """What the session keeps."""
        return f"{self.number}:{self.stamp}"


def configure(app: Flask) -> None:
    """Gives `app` its login."""
    manager = LoginManager(app)
    manager.login_view = "admin.login"
    manager.login_message = ""
    manager.user_loader(_load)


def _load(key: str) -> Account | None:
    """The session's user, unless it sat idle for 30 minutes, is 12 hours old or was logged out."""
    now = queries.now()
    if now - session.get("seen_ts", 0) > IDLE or now - session.get("began_ts", 0) > ABSOLUTE:
        return None
    number, _, _stamp = key.partition(":")
    user = queries.user_numbered(int(number)) if number.isdecimal() else None
    if user is None or not hmac.compare_digest(Account(user).get_id(), key):
        return None
    if queries.has_ended(session.get("id", "")):
        return None
    if not (request.endpoint or "").startswith(POLLED):
        session["seen_ts"] = now
    return Account(user)


def begin_session(user: User) -> None:
    """Logs `user` in, in a session of its own: nothing of the visitor's before it stays, and no copy of it is worth
    anything."""
    if "id" in session:
        _end(session["id"], session.get("began_ts", 0))
    session.clear()
    session["id"] = secrets.token_hex(16)
    session["began_ts"] = session["seen_ts"] = queries.now()
    login_user(Account(user))


def end_session() -> None:
    """Logs the visitor out; a copy of the cookie is worth nothing from then on."""
    _end(session.get("id", ""), session.get("began_ts", queries.now()))
    logout_user()
    session.clear()


def _end(session_id: str, began_ts: int) -> None:
    with doors.writing() as database:
        database.execute(delete(EndedSession).where(EndedSession.until_ts < queries.now()))
        database.merge(EndedSession(id=session_id, until_ts=began_ts + ABSOLUTE))


def visitor() -> str | None:
    """The name of who is logged in."""
    return getattr(current_user, "name", None)


def matching(name: str, password: str, code: str = "") -> User | None:
    """The user of that name, password and, if they have a second factor, code. An unknown name takes as long as a
    wrong password. Raises TooManyRequests instead of computing what was tried too often."""
    with throttle.trying(name.strip().lower()[:40], _device(name)):
        user = queries.user_named(name)
        known = user.password_hash if user is not None else _nobody()
        try:
            HASHER.verify(known, password)
        except (VerificationError, InvalidHashError):
            return None
        return user if user is None or user.totp is None or _accept_totp(user, code) else None


# --- known browsers


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        current_app.secret_key or "", salt="device", signer_kwargs={"digest_method": hashlib.sha256}
    )


def remember_device(answer: Response, user: User) -> Response:
    """Gives the browser the cookie by which it is known: it lets nobody in, it only has tries of its own."""
    words = _signer().dumps([Account(user).get_id(), secrets.token_hex(8)])
    text = words if isinstance(words, str) else words.decode()
    cookies.keep(answer, DEVICE, text, "Strict", "/admin/")
    return answer


def _device(name: str) -> str | None:
    """The number of this browser when it logged in as `name` before, with the password that still holds."""
    try:
        key, number = _signer().loads(cookies.kept(DEVICE))
    except (BadSignature, ValueError, TypeError):
        return None
    user = queries.user_named(name)
    if user is None or not hmac.compare_digest(Account(user).get_id(), str(key)):
        return None
    return str(number)


# --- the second factor


def new_totp() -> str:
    """A secret for an authenticator."""
    import pyotp  # needed by who sets it up

    return pyotp.random_base32()


def totp_address(name: str, secret: str) -> str:
    """What an authenticator reads from a QR code."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Chaudiere")


def totp_picture(address: str) -> str:
    """That as a QR code, in SVG."""
    import segno

    return str(segno.make(address, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff"))


def totp_step(secret: str, code: str) -> int | None:
    """Which 30 seconds `code` belongs to: now, or one step off for clocks that differ; None for a wrong code."""
    import pyotp

    code, now = "".join(code.split()), queries.now()
    counter = pyotp.TOTP(secret)
    steps = (now // 30 + offset for offset in (0, -1, 1))
    return next((step for step in steps if hmac.compare_digest(counter.at(step * 30).encode(), code.encode())), None)


def _accept_totp(user: User, code: str) -> bool:
    step = totp_step(user.totp or "", code)
    # A code that was seen over a shoulder must not serve again.
    if step is None or step <= user.totp_step:
        return False
    with doors.writing() as database:
        _existing(database.get(User, user.id), user.name).totp_step = step
    return True


def set_totp(name: str, secret: str | None) -> User:
    """Gives `name` a second factor, or takes it away. Raises AccountError."""
    with doors.writing() as database:
        database.expire_on_commit = False
        user = _existing(database.execute(select(User).where(User.name == name)).scalar(), name)
        user.totp, user.totp_step = secret, queries.now() // 30 if secret else 0
    return user


def end_sessions(name: str) -> User:
    """Ends every session of `name`, everywhere. Raises AccountError."""
    with doors.writing() as database:
        database.expire_on_commit = False
        user = _existing(database.execute(select(User).where(User.name == name)).scalar(), name)
        user.epoch += 1
    return user


# --- tokens of scripts


def create_token(name: str, by: str) -> str:
    """Makes a token that reads; returned once, only its hash is kept. Raises AccountError."""
    name = name.strip()
    if not (1 <= len(name) <= 40 and name.isprintable()):
        raise AccountError("the name accepts 1 to 40 characters")
    # 256 random bits: nothing to guess, so a plain hash keeps it.
    token = f"chaudiere_{secrets.token_urlsafe(32)}"
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    with doors.writing() as database:
        database.add(Token(name=name, sha256=sha256, created_ts=queries.now(), by=by))
    return token


def delete_token(token_id: int) -> str:
    """Makes a token void; returns its name, empty when there was none."""
    with doors.writing() as database:
        return database.execute(delete(Token).where(Token.id == token_id).returning(Token.name)).scalar() or ""


def _nobody() -> str:
    if "NOBODY" not in current_app.config:
        current_app.config["NOBODY"] = HASHER.hash(secrets.token_hex(16))
    found: str = current_app.config["NOBODY"]
    return found


# --- users, for the pages and manager.py


def check_password(password: str, name: str = "") -> str:
    """`password`, when it is long enough and not easily guessed. Raises AccountError."""
    if not SHORTEST <= len(password) <= 256:
        raise AccountError(f"the password has {len(password)} characters; it accepts {SHORTEST} to 256")
    if _guesses(password, name) < GUESSABLE:
        raise AccountError("the password is too easy to guess: take four or more words that do not belong together")
    return password


def _guesses(password: str, name: str) -> float:
    """The power of ten of the guesses that find it; a process of its own: its word lists weigh 12 MB."""
    words = (
        "import sys, zxcvbn; password, *known = sys.stdin.read().split(chr(0));"
        "print(zxcvbn.zxcvbn(password[:72], known)['guesses_log10'])"
    )
    given = "\0".join([password.replace("\0", ""), name, "chaudiere", "motdepasse", "pellets"])
    # What cannot be judged (a machine too slow for it) counts as good: its length was checked.
    try:
        answer = subprocess.run(
            [sys.executable, "-c", words], input=given, capture_output=True, text=True, timeout=30, check=True
        )
        return float(answer.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        return float(GUESSABLE)


def create_user(name: str, password: str, role: str = ADMIN) -> User:
    """Makes a user. Raises AccountError for a name, password or role not accepted or a name taken."""
    name = name.strip()
    if not (1 <= len(name) <= 40 and name.isprintable()) or role not in ROLES:
        raise AccountError("the name accepts 1 to 40 characters, the role admin or viewer")
    hashed = HASHER.hash(check_password(password, name))
    with doors.writing() as database:
        database.expire_on_commit = False
        if database.execute(select(User.id).where(User.name == name)).first() is not None:
            raise AccountError(f"there is a user {name} already")
        user = User(name=name, password_hash=hashed, role=role, created_ts=queries.now(), epoch=0, totp_step=0)
        database.add(user)
    return user


def set_password(name: str, password: str) -> User:
    """Gives `name` a new password; the sessions of the old one end. Raises AccountError."""
    hashed = HASHER.hash(check_password(password, name))
    with doors.writing() as database:
        database.expire_on_commit = False
        user = _existing(database.execute(select(User).where(User.name == name)).scalar(), name)
        user.password_hash = hashed
    return user


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
