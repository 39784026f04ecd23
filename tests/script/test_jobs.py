"""What the jobs of cron have in common: what they cannot do ends in words and not in a traceback."""

from __future__ import annotations

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
