"""Who is told: people with their turn, language, kinds and quiet hours, tests, notes, and messages sent again."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from tests.servers import Gateway, Mailbox
from tests.web.conftest import NOW, Clock, Rows
from tests.web.test_admin import owner, post, stored

__all__ = ["owner"]

PEOPLE = "/admin/told/people"


def people(settings: Settings) -> list[tuple[object, ...]]:
    return stored(
        settings, "SELECT channel, address, name, position, language, kinds, quiet FROM Recipient ORDER BY id"
    )


def test_a_person_has_a_turn_a_language_kinds_and_quiet_hours(owner: FlaskClient, settings: Settings) -> None:
    fields = {"name": "Bo", "position": "2", "language": "en", "kinds": "jam", "quiet": "22:00-07:00"}

    post(owner, PEOPLE, "/admin/told/", channel="sms", address="+33 6 39 98 00 01", **fields)

    assert people(settings) == [("sms", "+33639980001", "Bo", 2, "en", "jam", "22:00-07:00")]
    page = post(owner, f"{PEOPLE}/1", "/admin/told/", **{**fields, "position": "1", "quiet": ""})
    assert people(settings) == [("sms", "+33639980001", "Bo", 1, "en", "jam", "")]
    assert "Bo" in page
    post(owner, f"{PEOPLE}/1/remove", "/admin/told/")
    assert people(settings) == []


def test_any_service_is_named_by_its_url_and_its_secret_is_not_shown(owner: FlaskClient, settings: Settings) -> None:
    page = post(owner, PEOPLE, "/admin/told/", channel="apprise", address="ntfy://ntfy.example.org/very-secret-topic")

    assert people(settings)[0][:2] == ("apprise", "ntfy://ntfy.example.org/very-secret-topic")
    assert "very-secret-topic" not in page


@pytest.mark.parametrize(
    "fields",
    [
        {"channel": "apprise", "address": "nothing://known"},
        {"channel": "apprise", "address": "no address"},
        {"channel": "mail", "address": "a@example.org,b@example.org"},
        {"channel": "pigeon", "address": "a@example.org"},
        {"channel": "mail", "address": "a@example.org", "quiet": "late"},
        {"channel": "mail", "address": "a@example.org", "quiet": "25:00-26:00"},
        {"channel": "mail", "address": "a@example.org", "position": "0"},
        {"channel": "mail", "address": "a@example.org", "language": "de"},
    ],
)
def test_what_is_not_understood_is_refused(owner: FlaskClient, settings: Settings, fields: dict[str, str]) -> None:
    page = post(owner, PEOPLE, "/admin/told/", **fields)

    assert 'class="flash bad"' in page
    assert people(settings) == []


def test_a_test_shows_and_keeps_the_gateway_s_answer_and_proves_the_way(
    mailbox: Mailbox, gateway: Gateway, owner: FlaskClient, settings: Settings, clock: Clock
) -> None:
    gateway.left = "3.20"
    post(owner, PEOPLE, "/admin/told/", channel="sms", address="+33639980001", language="en")
    post(owner, PEOPLE, "/admin/told/", channel="mail", address="bo@example.org")

    said = post(owner, f"{PEOPLE}/1/test", "/admin/told/") + post(owner, f"{PEOPLE}/2/test", "/admin/told/")
    soon = post(owner, f"{PEOPLE}/1/test", "/admin/told/")

    assert "accepted, 1 part(s)" in said
    assert "accepted by 127.0.0.1" in said
    assert "attendez" in soon
    assert "Test message" in gateway.forms[0]["text"]
    assert [mail["To"] for mail in mailbox.mails] == ["bo@example.org"]
    assert stored(settings, "SELECT reason, channel, sent_ts FROM Delivery") == [
        ("test", "sms", NOW),
        ("test", "mail", NOW),
    ]
    assert "3,20" in soon


def test_a_refused_test_is_over_at_once(gateway: Gateway, owner: FlaskClient, settings: Settings) -> None:
    gateway.statuses = ["7"]
    post(owner, PEOPLE, "/admin/told/", channel="sms", address="+33639980001")

    page = post(owner, f"{PEOPLE}/1/test", "/admin/told/")

    assert "refusé définitivement – status 7" in page
    assert stored(settings, "SELECT failed_ts FROM Delivery") == [(NOW,)]


def test_the_house_has_words_of_its_own_and_an_installer(owner: FlaskClient, settings: Settings) -> None:
    fields = {"installer": "Dupont +33363998000", "low_water": "clé du silo : garage"}
    page = post(owner, "/admin/told/notes", "/admin/told/", **fields)
    post(owner, "/admin/told/notes", "/admin/told/", **fields)

    assert "clé du silo : garage" in page
    assert stored(settings, "SELECT key, value FROM Setting ORDER BY id") == [
        ("note.installer", "Dupont +33363998000"),
        ("note.low_water", "clé du silo : garage"),
    ]


def test_the_owner_acknowledges_and_sends_again_from_the_alert_s_page(
    owner: FlaskClient, rows: Rows, settings: Settings
) -> None:
    rows.alert()
    due = {"due_ts": NOW - 100, "expires_ts": NOW + 500, "reason": "opened", "alert_id": 1, "sent_ts": NOW - 99}
    rows.add("Delivery", id=1, channel="mail", address="ana@example.org", **due)

    post(owner, "/admin/told/deliveries/1/resend", "/alerts/1")
    page = post(owner, "/admin/told/alerts/1/acknowledge", "/alerts/1")

    assert "Ana s’en occupe" in page
    assert stored(settings, "SELECT reason, due_ts, expires_ts, sent_ts FROM Delivery WHERE id = 2") == [
        ("opened", NOW, NOW + 600, None)
    ]
    assert json.dumps(stored(settings, "SELECT acknowledged_by FROM Alert")) == '[["Ana"]]'


@pytest.mark.parametrize("path", ["people", "people/1/test", "notes", "alerts/1/acknowledge", "deliveries/1/resend"])
def test_nothing_here_is_done_without_a_login(client: FlaskClient, path: str) -> None:
    page = client.get("/admin/owner").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]

    answer = client.post(f"/admin/told/{path}", data={"csrf_token": token})

    assert answer.status_code == 302
    assert answer.location.startswith("/admin/login")
