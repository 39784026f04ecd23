"""Settings: a wrong value stops the start, by the variable's name and what it accepts."""

from __future__ import annotations

import pytest

from config.settings import SettingsError, load

WRONG = [
    ("SETPOINT", "29"),
    ("SETPOINT", "nan"),
    ("SETPOINT", "56,5 °C"),
    ("TIMEZONE", "Europe/Nowhere"),
    ("TIMEZONE", "../../etc/passwd"),
    ("LANGUAGE", "de"),
    ("SAMPLE_SECONDS", "2"),
    ("COMMIT_SECONDS", "-1"),
    ("RAW_HOURS", "1"),
    ("SPARE", "garage"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "٣"),
    ("URL", "chaudiere.example.org"),
    ("URL", "http://a b"),
    ("SECRET_KEY", "short"),
    ("MAIL_SECURITY", "tls"),
    ("MAIL_PORT", "smtp"),
    ("MAIL_SENDER", "boiler"),
    ("MAIL_SENDER", "a@example.org\nBcc: b@example.org"),
    ("NEXMO_SENDER", "Chaudiere12345"),
    ("NEXMO_URL", "ftp://gateway.example.org"),
    ("ALERT_EMAILS", "you@example.org, nobody"),
    ("ALERT_PHONES", "0639980001"),
    ("PROBES", "10-0123456789ab"),
    ("PROBES", "28-0123456789a"),
    ("PROBES", "28-0123456789ab,28-0123456789AB"),
    ("PROBES", ",".join(f"28-00000000000{number}" for number in range(5))),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^CHAUDIERE_{name}\b.* accepts "):
        load({f"CHAUDIERE_{name}": value})


def test_an_empty_variable_counts_as_absent() -> None:
    assert load({"CHAUDIERE_SETPOINT": "", "CHAUDIERE_PROBES": " "}) == load({})


def test_lists_are_cleaned_and_doubles_dropped() -> None:
    settings = load(
        {
            "CHAUDIERE_ALERT_EMAILS": "a@example.org, b@example.org,a@example.org,",
            "CHAUDIERE_ALERT_PHONES": "+33 6 39 98 00 01, +33639980001",
            "CHAUDIERE_PROBES": "28-0123456789AB",
        }
    )

    assert settings.alert_emails == ("a@example.org", "b@example.org")
    assert settings.alert_phones == ("+33639980001",)
    assert settings.probes == ("28-0123456789ab",)


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("ssl", 465)])
def test_the_mail_port_follows_the_security(security: str, port: int) -> None:
    assert load({"CHAUDIERE_MAIL_SECURITY": security}).mail.port == port
