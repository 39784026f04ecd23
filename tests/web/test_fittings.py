"""The page of probes and clamps: what was named and learned, what is only the default, and what is changed there."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from flask_app import store
from flask_app.boiler.fittings import PROBES_FOUND
from flask_app.boiler.options import Options
from flask_app.store import Database
from sensor.create_data import fittings
from sensor.get_temp import roles_of
from tests.web.conftest import NOW, Rows
from tests.web.test_admin import owner, post, stored

__all__ = ["owner"]


def test_what_was_named_and_learned_is_shown_beside_its_value(owner: FlaskClient, rows: Rows) -> None:
    rows.well()
    rows.add("Probe", address="28-00000000000a", role="water", offset=-0.5, since_ts=NOW)
    rows.add("Channel", role="igniter", input=None, turns=1, volts=230, power_factor=1)
    rows.add("Channel", role="auger", input=3, turns=5, volts=230, power_factor=0.7, running_amps=1.3, learned_ts=NOW)
    rows.add("Idle", role="auger", ts=NOW + 1, amps=0.021, spread=0.001)

    text = owner.get("/admin/sensors/").get_data(as_text=True)

    for words in ("28-00000000000a", "-0,5", "dans l’ordre trouvé", "0,021", "1,3", "aucune"):
        assert words in text, words


def test_what_was_changed_is_shown_with_who_and_when_here_and_in_the_history(owner: FlaskClient, rows: Rows) -> None:
    rows.add("Setting", key="sensor_water", since_ts=NOW, value="28-00000000000a, +0.25 °C", by="manager.py (ana)")
    rows.add("Setting", key="setpoint", since_ts=NOW, value="57", by="ana")

    here, history = (owner.get(page).get_data(as_text=True) for page in ("/admin/sensors/", "/admin/history"))

    for words in ("Eau</b>", "+0.25 °C", "manager.py (ana)"):
        assert words in here
        assert words in history
    assert "Sondes et pinces, Eau" in history
    assert "<span>57</span>" not in here


def test_an_idle_current_that_the_loop_learned_is_dated(owner: FlaskClient, rows: Rows) -> None:
    before = owner.get("/admin/sensors/").get_data(as_text=True)
    rows.add("Idle", role="auger", ts=NOW, amps=0.021, spread=0.001)

    after = owner.get("/admin/sensors/").get_data(as_text=True)

    assert "réappris seul" not in before
    assert "réappris seul" in after


def test_a_motor_too_near_to_its_gate_is_told(owner: FlaskClient, rows: Rows) -> None:
    motor = {"turns": 1, "volts": 230, "power_factor": 0.7, "idle_amps": 0.003, "learned_ts": NOW}
    rows.add("Channel", role="auger", input=3, running_amps=0.2, **motor)
    fine = owner.get("/admin/sensors/").get_data(as_text=True)
    rows.add("Channel", role="primary_fan", input=2, running_amps=0.03, **motor)

    text = owner.get("/admin/sensors/").get_data(as_text=True)

    assert ("trop près" in fine, "trop près" in text) == (False, True)


def test_a_stranger_does_not_see_them(client: FlaskClient) -> None:
    assert client.get("/admin/sensors/").status_code == 302


CLAMP = {"turns": "5", "volts": "230", "power_factor": "0,75", "gate_amps": ""}


def test_a_probe_that_is_named_here_is_read_by_the_loop_and_noted(
    owner: FlaskClient, settings: Settings, database: Database
) -> None:
    post(owner, "/admin/sensors/probes/water", "/admin/sensors/", address="28-00000000000B", offset="-0,5")
    post(owner, "/admin/sensors/probes/flue", "/admin/sensors/", address="28-00000000000b", offset="")

    fitted = fittings(database.connection, Options()).probes
    assert [tuple(probe) for probe in fitted] == [("28-00000000000b", "flue", 0.0)]
    assert stored(settings, 'SELECT key, value, by FROM "Setting"') == [
        ("sensor_water", "28-00000000000b, -0.50 °C", "Ana"),
        ("sensor_flue", "28-00000000000b, +0.00 °C", "Ana"),
    ]


def test_a_probe_s_name_is_taken_away_again(owner: FlaskClient, rows: Rows, settings: Settings) -> None:
    rows.add("Probe", address="28-00000000000a", role="water", offset=0, since_ts=NOW)

    post(owner, "/admin/sensors/probes/water", "/admin/sensors/", address="", offset="")

    assert stored(settings, "SELECT * FROM Probe") == []


def test_a_clamp_that_is_moved_forgets_what_was_learned_of_it(
    owner: FlaskClient, rows: Rows, database: Database
) -> None:
    learned = {"idle_amps": 0.01, "running_amps": 0.5, "learned_ts": NOW - 99}
    rows.add("Channel", role="auger", input=3, turns=5, volts=230, power_factor=0.7, **learned)
    rows.add("Channel", role="igniter", input=None, turns=1, volts=230, power_factor=1)

    post(owner, "/admin/sensors/clamps/auger", "/admin/sensors/", input="3", **CLAMP)
    same = store.channels(database.connection)[0]
    post(owner, "/admin/sensors/clamps/auger", "/admin/sensors/", input="1", **CLAMP)
    moved = {clamp.role: clamp for clamp in fittings(database.connection, Options()).channels}["auger"]

    assert (same.power_factor, same.idle_amps, same.running_amps) == (0.75, 0.01, 0.5)
    assert (moved.input, moved.turns, moved.idle_amps, moved.running_amps) == (1, 5, None, None)


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("probes/water", {"address": "10-00000000000a", "offset": "0"}, "28-0123456789ab"),
        ("probes/water", {"address": "28-00000000000a", "offset": "11"}, "-10 à 10"),
        ("clamps/auger", {"input": "4", **CLAMP}, "A0 à A3"),
        ("clamps/auger", {"input": "2", **CLAMP}, "Un autre moteur"),
        ("clamps/auger", {"input": "3", **CLAMP, "turns": "1.5"}, "nombre entier"),
        ("clamps/auger", {"input": "3", **CLAMP, "volts": "nan"}, "90 à 260"),
        ("clamps/auger", {"input": "3", **CLAMP, "volts": ""}, "nombre entier"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(
    owner: FlaskClient, settings: Settings, path: str, fields: dict[str, str], words: str
) -> None:
    text = post(owner, f"/admin/sensors/{path}", "/admin/sensors/", **fields)

    assert words in text
    assert stored(settings, "SELECT * FROM Probe") + stored(settings, "SELECT * FROM Channel") == []


@pytest.mark.parametrize("path", ["probes/auger", "probes/kettle", "clamps/water"])
def test_a_role_that_is_none_is_not_found(owner: FlaskClient, path: str) -> None:
    assert "Introuvable" in post(owner, f"/admin/sensors/{path}", "/admin/sensors/")


FOUND = {"water": "28-00000000000b", "flue": "28-00000000000c"}


def found(rows: Rows, now: int = NOW, **more: str) -> str:
    """What the loop said of the probes that it reads."""
    words = json.dumps(FOUND | more)
    rows.add("Setting", key=PROBES_FOUND, since_ts=now, value=words, by="")
    return words


def test_probes_that_are_confirmed_keep_their_roles_whatever_comes_later(
    owner: FlaskClient, rows: Rows, settings: Settings, database: Database
) -> None:
    rows.reading(water=67.6, flue=176.0)
    words = found(rows)
    before = owner.get("/admin/first/").get_data(as_text=True)

    post(owner, "/admin/first/probes_seen", "/admin/first/", found=words)

    named = fittings(database.connection, Options()).probes
    ids = ["28-00000000000a", *FOUND.values()]
    assert before.count("pas encore de nom") == 2
    assert roles_of(named, ids) == FOUND | {"box": "28-00000000000a"}
    assert "pas encore de nom" not in owner.get("/admin/first/").get_data(as_text=True)
    assert stored(settings, "SELECT key, value, by FROM Setting WHERE key LIKE 'sensor%' ORDER BY key") == [
        ("sensor_flue", "28-00000000000c, +0.00 °C", "Ana"),
        ("sensor_water", "28-00000000000b, +0.00 °C", "Ana"),
    ]


def test_a_probe_without_a_name_leaves_the_step_to_do(owner: FlaskClient, rows: Rows) -> None:
    rows.reading(water=67.6, flue=176.0)
    words = found(rows)
    post(owner, "/admin/first/probes_seen", "/admin/first/", found=words)
    named = owner.get("/").get_data(as_text=True)

    found(rows, NOW + 60, box="28-00000000000a")

    assert "Sondes (pas encore de nom)" not in named
    assert "Sondes (pas encore de nom)" in owner.get("/").get_data(as_text=True)
    assert "28-00000000000a" in owner.get("/admin/sensors/").get_data(as_text=True)
    assert "Sondes trouvées" in owner.get("/admin/history").get_data(as_text=True)
    assert "Boîtier 28-00000000000a" in owner.get("/admin/history").get_data(as_text=True)


def test_other_probes_than_were_shown_are_not_confirmed(owner: FlaskClient, rows: Rows, settings: Settings) -> None:
    words = found(rows)
    found(rows, NOW + 1, water="28-00000000000a")

    text = post(owner, "/admin/first/probes_seen", "/admin/first/", found=words)

    assert "regardez à nouveau" in text
    assert stored(settings, "SELECT * FROM Probe") == []


def test_a_name_given_since_the_loop_looked_is_not_taken_away(
    owner: FlaskClient, rows: Rows, settings: Settings
) -> None:
    words = found(rows)
    rows.add("Probe", address="28-00000000000c", role="water", offset=0.5, since_ts=NOW)

    post(owner, "/admin/first/probes_seen", "/admin/first/", found=words)

    assert stored(settings, "SELECT role, address, offset FROM Probe") == [("water", "28-00000000000c", 0.5)]
