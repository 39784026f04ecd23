"""The alerts, their messages, and what a simulated boiler's catcher holds."""

from __future__ import annotations

import json
import os
from typing import Any

from flask import Blueprint, abort, current_app, g, render_template, request

from flask_app.web import account, queries, wording

pages = Blueprint("alerts", __name__)

A_PAGE = 30
CAUGHT = 200


@pages.get("/alerts/")
def read_alerts() -> str:
    """The newest alerts, 30 a page (?before=<epoch seconds>)."""
    words = request.args.get("before", "")
    if words and not (words.isascii() and words.isdecimal() and len(words) < 12):
        abort(400)
    found = queries.alerts(A_PAGE + 1, int(words) if words else None)
    shown = found[:A_PAGE]
    return render_template(
        "alerts.html",
        alerts=shown,
        deliveries=queries.deliveries([alert.id for alert in shown]),
        older=shown[-1].opened_ts if len(found) > A_PAGE else None,
        caught=_caught(current_app.config["SETTINGS"].messages) if g.simulated else [],
    )


@pages.get("/alerts/<int:alert_id>")
def read_alert(alert_id: int) -> str:
    """One alert: its life, what it was judged by, and its messages."""
    alert = queries.alert(alert_id)
    if alert is None:
        abort(404)
    sent = queries.deliveries([alert.id]).get(alert.id, [])
    ids = {one.delivery.id for one in sent}
    caught = _caught(current_app.config["SETTINGS"].messages) if g.simulated else []
    return render_template(
        "alert.html",
        alert=alert,
        evidence=wording.evidence(queries.evidence(alert)),
        sent=sent,
        caught=[message for message in caught if message.get("delivery_id") in ids],
        visitor=account.visitor(),
    )


def _caught(folder: str) -> list[dict[str, Any]]:
    """The messages of a simulated boiler, newest first; a file that is no message is passed over."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    except OSError:
        return []
    messages = [message for name in names[-CAUGHT:] if (message := _message(os.path.join(folder, name))) is not None]
    return sorted(messages, key=lambda message: -message["ts"])


def _message(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as file:
            message = json.load(file)
    except (OSError, ValueError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("ts"), int | float):
        return None
    return {**message, "ts": int(message["ts"])}
