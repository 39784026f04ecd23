"""The pages in a real Chromium whose processor is slowed sixfold: first paint, chart, zoom."""

from __future__ import annotations

import logging
import statistics
import tempfile
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bench.screenshots import served

RUNS = 5
SLOWED = 6
DRAWN = """
    const look = () => {
        if (document.querySelector(".strip")) window.drawn = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
ZOOM = """async () => {
    const frame = () => new Promise(requestAnimationFrame), over = document.querySelector(".u-over");
    const asked = () => performance.getEntriesByType("resource").filter(({ name }) => name.includes("/series?")).length;
    const before = asked(), start = performance.now();
    over.dispatchEvent(new WheelEvent("wheel", { deltaY: -200, bubbles: true, cancelable: true }));
    await frame(); await frame();
    const drawn = performance.now() - start;
    while (asked() === before) await frame();
    await frame(); await frame();
    return [drawn, performance.now() - start];
}"""


def report() -> Iterator[str]:
    """The lines of a table: medians in milliseconds."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    yield "| page | first paint | chart drawn | zoom drawn | zoom refined |"
    yield "|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as home, served(home) as (address, _settings), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for name, path, size in (
            ("first screen, phone", "/", (360, 640)),
            ("kiosk", "/kiosk", (800, 480)),
            ("history, 24 h, phone", "/charts/", (390, 844)),
            ("history, 24 h, 1,440 columns", "/charts/", (1520, 900)),
            ("history, 30 d", "/charts/now/720", (1280, 900)),
        ):
            runs = [_measure(browser, address + path, size) for _run in range(RUNS)]
            cells = [
                "–" if None in values else f"{statistics.median(values):.0f} ms" for values in zip(*runs, strict=True)
            ]
            yield f"| {name} | {' | '.join(cells)} |"
        browser.close()


def _measure(browser: Browser, url: str, size: tuple[int, int]) -> tuple[Any, ...]:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="fr-FR")
    page = context.new_page()
    page.add_init_script(DRAWN)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    page.goto(url)
    found: list[Any] = [page.evaluate(PAINT), None, None, None]
    if "/charts/" in url:
        page.wait_for_function("() => window.drawn")
        found[1] = page.evaluate("window.drawn")
        page.wait_for_selector("#statistics:not([hidden])")
        found[2:] = page.evaluate(ZOOM)
    context.close()
    return tuple(found)
