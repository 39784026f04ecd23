"""The files a browser loads: ours under an address that changes with them, uPlot out of its installed wheel."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from functools import cache

from flask import Blueprint, Response, abort, url_for

pages = Blueprint("assets", __name__)

FOR_EVER = 31_536_000
"""Seconds in a year: the longest that caches honour."""

UPLOT = {
    "uplot.js": (
        "uplot.iife.min.js",
        "text/javascript",
        "2d27e8ad3d228164525ce213f9dc716f39b4e3aee0cc773fb3491c96cf4921a2",
    ),
    "uplot.css": (
        "uplot.min.css",
        "text/css",
        "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    ),
}
"""Name in our address -> file in the wheel, type, sha256: the bytes of npm's uplot 1.6.31."""

STATIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")


@cache
def version() -> str:
    """Eight digits that change when any file of static/ does: they are part of its address."""
    digest = hashlib.sha256()
    for name in sorted(os.listdir(STATIC)):
        with open(os.path.join(STATIC, name), "rb") as file:
            digest.update(name.encode() + file.read())
    return digest.hexdigest()[:8]


def wheel_folder() -> str | None:
    """The folder of uPlot in the installed wheel, which is found and never imported; None when not installed."""
    spec = importlib.util.find_spec("youplot")
    if spec is None or spec.origin is None:
        return None
    return os.path.join(os.path.dirname(spec.origin), "vendor")


def verified(folder: str | None, name: str) -> bytes | None:
    """The bytes of uPlot's file `name` in `folder`; None when it is missing or not the one we know."""
    file_name, _, sha256 = UPLOT[name]
    if folder is None:
        return None
    try:
        with open(os.path.join(folder, file_name), "rb") as file:
            content = file.read()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def uplot_url(name: str) -> str:
    """The address of uPlot's file, which changes with its content."""
    return url_for("assets.uplot", name=name, v=UPLOT[name][2][:8])


@pages.get("/assets/<name>")
def uplot(name: str) -> Response:
    """uPlot's script or style sheet; 404 when it is missing or altered, and the page keeps its plain drawing."""
    content = verified(wheel_folder(), name) if name in UPLOT else None
    if content is None:
        abort(404)
    answer = Response(content, mimetype=UPLOT[name][1])
    answer.cache_control.max_age = FOR_EVER
    answer.cache_control.public = True
    answer.cache_control.immutable = True
    answer.set_etag(UPLOT[name][2][:16])
    return answer
