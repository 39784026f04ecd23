"""Who may ask for what: every address as stranger, reader, viewer and owner; hosts, proxies, tokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config.settings import Settings, load
from flask_app.web import account, create_app
from flask_app.web.gate import Level, needs
from tests.web.conftest import NOW, Clock, Rows

PASSWORD = "four plain unrelated words"
FAR = {"REMOTE_ADDR": "203.0.113.7"}
CLOSED = ("/admin/", "/admin/people", "/admin/history", "/admin/logs/", "/admin/first/")
READ = ("/", "/charts/", "/alerts/", "/system/", "/api/v1/live", "/api/v1/system", "/metrics")

Enter = Callable[[str, str], FlaskClient]


@pytest.fixture
def enter(app: Flask, rows: Rows) -> Enter:
    """Makes a user of a role, and a client logged in as that user."""
    rows.well()

    def make(name: str, role: str) -> FlaskClient:
        client = app.test_client()
        with app.test_request_context():
            account.create_user(name, PASSWORD, role)
        answer = client.post("/admin/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 302
        return client

    app.config["WTF_CSRF_ENABLED"] = False
    return make


def test_what_nobody_thought_of_is_closed() -> None:
    assert needs("later.read_something", "GET") is Level.READER
    assert needs("later.change_something", "POST") is Level.ADMIN
    assert needs("admin.read_something", "GET") is Level.ADMIN


def test_every_address_asks_for_the_level_that_is_written_here(app: Flask) -> None:
    open_to_all = {rule.endpoint for rule in app.url_map.iter_rules() if needs(rule.endpoint, "GET") is Level.STRANGER}
    changing = {
        (rule.endpoint, needs(rule.endpoint, "POST").name)
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or set())
    }

    signed = {"taps.show_link", "taps.take_by_link"}
    assert open_to_all == {"static", "assets.uplot", "admin.login", "admin.owner", "api.read_health"} | signed
    assert {endpoint for endpoint, level in changing if level == "STRANGER"} == {
        "admin.login",
        "admin.owner",
        "taps.take_by_link",
    }
    assert {endpoint for endpoint, level in changing if level == "VIEWER"} == {
        "admin.logout",
        "admin.logout_everywhere",
        "admin.change_password",
        "admin.start_totp",
        "admin.keep_totp",
        "admin.drop_totp",
        "told.acknowledge",
        "notes.add_fill",
        "notes.add_note",
        "notes.remove_note",
    }
    assert {endpoint for endpoint, level in changing if level == "READER"} == {"taps.tap"}


@pytest.mark.parametrize("path", READ)
def test_this_network_reads_and_the_internet_does_not(client: FlaskClient, rows: Rows, path: str) -> None:
    rows.well()

    near = client.get(path, environ_overrides={"REMOTE_ADDR": "192.168.1.20"})
    far = client.get(path, environ_overrides=FAR)

    assert near.status_code == 200
    assert far.status_code == (401 if path.startswith(("/api", "/metrics")) else 302)
    assert b"67" not in far.data


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Forwarded-For", "203.0.113.7"),
        ("Forwarded", "for=203.0.113.7"),
        ("X-Real-IP", "203.0.113.7"),
        ("X-Forwarded-Proto", "https"),
        ("Via", "1.1 proxy"),
        ("CF-Connecting-IP", "203.0.113.7"),
    ],
)
def test_a_hidden_proxy_does_not_make_the_world_near(client: FlaskClient, header: str, value: str) -> None:
    assert client.get("/", headers={header: value}).status_code == 302


@pytest.mark.parametrize(("reading", "near", "far", "here"), [("login", 302, 302, 200), ("open", 200, 200, 200)])
def test_reading_is_as_the_setting_says(
    client: FlaskClient, rows: Rows, reading: str, near: int, far: int, here: int
) -> None:
    rows.add("Setting", key="reading", since_ts=1, value=reading, by="Ana")

    found = [client.get("/", environ_overrides={"REMOTE_ADDR": a}).status_code for a in ("10.0.0.9", "2001:db8::1")]

    assert found == [near, far]
    assert client.get("/", environ_overrides={"REMOTE_ADDR": "127.0.0.1"}).status_code == here


def test_a_token_reads_and_changes_nothing(enter: Enter, app: Flask, rows: Rows) -> None:
    owner = enter("Ana", "admin")
    shown = owner.post("/admin/people/tokens", data={"name": "grafana"}, follow_redirects=True).text
    token = shown[shown.index("chaudiere_") :].split("<")[0]
    again = owner.get("/admin/people").text
    script = {"Authorization": f"Bearer {token}"}

    read = app.test_client().get("/api/v1/live", headers=script, environ_overrides=FAR).status_code
    changed = app.test_client().post("/admin/told/test", headers=script, environ_overrides=FAR).status_code
    owner.post("/admin/people/tokens/1/remove")
    void = app.test_client().get("/api/v1/live", headers=script, environ_overrides=FAR).status_code

    assert (read, changed, void) == (200, 302, 401)
    assert token not in again
    assert token.encode() not in Path(rows.path).read_bytes()


def test_a_viewer_sees_and_changes_nothing(enter: Enter) -> None:
    enter("Ana", "admin")
    viewer = enter("Bea", "viewer")

    assert [viewer.get(path, environ_overrides=FAR).status_code for path in READ] == [200] * len(READ)
    assert [viewer.get(path).status_code for path in CLOSED] == [403] * len(CLOSED)
    assert viewer.post("/admin/options/setpoint", data={"value": "60"}).status_code == 403
    assert viewer.get("/admin/account").status_code == 200


def test_the_owner_sees_everything(enter: Enter) -> None:
    owner = enter("Ana", "admin")

    assert [owner.get(path, environ_overrides=FAR).status_code for path in READ + CLOSED] == [200] * 12


def test_a_stranger_far_away_learns_only_whether_all_is_well(client: FlaskClient, rows: Rows) -> None:
    rows.well()

    assert client.get("/healthz", environ_overrides=FAR).json == {"database": True, "well": True}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:5007", 200),
        ("192.168.1.9", 200),
        ("[fd00::1]:5007", 200),
        ("boiler.example.org", 200),
        ("evil.example.com", 400),
        ("198.51.100.7", 400),
        ("localhost.evil.example.com", 400),
        ("", 400),
        ("[", 400),
        ("localhost@evil.example.com", 400),
    ],
)
def test_only_our_own_names_are_answered(environ: dict[str, str], settings: Settings, host: str, status: int) -> None:
    app = create_app(load(environ | {"CHAUDIERE_URL": "https://boiler.example.org"}), Clock())

    answer = app.test_client().get("/", headers={"Host": host})

    assert answer.status_code == status


def test_the_machine_s_own_name_is_answered(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from flask_app.web import gate

    name = gate._machine()

    assert [client.get("/", headers={"Host": name + end}).status_code for end in ("", ".local", ".lan:5007")] == [
        200
    ] * 3


def test_behind_a_proxy_that_is_configured_the_visitor_is_whom_it_tells(
    environ: dict[str, str], settings: Settings
) -> None:
    app = create_app(load(environ | {"CHAUDIERE_PROXIES": "1"}), Clock())
    told: dict[str, Any] = {"X-Forwarded-For": "203.0.113.9, 192.168.1.5", "X-Forwarded-Proto": "https"}

    near = app.test_client().get("/", headers=told)
    far = app.test_client().get("/", headers=told | {"X-Forwarded-For": "192.168.1.5, 203.0.113.9"})

    assert (near.status_code, far.status_code) == (200, 302)


def test_over_tls_the_session_is_bound_to_the_host(app: Flask, rows: Rows) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    with app.test_request_context():
        account.create_user("Ana", PASSWORD)

    answer = app.test_client().post(
        "/admin/login", data={"name": "Ana", "password": PASSWORD}, base_url="https://localhost"
    )

    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if "session" in line)
    assert cookie.startswith("__Host-session=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))


@pytest.mark.parametrize(
    "wanted", ["//evil.example.com", "https://evil.example.com", "/\\evil.example.com", "/\r\nX: y"]
)
def test_a_login_leads_to_no_other_site(app: Flask, enter: Enter, wanted: str) -> None:
    enter("Ana", "admin")

    answer = app.test_client().post(
        "/admin/login", query_string={"next": wanted}, data={"name": "Ana", "password": PASSWORD}
    )

    assert answer.location == "/admin/"


def test_a_login_leads_to_the_page_that_was_asked_for(app: Flask, enter: Enter) -> None:
    enter("Ana", "admin")
    client = app.test_client()
    asked = client.get("/admin/logs/?q=1").location

    answer = client.post(asked, data={"name": "Ana", "password": PASSWORD})

    assert answer.location == "/admin/logs/?q=1"


def test_a_viewer_is_shown_no_door_that_is_shut(enter: Enter, app: Flask, rows: Rows) -> None:
    enter("Ana", "admin")
    viewer = enter("Bea", "viewer")
    rows.run("DELETE FROM Recipient", [()])
    rows.alert()
    due = {"due_ts": NOW - 100, "expires_ts": NOW + 500, "reason": "opened", "alert_id": 1}
    rows.add("Delivery", id=1, channel="mail", address="ana@example.org", **due)
    for day in range(1, 9):
        counts = {"temp0_min": 4500, "temp0_count": 1440, "phase6": 60}
        rows.add("Hour", ts=NOW // 86400 * 86400 - day * 86400, **counts)
    doors = {"/"}
    left = ["/"]

    while left:
        text = viewer.get(left.pop()).text
        for form, action in re.findall(r'<form([^>]*?action="(/[^"#?]*)[^>]*)>', text):
            endpoint = app.url_map.bind("").match(action, method="POST" if "post" in form else "GET")[0]
            assert needs(endpoint, "POST" if "post" in form else "GET") <= Level.VIEWER, action
        found = {link for link in re.findall(r'<a [^>]*href="(/[^"#?]*)', text) if not link.startswith("/charts/")}
        left += found - doors
        doors |= found

    assert "est conseillée" in viewer.get("/").text
    assert {"/admin/account", "/system/", "/alerts/1"} <= doors
    assert [door for door in doors if viewer.get(door).status_code in (401, 403)] == []
    account_page = viewer.get("/admin/account").text
    assert all(
        f'action="/admin/{form}"' in account_page for form in ("logout", "account/password", "account/totp/start")
    )
