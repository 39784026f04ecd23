"""Coming and going: the owner's first visit, the login, one's own account, and who else has one."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from config.settings import Settings
from flask_app.here import command
from flask_app.models import User
from flask_app.web import account, choices, queries, throttle

pages = Blueprint("admin", __name__, url_prefix="/admin")


# --- coming and going


@pages.route("/login", methods=["GET", "POST"])
def login() -> Response | str | tuple[str, int]:
    """The login; the owner's first visit when there is no user yet."""
    if not queries.has_user():
        return redirect(url_for("admin.owner"))
    if request.method != "POST":
        return render_template("login.html")
    try:
        user = account.matching(*(request.form.get(field, "") for field in ("name", "password", "code")))
    except TooManyRequests:
        flash(_("Too many tries. Wait ten minutes, or use a browser that logged in before."), "bad")
        return render_template("login.html"), 429
    if user is None:
        flash(_("Wrong name, password or code."), "bad")
        return render_template("login.html")
    return _enter(user, redirect(_wanted(user)))


def _enter(user: User, answer: Response) -> Response:
    account.begin_session(user)
    return account.remember_device(current_app.make_response(answer), user)


def _wanted(user: User) -> str:
    """The page that was asked for before the login; never one of another site."""
    path = request.args.get("next", "")
    parts = urlsplit(path)
    if path.startswith("/") and not parts.netloc and not path.startswith(("//", "/\\")) and path.isprintable():
        return path
    return url_for("choices.read_choices") if user.role == account.ADMIN else url_for("status.read_status")


@pages.route("/owner", methods=["GET", "POST"])
def owner() -> Response | str | tuple[str, int]:
    """The first visit: who has the code that the start printed becomes the owner."""
    if queries.has_user():
        return redirect(url_for("admin.login"))
    if request.method != "POST":
        return render_template("owner.html", shortest=account.SHORTEST)
    user, refusal = _become_owner()
    if user is not None:
        return _enter(user, redirect(url_for("first.read_steps")))
    flash(refusal, "bad")
    return render_template("owner.html", shortest=account.SHORTEST), 400


def _become_owner() -> tuple[User | None, str]:
    """The owner, or what is wrong."""
    settings: Settings = current_app.config["SETTINGS"]
    try:
        with throttle.trying("", None):
            if not account.accept_code(settings, request.form.get("code", "")):
                return None, _("This is not the code. `%(command)s` prints it.", command=command("users code"))
            user = account.create_user(request.form.get("name", ""), request.form.get("password", ""))
    except TooManyRequests:
        return None, _("Too many tries. Wait ten minutes, or use a browser that logged in before.")
    except account.AccountError:
        return None, _not_accepted()
    account.forget_code(settings)
    return user, ""


def _not_accepted() -> str:
    return _("A name, and a password of 12 characters or more that is not easily guessed, are needed.")


@pages.post("/logout")
def logout() -> Response:
    """Ends the session."""
    account.end_session()
    answer = redirect(url_for("status.read_status"))
    # What this browser kept of the pages; it heeds this over TLS and on this machine itself.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


# --- one's own account


@pages.get("/account")
def read_account() -> str:
    """Password, second factor, sessions."""
    secret = session.get("new_totp")
    picture = account.totp_picture(account.totp_address(_me(), secret)) if secret else ""
    # The drawing is segno's own, made from a base32 secret and a quoted name: nothing in it is a visitor's markup.
    return render_template(
        "account.html",
        shortest=account.SHORTEST,
        secret=secret,
        picture=Markup(picture),  # noqa: S704
        address=account.totp_address(_me(), secret) if secret else "",
    )


def _me() -> str:
    """The visitor's name: gate.needs lets nobody here without one."""
    return account.visitor() or ""


def _proven() -> bool:
    """Whether the form holds the visitor's present password (and code): what they change needs it."""
    try:
        return account.matching(_me(), *(request.form.get(field, "") for field in ("now", "code"))) is not None
    except TooManyRequests:
        return False


@pages.post("/account/password")
def change_password() -> Response:
    """Changes one's password; every other session ends."""
    if not _proven():
        flash(_("The present password or code is wrong."), "bad")
        return _to_account()
    try:
        user = account.set_password(_me(), request.form.get("password", ""))
    except account.AccountError:
        flash(_not_accepted(), "bad")
        return _to_account()
    flash(_("The password is changed, and every other session has ended."), "good")
    return _enter(user, _to_account())


@pages.post("/account/totp/start")
def start_totp() -> Response:
    """Shows a secret to put into an authenticator."""
    session["new_totp"] = account.new_totp()
    return _to_account()


@pages.post("/account/totp")
def keep_totp() -> Response:
    """Keeps the second factor, once a code proves that the authenticator has it."""
    secret = session.get("new_totp", "")
    if not secret or not _proven() or account.totp_step(secret, request.form.get("new_code", "")) is None:
        flash(_("Password or code is wrong: the second factor is not set."), "bad")
        return _to_account()
    user = account.set_totp(_me(), secret)
    flash(_("From now on a login asks for a code too."), "good")
    return _enter(user, _to_account())


@pages.post("/account/totp/drop")
def drop_totp() -> Response:
    """Takes the second factor away."""
    if not _proven():
        flash(_("The present password or code is wrong."), "bad")
        return _to_account()
    flash(_("A login asks for the password alone."), "good")
    return _enter(account.set_totp(_me(), None), _to_account())


@pages.post("/account/everywhere")
def logout_everywhere() -> Response:
    """Ends one's sessions on every other browser."""
    user = account.end_sessions(_me())
    flash(_("Every other session has ended."), "good")
    return _enter(user, _to_account())


def _to_account() -> Response:
    return redirect(url_for("admin.read_account"))


# --- who else has an account, and the tokens of scripts


@pages.get("/people")
def read_people() -> str:
    """The users and the tokens; a token just made is shown this once."""
    return render_template(
        "people.html",
        users=queries.users(),
        tokens=queries.tokens(),
        shortest=account.SHORTEST,
        token=session.pop("token", None),
    )


@pages.post("/people/users")
def add_user() -> Response | tuple[str, int]:
    """Makes a user."""
    name, role = request.form.get("name", "").strip(), request.form.get("role", "viewer")
    try:
        account.create_user(name, request.form.get("password", ""), role)
    except account.AccountError:
        taken = queries.user_named(name) is not None
        flash(_("There is a user of that name already.") if taken else _not_accepted(), "bad")
        return read_people(), 400
    choices.keep_change("user", f"+ {name} ({role})")
    flash(_("%(name)s may log in.", name=name), "good")
    return _to_people()


@pages.post("/people/users/<int:user_id>/remove")
def remove_user(user_id: int) -> Response:
    """Removes a user, the last administrator excepted."""
    user = queries.user_numbered(user_id)
    if user is None:
        abort(404)
    try:
        account.delete_user(user.name)
    except account.AccountError:
        flash(_("The last administrator stays."), "bad")
    else:
        choices.keep_change("user", f"− {user.name} ({user.role})")
        flash(_("%(name)s is removed.", name=user.name), "good")
    return _to_people()


@pages.post("/people/tokens")
def add_token() -> Response | tuple[str, int]:
    """Makes a token."""
    try:
        # Carried to the next page in the session's cookie, which only this browser has, and dropped there.
        session["token"] = account.create_token(request.form.get("name", ""), _me())
        choices.keep_change("token", f"+ {request.form.get('name', '').strip()}")
    except account.AccountError:
        flash(_("Give the token a name of 1 to 40 characters."), "bad")
        return read_people(), 400
    return _to_people()


@pages.post("/people/tokens/<int:token_id>/remove")
def remove_token(token_id: int) -> Response:
    """Makes a token void."""
    name = account.delete_token(token_id)
    if name:
        choices.keep_change("token", f"− {name}")
    flash(_("The token is void."), "good")
    return _to_people()


def _to_people() -> Response:
    return redirect(url_for("admin.read_people"))
