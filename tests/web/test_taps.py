"""One tap: acknowledge by a message's link or the kiosk's button, stop the messages a while."""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config.settings import Settings
from flask_app import links
from flask_app.boiler.timetable import Reason
from flask_app.web import taps
from tests.web.conftest import NOW, Clock, Rows

STRANGER = {"REMOTE_ADDR": "1.2.3.4"}


def taken(settings: Settings) -> list[tuple[int, str | None]]:
    connection = sqlite3.connect(settings.database)
    found = connection.execute("SELECT id, acknowledged_by FROM Alert ORDER BY id").fetchall()
    connection.close()
    return found


def stops(settings: Settings) -> list[str]:
    connection = sqlite3.connect(settings.database)
    found = [value for (value,) in connection.execute("SELECT value FROM Setting WHERE key = 'stop' ORDER BY id")]
    connection.close()
    return found


def link(settings: Settings, alert_id: int = 1, delivery_id: int = 1) -> str:
    return links.acknowledge_url(settings, alert_id, delivery_id).removeprefix(settings.url)


@pytest.fixture
def told(rows: Rows) -> Rows:
    """An open alert that Ana was told of."""
    rows.well()
    rows.alert()
    rows.add("Recipient", channel="mail", address="ana@example.org", name="Ana")
    due = {"due_ts": NOW - 100, "expires_ts": NOW + 100, "reason": "opened", "alert_id": 1}
    rows.add("Delivery", id=1, channel="mail", address="ana@example.org", **due)
    return rows


def test_looking_at_a_link_changes_nothing_and_its_button_acknowledges_in_the_reader_s_name(
    client: FlaskClient, told: Rows, settings: Settings
) -> None:
    shown = client.get(link(settings)).get_data(as_text=True)
    assert "Eau sous la consigne" in shown
    assert taken(settings) == [(1, None)]

    done = client.post(link(settings)).get_data(as_text=True)

    assert taken(settings) == [(1, "Ana")]
    assert "Ana s’en occupe" in done


def test_the_first_who_acknowledges_holds(client: FlaskClient, told: Rows, settings: Settings) -> None:
    client.post(link(settings))
    client.post(link(settings, delivery_id=99))

    assert taken(settings) == [(1, "Ana")]


def test_a_link_works_from_anywhere_until_the_alert_is_over(
    client: FlaskClient, rows: Rows, settings: Settings
) -> None:
    rows.alert(closed=NOW - 60)

    answer = client.post(link(settings), environ_base=STRANGER)

    assert answer.status_code == 200
    assert "terminée" in answer.get_data(as_text=True)
    assert taken(settings) == [(1, None)]


def test_a_link_follows_its_story_into_the_alert_that_goes_on_with_it(
    client: FlaskClient, told: Rows, settings: Settings
) -> None:
    told.run("UPDATE Alert SET closed_ts = ? WHERE id = ?", [(NOW - 600, 1)])
    told.alert(2, opened=NOW - 600)

    client.post(link(settings))

    assert taken(settings) == [(1, None), (2, "Ana")]


def test_a_link_of_another_key_or_altered_is_not_found(client: FlaskClient, told: Rows, settings: Settings) -> None:
    forged = links.acknowledge_url(settings._replace(secret_key="x" * 20), 1, 1).removeprefix(settings.url)

    assert [client.post(path).status_code for path in (forged, link(settings)[:-1], "/a/1-1", "/a/x")] == [404] * 4
    assert taken(settings) == [(1, None)]


def buttons(client: FlaskClient, path: str = "/", **environ: str) -> dict[str, str]:
    """The token of each one-tap button of a page, by its words."""
    page = client.get(path, environ_base=environ).get_data(as_text=True)
    found = re.findall(r'name="token" value="([^"]+)">.*?<button[^>]*>([^<]+)</button>', page, re.DOTALL)
    return {words: token for token, words in found}


def test_the_page_s_button_acknowledges_and_goes_away(client: FlaskClient, told: Rows, settings: Settings) -> None:
    token = buttons(client)["J’ai vu"]

    answer = client.post("/tap", data={"token": token}, headers={"Referer": "http://localhost/kiosk"})

    assert answer.location == "/kiosk"
    assert taken(settings) == [(1, "somebody at home")]
    assert "J’ai vu" not in buttons(client)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("somebody at home", ("quelqu’un de la maison s’en occupe", "somebody at home looks after it")),
        ("somebody", ("quelqu’un s’en occupe", "somebody looks after it")),
        ("the screen at home", ("quelqu’un de la maison s’en occupe", "somebody at home looks after it")),
        ("l’écran de la maison", ("quelqu’un de la maison s’en occupe", "somebody at home looks after it")),
        ("Ana", ("Ana s’en occupe", "Ana looks after it")),
    ],
)
def test_who_had_no_name_is_told_in_the_reader_s_language_however_it_was_written(
    client: FlaskClient, told: Rows, written: str, shown: tuple[str, str]
) -> None:
    told.run("UPDATE Alert SET acknowledged_ts = ?, acknowledged_by = ?", [(NOW, written)])

    pages = [client.get(f"/alerts/1?lang={language}").get_data(as_text=True) for language in ("fr", "en")]

    assert [words in page for words, page in zip(shown, pages, strict=True)] == [True, True]


def test_a_stranger_gets_no_button_and_a_copied_one_does_nothing(
    client: FlaskClient, told: Rows, settings: Settings
) -> None:
    token = buttons(client)["J’ai vu"]

    client.post("/tap", data={"token": token}, environ_base=STRANGER)

    assert buttons(client, **STRANGER) == {}
    assert taken(settings) == [(1, None)]


def test_a_button_sends_nobody_to_another_site(client: FlaskClient, told: Rows) -> None:
    token = buttons(client)["J’ai vu"]

    assert client.post("/tap", data={"token": token}, headers={"Referer": "https://bad.example/x"}).location == "/"


def test_a_button_that_was_altered_does_nothing(client: FlaskClient, told: Rows, settings: Settings) -> None:
    client.post("/tap", data={"token": "acknowledge-1.aaaa.bbbb"})

    assert taken(settings) == [(1, None)]


def test_a_stop_is_one_tap_with_an_end_and_is_ended_by_one(client: FlaskClient, told: Rows, settings: Settings) -> None:
    client.post("/tap", data={"token": buttons(client)["Ramonage ou entretien : 4 heures"]})
    page = client.get("/").get_data(as_text=True)
    client.post("/tap", data={"token": buttons(client)["La chaudière repart"]})

    assert "Arrêt volontaire : aucun message de la chaudière (fin : 05:53)" in page
    assert stops(settings) == [f"{NOW + 4 * 3600} sweep", "0"]
    assert "Absence : 7 jours" in buttons(client)


def test_a_summer_ends_on_the_first_of_october(app: Flask, settings: Settings, rows: Rows) -> None:
    paris = ZoneInfo("Europe/Paris")
    with app.test_request_context():
        for month, year in ((5, 2027), (11, 2028)):
            now = int(datetime(2027, month, 3, 12, 0, tzinfo=paris).timestamp())
            end = datetime.fromtimestamp(taps.stop_end(Reason.SUMMER, now), paris)
            assert (end.year, end.month, end.day, end.hour) == (year, 10, 1, 0)


def test_the_button_of_an_old_page_does_nothing(
    client: FlaskClient, clock: Clock, told: Rows, settings: Settings
) -> None:
    old = buttons(client)["J’ai vu"]
    clock.now += 3600 + 601

    page = client.post("/tap", data={"token": old}, follow_redirects=True).get_data(as_text=True)

    assert "trop ancien" in page
    assert taken(settings) == [(1, None)]


def test_the_kiosk_has_the_same_buttons(client: FlaskClient, told: Rows) -> None:
    assert {"J’ai vu", "Absence : 7 jours"} <= set(buttons(client, "/kiosk"))
