"""Words that people type are words: markup in any of them is shown as it was typed, in a real browser."""

from __future__ import annotations

from pathlib import Path

from config.settings import Settings
from flask_app.web import account
from tests.web.conftest import MINUTE_NOW, NOW, Rows, Visit

EVIL = "<img src=x onerror=alert(1)>"
PAGES = (
    *("/", "/kiosk", "/charts/", "/alerts/", "/alerts/1", "/admin/", "/admin/first/", "/admin/told/"),
    *("/admin/sensors/", "/admin/people", "/admin/account", "/admin/history", "/admin/logs/jobs.log?q=%3Cimg"),
)


def test_markup_in_any_words_is_shown_as_words(visit: Visit, rows: Rows, settings: Settings) -> None:
    rows.well()
    rows.alert(opened=NOW - 3000)
    rows.run(
        "UPDATE Alert SET acknowledged_ts = ?, acknowledged_by = ?, evidence = ?",
        [(NOW, EVIL, f'{{"cause": "{EVIL}"}}')],
    )
    rows.add("Annotation", ts=MINUTE_NOW - 600, kind="note", words=EVIL, by=EVIL)
    rows.add("Setting", key="note.low_water", since_ts=NOW, value=EVIL, by=EVIL)
    rows.add("Setting", key=EVIL, since_ts=NOW, value=EVIL, by=EVIL)
    rows.add("Recipient", channel="apprise", address=f"json://{EVIL}", name=EVIL)
    rows.add("Token", name=EVIL, sha256="a", created_ts=NOW, by=EVIL)
    rows.add("Delivery", id=1, alert_id=1, reason="opened", channel="mail", address=EVIL, due_ts=NOW, expires_ts=NOW)
    rows.add("Attempt", delivery_id=1, ts=NOW, outcome="refused", words=EVIL)
    Path(settings.logs, "jobs.log").write_text(f"2026-11-30T00:00:00+0000 deliver: {EVIL}\n")
    page = visit("/admin/owner")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.fill('[name="code"]', account.owner_code(settings))
    page.fill('[name="name"]', EVIL)
    page.fill('[name="password"]', "a quite long password")
    page.click("button.main")
    page.wait_for_url("**/admin/first/")
    base, shown = "/".join(page.url.split("/")[:3]), 0

    for path in PAGES:
        page.goto(base + path)
        if path == "/charts/":
            page.locator(".flag").first.click()
            page.wait_for_selector(".story")
        shown += EVIL in page.inner_text("body")

        assert page.locator("img[src=x]").count() == 0, path

    assert shown >= 8
    assert dialogs == []
