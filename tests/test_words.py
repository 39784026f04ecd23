"""The household's words: French for every text of the messages."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from flask_app import letters, words
from flask_app.boiler.alerts import Kind

FRENCH = Path(words.TRANSLATIONS) / "fr" / "LC_MESSAGES" / "messages.po"
MSGIDS = [
    *words.PHASES.values(),
    *words.KINDS.values(),
    *words.CAUSES.values(),
    *words.CHECKS.values(),
    *[check for checks in words.MORE_CHECKS.values() for check in checks],
    *words.BRIEF_CAUSES.values(),
    *words.BRIEF_CHECKS.values(),
    *words.EVIDENCE.values(),
    *words.ROLES.values(),
    words.SOMEBODY,
    words.AT_HOME,
    *letters.TEXTS,
]


@pytest.mark.parametrize("text", MSGIDS)
def test_every_text_has_its_french(text: str) -> None:
    found = read_po(BytesIO(FRENCH.read_bytes()), locale="fr").get(text)

    assert found is not None
    assert found.string
    assert not found.fuzzy


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_cause_and_something_to_do(kind: Kind) -> None:
    assert kind in words.CAUSES
    assert kind in words.CHECKS
