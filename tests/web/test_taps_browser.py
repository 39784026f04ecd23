"""The one-tap buttons in a real browser: they survive the page's own refreshing and stay inside a phone's screen."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from config.settings import Settings
from flask_app import links
from tests.web.conftest import NOW, Clock, Rows, Visit


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


def stand(page: Any) -> None:
    """The page again, with a clock that the test moves, by day."""
    page.clock.install(time="2026-11-30T12:00:00Z")
    page.goto(page.url)


def test_a_screen_left_open_follows_a_stop_and_its_buttons_still_work_days_later(
    visit: Visit, rows: Rows, clock: Clock
) -> None:
    rows.well()
    page = visit("/kiosk", size=(800, 480))
    stand(page)

    rows.add("Setting", key="stop", since_ts=NOW - 1, value=f"{NOW + 9000} sweep", by="a phone")
    page.clock.run_for(6000)
    expect(page.locator("#stopped")).to_contain_text("Arrêt volontaire")
    clock.now += 2 * 86400
    page.clock.run_for(6000)
    expect(page.locator("#stopped")).to_be_empty()
    page.locator("#stop-menu").click()
    page.locator("#stop-absence").click()

    expect(page.locator(".flash")).to_contain_text("Aucun message")
    page.clock.run_for(61_000)
    expect(page.locator(".flash")).to_have_count(0)


def test_a_notice_goes_once_it_is_not_true_any_more(visit: Visit, rows: Rows) -> None:
    page = visit("/")
    stand(page)
    expect(page.locator("#notices")).to_contain_text("Personne ne sera prévenu")

    rows.well()
    page.clock.run_for(6000)

    expect(page.locator("#notices")).to_be_empty()


def test_the_focus_and_an_open_menu_outlive_a_refresh(visit: Visit, rows: Rows, clock: Clock) -> None:
    rows.well()
    rows.alert(opened=NOW - 9000, closed=NOW - 6600)
    page = visit("/")
    stand(page)
    page.locator("#stop-menu").click()
    token = page.locator("#stop [name=token]").first.input_value()
    page.locator("#last").focus()

    rows.reading(NOW - 1, water=66.1, flue=176.0)
    clock.now += links.TAP_STEP
    page.clock.run_for(9000)
    expect(page.locator("#stop [name=token]").first).not_to_have_value(token)

    assert page.evaluate("document.activeElement.id") == "last"
    assert page.locator("#stop-absence").is_visible()


def test_a_tap_that_a_refresh_falls_into_is_not_lost(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.alert()
    page = visit("/")
    stand(page)
    page.clock.run_for(4000)

    page.get_by_role("button", name="J’ai vu").hover()
    page.mouse.down()
    rows.reading(NOW - 1, water=66.1, flue=176.0)
    with page.expect_response("**/state"):
        page.clock.run_for(1600)
    page.evaluate("fetch('/state').then((answer) => answer.text())")  # by then the answer before has been read
    page.mouse.up()

    page.get_by_text("Merci").wait_for()


def test_a_mail_s_link_is_one_page_with_one_button(visit: Visit, rows: Rows, settings: Settings) -> None:

    rows.alert()
    path = links.acknowledge_url(settings, 1, 1).removeprefix(settings.url)

    page = visit(path, size=(390, 844))
    assert page.get_by_role("button").count() == 1
    page.get_by_role("button").click()
    page.get_by_text("s’en occupe").first.wait_for()
