"""The kiosk in a real browser: read from afar, dim at night, home again, new after a restart, and never growing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.web.conftest import MINUTE_NOW, NOW, Rows, Visit

SCREEN = (800, 480)
FAST = """
    const later = window.setTimeout, ask = window.fetch;
    let kept = null;
    window.setTimeout = (act, wait, ...rest) => later(act, wait / 5000, ...rest);
    window.updates = 0;
    // The server is asked each hundredth time; else its last answer comes again, with another temperature.
    window.fetch = async (address, options) => {
        window.updates += 1;
        if (!kept || window.updates % 100 === 0) {
            const answer = await ask(address, { ...options, headers: {} });
            kept = { text: await answer.text(), headers: [...answer.headers] };
        }
        const text = kept.text.replace(/id="water">[^<]*/, `id="water">${(window.updates / 10).toFixed(1)}`);
        return new Response(text, { headers: kept.headers });
    };
"""


def at(page: Page, when: str) -> None:
    page.clock.install(time=when)
    page.reload()


@pytest.mark.parametrize("state", ["well", "fault", "silence"])
def test_all_fits_on_the_screen_and_the_verdict_is_large(visit: Visit, rows: Rows, state: str) -> None:
    rows.well()
    rows.alert(opened=NOW - 9000, closed=None if state == "fault" else NOW - 6600)
    if state == "silence":
        rows.run("UPDATE Chaudiere SET ts = ts - ?", [(840,)])

    page = visit("/kiosk", size=SCREEN)

    for part in (".verdict", ".level", ".ribbon", ".bar", *([".last"] if state == "well" else [])):
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= SCREEN[1], part
        assert box["x"] + box["width"] <= SCREEN[0], part
    size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.verdict h1')).fontSize)")
    assert size >= 48
    bar = page.locator(".bar").bounding_box()
    ribbon = page.locator(".ribbon").bounding_box()
    assert ribbon["y"] + ribbon["height"] <= bar["y"] + 1


SIZES = [(800, 480), (1024, 600), (1280, 800), (1920, 1080)]
OVER = """() => {
    const parts = [...document.querySelectorAll(
        ".notice, .flash, .verdict, .level, .phase, .tiles, .one-tap, .ribbon, .last, .bar, .bar .button, #clock"
    )].filter((part) => part.checkVisibility()).map((part) => [part, part.getBoundingClientRect()]);
    const apart = ([one, a], [other, b]) => one.contains(other) || other.contains(one) ||
        a.top >= b.bottom - 1 || b.top >= a.bottom - 1 || a.left >= b.right - 1 || b.left >= a.right - 1;
    const found = [];
    for (const [one, box] of parts) {
        const inner = [...one.querySelectorAll(":is(.verdict, .level, .phase) :is(h1, h2, p, .chip)")];
        const lowest = Math.max(...inner.map((text) => text.getBoundingClientRect().bottom));
        if (box.top < 0 || box.bottom > innerHeight || box.right > innerWidth) found.push([one.className, "outside"]);
        if (lowest > box.bottom + 1) found.push([one.className, "cut"]);
        for (const next of parts) if (!apart([one, box], next)) found.push([one.className, next[0].className]);
    }
    return found;
}"""
"""Which parts of the screen lie over each other, or leave their place."""


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_at_a_fault_nothing_lies_over_another(visit: Visit, rows: Rows, size: tuple[int, int], language: str) -> None:
    for minute in range(60):
        rows.minutes(MINUTE_NOW - 3600 + 60 * minute, MINUTE_NOW - 3540 + 60 * minute, water=64 - minute / 30, phase=9)
    rows.reading(water=62.0, flue=31.0, spare=19.5)
    rows.alert(kind="fire_dying", opened=NOW - 90_000)
    rows.add("Setting", key="stop", since_ts=NOW - 60, value=f"{NOW + 9000} sweep", by="kiosk")  # and nobody to tell

    page = visit(f"/kiosk?lang={language}", size=size)

    for kind in ("fire_dying", "delivery", "power_cut", "jobs"):
        rows.run("UPDATE Alert SET kind = ?", [(kind,)])
        page.goto(page.url)
        assert page.evaluate(OVER) == [], kind
    page.locator(".one-tap button").click()
    expect(page.locator(".flash")).to_be_visible()
    assert page.evaluate(OVER) == []


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_a_stop_on_purpose_is_reached_by_a_finger(
    visit: Visit, rows: Rows, size: tuple[int, int], language: str
) -> None:
    rows.well()
    page = visit(f"/kiosk?lang={language}", size=size)
    page.clock.install(time="2026-11-30T12:00:00Z")
    page.goto(page.url)

    for one in ("#stop-sweep", "#run", "#stop-absence"):
        page.locator("#stop summary").click()
        box = page.locator("#stop .buttons").bounding_box()
        page.locator(one).click()

        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
    expect(page.locator("#stopped")).to_contain_text("7 déc. 01:53" if language == "fr" else "7 Dec 01:53")


def test_each_open_alert_can_be_acknowledged_in_its_turn(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.alert()
    rows.alert(2, "jam", NOW - 600)
    page = visit("/kiosk", size=SCREEN)
    shown = page.locator(".one-tap:visible")

    expect(shown.locator("h2")).to_have_text(["Eau sous la consigne"])
    shown.get_by_role("button").click()
    expect(shown.locator("h2")).to_have_text(["Bourrage de la vis"])
    shown.get_by_role("button").click()
    expect(shown.get_by_role("button")).to_have_count(0)

    expect(shown.locator("h2")).to_have_text(["Eau sous la consigne"])
    expect(shown).to_contain_text("s’en occupe")


def test_the_screen_is_dim_at_night_until_it_is_touched(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/kiosk", size=SCREEN)

    at(page, "2026-11-30T12:00:00Z")
    expect(page.locator("body")).not_to_have_class("kiosk night")
    at(page, "2026-11-30T23:30:00Z")
    expect(page.locator("body")).to_have_class("kiosk night")
    page.get_by_role("link", name="Alertes").click()
    expect(page.locator("body")).to_have_class("kiosk")
    page.clock.run_for(70_000)
    expect(page.locator("body")).to_have_class("kiosk night")

    assert page.url.endswith("/kiosk")


def test_a_fault_is_never_dimmed(visit: Visit, rows: Rows) -> None:
    rows.well()
    rows.alert()
    page = visit("/kiosk", size=SCREEN)

    at(page, "2026-11-30T23:30:00Z")

    expect(page.locator("#clock")).to_have_text("00:30")
    expect(page.locator("body")).to_have_class("kiosk")


def test_from_any_page_it_comes_home_after_a_minute(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/kiosk", size=SCREEN)
    at(page, "2026-11-30T12:00:00Z")
    page.get_by_role("link", name="Alertes").click()
    page.wait_for_url("**/alerts/")

    page.clock.run_for(61_000)

    page.wait_for_url("**/kiosk")


def test_other_visitors_are_not_sent_to_the_kiosk(visit: Visit, rows: Rows) -> None:
    rows.well()
    page = visit("/alerts/")
    page.clock.install()
    page.reload()

    page.clock.run_for(120_000)

    assert page.url.endswith("/alerts/")


def test_it_loads_itself_again_after_the_server_restarted(visit: Visit, rows: Rows, app: Flask) -> None:
    rows.well()
    page = visit("/kiosk", size=SCREEN)
    page.clock.install()
    page.reload()

    app.config["BOOT"] = "another"
    with page.expect_navigation():
        page.clock.run_for(6000)

    assert page.locator("#offline").get_attribute("data-boot") == "another"


def weight(page: Page) -> tuple[int, int]:
    """Bytes of the JavaScript heap and nodes of the document, after a collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap: int = session.send("Runtime.getHeapUsage")["usedSize"]
    nodes: int = session.send("Memory.getDOMCounters")["nodes"]
    session.detach()
    return heap, nodes


def after_updates(page: Page, count: int) -> None:
    page.wait_for_function("count => window.updates >= count", arg=count, timeout=120_000)


def test_thousands_of_updates_leave_it_as_small_as_before(visit: Visit, rows: Rows, caplog: Any) -> None:
    caplog.set_level("ERROR", logger="werkzeug")
    rows.well()
    page = visit("/kiosk", size=SCREEN)
    page.context.add_init_script(FAST)
    page.reload()

    after_updates(page, 300)
    heap, nodes = weight(page)
    after_updates(page, 3300)
    later_heap, later_nodes = weight(page)

    assert later_heap - heap < 200_000
    assert later_nodes - nodes < 5_000
    assert float(page.inner_text("#water")) > 300
