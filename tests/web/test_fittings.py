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


def test_a_stranger_does_not_see_them(client: FlaskClient) -> None:
    assert client.get("/admin/sensors/").status_code == 302
