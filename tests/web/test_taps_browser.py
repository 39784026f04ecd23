"""The one-tap buttons in a real browser: they survive the page's own refreshing and stay inside a phone's screen."""

from __future__ import annotations

from config.settings import Settings
from flask_app import links
from tests.web.conftest import NOW, Rows, Visit


def test_a_phone_acknowledges_and_stops_with_one_tap_each(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.alert()
    rows.alert(2, "jam", NOW - 600)

    page = visit("/", size=(390, 844))
    page.get_by_role("button", name="J’ai vu").first.click()
    page.get_by_text("Merci").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.get_by_role("button", name="J’ai vu").count() == 1

    page.get_by_text("Arrêt volontaire").first.click()
    page.get_by_role("button", name="Absence : 7 jours").click()
    page.get_by_text("Arrêt volontaire : aucun message").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_mail_s_link_is_one_page_with_one_button(visit: Visit, rows: Rows, settings: Settings) -> None:

    rows.alert()
    path = links.acknowledge_url(settings, 1, 1).removeprefix(settings.url)

    page = visit(path, size=(390, 844))
    assert page.get_by_role("button").count() == 1
    page.get_by_role("button").click()
    page.get_by_text("s’en occupe").first.wait_for()
