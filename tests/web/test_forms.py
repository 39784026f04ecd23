"""A form that is refused is shown again as it was typed, passwords left out, and what is said of it is in sight."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from config.settings import Settings
from flask_app.web import account
from tests.web.conftest import Rows, Visit
from tests.web.test_admin import PASSWORD, owner, token

__all__ = ["owner"]

SECRET = "never to be shown"
MAIL = {"MAIL_SERVER": "smtp.free.fr", "MAIL_PORT": "99999", "MAIL_USERNAME": "ana", "MAIL_SECURITY": "ssl"}
PERSON = {"channel": "sms", "address": "+33639980001", "name": "Papa", "position": "3", "language": "en"}
CLAMP = {"input": "1", "turns": "7", "volts": "999", "power_factor": "0,6", "gate_amps": "0,2"}
REFUSED: list[tuple[str, str, dict[str, str]]] = [
    ("/admin/options/setpoint", "/admin/", {"value": "500"}),
    ("/admin/connections/mail", "/admin/", MAIL),
    ("/admin/first/setpoint", "/admin/first/", {"value": "500"}),
    ("/admin/told/people", "/admin/told/", {**PERSON, "kinds": "jam", "quiet": "22h-7h"}),
    ("/admin/told/people", "/admin/first/", {"back": "first", "channel": "sms", "address": "0639980001"}),
    ("/admin/told/notes", "/admin/told/", {"installer": "x" * 201, "low_water": "clé du silo"}),
    ("/admin/sensors/probes/flue", "/admin/sensors/", {"address": "28-12", "offset": "0,25"}),
    ("/admin/sensors/clamps/auger", "/admin/sensors/", CLAMP),
    ("/admin/people/users", "/admin/people", {"name": "Luc", "role": "admin"}),
    ("/admin/people/tokens", "/admin/people", {"name": "y" * 41}),
    ("/notes/", "/charts/", {"kind": "cleaning", "words": "cendres vidées", "at": "2027-01-01T10:00"}),
]


def send(client: FlaskClient, path: str, page: str, fields: dict[str, str]) -> tuple[int, str]:
    secrets = {"MAIL_PASSWORD": SECRET} if "MAIL_PORT" in fields else {"password": "court"} if "users" in path else {}
    answer = client.post(path, data={**fields, **secrets, "csrf_token": token(client, page)})
    return answer.status_code, unescape(answer.get_data(as_text=True))


def form(text: str, path: str) -> str:
    """The form of a page that is sent to `path`."""
    found: str = re.split(rf'action="{re.escape(path)}[?#"]', text)[1]
    return found.split("</form>", maxsplit=1)[0]


def held(text: str, value: str) -> bool:
    """Whether a field of a form stands at `value`."""
    return bool(re.search(rf'value="{re.escape(value)}"(?: inputmode="\w+"| selected| checked| required)?>', text))


@pytest.mark.parametrize(("path", "page", "fields"), REFUSED)
def test_a_refused_form_keeps_what_was_typed(
    owner: FlaskClient, rows: Rows, path: str, page: str, fields: dict[str, str]
) -> None:
    rows.well()

    status, text = send(owner, path, page, fields)

    sent = form(text, path)
    assert status == 400
    assert 'class="flash bad"' in text
    assert [name for name, value in fields.items() if not held(sent, value)] == []
    assert SECRET not in text
    assert "court" not in sent


def test_only_the_form_that_was_sent_keeps_it(owner: FlaskClient, rows: Rows) -> None:
    rows.add("Recipient", channel="mail", address="you@example.org", name="Ana")

    _status, text = send(owner, "/admin/told/people/1", "/admin/told/", {"name": "Bo", "quiet": "late"})

    assert held(form(text, "/admin/told/people/1"), "late")
    assert not held(form(text, "/admin/told/people"), "late")


def test_a_note_of_the_future_is_told_as_such(owner: FlaskClient, rows: Rows) -> None:
    rows.well()

    _status, text = send(owner, *REFUSED[-1])

    assert "celui-ci est encore à venir" in text


def test_the_first_visit_and_the_login_keep_the_name(client: FlaskClient, settings: Settings) -> None:
    first = {"code": "1111-2222-3333", "name": "Ana", "password": SECRET}

    status, text = send(client, "/admin/owner", "/admin/owner", first)
    code = {"code": account.owner_code(settings), "name": "Ana", "password": PASSWORD}
    send(client, "/admin/owner", "/admin/owner", code)
    again = client.post("/admin/login", data={**first, "csrf_token": token(client, "/admin/account")})

    assert status == 400
    for page in (text, again.get_data(as_text=True)):
        assert 'value="Ana"' in page
        assert SECRET not in page


SEEN = """(selector) => {
    const { top, bottom, left, width } = document.querySelector(selector).getBoundingClientRect();
    const above = document.elementFromPoint(left + width / 2, top + 4);
    return top >= 0 && bottom <= innerHeight && above.closest(selector) !== null;
}"""
"""Whether an element is on the screen whole, and its upper edge is not behind another."""


def enter(page: Any, settings: Settings) -> str:
    """Becomes the owner; returns where the pages are served."""
    page.fill('[name="code"]', account.owner_code(settings))
    page.fill('[name="name"]', "Ana")
    page.fill('[name="password"]', PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/admin/first/")
    return "/".join(page.url.split("/")[:3])


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_what_is_said_of_a_form_is_in_sight_with_it(
    visit: Visit, rows: Rows, settings: Settings, size: tuple[int, int]
) -> None:
    rows.well()
    page = visit("/admin/owner", size=size, tolerated="400")
    address = enter(page, settings)

    for path, part, field, value, kind in (
        ("/admin/", "#option-daily_sms", "value", "-4", "bad"),
        ("/admin/", "#option-daily_sms", "value", "8", "good"),
        ("/admin/sensors/", "#sensor-auger form", "volts", "999", "bad"),
        ("/admin/sensors/", "#sensor-auger form", "volts", "235", "good"),
    ):
        page.goto(address + path)
        if "sensor" in part:
            page.click("#sensor-auger summary")
        page.fill(f'{part} [name="{field}"]', value)
        page.locator(part).locator("button").click()
        page.wait_for_selector(f".flash.{kind}")

        assert page.evaluate(SEEN, ".flash"), (part, kind)
        assert page.evaluate(SEEN, part.split()[0] + " label" * (kind == "bad")), (part, kind)


def test_a_refused_note_stays_on_the_page_that_it_was_typed_on(visit: Visit, rows: Rows, settings: Settings) -> None:
    rows.well()
    page = visit("/admin/owner", size=(390, 844), tolerated="400")
    address = enter(page, settings)
    page.goto(address + "/charts/now/6")
    page.wait_for_selector("#statistics:not([hidden])")
    page.click("#note summary")
    expect(page.locator('#note [name="back"]')).to_have_value("/charts/now/6")
    page.fill('#note [name="at"]', "2027-01-01T10:00")
    page.fill('#note [name="words"]', "joint de porte changé")
    page.click("#note button.main")
    page.wait_for_selector(".flash.bad")
    page.wait_for_selector("#statistics:not([hidden])")

    expect(page.locator('#note [name="at"]')).to_have_value("2027-01-01T10:00")
    expect(page.locator('#note [name="words"]')).to_have_value("joint de porte changé")
    expect(page.locator('#note [name="words"]')).to_be_in_viewport()
    assert page.evaluate(SEEN, ".flash")
    assert page.url.startswith(f"{address}/charts/?from=")
    page.fill('#note [name="at"]', "2026-11-30T01:00")
    page.click("#note button.main")
    page.wait_for_selector(".flash.good")
    assert page.url.startswith(f"{address}/charts/now/6")


def test_a_tab_of_the_kiosk_leaves_a_form_in_peace(visit: Visit, rows: Rows, settings: Settings) -> None:
    rows.well()
    page = visit("/admin/owner")
    address = enter(page, settings)
    page.goto(address + "/kiosk")
    page.clock.install()
    page.goto(address + "/admin/told/")
    page.fill('#somebody [name="address"]', "papa@example.org")

    page.clock.run_for(600_000)
    typed = page.input_value('#somebody [name="address"]')
    page.goto(address + "/alerts/")
    page.clock.run_for(61_000)
    page.wait_for_url("**/kiosk")

    assert typed == "papa@example.org"
