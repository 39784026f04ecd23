"""What stops `make run` before supervisor starts: each with clear words and a status that is not 0."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.demo import NotReadyError, check_port, needs_past
from config.settings import Settings, load, make_folders
from flask_app.boiler.rows import Row
from flask_app.store import Database, World, insert_readings

PROJECT = Path(__file__).parent.parent.parent


def demo(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.demo"], env=environ, cwd=PROJECT, capture_output=True, text=True, check=False
    )


def test_a_port_in_use_is_named_with_the_way_to_choose_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(NotReadyError, match=f"port {port} cannot be used .*CHAUDIERE_PORT=5008 make run"):
            check_port(port)


def test_a_free_port_is_good() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

    check_port(port)


def test_a_port_in_use_stops_the_start(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        answer = demo(environ | {"CHAUDIERE_PORT": str(port)})

    assert answer.returncode == 1
    assert f"port {port} cannot be used" in answer.stderr
    assert not os.path.exists(environ["CHAUDIERE_HOME"])


def test_a_wrong_setting_stops_the_start(environ: dict[str, str]) -> None:
    answer = demo(environ | {"CHAUDIERE_SETPOINT": "hot"})

    assert answer.returncode == 1
    assert "CHAUDIERE_SETPOINT" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_another_program_s_database_stops_the_start(environ: dict[str, str], tmp_path: Path) -> None:
    foreign = tmp_path / "letters.db"
    foreign.write_text("not a database at all, and long enough to be read as a header" * 40)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

    answer = demo(environ | {"CHAUDIERE_DATABASE": str(foreign), "CHAUDIERE_PORT": port})

    assert answer.returncode == 1
    assert "letters.db is not a database" in answer.stderr
    assert foreign.read_text().startswith("not a database")


def test_an_empty_database_needs_a_past(settings: Settings) -> None:
    assert needs_past(settings)


def test_a_database_with_rows_keeps_them(settings: Settings) -> None:
    _fill(settings, World.SIMULATED)

    assert not needs_past(settings)


def test_a_real_boiler_s_database_is_refused(settings: Settings) -> None:
    _fill(settings, World.REAL)

    with pytest.raises(NotReadyError, match="holds a real boiler's rows"):
        needs_past(settings)


def test_a_database_that_was_never_made_is_refused(environ: dict[str, str]) -> None:
    settings = load(environ)
    make_folders(settings)

    with pytest.raises(NotReadyError, match="database upgrade"):
        needs_past(settings)


def _fill(settings: Settings, world: World) -> None:
    database = Database(settings.database, settings.lock)
    database.claim(world)
    with database.writing() as connection:
        insert_readings(connection, [Row(1_767_139_200, water=60.0)])
    database.close()
