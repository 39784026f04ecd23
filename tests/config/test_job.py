"""config/job, as cron and supervisor call it: the real script, in a folder with the real programs' names."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent
PYTHON = """#!/bin/sh
echo "$PWD $* $CHAUDIERE_SETPOINT"
case $2 in *archive_minute) exit 3;; esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout whose python says what it was asked to run, and whose archive_minute fails."""
    (tmp_path / "config/prod").mkdir(parents=True)
    shutil.copy(PROJECT / "config/job", tmp_path / "config/job")
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def job(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "CHAUDIERE_HOME": str(folder / "home"), **environ}
    return subprocess.run(
        [folder / "config/job", *words], env=environment, cwd="/", capture_output=True, text=True, check=False
    )


def test_minute_runs_process_phase_even_when_archive_minute_failed_and_says_that_it_failed(folder: Path) -> None:
    answer = job(folder, "minute")

    words = (folder / "home/logs/jobs.log").read_text().splitlines()
    assert [line.split()[2] for line in words] == ["flask_app.script.archive_minute", "flask_app.script.process_phase"]
    assert answer.returncode == 3


def test_what_cron_starts_leaves_its_minute_to_the_next_while_an_update_changes_the_programs(folder: Path) -> None:
    runtime = folder / "run"
    runtime.mkdir()
    with open(runtime / "update.lock", "w") as update:
        fcntl.flock(update, fcntl.LOCK_EX)
        during = job(folder, "minute", CHAUDIERE_RUNTIME=str(runtime))
    after = job(folder, "minute", CHAUDIERE_RUNTIME=str(runtime))

    words = (folder / "home/logs/jobs.log").read_text().splitlines()
    assert (during.returncode, after.returncode, len(words)) == (0, 3, 2)


def test_a_program_runs_in_the_project_s_folder_with_the_words_it_was_given(folder: Path) -> None:
    answer = job(folder, "sensor", "--fake")

    assert answer.stdout.split() == [str(folder), "-m", "sensor.create_data", "--fake"]


def test_a_file_that_the_command_line_is_told_is_the_caller_s(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    words = [str(folder / "config/job"), "manager", "database", "backup", "winter.db"]

    said = subprocess.run(words, cwd=folder / "elsewhere", capture_output=True, text=True, check=True).stdout

    assert said.split()[:2] == [f"{folder}/elsewhere", f"{folder}/manager.py"]


def test_the_secret_file_is_loaded_when_there(folder: Path) -> None:
    secrets = folder / "config/prod/secret.env"
    secrets.write_text("CHAUDIERE_SETPOINT=61\n")
    secrets.chmod(0o640)

    assert job(folder, "manager", "stats").stdout.split()[-1] == "61"


def test_an_empty_name_of_the_secret_file_means_none(folder: Path) -> None:
    secrets = folder / "config/prod/secret.env"
    secrets.write_text("CHAUDIERE_SETPOINT=61\n")
    secrets.chmod(0o640)

    assert job(folder, "manager", "stats", CHAUDIERE_SECRETS="").stdout.split()[-1] == "stats"


def test_a_secret_file_that_others_can_read_is_refused_with_the_remedy(folder: Path) -> None:
    secrets = folder / "config/prod/secret.env"
    secrets.write_text("CHAUDIERE_SETPOINT=61\n")
    secrets.chmod(0o644)

    answer = job(folder, "minute")

    assert answer.returncode == 78
    assert "chmod 640" in answer.stderr
    assert "61" not in answer.stdout


def test_a_missing_virtualenv_is_said_to_be_missing(folder: Path) -> None:
    shutil.rmtree(folder / ".venv")

    typed, by_cron = job(folder, "manager", "status"), job(folder, "minute")

    assert (typed.returncode, by_cron.returncode) == (78, 78)
    assert f"{folder}/.venv/bin/python is missing; run: make test" in typed.stderr
    assert (folder / "home/logs/jobs.log").read_text() == typed.stderr


def test_an_unknown_word_is_refused_with_the_known_ones(folder: Path) -> None:
    answer = job(folder, "minutes")

    assert answer.returncode == 64
    assert "none of minute, rotate, backup, sensor, watch, mqtt, gunicorn, manager" in answer.stderr


def test_gunicorn_listens_on_the_port_of_the_settings(folder: Path) -> None:
    answer = job(folder, "gunicorn", CHAUDIERE_PORT="5013")

    assert "--bind 127.0.0.1:5013" in answer.stdout
    assert "--keep-alive 75" in answer.stdout
    assert "--no-control-socket" in answer.stdout


def test_the_program_of_home_assistant_starts_once_a_broker_is_set(folder: Path) -> None:
    home = folder / "var"
    home.mkdir(exist_ok=True)
    (home / "connections").write_text("CHAUDIERE_MQTT_HOST=broker.lan\n")

    answer = job(folder, "mqtt", CHAUDIERE_HOME=str(home))

    assert "flask_app.script.mqtt" in answer.stdout
