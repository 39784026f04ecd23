"""The first screen."""

from __future__ import annotations

import gzip
import html
import re

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import MINUTE_NOW, NOW, Clock, Rows


def page(client: FlaskClient, address: str = "/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_burning_boiler_is_well(client: FlaskClient, rows: Rows) -> None:
    rows.well()

    text = page(client)

    assert "Tout va bien" in text
    assert "Combustion" in text
    assert "depuis 00:53" in text
    assert ">67,6<" in text
    assert "consigne 56 °C" in text
    assert "Aucune alerte" in text


def test_silence_is_never_called_well(client: FlaskClient, rows: Rows, clock: Clock) -> None:
    rows.well()
    clock.now = NOW + 14 * 60

    text = page(client)

    assert "Plus de mesures depuis 14 min" in text
    assert "Tout va bien" not in text


def test_no_row_at_all_says_so_without_inventing_tiles(client: FlaskClient) -> None:
    text = page(client)

    assert "Pas encore de mesure" in text
    assert "°C" not in text


def test_an_out_boiler_with_warm_water_waits(client: FlaskClient, rows: Rows) -> None:
    rows.minutes(MINUTE_NOW - 3600, MINUTE_NOW, water=64.0, phase=9)
    rows.reading(water=64.0)

    text = page(client)

    assert "En attente" in text
    assert "Fumées" not in text


def test_an_open_alert_says_what_to_do(client: FlaskClient, rows: Rows) -> None:
    rows.well()
    rows.alert()

    text = page(client)

    assert "✖" in text
    assert "Eau sous la consigne" in text
    assert "Allez voir la chaudière" in text


@pytest.mark.parametrize(
    ("phase", "cold", "advice"),
    [(10, False, "Remplissez le silo"), (9, False, "Vérifiez le silo"), (7, True, "Vérifiez le silo")],
)
def test_a_refill_is_advised_while_it_saves_the_fire(
    client: FlaskClient, rows: Rows, phase: int, cold: bool, advice: str
) -> None:
    rows.minutes(MINUTE_NOW - 600, MINUTE_NOW, water=50.0, phase=phase)
    rows.reading(water=50.0)
    rows.alert(kind="fire_dying")
    if cold:
        rows.alert(2)

    text = page(client)

    assert "Le feu s’éteint" in text
    assert advice in text


def test_the_last_alert_tells_how_it_ended(client: FlaskClient, rows: Rows) -> None:
    rows.well()
    rows.alert(opened=NOW - 9000, closed=NOW - 6600)

    text = page(client)

    assert "hier 23:23 – finie après 40 min" in text.replace("\n", " ")


def test_the_page_is_read_in_english_once_chosen(client: FlaskClient, rows: Rows) -> None:
    rows.well()

    first = page(client, "/?lang=en")
    second = page(client)

    assert "All is well" in first
    assert "All is well" in second
    assert "67.6" in second


def test_the_browser_chooses_the_language_at_first(client: FlaskClient, rows: Rows) -> None:
    rows.well()

    answer = client.get("/", headers={"Accept-Language": "en-GB,en;q=0.9"})

    assert "All is well" in answer.get_data(as_text=True)


def test_the_living_part_is_sent_again_only_when_it_changed(client: FlaskClient, rows: Rows, clock: Clock) -> None:
    rows.well()
    first = client.get("/state")
    clock.now = NOW + 5
    rows.reading(NOW + 4, water=67.6, flue=176.0, box=31.0)

    second = client.get("/state", headers={"If-None-Match": first.headers["ETag"]})

    assert (first.headers["Reading-Age"], second.headers["Reading-Age"]) == ("3", "1")
    assert second.status_code == 304
    assert second.headers["Boot"] == first.headers["Boot"]


def test_water_just_below_the_setpoint_is_not_rounded_up_to_it(client: FlaskClient, rows: Rows) -> None:
    rows.well()
    rows.reading(NOW - 1, water=55.96, flue=176.0)
    rows.alert()
    rows.run("UPDATE Alert SET evidence = ?", [('{"water": 55.96, "setpoint": 56}',)])

    assert 'id="water">55,9<' in page(client)
    assert {"<b>55,9 °C</b>", "<b>56,0 °C</b>"} <= set(re.findall("<b>[^<]*</b>", page(client, "/alerts/1")))


def test_the_living_part_changes_with_the_water(client: FlaskClient, rows: Rows) -> None:
    rows.well()
    first = client.get("/state")
    rows.reading(NOW - 1, water=67.5, flue=176.0)

    second = client.get("/state", headers={"If-None-Match": first.headers["ETag"]})

    assert ">67,5<" in second.get_data(as_text=True)


def cooling(rows: Rows, phase: int) -> None:
    """An hour in which the water falls from 64 to 62 °C."""
    for minute in range(60):
        rows.minutes(
            MINUTE_NOW - 3600 + 60 * minute, MINUTE_NOW - 3540 + 60 * minute, water=64 - minute / 30, phase=phase
        )
    rows.reading(water=62.0)


def test_an_out_boiler_says_when_its_water_will_be_cold(client: FlaskClient, rows: Rows) -> None:
    cooling(rows, phase=9)

    text = page(client)

    assert "Sous la consigne vers 05:" in text


def test_a_burning_boiler_foretells_no_cold(client: FlaskClient, rows: Rows) -> None:
    cooling(rows, phase=6)

    assert "Sous la consigne vers" not in page(client)


def test_the_fourth_probe_is_called_what_it_measures(client: FlaskClient, rows: Rows) -> None:
    rows.well()
    rows.reading(NOW - 1, water=67.6, spare=8.5)
    home = page(client)
    rows.add("Setting", key="spare", since_ts=NOW - 60, value="outdoor", by="test")

    outside = page(client)

    assert "Maison" in home
    assert "Dehors" in outside
    assert "Dehors" in page(client, "/charts/")


@pytest.mark.parametrize("address", ["/", "/charts/", "/alerts/", "/admin/login", "/nowhere"])
def test_nobody_to_tell_is_said_on_every_page(client: FlaskClient, address: str) -> None:
    text = client.get(address, follow_redirects=True).get_data(as_text=True)

    assert "Personne ne sera prévenu" in text


def test_a_simulated_boiler_is_said_to_be_one(client: FlaskClient, rows: Rows) -> None:
    rows.well()
    rows.simulated()

    text = page(client)

    assert "SIMULATION" in text


def test_the_first_screen_is_light(client: FlaskClient, rows: Rows) -> None:
    rows.well()

    assert sum(weights(client, "/").values()) <= 15_000


def test_the_history_is_light(client: FlaskClient, rows: Rows) -> None:
    rows.well()

    assert sum(weights(client, "/charts/").values()) <= 45_000


def weights(client: FlaskClient, address: str) -> dict[str, int]:
    """Compressed bytes of a page and of all that it loads, what its scripts import included."""
    waiting, found = [address], dict[str, int]()
    while waiting:
        part = waiting.pop()
        with client.get(part) as answer:
            assert answer.status_code == 200
            content = answer.data
        found[part] = len(gzip.compress(content))
        text = content.decode()
        loaded = re.findall(r'(?:src|href)="(/(?:static|assets)/[^"]+)"', text) if part == address else []
        loaded += [f"{part.rsplit('/', 1)[0]}/{name}" for name in re.findall(r'from "\./([^"]+)"', text)]
        waiting += [one for one in map(html.unescape, loaded) if one not in found]
    return found


def test_every_answer_carries_the_strict_headers(client: FlaskClient) -> None:
    for address in ("/", "/nowhere", "/healthz", "/api/v1/live", "/admin/"):
        headers = client.get(address).headers

        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
