"""What the jobs have in common: they explain themselves, and what they cannot do ends in words, not in a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from flask_app.script import archive_minute, deliver, process_phase
from tests.damage import spoil_table

JOBS = {
    "archive_minute": lambda environ: archive_minute.main(environ, wait=lambda _seconds: None),
    "process_phase": process_phase.main,
    "deliver": deliver.main,
}


@pytest.mark.parametrize(
    ("job", "table"), [("archive_minute", "Chaudiere"), ("process_phase", "EngineState"), ("deliver", "Delivery")]
)
def test_a_damaged_table_is_said_in_words(
    job: str, table: str, environ: dict[str, str], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil_table(settings.database, table)

    code = JOBS[job](environ)

    assert code == 1
    said = capsys.readouterr().err
    assert f"{job}: the database cannot be used" in said
    assert "`database restore` puts a copy back" in said


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(("word", "code"), [("--help", 0), ("--nonsense", 2)])
def test_a_job_explains_itself_and_does_nothing(job: str, word: str, code: int, environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", f"flask_app.script.{job}", word]

    answer = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert answer.returncode == code
    assert f"usage: {job}" in answer.stdout + answer.stderr
    assert not list(Path(environ["CHAUDIERE_HOME"]).glob("run/*"))  # no lock was taken
