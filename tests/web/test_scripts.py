"""The scripts and styles, read as text: nothing unused, nothing that the Content-Security-Policy forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import flask_app.web

ROOM = Path(flask_app.web.__file__).parent
SCRIPTS = {path.name: path.read_text() for path in sorted((ROOM / "static").glob("*.js"))}
PAGES = "".join(path.read_text() for path in (ROOM / "templates").glob("*.html"))
IMPORTED = re.compile(r'^import (?:\{([^}]*)\}|\* as (\w+)) from "\./([^"]+)";$', re.MULTILINE)


def names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_uses_what_it_imports(script: str) -> None:
    text = SCRIPTS[script]
    body = IMPORTED.sub("", text)

    for listed, module, file in IMPORTED.findall(text):
        assert file in SCRIPTS
        for name in names(listed) or [module]:
            assert re.search(rf"\b{name}\b", body), f"{script} imports {name} and does not use it"


def test_what_is_exported_is_imported_somewhere() -> None:
    asked = {
        (file, name)
        for text in SCRIPTS.values()
        for listed, _, file in IMPORTED.findall(text)
        for name in names(listed)
    }
    whole = {file for text in SCRIPTS.values() for _, module, file in IMPORTED.findall(text) if module}
    whole |= {file for text in SCRIPTS.values() for file in re.findall(r'import\("\./([^"]+)"\)', text)}
    offered = {
        (file, name)
        for file, text in SCRIPTS.items()
        for name in re.findall(r"^export (?:async )?(?:const|function) (\w+)", text, re.MULTILINE)
    }

    assert {(file, name) for file, name in offered - asked if file not in whole} == set()


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_says_what_it_owns_and_runs_no_text(script: str) -> None:
    text = SCRIPTS[script]

    assert text.startswith("// ")
    assert not re.search(
        r"\beval\b|new Function|innerHTML|document\.write|\bvar\b|[^=!]==[^=].*\bnull\b.*==[^=]$", text
    )


def test_no_page_has_a_style_or_a_handler_inside() -> None:
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*src=)", PAGES)


def test_no_script_or_style_asks_elsewhere() -> None:
    texts = [*SCRIPTS.values(), *(path.read_text() for path in (ROOM / "static").glob("*.css"))]

    assert not any(re.search(r"https?://|url\(", text) for text in texts)
