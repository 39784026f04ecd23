"""The heartbeat: called while all is fresh, silent as soon as it is not."""

from __future__ import annotations

import pytest

from config.settings import Settings
from flask_app import store
from flask_app.boiler.deliveries import Delivery
from flask_app.boiler.rows import Row
from flask_app.script.heartbeat import beat, stale
from flask_app.store import Database
from tests.servers import Gateway, free_port

NOW = 1_796_000_000


@pytest.fixture
def fresh(database: Database) -> Database:
    """A reading of now, a minute judged."""
    with database.writing() as connection:
        store.insert_readings(connection, [Row(NOW - 4, water=60.0)])
        store.keep_state(connection, NOW // 60 * 60 - 60, 1, "{}", 0)
    return database


def called(database: Database, settings: Settings, url: str, now: float = NOW) -> bool:
    return beat(database, settings._replace(heartbeat_url=url), lambda: now, lambda _seconds: None)


def test_while_all_is_fresh_the_address_is_called(fresh: Database, settings: Settings, gateway: Gateway) -> None:
    assert called(fresh, settings, gateway.url)
    assert gateway.asked == 1


def test_old_rows_stop_it(fresh: Database, settings: Settings, gateway: Gateway) -> None:
    assert not called(fresh, settings, gateway.url, NOW + 60)
    assert gateway.asked == 0


def test_minutes_that_nobody_judges_stop_it(fresh: Database, settings: Settings) -> None:
    with fresh.writing() as connection:
        store.insert_readings(connection, [Row(NOW + 300, water=60.0)])

    assert stale(fresh, NOW + 301) == "minutes are not judged"


@pytest.mark.parametrize("end", [None, "failed_ts"])
def test_messages_that_do_not_leave_stop_it(fresh: Database, settings: Settings, end: str | None) -> None:
    with fresh.writing() as connection:
        planned = [Delivery("opened", "mail", "a@example.org", NOW - 901, NOW + 86400)]
        (number,) = store.insert_deliveries(connection, None, planned)
        store.keep_attempt(connection, store.Try(number, NOW - 900, "retry", "no route"), end)

    assert "messages" in stale(fresh, NOW)


def test_an_address_that_does_not_answer_is_tried_thrice_and_no_harm(
    fresh: Database, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not called(fresh, settings, f"http://127.0.0.1:{free_port()}/ping")
    assert "does not answer" in capsys.readouterr().err
