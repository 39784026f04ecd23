"""What a form that was refused held: its page is shown again with it, so that nothing is typed twice."""

from __future__ import annotations

from flask import Flask, request


def configure(app: Flask) -> None:
    """Hands both questions to every template. A password is never asked for: it is typed again."""
    app.context_processor(lambda: {"refused": refused, "typed": typed})


def refused(action: str) -> bool:
    """Whether this page answers the form that is sent to `action`: accepted, it would be another page's turn."""
    return request.method == "POST" and request.path == action


def typed(action: str, field: str, kept: str) -> str:
    """What stands in a field of the form that is sent to `action`: what was typed and refused, else what is kept."""
    return request.form.get(field, kept) if refused(action) else kept
