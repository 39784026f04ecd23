"""What is wrong and what to do, in words, for an error that the machine or the installation is the reason of."""

from __future__ import annotations

import errno
import sqlite3

from config.settings import SettingsError
from flask_app.boiler.options import OptionError
from flask_app.lock import LockBusyError
from flask_app.store import StoreError

KNOWN = (SettingsError, OptionError, StoreError, LockBusyError, sqlite3.Error, OSError, UnicodeDecodeError)
"""What a program ends with in words; every other error is a fault of the program, and its traceback is wanted."""

OWNER = (
    "run this as the user that owns it (on an installed machine `sudo /opt/chaudiere/config/as-installed`, whose user "
    "chaudiere must be let at each file that is named)"
)
ROOM = "free some room on the disk"
SQLITE = {
    "readonly": OWNER,
    "unable to open": OWNER,
    "locked": "another program holds it: let it end, or stop it",
    "full": ROOM,
}
"""What to do, by a word of SQLite's message."""
SYSTEM = {errno.EACCES: OWNER, errno.EPERM: OWNER, errno.EROFS: OWNER, errno.ENOSPC: ROOM, errno.EDQUOT: ROOM}


def reason(error: Exception) -> str:
    """What is wrong and what to do, for one of `KNOWN`."""
    if isinstance(error, LockBusyError):
        return f"{error}: let that program end, or stop it, and try again"
    if isinstance(error, sqlite3.Error):
        put_back = "`database restore` puts a copy back"
        remedy = next((remedy for word, remedy in SQLITE.items() if word in str(error)), put_back)
        return f"the database cannot be used ({error}): {remedy}"
    if isinstance(error, UnicodeDecodeError):
        return "what is read is not text in UTF-8"
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        remedy = f": {SYSTEM[error.errno]}" if error.errno in SYSTEM else ""
        return f"{place}{error.strerror}{remedy}"
    return str(error) or type(error).__name__
