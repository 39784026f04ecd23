"""Calls the owner's heartbeat address while all is fresh: when the calls stop, somebody outside notices."""

from __future__ import annotations

import time
from collections.abc import Callable

from config.settings import Settings
from flask_app import store
from flask_app.log import line

ROW_AGE = 60  # seconds: the newest reading
MINUTE_AGE = 180  # the end of the newest judged minute
UNSENT_AGE = 900  # the oldest message that was tried and has not left
TRIES = 3
TIMEOUT = 10.0


def stale(database: store.Database, now: int) -> str:
    """What is not fresh at `now` (UTC seconds); empty when all is."""
    connection = database.connection
    reading_ts, judged_ts = store.newest_reading_ts(connection, now), store.newest_state_ts(connection, now)
    if reading_ts is None or now - reading_ts > ROW_AGE:
        return "no fresh reading"
    if judged_ts is None or now - judged_ts - 60 > MINUTE_AGE:
        return "minutes are not judged"
    waiting, failed, _channel, _said = store.stuck(connection, now, UNSENT_AGE)
    return "messages do not leave" if waiting or failed else ""


def beat(
    database: store.Database,
    settings: Settings,
    clock: Callable[[], float] = time.time,
    wait: Callable[[float], None] = time.sleep,
) -> bool:
    """Calls the address if all is fresh; returns whether it answered. The reason why not goes to the log."""
    reason = stale(database, int(clock()))
    if reason:
        line("process_phase", f"no heartbeat: {reason}")
        return False
    # 60 ms to import, and only an installation with an address pays them.
    from http.client import HTTPException
    from urllib.request import urlopen

    for pause in range(TRIES):
        wait(pause)
        try:
            with urlopen(settings.heartbeat_url, timeout=TIMEOUT) as answer:  # noqa: S310 the settings accept http(s) alone
                return bool(200 <= answer.status < 300)
        except (OSError, HTTPException, ValueError) as error:
            said = error
    line("process_phase", f"the heartbeat address does not answer: {said}")
    return False
