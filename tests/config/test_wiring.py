"""The drawings of docs/wiring.md and docs/cablage.md: the same lines in both languages, other words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"
WORDS = re.compile(r"(<(?:text|title|desc)[^>]*>)[^<]*")


@pytest.mark.parametrize("drawing", ["1wire", "ads1115"])
def test_a_drawing_is_the_same_in_both_languages_but_for_its_words(drawing: str) -> None:
    english = (DOCS / f"wiring-{drawing}.svg").read_text()
    french = (DOCS / f"cablage-{drawing}.svg").read_text()

    assert WORDS.sub(r"\1", english) == WORDS.sub(r"\1", french)
    assert english != french
    assert f"(wiring-{drawing}.svg)" in (DOCS / "wiring.md").read_text()
    assert f"(cablage-{drawing}.svg)" in (DOCS / "cablage.md").read_text()


def test_the_guide_names_the_lines_that_the_installer_adds() -> None:
    script = (DOCS.parent / "config/install.sh").read_text()
    lines = re.findall(r"\|\| echo (dt\S+)$", script, re.MULTILINE)

    assert len(lines) == 3
    for page in ("wiring.md", "cablage.md"):
        assert all(f"    {line}\n" in (DOCS / page).read_text() for line in lines)
