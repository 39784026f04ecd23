"""`make audit` fails when a package is weak, and when it has checked nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from config.audit import REQUIREMENTS, pinned, verdict
from config.settings import PROJECT
from tests.servers import free_port

WANTED = {"flask", "adafruit-pureio"}


def report(*found: Mapping[str, object]) -> str:
    return json.dumps({"dependencies": list(found), "fixes": []})


FLASK = {"name": "flask", "version": "3.1.3", "vulns": []}
PUREIO = {"name": "Adafruit_PureIO", "version": "1.1.12", "vulns": []}


@pytest.mark.parametrize(
    ("answer", "well", "words"),
    [
        (report(FLASK, PUREIO), True, "2 packages were looked up; none is known to be weak"),
        (report(FLASK), False, "1 of 2 packages were looked up: this is no result"),
        (report(FLASK, {"name": "adafruit-pureio", "skip_reason": "not found"}), False, "1 of 2 packages"),
        (report(), False, "0 of 2 packages were looked up: this is no result"),
        ("", False, "0 of 2 packages were looked up: this is no result"),
        (report(FLASK, PUREIO | {"vulns": [{"id": "CVE-1"}]}), False, "known to be weak: adafruit-pureio (CVE-1)"),
    ],
)
def test_only_a_package_that_was_looked_up_counts(answer: str, well: bool, words: str) -> None:
    found = verdict(WANTED, answer)

    assert found[0] is well
    assert words in found[1]


def test_an_empty_list_is_no_result() -> None:
    assert verdict(set(), report()) == (False, "0 of 0 packages were looked up: this is no result")


def test_an_audit_that_reaches_nobody_fails_and_says_so() -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    environ = {**os.environ, "HTTPS_PROXY": dead, "https_proxy": dead, "NO_PROXY": "", "no_proxy": ""}

    ended = subprocess.run(
        [sys.executable, "-m", "config.audit"], cwd=PROJECT, env=environ, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert f"0 of {len(pinned(REQUIREMENTS.read_text()))} packages were looked up: this is no result" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_line_of_the_requirements_is_a_pin() -> None:
    lines = [line for line in Path(REQUIREMENTS).read_text().splitlines() if line and not line.startswith("#")]

    assert len(pinned(REQUIREMENTS.read_text())) == len(lines) > 50
