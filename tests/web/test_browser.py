"""The pages in a real browser, from a real server."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.web.conftest import MINUTE_NOW, NOW, Rows, Visit


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier(visit: Visit, rows: Rows, scheme: str) -> None:
    rows.well()
    rows.simulated()
    rows.alert(opened=NOW - 9000, closed=NOW - 6600)
    page = visit("/", scheme=scheme)

    for path in ("/", "/charts/", "/alerts/", "/alerts/1", "/admin/owner"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + path)
        if path == "/charts/":
            page.wait_for_selector(".uplot")
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


def test_a_hidden_page_asks_nothing(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/")
    page.clock.install()
    page.reload()
    asked: list[str] = []
    page.on("request", lambda request: asked.extend([request.url] * ("icon" not in request.url)))

    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
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
    assert painted(page, "#chart div > canvas[aria-hidden]", (0x1D, 0x47, 0xB8)) > 1000
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


def test_without_the_chart_library_the_plain_drawing_stays(visit: Visit, rows: Rows) -> None:
    rows.well()

    page = visit("/charts/", java_script_enabled=False)

    assert page.locator("svg.plain path.water").get_attribute("d").startswith("M")
