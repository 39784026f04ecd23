"""Letters: what a story must say, lengths that networks allow, and many stories in one message."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from flask_app import words
from flask_app.boiler.alerts import Kind
from flask_app.boiler.deliveries import Occasion
from flask_app.boiler.gsm import septets
from flask_app.boiler.phases import Phase
from flask_app.letters import Cold, Frame, Story, Week, Words, rich, sms, subject, text

FRENCH = Path(words.TRANSLATIONS) / "fr" / "LC_MESSAGES" / "messages.po"
CATALOGUE = read_po(BytesIO(FRENCH.read_bytes()), locale="fr")
HOUR = 3600
NOW = 3 * HOUR + 12 * 60
EVIDENCE = {"water": 55.86, "setpoint": 56.0, "falling_per_hour": 4.0, "fire_out_ts": 9600, "cause": "fire_dying"}
COLD = Cold(40.0, 7 * HOUR - 600, 6 * HOUR, 8 * HOUR)
KINDS = [*Kind, None]


def french(msgid: str) -> str:
    found = CATALOGUE.get(msgid)
    assert found is not None, msgid
    return str(found.string)


def when(ts: float, form: str) -> str:
    hour, minute = f"{int(ts) // HOUR % 24:02}", f"{int(ts) % HOUR // 60:02}"
    return form.replace("%d/%m/%Y", "24/11/2026").replace("%d/%m", "24/11").replace("%H", hour).replace("%M", minute)


def tell(language: str = "fr", **changes: Any) -> Words:
    frame = Frame(now=NOW + 63, language=language, url="http://chaudiere.local:5007")
    return Words(frame._replace(**changes), french if language == "fr" else str, when)


def story(**changes: Any) -> Story:
    given = Story(Occasion.OPENED, Kind.LOW_WATER, NOW, evidence=EVIDENCE, cold=COLD, link="http://x.test/a/1-2.signed")
    return given._replace(**changes)


def test_the_sms_of_the_mission_tells_all_in_160_places() -> None:
    found = sms([story(link="")], tell(url="http://a-rather-long-name.example.org"))

    assert found == (
        "CHAUDIERE 03:12 Eau 55.8C sous 56C, baisse 4C/h. Feu eteint depuis 02:40: silo vide? "
        "Verifier silo puis relancer. 40C vers 07h."
    )


def test_a_mail_says_when_how_cold_how_fast_why_what_to_do_whom_to_call_and_when_it_is_cold() -> None:
    found = text([story(note="clé du silo : garage")], tell(installer="Dupont, +33 3 63 99 80 00", home_only=True))

    for line in (
        "Eau 55,8 °C, consigne 56,0 °C.",
        "Elle baisse de 4,0 °C par heure.",
        "Le feu est éteint depuis 02:40.",
        "À ce rythme l’eau sera à 40 °C vers 06:50 (entre 06:00 et 08:00).",
        "Dans cette maison : clé du silo : garage",
        "Installateur : Dupont, +33 3 63 99 80 00",
        "J’ai vu, je m’en occupe : http://x.test/a/1-2.signed",
        "L’adresse ne marche qu’à la maison.",
    ):
        assert line in found
    assert "silo vide" in found
    assert "À faire : Allez voir la chaudière" in found
    assert "- Fusible et thermostat" in found


def test_a_subject_says_all_in_60_characters() -> None:
    found = subject([story()], tell())

    assert found == "03:12 Eau sous la consigne 55,8 °C silo vide ?"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("occasion", Occasion)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_message_is_longer_than_its_network_takes(kind: Kind | None, occasion: Occasion, language: str) -> None:
    for closed_ts in (None, NOW + 6000):
        one = story(kind=kind, occasion=occasion, closed_ts=closed_ts, taken_by="Maximilien-Robert", note="é" * 300)
        frame = tell(language, simulated=True)
        brief = sms([one, one, one], frame)

        assert (septets(brief) or 999) <= 160
        assert brief.isascii()
        assert len(subject([one, one], frame)) <= 60
        assert text([one], frame)


def test_the_end_says_after_how_long() -> None:
    over = story(occasion=Occasion.RECOVERY, closed_ts=NOW + 6000)

    assert "après 1 h 40" in text([over], tell())
    assert "Retour a la normale a 04:52 apres 1 h 40." in sms([over], tell())


def test_while_the_fire_is_lit_there_is_nothing_to_do() -> None:
    lit = story(lighting=True)

    assert "L’allumage est en cours : rien à faire." in text([lit], tell())
    assert "À faire" not in text([lit], tell())
    assert "Allumage en cours, rien a faire." in sms([lit], tell())


def test_who_looks_after_it_is_told() -> None:
    taken = story(occasion=Occasion.ACKNOWLEDGED, taken_by="Ana", link="")

    assert "Ana s’en occupe" in subject([taken], tell())
    assert "quelqu’un de la maison" in text([taken._replace(taken_by=words.AT_HOME)], tell())
    assert "Ana s'en occupe" in sms([taken], tell())


@pytest.mark.parametrize(("missing", "line"), [("water", "Manque : Eau."), ("row", "Manque : toutes les valeurs.")])
def test_a_blind_watch_says_what_is_missing(missing: str, line: str) -> None:
    blind = story(kind=Kind.BLIND, evidence={"missing": missing, "since_ts": NOW})

    assert line in text([blind], tell())
    assert line.replace(" :", ":") in sms([blind], tell())


def test_the_story_of_an_outage_says_when_how_cold_and_whether_it_burns_again() -> None:
    given = {"gap_from_ts": 7800, "gap_to_ts": 20400, "water_before": 61.2, "water_after": 44.9, "running": True}
    blind = story(kind=Kind.BLIND, evidence={**given, "rebooted": True}, closed_ts=20400)

    line = "Courant coupé 02:10-05:40, eau 61 → 44 °C, chaudière repartie : oui."
    assert line in text([blind], tell())
    assert "Courant coupe 02:10-05:40, eau 61 -> 44C, chaudiere repartie: oui." in sms([blind], tell())
    blind = blind._replace(evidence=given | {"running": False})
    assert "Sans mesure 02:10-05:40, eau 61 → 44 °C, chaudière repartie : pas encore." in text([blind], tell())


def test_many_stories_are_one_letter_the_open_and_the_grave_first() -> None:
    over = story(kind=Kind.JAM, closed_ts=NOW + 60)
    wear = story(kind=Kind.IGNITER_WEAR, evidence={})
    found = text([over, wear, story()], tell("en"))

    assert found.index("Water below its setpoint") < found.index("The igniter wears out") < found.index("jammed")
    assert "(+2)" in subject([over, wear, story()], tell("en"))
    assert "(and 2 more)" in sms([over, wear, story(cold=None)], tell("en"))


def test_the_newest_values_and_six_hours_are_told_in_words_and_stand_for_the_picture() -> None:
    frame = tell(
        values=(("water", 55.8), ("flue", 61.0)),
        values_ts=NOW,
        phase=(Phase.STOPPED, 9600),
        curves=(("water", 66.0, 55.8, 55.8, 70.2),),
        has_picture=True,
    )

    assert "Maintenant (03:12) : eau 55,8 °C, fumées 61,0 °C, phase arrêt depuis 02:40." in text([story()], frame)
    page = rich([story()], frame)
    assert 'src="cid:picture" alt="Six dernières heures : eau de 66 à 55 °C, au plus bas 55, au plus haut 70."' in page
    assert 'href="http://x.test/a/1-2.signed"' in page


def test_what_people_wrote_is_no_markup() -> None:
    assert "<b>x" not in rich([story(note="<b>x")], tell())


def test_a_proof_holds_the_week_in_five_lines() -> None:
    week = Week(0.998, 51.2, 78.0, 65, 2400, 17, 3, 12, 0, 1)
    proof = Story(Occasion.SELF_TEST, None, NOW)

    lines = text([proof], tell(week=week)).splitlines()

    assert lines[0] == "Preuve que les alertes arrivent"
    assert lines[4:9] == [
        "Mesuré : 99,8 % des minutes.",
        "Eau : 51 à 78 °C ; sous la consigne pendant 1 h 05.",
        "Feu : 40 h ; allumages : 17.",
        "Alertes : 3.",
        "Messages – envois réussis : 12, en attente : 0, échecs : 1.",
    ]


def test_a_late_and_a_simulated_message_say_so() -> None:
    frame = tell(simulated=True)

    assert subject([story()], frame).startswith("[SIMULATION]")
    assert sms([story()], frame).startswith("SIMULATION")
    assert "interrompue" in text([story(late=True)], frame)


def test_whatever_the_engine_left_out_a_message_is_made() -> None:
    bare = Story(Occasion.OPENED, Kind.LOW_WATER, NOW)

    assert subject([bare], tell("en")) == "03:12 Water below its setpoint"
    assert "Test message" in sms([Story(Occasion.TEST, None, NOW)], tell("en"))
