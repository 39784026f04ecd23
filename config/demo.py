"""Makes a demonstration ready before supervisor starts: port, database, three weeks of past; or says why it cannot."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from config.settings import PROJECT, Settings, SettingsError, load, make_folders
from flask_app.store import Database, StoreError, World

# The story that a visitor finds: a silo ran empty yesterday, an ignition failed last week.
PAST = ("--days", "21", "--seed", "1", "--fault", "silo_empty@30", "--fault", "ignition_failure@144")


class NotReadyError(Exception):
    """The demonstration cannot start; the words say what is wrong and what to do."""


def check_port(port: int) -> None:
    """Raises NotReadyError when another program listens on `port` of this machine."""
    with socket.socket() as probe:
        # As gunicorn does: a connection that just ended must not count as a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise NotReadyError(
                f"port {port} cannot be used ({error.strerror}): stop the program that has it, "
                "or choose another, as in: CHAUDIERE_PORT=5008 make run"
            ) from None


def needs_past(settings: Settings) -> bool:
    """Whether the database holds no row yet. Raises NotReadyError for one that holds a real boiler's."""
    try:
        database = Database(settings.database, settings.lock)
    except StoreError as error:
        raise NotReadyError(str(error)) from None
    try:
        if database.world is World.REAL:
            raise NotReadyError(
                f"{settings.database} holds a real boiler's rows, and this is a simulation: "
                "name another folder by CHAUDIERE_HOME"
            )
        found = database.connection.execute("SELECT 1 FROM Chaudiere UNION ALL SELECT 1 FROM ChaudiereMinute LIMIT 1")
        return found.fetchone() is None
    finally:
        database.close()


def _manager(*words: str) -> None:
    answer = subprocess.run([sys.executable, "manager.py", *words], cwd=PROJECT, check=False)
    if answer.returncode:
        raise NotReadyError(f"manager.py {' '.join(words)} did not succeed: see above")


def prepare() -> str:
    """Makes the database and its past; returns the address of the pages. Raises NotReadyError, SettingsError."""
    settings = load(os.environ)
    check_port(settings.port)
    make_folders(settings)
    _manager("database", "upgrade")
    if needs_past(settings):
        print("Making three weeks of a simulated boiler's past...", flush=True)
        _manager("fakedata", *PAST)
    _manager("users", "code")
    return settings.url


def main() -> int:
    """Exit status 0 when ready, 1 with the reason on stderr when not."""
    try:
        url = prepare()
    except (NotReadyError, SettingsError) as error:
        print(f"chaudiere: {error}", file=sys.stderr)
        return 1
    home = load(os.environ).home
    print(f"\n    {url}\n\nCtrl-C stops everything; data and logs stay in {home}.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
