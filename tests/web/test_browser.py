"""The pages in a real browser, from a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import expect

from config.settings import Settings
from flask_app.boiler.alerts import READING_LATE
from flask_app.web import account
from tests.web.conftest import MINUTE_NOW, NOW, Clock, Rows, Visit

PAGES = ("/", "/kiosk", "/charts/?with=day", "/charts/now/6", "/alerts/", "/alerts/1", "/nowhere")
SETTINGS = (
    "/admin/",
    "/admin/first/",
    "/admin/told/",
    "/admin/sensors/",
    "/admin/people",
    "/admin/account",
    "/admin/history",
    "/admin/logs/",
    "/admin/logs/jobs.log?q=minute",
    "/admin/boiler/?value=60",
    "/api/",
    "/system/",
)


SMALL = """() => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than the screen");
    for (const one of document.querySelectorAll("a, button, input, select, summary")) {
        const box = (one.type === "checkbox" ? one.closest("label") : one).getBoundingClientRect();
        const said = `${one.tagName} ${one.name || one.textContent.trim()}`;
        if (box.width && (box.width < 43.5 || box.height < 43.5)) found.push(`${said}: ${box.width} x ${box.height}`);
        if (one.tagName === "INPUT" && one.scrollWidth > one.clientWidth + 2) found.push(`${said}: its text is cut`);
    }
    return found;
}"""
"""What on a page is too small for a finger, or cut: 44 CSS pixels (WCAG 2.2, 2.5.5)."""

SMALLER = ("/charts/", "/alerts/1", "/api/", "/kiosk")
"""Pages with links inside sentences or flags on a chart, which may be smaller, and one for another screen."""


@pytest.mark.parametrize(("scheme", "size"), [("light", (1280, 900)), ("dark", (390, 844))])
def test_no_page_has_a_barrier(
    visit: Visit, rows: Rows, settings: Settings, scheme: str, size: tuple[int, int]
) -> None:
    rows.well()
    rows.simulated()
    rows.alert(opened=NOW - 9000, closed=NOW - 6600)
    rows.add("Annotation", ts=NOW - 5000, kind="fill", words="", by="Ana")
    rows.add("Delivery", reason="test", channel="mail", address="a@example.org", due_ts=NOW, expires_ts=NOW)
    Path(settings.logs, "jobs.log").write_text(
        "archive_minute: a line that is long enough to reach beyond a phone\n" * 9
    )
    page = visit("/admin/owner", scheme=scheme, size=size, tolerated="404")
    barriers(page, "/admin/owner")
    page.fill('[name="code"]', account.owner_code(settings))
    page.fill('[name="name"]', "Ana")
    page.fill('[name="password"]', "a quite long password")
    page.click("button.main")
    page.wait_for_url("**/admin/first/")

    for path in PAGES + SETTINGS:
        page.goto("/".join(page.url.split("/")[:3]) + path)
        if "charts" in path:
            page.wait_for_selector("#statistics:not([hidden])")
            page.click("#table summary")
            page.click("#note summary")
            page.locator(".flag").last.click()
            expect(page.locator(".story")).to_be_visible()
        barriers(page, path)
    page.goto("/".join(page.url.split("/")[:3]) + "/admin/account")
    page.click('form[action="/admin/logout"] button')
    page.goto("/".join(page.url.split("/")[:3]) + "/admin/login")
    barriers(page, "/admin/login")


def barriers(page: Any, path: str) -> None:
    assert path.startswith(SMALLER) or page.evaluate(SMALL) == [], path
    found = Axe().run(page)

    assert found.violations_count == 0, f"{path}: {found.generate_report()}"


def test_a_phone_shows_the_last_alert_without_scrolling(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.alert(opened=NOW - 9000, closed=NOW - 6600)

    page = visit("/", size=(360, 640))

    order = [page.locator(part).bounding_box() for part in (".verdict", ".phase", ".level", ".ribbon", ".last")]
    assert [box["y"] for box in order] == sorted(box["y"] for box in order)
    assert order[-1]["y"] + order[-1]["height"] <= 640
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_first_screen_follows_a_new_row(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/")
    page.clock.install()
    page.reload()

    rows.reading(NOW - 1, water=66.1, flue=176.0)
    page.clock.run_for(6000)

    expect(page.locator("#water")).to_have_text("66,1")


def test_without_news_the_first_screen_says_so_and_no_longer_calls_it_well(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/", tolerated="502")
    page.clock.install()
    page.reload()
    page.route("**/state", lambda route: route.fulfill(status=502))

    for _try in range(3):
        with page.expect_response("**/state"):
            page.clock.run_for(6000)
    expect(page.locator("#offline")).to_be_visible()
    without = page.inner_text("h1")
    page.unroute("**/state")
    page.clock.run_for(12000)
    expect(page.locator("#offline")).to_be_hidden()

    assert without.startswith("?")
    assert "Tout va bien" in page.inner_text("h1")


def turn(page: Any, hidden: bool) -> None:
    """Hides the page as a phone that falls asleep does, or shows it again."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_a_phone_that_wakes_away_from_home_calls_nothing_well(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/")
    page.clock.install(time="2026-11-30T12:00:00Z")
    page.reload()

    page.route("**/state", lambda _route: None)
    turn(page, hidden=True)
    page.clock.set_system_time("2026-11-30T15:00:00Z")  # its monotonic clock stood still
    turn(page, hidden=False)

    assert page.inner_text("h1").startswith("?")
    assert page.inner_text("#age") == "3 h"
    assert page.locator("#offline").is_visible()


def test_a_phone_that_wakes_at_home_is_drawn_anew_though_nothing_changed(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/")
    page.clock.install(time="2026-11-30T12:00:00Z")
    page.reload()
    with page.expect_response("**/state"):
        page.clock.run_for(6000)

    turn(page, hidden=True)
    page.clock.set_system_time("2026-11-30T15:00:00Z")
    with page.expect_response(lambda answer: answer.status == 304):
        turn(page, hidden=False)
    page.clock.run_for(6000)

    expect(page.locator("h1")).to_contain_text("Tout va bien")
    expect(page.locator("#offline")).to_be_hidden()


def test_a_reading_that_grows_old_unheard_is_not_called_well_and_is_drawn_anew_once_heard(
    visit: Visit, rows: Rows
) -> None:
    rows.well()
    page = visit("/")
    page.clock.install()
    page.reload()
    with page.expect_response("**/state"):
        page.clock.run_for(6000)
    page.route("**/state", lambda _route: None)

    page.clock.fast_forward(READING_LATE * 1000)
    page.clock.run_for(1000)
    without = page.inner_text("h1")
    page.unroute("**/state")
    page.clock.run_for(20000)
    expect(page.locator("#offline")).to_be_hidden()

    assert without.startswith("?")
    assert "Tout va bien" in page.inner_text("h1")
    assert page.locator("#live").get_attribute("data-state") == "ok"


def test_a_first_screen_whose_login_is_over_asks_for_a_new_one(
    visit: Visit, rows: Rows, app: Flask, clock: Clock
) -> None:
    rows.well()
    with app.test_request_context():
        account.create_user("Ana", "a quite long password")
    page = visit("/", extra_http_headers={"X-Forwarded-For": "203.0.113.7"})
    page.fill('[name="name"]', "Ana")
    page.fill('[name="password"]', "a quite long password")
    page.click("button.main")
    page.wait_for_selector("#live")
    page.clock.install()
    page.reload()

    clock.now += account.IDLE + 1
    page.clock.run_for(6000)

    page.wait_for_url("**/admin/login?next=/")


def test_a_hidden_page_asks_nothing(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/")
    page.clock.install()
    page.reload()
    asked: list[str] = []
    page.on("request", lambda request: asked.extend([request.url] * ("icon" not in request.url)))

    turn(page, hidden=True)
    page.clock.run_for(60_000)

    assert asked == []


def test_the_first_screen_needs_no_script(visit: Visit, rows: Rows) -> None:
    rows.well()

    page = visit("/", java_script_enabled=False)

    assert "Tout va bien" in page.inner_text("h1")


def painted(page: Any, selector: str, colour: tuple[int, int, int]) -> int:
    """How many pixels of that canvas have that colour."""
    count: int = page.evaluate(
        """([selector, [r, g, b]]) => {
            const canvas = document.querySelector(selector);
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let i = 0; i < data.length; i += 4) count += data[i] === r && data[i + 1] === g && data[i + 2] === b;
            return count;
        }""",
        [selector, list(colour)],
    )
    return count


def test_the_chart_paints_curves_and_phases(visit: Visit, rows: Rows) -> None:
    rows.well()

    page = visit("/charts/now/6")
    page.wait_for_selector(".uplot")

    assert painted(page, ".uplot canvas", (0x0B, 0x5C, 0xAD)) > 200
    assert painted(page, ".strip", (0x1D, 0x47, 0xB8)) > 1000
    assert page.locator("#readout").inner_text().startswith("lun")


def test_the_chart_grows_at_its_right_edge(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/charts/now/1")
    page.wait_for_selector(".uplot")
    before = page.inner_text("#readout")
    page.clock.install()
    page.reload()
    page.wait_for_selector(".uplot")

    rows.minutes(MINUTE_NOW, MINUTE_NOW + 60, water=44.4, flue=170.0, phase=6)
    page.clock.run_for(6000)
    expect(page.locator("#readout")).to_contain_text("44,4")

    assert "44,4" not in before


def test_keys_move_the_cursor_and_zoom(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/charts/now/6")
    page.wait_for_selector(".uplot")
    last = page.inner_text("#readout")

    page.focus("#chart [tabindex]")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#readout")).not_to_have_text(last)
    page.keyboard.press("+")
    page.wait_for_url("**/charts/?from=*")

    assert "from=" in page.url


def span(page: Any) -> tuple[int, int]:
    """The stretch of time that the page's address names."""
    page.wait_for_url("**/charts/?from=*")
    found = parse_qs(urlsplit(page.url).query)
    return int(found["from"][0]), int(found["to"][0])


def middle(page: Any) -> tuple[float, float]:
    box = page.locator(".u-over").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_wheel_zooms_about_the_pointer_and_a_double_click_goes_back(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/charts/now/6")
    page.wait_for_selector(".uplot")

    page.mouse.move(*middle(page))
    page.mouse.wheel(0, -300)
    near = span(page)
    page.mouse.dblclick(*middle(page))
    page.wait_for_url(lambda url: str(near[0]) not in url)
    whole = span(page)

    assert whole[0] < near[0] < MINUTE_NOW - 10800 < near[1] < whole[1]
    assert whole[1] - whole[0] == 21600


def test_a_drag_looks_closer(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/charts/now/6")
    page.wait_for_selector(".uplot")
    x, y = middle(page)

    page.mouse.move(x - 100, y)
    page.mouse.down()
    page.mouse.move(x + 100, y, steps=4)
    page.mouse.up()
    start, end = span(page)

    assert 2000 < end - start < 8000
    assert start < MINUTE_NOW - 10800 < end


def touch(fingers: Any, kind: str, *points: tuple[float, float]) -> None:
    touched = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
    fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})


def test_two_fingers_pinch_and_one_slides(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/charts/now/6", size=(390, 844), has_touch=True, is_mobile=True)
    page.wait_for_selector(".uplot")
    x, y = middle(page)
    fingers = page.context.new_cdp_session(page)

    touch(fingers, "touchStart", (x - 40, y), (x + 40, y))
    touch(fingers, "touchMove", (x - 60, y), (x + 60, y))
    touch(fingers, "touchMove", (x - 100, y), (x + 100, y))
    touch(fingers, "touchEnd")
    pinched = span(page)
    touch(fingers, "touchStart", (x, y))
    touch(fingers, "touchMove", (x + 40, y))
    touch(fingers, "touchMove", (x + 80, y))
    touch(fingers, "touchEnd")
    page.wait_for_url(lambda url: str(pinched[0]) not in url)
    slid = span(page)

    assert pinched[1] - pinched[0] < 21600 / 2
    assert slid[0] < pinched[0]
    assert abs((slid[1] - slid[0]) - (pinched[1] - pinched[0])) <= 2


def test_a_flag_tells_its_alerts_story(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.alert(opened=NOW - 9000, closed=NOW - 6600)
    page = visit("/charts/now/6")

    page.get_by_role("button", name="Alerte").click()
    story = page.locator(".story")
    expect(story).to_contain_text("finie après 40 min")
    told = story.inner_text()
    page.keyboard.press("Escape")

    assert "Eau sous la consigne" in told
    assert "55,9 °C" in told
    assert story.is_hidden()


def test_a_note_has_its_flag(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.add("Annotation", ts=NOW - 9000, kind="note", words="new pellets", by="Ana")
    page = visit("/charts/now/6")

    page.get_by_role("button", name="Note").click()

    expect(page.locator(".story")).to_contain_text("new pellets")


def test_the_day_before_lies_under_the_day_as_a_ghost(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.minutes(MINUTE_NOW - 86400 - 21600, MINUTE_NOW - 86400, water=44.4, flue=60.0, phase=6)
    page = visit("/charts/now/6")
    page.wait_for_selector(".uplot")

    page.select_option("#ghost", "day")
    expect(page.locator("#readout")).to_contain_text("comparée : 44,4 °C")
    page.reload()
    expect(page.locator("#readout")).to_contain_text("comparée : 44,4 °C")

    assert "with=day" in page.url


def test_another_date_is_compared_from_its_midnight(visit: Visit, rows: Rows) -> None:
    start = 1_792_792_800  # 2026-10-24 00:00 in Paris; the next day has 25 hours
    rows.minutes(start, start + 86400, water=60.0, phase=6)
    rows.minutes(start + 86400, start + 86400 + 90000, water=50.0, phase=6)
    page = visit("/charts/day/2026-10-25?with=2026-10-24")
    page.wait_for_selector(".uplot")

    page.focus("#chart [tabindex]")
    page.keyboard.press("Home")

    expect(page.locator("#readout")).to_contain_text("dim. 25 oct., 00:00")
    expect(page.locator("#readout")).to_contain_text("comparée : 60,0 °C")


def test_the_figures_follow_the_view_and_the_comparison(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.minutes(MINUTE_NOW - 86400 - 21600, MINUTE_NOW - 86400, water=44.4, flue=60.0, phase=6)
    page = visit("/charts/now/6")
    figures = page.locator("#statistics")

    expect(figures).to_contain_text("66,0 · 66,3 · 67,6")
    alone = figures.inner_text()
    page.select_option("#ghost", "day")
    expect(figures).to_contain_text("44,4 · 44,4 · 44,4")
    page.focus("#chart [tabindex]")
    page.keyboard.press("End")
    page.keyboard.press("+")
    expect(figures).not_to_contain_text("66,3")

    assert "● Combustion" in alone
    assert "comparée" not in alone


CUT = """() => [...document.querySelectorAll("#statistics > div")].filter((card) => {
    const edge = card.getBoundingClientRect().right;
    return [...card.querySelectorAll("td, th")].some((cell) => cell.getBoundingClientRect().right > edge);
}).length + (document.documentElement.scrollWidth > innerWidth ? 100 : 0)"""
"""How many tables of figures reach out of their card; a hundred more when the page is wider than the screen."""


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (360, 640)])
def test_compared_figures_stay_on_their_card(visit: Visit, rows: Rows, size: tuple[int, int], language: str) -> None:
    for back in (0, 86400):
        rows.minutes(MINUTE_NOW - back - 7200, MINUTE_NOW - back - 3600, water=43.1, flue=127.8, box=23.2, spare=19.4)
        rows.minutes(MINUTE_NOW - back - 3600, MINUTE_NOW - back, water=75.1, flue=221.0, box=26.9, spare=21.8)

    page = visit(f"/charts/now/24?with=day&lang={language}", size=size)
    page.wait_for_selector("#statistics thead")

    assert page.evaluate(CUT) == 0


def test_the_chart_is_saved_as_a_picture(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/charts/now/6")
    page.wait_for_selector(".uplot")

    with page.expect_download() as download:
        page.click("#png")
    content = download.value.path().read_bytes()

    assert content.startswith(b"\x89PNG")
    assert int.from_bytes(content[16:20]) > 1000
    assert download.value.suggested_filename.endswith(".png")


def test_a_hidden_curve_is_shown_on_demand(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.minutes(MINUTE_NOW, MINUTE_NOW + 60, water=67.6, spare=19.5, phase=6)
    page = visit("/charts/now/6")

    page.get_by_role("button", name="Maison").click()

    expect(page.locator("#readout")).to_contain_text("Maison 19,5 °C")


def test_the_table_follows_the_view(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/charts/now/6")
    page.wait_for_selector(".uplot")

    page.click("#table summary")
    before = page.locator("#table tbody tr").count()
    page.goto(page.url.replace("now/6", f"?from={MINUTE_NOW - 1200}&to={MINUTE_NOW}"))

    assert before == 45
    assert page.locator("#table tbody tr").count() == 20


def test_without_the_chart_library_the_plain_drawing_stays(visit: Visit, rows: Rows) -> None:
    rows.well()

    page = visit("/charts/", java_script_enabled=False)

    assert page.locator("svg.plain path.water").get_attribute("d").startswith("M")
