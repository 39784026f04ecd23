"""One whole day with a silo running empty, walked from the sensor to the mail, the SMS and the chart.

Every part is the real one: the simulated boiler's readings through the store, both jobs once a minute, a real SMTP
server, a gateway that speaks Nexmo's protocol, and the chart's JSON from the application.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

from config.settings import Settings
from flask_app import store
from flask_app.boiler.phases import Phase
from flask_app.script.archive_minute import archive
from flask_app.script.process_phase import process, send_due
from flask_app.store import Database, World
from flask_app.web import create_app
from sensor.script_file import Fault, GivenFault, Script
from sensor.simulator import readings
from tests.servers import Gateway, Mailbox

HOUR = 3600
START = 20_604 * 24 * HOUR  # a Tuesday in May 2026, at 00:00 UTC
END = START + 24 * HOUR
EMPTY = START + 4 * HOUR


def live(database: Database, settings: Settings) -> None:
    """The day as it happens: a minute's readings, then cron's two jobs at its end."""
    database.claim(World.REAL)  # the messages of this day shall leave
    script = Script(seed=3, faults=(GivenFault(Fault.SILO_EMPTY, EMPTY),))
    for number, minute in groupby(readings(script, START, END, 4.0), key=lambda row: row.ts // 60):
        now = number * 60 + 63
        with database.writing() as connection:
            store.insert_readings(connection, list(minute))
        archive(database, now)
        process(database, settings)
        send_due(database, settings, lambda now=now: float(now))  # type: ignore[misc]


def alerts(database: Database) -> dict[str, list[tuple[int, int | None]]]:
    found: dict[str, list[tuple[int, int | None]]] = {}
    for kind, opened_ts, closed_ts in database.connection.execute(
        "SELECT kind, opened_ts, closed_ts FROM Alert ORDER BY opened_ts"
    ):
        found.setdefault(kind, []).append((opened_ts, closed_ts))
    return found


def series(settings: Settings) -> Any:
    app = create_app(settings, clock=lambda: float(END))
    answer = app.test_client().get(f"/api/v1/series?from={START}&to={END}&width=1440")
    assert answer.status_code == 200
    return answer.get_json()


def test_a_silo_running_empty_is_told_before_the_house_gets_cold_and_drawn_as_it_was(
    mailbox: Mailbox, gateway: Gateway, database: Database, settings: Settings
) -> None:
    live(database, settings)

    found = alerts(database)
    (dying_ts, dying_end), *_ = found["fire_dying"]
    (cold_ts, cold_end), *_ = found["low_water"]
    assert EMPTY < dying_ts < cold_ts
    assert dying_end is not None
    assert cold_end is not None
    openings = [ts for ts, _ in found["low_water"]]
    assert all(later - earlier >= 600 for earlier, later in pairwise(openings))

    subjects = [str(mail["Subject"]) for mail in mailbox.mails]
    for words in ("Le feu s’éteint", "Eau sous la consigne"):
        mine = [subject for subject in subjects if words in subject]
        assert "rappel" not in mine[0]
        assert [subject for subject in mine if "retour à la normale" in subject] == mine[-1:]
        assert all("rappel" in subject for subject in mine[1:-1])
    assert len(subjects) <= 10
    assert all(len(subject) <= 60 for subject in subjects)
    assert all("SIMULATION" not in subject for subject in subjects)
    assert any("Eau 55.9C sous 56C" in form["text"] for form in gateway.forms)
    assert any("40C vers" in form["text"] for form in gateway.forms)
    assert all(len(form["text"]) <= 160 for form in gateway.forms)
    assert len(gateway.forms) <= 12
    waits = database.connection.execute("SELECT sent_ts - due_ts FROM Delivery").fetchall()
    assert waits
    assert all(0 <= wait <= 3 for (wait,) in waits)

    drawn = series(settings)
    column = (cold_ts - drawn["from"]) // drawn["step"]
    water = drawn["series"]["water"]
    assert water["v"][column + 2] < 56 * water["scale"] <= water["v"][column - 2]
    assert {flag["kind"] for flag in drawn["flags"]} == set(found)
    assert {Phase.IGNITION, Phase.COMBUSTION, Phase.BURN_OUT, Phase.STOPPED} <= set(drawn["phases"]["p"])
    assert None not in water["v"]
