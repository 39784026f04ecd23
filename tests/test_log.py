"""The line of a log."""

from __future__ import annotations

import re

import pytest

from flask_app.log import line


def test_an_event_is_one_line_with_its_time_and_its_program(capsys: pytest.CaptureFixture[str]) -> None:
    line("deliver", "the gateway\nsaid: no\r\n")

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} deliver: the gateway said: no\n", capsys.readouterr().err
    )
