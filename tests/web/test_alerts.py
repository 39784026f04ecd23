"""The alerts' pages, and the files a browser loads."""

from __future__ import annotations

import json
from pathlib import Path

from flask.testing import FlaskClient

from config.settings import Settings
from flask_app.web import assets
from tests.web.conftest import NOW, Rows


def test_an_alert_tells_its_life_its_values_and_its_messages(client: FlaskClient, rows: Rows) -> None:
    rows.alert(opened=NOW - 9000, closed=NOW - 6600)
    due = {"due_ts": NOW - 8990, "expires_ts": NOW, "reason": "opened", "alert_id": 1}
    rows.add("Delivery", id=1, channel="mail", address="you@example.org", sent_ts=NOW - 8980, **due)
    rows.add("Delivery", id=2, channel="sms", address="+33639980001", **due)
    rows.add("Attempt", delivery_id=2, ts=NOW - 8985, outcome="unconfigured", words="no key <b>")

    for address in ("/alerts/", "/alerts/1"):
        text = client.get(address).get_data(as_text=True)

        assert "Eau sous la consigne" in text
        assert "Courriel à you@example.org – envoyé hier 23:23" in text
        assert "no key &lt;b&gt;" in text
    assert "55,9 °C" in text


def test_what_did_not_leave_is_said_where_it_is_told_and_a_failed_test_is_not(client: FlaskClient, rows: Rows) -> None:
    rows.well()
    due = {"channel": "mail", "address": "a@example.org", "due_ts": NOW - 90, "expires_ts": NOW, "failed_ts": NOW}
    rows.add("Delivery", reason="test", **due)
    after_test = client.get("/").get_data(as_text=True)
    rows.alert(closed=NOW - 60)
    rows.add("Delivery", reason="opened", alert_id=1, **due)

    after_alert = client.get("/").get_data(as_text=True)

    assert 'class="notice"' not in after_test
    assert 'href="/alerts/">Alertes</a></p>' in after_alert


def test_the_caught_messages_of_a_simulation_are_read_in_full(
    client: FlaskClient, rows: Rows, settings: Settings
) -> None:
    rows.simulated()
    folder = Path(settings.messages)
    folder.mkdir(exist_ok=True)
    message = {"delivery_id": 1, "ts": NOW, "channel": "mail", "address": "you@example.org", "subject": "S"}
    (folder / "1.json").write_text(json.dumps({**message, "text": "First line\nlast line"}))
    (folder / "2.json").write_text("{half a mess")

    text = client.get("/alerts/").get_data(as_text=True)

    assert "First line\nlast line" in text


def test_an_alert_that_is_not_there_is_not_found(client: FlaskClient) -> None:
    assert client.get("/alerts/99999999999999999999").status_code == 404


def test_an_altered_chart_library_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "uplot.iife.min.js").write_text("altered()")

    assert assets.verified(str(tmp_path), "uplot.js") is None
    assert assets.verified(None, "uplot.js") is None
    assert assets.verified(assets.wheel_folder(), "uplot.js") is not None


def test_a_refusal_is_told_in_the_visitor_s_language(client: FlaskClient) -> None:
    answer = client.get("/alerts/?before=soon")

    assert answer.status_code == 400
    assert "que cette page n’accepte pas" in answer.get_data(as_text=True)
    assert "browser" not in answer.get_data(as_text=True)
