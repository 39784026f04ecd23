"""A letter composed from the database: values, forecast, picture, the house's words, each in its reader's language."""

from __future__ import annotations

from config.settings import Settings
from flask_app import links, store
from flask_app.boiler.deliveries import Delivery, Message
from flask_app.boiler.options import in_force
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import Row
from flask_app.script.compose import Composer
from flask_app.store import Database

OPENED = 1_796_000_040 // 60 * 60
NOW = OPENED + 63
EVIDENCE = (
    '{"water": 55.8, "setpoint": 56.0, "falling_per_hour": 6.0, "fire_out_ts": 1795998000, "cause": "fire_dying"}'
)


def keep_hours(database: Database) -> None:
    """Six hours: a burn, then three of cooling."""
    stopped, burning = Phase.STOPPED.value, Phase.COMBUSTION.value
    rows = []
    for number in range(360):
        ts, late = OPENED - 60 * (359 - number), max(0, number - 200)
        water, phase = 70 - late * 14.2 / 159, stopped if late else burning
        rows.append(Row(ts, water=water, flue=170.0 - late, spare=20.5, primary_fan=0, samples=15, phase=phase))
    with database.writing() as connection:
        store.insert_minutes(connection, rows)


def composed(database: Database, settings: Settings, *planned: Delivery, closed_ts: int | None = None) -> list[Message]:
    with database.writing() as connection:
        alert_id = store.open_alert(connection, "low_water", OPENED, EVIDENCE, 0)
        store.insert_deliveries(connection, alert_id, planned)
        if closed_ts:
            store.close_alerts(connection, "low_water", 0, closed_ts)
    options = in_force(settings.options, store.option_changes(database.connection), NOW)
    composer = Composer(database, settings, options, NOW + 180)
    return [composer.message((one,)) for one in store.due_deliveries(database.connection, NOW)]


def due(channel: str, address: str, reason: str = "opened") -> Delivery:
    return Delivery(reason, channel, address, NOW - 3, NOW + 86400)


def set_notes(database: Database, **notes: str) -> None:
    with database.writing() as connection:
        for name, words in notes.items():
            statement = "INSERT INTO Setting (key, since_ts, value, by) VALUES (?, ?, ?, 'Ana')"
            connection.execute(statement, (f"note.{name}", OPENED - 9999, words))


def test_a_mail_explains_itself_whole(database: Database, settings: Settings) -> None:
    keep_hours(database)
    set_notes(database, installer="Dupont +33 3 63 99 80 00", fire_dying="clé du silo : garage")

    (mail,) = composed(database, settings, due("mail", "ana@example.org"))

    for words in (
        "Eau 55,8 °C, consigne 56,0 °C.",
        "À ce rythme l’eau sera à 40 °C vers",
        "silo vide",
        "Dans cette maison : clé du silo : garage",
        "Installateur : Dupont +33 3 63 99 80 00",
        "eau 55,8 °C, fumées 11,0 °C, intérieur 20,5 °C, phase arrêt depuis",
        "Six dernières heures : eau de 70 à 55 °C",
        "L’adresse ne marche qu’à la maison.",
    ):
        assert words in mail.text, mail.text
    link = mail.text.split(settings.url + "/a/")[1].split()[0]
    assert links.acknowledged(settings, link) == (1, 1)
    assert mail.picture.startswith(b"\x89PNG")
    assert 'alt="Six dernières heures' in mail.html
    assert len(mail.subject) <= 60


def test_each_reader_has_a_language(database: Database, settings: Settings) -> None:
    with database.writing() as connection:
        people = [("mail", "ana@example.org", "fr"), ("sms", "+33639980001", "en")]
        connection.executemany("INSERT INTO Recipient (channel, address, language) VALUES (?, ?, ?)", people)

    mail, sms = composed(database, settings, *(due(channel, address) for channel, address, _ in people))

    assert "Eau sous la consigne" in mail.subject
    assert "Water 55.8C below 56C" in sms.text


def test_a_reminder_tells_the_water_of_now(database: Database, settings: Settings) -> None:
    keep_hours(database)
    with database.writing() as connection:
        store.insert_minutes(connection, [Row(OPENED + 60 * number, water=51.3, samples=15) for number in range(1, 3)])

    (sms,) = composed(database, settings, due("sms", "+33639980001", "reminder"))

    assert "Eau 51.3C sous 56C" in sms.text
    assert "(rappel)" in sms.text


def test_what_is_over_has_no_link_and_no_forecast(database: Database, settings: Settings) -> None:
    keep_hours(database)

    (mail,) = composed(database, settings, due("mail", "ana@example.org"), closed_ts=OPENED + 60)

    assert "/a/" not in mail.text
    assert "vers" not in mail.text
    assert "retour à la normale" in mail.subject


def test_an_empty_database_gives_a_letter_all_the_same(database: Database, settings: Settings) -> None:
    (mail,) = composed(database, settings, due("mail", "ana@example.org"))

    assert mail.picture == b""
    assert "Eau sous la consigne" in mail.subject


def test_a_proof_tells_the_week_with_a_picture(database: Database, settings: Settings) -> None:
    keep_hours(database)
    with database.writing() as connection:
        store.insert_deliveries(connection, None, [due("mail", "ana@example.org", "self_test")])
    options = settings.options
    (one,) = store.due_deliveries(database.connection, NOW)

    proof = Composer(database, settings, options, NOW).message((one,))

    assert "Mesuré : 3,5 % des minutes." in proof.text
    assert "Eau : 55 à 70 °C" in proof.text
    assert proof.picture


def test_a_letter_of_the_past_does_not_know_what_came_after(database: Database, settings: Settings) -> None:
    keep_hours(database)

    (mail,) = composed(database, settings, due("mail", "ana@example.org"), closed_ts=NOW + 9000)

    assert "retour à la normale" not in mail.subject
    assert "/a/" in mail.text
