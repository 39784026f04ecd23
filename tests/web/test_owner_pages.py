"""The owner's pages: settings with their history, passwords never shown again, the system at a glance, the logs."""

from __future__ import annotations

import json
import os
import random
import stat
import time
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.exceptions import NotFound

from config.settings import Settings, load
from flask_app.boiler.options import LIMITS
from flask_app.web import logs
from manager import cli
from tests.web.conftest import NOW, Clock, Rows
from tests.web.test_admin import PASSWORD, owner, post, stored

__all__ = ["owner"]

PARTS = (
    "..",
    ".",
    "%2e%2e",
    "..%2f",
    "%252e%252e",
    "etc",
    "passwd",
    "gunicorn.log",
    "connections",
    "/",
    "//",
    "\\",
    "\0",
)


@pytest.mark.parametrize("name", LIMITS)
def test_each_option_is_shown_with_what_it_accepts(owner: FlaskClient, name: str) -> None:
    text = owner.get("/admin/").get_data(as_text=True)

    assert f'id="option-{name}"' in text
    assert f">{name}<" not in text, "it has no title"


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("setpoint", "58,5", "58.5"),
        ("language", "en", "en"),
        ("timezone", "Europe/Brussels", "Europe/Brussels"),
        ("reading", "login", "login"),
        ("setpoint", "91", None),
        ("setpoint", "", None),
        ("timezone", "Mars/Olympus", None),
        ("reading", "all", None),
        ("kettle", "1", None),
    ],
)
def test_an_option_is_changed_by_a_line_of_the_history_or_refused(
    owner: FlaskClient, settings: Settings, name: str, value: str, kept: str | None
) -> None:
    post(owner, f"/admin/options/{name}", value=value)

    expected = [] if kept is None else [(name, kept, "Ana")]
    assert stored(settings, "SELECT key, value, by FROM Setting") == expected


def test_a_password_is_kept_for_its_owner_alone_and_shown_to_nobody(owner: FlaskClient, settings: Settings) -> None:
    text = post(
        owner,
        "/admin/connections/mail",
        MAIL_SERVER="smtp.example.org",
        MAIL_PASSWORD="tres secret",
        MAIL_SECURITY="ssl",
    )
    again = owner.get("/admin/").get_data(as_text=True) + owner.get("/admin/history").get_data(as_text=True)

    file = Path(settings.home, "connections")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load({"CHAUDIERE_HOME": settings.home}).mail.password == "tres secret"
    assert "tres secret" not in text + again
    assert "smtp.example.org" in again
    assert "tres secret" not in str(stored(settings, "SELECT value FROM Setting"))


def test_a_secret_left_empty_stays_and_a_dash_removes_it(owner: FlaskClient, settings: Settings) -> None:
    post(owner, "/admin/connections/sms", NEXMO_API_KEY="k", NEXMO_API_SECRET="s1")

    post(owner, "/admin/connections/sms", NEXMO_API_KEY="k2", NEXMO_API_SECRET="")
    kept = load({"CHAUDIERE_HOME": settings.home}).sms.api_secret
    post(owner, "/admin/connections/sms", NEXMO_API_KEY="k2", NEXMO_API_SECRET="-")

    assert kept == "s1"
    assert load({"CHAUDIERE_HOME": settings.home}).sms.api_secret == ""


def test_a_connection_that_cannot_be_is_refused_whole(owner: FlaskClient, settings: Settings) -> None:
    text = post(owner, "/admin/connections/mail", MAIL_SERVER="smtp.example.org", MAIL_PORT="99999")

    assert "Refusé" in text
    assert load({"CHAUDIERE_HOME": settings.home}).mail.server == ""


def test_a_secret_file_that_others_can_read_is_refused(settings: Settings) -> None:
    file = Path(settings.home, "connections")
    file.write_text("CHAUDIERE_MAIL_PASSWORD=x\n")
    file.chmod(0o644)

    with pytest.raises(ValueError, match="chmod 600"):
        load({"CHAUDIERE_HOME": settings.home})


def test_the_six_steps_are_done_one_by_one(owner: FlaskClient, rows: Rows) -> None:
    rows.well()
    before = owner.get("/").get_data(as_text=True)
    for step, value in (("language", "fr"), ("timezone", "Europe/Paris"), ("setpoint", "56"), ("probes_seen", "")):
        post(owner, f"/admin/first/{step}", "/admin/first/", value=value)
    post(owner, "/admin/first/test_received", "/admin/first/", value="no")
    unsure = owner.get("/").get_data(as_text=True)
    post(owner, "/admin/first/test_received", "/admin/first/", value="yes")

    assert "1/6" in before
    assert "5/6" in unsure
    assert "/6<" not in owner.get("/").get_data(as_text=True)


def test_a_probe_at_zero_degrees_is_seen(owner: FlaskClient, rows: Rows, settings: Settings) -> None:
    rows.reading(water=67.6, spare=0.0)

    post(owner, "/admin/first/probes_seen", "/admin/first/")

    assert stored(settings, "SELECT value FROM Setting") == [("2",)]


def test_who_changed_whom_is_in_the_history(owner: FlaskClient, settings: Settings) -> None:
    post(owner, "/admin/told/people", channel="mail", address="you@example.org")
    post(owner, "/admin/told/people/1", language="en", position="2")
    post(owner, "/admin/told/people/1/remove")
    post(owner, "/admin/people/users", name="Bea", password="four plain unrelated words", role="viewer")
    post(owner, "/admin/people/users/2/remove")
    post(owner, "/admin/people/tokens", name="grafana")
    post(owner, "/admin/people/tokens/1/remove")
    post(owner, "/admin/told/notes", installer="Duval")
    history = owner.get("/admin/history").get_data(as_text=True)

    assert stored(settings, "SELECT key, value FROM Setting WHERE by = 'Ana'") == [
        ("recipient", "+ mail you@example.org"),
        ("recipient", "± mail you@example.org"),
        ("recipient", "− mail you@example.org"),
        ("user", "+ Bea (viewer)"),
        ("user", "− Bea (viewer)"),
        ("token", "+ grafana"),
        ("token", "− grafana"),
        ("note.installer", "Duval"),
    ]
    assert all(key not in history for key in ("recipient", ">user", ">token", "note.installer"))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("setpoint", "57.5", "57,5 °C"),
        ("minute_days", "1830", "1\u202f830 j"),
        ("language", "fr", "Français"),
        ("mains_hz", "50", "<span>50 Hz</span>"),
        ("stop", f"{NOW + 3600} sweep", "ramonage ou entretien, → 02:53"),
        ("stop", "0", "<span>–</span>"),
        ("learned.reset", "igniter", "l’allumeur : il est neuf"),
        ("test_received", "no", "<span>non</span>"),
        ("reading", "open", "tout le monde"),
        ("note.low_water", "Clef chez Léa", "Les mots de la maison – Eau sous la consigne"),
        ("of a later version", "1", "of a later version"),
    ],
)
def test_each_line_of_the_history_is_in_words(owner: FlaskClient, rows: Rows, key: str, value: str, words: str) -> None:
    rows.add("Setting", key=key, since_ts=NOW, value=value, by="Ana")

    assert words in owner.get("/admin/history").get_data(as_text=True)


@pytest.mark.parametrize("by", ["kiosk", "somebody at home"])
def test_a_stop_by_a_button_was_by_somebody_at_home(owner: FlaskClient, rows: Rows, by: str) -> None:
    rows.add("Setting", key="stop", since_ts=NOW, value=f"{NOW + 3600} sweep", by=by)

    assert "quelqu’un de la maison" in owner.get("/admin/history").get_data(as_text=True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("reading", "lan", "Qui voit les pages sans se connecter : le réseau de la maison à partir de"),
        ("language", "fr", "Langue : Français à partir de"),
        ("setpoint", "56,5", "Consigne de l’eau : 56,5 °C à partir de"),
        ("setpoint", "500", "accepte 30 à 90 °C"),
        ("night_from", "-1", "accepte 0 à 24 h"),
    ],
)
def test_a_change_is_said_in_words(owner: FlaskClient, name: str, value: str, said: str) -> None:
    assert said in post(owner, f"/admin/options/{name}", value=value)


def test_what_a_connection_accepts_is_said_when_it_is_refused(owner: FlaskClient) -> None:
    text = post(owner, "/admin/connections/mqtt", MQTT_HOST="broker", MQTT_PORT="x")

    assert "Port du serveur MQTT. 1 à 65535" in text


def test_the_system_is_told_as_a_page_as_json_and_to_prometheus(owner: FlaskClient, rows: Rows) -> None:
    rows.well()

    page = owner.get("/system/").get_data(as_text=True)
    answer = owner.get("/api/v1/system").get_json()
    metrics = owner.get("/metrics").get_data(as_text=True)

    names = {check["name"] for check in answer["checks"]}
    assert {"newest_row", "disk_left", "clock_synchronised", "last_backup", "alerting_proven", "sqlite"} <= names
    assert "Dernière mesure" in page
    assert 'chaudiere_value{role="water"} 67.6' in metrics
    assert "chaudiere_disk_left_bytes" in metrics


def test_page_json_metrics_and_command_tell_the_same(
    owner: FlaskClient, rows: Rows, environ: dict[str, str], clock: Clock
) -> None:
    clock.now = time.time()
    now = int(clock.now)
    rows.reading(now - 2, water=67.6)
    rows.add("Delivery", id=1, reason="test", channel="sms", address="+33639980001", due_ts=now, expires_ts=now)
    rows.add("Attempt", delivery_id=1, ts=now, outcome="sent", words="", balance=7.25)
    owner = again(owner)

    told = CliRunner().invoke(cli, ["status", "--json"], env=environ)
    answer = owner.get("/api/v1/system").get_json()
    metrics = {
        (sample.name, sample.labels.get("check")): sample.value
        for family in text_string_to_metric_families(owner.get("/metrics").get_data(as_text=True))
        for sample in family.samples
    }
    page = owner.get("/system/").get_data(as_text=True)

    command = json.loads(told.output)
    assert (told.exit_code == 0) == command["well"] == answer["well"]
    pairs = [(one["name"], one["unit"], one["well"]) for one in command["checks"]]
    assert pairs == [(one["name"], one["unit"], one["well"]) for one in answer["checks"]]
    for one, other in zip(command["checks"], answer["checks"], strict=True):
        # Ages, memory and disk go on between the two questions.
        assert one["value"] == other["value"] or abs(one["value"] - other["value"]) <= 0.2 * abs(one["value"]) + 5
        assert metrics.get(("chaudiere_well", one["name"])) == one["well"]
    assert metrics[("chaudiere_sms_balance", None)] == 7.25
    assert page.count('class="bad"') == sum(one["well"] is False for one in answer["checks"])
    assert "7,25" in page


def again(owner: FlaskClient) -> FlaskClient:
    """Its owner, logged in anew: the clock was set."""
    post(owner, "/admin/login", "/admin/login", name="Ana", password=PASSWORD)
    return owner


def test_a_log_is_read_from_its_end_searched_and_downloaded(owner: FlaskClient, settings: Settings) -> None:
    Path(settings.logs, "gunicorn.log").write_text("".join(f"line {number} <b>\n" for number in range(5000)))

    listed = owner.get("/admin/logs/").get_data(as_text=True)
    tail = owner.get("/admin/logs/gunicorn.log").get_data(as_text=True)
    found = owner.get("/admin/logs/gunicorn.log?q=LINE+123+").get_data(as_text=True)
    whole = owner.get("/admin/logs/gunicorn.log/download")

    assert "gunicorn.log" in listed
    assert "line 4999 &lt;b&gt;" in tail
    assert "line 123 " in found
    assert "line 124 " not in found
    assert whole.data.count(b"\n") == 5000
    assert whole.headers["Content-Disposition"].startswith("attachment")


@pytest.fixture
def traps(settings: Settings) -> None:
    """One log of ours, and what must not be read: another file, a link out of the folder, a pipe, a folder."""
    Path(settings.logs, "gunicorn.log").write_text("ours\n")
    Path(settings.logs, "notes.txt").write_text("not a log\n")
    os.symlink("/etc/passwd", Path(settings.logs, "sensor.log"))
    os.mkfifo(Path(settings.logs, "cron.log"))
    Path(settings.logs, "jobs.log").mkdir()


def payloads(count: int) -> list[str]:
    dice = random.Random(3)
    names = [
        "notes.txt",
        "sensor.log",
        "cron.log",
        "jobs.log",
        "../connections",
        "....//gunicorn.log",
        "gunicorn.log\n",
    ]
    return names + ["".join(dice.choices(PARTS, k=dice.randrange(1, 7))) for _ in range(count)]


def test_of_ten_thousand_names_only_our_log_s_own_opens_a_file(app: Flask, traps: None) -> None:
    opened = set()

    # Below the page, whose own work is no part of this: the test after goes through it.
    with app.test_request_context():
        for name in payloads(10_000):
            with suppress(NotFound):
                opened.add((name, logs._content(name, 100)))

    assert opened == {("gunicorn.log", b"ours\n")}


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.proof)])
def test_no_path_leaves_the_folder_of_the_logs(owner: FlaskClient, traps: None, count: int) -> None:
    for number, name in enumerate(payloads(count)):
        near = {"REMOTE_ADDR": f"192.168.{number // 250}.{1 + number % 250}"}
        answer = owner.get(f"/admin/logs/{name}", environ_overrides=near)
        inside = answer.status_code == 200 and answer.request.path.rstrip("/") in (
            "/admin/logs",
            "/admin/logs/gunicorn.log",
        )
        assert answer.status_code in (301, 308, 404) or inside, (name, answer.status)
        assert b"root:" not in answer.data
