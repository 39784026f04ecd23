"""What the household notes of a moment: one tap when the silo was filled, a sentence on the chart."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import delete
from werkzeug.wrappers import Response as Answer

from flask_app.models import Annotation
from flask_app.web import account, charts, doors, queries
from flask_app.web.languages import day_time

pages = Blueprint("notes", __name__)

KINDS = ("note", "fill", "cleaning")
LONGEST = 200
"""Characters of a note: it must fit a flag on the chart."""

MOST = 500


@pages.get("/charts/notes")
def read_notes() -> Response:
    """The notes of [from, to) (epoch seconds) as JSON: {"notes": [{"id", "t" (epoch), "kind", "name", "words"}]}."""
    from_ts, to_ts = charts.stretch()
    found = queries.notes(from_ts, to_ts, MOST)
    notes = [{"id": n.id, "t": n.ts, "kind": n.kind, "name": name(n.kind), "words": n.words} for n in found]
    answer = jsonify(notes=notes)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def name(kind: str) -> str:
    """The kind in words."""
    return {"fill": _("Silo filled"), "cleaning": _("Boiler swept")}.get(kind, _("Note"))


@pages.post("/notes/fill")
def add_fill() -> Answer:
    """One tap: the silo has just been filled."""
    now = queries.now()
    _keep(now, "fill", "")
    flash(_("Noted: silo filled at %(time)s.", time=day_time(now)), "good")
    return redirect(url_for("status.read_status"))


@pages.post("/notes/")
def add_note() -> Answer | tuple[Answer | str, int]:
    """A note of any moment; `back` is the page of /charts/ to return to. Refused, it is shown again with the stretch of
    ?from=&to=."""
    kind, words = request.form.get("kind", ""), " ".join(request.form.get("words", "").split())[:LONGEST]
    ts = _moment(request.form.get("at", ""))
    refusal = _refusal(kind, words, ts)
    if ts is None or refusal:
        flash(refusal, "bad")
        return charts.read_charts(), 400
    _keep(ts, kind, words)
    flash(_("Noted."), "good")
    return _back()


def _refusal(kind: str, words: str, ts: int | None) -> str:
    """What is wrong with a note; empty when nothing is."""
    if kind not in KINDS or ts is None or (kind == "note" and not words):
        return _("Not understood: a note needs its moment and a few words.")
    return _("A note is of a moment that has been: this one is still to come.") if ts > queries.now() + 60 else ""


@pages.post("/notes/<int:note_id>/remove")
def remove_note(note_id: int) -> Answer:
    """Forgets a note."""
    with doors.writing() as database:
        database.execute(delete(Annotation).where(Annotation.id == note_id))
    flash(_("Removed."), "good")
    return _back()


def _moment(words: str) -> int | None:
    """The instant of a local time such as 2026-01-31T14:05; None when it is none."""
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        return None
    if found.tzinfo is not None or not 1971 <= found.year <= 2099:
        return None
    return int(found.replace(tzinfo=ZoneInfo(queries.options().timezone)).timestamp())


def _keep(ts: int, kind: str, words: str) -> None:
    with doors.writing() as database:
        database.add(Annotation(ts=ts, kind=kind, words=words, by=account.visitor() or ""))


def _back() -> Answer:
    # Only our own pages of the history: an address of elsewhere would send the visitor away.
    back = request.form.get("back", "")
    return redirect(back if back.startswith("/charts/") else url_for("charts.read_charts"))
