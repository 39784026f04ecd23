"""The logs of our own programs: listed, read from their end, searched, downloaded; no other file of the machine."""

from __future__ import annotations

import os
import re
import stat
from typing import NamedTuple

from flask import Blueprint, Response, abort, current_app, render_template, request

pages = Blueprint("logs", __name__, url_prefix="/admin/logs")

NAME = re.compile(r"[a-z_]{1,40}\.log(\.[0-9]{1,2})?(\.gz)?")
TAIL = 256 * 1024
LARGEST = 8 * 1024 * 1024
"""Bytes of a file that are searched and sent: each of ours is turned over at 1 MB."""

FOUND = 1000


class Log(NamedTuple):
    """A file of the folder."""

    name: str
    size: int
    changed_ts: int


def listed() -> list[Log]:
    """Our log files: regular files of the folder whose names are of ours."""
    try:
        entries = [entry for entry in os.scandir(_folder()) if NAME.fullmatch(entry.name)]
    except OSError:
        return []
    found = []
    for entry in entries:
        if entry.is_file(follow_symlinks=False):
            about = entry.stat(follow_symlinks=False)
            found.append(Log(entry.name, about.st_size, int(about.st_mtime)))
    return sorted(found)


def _folder() -> str:
    folder: str = current_app.config["SETTINGS"].logs
    return folder


def _content(name: str, most: int) -> bytes:
    """The last `most` bytes of a log. Aborts with 404 for any other name, link or kind of file."""
    if NAME.fullmatch(name) is None:
        abort(404)
    try:
        folder = os.open(_folder(), os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        abort(404)
    try:
        # In the folder itself, never through a link; a pipe must not hold us (O_NONBLOCK).
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        abort(404)
    finally:
        os.close(folder)
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode):
        os.close(file)
        abort(404)
    with os.fdopen(file, "rb") as opened:
        opened.seek(max(0, about.st_size - most))
        return opened.read(most)


@pages.get("/")
def read_logs() -> str:
    """The files."""
    return render_template("logs.html", logs=listed())


@pages.get("/<name>")
def read_log(name: str) -> str:
    """The end of one, or its lines that hold ?q=."""
    wanted = request.args.get("q", "")[:200]
    content = _content(name, LARGEST if wanted else TAIL)
    if name.endswith(".gz"):
        abort(404)
    lines = content.decode("utf-8", "replace").splitlines()
    if not wanted and len(content) == TAIL:
        lines = lines[1:]  # the first is cut
    if wanted:
        lines = [line for line in lines if wanted.lower() in line.lower()]
    return render_template("log.html", name=name, lines=lines[-FOUND:], wanted=wanted, count=len(lines))


@pages.get("/<name>/download")
def download(name: str) -> Response:
    """The file itself."""
    answer = Response(_content(name, LARGEST), mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
