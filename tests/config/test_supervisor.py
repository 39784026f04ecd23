"""Both supervisor configurations, read by supervisor itself: the programs, and that none is ever given up."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions

PROJECT = Path(__file__).parent.parent.parent


def programs(configuration: Path) -> dict[str, Any]:
    options = ServerOptions()
    options.realize(["-n", "-c", str(configuration)])
    return {process.name: process for group in options.process_group_configs for process in group.process_configs}


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The development programs, with the variables that config/dev/run.sh sets."""
    (tmp_path / "logs").mkdir(exist_ok=True)
    for name, value in {"DIR": PROJECT, "HOME": tmp_path, "RUNTIME": tmp_path, "USER": _user()}.items():
        monkeypatch.setenv(f"CHAUDIERE_{name}", str(value))
    return programs(PROJECT / "config/dev/supervisor_dev.conf")


@pytest.fixture
def prod(tmp_path: Path) -> dict[str, Any]:
    """The installed programs, with this machine's paths and user in place of an installation's."""
    (tmp_path / "logs").mkdir(exist_ok=True)
    (tmp_path / "prod").mkdir()
    text = (PROJECT / "config/prod/supervisor_prod.conf").read_text()
    for there, here in {"/var/lib/chaudiere": tmp_path, "/run/chaudiere": tmp_path, "%(here)s/../..": PROJECT}.items():
        text = text.replace(there, str(here))
    text = text.replace("user=chaudiere", f"user={_user()}").replace("chown=chaudiere:chaudiere", f"chown={_user()}")
    (tmp_path / "prod/supervisor_prod.conf").write_text(text)
    return programs(tmp_path / "prod/supervisor_prod.conf")


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def test_the_development_programs_are_those_of_the_product_with_the_simulated_boiler(dev: dict[str, Any]) -> None:
    commands = {name: process.command.removeprefix(f"{PROJECT}/") for name, process in dev.items()}

    assert set(commands) == {"sensor", "cron", "gunicorn", "mqtt", "watch"}
    assert commands["sensor"] == "config/job sensor --fake"
    assert commands["cron"].endswith("config/prod/chaudiere_cron_prod")


def test_the_installed_programs_are_those_that_cron_does_not_run(prod: dict[str, Any]) -> None:
    assert set(prod) == {"sensor", "gunicorn", "mqtt", "watch"}
    assert prod["sensor"].command.endswith("/job sensor")


def test_no_program_is_given_up_and_every_log_is_bounded(dev: dict[str, Any], prod: dict[str, Any]) -> None:
    for process in (*dev.values(), *prod.values()):
        assert process.autorestart is not False, process.name
        assert process.startretries >= 1_000_000, process.name
        assert (process.stdout_logfile is None) or 0 < process.stdout_logfile_maxbytes <= 2**20, process.name
        assert process.stderr_logfile_maxbytes > 0 or process.redirect_stderr, process.name


def test_stopping_a_program_stops_its_children_too(dev: dict[str, Any], prod: dict[str, Any]) -> None:
    # The cron runner ends its own jobs: they are sessions of their own.
    assert {process.name for process in (*dev.values(), *prod.values()) if not process.stopasgroup} == {"cron"}


def test_the_installed_programs_know_their_user_and_their_folders() -> None:
    text = (PROJECT / "config/prod/supervisor_prod.conf").read_text()

    for setting in ('HOME="/var/lib/chaudiere"', 'USER="chaudiere"', 'CHAUDIERE_RUNTIME="/run/chaudiere"'):
        assert setting in text
