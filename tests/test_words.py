"""The words of messages: French for every text, lengths that networks allow, and what a story must say."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from flask_app import words
from flask_app.boiler.alerts import Kind
from flask_app.boiler.deliveries import Occasion

FRENCH = Path(words.TRANSLATIONS) / "fr" / "LC_MESSAGES" / "messages.po"
MSGIDS = [
    *words.PHASES.values(),
    *words.KINDS.values(),
    *words.CAUSES.values(),
    *words.CHECKS.values(),
    *words.EVIDENCE.values(),
    *words.TEXTS,
]


def french(text: str) -> str:
    found = read_po(BytesIO(FRENCH.read_bytes()), locale="fr").get(text)
    return str(found.string) if found else text


def story(**changes: Any) -> words.Story:
    given = words.Story(
        occasion=Occasion.OPENED,
        kind=Kind.LOW_WATER,
        opened_ts=3600,
        closed_ts=None,
        evidence={"water": 55.8, "setpoint": 56.0, "falling_per_hour": 4.2, "fire_out_ts": 1800, "cause": "fire_dying"},
        late=False,
        url="http://chaudiere.local:5007",
        simulated=False,
    )
    return given._replace(**changes)


def when(ts: float, form: str) -> str:
    return f"{int(ts) // 3600:02}:{int(ts) % 3600 // 60:02}"


@pytest.mark.parametrize("text", MSGIDS)
def test_every_text_has_its_french(text: str) -> None:
    found = read_po(BytesIO(FRENCH.read_bytes()), locale="fr").get(text)

    assert found is not None
    assert found.string
    assert not found.fuzzy


def test_a_mail_says_when_how_cold_how_fast_why_and_what_to_do() -> None:
    subject, text = words.mail(story(), french, when)

    assert subject == "01:00 Eau sous la consigne"
    assert "Eau 55.8 °C, consigne 56.0 °C." in text
    assert "Elle baisse de 4.2 °C par heure." in text
    assert "Le feu est éteint depuis 00:30." in text
    assert "silo vide" in text
    assert "À faire : Allez voir la chaudière" in text
    assert "http://chaudiere.local:5007/alerts/" in text


def test_a_recovery_says_after_how_long() -> None:
    text = words.mail(story(occasion=Occasion.RECOVERY, closed_ts=3600 + 6000), french, when)[1]

    assert "après 1 h 40" in text


def test_a_late_and_a_simulated_message_say_so() -> None:
    subject, text = words.mail(story(late=True, simulated=True), french, when)

    assert subject.startswith("[SIMULATION]")
    assert "interrompue" in text


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("translate", [french, str])
def test_an_sms_is_one_part_of_plain_letters(kind: Kind, translate: words.Translate) -> None:
    text = words.sms(story(kind=kind), translate, when)

    assert text.isascii()
    assert len(text) <= 160
    assert text.endswith("http://chaudiere.local:5007")


def test_whatever_the_engine_left_out_a_message_is_made() -> None:
    assert words.mail(story(evidence={}), str, when)[0] == "01:00 Water below its setpoint"
    assert "Test message" in words.sms(story(kind=None, occasion=Occasion.TEST, evidence={}), str, when)
