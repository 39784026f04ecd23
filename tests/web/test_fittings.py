"""The page of probes and clamps: what was named and learned, and what is only the default."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.web.conftest import NOW, Rows
from tests.web.test_admin import owner

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
