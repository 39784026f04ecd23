"""The guide: it builds without a warning, tells what the code tells, in both languages, and loads nothing elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from flask_app.boiler.alerts import Kind
from flask_app.boiler.options import LIMITS
from flask_app.boiler.phases import Phase
from flask_app.words import CHECKS, KINDS, PHASES, TRANSLATIONS, translator
from tests.test_manager import EVERY

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "docs"
LANGUAGES = ("fr", "en")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide, built; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def read(page: Path) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")))


def test_both_languages_have_the_same_pages() -> None:
    french, english = ({page.name for page in (DOCS / language).glob("*.md")} for language in LANGUAGES)

    assert french == english


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_in_its_language_and_so_is_the_theme(site: Path, language: str) -> None:
    for page in (site / language).glob("*.html"):
        html = page.read_text(encoding="utf-8")

        assert f'lang="{language}"' in html
        assert ({"fr": "Précédent", "en": "Previous"}[language] in html) or page.name == "index.html"


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_phases_and_alerts_are_those_of_the_code(site: Path, language: str) -> None:
    settings, reading, alerts = (read(site / language / f"{name}.html") for name in ("settings", "reading", "alerts"))
    say = translator(language)

    assert [name for name in LIMITS if f" {name} " not in settings] == []
    assert "CHAUDIERE_MQTT_PREFIX" in settings
    assert [phase for phase in Phase if say(PHASES[phase]) not in reading] == []
    assert [kind for kind in Kind if not all(say(words[kind]) in alerts for words in (KINDS, CHECKS))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_told(site: Path, language: str) -> None:
    told = read(site / language / "commands.html")

    assert [name for name in EVERY if f"manager.py {name} " not in told] == []


def test_no_mark_is_left_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")

        assert not re.search(r"<!-- (options|phases|alerts|environment|commands) -->", html)
        assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"'](?:https?:)?//", html) == []
    for style in site.rglob("*.css"):
        assert re.findall(r"(?:@import|url\()[\s\"']*(?:https?:)?//", style.read_text(encoding="utf-8")) == []


def shown(language: str) -> set[str]:
    """Every text of the pages in that language, as the guide writes it: plain apostrophes, … for what varies."""
    with open(Path(TRANSLATIONS) / "fr" / "LC_MESSAGES" / "messages.po", "rb") as file:
        texts = [message.string if language == "fr" else message.id for message in read_po(file, locale="fr")]
    return {re.sub(r"%\(\w+\)s", "…", text).replace("’", "'") for text in texts if isinstance(text, str)}


OTHERS = {"is held by another process"}
"""Words that the guide quotes of a command, not of a page."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_quoted_of_a_page_stands_on_it(language: str) -> None:
    reading, trouble = ((DOCS / language / f"{name}.md").read_text("utf-8") for name in ("reading", "troubleshooting"))
    signs = re.findall(r"^\| [✓!?] \| ([^|]+) \|", reading, re.MULTILINE)
    quoted = re.findall("« ([^»]+) »" if language == "fr" else '"([^"]+)"', reading + trouble)

    said = {words.strip() for cell in signs for words in cell.split(";")} | set(quoted)

    assert len(said) >= 8
    assert said - shown(language) - OTHERS == set()
